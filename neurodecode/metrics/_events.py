"""Decisions in time against tasks in time: who acted when, and in which task."""

from dataclasses import dataclass

import numpy as np

from neurodecode.core.decisions import stretches
from neurodecode.core.errors import DataError
from neurodecode.core.timeline import AT_ONCE, TOLERANCE, Timeline


@dataclass(frozen=True, eq=False)
class Told:
    """What happened at each decision, in the order of the rows.

    Parameters
    ----------
    active : ndarray of bool, shape (n,)
        Whether an activation begins there: a task is decided that was not decided just before.
    task : ndarray of int, shape (n,)
        The task within which, or within whose tolerance zone, the decision lies; -1 in idle.
    late : ndarray of bool, shape (n,)
        Whether it lies in the tolerance zone.
    latency : ndarray, shape (n,)
        Seconds from the task's onset to the decision; NaN in idle.
    right : ndarray of bool, shape (n,)
        Whether what is decided is the class of that task.
    seconds : float
        What one decision stands for: the time to the next.
    """

    active: np.ndarray
    task: np.ndarray
    late: np.ndarray
    latency: np.ndarray
    right: np.ndarray
    seconds: float

    @property
    def false(self) -> np.ndarray:
        """Activations in idle, beyond the tolerance zones."""
        return self.active & (self.task < 0)

    @property
    def correct(self) -> np.ndarray:
        """Activations of the task in which they lie."""
        return self.active & (self.task >= 0) & self.right

    @property
    def wrong(self) -> np.ndarray:
        """Activations of another class than that of the task in which they lie."""
        return self.active & (self.task >= 0) & ~self.right


def told_events(pred: np.ndarray, rows: Timeline) -> Told:
    """Find the activations among decisions, and the tasks in which they lie.

    Parameters
    ----------
    pred : ndarray of int, shape (n,)
        What is decided at each row; idle where nothing is.
    rows : Timeline

    Raises
    ------
    DataError
        If there is no class of idle, no task with a decision in it, or a decision that stands
        twice.
    """
    check_schedule(rows)
    task, late = places(rows)
    known = task >= 0
    at = np.where(known, task, 0)
    return Told(
        active=beginnings(pred, rows),
        task=task,
        late=late,
        latency=np.where(known, rows.stop - rows.task_onset[at], np.nan),
        right=known & (pred == rows.task_code[at]),
        seconds=rows.hop if np.isfinite(rows.hop) else rows.length,
    )


def check_schedule(rows: Timeline) -> None:
    """Hold rows to having idle, a task, and one decision a time."""
    if rows.idle < 0:
        raise DataError("no class is that of idle. Say in windows: otherwise: idle")
    order = rows.order()
    again = (np.diff(rows.stop[order]) <= AT_ONCE) & (np.diff(rows.recording[order]) == 0)
    if again.any():
        raise DataError("two decisions are made at the same time of a recording")
    if rows.n_tasks == 0 or not (places(rows)[0] >= 0).any():
        raise DataError("no decision lies in a task")


def beginnings(pred: np.ndarray, rows: Timeline) -> np.ndarray:
    """Say at which rows an activation begins; a gap in time ends what was held before it."""
    order = rows.order()
    said = pred[order]
    anew = np.append(True, said[1:] != said[:-1])
    anew[stretches(rows.recording[order], rows.stop[order], rows.hop)] = True
    active = np.empty(len(pred), dtype=bool)
    active[order] = anew & (said != rows.idle)
    return active


def places(rows: Timeline) -> tuple[np.ndarray, np.ndarray]:
    """Give the task of each row, and whether it lies in the tolerance zone behind it.

    A zone ends where the next task begins. Where tasks overlap a decision belongs to the one that
    began last, as windows do.

    Returns
    -------
    task : ndarray of int, shape (n,)
        -1 for idle.
    late : ndarray of bool, shape (n,)
    """
    task = np.full(len(rows), -1)
    for one in np.unique(rows.recording):
        mine = np.flatnonzero(rows.recording == one)
        tasks = np.flatnonzero(rows.task_recording == one)
        # What is decided at the onset has seen nothing of the task yet.
        begun = np.searchsorted(rows.task_onset[tasks] + AT_ONCE, rows.stop[mine]) - 1
        task[mine[begun >= 0]] = tasks[begun[begun >= 0]]
    end = rows.task_stop[np.maximum(task, 0)] if rows.n_tasks else np.zeros(len(rows))
    task[rows.stop > end + TOLERANCE + AT_ONCE] = -1
    return task, (task >= 0) & (rows.stop > end + AT_ONCE)


def one_a_task(task: np.ndarray, happened: np.ndarray) -> np.ndarray:
    """Say of each task whether something happened in it, at its last row; NaN at all others.

    Parameters
    ----------
    task : ndarray of int, shape (n,)
        -1 for idle. Rows may stand in any order.
    happened : ndarray of bool, shape (n,)
    """
    told = np.full(len(task), np.nan)
    known = np.flatnonzero(task >= 0)
    names, which = np.unique(task[known], return_inverse=True)
    last = np.zeros(len(names), dtype=np.int64)
    last[which] = known  # of those assigned, the last one stays
    told[last] = np.bincount(which, weights=happened[known], minlength=len(names)) > 0
    return told


def first_of_a_task(told: Told) -> np.ndarray:
    """Seconds from onset to the first correct activation of each task, at its row; else NaN."""
    latency = np.full(len(told.task), np.nan)
    rows = np.flatnonzero(told.correct)
    rows = rows[np.argsort(told.latency[rows], kind="stable")]
    _, first = np.unique(told.task[rows], return_index=True)
    latency[rows[first]] = told.latency[rows[first]]
    return latency
