"""One fold: fit stage by stage, share what is equal, store each prediction before the next."""

import contextlib
import random
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import DataError
from neurodecode.core.predictions import Predictions
from neurodecode.core.processes import one_thread
from neurodecode.core.rows import Rows
from neurodecode.core.stages import fit_transform, ignores_y, stages_of
from neurodecode.core.trials import Trials
from neurodecode.harness.jobs import describe_stage
from neurodecode.harness.question import NamedModel
from neurodecode.harness.store import Store


@dataclass(frozen=True, eq=False)
class TaskJob:
    """What a worker needs of a job."""

    key: str
    parts: dict[str, Any]
    label: str
    model: NamedModel
    seed: int
    shared: str
    n_shared: int
    y: np.ndarray
    is_null: bool


@dataclass(frozen=True, eq=False)
class FoldTask:
    """The open jobs of one fold, with the rows it uses and no others.

    Parameters
    ----------
    train, test : Trials
        Signals and columns; the shared signals of leading stages among them.
    jobs : tuple of TaskJob
        Each with the truth of its training rows, in their order.
    kind : str
        The target's kind.
    classes : tuple of str
    signal : str or None
        Name of the input signal.
    store : Store
    """

    train: Trials
    test: Trials
    jobs: tuple[TaskJob, ...]
    kind: str
    classes: tuple[str, ...]
    signal: str | None
    store: Store


@dataclass(frozen=True)
class Outcome:
    """How a job ended: stored, or with an error."""

    key: str
    error: str = ""
    traceback: str = ""


def run_fold(task: FoldTask) -> list[Outcome]:
    """Run the jobs of a fold under one thread; a job that fails does not stop the others."""
    outcomes = []
    with one_thread():
        work = _FoldWork(task)
        for job in task.jobs:
            if task.store.has(job.key):
                outcomes.append(Outcome(job.key))
                continue
            started = time.perf_counter()
            try:
                with _quiet_chance(job.seed), warnings.catch_warnings(record=True) as said:
                    warnings.simplefilter("always")
                    predictions, patterns = work.fit_and_predict(job)
            except (Exception, SystemExit) as error:  # in any way; the table shows how
                outcomes.append(Outcome(job.key, _one_line(error), traceback.format_exc()))
                continue
            log = "\n".join(dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in said))
            seconds = time.perf_counter() - started
            task.store.save_job(
                job.key, job.parts, predictions, task.classes, log, patterns, seconds
            )
            outcomes.append(Outcome(job.key))
    return outcomes


class _FoldWork:
    """Inputs and fitted stages of one fold, kept as long as another job will ask for them."""

    def __init__(self, task: FoldTask):
        self._task = task
        self._inputs: dict[tuple[str, bool], tuple[np.ndarray, np.ndarray]] = {}
        self._memo: dict[str, tuple[Any, Any, Any]] = {}
        self._names = {job.key: self._prefixes(job) for job in task.jobs}
        self._uses = Counter(name for names in self._names.values() for name in names)

    def fit_and_predict(self, job: TaskJob) -> tuple[Predictions, dict[str, np.ndarray]]:
        model: Any = clone(job.model.estimator)
        needs = job.model.input_needs
        if needs.trials:
            model.fit(self._handed(self._task.train, needs.columns), job.y)
            test = self._handed(self._task.test, needs.columns)
            return self._predictions(model, test), _patterns(model, job)
        X_train, X_test = self._arrays(job)
        stages = stages_of(model)[job.n_shared :]
        fitted = []
        for stage, name in zip(stages[:-1], self._names[job.key], strict=True):
            stage, X_train, X_test = self._fitted(name, stage, X_train, X_test, job.y)
            fitted.append(stage)
        fitted.append(stages[-1].fit(X_train, job.y))
        if hasattr(model, "stages"):
            # Leading stages hold nothing that is learnt, so unfitted ones stand for them.
            model.stages_ = [*stages_of(model)[: job.n_shared], *fitted]
            model.classes_ = getattr(fitted[-1], "classes_", None)
        return self._predictions(fitted[-1], X_test), _patterns(model, job)

    def _prefixes(self, job: TaskJob) -> list[str]:
        """Names of the fitted stages before the predictor: equal names, equal fits."""
        if job.model.input_needs.trials:
            return []
        name: Any = [job.shared, job.model.flattens]
        truth = None
        names = []
        for stage in stages_of(job.model.estimator)[job.n_shared : -1]:
            if not ignores_y(stage):
                truth = digest_array(job.y)
            name = digest([name, describe_stage(stage), truth])
            names.append(name)
        return names

    def _fitted(self, name: str, stage: Any, X_train: Any, X_test: Any, y: np.ndarray) -> Any:
        self._uses[name] -= 1
        if name in self._memo:
            return self._memo[name] if self._uses[name] else self._memo.pop(name)
        X_train = fit_transform(stage, X_train, y)
        result = (stage, X_train, stage.transform(X_test))
        if self._uses[name]:
            self._memo[name] = result
        return result

    def _arrays(self, job: TaskJob) -> tuple[np.ndarray, np.ndarray]:
        which = (job.shared, job.model.flattens)
        if which not in self._inputs:
            name = job.shared or self._task.signal
            train, test = self._task.train.array(name), self._task.test.array(name)
            if job.model.flattens:
                train, test = train.reshape(len(train), -1), test.reshape(len(test), -1)
            self._inputs[which] = train, test
        return self._inputs[which]

    def _handed(self, trials: Trials, columns: tuple[str, ...]) -> Trials:
        """Trials with the columns a model named and no others, in a table of their own."""
        rows = Rows(trials.rows.table.loc[:, list(columns)])
        named = (
            {}
            if self._task.signal is None
            else {self._task.signal: trials.signals[self._task.signal]}
        )
        return Trials(rows, named)

    def _predictions(self, model: Any, X: Any) -> Predictions:
        uid = self._task.test.rows["uid"]
        if self._task.kind != "label":
            return Predictions(uid, self._task.kind, np.asarray(model.predict(X), dtype=np.float64))
        pred = _codes(model, X, len(self._task.classes))
        scores, kind = _class_scores(model, X, len(self._task.classes))
        return Predictions(uid, "label", pred, scores, kind)


def _codes(model: Any, X: Any, n_classes: int) -> np.ndarray:
    """Codes of the predicted classes."""
    found = np.asarray(model.predict(X))
    wrong = ~np.isin(found, np.arange(n_classes))
    if wrong.any():
        raise DataError(
            f"predict of {type(model).__name__} gives {found[wrong].tolist()[0]!r}. Classes are "
            f"the numbers 0 to {n_classes - 1} in fit, and must be in predict."
        )
    return found.astype(np.int64)


def _class_scores(model: Any, X: Any, n_classes: int) -> tuple[np.ndarray | None, Any]:
    """Scores of all classes: probabilities where the model has them, else margins, else none."""
    for method, kind in (("predict_proba", "probability"), ("decision_function", "margin")):
        if not hasattr(model, method):
            continue
        found = np.asarray(getattr(model, method)(X), dtype=np.float64)
        if found.ndim == 1:
            found = np.column_stack([-found, found])
        known = np.asarray(model.classes_, dtype=np.int64)
        if found.shape[1] != len(known):
            raise DataError(
                f"{method} of {type(model).__name__} gives {found.shape[1]} columns for "
                f"{len(known)} classes. One column a class is needed."
            )
        scores = np.zeros((len(found), n_classes))
        scores[:, known] = found
        return scores, kind
    return None, ""


def _patterns(model: Any, job: TaskJob) -> dict[str, np.ndarray]:
    if job.is_null or job.model.role == "control" or not hasattr(model, "patterns"):
        return {}
    return {name: np.asarray(one, dtype=np.float64) for name, one in model.patterns().items()}


@contextlib.contextmanager
def _quiet_chance(seed: int) -> Iterator[None]:
    """Seed the global generators for models that draw from them, and put them back."""
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    np.random.seed(seed % 2**32)  # noqa: NPY002
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or "no message"
    return text if isinstance(error, DataError) else f"{type(error).__name__}: {text}"
