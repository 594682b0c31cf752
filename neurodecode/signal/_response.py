"""How long a filter's response is, and whether a recording is longer."""

from collections.abc import Sequence

import numpy as np
import scipy.signal

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal

# An impulse response has ended where it stays below this share of its peak.
ENDED = 1e-4
LONGEST = 2**24


def ringing(sections: np.ndarray, what: str, *, both_ways: bool, held: bool = False) -> int:
    """Count the samples until a filter's impulse response has ended.

    Parameters
    ----------
    sections : ndarray, shape (n_sections, 6)
        Second-order sections, as scipy gives them.
    what : str
        The filter, for the message.
    both_ways : bool
        Whether it runs forwards and backwards, mirrored at the ends as mne does.
    held : bool
        Whether it starts as if the first sample had been held for ever.

    Returns
    -------
    n_samples : int
        On one side, where it runs both ways: the response stays below 1e-4 of its peak after.

    Raises
    ------
    ConfigError
        If it does not come to rest.
    """
    n_samples = 1024
    while n_samples <= LONGEST:
        impulse = np.zeros(n_samples)
        impulse[0] = 1
        response = scipy.signal.sosfilt(sections, impulse)
        if both_ways:
            # Backwards over the forward response: its autocorrelation, lag 0 first.
            response = scipy.signal.sosfilt(sections, response[::-1])[::-1]
        size = np.abs(response)
        peak = size.max()
        if both_ways:
            # The ends are mirrored about the first and last sample, which thereby counts twice
            # for every mirrored one: its response is the sum of what is still to come.
            size = np.maximum(size, 2 * np.abs(np.cumsum(response[::-1])[::-1]))
        elif held:
            # So does the first sample of one that takes it to have been there all along.
            size = np.maximum(size, np.abs(np.cumsum(response[::-1])[::-1]))
        length = int(np.flatnonzero(size > ENDED * peak)[-1]) + 1
        if length < n_samples // 2:
            return length
        n_samples *= 2
    raise ConfigError(
        f"{what} does not come to rest. Raise l_freq, widen its band, or lower its order."
    )


def need_length(header: Signal, length: int, what: str, remedy: str) -> None:
    """Hold a filter's length against the recording's.

    Parameters
    ----------
    header : Signal
    length : int
        Samples of the filter.
    what : str
        The preparation and its filter, for the message.
    remedy : str
        What to do; the message goes on with leaving the recording out.

    Raises
    ------
    DataError
        If the recording is shorter.
    """
    if header.n_times is None or header.sfreq is None or length <= header.n_times:
        return
    raise DataError(
        f"{what} is, at {header.sfreq:g} Hz, {length} samples "
        f"({length / header.sfreq:.2f} s) long and the recording {header.n_times} "
        f"({header.n_times / header.sfreq:.2f} s). {remedy}, or leave the recording out."
    )


def delay_of_taps(
    taps: np.ndarray, sfreq: float, freqs: Sequence[float] | np.ndarray
) -> np.ndarray:
    """Seconds by which a finite response delays waves: minus the slope of its phase.

    Parameters
    ----------
    taps : ndarray, shape (n_taps,)
    sfreq : float
        Hz.
    freqs : array-like of float, shape (n_freqs,)
        Hz.

    Returns
    -------
    delay : ndarray, shape (n_freqs,)
        NaN where the response is zero.
    """
    samples = np.arange(len(taps))
    waves = np.exp(-2j * np.pi * np.outer(freqs, samples) / sfreq)  # (n_freqs, n_taps)
    gain = waves @ taps
    # What is left of a zero by rounding has a phase that means nothing.
    passes = np.abs(gain) > 1e-10 * np.sum(np.abs(taps))
    ramped = waves @ (samples * taps)
    delay = np.full(len(gain), np.nan)
    delay[passes] = np.real(ramped[passes] / gain[passes]) / sfreq
    return delay


def delay_of_sections(
    sections: np.ndarray, sfreq: float, freqs: Sequence[float] | np.ndarray
) -> np.ndarray:
    """Seconds by which second-order sections delay waves; see `delay_of_taps`."""
    return sum(
        (
            delay_of_taps(one[:3], sfreq, freqs) - delay_of_taps(one[3:], sfreq, freqs)
            for one in sections
        ),
        start=np.zeros(len(freqs)),
    )
