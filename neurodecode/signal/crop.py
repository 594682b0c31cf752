"""Keep a stretch of time."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.signal._contract import as_float


@dataclass(frozen=True)
class Crop:
    """Keep what lies between two times, both samples included: of each epoch, or of a recording.

    As ``epochs.crop(tmin, tmax)`` and ``raw.crop(tmin, tmax)``: both times are rounded to the
    nearest sample. Events stay as they are; windows that then lie outside are counted and left out.

    Parameters
    ----------
    tmin, tmax : float or None
        Seconds from the event for epochs, from the recording's start for all else; None is the
        signal's own end.
    """

    tmin: float | None = None
    tmax: float | None = None
    version: ClassVar[int] = 1

    def __post_init__(self):
        if self.tmin is None and self.tmax is None:
            raise ConfigError("crop: neither tmin nor tmax is given. Give one or both, in seconds.")
        for name, time in (("tmin", self.tmin), ("tmax", self.tmax)):
            if time is not None and not math.isfinite(time):
                raise ConfigError(f"crop: {name} is {time}. Give a finite time in seconds.")
        if self.tmin is not None and self.tmax is not None and self.tmin > self.tmax:
            raise ConfigError(
                f"crop: tmax {self.tmax:g} s is before tmin {self.tmin:g} s. Swap them."
            )

    def __call__(self, signal: Signal) -> Signal:
        """Take the samples.

        Raises
        ------
        DataError
            If a time lies outside the signal, or its entries have no clock.
        """
        first, stop = self._samples(signal)
        at = (slice(None),) * signal.time_axis + (slice(first, stop),)
        header = self.preview(replace(signal, data=None))
        return replace(header, data=np.array(as_float(signal)[at]))

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result: it starts later, is shorter, and so are its tracks."""
        first, stop = self._samples(header)
        tmin = header.tmin + first / float(header.sfreq or 1)
        tracks = header.tracks
        if not header.entries:  # tracks of epochs hold one entry an epoch
            tracks = {name: track[first:stop] for name, track in tracks.items()}
        return replace(header, tmin=tmin, n_times=stop - first, tracks=tracks)

    def reach(self, sfreq: float) -> float:
        """Seconds: none, each sample is taken by itself."""
        return 0.0

    def ahead(self, sfreq: float) -> float:
        """Seconds: none, no sample waits for a later one."""
        return 0.0

    def _samples(self, signal: Signal) -> tuple[int, int]:
        """First sample, and the one after the last."""
        sfreq, n_times = signal.sfreq, signal.n_times
        if n_times is None:
            raise DataError(f"crop: the length of {signal!r} is unknown. Set n_times.")
        if sfreq is None:
            raise DataError(
                f"crop: {signal!r} has entries that belong to events one by one, so there is no "
                "clock to crop by. Choose rows in the task instead."
            )
        first, stop = 0, n_times
        # mne's rule: the time is brought to the grid of samples, then counted from the first one.
        start = signal.tmin * sfreq
        if self.tmin is not None:
            first = round(round(self.tmin * sfreq) - start)
        if self.tmax is not None:
            stop = round(round(self.tmax * sfreq) - start) + 1
        last = signal.tmin + (n_times - 1) / sfreq
        if first < 0 or stop > n_times or first >= stop:
            raise DataError(
                f"crop: {_named(self.tmin, 'start')} to {_named(self.tmax, 'end')} does not lie "
                f"within {signal!r}, which goes from {signal.tmin:g} to {last:g} s. Crop to times "
                "within."
            )
        return first, stop


def _named(time: float | None, otherwise: str) -> str:
    return otherwise if time is None else f"{time:g} s"
