"""Change the sampling rate of a continuous signal, or of epochs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar, Literal

import numpy as np
import scipy.signal

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.signal._contract import as_float, check_choice, need_continuous
from neurodecode.signal._polyphase import RunningPolyphase, causal_taps
from neurodecode.signal._response import delay_of_taps
from neurodecode.signal._streams import EachSample, Stream

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

    A causal one never looks ahead, and runs on as samples come (`stream`), from its first sample
    held for ever: its low-pass has minimum phase, passes up to 0.8 of the lower Nyquist frequency,
    and delays by two samples of the slower rate at most frequencies and six at the highest
    (`delay`).

    Parameters
    ----------
    sfreq : float
        Rate of the result in Hz. A ratio to the old rate that is no fraction of numbers up to
        10 000 is taken to the nearest, which is off by less than 1e-8.
    phase : {"zero", "causal"}
    """

    sfreq: float
    phase: Literal["zero", "causal"] = "zero"
    version: ClassVar[int] = 1

    def __post_init__(self):
        if not (math.isfinite(self.sfreq) and self.sfreq > 0):
            raise ConfigError(f"resample: sfreq is {self.sfreq}. Give a rate above 0, in Hz.")
        check_choice("resample: phase", self.phase, ("zero", "causal"))

    def __call__(self, signal: Signal) -> Signal:
        """Resample along time, and with it the tracks of a continuous signal.

        Raises
        ------
        DataError
            If the signal has no time within its entries.
        """
        header = self.preview(replace(signal, data=None))
        old = float(signal.sfreq or 0)
        up, down = self._ratio(old)
        if self.phase == "causal":
            return replace(header, data=_resample_causally(as_float(signal), old, up, down))
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
                name: self._resampled_track(np.asarray(track, dtype=np.float64), old)
                for name, track in tracks.items()
            }
        return replace(header, sfreq=float(self.sfreq), n_times=n_times, tracks=tracks)

    def reach(self, sfreq: float) -> float:
        """Seconds: ten samples of the slower rate (33 of a causal one); none where it stays."""
        up, down = self._ratio(sfreq)
        if up == down:
            return 0.0
        if self.phase == "causal":
            return (len(causal_taps(sfreq, up, down)) - 1) / (sfreq * up)
        return HALF_LENGTH / min(sfreq, self.sfreq)

    def delay(self, sfreq: float, freqs: Sequence[float] | np.ndarray) -> np.ndarray:
        """Seconds by which waves of these frequencies come out late: the group delay.

        Parameters
        ----------
        sfreq : float
            Old rate in Hz.
        freqs : array-like of float, shape (n_freqs,)
            Hz, below 0.4 of the slower rate.

        Returns
        -------
        delay : ndarray, shape (n_freqs,)
            0 for ``phase: zero``, and where the rate stays.
        """
        up, down = self._ratio(sfreq)
        if up == down or self.phase == "zero":
            return np.zeros(len(freqs))
        return delay_of_taps(causal_taps(sfreq, up, down), sfreq * up, freqs)

    def stream(self, header: Signal) -> Stream:
        """Run on as samples come.

        Raises
        ------
        ConfigError
            If it looks ahead.
        """
        old = need_continuous(header, "resample", "Leave volumes at their t_r.")
        up, down = self._ratio(old)
        if up == down:
            return EachSample(self._same, header)
        if self.phase == "zero":
            raise ConfigError(
                f"resample: to {self.sfreq:g} Hz with phase: zero looks {self.reach(old):.2f} s "
                "ahead, and of a stream that is still to come. Say phase: causal."
            )
        return RunningPolyphase(causal_taps(old, up, down), up, down)

    @staticmethod
    def _same(signal: Signal) -> Signal:
        return signal

    def _resampled_track(self, track: np.ndarray, old: float) -> np.ndarray:
        """Bring a track, time along axis 0, to the new rate."""
        up, down = self._ratio(old)
        if self.phase == "zero":
            return _resample(track, up, down, axis=0)
        return np.moveaxis(_resample_causally(np.moveaxis(track, 0, -1), old, up, down), -1, 0)

    def ahead(self, sfreq: float) -> float:
        """Seconds that an output looks ahead: none of ``phase: causal``, else the reach."""
        return 0.0 if self.phase == "causal" else self.reach(sfreq)

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


def _resample_causally(data: np.ndarray, old: float, up: int, down: int) -> np.ndarray:
    if up == down:
        return data
    return RunningPolyphase(causal_taps(old, up, down), up, down).push(data)
