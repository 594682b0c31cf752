"""Remove slow drifts: a polynomial in time, fitted to each channel or voxel of a recording."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.signal._contract import ROUNDING, as_float
from neurodecode.signal.clock import sample_times


@dataclass(frozen=True)
class Detrend:
    """Subtract the polynomial in time that fits each channel or voxel best, mean included.

    A recording is one run, so a trend never spans two. Time is the true time of every sample or
    entry: volumes with gaps between them are fitted where they were acquired.

    Parameters
    ----------
    order : int
        Degree of the polynomial: 0 takes the mean, 1 a straight line.
    """

    order: int = 1
    version: ClassVar[int] = 1

    def __post_init__(self):
        if self.order < 0:
            raise ConfigError(f"detrend: order is {self.order}. Give 0 (the mean) or more.")

    def __call__(self, signal: Signal) -> Signal:
        """Subtract the trends.

        Returns
        -------
        signal : Signal
            The same axes and unit. What is nothing but its trend becomes exactly 0.

        Raises
        ------
        DataError
            If there are not more samples, or distinct times, than the polynomial has coefficients,
            or the signal is cut into epochs.
        """
        self.preview(signal)
        data = np.moveaxis(as_float(signal), signal.time_axis, -1)
        times = sample_times(signal)
        span = np.ptp(times)
        # On [-1, 1], in Legendre polynomials: powers of seconds would lose the digits.
        scaled = 2 * (times - times.min()) / span - 1 if span > 0 else np.zeros_like(times)
        basis, _ = np.linalg.qr(np.polynomial.legendre.legvander(scaled, self.order))
        rest = data - (data @ basis) @ basis.T  # (..., n_times)
        largest = np.abs(data).max(axis=-1, keepdims=True)
        rest[(rest.std(axis=-1, keepdims=True) <= ROUNDING * largest)[..., 0]] = 0
        return replace(signal, data=np.ascontiguousarray(np.moveaxis(rest, -1, signal.time_axis)))

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result, which is the header; raises what the call would."""
        if header.entries:
            raise DataError(
                f"detrend: {header!r} is cut into epochs, and a trend is one of the recording. "
                "Detrend before it is cut, or subtract a baseline from each trial in a step."
            )
        n_distinct = len(np.unique(sample_times(header)))
        if n_distinct <= self.order + 1:
            raise DataError(
                f"detrend: {header!r} has {n_distinct} distinct times, and a trend of order "
                f"{self.order} fits {self.order + 1} exactly. Lower order, or leave detrend out."
            )
        return header

    def reach(self, sfreq: float) -> float:
        """Seconds: infinite, the trend is fitted to the whole recording."""
        return math.inf

    def ahead(self, sfreq: float) -> float:
        """Seconds: infinite, as far as the recording goes on."""
        return math.inf
