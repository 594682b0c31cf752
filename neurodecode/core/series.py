"""Rows that follow each other in time: whether they are a series, and where it breaks."""

from typing import Any

import numpy as np
import pandas as pd

# Over how many rows, and seconds, neighbours are alike, whichever is longer: blocks are no shorter.
ALIKE_ROWS, ALIKE_SECONDS = 10, 20.0
_APART = 0.01  # of a row's length: rows that are nearer follow each other


def follows(recording: Any, start: Any, stop: Any) -> np.ndarray:
    """Say of each row whether it begins where another row of its recording ends, or before.

    Parameters
    ----------
    recording : array, shape (n_rows,)
    start, stop : array, shape (n_rows,)
        Seconds from the recording's start; NaN where unknown.

    Returns
    -------
    follows : ndarray of bool, shape (n_rows,)
        The first row of a recording follows none.
    """
    order, recording, start, stop = _in_time(recording, start, stop)
    near = start[1:] - stop[:-1] <= _APART * np.abs(stop[:-1] - start[:-1])
    found = np.zeros(len(order), dtype=bool)
    found[order[1:]] = near & (recording[1:] == recording[:-1])  # NaN is near nothing
    return found


def is_series(recording: Any, start: Any, stop: Any) -> bool:
    """Whether rows are samples of series and no trials: most follow another without a gap.

    Volumes of a run do, and windows that overlap. Blocks with rest between them do not, nor trials
    of unknown onset. Neighbours in a series are near copies of each other, so that none may be
    trained on while the other is tested.

    Parameters
    ----------
    recording : ndarray, shape (n_rows,)
    start, stop : ndarray, shape (n_rows,)
        Seconds from the recording's start.
    """
    could = len(recording) - len(pd.unique(recording))
    return bool(could > 0 and 2 * follows(recording, start, stop).sum() > could)


def stretches(recording: np.ndarray, start: np.ndarray, step: float) -> np.ndarray:
    """Give numbers to the unbroken stretches of rows that are a step apart.

    Parameters
    ----------
    recording : ndarray, shape (n_rows,)
    start : ndarray, shape (n_rows,)
        Seconds from the recording's start.
    step : float
        Seconds from a row to the next.

    Returns
    -------
    stretch : ndarray of int, shape (n_rows,)
        Equal where no recording ends, and no row is lacking, between two rows.
    """
    order, recording, start, _ = _in_time(recording, start, start)
    broken = (recording[1:] != recording[:-1]) | (np.abs(np.diff(start) - step) > _APART * step)
    found = np.empty(len(order), dtype=np.intp)
    found[order] = np.append(0, np.cumsum(broken)) if len(order) else 0
    return found


def step_of(recording: np.ndarray, start: np.ndarray) -> float:
    """Give the seconds from a row to the next: the median over neighbours of a recording.

    Parameters
    ----------
    recording : ndarray, shape (n_rows,)
    start : ndarray, shape (n_rows,)

    Returns
    -------
    step : float
        NaN where no recording has two rows, or onsets are unknown.
    """
    _, recording, start, _ = _in_time(recording, start, start)
    apart = np.diff(start)[recording[1:] == recording[:-1]]
    return float(np.median(apart)) if len(apart) else float("nan")


def seconds_apart(recording: Any, start: Any, stop: Any, tested: np.ndarray) -> float:
    """Give the least time between a row that is tested and one of its recording that is not.

    Parameters
    ----------
    recording : ndarray, shape (n_rows,)
    start, stop : ndarray, shape (n_rows,)
    tested : ndarray of bool, shape (n_rows,)

    Returns
    -------
    seconds : float
        From the end of one to the start of the other; infinite where no recording has both, or
        onsets are unknown.
    """
    order, recording, start, stop = _in_time(recording, start, stop)
    between = start[1:] - stop[:-1]
    other = (recording[1:] == recording[:-1]) & (tested[order][1:] != tested[order][:-1])
    return float(np.min(between[other & np.isfinite(between)], initial=np.inf))


def _in_time(
    recording: Any, start: Any, stop: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give the order of rows by recording, then start, and the columns in it."""
    codes = pd.factorize(np.asarray(recording, dtype=object))[0]
    start, stop = (np.asarray(one, dtype=np.float64) for one in (start, stop))
    order = np.lexsort((start, codes))
    return order, codes[order], start[order], stop[order]
