"""Take single frequencies out: mains and its harmonics."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import mne
import numpy as np
import scipy.signal

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.signal._contract import as_float, check_choice, need_continuous
from neurodecode.signal._response import delay_of_sections, need_length, ringing
from neurodecode.signal._running import RunningSections
from neurodecode.signal._streams import Stream

ORDER = 4  # of mne's Butterworth
TRANSITION = 1.0  # Hz on both sides together, of mne's stop bands
WINDOW = 10  # seconds in which mne fits sines


@dataclass(frozen=True)
class Notch:
    """Take frequencies out of every channel: ``notch: {freqs: [50, 100]}``.

    With ``phase: zero`` all methods are mne's and look ahead: ``raw.notch_filter(freqs,
    method=method, notch_widths=notch_widths)`` gives the same bits on data channels. A causal one
    never does, and runs on as samples come (`stream`), from its first sample held for ever.

    Parameters
    ----------
    freqs : tuple of float
        Frequencies in Hz.
    method : {"fir", "iir", "spectrum_fit"}
        ``fir``: one windowed design for all frequencies (firwin, Hamming). ``iir``: a Butterworth
        of order 4 for each, one after the other. ``spectrum_fit``: sines of these frequencies are
        fitted by multitapers in windows of 10 s and subtracted, so that little else is.
    notch_widths : float or None
        Width of each stop band in Hz; None is mne's, a two-hundredth of the frequency.
    phase : {"zero", "causal"}
        ``causal`` is the same Butterworths run forwards, of ``method: iir`` alone.

    References
    ----------
    Mitra & Bokil (2007), Observed Brain Dynamics, Oxford University Press: the fit of sines.
    """

    freqs: tuple[float, ...]
    method: Literal["fir", "iir", "spectrum_fit"] = "fir"
    notch_widths: float | None = None
    phase: Literal["zero", "causal"] = "zero"
    version: ClassVar[int] = 1

    def __post_init__(self):
        if isinstance(self.freqs, int | float | str) or len(self.freqs) == 0:
            raise ConfigError(f"notch: freqs is {self.freqs!r}. Give a list in Hz, such as [50].")
        object.__setattr__(self, "freqs", tuple(self.freqs))
        for freq in self.freqs:
            if not freq > 0:
                raise ConfigError(f"notch: freqs has {freq} Hz. Give frequencies above 0.")
        if self.method not in ("fir", "iir", "spectrum_fit"):
            raise ConfigError(
                f"notch: method {self.method!r} is not known. It is fir, iir or spectrum_fit."
            )
        if self.notch_widths is not None and not self.notch_widths > 0:
            raise ConfigError(
                f"notch: notch_widths is {self.notch_widths} Hz. Give a width above 0, or none."
            )
        check_choice("notch: phase", self.phase, ("zero", "causal"))
        if self.phase == "causal" and self.method != "iir":
            raise ConfigError(
                f"notch: method {self.method!r} looks ahead and cannot be causal. Say method: iir."
            )
        edges = sorted(self._stop_bands())
        for (_, end), (start, _) in itertools.pairwise(edges):
            if end >= start:
                raise ConfigError(
                    f"notch: two stop bands of freqs {list(self.freqs)} meet at {start:g} Hz. "
                    "Leave one out, make notch_widths smaller, or use method: spectrum_fit."
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
            If a stop band ends at or above half the sampling rate.
        DataError
            If the signal is not continuous, or shorter than the filter.
        """
        self.preview(signal)
        if self.phase == "causal":
            return replace(signal, data=self.stream(signal).push(as_float(signal)))
        data = np.array(as_float(signal))  # a copy: mne may filter in place
        # mne designs one stop band at a time for a Butterworth.
        for freqs in [[freq] for freq in self.freqs] if self.method == "iir" else [self.freqs]:
            data = mne.filter.notch_filter(
                data,
                float(signal.sfreq or 0),
                np.array(freqs, dtype=np.float64),
                notch_widths=self.notch_widths,
                method=self.method,
                verbose="ERROR",
            )
        return replace(signal, data=data)

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result, which is the header; raises what the call would."""
        sfreq = need_continuous(header, "notch", "Volumes are too slow for mains.")
        remedy = "Use method: iir" if self.method == "fir" else "Raise notch_widths"
        if self.method != "spectrum_fit":  # whose windows are at most the recording
            need_length(
                header, self._length(sfreq), f"notch: the filter at {self._named()}", remedy
            )
        self._check_nyquist(sfreq)
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
            Half the length of the FIR; for Butterworths the sum of the times until each response
            has fallen below 1e-4 of its peak; for ``spectrum_fit`` 15 s, the last window being up
            to half a window longer than the others.
        """
        self._check_nyquist(sfreq)
        if self.method == "spectrum_fit":
            return 1.5 * WINDOW
        if self.method == "fir":
            return (self._length(sfreq) - 1) // 2 / sfreq
        return sum(n - 1 for n in self._lengths_of_each(sfreq)) / sfreq

    def ahead(self, sfreq: float) -> float:
        """Seconds that an output looks ahead: none of a causal notch, else its reach."""
        return 0.0 if self.phase == "causal" else self.reach(sfreq)

    def delay(self, sfreq: float, freqs: Sequence[float] | np.ndarray) -> np.ndarray:
        """Seconds by which waves of these frequencies come out late: the group delay.

        Parameters
        ----------
        sfreq : float
            Rate of the signal in Hz.
        freqs : array-like of float, shape (n_freqs,)
            Hz, outside the stop bands.

        Returns
        -------
        delay : ndarray, shape (n_freqs,)
            0 for ``phase: zero``.
        """
        self._check_nyquist(sfreq)
        if self.phase == "zero":
            return np.zeros(len(freqs))
        return delay_of_sections(np.concatenate(self._sections(sfreq)), sfreq, freqs)

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
                f"notch: {self._named()} with phase: zero looks {self.reach(sfreq):.2f} s ahead, "
                "and of a stream that is still to come. Say method: iir and phase: causal."
            )
        return RunningSections(np.concatenate(self._sections(sfreq)))

    def _named(self) -> str:
        return ", ".join(f"{freq:g}" for freq in self.freqs) + " Hz"

    def _stop_bands(self) -> list[tuple[float, float]]:
        """Give both ends of each band that the filter changes, in Hz."""
        margin = 0.0 if self.method == "spectrum_fit" else TRANSITION / 2
        widths = [f / 200 if self.notch_widths is None else self.notch_widths for f in self.freqs]
        half = [width / 2 + margin for width in widths]
        return [(f - h, f + h) for f, h in zip(self.freqs, half, strict=True)]

    def _check_nyquist(self, sfreq: float) -> None:
        for freq, (start, end) in zip(self.freqs, self._stop_bands(), strict=True):
            if start <= 0 or end >= sfreq / 2:
                raise ConfigError(
                    f"notch: the stop band of {freq:g} Hz, {start:g} to {end:g} Hz, does not lie "
                    f"within 0 and {sfreq / 2:g} Hz, half the sampling rate. Leave {freq:g} Hz "
                    "out."
                )

    def _length(self, sfreq: float) -> int:
        """Count samples of the impulse response; of one side, for Butterworths."""
        self._check_nyquist(sfreq)
        if self.method == "iir":
            return max(self._lengths_of_each(sfreq))
        lows, highs = zip(*self._stop_bands(), strict=True)
        # create_filter's annotations are those of its defaults, one word for all.
        taps = mne.filter.create_filter(
            None,
            sfreq,
            np.array(highs),
            np.array(lows),
            l_trans_bandwidth=TRANSITION / 2,  # pyright: ignore[reportArgumentType]
            h_trans_bandwidth=TRANSITION / 2,  # pyright: ignore[reportArgumentType]
            verbose="ERROR",
        )
        return len(taps)

    def _lengths_of_each(self, sfreq: float) -> list[int]:
        causal = self.phase == "causal"
        return [
            ringing(
                sections,
                f"notch: the Butterworth at {freq:g} Hz",
                both_ways=not causal,
                held=causal,
            )
            for freq, sections in zip(self.freqs, self._sections(sfreq), strict=True)
        ]

    def _sections(self, sfreq: float) -> list[np.ndarray]:
        """Butterworths, one for each frequency."""
        return [
            np.asarray(scipy.signal.butter(ORDER, band, "bandstop", fs=sfreq, output="sos"))
            for band in self._stop_bands()
        ]
