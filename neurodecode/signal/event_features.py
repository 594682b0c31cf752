"""What events say of each volume, as a track: what an encoder is told of a film, or of a task."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.signal._contract import as_float, check_choice, need_volumes
from neurodecode.signal.blocks import SAME_TIME
from neurodecode.signal.detrend import Detrend
from neurodecode.signal.hemodynamics import MODELS, held_response


@dataclass(frozen=True)
class EventFeature:
    """A number that each event has, or one a level.

    Parameters
    ----------
    column : str or tuple of str
        Of the events; of several the mean is taken. Empty: 1 for every event.
    equals, contains : str
        1 where the column is this word, or holds it; else 0.
    given : bool
        1 where the column has a value; else 0.
    count : str
        How many there are between this separator; 0 where there is no value.
    levels : tuple of str
        A feature each: 1 where the column is that word.
    codes : mapping of str to float
        Number that a word stands for.
    at : {"span", "onset"}
        Volumes that begin within an event have it, the mean where events overlap; or the volume in
        which it begins, the sum where several do.
    """

    column: str | tuple[str, ...] = ""
    equals: str = ""
    contains: str = ""
    given: bool = False
    count: str = ""
    levels: tuple[str, ...] = ()
    codes: Mapping[str, float] | None = None
    at: Literal["span", "onset"] = "span"

    def __post_init__(self):
        said = [self.equals, self.contains, self.given, self.count, self.levels, self.codes]
        if sum(map(bool, said)) > 1:
            raise ConfigError("expected one of equals, contains, given, count, levels, codes.")
        if any(said) and not self.column:
            raise ConfigError("column: name the one that is looked at.")

    def values(self, events: pd.DataFrame) -> np.ndarray:
        """Give the numbers of each event, shape (n_events, n_features)."""
        if not self.column:
            return np.ones((len(events), 1))
        columns = (self.column,) if isinstance(self.column, str) else tuple(self.column)
        return np.mean([self._of(events, name) for name in columns], axis=0)

    def _of(self, events: pd.DataFrame, name: str) -> np.ndarray:
        if name not in events:
            raise DataError(
                f"event_features: the events have no column {name!r}.{nearest(name, events)}"
            )
        words = [None if pd.isna(one) else str(one) for one in events[name]]
        if self.levels:
            return np.array([[float(one == level) for level in self.levels] for one in words])
        if self.codes is not None:
            said = dict.fromkeys(one for one in words if one is not None)
            unknown = [one for one in said if one not in self.codes]
            if unknown:
                raise DataError(f"event_features: codes of {name!r} do not name {unknown[0]!r}.")
            made: Any = [0.0 if one is None else self.codes[one] for one in words]
        elif self.equals or self.contains:
            made = [one == self.equals or (bool(self.contains) and self.contains in (one or ""))
                    for one in words]  # fmt: skip
        elif self.given:
            made = [one is not None for one in words]
        elif self.count:
            made = [0 if one is None else len(one.split(self.count)) for one in words]
        else:
            made = pd.to_numeric(events[name], errors="coerce")
            if np.isnan(np.asarray(made, dtype=np.float64)).any():
                raise DataError(
                    f"event_features: {name!r} holds words or nothing in some events. Say how it "
                    "becomes a number: equals, contains, given, count, levels or codes."
                )
        return np.asarray(made, dtype=np.float64)[:, None]


@dataclass(frozen=True)
class EventFeatures:
    """Make a track of what events say, and every volume a row in their place.

    An encoder is told the brain from it (``direction: encode``, ``features:`` the track's name).

    Parameters
    ----------
    features : mapping of str to EventFeature
        By names of your own, in the order of the track's columns.
    track : str
        Name of the track.
    hrf : {"spm", "glover"} or None
        Response with which features are convolved; None leaves that to a model.
    detrend : int or None
        Degree of a polynomial that is taken from the track, as it was from the data: what slow
        features tell of data without slow changes is nothing.
    """

    features: Mapping[str, EventFeature] = field(hash=False)
    track: str = "features"
    hrf: Literal["spm", "glover"] | None = None
    detrend: int | None = None

    version: ClassVar[int] = 2

    def __post_init__(self):
        if not self.features:
            raise ConfigError("event_features: features: name one at least.")
        self._asked()
        check_choice("event_features: hrf", self.hrf, (None, *MODELS))

    def __call__(self, signal: Signal) -> Signal:
        """Make the track.

        Returns
        -------
        signal : Signal
            Data (n_volumes, n_voxels), whatever they were, and one event a volume.

        Raises
        ------
        DataError
            If the signal is no series of volumes, or an event lacks what is asked.
        """
        data = as_float(signal)
        return replace(
            self.preview(replace(signal, data=None)), data=data.T if _wide(signal) else data
        )

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result, from the events; raises what the call would."""
        rate = need_volumes(header, "event_features", "Put it before what averages volumes.")
        if header.space.kind == "sensors":
            raise DataError(
                f"event_features: {header!r} is of sensors, and every sample would be a row. Cut "
                "windows around events instead."
            )
        n_times = header.n_times
        assert n_times is not None  # of a header
        start = header.tmin + np.arange(n_times) / rate
        events = pd.DataFrame({"onset": start, "duration": 1 / rate, "label": "volume"})
        several = [self._series(one, header, start, rate) for one in self._asked()]
        found = np.concatenate(several, axis=1)
        widths = [one.shape[1] for one in several]
        if self.hrf is not None:
            found = np.asarray(lfilter(held_response(self.hrf, 1 / rate), [1.0], found, axis=0))
        if self.detrend is not None:
            space = Space("features", tuple(str(i) for i in range(found.shape[1])))
            told = Signal(found, space, ("feature",), rate, events, header.tmin)
            trend = Detrend(self.detrend)(told).data
            assert trend is not None  # it had data
            found = trend
        return replace(
            header,
            axes=header.axes[:1],
            events=events,
            tracks={**header.tracks, self.track: found},
            tables={},
            bands={**header.bands, self.track: tuple(np.repeat(list(self.features), widths))},
        )

    def reach(self, sfreq: float) -> float:
        """Seconds: none, for the signal is left as it is."""
        return 0.0

    def ahead(self, sfreq: float) -> float:
        """Seconds: none."""
        return 0.0

    def _asked(self) -> list[EventFeature]:
        """Give the features; of an experiment file they are mappings."""
        several = self.features.values()
        return [EventFeature(**one) if isinstance(one, Mapping) else one for one in several]

    def _series(
        self, one: EventFeature, header: Signal, start: np.ndarray, rate: float
    ) -> np.ndarray:
        """Give features of each volume, shape (n_volumes, n_features)."""
        values = one.values(header.events)
        onset = header.events["onset"].to_numpy(dtype=np.float64)
        made = np.zeros((len(start), values.shape[1]))
        if one.at == "onset":
            at = np.floor((onset - header.tmin) * rate + SAME_TIME).astype(np.intp)
            inside = (at >= 0) & (at < len(start))
            np.add.at(made, at[inside], values[inside])
            return made
        stop = onset + header.events["duration"].to_numpy(dtype=np.float64)
        first, last = (np.ceil((times - header.tmin) * rate - SAME_TIME) for times in (onset, stop))
        n_events = np.zeros(len(start))
        for value, i, j in zip(values, first, last, strict=True):
            span = slice(max(int(i), 0), max(int(j), 0))
            made[span] += value
            n_events[span] += 1
        return made / np.maximum(n_events, 1)[:, None]


def _wide(signal: Signal) -> bool:
    """Whether time is the last axis, as of series of regions."""
    return "time" in signal.axes
