"""Filters along time: zero-phase as in mne, or causal, for what could have run online."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import mne
import numpy as np
import scipy.signal

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.signal._contract import as_float, need_continuous
from neurodecode.signal._response import need_length, ringing


@dataclass(frozen=True)
class Filter:
    """Keep the frequencies between two corners, in every channel.

    Zero-phase filters are mne's: ``raw.filter(l_freq, h_freq, method=method)`` gives the same bits
    on data channels. They look ahead. Causal ones start from a state of zeros, as a filter does
    that is switched on with the recording, and never look ahead.

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
    """

    l_freq: float | None = None
    h_freq: float | None = None
    method: Literal["fir", "iir"] = "fir"
    phase: Literal["zero", "causal"] = "zero"
    order: int = 4
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
            filtered = scipy.signal.sosfilt(self._sections(sfreq), data, axis=-1)
        else:
            taps = self._taps(sfreq).reshape((1,) * (data.ndim - 1) + (-1,))
            # Not mne's own convolution: it mirrors the start, where it then looks ahead.
            filtered = scipy.signal.oaconvolve(data, taps, axes=-1)[..., : data.shape[-1]]
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
