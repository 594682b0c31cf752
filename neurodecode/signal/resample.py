"""Change the sampling rate of a continuous signal, or of epochs."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

import numpy as np
import scipy.signal

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.signal._contract import as_float, need_continuous

LARGEST_TERM = 10_000
# scipy's own choice of low-pass: this many samples of the slower rate on either side.
HALF_LENGTH = 10


@dataclass(frozen=True)
class Resample:
    """Bring all channels to another sampling rate; events keep their seconds.

    Polyphase with a low-pass at the lower of the two Nyquist frequencies, as in
    ``raw.resample(sfreq, method="polyphase")``. Unlike the Fourier method it looks only ten samples
    of the slower rate to either side, so that training and test rows of one recording stay apart.
    Epochs are resampled one by one, mirrored at their ends: ``epochs.resample(sfreq,
    method="polyphase", pad="reflect")``.

    Parameters
    ----------
    sfreq : float
        Rate of the result in Hz. A ratio to the old rate that is no fraction of numbers up to
        10 000 is taken to the nearest, which is off by less than 1e-8.
    """

    sfreq: float
    version: ClassVar[int] = 1

    def __post_init__(self):
        if not (math.isfinite(self.sfreq) and self.sfreq > 0):
            raise ConfigError(f"resample: sfreq is {self.sfreq}. Give a rate above 0, in Hz.")

    def __call__(self, signal: Signal) -> Signal:
        """Resample along time, and with it the tracks of a continuous signal.

        Raises
        ------
        DataError
            If the signal has no time within its entries.
        """
        header = self.preview(replace(signal, data=None))
        up, down = self._ratio(float(signal.sfreq or 0))
        return replace(header, data=_resample(as_float(signal), up, down, axis=-1))

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result: rate and length change."""
        # Unlike a filter's, the reach is ten samples: within an epoch there is enough to go by.
        one_epoch = replace(header, entries=False)
        old = need_continuous(one_epoch, "resample", "Leave volumes at their t_r.")
        up, down = self._ratio(old)
        n_times = None if header.n_times is None else -(-header.n_times * up // down)
        tracks = header.tracks
        if not header.entries:  # tracks of epochs hold one entry an epoch
            tracks = {
                name: _resample(np.asarray(track, dtype=np.float64), up, down, axis=0)
                for name, track in tracks.items()
            }
        return replace(header, sfreq=float(self.sfreq), n_times=n_times, tracks=tracks)

    def reach(self, sfreq: float) -> float:
        """Seconds: ten samples of the slower rate, or none where the rate stays."""
        return 0.0 if sfreq == self.sfreq else HALF_LENGTH / min(sfreq, self.sfreq)

    def ahead(self, sfreq: float) -> float:
        """Seconds: the reach, for the filter is symmetric."""
        return self.reach(sfreq)

    def _ratio(self, old: float) -> tuple[int, int]:
        ratio = (Fraction(self.sfreq) / Fraction(old)).limit_denominator(LARGEST_TERM)
        if ratio == 0:
            raise ConfigError(
                f"resample: {old:g} Hz to {self.sfreq:g} Hz is more than {LARGEST_TERM} to one. "
                "Choose a higher rate."
            )
        return ratio.numerator, ratio.denominator


def _resample(data: np.ndarray, up: int, down: int, axis: int) -> np.ndarray:
    if up == down:
        return data
    return scipy.signal.resample_poly(data, up, down, axis=axis, padtype="reflect")
