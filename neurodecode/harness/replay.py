"""Test a model that goes on learning: trial after trial, in the order they were recorded."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neurodecode.core.predictions import Predictions
from neurodecode.core.rows import Rows, in_time
from neurodecode.core.trials import Trials
from neurodecode.core.updating import learning, updated
from neurodecode.harness.answers import Fitted
from neurodecode.harness.fitting import FoldWork
from neurodecode.harness.handed import Input, picked
from neurodecode.harness.task import TaskJob

_ROUNDING = 1e-9  # s


def replay(
    work: FoldWork, job: TaskJob, fitted: Fitted, index: np.ndarray | None = None
) -> Predictions:
    """Give what a model says of the test rows, and let it learn as it goes where it may.

    Before a trial is answered, each stage that has `update` is handed it without its label. Under
    ``delayed_labels`` stages that learn labels are handed instead the trials that have ended by
    then, each once, with their labels. What is learnt of a person's trials serves those of the
    same person alone, and is forgotten with this call: the fitted model stays as it was.

    Trials go one at a time through all stages, so none can lean on a later one.

    Parameters
    ----------
    work : FoldWork
    job : TaskJob
    fitted : Fitted
    index : ndarray of int, optional
        Test rows to answer, as if there were no others.

    Returns
    -------
    predictions : Predictions
        In the order of the test rows, or of `index`.
    """
    if not job.updates:
        return work.predictions(fitted) if index is None else work.alone(job, fitted, index)
    index = np.arange(len(work.test)) if index is None else index
    trials, X = work.test.take(index), picked(work.first_input(job), index)
    at_once, when_told = learning(fitted.stages, job.updates)
    said: list[Any] = [None] * len(trials)
    for order in _each_person(trials.rows):
        own = replace(fitted, stages=copy.deepcopy(fitted.stages))  # equal fits are shared
        known = _known_from(trials.rows, order)
        n_told = np.zeros(len(order), dtype=bool)
        for place, k in enumerate(order):
            if job.y_test is not None:
                for j in np.flatnonzero((known <= place) & ~n_told):
                    n_told[j] = True
                    k_told = order[j : j + 1]
                    _shown(work, own, X, trials, k_told, when_told, job.y_test[index[k_told]])
            x = _shown(work, own, X, trials, order[[place]], at_once)
            # What leans on earlier windows is asked of all, once what the others say is known.
            said[k] = x if job.model.sequential else work.said(own, x, trials.take([k]))
    if job.model.sequential:
        return work.said(fitted, np.concatenate(said), trials)
    return _joined(said, trials.rows["uid"])


def _shown(
    work: FoldWork,
    fitted: Fitted,
    X: Input,
    trials: Trials,
    one: np.ndarray,
    learns: Sequence[bool],
    y: np.ndarray | None = None,
) -> Any:
    """Let stages learn from the row at `one`; gives what the last is handed for it."""
    row = trials.take(one)
    return updated(
        fitted.stages,
        picked(X, one),
        learns,
        y,
        hand=lambda stage, x: work.handed_to(stage, x, row, fitted),
    )


def _each_person(rows: Rows) -> Iterator[np.ndarray]:
    """Give the positions of each person's rows, in time."""
    person = rows.codes("subject")
    for code in np.unique(person):
        yield in_time(rows, np.flatnonzero(person == code))


def _known_from(rows: Rows, order: np.ndarray) -> np.ndarray:
    """Place in the order from which on each row's label is no secret: its trial has ended.

    A window is over before its own label is learnt; of windows after a recording's last trial
    nobody would have been told. Returned in the order of `order`.
    """
    stop = rows["stop"][order]
    ends = rows["trial_stop"][order] if "trial_stop" in rows else stop
    ends = np.maximum(ends, stop)
    recording = rows["recording"][order]
    known = np.full(len(order), len(order))
    for name in dict.fromkeys(recording):
        mine = np.flatnonzero(recording == name)
        later = np.searchsorted(stop[mine], ends[mine] - _ROUNDING, side="left")
        told = np.isfinite(ends[mine])
        known[mine[told]] = np.append(mine, mine[-1] + 1)[later[told]]
    return np.maximum(known, np.arange(len(order)) + 1)


def _joined(said: Sequence[Predictions], uid: np.ndarray) -> Predictions:
    first = said[0]
    scores = None
    if first.scores is not None:
        scores = np.concatenate([one.scores for one in said if one.scores is not None])
    pred = np.concatenate([one.pred for one in said])
    return Predictions(uid, first.kind, pred, scores, first.score_kind, first.samples)
