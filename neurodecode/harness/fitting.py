"""Fit a model stage by stage within a fold, share what is equal, and predict."""

import contextlib
from collections import Counter
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from sklearn.base import clone

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.core.predictions import Predictions
from neurodecode.core.rows import Rows
from neurodecode.core.stages import fit_transform, ignores_y, stages_of
from neurodecode.core.trials import Trials, stack
from neurodecode.core.truth import RaggedBrains, both_told, digest_told
from neurodecode.harness.answers import Fitted, answers, applied, class_scores, codes
from neurodecode.harness.beside import Beside
from neurodecode.harness.handed import (
    Handed,
    Input,
    appended,
    asked_for,
    picked,
    with_columns_for,
    with_unknown,
)
from neurodecode.harness.jobs import describe_stage
from neurodecode.harness.named_model import asks_unlabelled
from neurodecode.harness.pretrained import open_start
from neurodecode.harness.task import FoldTask, TaskJob
from neurodecode.harness.telling import told_to
from neurodecode.harness.validation import cut_validation
from neurodecode.metrics.metric import ScoreNeed
from neurodecode.simulate import ORACLE_SIGNAL


@dataclass(frozen=True, eq=False)
class _Cut:
    """Positions of the training rows that are trained on, and of those that are validated on."""

    train: np.ndarray
    val: np.ndarray


@dataclass(frozen=True, eq=False)
class _Told:
    """What a stage is told of the training and the validation rows."""

    y: Any
    y_val: Any
    beside: Beside | None
    beside_val: Beside | None


class FoldWork:
    """Inputs and fitted stages of one fold, kept as long as another job will ask for them."""

    def __init__(self, task: FoldTask):
        self._task = task
        self._inputs: dict[Any, Handed] = {}
        self._memo: dict[str, tuple[Any, Handed]] = {}
        self._cuts: dict[str, _Cut | None] = {}
        self._stacked: Trials | None = None
        self._names: dict[str, list[str]] = {}
        for job in (one for one in task.jobs if one.tuning is None):
            with contextlib.suppress(DataError):  # rows that cannot be parted: its fit says so
                self._names[job.key] = self._prefixes(job)
        self._uses = Counter(name for names in self._names.values() for name in names)

    def fit(self, job: TaskJob) -> Fitted:
        """Fit a clone of a job's model, its arguments chosen, on the training rows."""
        model: Any = clone(job.model.estimator)
        joined = self._joins(job, model)
        y: Any = job.told if joined else job.y
        handed, rows = self._handed(job, joined), self._rows(joined)
        cut, y_val = self._cut(job), None
        at, at_val = np.arange(len(y)), np.arange(0)  # of what rows are told beside
        if cut is not None:
            # Rows seen before testing stand after the training rows, and are trained on.
            mine = np.append(cut.train, np.arange(len(job.y), len(y)))
            y, y_val = y[mine], y[cut.val]
            at, at_val = mine, cut.val
            handed, rows = (
                replace(one, train=picked(one.train, mine), val=picked(one.train, cut.val))
                for one in (handed, rows)
            )
        if self._task.kind == "none":
            y = y_val = None
        reducer: Any = None
        # The oracle answers with whole vectors, which there is no need to cut.
        if self._task.reduce is not None and job.model.input_needs.signals != (ORACLE_SIGNAL,):
            reducer = clone(self._task.reduce)
            y = reducer.fit(told_to(reducer, y)).transform(told_to(reducer, y))
            y_val = None if y_val is None else reducer.transform(told_to(reducer, y_val))
        leading, stages = stages_of(model)[: job.n_shared], stages_of(model)[job.n_shared :]
        if job.is_null and hasattr(stages[-1], "of_null"):
            stages[-1].set_params(**stages[-1].of_null)
        names = self._names.get(job.key) or self._prefixes(job)
        fitted = []
        joining = None if joined else self._joining(job, stages)
        for i, (stage, name) in enumerate(zip(stages[:-1], names, strict=True)):
            handed = with_columns_for(stage, handed, rows, [*leading, *fitted], self.signal)
            told = _told(job, y, y_val, at, at_val)
            stage, handed = self._fitted(name, stage, handed, told, job)
            fitted.append(stage)
            if i == joining:
                y_more: Any = job.y_adapt
                if reducer is not None:
                    y_more = reducer.transform(told_to(reducer, y_more))
                y = None if y is None else both_told(y, y_more)
                at = np.append(at, len(job.y) + np.arange(len(y_more)))
                handed, rows = (
                    replace(one, train=appended(one.train, one.adapt), adapt=None)
                    for one in (handed, rows)
                )
        handed = with_columns_for(stages[-1], handed, rows, [*leading, *fitted], self.signal)
        last = self._learnt(stages[-1], handed, _told(job, y, y_val, at, at_val), job)
        if handed.adapt is not None and hasattr(last, "adapt"):
            last = self._adapted(last, handed.adapt, job, reducer)
        fitted.append(last)
        if hasattr(model, "stages"):
            # Leading stages hold nothing that is learnt, so unfitted ones stand for them.
            model.stages_ = [*leading, *fitted]
            model.classes_ = getattr(last, "classes_", None)
        truth: Any = job.y
        shape = tuple(getattr(truth, "shape", ())[1:])  # brains of several lengths have none
        return Fitted(model, fitted, handed.test, reducer, leading, shape)

    def predictions(self, fitted: Fitted) -> Predictions:
        """Give what a fitted model says of each test row."""
        return answers(self._task, fitted, self._task.test.rows["uid"])

    def asked(self, fitted: Fitted, need: ScoreNeed) -> Predictions:
        """Give what a metric looks at, and no more: classes alone, or scores and whom they favour.

        Many models find classes and scores by the same work, which is then done once.
        """
        uid = self.test.rows["uid"]
        if self._task.kind == "label" and need == "none":
            return Predictions(uid, "label", codes(self._task, fitted.last, fitted.test))
        if self._task.kind == "label" and hasattr(fitted.last, "predict_proba"):
            scores, kind = class_scores(self._task, fitted.last, fitted.test, 1)
            if scores is not None and scores.ndim == 2:
                return Predictions(uid, "label", scores.argmax(axis=1), scores, kind)
        return answers(self._task, fitted, uid)

    def alone(self, job: TaskJob, fitted: Fitted, index: np.ndarray) -> Predictions:
        """Give what a fitted model says of the test rows at `index`, and no others beside them."""
        rows = self.test.take(index)
        X = picked(self.first_input(job), index)
        for stage in fitted.stages[:-1]:
            X = stage.transform(self.handed_to(stage, X, rows, fitted))
        return self.said(fitted, X, rows)

    def handed_to(self, stage: Any, X: Input, trials: Trials, fitted: Fitted) -> Input:
        """Give a fitted stage trials as those before it made them, as it asks for them."""
        before = fitted.stages[: fitted.stages.index(stage)]
        return asked_for(stage, X, trials, [*fitted.leading, *before], self.signal)

    @property
    def test(self) -> Trials:
        """The test rows."""
        return self._task.test

    @property
    def signal(self) -> str | None:
        """Name of the input."""
        return self._task.signal

    def first_input(self, job: TaskJob) -> Input:
        """Give what the first fitted stage is handed for the test rows."""
        return self._handed(job, self._joins(job, job.model.estimator)).test

    def said(self, fitted: Fitted, X: Input, trials: Trials) -> Predictions:
        """Give what the predictor says of trials, as the stages before it made them."""
        X = self.handed_to(fitted.last, X, trials, fitted)
        return answers(self._task, replace(fitted, test=X), trials.rows["uid"])

    def _cut(self, job: TaskJob) -> "_Cut | None":
        """Part a job's training rows, where its model asks for validation rows."""
        if job.key not in self._cuts:
            task, cut = self._task, None
            if job.val is not None:
                train, val = cut_validation(task.train.rows, job.y, job.val, task.kind, job.seed)
                cut = _Cut(train, val)
            self._cuts[job.key] = cut
        return self._cuts[job.key]

    def _joins(self, job: TaskJob, model: Any) -> bool:
        """Whether labelled rows of the tested join the training: where no stage adapts to them."""
        stages = stages_of(model)
        return job.y_adapt is not None and not any(hasattr(one, "adapt") for one in stages)

    def _joining(self, job: TaskJob, stages: list[Any]) -> int | None:
        """Behind which stage labelled rows of the tested join the training: the last to adapt."""
        adapting = [i for i, one in enumerate(stages) if hasattr(one, "adapt")]
        if job.y_adapt is None or not adapting or adapting[-1] == len(stages) - 1:
            return None
        return adapting[-1]

    def _prefixes(self, job: TaskJob) -> list[str]:
        """Names of the fitted stages before the predictor: equal names, equal fits."""
        estimator = job.model.estimator
        joined = self._joins(job, estimator)
        needs = job.model.input_needs
        columns = list(needs.columns) if needs.trials else None
        cut = self._cut(job)
        parted = None if cut is None else digest_array(cut.val)
        start = None if job.start is None else job.start.key
        more = [parted, job.model.unlabelled, start]
        name: Any = [job.shared, job.model.flattens, columns, joined, *more]
        names = []
        truth = None
        stages = stages_of(estimator)[job.n_shared :]
        joining = None if joined else self._joining(job, stages)
        for i, stage in enumerate(stages[:-1]):
            if not ignores_y(stage) or (hasattr(stage, "adapt") and job.y_adapt is not None):
                truth = digest([digest_told(job.told), job.beside and job.beside.key])
            behind = joining is not None and i > joining
            name = digest([name, describe_stage(stage), truth, behind])
            names.append(name)
        return names

    def _learnt(self, stage: Any, handed: Handed, told: "_Told", job: TaskJob) -> Any:
        """Fit a stage on what it asks for, from a fitted one where it starts from one."""
        X, y, more = handed.train, told_to(stage, told.y), {}
        needs, n_unknown = getattr(stage, "needs", None), 0
        if handed.unlabelled is not None and asks_unlabelled(stage):
            n_unknown = len(handed.unlabelled)
            X, y = appended(X, handed.unlabelled), with_unknown(y, n_unknown)
        if told.beside is not None:
            more |= told.beside.asked_by(stage, n_unknown)
        if handed.val is not None and getattr(needs, "val", False):
            val = {} if told.beside_val is None else told.beside_val.asked_by(stage)
            more["val"] = handed.val, told_to(stage, told.y_val), *val.values()
        if getattr(needs, "target_space", False):
            more["space"] = job.space
        if job.start is not None and getattr(getattr(stage, "needs", None), "init", False):
            more["init"] = open_start(job.start)
        return stage.fit(X, y, **more)

    def _adapted(self, stage: Any, X: Input, job: TaskJob, reducer: Any = None) -> Any:
        """Let a stage see rows of the tested, with their truth where that may be told."""
        y = job.y_adapt
        if y is not None and reducer is not None:
            y = reducer.transform(told_to(reducer, y))
        # The tested are of one space, whoever was trained on.
        y = np.stack(y.each) if isinstance(y, RaggedBrains) else told_to(stage, y)
        if y is None or job.beside is None:
            return stage.adapt(X, y)
        seen = job.beside.take(len(job.y) + np.arange(len(y)))
        return stage.adapt(X, y, **seen.asked_by(stage))

    def _fitted(
        self, name: str, stage: Any, handed: Handed, told: "_Told", job: TaskJob
    ) -> tuple[Any, Handed]:
        self._uses[name] -= 1
        if name in self._memo:
            return self._memo[name] if self._uses[name] > 0 else self._memo.pop(name)
        needs = getattr(stage, "needs", None)
        asks = ("unlabelled", "init", "val", "training_columns", "training_signals", "target_space")
        if isinstance(needs, Needs) and any(getattr(needs, one) for one in asks):
            stage = self._learnt(stage, handed, told, job)
            train = stage.transform(handed.train)
        else:
            train = fit_transform(stage, handed.train, told_to(stage, told.y))
        # Rows of those who are trained on come before the stage has seen the tested.
        val = None if handed.val is None else stage.transform(handed.val)
        more = None if handed.unlabelled is None else stage.transform(handed.unlabelled)
        adapt = handed.adapt
        if adapt is not None:
            if hasattr(stage, "adapt"):
                stage = self._adapted(stage, adapt, job)
            adapt = stage.transform(adapt)
        test = None if handed.test is None else applied(self._task, stage.transform, handed.test)
        result = stage, Handed(train, test, adapt, val, more)
        if self._uses[name] > 0:
            self._memo[name] = result
        return result

    def _rows(self, joined: bool) -> Handed:
        """Give the rows of a fold; `joined`: those that are seen before are trained on."""
        task = self._task
        if not joined or task.adapt is None:
            return Handed(task.train, task.test, task.adapt, unlabelled=task.unlabelled)
        if self._stacked is None:
            self._stacked = stack([task.train, task.adapt])
        return Handed(self._stacked, task.test, None, unlabelled=task.unlabelled)

    def _handed(self, job: TaskJob, joined: bool) -> Handed:
        """Give what the first stage is handed."""
        needs = job.model.input_needs
        columns = needs.columns if needs.trials else () if needs.batches else None
        asks = job.model.unlabelled
        which = (job.shared, job.model.flattens, columns, needs.signals, needs.ragged, joined, asks)
        if which not in self._inputs:
            several = self._rows(joined)
            if not asks:
                several = replace(several, unlabelled=None)
            handed: dict[str, Any] = dict.fromkeys((one.name for one in fields(Handed)), None)
            for one in fields(Handed):
                mine: Trials | None = getattr(several, one.name)
                if mine is not None and len(mine) > 0:
                    handed[one.name] = self._input(mine, job, columns)
            self._inputs[which] = Handed(**handed)
        return self._inputs[which]

    def _input(self, trials: Trials, job: TaskJob, columns: tuple[str, ...] | None) -> Input:
        named = job.model.input_needs.signals
        signals = (self._task.signal,) if isinstance(named, int) else named
        if columns is not None:
            return self._with_columns(trials, columns, signals)
        name = job.shared or signals[0]
        if job.model.input_needs.ragged and not job.shared:
            return trials.array_or_list(name)
        spaces = {part.space for part in trials.signal(name).used()}
        if named == (ORACLE_SIGNAL,) and len(spaces) > 1:
            return trials.list(name)  # as long as each person has voxels
        X = trials.array(name)
        return X.reshape(len(X), -1) if job.model.flattens else X

    def _with_columns(
        self, trials: Trials, columns: tuple[str, ...], signals: tuple[str | None, ...]
    ) -> Trials:
        """Trials with the columns a model named and no others, in a table of their own."""
        rows = Rows(trials.rows.table.loc[:, list(columns)])
        return Trials(rows, {name: trials.signals[name] for name in signals if name is not None})


def _told(job: TaskJob, y: Any, y_val: Any, at: np.ndarray, at_val: np.ndarray) -> _Told:
    """Give what stages are told of the rows at `at`, and of those that are validated on."""
    if job.beside is None:
        return _Told(y, y_val, None, None)
    return _Told(y, y_val, job.beside.take(at), job.beside.take(at_val))
