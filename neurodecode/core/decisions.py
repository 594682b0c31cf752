"""From evidence to decisions: a threshold, waiting for several in a row, pausing after one."""

import numpy as np

from neurodecode.core.timeline import AT_ONCE


def candidates(probabilities: np.ndarray, threshold: float, codes: np.ndarray, idle: int):
    """Give the task that is sure enough at each decision, else idle.

    Parameters
    ----------
    probabilities : ndarray, shape (n, n_classes)
    threshold : float
        Least probability of the most probable task. Idle needs none: it is what is left.
    codes : ndarray of int, shape (n_classes,)
        Class of each column.
    idle : int
        Class of no task.

    Returns
    -------
    candidate : ndarray of int, shape (n,)
    """
    tasks = np.flatnonzero(codes != idle)
    if len(tasks) == 0:
        return np.full(len(probabilities), idle)
    best = tasks[np.argmax(probabilities[:, tasks], axis=1)]
    sure = probabilities[np.arange(len(best)), best] >= threshold
    return np.where(sure, codes[best], idle)


def held(
    candidate: np.ndarray, time: np.ndarray, *, idle: int, dwell: int, refractory: float
) -> np.ndarray:
    """Give decisions of one stretch of a recording.

    A task is decided once it has been the candidate `dwell` times in a row, and `refractory`
    seconds have passed since the last one began; it is held as long as it stays the candidate.

    Parameters
    ----------
    candidate : ndarray of int, shape (n,)
        In the order of time.
    time : ndarray, shape (n,)
        Seconds, ascending.
    idle, dwell, refractory
        The class of no task; how many in a row; seconds.

    Returns
    -------
    decision : ndarray of int, shape (n,)
        A longer dwell never gives more beginnings, whatever the refractory time.
    """
    decision = np.full(len(candidate), idle)
    if len(candidate) == 0:
        return decision
    begins = np.append(0, np.flatnonzero(np.diff(candidate)) + 1)
    ends = np.append(begins[1:], len(candidate))
    long = (candidate[begins] != idle) & (ends - begins >= dwell)
    over = -np.inf
    for begin, end in zip(begins[long].tolist(), ends[long].tolist(), strict=True):
        first = begin + dwell - 1
        if time[first] < over - AT_ONCE:
            first = begin + int(np.searchsorted(time[begin:end], over - AT_ONCE))
        if first < end:
            decision[first:end] = candidate[begin]
            over = time[first] + refractory
    return decision


def stretches(recording: np.ndarray, time: np.ndarray, hop: float) -> np.ndarray:
    """Give positions at which decisions begin anew: another recording, or a gap in this one.

    Parameters
    ----------
    recording : ndarray, shape (n,)
    time : ndarray, shape (n,)
        Seconds, ascending within recordings.
    hop : float
        Seconds from one decision to the next. Half as long again is a gap: what was before it says
        nothing of what comes after. NaN where it is unknown.

    Returns
    -------
    begins : ndarray of int
        The first is 0, where there is a decision.
    """
    if len(recording) == 0:
        return np.zeros(0, dtype=np.int64)
    anew = (np.diff(recording) != 0) | (np.diff(time) > 1.5 * hop)
    return np.append(0, np.flatnonzero(anew) + 1)
