"""Windows of one length at every hop through a recording, and which event names each."""

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.data.prepared import Prepared
from neurodecode.data.tasks import WindowsSpec

_NONE = -1


def window_starts(n_times: int, n_window: int, hop: float, sfreq: float) -> np.ndarray:
    """First samples of the windows that lie wholly within a recording.

    Parameters
    ----------
    n_times, n_window : int
        Samples of the recording and of a window.
    hop : float
        Seconds; each start is rounded by itself, so that a hop of no whole number of samples does
        not drift.
    sfreq : float
        Hz.

    Returns
    -------
    starts : ndarray of int64, ascending
    """
    last = n_times - n_window
    if last < 0:
        return np.zeros(0, dtype=np.int64)
    n_windows = int(np.floor(last / (hop * sfreq) + 1e-9)) + 1
    starts = np.round(np.arange(n_windows) * hop * sfreq).astype(np.int64)
    return starts[starts <= last]


def naming_events(
    starts: np.ndarray,
    n_window: int,
    first: np.ndarray,
    stop: np.ndarray,
    labels: np.ndarray,
    label_rule: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Say which event names each window, and which was the last to begin before its end.

    Parameters
    ----------
    starts : ndarray of int, shape (n_windows,)
        First sample of each window.
    n_window : int
        Samples of a window.
    first, stop : ndarray of int, shape (n_events,)
        First sample of each event, ascending, and the one after its last.
    labels : ndarray of object, shape (n_events,)
    label_rule : {"last_sample", "majority"}
        The event at the window's last sample; or, of the labels (and of none), the one that most
        samples have, where two have as many the one at the last sample, else the earlier.

    Returns
    -------
    named : ndarray of int, shape (n_windows,)
        Position of an event; -1 where no event names the window.
    begun : ndarray of int, shape (n_windows,)
        Position of the last event that began at or before the window's last sample; -1: none.
    """
    last_sample = starts + n_window - 1
    begun = np.searchsorted(first, last_sample, side="right") - 1
    if len(first) == 0:
        return np.full(len(starts), _NONE), begun
    at_last = np.where((begun >= 0) & (last_sample < stop[begun]), begun, _NONE)
    if label_rule == "last_sample" or len(starts) == 0:
        return at_last, begun
    # Where events overlap, a sample belongs to the one that began last.
    n_times = int(last_sample[-1]) + 1
    owner = np.full(n_times, _NONE)
    for i, (a, b) in enumerate(zip(first, stop, strict=True)):
        owner[max(a, 0) : max(b, 0)] = i
    codes, names = pd.factorize(labels)
    of_sample = np.where(owner >= 0, codes[owner], len(names))
    counts = np.zeros((len(starts), len(names) + 1))
    for code in range(len(names) + 1):
        so_far = np.append(0, np.cumsum(of_sample == code))
        counts[:, code] = so_far[starts + n_window] - so_far[starts]
    counts[np.arange(len(starts)), of_sample[last_sample]] += 0.5  # decides among equals
    winner = counts.argmax(axis=1)
    named = np.full(len(starts), _NONE)
    for i in np.flatnonzero(winner < len(names)):
        inside = owner[starts[i] : starts[i] + n_window]
        held = inside[(inside >= 0) & (codes[inside] == winner[i])]
        named[i] = held[-1]
    return named, begun


def slide(
    one: Prepared, onset: np.ndarray, duration: np.ndarray, labels: np.ndarray, spec: WindowsSpec
) -> tuple[np.ndarray, int, np.ndarray, np.ndarray]:
    """Lay windows over a recording.

    Parameters
    ----------
    one : Prepared
    onset, duration : ndarray, shape (n_events,)
        Seconds, of the events that have one of the task's labels; onsets ascend.
    labels : ndarray of object, shape (n_events,)
    spec : WindowsSpec
        With `length` and `hop`.

    Returns
    -------
    at : ndarray of int64, shape (n_windows,)
        First sample of each window.
    n_window : int
        Samples of a window.
    named, begun : ndarray of int, shape (n_windows,)
        As `naming_events` gives.

    Raises
    ------
    ConfigError
        If a window has no sample, or the events have no extent that could name one.
    """
    signal = one.signal
    assert signal.sfreq is not None and signal.n_times is not None  # it is continuous
    assert spec.length is not None and spec.hop is not None  # the caller chose by them
    n_window = round(spec.length * signal.sfreq)
    if n_window < 1 or spec.hop * signal.sfreq < 1:
        raise ConfigError(
            f"windows: length {spec.length:g} s and hop {spec.hop:g} s are less than a sample at "
            f"{signal.sfreq:g} Hz. Give longer ones."
        )
    if len(duration) and not np.any(duration > 0):
        raise ConfigError(
            f"windows: the events of {one.recording.id} have no duration, so none of them covers "
            "a window. Say in the card how long a task lasts: events: {duration: SECONDS}."
        )
    at = window_starts(signal.n_times, n_window, spec.hop, signal.sfreq)
    first = np.round((onset - signal.tmin) * signal.sfreq).astype(np.int64)
    stop = np.round((onset + duration - signal.tmin) * signal.sfreq).astype(np.int64)
    return at, n_window, *naming_events(at, n_window, first, stop, labels, spec.label_rule)
