"""Take independent components out: blinks, eye movements, heart beats."""

import math
import warnings
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import mne

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.signal._artifacts import artifact_channels, data_channels
from neurodecode.signal._contract import as_float, need_channels_over_time
from neurodecode.signal._raw import as_raw

MNE_THRESHOLDS = {"zscore": 3.0, "correlation": 0.9}
SCORED = 10.0  # seconds: the filter of mne's that components are scored behind


@dataclass(frozen=True)
class Ica:
    """Take out independent components: given ones, or those that follow eye or heart channels.

    ``mne.preprocessing.ICA`` is fitted to the data channels of the whole recording; components that
    correlate with named channels (``find_bads_eog``, ``find_bads_ecg``) are left out. Filter the
    recording from 1 Hz on before: drifts cost components. The rank falls by the count of those that
    went; which they are stands in the notes of the signal, and whether a FastICA did not converge.

    Parameters
    ----------
    n_components : int, float or None
        How many components; below 1 the share of variance that they explain; None: 0.999999 of it.
    method : {"fastica", "infomax", "extended-infomax"}
    max_iter : int or None
        None is mne's: 1000 for ``fastica``, 500 else.
    random_state : int
        Seed of the first guess.
    exclude : tuple of int
        Components to take out, counted from 0.
    eog, ecg : tuple of str
        Names, or types such as ``eog``, of channels; components that follow one of them (1 to
        10 Hz for eyes, 8 to 16 Hz for the heart) are taken out.
    measure : {"zscore", "correlation"}
        Whether a correlation is judged against those of the other components, or as it is.
    threshold : float or None
        In s.d., or as an absolute correlation; None is mne's: 3.0, or 0.9.
    """

    n_components: int | float | None = None
    method: Literal["fastica", "infomax", "extended-infomax"] = "fastica"
    max_iter: int | None = None
    random_state: int = 0
    exclude: tuple[int, ...] = ()
    eog: tuple[str, ...] = ()
    ecg: tuple[str, ...] = ()
    measure: Literal["zscore", "correlation"] = "zscore"
    threshold: float | None = None
    version: ClassVar[int] = 1

    def __post_init__(self):
        for name in ("exclude", "eog", "ecg"):
            value = getattr(self, name)
            if isinstance(value, str | int | float):
                raise ConfigError(f"ica: {name} is {value!r}. Give a list, such as [{value}].")
            object.__setattr__(self, name, tuple(value))
        problems = []
        if not (self.exclude or self.eog or self.ecg):
            problems.append(
                "ica: nothing would be taken out. Name components in exclude, or channels in eog "
                "or ecg."
            )
        size = self.n_components
        if size is not None and not (0 < size < 1 or (size >= 2 and size == int(size))):
            problems.append(
                f"ica: n_components is {size}. Give a whole number from 2 on, or a share of "
                "variance between 0 and 1."
            )
        if any(i < 0 or (size is not None and i >= size >= 2) for i in self.exclude):
            problems.append(
                f"ica: exclude is {list(self.exclude)}, and components are counted from 0 to "
                "n_components - 1."
            )
        if self.method not in ("fastica", "infomax", "extended-infomax"):
            problems.append(
                f"ica: method {self.method!r} is not known. It is fastica, infomax or "
                "extended-infomax."
            )
        if self.measure not in ("zscore", "correlation"):
            problems.append(
                f"ica: measure {self.measure!r} is not known. It is zscore or correlation."
            )
        if self.max_iter is not None and self.max_iter < 1:
            problems.append(f"ica: max_iter is {self.max_iter}. Give 1 or more.")
        largest = 1 if self.measure == "correlation" else math.inf
        if self.threshold is not None and not 0 < self.threshold < largest:
            problems.append(
                f"ica: threshold is {self.threshold}. Give a number above 0"
                + (" and below 1, a correlation." if largest == 1 else ", in s.d.")
            )
        if problems:
            raise ConfigError(problems)

    def __call__(self, signal: Signal) -> Signal:
        """Fit, find components, and take them out.

        Raises
        ------
        DataError
            If a channel is missing, the signal is not continuous, or mne cannot fit.
        """
        expected = self.preview(replace(signal, data=None))
        eog, ecg = self._named(signal, self.eog), self._named(signal, self.ecg)
        channels = data_channels(signal.space, (), "ica")
        raw = as_raw(signal, as_float(signal), "ica")
        model = self._model()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what did not converge stands in the notes
                model.fit(raw, picks=channels, verbose="ERROR")
                found = self._found(model, raw, eog, ecg)
        except (ValueError, RuntimeError) as error:
            raise DataError(
                f"ica: mne's ICA fails on {len(channels)} channels of {signal!r}: {error} Change "
                "n_components, or filter the recording before."
            ) from error
        n_components = int(model.n_components_)
        beyond = [i for i in self.exclude if i >= n_components]
        if beyond or len(found) == n_components:
            raise DataError(
                f"ica: {n_components} components were found, and "
                + (f"exclude names {beyond}." if beyond else "all of them would be taken out.")
                + " Components are counted from 0; raise threshold where too many are found."
            )
        model.exclude = found
        model.apply(raw, verbose="ERROR")
        rank = len(signal.space) if signal.rank is None else signal.rank
        return replace(
            expected,
            data=raw.get_data(),
            rank=rank - len(found),
            notes=(*signal.notes, *_notes(model, [*eog, *ecg])),
        )

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result; its rank is unknown where components are still sought."""
        sfreq = need_channels_over_time(header, "ica")
        for asked in (self.eog, self.ecg):
            self._named(header, asked)
        channels = data_channels(header.space, (), "ica")
        rank = len(header.space) if header.rank is None else header.rank
        n_independent = len(channels) - (len(header.space) - rank)
        size = self.n_components
        if size is not None and size > n_independent:
            raise DataError(
                f"ica: n_components is {size}, and {n_independent} of {len(channels)} channels to "
                "decompose are independent. Lower it."
            )
        searched = bool(self.eog or self.ecg)
        if searched and header.n_times is not None and header.n_times < SCORED * sfreq:
            raise DataError(
                f"ica: {header!r} lasts {header.n_times / sfreq:g} s, and components are compared "
                f"with channels behind a filter of {SCORED:g} s. Leave the recording out, or name "
                "the components in exclude."
            )
        return replace(header, rank=None if searched else rank - len(set(self.exclude)))

    def reach(self, sfreq: float) -> float:
        """Seconds: infinite, the components are those of the whole recording."""
        return math.inf

    def ahead(self, sfreq: float) -> float:
        """Seconds: infinite, as far as the recording goes on."""
        return math.inf

    def _named(self, signal: Signal, asked: tuple[str, ...]) -> list[str]:
        """Names of the channels that components are compared with."""
        found = artifact_channels(signal.space, asked, "ica") if asked else []
        return [signal.space.names[i] for i in found]

    def _model(self) -> mne.preprocessing.ICA:
        extended = {"extended": True} if self.method == "extended-infomax" else None
        return mne.preprocessing.ICA(
            self.n_components,
            method="infomax" if extended else self.method,
            # The annotation is that of the default.
            max_iter="auto" if self.max_iter is None else self.max_iter,  # pyright: ignore[reportArgumentType]
            random_state=self.random_state,
            fit_params=extended,
            verbose="ERROR",
        )

    def _found(
        self, model: mne.preprocessing.ICA, raw: mne.io.BaseRaw, eog: list[str], ecg: list[str]
    ) -> list[int]:
        """Components to take out, in ascending order."""
        judged = {
            "threshold": MNE_THRESHOLDS[self.measure] if self.threshold is None else self.threshold,
            "measure": self.measure,
            "verbose": "ERROR",
        }
        found = set(self.exclude)
        for name in eog:
            found.update(model.find_bads_eog(raw, ch_name=name, **judged)[0])
        for name in ecg:
            found.update(model.find_bads_ecg(raw, ch_name=name, method="correlation", **judged)[0])
        return sorted(map(int, found))


def _notes(model: mne.preprocessing.ICA, channels: list[str]) -> list[str]:
    """Sentences on what was taken out, and on a fit that had not come to its end."""
    which = f": {', '.join(map(str, model.exclude))}" if model.exclude else ""
    because = f" (following {', '.join(channels)})" if channels else ""
    notes = [
        f"{len(model.exclude)} of {model.n_components_} ICA components taken out{which}{because}."
    ]
    # mne's infomax gives max_iter as its count whether or not it came to an end before.
    if model.method == "fastica" and model.n_iter_ >= model.fit_params["max_iter"]:
        notes.append(f"ICA did not converge in {model.n_iter_} iterations.")
    return notes
