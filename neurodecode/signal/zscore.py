"""Standardise each channel or voxel over its recording."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.signal._contract import ROUNDING, as_float


@dataclass(frozen=True)
class Zscore:
    """Subtract each channel's or voxel's mean over the recording, and divide by its s.d.

    Parameters
    ----------
    axis : {"time"}
        Over what: the samples, or the entries, of one recording (for fMRI, one run).
    """

    axis: Literal["time"] = "time"
    version: ClassVar[int] = 1

    def __post_init__(self):
        if self.axis != "time":
            raise ConfigError(f"zscore: axis is {self.axis!r}. It is time.")

    def __call__(self, signal: Signal) -> Signal:
        """Standardise.

        Returns
        -------
        signal : Signal
            Unitless: mean 0 and population s.d. 1 (as ``numpy.std``, ``ddof=0``). A channel or
            voxel that is constant becomes 0, never NaN.

        Raises
        ------
        DataError
            If the signal is cut into epochs.
        """
        header = self.preview(replace(signal, data=None))
        data, axis = as_float(signal), signal.time_axis
        centred = data - data.mean(axis=axis, keepdims=True)
        sd = data.std(axis=axis, keepdims=True)
        constant = sd <= ROUNDING * np.abs(data).max(axis=axis, keepdims=True)
        z = np.where(constant, 0.0, centred / np.where(constant, 1.0, sd))
        return replace(header, data=z)

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result: the values have no unit any more."""
        if header.entries:
            raise DataError(
                f"zscore: {header!r} is cut into epochs, so the recording's mean and s.d. are "
                "gone. What is standardised over trials is fitted on training rows: use a step."
            )
        return replace(header, space=replace(header.space, unit=""))

    def reach(self, sfreq: float) -> float:
        """Seconds: infinite, mean and s.d. are those of the whole recording."""
        return math.inf

    def ahead(self, sfreq: float) -> float:
        """Seconds: infinite, as far as the recording goes on."""
        return math.inf
