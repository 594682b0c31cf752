"""Choose a model's arguments on inner folds of the training rows, which keep the same apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    StratifiedKFold,
)

from neurodecode.core.config import check_arguments, nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.fold import Fold
from neurodecode.core.names import find
from neurodecode.core.nodes import Node, Problems
from neurodecode.core.rows import Rows
from neurodecode.core.stages import stages_of
from neurodecode.core.timeline import Timeline
from neurodecode.core.truth import Taught
from neurodecode.harness.fitting import FoldWork
from neurodecode.harness.in_use import keep_apart
from neurodecode.harness.jobs import describe_stage
from neurodecode.harness.question import Question
from neurodecode.harness.replay import replay
from neurodecode.harness.staged import staged
from neurodecode.harness.task import FoldTask, TaskJob, Tuning


def check_tuning(question: Question) -> None:
    """Hold what is to be tuned to the models: names of arguments, types of values, the metric.

    Raises
    ------
    ConfigError
        With every mistake, a line each.
    """
    tune, problems = question.tune, Problems("tune")
    if tune is None:
        return
    metric = tune.metric or question.metrics[0]
    try:
        judged: Any = find(metric, "metrics")
        if question.target.kind not in judged.kinds:
            kinds = " or ".join(judged.kinds)
            told = f"{metric} judges {kinds}, and the target is a {question.target.kind}."
            problems.add(Node(None), "metric", told)
        if judged.view:
            told = f"{metric} is of features, and is computed once all is scored. Name another."
            problems.add(Node(None), "metric", told)
    except ConfigError as error:
        problems.add(Node(None), "metric", str(error))
    for model in (one for one in question.models if one.name in tune.grids):
        known = model.estimator.get_params(deep=True)
        for name, values in tune.grids[model.name].items():
            place = f"grids.{model.name}"
            if name not in known:
                told = f"it has no argument {name!r}.{nearest(name, known)}"
                problems.add(Node(None), place, told)
                continue
            step, _, argument = name.rpartition("__")
            owner = type(known[step] if step else model.estimator)
            for value in values:
                check_arguments({argument: value}, owner, Node(None), place, problems, some=True)
    problems.stop()


def choose(job: TaskJob, task: FoldTask) -> tuple[TaskJob, dict[str, Any]]:
    """Give a job whose model has the arguments that inner folds favour, and what they scored.

    Parameters
    ----------
    job : TaskJob
    task : FoldTask
        Only its training rows are looked at.

    Returns
    -------
    job : TaskJob
    tuned : dict
        ``chosen`` and ``scores``, one a candidate; empty where nothing is tuned.

    Raises
    ------
    DataError
        If inner folds cannot keep apart what the protocol does, or no candidate has a score.
    """
    if job.tuning is None:
        return job, {}
    metric: Any = find(job.tuning.metric, "metrics")
    candidates = candidates_of(job.tuning.grid)
    jobs = [_with_arguments(job, chosen) for chosen in candidates]
    folds = list(inner_folds(task.train.rows, job.y, job.tuning, task.kind, job.seed))
    found = np.full((len(candidates), len(folds)), np.nan)
    for group in staged(jobs, task.train, task.signal):
        mine = replace(task, train=group.train)
        for i, fold in enumerate(folds):
            found[group.which, i] = _scores(fold, group.jobs, mine, metric)
    if not np.isfinite(found).any(axis=1).all():
        raise DataError(
            f"tune: {metric.name} could not be computed on the inner folds of this fold. Use "
            "another metric, or fewer n_splits."
        )
    means = np.nanmean(found, axis=1)
    best = int(np.argmax(means if metric.direction == "up" else -means))
    told = [
        {"arguments": plain, "score": float(mean)}
        for plain, mean in zip(candidates, means, strict=True)
    ]
    return jobs[best], {"metric": metric.name, "chosen": candidates[best], "scores": told}


def candidates_of(grid: Mapping[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Give all combinations, the last argument changing fastest; of equal scores the first wins.

    Where arguments are written in the order of the alphabet, this is
    `sklearn.model_selection.ParameterGrid`.
    """
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def inner_folds(rows: Rows, y: Taught, tuning: Tuning, kind: str, seed: int) -> Iterator[Fold]:
    """Split training rows; groups stay whole, and windows near a test window are purged.

    Near is what overlaps one or, of decoders in use, lies within the gap that outer folds keep.

    Parameters
    ----------
    rows : Rows
    y : ndarray or Entries, shape (n_rows, …)
    tuning : Tuning
    kind : str
        The target's kind; labels are stratified.
    seed : int
    """
    groups, n_splits = tuning.groups, tuning.n_splits
    splitter: Any
    if groups is None:
        kept = StratifiedKFold if kind == "label" else KFold
        splitter = kept(n_splits, shuffle=True, random_state=seed)
    else:
        n_groups = len(np.unique(groups))
        if n_groups < 2:
            raise DataError(
                "tune: these training rows are of one group (run, session, subject or block, or "
                "joined by what data.pair gives them), so no inner fold keeps apart what the "
                "protocol does. Use more runs or subjects, or leave tune out."
            )
        if n_groups <= n_splits:
            splitter = LeaveOneGroupOut()
        elif kind == "label":
            splitter = StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)
        else:
            splitter = GroupKFold(n_splits)
    stratum = y if kind == "label" else np.zeros(len(rows))
    for i, (train, test) in enumerate(splitter.split(np.zeros(len(rows)), stratum, groups)):
        fold = Fold.of(f"inner-{i}", len(rows), train=train, test=test)
        yield keep_apart(fold, rows, "purge", tuning.gap)


def _with_arguments(job: TaskJob, chosen: Mapping[str, Any]) -> TaskJob:
    """Give the job with other arguments of its model."""
    model: Any = clone(job.model.estimator)
    model.set_params(**chosen)
    # Where leading stages differ, what was computed for the others is not this one's.
    before, after = (
        [describe_stage(stage) for stage in stages_of(one)[: job.n_shared]]
        for one in (job.model.estimator, model)
    )
    same = before == after
    return replace(
        job,
        model=replace(job.model, estimator=model),
        shared=job.shared if same else "",
        n_shared=job.n_shared if same else 0,
        tuning=None,
    )


def _scores(fold: Fold, jobs: Sequence[TaskJob], task: FoldTask, metric: Any) -> np.ndarray:
    """Score of each candidate on one inner fold; NaN where it has none."""
    train, test = fold.index("train"), fold.index("test")
    inner = tuple(
        replace(
            job,
            key=str(i),
            y=job.y[train],
            y_adapt=None,
            beside=None if job.beside is None else job.beside.take(train),
            y_test=job.y[test] if job.updates == "delayed_labels" else None,
            val=None if job.val is None else job.val.take(train),
        )
        for i, job in enumerate(jobs)
    )
    work = FoldWork(
        replace(
            task,
            train=task.train.take(train),
            test=task.train.take(test),
            adapt=None,
            unlabelled=None,  # nothing tells which of them inner folds may learn from
            jobs=inner,
        )
    )
    found = []
    rows = None
    if metric.times != "none":
        rows = Timeline.of(task.train.rows.take(test).table, task.classes, task.schedule)
    for one, job in zip(inner, jobs, strict=True):
        fitted = work.fit(one)
        plain = metric.times == "none" and not one.updates
        said = work.asked(fitted, metric.scores) if plain else replay(work, one, fitted)
        waits = fitted.decides
        mine = rows
        if rows is not None and waits:
            mine = rows.decided_by(waits["dwell"], waits["refractory"])
        value = metric.evaluate(
            np.asarray(job.y[test]),
            said.pred.astype(np.float64) if task.kind == "vector" else said.pred,
            scores=said.scores,
            score_kind=said.score_kind,
            kind=task.kind,
            n_classes=len(task.classes) or None,
            rows=mine,
        )
        found.append(value if isinstance(value, float) else np.nan)
    return np.array(found)
