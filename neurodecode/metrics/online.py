"""Metrics of decisions in time: what a decoder is worth sample by sample.

They need windows that slide over recordings and the tasks of these (``windows: {length: …, hop: …,
otherwise: idle}``). A decision is made at the end of its window, so that filter delay and window
length are in every latency. An activation is a decision for a task that was not decided just
before. It is false in idle; within a second after a task it is neither false nor, unless it is of
that task, true: this tolerance zone is reported by itself.
"""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.metrics._events import first_of_a_task, one_a_task, told_events
from neurodecode.metrics.classification import matthews_corrcoef
from neurodecode.metrics.metric import metric, no_formula, one_half


@metric(direction="up", range=(0, 1), kinds=("label",), chance=one_half, min_classes=2)
def nmcc(true, pred, *, scores=None, rows=None, gallery=None):
    """Correlation of truth and answer, Matthews' or Gorodkin's, brought to 0 to 1: (MCC + 1) / 2.

    Whatever the share of idle, 0.5 is chance, and what a constant answer gets.

    Parameters
    ----------
    true, pred : ndarray of int, shape (n,)
        Class codes.

    Returns
    -------
    score : float

    References
    ----------
    Carrara & Papadopoulo 2024, doi 10.1088/1741-2552/ad171a: the metric of pseudo-online MOABB.
    """
    del scores, rows, gallery
    return (matthews_corrcoef.function(true, pred) + 1) / 2


def false_by_time(true, pred, *, scores=None, rows, gallery=None):
    """Give false activations and minutes of idle at each row."""
    del true, scores, gallery
    told = told_events(pred, rows)
    return np.column_stack([told.false, (told.task < 0) * (told.seconds / 60)]), None


def late_by_time(true, pred, *, scores=None, rows, gallery=None):
    """Activations and minutes of tolerance zones at each row."""
    del true, scores, gallery
    told = told_events(pred, rows)
    return np.column_stack([told.active & told.late, told.late * (told.seconds / 60)]), None


def ratio(values, times):
    """Sum of the first column over that of the second; NaN where there is none of the second."""
    above, below = times @ values
    return float(above / below) if below > 0 else float("nan")


@metric(
    direction="down",
    range=(0, np.inf),
    kinds=("label",),
    chance=no_formula,
    times="tasks",
    terms=false_by_time,
    summary=ratio,
)
def false_activations_per_minute(true, pred, *, scores=None, rows, gallery=None):
    """Activations that begin in idle, by the minutes of idle that were tested.

    Tasks and the second after each are left out of both. A decoder that never acts has none, so
    there is no chance level: look at the share of tasks that it detects beside it.

    Parameters
    ----------
    true : ndarray
        Not used: tasks tell the truth.
    pred : ndarray of int, shape (n,)
        What was decided at each row.
    rows : Timeline

    Returns
    -------
    score : float
    """
    del scores
    return _summed(false_by_time, true, pred, rows, gallery, "no decision lies in idle")


@metric(
    direction="down",
    range=(0, np.inf),
    kinds=("label",),
    chance=no_formula,
    times="tasks",
    terms=late_by_time,
    summary=ratio,
)
def late_activations_per_minute(true, pred, *, scores=None, rows, gallery=None):
    """Activations that begin within a second after a task, by the minutes of these zones.

    They are not among the false ones.

    Parameters
    ----------
    true : ndarray
        Not used.
    pred : ndarray of int, shape (n,)
    rows : Timeline

    Returns
    -------
    score : float
    """
    del scores
    return _summed(late_by_time, true, pred, rows, gallery, "no decision lies behind a task")


def told_of_tasks(true, pred, *, scores=None, rows, gallery=None):
    """Whether each task has a correct activation, at its last row."""
    del true, scores, gallery
    told = told_events(pred, rows)
    return one_a_task(told.task, told.correct), None


def mistaken_of_tasks(true, pred, *, scores=None, rows, gallery=None):
    """Whether each task has an activation of another class, at its last row."""
    del true, scores, gallery
    told = told_events(pred, rows)
    return one_a_task(told.task, told.wrong), None


@metric(
    direction="up",
    range=(0, 1),
    kinds=("label",),
    chance=no_formula,
    times="tasks",
    terms=told_of_tasks,
)
def true_activation_rate(true, pred, *, scores=None, rows, gallery=None):
    """Share of tasks with a correct activation from onset to a second after the end.

    Tasks without a decision in them were not tested, and are left out.

    Parameters
    ----------
    true : ndarray
        Not used.
    pred : ndarray of int, shape (n,)
    rows : Timeline

    Returns
    -------
    score : float
    """
    del scores
    return float(np.nanmean(told_of_tasks(true, pred, rows=rows, gallery=gallery)[0]))


@metric(
    direction="down",
    range=(0, 1),
    kinds=("label",),
    chance=no_formula,
    times="tasks",
    terms=mistaken_of_tasks,
)
def wrong_class_rate(true, pred, *, scores=None, rows, gallery=None):
    """Share of tasks with an activation of another task's class, from onset to a second after.

    A task may be told rightly and wrongly, one after the other, and counts in both rates.

    Parameters
    ----------
    true : ndarray
        Not used.
    pred : ndarray of int, shape (n,)
    rows : Timeline

    Returns
    -------
    score : float
    """
    del scores
    if rows.n_classes - 1 < 2:
        raise DataError("there is one class of tasks, which none can be mistaken for")
    return float(np.nanmean(mistaken_of_tasks(true, pred, rows=rows, gallery=gallery)[0]))


def latencies(true, pred, *, scores=None, rows, gallery=None):
    """Seconds from onset to detection, at the row that detects; NaN at all others."""
    del true, scores, gallery
    return first_of_a_task(told_events(pred, rows)), None


def median(values, times):
    """Median of the values that are known, each as often as it is drawn."""
    drawn = _drawn(values, times)
    return float(np.median(drawn)) if len(drawn) else float("nan")


def interquartile_range(values, times):
    """Distance of the quartiles of the values that are known."""
    drawn = _drawn(values, times)
    return float(np.subtract(*np.percentile(drawn, [75, 25]))) if len(drawn) else float("nan")


@metric(
    direction="down",
    range=(0, np.inf),
    kinds=("label",),
    chance=no_formula,
    times="tasks",
    terms=latencies,
    summary=median,
)
def detection_latency(true, pred, *, scores=None, rows, gallery=None):
    """Seconds from a task's onset to its first correct activation, median over detected tasks.

    Tasks that are missed have no latency, and none is made up for them: `true_activation_rate`
    says how many they are. A decoder that detects easy tasks alone looks fast.

    Parameters
    ----------
    true : ndarray
        Not used.
    pred : ndarray of int, shape (n,)
    rows : Timeline

    Returns
    -------
    score : float
        Seconds.
    """
    del scores
    return median(*_detected(true, pred, rows, gallery))


@metric(
    direction="down",
    range=(0, np.inf),
    kinds=("label",),
    chance=no_formula,
    times="tasks",
    terms=latencies,
    summary=interquartile_range,
)
def detection_latency_iqr(true, pred, *, scores=None, rows, gallery=None):
    """Seconds between the quartiles of the latency, over detected tasks.

    Parameters
    ----------
    true : ndarray
        Not used.
    pred : ndarray of int, shape (n,)
    rows : Timeline

    Returns
    -------
    score : float
        Seconds.
    """
    del scores
    return interquartile_range(*_detected(true, pred, rows, gallery))


def _summed(terms, true, pred, rows, gallery, without: str) -> float:
    found = ratio(terms(true, pred, rows=rows, gallery=gallery)[0], np.ones(len(pred)))
    if np.isnan(found):
        raise DataError(without)
    return found


def _detected(true, pred, rows, gallery) -> tuple[np.ndarray, np.ndarray]:
    found = latencies(true, pred, rows=rows, gallery=gallery)[0]
    if not np.isfinite(found).any():
        told = told_events(pred, rows)
        n_tasks = len(np.unique(told.task[told.task >= 0]))
        raise DataError(f"none of {n_tasks} tasks was detected, so there is no latency")
    return found, np.ones(len(pred), dtype=np.int64)


def _drawn(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    return np.repeat(values[known], times[known])
