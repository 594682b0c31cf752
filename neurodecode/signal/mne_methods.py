"""Any method of mne's Raw that changes a signal, by its name."""

import inspect
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import mne
import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.signal._contract import as_float
from neurodecode.signal._raw import as_raw, space_of_raw

# What changes a signal, from its own samples alone. Nothing that writes, draws, or runs other code.
METHODS = (
    "add_reference_channels",
    "apply_hilbert",
    "drop_channels",
    "filter",
    "notch_filter",
    "pick",
    "rename_channels",
    "reorder_channels",
    "resample",
    "savgol_filter",
    "set_eeg_reference",
)
PREVIEW_SAMPLES = 2_000


@dataclass(frozen=True, init=False)
class Mne:
    """Run a method of ``mne.io.Raw`` on the signal: ``mne: {notch_filter: {freqs: 50}}``.

    Parameters
    ----------
    methods : mapping of str to mapping
        One method with its arguments by name. Several methods are several entries of the list of
        preparations, which has an order where keys have none.
    **named : mapping
        The same, with the method's name as the key: how it is written in a file.
    """

    methods: Mapping[str, Mapping[str, Any]]
    version: ClassVar[int] = 1

    def __init__(
        self,
        methods: Mapping[str, Mapping[str, Any] | None] | None = None,
        **named: Mapping[str, Any] | None,
    ):
        methods = {**(methods or {}), **named}
        problems = []
        if len(methods) != 1:
            problems.append(
                f"mne: expected one method with its arguments, got {len(methods)} "
                f"({', '.join(methods)}). Write one mne entry a method, in their order."
            )
        for name, arguments in methods.items():
            problems.extend(_problems(name, arguments))
        if problems:
            raise ConfigError(problems)
        object.__setattr__(self, "methods", {k: dict(v or {}) for k, v in methods.items()})

    def __call__(self, signal: Signal) -> Signal:
        """Run the method on a RawArray made of the signal.

        Raises
        ------
        DataError
            If the signal has other axes than channel and time, or mne refuses.
        """
        raw = self._run(as_raw(signal, as_float(signal), "mne"))
        header = self.preview(replace(signal, data=None))
        return replace(header, data=raw.get_data(), space=space_of_raw(raw, signal))

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result: the method is tried on short noise of the same channels.

        The new length is that of the whole recording's first channel, where the rate changes.
        """
        if header.n_times is None:
            raise DataError(f"mne: the length of {header!r} is unknown. Set n_times.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the noise: the call warns of the recording
            n_short = min(header.n_times, PREVIEW_SAMPLES)
            raw = self._run(as_raw(header, _noise(len(header.space), n_short), "mne"))
            n_times, sfreq = header.n_times, float(raw.info["sfreq"])
            if len(raw.times) != n_short:
                n_times = self._new_length(header)
        if n_times != header.n_times and header.tracks:
            raise DataError(
                f"mne: {self._name} changes the length, and the tracks "
                f"({', '.join(header.tracks)}) would no longer fit. Use resample."
            )
        rank = self._rank(header, len(raw.ch_names))
        return replace(
            header, space=space_of_raw(raw, header), sfreq=sfreq, n_times=n_times, rank=rank
        )

    def reach(self, sfreq: float) -> float:
        """Seconds: infinite, for mne does not tell how far a method looks."""
        return math.inf

    def ahead(self, sfreq: float) -> float:
        """Seconds: infinite, as far as the recording goes on."""
        return math.inf

    @property
    def _name(self) -> str:
        return next(iter(self.methods))

    def _run(self, raw: mne.io.RawArray) -> mne.io.RawArray:
        arguments = {**self.methods[self._name], "verbose": "ERROR"}
        method = getattr(raw, self._name)
        if "verbose" not in inspect.signature(method).parameters:
            del arguments["verbose"]
        try:
            method(**arguments)
            raw.apply_proj(verbose="ERROR")  # a reference may wait as a projection
        except (ValueError, TypeError, RuntimeError, KeyError, IndexError) as error:
            raise DataError(
                f"mne: {self._name} failed on {len(raw.ch_names)} channels at "
                f"{raw.info['sfreq']:g} Hz: {error}. Its arguments are those of "
                f"mne.io.Raw.{self._name}."
            ) from error
        if np.iscomplexobj(raw.get_data(stop=1)):
            raise DataError(
                f"mne: {self._name} gives complex numbers, which no later stage reads. "
                "Say envelope: true for the amplitude."
            )
        return raw

    def _new_length(self, header: Signal) -> int:
        info = mne.create_info(["x"], header.sfreq, "eeg")
        arguments = {k: v for k, v in self.methods[self._name].items() if k != "stim_picks"}
        whole = mne.io.RawArray(_noise(1, header.n_times or 0), info, verbose="ERROR")
        getattr(whole, self._name)(**arguments, verbose="ERROR")
        return len(whole.times)

    def _rank(self, header: Signal, n_channels: int) -> int | None:
        rank = header.rank
        if self._name == "add_reference_channels":
            return len(header.space) if rank is None else rank
        if self._name == "set_eeg_reference":
            rank = (len(header.space) if rank is None else rank) - 1
        return None if rank is None else min(rank, n_channels)


def _problems(name: str, arguments: Any) -> list[str]:
    if name not in METHODS:
        return [
            f"mne: {name!r} is not a method that changes a signal by itself."
            f"{nearest(name, METHODS)} Possible are {', '.join(METHODS)}."
        ]
    if not isinstance(arguments, Mapping | None):
        return [f"mne.{name}: expected arguments by name, got {arguments!r}."]
    parameters = inspect.signature(getattr(mne.io.BaseRaw, name)).parameters
    known = {one for one in parameters if one not in ("self", "verbose", "n_jobs")}
    given = arguments or {}
    unknown = [
        f"mne.{name}.{one}: unknown key.{nearest(one, known)}" for one in given if one not in known
    ]
    missing = [
        f"mne.{name}: {one!r} is missing."
        for one in sorted(known - set(given))
        if parameters[one].default is inspect.Parameter.empty
    ]
    return unknown + missing


def _noise(n_channels: int, n_times: int) -> np.ndarray:
    # Not zeros: some methods divide by what they find.
    return np.random.default_rng(0).normal(scale=1e-6, size=(n_channels, n_times))
