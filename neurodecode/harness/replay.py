"""Test a model that goes on learning: window after window, in the order they were recorded."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neurodecode.core.needs import Needs
from neurodecode.core.predictions import Predictions
from neurodecode.core.rows import Rows, in_time
from neurodecode.core.stages import go_on, goes_on
from neurodecode.harness.fitting import Fitted, FoldWork, through_stages
from neurodecode.harness.handed import Input, asked_for, picked
from neurodecode.harness.task import TaskJob

_ROUNDING = 1e-9  # s


def replay(work: FoldWork, job: TaskJob, fitted: Fitted) -> Predictions:
    """Give what a model says of the test rows, and let it learn as it goes where it may.

    Before it answers a window, each stage that goes on learning is handed that window without its
    label. Under ``delayed_labels`` those that learn labels are handed instead the windows of
    trials that have ended by then, each once, with their labels. What is learnt of a test window
    is forgotten with this call: the fitted model stays as it was.

    Parameters
    ----------
    work : FoldWork
    job : TaskJob
    fitted : Fitted

    Returns
    -------
    predictions : Predictions
        In the order of the test rows.
    """
    if not job.updates:
        return work.predictions(fitted)
    trials = work.test
    stages = copy.deepcopy(fitted.stages)  # equal fits are shared with other models
    first = next(i for i, stage in enumerate(stages) if goes_on(stage))
    X = through_stages(stages[:first], work.first_input(job), trials)
    learning, fitted = stages[first:], replace(fitted, stages=stages)
    order = in_time(trials.rows, np.arange(len(trials)))
    known = _known_from(trials.rows, order, trials.rows["recording"][order])
    said: list[Any] = [None] * len(trials)
    # What leans on earlier windows is asked of all, once what the others say of each is known.
    needs = getattr(stages[-1], "needs", None)
    accumulates = isinstance(needs, Needs) and needs.sequential
    n_told = np.zeros(len(trials), dtype=bool)
    for place, k in enumerate(order):
        if job.y_test is not None:
            for j in order[:place][(known[:place] <= place) & ~n_told[order[:place]]]:
                n_told[j] = True
                _learn(learning, picked(X, np.array([j])), trials.take([j]), job.y_test[[j]])
        row, x = trials.take([k]), picked(X, np.array([k]))
        _learn(learning, x, row, None, labels_come=job.y_test is not None)
        x = through_stages(learning[:-1], x, row)
        said[k] = x if accumulates else work.said(fitted, x, row)
    if accumulates:
        return work.said(fitted, np.concatenate(said), trials)
    return _joined(said, trials.rows["uid"])


def _known_from(rows: Rows, order: np.ndarray, recording: np.ndarray) -> np.ndarray:
    """Place in the order from which on each row's label is no secret: its trial has ended.

    A window is over before its own label is learnt; of windows after a recording's last trial
    nobody would have been told. Returned in the order of `order`.
    """
    stop = rows["stop"][order]
    ends = rows["trial_stop"][order] if "trial_stop" in rows else stop
    ends = np.maximum(ends, stop)
    known = np.full(len(order), len(order))
    for name in dict.fromkeys(recording):
        mine = np.flatnonzero(recording == name)
        later = np.searchsorted(stop[mine], ends[mine] - _ROUNDING, side="left")
        told = np.isfinite(ends[mine])
        known[mine[told]] = mine[0] + later[told]
    return np.maximum(known, np.arange(len(order)) + 1)


def _learn(
    stages: Sequence[Any], X: Input, row: Any, y: np.ndarray | None, *, labels_come: bool = False
) -> None:
    """Hand a window to each stage that goes on learning, as those before it make it by now.

    With a label it goes to those that learn labels, without one to the others; to all of them,
    where no labels will come.
    """
    for i, stage in enumerate(stages):
        X = asked_for(stage, X, row)
        learns_labels = getattr(stage, "supervised", i == len(stages) - 1)
        if goes_on(stage) and (
            learns_labels if y is not None else not (labels_come and learns_labels)
        ):
            go_on(stage, X, y)
        if i < len(stages) - 1:
            X = stage.transform(X)


def _joined(said: Sequence[Predictions], uid: np.ndarray) -> Predictions:
    first = said[0]
    scores = None
    if first.scores is not None:
        scores = np.concatenate([one.scores for one in said if one.scores is not None])
    pred = np.concatenate([one.pred for one in said])
    return Predictions(uid, first.kind, pred, scores, first.score_kind)
