"""Filters along time: zero-phase as in mne, or causal, for what could have run online."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import mne
import numpy as np
import scipy.signal

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.signal._contract import as_float, check_choice, need_continuous
from neurodecode.signal._response import delay_of_sections, delay_of_taps, need_length, ringing
from neurodecode.signal._running import (
    INITIAL,
    Initial,
    RunningSections,
    RunningTaps,
    convolved,
)
from neurodecode.signal._streams import Stream


@dataclass(frozen=True)
class Filter:
    """Keep the frequencies between two corners, in every channel.

    Zero-phase filters are mne's: ``raw.filter(l_freq, h_freq, method=method)`` gives the same bits
    on data channels. They look ahead. Causal ones never do, and run on as samples come (`stream`).

    Parameters
    ----------
    l_freq, h_freq : float or None
        Corners in Hz; one of them may be None, for a low-pass or a high-pass.
    method : {"fir", "iir"}
        ``fir``: windowed design (firwin, Hamming) with mne's transition bands. ``iir``:
        Butterworth.
    phase : {"zero", "causal"}
        ``zero``: a symmetric FIR, or a Butterworth run forwards and backwards. ``causal``: the FIR
        of the same gain with minimum phase, or the Butterworth run forwards.
    order : int
        Of the Butterworth; a band-pass has twice as many poles, and ``zero`` applies it twice.
    initial : {"steady", "zero"}
        What a causal filter takes to have come before the recording. ``steady``: its first sample,
        held for ever, so that an offset of the amplifier makes no step. ``zero``: zeros, as a
        filter does that is switched on with the recording.
    """

    l_freq: float | None = None
    h_freq: float | None = None
    method: Literal["fir", "iir"] = "fir"
    phase: Literal["zero", "causal"] = "zero"
    order: int = 4
    initial: Initial = "steady"
    version: ClassVar[int] = 1

    def __post_init__(self):
        if self.l_freq is None and self.h_freq is None:
            raise ConfigError(
                "filter: neither l_freq nor h_freq is given. Give one or both, in Hz."
            )
        for name, corner in (("l_freq", self.l_freq), ("h_freq", self.h_freq)):
            if corner is not None and not corner > 0:
                raise ConfigError(
                    f"filter: {name} is {corner} Hz. Give a frequency above 0, or leave it out."
                )
        if self.l_freq is not None and self.h_freq is not None and self.l_freq >= self.h_freq:
            raise ConfigError(
                f"filter: l_freq {self.l_freq:g} Hz is not below h_freq {self.h_freq:g} Hz. "
                "Swap them; a band is taken out by notch: {freqs: [...]}."
            )
        if self.method not in ("fir", "iir") or self.phase not in ("zero", "causal"):
            raise ConfigError(
                f"filter: method {self.method!r} with phase {self.phase!r} is not known. "
                "method is fir or iir, phase is zero or causal."
            )
        if self.order < 1:
            raise ConfigError(f"filter: order is {self.order}. Give 1 or more.")
        if self.method == "fir" and self.order != 4:
            raise ConfigError(
                f"filter: order {self.order} belongs to method: iir; the length of a fir filter "
                "follows from its corners. Leave order out, or say method: iir."
            )
        check_choice("filter: initial", self.initial, INITIAL)
        if self.phase == "zero" and self.initial != "steady":
            raise ConfigError(
                f"filter: initial {self.initial!r} belongs to phase: causal; a filter of zero "
                "phase has no beginning. Leave initial out, or say phase: causal."
            )

    def __call__(self, signal: Signal) -> Signal:
        """Filter along time.

        Returns
        -------
        signal : Signal
            The same axes, in double precision.

        Raises
        ------
        ConfigError
            If a corner is at or above half the sampling rate.
        DataError
            If the signal is not continuous, or shorter than the filter.
        """
        self.preview(signal)
        data, sfreq = as_float(signal), float(signal.sfreq or 0)
        if self.phase == "zero":
            filtered = mne.filter.filter_data(
                np.array(data),  # a copy: mne filters in place whatever `copy` says of rows
                sfreq,
                self.l_freq,
                self.h_freq,
                method=self.method,
                iir_params=self._iir_params(),
                phase="zero",
                verbose="ERROR",
            )
        elif self.method == "iir":
            filtered = RunningSections(self._sections(sfreq), self.initial).push(data)
        else:
            filtered = convolved(data, self._taps(sfreq), self.initial)
        return replace(signal, data=filtered)

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result, which is the header; raises what the call would."""
        sfreq = need_continuous(header, "filter", "For volumes there is detrend: {order: 1}.")
        need_length(
            header,
            self._length(sfreq),
            f"filter: the filter {self._corners()}",
            "Raise l_freq, use method: iir",
        )
        return header

    def reach(self, sfreq: float) -> float:
        """Seconds from an output to the furthest sample that it depends on.

        Parameters
        ----------
        sfreq : float
            Rate of the signal in Hz.

        Returns
        -------
        reach : float
            Half the length of a symmetric FIR; the length of a causal one; for a Butterworth the
            time until its response (forwards and backwards for ``zero``, at the mirrored ends too)
            has fallen below 1e-4 of its peak.
        """
        n_samples = self._length(sfreq) - 1
        if self.method == "fir" and self.phase == "zero":
            n_samples //= 2
        return n_samples / sfreq

    def ahead(self, sfreq: float) -> float:
        """Seconds that an output looks ahead: none of a causal filter, else its reach."""
        return 0.0 if self.phase == "causal" else self.reach(sfreq)

    def delay(self, sfreq: float, freqs: Sequence[float] | np.ndarray) -> np.ndarray:
        """Seconds by which waves of these frequencies come out late: the group delay.

        Parameters
        ----------
        sfreq : float
            Rate of the signal in Hz.
        freqs : array-like of float, shape (n_freqs,)
            Hz, within the pass band.

        Returns
        -------
        delay : ndarray, shape (n_freqs,)
            0 for ``phase: zero``; NaN at a frequency that does not pass at all.
        """
        self._check_corners(sfreq)
        if self.phase == "zero":
            return np.zeros(len(freqs))
        if self.method == "iir":
            return delay_of_sections(self._sections(sfreq), sfreq, freqs)
        return delay_of_taps(self._taps(sfreq), sfreq, freqs)

    def stream(self, header: Signal) -> Stream:
        """Run on as samples come.

        Raises
        ------
        ConfigError
            If it looks ahead.
        """
        self.preview(header)
        sfreq = float(header.sfreq or 0)
        if self.phase == "zero":
            raise ConfigError(
                f"filter: {self._corners()} with phase: zero looks "
                f"{self.reach(sfreq):.2f} s ahead, and of a stream that is still to come. Say "
                "phase: causal; method: iir delays the least."
            )
        if self.method == "iir":
            return RunningSections(self._sections(sfreq), self.initial)
        return RunningTaps(self._taps(sfreq), self.initial)

    def _corners(self) -> str:
        low = "" if self.l_freq is None else f"from {self.l_freq:g} Hz"
        high = "" if self.h_freq is None else f"to {self.h_freq:g} Hz"
        return f"{low} {high}".strip()

    def _check_corners(self, sfreq: float) -> None:
        for name, corner in (("l_freq", self.l_freq), ("h_freq", self.h_freq)):
            if corner is not None and corner >= sfreq / 2:
                raise ConfigError(
                    f"filter: {name} {corner:g} Hz is not below {sfreq / 2:g} Hz, half the "
                    f"sampling rate of {sfreq:g} Hz. Lower {name}, leave it out, or resample later."
                )

    def _length(self, sfreq: float) -> int:
        """Count samples of the impulse response; of one side, for a Butterworth of zero phase."""
        self._check_corners(sfreq)
        if self.method == "fir":
            return len(self._taps(sfreq))
        return ringing(
            self._sections(sfreq),
            f"filter: the Butterworth {self._corners()} of order {self.order}",
            both_ways=self.phase == "zero",
            held=self.initial == "steady",
        )

    def _taps(self, sfreq: float) -> np.ndarray:
        return mne.filter.create_filter(
            None,
            sfreq,
            self.l_freq,
            self.h_freq,
            phase="zero" if self.phase == "zero" else "minimum",
            verbose="ERROR",
        )

    def _iir_params(self) -> dict[str, object] | None:
        if self.method == "fir":
            return None
        return {"order": self.order, "ftype": "butter", "output": "sos"}

    def _sections(self, sfreq: float) -> np.ndarray:
        if self.l_freq is None or self.h_freq is None:
            corner = self.h_freq if self.l_freq is None else self.l_freq
            kind = "lowpass" if self.l_freq is None else "highpass"
        else:
            corner, kind = (self.l_freq, self.h_freq), "bandpass"
        return np.asarray(scipy.signal.butter(self.order, corner, kind, fs=sfreq, output="sos"))
