"""Fit a model stage by stage within a fold, share what is equal, and predict."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.core.predictions import Predictions
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.stages import fit_transform, ignores_y, stages_of
from neurodecode.core.trials import Part, Trials, stack
from neurodecode.harness.jobs import describe_stage
from neurodecode.harness.pretrained import open_start
from neurodecode.harness.question import asks_unlabelled
from neurodecode.harness.task import FoldTask, TaskJob
from neurodecode.simulate import ORACLE_SIGNAL

Input = Any  # ndarray, list of ndarray, or Trials


@dataclass(frozen=True, eq=False)
class _Handed:
    """What a stage is handed: training rows, test rows, and rows seen before testing.

    A model that is fitted to be kept has no test rows; one that does not ask for training rows of
    unknown target, none of those.
    """

    train: Input
    test: Input
    adapt: Input
    unlabelled: Input = None


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted model, and what its last stage is handed for the test rows.

    Parameters
    ----------
    model : scikit-learn estimator
    stages : list
        The fitted stages, the predictor last; leading ones that were shared are not among them.
    test : ndarray, list of ndarray, or Trials
    reducer : scikit-learn transformer or None
        What predicted vectors are brought back through.
    """

    model: Any
    stages: list[Any]
    test: Input
    reducer: Any

    @property
    def last(self) -> Any:
        """The predictor."""
        return self.stages[-1]

    @property
    def flags(self) -> tuple[str, ...]:
        """What its stages found that the table must say, in their attribute ``flags_``."""
        return tuple(flag for stage in self.stages for flag in getattr(stage, "flags_", ()))


class FoldWork:
    """Inputs and fitted stages of one fold, kept as long as another job will ask for them."""

    def __init__(self, task: FoldTask):
        self._task = task
        self._inputs: dict[Any, _Handed] = {}
        self._memo: dict[str, tuple[Any, _Handed]] = {}
        self._names = {job.key: self._prefixes(job) for job in task.jobs if job.tuning is None}
        self._uses = Counter(name for names in self._names.values() for name in names)

    def fit(self, job: TaskJob) -> Fitted:
        """Fit a clone of a job's model, its arguments chosen, on the training rows."""
        model: Any = clone(job.model.estimator)
        joined = self._joins(job, model)
        y: Any = job.told if joined else job.y
        if self._task.kind == "none":
            y = None
        reducer: Any = None
        # The oracle answers with whole vectors, which there is no need to cut.
        if self._task.reduce is not None and job.model.input_needs.signals != (ORACLE_SIGNAL,):
            reducer = clone(self._task.reduce)
            y = reducer.fit(y).transform(y)
        handed = self._handed(job, joined)
        stages = stages_of(model)[job.n_shared :]
        names = self._names.get(job.key) or self._prefixes(job)
        fitted = []
        for stage, name in zip(stages[:-1], names, strict=True):
            handed = self._for(stage, handed, joined)
            stage, handed = self._fitted(name, stage, handed, y, job)
            fitted.append(stage)
        handed = self._for(stages[-1], handed, joined)
        last = self._learnt(stages[-1], handed, y, job)
        if handed.adapt is not None and hasattr(last, "adapt"):
            last = last.adapt(handed.adapt, job.y_adapt)
        fitted.append(last)
        if hasattr(model, "stages"):
            # Leading stages hold nothing that is learnt, so unfitted ones stand for them.
            model.stages_ = [*stages_of(model)[: job.n_shared], *fitted]
            model.classes_ = getattr(last, "classes_", None)
        return Fitted(model, fitted, handed.test, reducer)

    def predictions(self, fitted: Fitted) -> Predictions:
        """Give what a fitted model says of each test row."""
        task = self._task
        uid = task.test.rows["uid"]
        if task.kind == "none":
            said = self._apply(fitted.last.score_samples, fitted.test)
            return Predictions(uid, task.kind, np.asarray(said, dtype=np.float64))
        if task.kind != "label":
            pred = np.asarray(self._apply(fitted.last.predict, fitted.test), dtype=np.float64)
            if fitted.reducer is not None:
                pred = fitted.reducer.inverse_transform(pred)
            self._check_times(pred, 2 if task.kind == "vector" else 1)
            return Predictions(uid, task.kind, pred)
        pred = self._codes(fitted.last, fitted.test, len(task.classes))
        self._check_times(pred, 1)
        scores, kind = self._class_scores(fitted.last, fitted.test, len(task.classes), pred.ndim)
        return Predictions(uid, "label", pred, scores, kind)

    def _check_times(self, pred: np.ndarray, n_own: int) -> None:
        """Hold axes beyond the target's own to the samples of a trial."""
        if pred.ndim <= n_own:
            return
        trials = self._task.test
        signal = trials.signals[self._task.signal] if self._task.signal else None
        n_times = signal.piece(0).shape[-1] if signal is not None else 0
        if set(pred.shape[n_own:]) != {n_times}:
            raise DataError(
                f"predictions of shape {pred.shape}; one a test row is needed, or one at each of "
                f"the {n_times} samples of a trial."
            )

    def _joins(self, job: TaskJob, model: Any) -> bool:
        """Whether labelled rows of the tested join the training: where no stage adapts to them."""
        stages = stages_of(model)
        return job.y_adapt is not None and not any(hasattr(one, "adapt") for one in stages)

    def _prefixes(self, job: TaskJob) -> list[str]:
        """Names of the fitted stages before the predictor: equal names, equal fits."""
        estimator = job.model.estimator
        joined = self._joins(job, estimator)
        needs = job.model.input_needs
        columns = list(needs.columns) if needs.trials else None
        start = None if job.start is None else job.start.key
        more = [job.model.unlabelled, start]
        name: Any = [job.shared, job.model.flattens, columns, joined, *more]
        names = []
        truth = None
        for stage in stages_of(estimator)[job.n_shared : -1]:
            if not ignores_y(stage) or (hasattr(stage, "adapt") and job.y_adapt is not None):
                truth = digest_array(job.told)
            name = digest([name, describe_stage(stage), truth])
            names.append(name)
        return names

    def _learnt(self, stage: Any, handed: _Handed, y: Any, job: TaskJob) -> Any:
        """Fit a stage on what it asks for, from a fitted one where it starts from one."""
        X = handed.train
        if handed.unlabelled is not None and asks_unlabelled(stage):
            X, y = _joined(X, handed.unlabelled), _with_unknown(y, len(handed.unlabelled))
        if job.start is None or not getattr(getattr(stage, "needs", None), "init", False):
            return stage.fit(X, y)
        return stage.fit(X, y, init=open_start(job.start))

    def _fitted(
        self, name: str, stage: Any, handed: _Handed, y: Any, job: TaskJob
    ) -> tuple[Any, _Handed]:
        self._uses[name] -= 1
        if name in self._memo:
            return self._memo[name] if self._uses[name] > 0 else self._memo.pop(name)
        needs = getattr(stage, "needs", None)
        if isinstance(needs, Needs) and (needs.unlabelled or needs.init):
            stage = self._learnt(stage, handed, y, job)
            train = stage.transform(handed.train)
        else:
            train = fit_transform(stage, handed.train, y)
        adapt, more = handed.adapt, handed.unlabelled
        if adapt is not None:
            if hasattr(stage, "adapt"):
                stage = stage.adapt(adapt, job.y_adapt)
            adapt = stage.transform(adapt)
        test = None if handed.test is None else self._apply(stage.transform, handed.test)
        more = None if more is None else stage.transform(more)
        result = stage, _Handed(train, test, adapt, more)
        if self._uses[name] > 0:
            self._memo[name] = result
        return result

    def _rows(self, joined: bool) -> _Handed:
        """Give the rows of a fold; `joined`: those that are seen before are trained on."""
        task = self._task
        if not joined or task.adapt is None:
            return _Handed(task.train, task.test, task.adapt, task.unlabelled)
        return _Handed(stack([task.train, task.adapt]), task.test, None, task.unlabelled)

    def _for(self, stage: Any, handed: _Handed, joined: bool) -> _Handed:
        """Give a stage that asks for `Trials` what the stage before gave, with its columns."""
        needs = getattr(stage, "needs", None)
        if not isinstance(needs, Needs) or not needs.trials:
            return handed
        rows = self._rows(joined)
        pairs = (
            (handed.train, rows.train), (handed.test, rows.test), (handed.adapt, rows.adapt),
            (handed.unlabelled, rows.unlabelled),
        )  # fmt: skip
        return _Handed(*(_with_rows(X, trials, needs.columns) for X, trials in pairs))

    def _handed(self, job: TaskJob, joined: bool) -> _Handed:
        """Give what the first stage is handed."""
        needs = job.model.input_needs
        columns = needs.columns if needs.trials else None
        asks = job.model.unlabelled
        which = (job.shared, job.model.flattens, columns, needs.signals, needs.ragged, joined, asks)
        if which not in self._inputs:
            several = self._rows(joined)
            if not asks:
                several = replace(several, unlabelled=None)
            self._inputs[which] = _Handed(
                *(
                    None if one is None or len(one) == 0 else self._input(one, job, columns)
                    for one in (several.train, several.test, several.adapt, several.unlabelled)
                )
            )
        return self._inputs[which]

    def _input(self, trials: Trials, job: TaskJob, columns: tuple[str, ...] | None) -> Input:
        named = job.model.input_needs.signals
        signals = (self._task.signal,) if isinstance(named, int) else named
        if columns is not None:
            return self._with_columns(trials, columns, signals)
        name = job.shared or signals[0]
        if job.model.input_needs.ragged and not job.shared:
            return trials.list(name)
        X = trials.array(name)
        return X.reshape(len(X), -1) if job.model.flattens else X

    def _with_columns(
        self, trials: Trials, columns: tuple[str, ...], signals: tuple[str | None, ...]
    ) -> Trials:
        """Trials with the columns a model named and no others, in a table of their own."""
        rows = Rows(trials.rows.table.loc[:, list(columns)])
        return Trials(rows, {name: trials.signals[name] for name in signals if name is not None})

    def _apply(self, function: Callable[[Input], Any], X: Input) -> Any:
        """Call a function of test rows, one row at a time where the experiment says so."""
        if not self._task.one_by_one or len(X) == 0:
            return function(X)
        ones = (X.take([i]) if isinstance(X, Trials) else X[i : i + 1] for i in range(len(X)))
        return np.concatenate([np.asarray(function(one)) for one in ones])

    def _codes(self, model: Any, X: Input, n_classes: int) -> np.ndarray:
        """Codes of the predicted classes."""
        found = np.asarray(self._apply(model.predict, X))
        wrong = ~np.isin(found, np.arange(n_classes))
        if wrong.any():
            raise DataError(
                f"predict of {type(model).__name__} gives {found[wrong].tolist()[0]!r}. Classes "
                f"are the numbers 0 to {n_classes - 1} in fit, and must be in predict."
            )
        return found.astype(np.int64)

    def _class_scores(
        self, model: Any, X: Input, n_classes: int, n_axes: int
    ) -> tuple[np.ndarray | None, Any]:
        """Scores of all classes: probabilities where the model has them, else margins, or none."""
        for method, kind in (("predict_proba", "probability"), ("decision_function", "margin")):
            if not hasattr(model, method):
                continue
            found = np.asarray(self._apply(getattr(model, method), X), dtype=np.float64)
            known = np.asarray(model.classes_, dtype=np.int64)
            if found.ndim == n_axes:  # of two classes there may be the second one's margin alone
                found = np.stack([-found, found], axis=-1)
            if found.shape[-1] != len(known):
                raise DataError(
                    f"{method} of {type(model).__name__} gives {found.shape[-1]} columns for "
                    f"{len(known)} classes. One column a class is needed."
                )
            scores = np.zeros((*found.shape[:-1], n_classes))
            scores[..., known] = found
            return scores, kind
        return None, ""


def _joined(X: Input, more: Input) -> Input:
    """Trials of two, of whatever a stage is handed."""
    if isinstance(X, Trials):
        return stack([X, more])
    return [*X, *more] if isinstance(X, list) else np.concatenate([X, more])


def _with_unknown(y: np.ndarray | None, n_rows: int) -> np.ndarray | None:
    """Truth with that of rows of unknown target after it: -1 for classes, else NaN."""
    if y is None:
        return None
    unknown = np.full((n_rows, *y.shape[1:]), -1 if y.dtype.kind == "i" else np.nan, dtype=y.dtype)
    return np.concatenate([y, unknown])


def _with_rows(X: Input, trials: Trials, columns: tuple[str, ...]) -> Input:
    """Give trials as a stage made them, with columns of their rows; `Trials` are as they should."""
    if X is None or isinstance(X, Trials):
        return X
    X = np.asarray(X)
    space = Space("features", tuple(str(i) for i in range(X.shape[1])))
    axes = ("feature", *(f"axis {i}" for i in range(2, X.ndim)))
    rows = Rows(trials.rows.table.loc[:, list(columns)])
    return Trials.of_entries(
        rows, "features", Part(X, space, axes, None, 0.0, ""), np.arange(len(X))
    )
