"""When decisions were made and what was to be decided then: what metrics in time ask of rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError

AT_ONCE = 1e-6  # seconds: times that are nearer are equal
TOLERANCE = 1.0  # seconds after a task in which acting is late, and not false


@dataclass(frozen=True, eq=False)
class Schedule:
    """Tasks of recordings over which windows slide: windows alone do not tell all of them.

    Parameters
    ----------
    tasks : DataFrame
        ``recording onset duration label``, by recording, then onset: seconds from the recording's
        start, and what the rows' label is called.
    idle : str
        Label of what lies in no task; empty where such windows are left out.
    """

    tasks: pd.DataFrame
    idle: str


@dataclass(frozen=True, eq=False)
class Timeline:
    """Windows in time, in the order of the rows they belong to, and the tasks around them.

    Parameters
    ----------
    recording : ndarray of int, shape (n,)
        Equal numbers, one recording.
    start, stop : ndarray, shape (n,)
        Seconds from the recording's start. A decision is made at `stop`, when the last sample of
        its window has come: what lies in ``(onset, end]`` is decided within the task.
    onset : ndarray, shape (n,)
        Of the event that the window belongs to; `start` where windows slide.
    n_classes : int
    task_recording : ndarray of int, shape (n_tasks,)
    task_onset, task_stop : ndarray, shape (n_tasks,)
        Seconds; by recording, then onset.
    task_code : ndarray of int, shape (n_tasks,)
        Class of each task.
    idle : int
        Class of what lies in no task; -1 where there is none.
    dwell : ndarray of int, shape (n,)
        Windows in a row that the decoder waits before it acts, at each row.
    refractory : ndarray, shape (n,)
        Seconds from one action to the next that it waits at least.
    """

    recording: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    onset: np.ndarray
    n_classes: int
    task_recording: np.ndarray
    task_onset: np.ndarray
    task_stop: np.ndarray
    task_code: np.ndarray
    idle: int
    dwell: np.ndarray
    refractory: np.ndarray

    @staticmethod
    def of(rows: pd.DataFrame, classes: Sequence[str], schedule: Schedule | None) -> "Timeline":
        """Give the timeline of rows.

        Parameters
        ----------
        rows : DataFrame
            With ``recording start stop onset``.
        classes : sequence of str
        schedule : Schedule or None
            Without one there is no task: windows stand around events.
        """
        codes, names = pd.factorize(rows["recording"].astype(str))
        tasks = pd.DataFrame({"recording": [], "onset": [], "duration": [], "label": []})
        idle = -1
        if schedule is not None:
            tasks = schedule.tasks
            idle = classes.index(schedule.idle) if schedule.idle in classes else -1
        recording = pd.Index(names).get_indexer(pd.Index(tasks["recording"].astype(str)))
        code = pd.Index(list(classes)).get_indexer(pd.Index(tasks["label"].astype(str)))
        onset, duration = (tasks[name].to_numpy(np.float64) for name in ("onset", "duration"))
        order = np.lexsort((onset, recording))
        # Tasks of recordings that are not tested, and of classes that are not asked, are none.
        order = order[(recording[order] >= 0) & (code[order] >= 0)]
        start, stop, begun = (
            rows[name].to_numpy(np.float64) for name in ("start", "stop", "onset")
        )
        return Timeline(
            recording=codes,
            start=start,
            stop=stop,
            onset=begun,
            n_classes=len(classes),
            task_recording=recording[order],
            task_onset=onset[order],
            task_stop=(onset + duration)[order],
            task_code=code[order],
            idle=idle,
            dwell=np.ones(len(rows), dtype=np.int64),
            refractory=np.zeros(len(rows)),
        )

    def __len__(self) -> int:
        return len(self.recording)

    @property
    def n_tasks(self) -> int:
        """How many tasks the recordings have, decided upon or not."""
        return len(self.task_code)

    @property
    def length(self) -> float:
        """Seconds of a window.

        Raises
        ------
        DataError
            If windows differ in length, or their times are unknown.
        """
        lengths = self.stop - self.start
        if not np.isfinite(lengths).all():
            raise DataError("the times of the windows are unknown")
        if np.ptp(lengths) > 1e-3:
            raise DataError(f"windows are {lengths.min():.3g} to {lengths.max():.3g} s long")
        return float(lengths.mean())

    @property
    def hop(self) -> float:
        """Seconds from one decision to the next; NaN where no recording has two."""
        order = self.order()
        step = np.diff(self.stop[order])
        step = step[(np.diff(self.recording[order]) == 0) & (step > AT_ONCE)]
        return float(np.median(step)) if len(step) else float("nan")

    def order(self) -> np.ndarray:
        """Positions of the rows by recording, then time of decision."""
        return np.lexsort((self.stop, self.recording))

    def take(self, index: np.ndarray) -> "Timeline":
        """Windows at `index`, with the tasks of their recordings."""
        recording = self.recording[index]
        mine = np.isin(self.task_recording, recording)
        return replace(
            self,
            recording=recording,
            start=self.start[index],
            stop=self.stop[index],
            onset=self.onset[index],
            task_recording=self.task_recording[mine],
            task_onset=self.task_onset[mine],
            task_stop=self.task_stop[mine],
            task_code=self.task_code[mine],
            dwell=self.dwell[index],
            refractory=self.refractory[index],
        )

    def decided_by(self, dwell: np.ndarray | float, refractory: np.ndarray | float) -> "Timeline":
        """Give the timeline of a decoder that waits so before it acts, and after it did."""
        n = len(self)
        return replace(
            self,
            dwell=np.broadcast_to(np.asarray(dwell, dtype=np.int64), n),
            refractory=np.broadcast_to(np.asarray(refractory, dtype=np.float64), n),
        )

    def trials(self) -> np.ndarray:
        """Give the trial that each row belongs to: a task and the idle before it are one.

        The second after a task still belongs to it; what follows belongs to the next. Idle after
        the last task of a recording belongs to that task.

        Returns
        -------
        trial : ndarray of int, shape (n,)
            Position of the task; -1 in recordings without one.
        """
        trial = np.full(len(self), -1)
        for one in np.unique(self.recording):
            rows = self.recording == one
            tasks = np.flatnonzero(self.task_recording == one)
            if len(tasks) == 0:
                continue
            later = np.append(self.task_onset[tasks][1:], np.inf)
            ends = np.minimum(self.task_stop[tasks] + TOLERANCE, later)
            place = np.searchsorted(ends + AT_ONCE, self.stop[rows], side="left")
            trial[rows] = tasks[np.minimum(place, len(tasks) - 1)]
        return trial
