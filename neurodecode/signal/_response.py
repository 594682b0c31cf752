"""How long a filter's response is, and whether a recording is longer."""

import numpy as np
import scipy.signal

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal

# An impulse response has ended where it stays below this share of its peak.
ENDED = 1e-4
LONGEST = 2**24


def ringing(sections: np.ndarray, what: str, *, both_ways: bool) -> int:
    """Count the samples until a filter's impulse response has ended.

    Parameters
    ----------
    sections : ndarray, shape (n_sections, 6)
        Second-order sections, as scipy gives them.
    what : str
        The filter, for the message.
    both_ways : bool
        Whether it runs forwards and backwards, mirrored at the ends as mne does.

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
