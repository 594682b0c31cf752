"""Around the onset of tasks: what is decided there, how often it is right, and when it is noticed.

Curves for a page, where the other files of this folder have single scores.
"""

from dataclasses import dataclass

import numpy as np

from neurodecode.core.timeline import AT_ONCE, Timeline
from neurodecode.metrics._events import check_schedule, first_of_a_task, places, told_events

_BEFORE = 2.0  # seconds before the onset that are shown


@dataclass(frozen=True, eq=False)
class Course:
    """Decisions around the onset of tasks.

    Parameters
    ----------
    time : ndarray, shape (n_times,)
        Seconds from the onset, by the hop of the windows, from -2 s to 2 s after the longest task.
    share : ndarray, shape (n_classes, n_times, n_classes)
        Of tasks of a class (first axis), the share at which a class (last axis) is in force; NaN
        for idle, and where no task of the class has a decision.
    n_tasks : ndarray of int, shape (n_classes,)
        Tasks of each class that have a decision in them.
    right : ndarray, shape (n_times,)
        Accuracy: share of tasks at which the class of the task in force is decided, or idle where
        none is; NaN where there is no decision.
    duration : float
        Median length of a task in seconds.
    """

    time: np.ndarray
    share: np.ndarray
    n_tasks: np.ndarray
    right: np.ndarray
    duration: float


def course_of(pred: np.ndarray, rows: Timeline) -> Course:
    """Give what is decided around the onset of tasks.

    A decision is in force from the end of its window until the next one is made.

    Parameters
    ----------
    pred : ndarray of int, shape (n,)
    rows : Timeline

    Raises
    ------
    DataError
        If there is no idle, or no task is tested.
    """
    check_schedule(rows)
    task, late = places(rows)
    truth = np.where((task >= 0) & ~late, rows.task_code[np.maximum(task, 0)], rows.idle)
    hop = rows.hop if np.isfinite(rows.hop) else rows.length
    tested = np.unique(task[task >= 0])
    after = float(np.max(rows.task_stop[tested] - rows.task_onset[tested])) + 2.0
    time = hop * np.arange(-round(_BEFORE / hop), round(after / hop) + 1)
    at = np.full((len(tested), len(time)), -1)
    order = rows.order()
    for recording in np.unique(rows.recording):
        mine = order[rows.recording[order] == recording]
        for i in np.flatnonzero(rows.task_recording[tested] == recording):
            asked = rows.task_onset[tested[i]] + time
            place = np.searchsorted(rows.stop[mine], asked + AT_ONCE) - 1
            old = asked - rows.stop[mine][np.maximum(place, 0)]
            known = (place >= 0) & (old < 1.5 * hop)
            at[i, known] = mine[place[known]]
    known = at >= 0
    counted = np.eye(rows.n_classes)[pred[np.maximum(at, 0)]] * known[:, :, None]
    code = rows.task_code[tested]
    share = np.full((rows.n_classes, len(time), rows.n_classes), np.nan)
    for one in np.unique(code):
        there = known[code == one].sum(axis=0)
        total = counted[code == one].sum(axis=0)
        share[one, there > 0] = total[there > 0] / there[there > 0, None]
    hits = ((pred == truth)[np.maximum(at, 0)] & known).sum(axis=0)
    n_known = known.sum(axis=0)
    return Course(
        time=time,
        share=share,
        n_tasks=np.bincount(code, minlength=rows.n_classes),
        right=np.divide(hits, n_known, out=np.full(len(time), np.nan), where=n_known > 0),
        duration=float(np.median(rows.task_stop[tested] - rows.task_onset[tested])),
    )


@dataclass(frozen=True, eq=False)
class Detections:
    """What became of tasks and of idle.

    Parameters
    ----------
    n_tasks, n_detected, n_mistaken : int
        Tasks tested, with a correct activation, and with one of another class.
    latency : ndarray, shape (n_detected,)
        Seconds from the onset, ascending.
    n_false, n_late : int
        Activations in idle, and within a second after a task.
    idle_minutes : float
    """

    n_tasks: int
    n_detected: int
    n_mistaken: int
    latency: np.ndarray
    n_false: int
    n_late: int
    idle_minutes: float


def detections_of(pred: np.ndarray, rows: Timeline) -> Detections:
    """Count what a decoder did in tasks and in idle; raises as `course_of`."""
    told = told_events(pred, rows)
    latency = first_of_a_task(told)
    latency = np.sort(latency[np.isfinite(latency)])
    return Detections(
        n_tasks=len(np.unique(told.task[told.task >= 0])),
        n_detected=len(latency),
        n_mistaken=len(np.unique(told.task[told.wrong])),
        latency=latency,
        n_false=int(told.false.sum()),
        n_late=int((told.active & told.late).sum()),
        idle_minutes=float(np.sum(told.task < 0) * told.seconds / 60),
    )
