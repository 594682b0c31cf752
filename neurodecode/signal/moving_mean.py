"""Replace each sample by the mean over a window around it."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.signal._contract import as_float


@dataclass(frozen=True)
class MovingMean:
    """Replace each sample by the mean over a window whose middle it is.

    The mean potential in windows of 200 ms is ``moving_mean: {length: 0.2}``; windows at every
    25 ms are then ``resample: {sfreq: 40}``. A window looks ahead by half its length, and ends at
    the ends of the recording.

    Parameters
    ----------
    length : float
        Seconds.
    """

    length: float
    version: ClassVar[int] = 1

    def __post_init__(self):
        if not 0 < self.length < float("inf"):
            raise ConfigError(f"moving_mean: length {self.length} s must be above zero.")

    def __call__(self, signal: Signal) -> Signal:
        """Take the means.

        Raises
        ------
        DataError
            If the signal is no continuous one.
        """
        header = self.preview(replace(signal, data=None))
        assert signal.sfreq is not None  # `preview` asks for one
        data = as_float(signal)
        half, n = round(self.length * signal.sfreq / 2), data.shape[-1]
        first = np.maximum(np.arange(n) - half, 0)
        last = np.minimum(np.arange(n) + half + 1, n)
        # Sums from the mean on: over hours, sums of an offset would lose the digits of the rest.
        centre = data.mean(axis=-1, keepdims=True)
        sums = np.concatenate(
            [np.zeros((*data.shape[:-1], 1)), np.cumsum(data - centre, axis=-1)], axis=-1
        )
        return replace(header, data=centre + (sums[..., last] - sums[..., first]) / (last - first))

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result, which is the same."""
        if header.entries:
            raise DataError(
                f"moving_mean: {header!r} is cut into epochs, and windows at their ends would be "
                "short. Say it of the continuous recording."
            )
        if not header.continuous or header.sfreq is None:
            raise DataError(f"moving_mean: {header!r} has no time axis. Leave moving_mean out.")
        return header

    def reach(self, sfreq: float) -> float:
        """Seconds: half the window."""
        return self.length / 2

    def ahead(self, sfreq: float) -> float:
        """Seconds: half the window."""
        return self.length / 2
