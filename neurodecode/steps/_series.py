"""Features as series: for each row, where it lies in an unbroken stretch of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.parts import TrialSignal
from neurodecode.core.series import step_of, stretches
from neurodecode.core.trials import Trials

COLUMNS = ("recording", "start", "stop")


@dataclass(frozen=True, eq=False)
class Stretch:
    """Features of one unbroken stretch of time, and which of its samples are rows.

    Parameters
    ----------
    X : ndarray, shape (n_times, n_features)
    at : ndarray of int, shape (n_rows,)
        Sample of each row.
    rows : ndarray of int, shape (n_rows,)
        Positions of the rows among the trials.
    """

    X: np.ndarray
    at: np.ndarray
    rows: np.ndarray


def stretches_of(X: Any, seconds: float, step: object) -> Iterator[Stretch]:
    """Give trials of features as stretches of time.

    Where rows point into the series of their recording all of its samples are there, also those
    that are no rows of the fold; else the rows themselves are all there is, and a row that lacks
    its predecessor begins a stretch.

    Parameters
    ----------
    X : Trials
        With the columns `COLUMNS`.
    seconds : float
        From a row to the next where none is lacking.
    step : object
        Who asks; named in errors.

    Raises
    ------
    DataError
        If it was handed no `Trials`, they have more than one axis, or are of unknown onset.
    """
    recording, start, _ = _times(X, step)
    signal = X.signal()
    if points_into_series(signal, start):
        for i in np.unique(signal.part):
            rows = np.flatnonzero(signal.part == i)
            yield Stretch(np.asarray(signal.parts[i].open()), signal.at[rows], rows)
        return
    data = X.array()
    data = data.reshape(len(data), -1)
    stretch = stretches(recording, start, seconds)
    order = np.lexsort((start, stretch))
    for rows in np.split(order, np.flatnonzero(np.diff(stretch[order])) + 1):
        yield Stretch(data[rows], np.arange(len(rows)), rows)


def seconds_of(X: Any, step: object) -> float:
    """Give the seconds from a sample of the series to the next; errors as `stretches_of`."""
    recording, start, stop = _times(X, step)
    signal = X.signal()
    rates = {part.sfreq for part in signal.used()}
    if points_into_series(signal, start) and len(rates) == 1:
        return 1 / next(rate for rate in rates if rate)
    seconds = step_of(recording, start)
    return seconds if seconds > 0 else float(np.median(stop - start))


def points_into_series(signal: TrialSignal, start: np.ndarray) -> bool:
    """Whether each row's entry is the sample of its part's series at which it begins."""
    if not (signal.length < 0).all() or (signal.part < 0).any():
        return False
    for i in np.unique(signal.part):
        part, mine = signal.parts[i], signal.part == i
        if part.sfreq is None or len(part.axes) != 1:
            return False
        if (signal.at[mine] != np.rint((start[mine] - part.tmin) * part.sfreq)).any():
            return False
    return True


def _times(X: Any, step: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the recording of each row, its start and its stop."""
    name = type(step).__name__.lower()
    if not isinstance(X, Trials):
        raise DataError(
            f"{name}: it copies features from volume to volume of a run, and was handed an array, "
            "which does not say where runs begin. Hand it Trials, put it before the steps that "
            "make arrays, or use neurodecode.linalg.delays.delayed."
        )
    recording, start, stop = (X.rows[one] for one in COLUMNS)
    check_onsets(start, name)
    return recording, start, stop


def check_onsets(start: np.ndarray, name: str) -> None:
    """Hold rows to times that are known.

    Raises
    ------
    DataError
        If a row begins at an unknown time.
    """
    unknown = int(np.isnan(start.astype(np.float64)).sum())
    if unknown:
        raise DataError(
            f"{name}: {unknown} of {len(start)} rows are of unknown onset, so nobody knows which "
            "follow each other. Give onsets in the events of the recordings."
        )
