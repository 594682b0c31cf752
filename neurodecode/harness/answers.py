"""What a fitted model says of rows, in the form in which it is stored."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.predictions import Predictions
from neurodecode.core.target import n_axes
from neurodecode.core.trials import Trials
from neurodecode.harness.handed import Input
from neurodecode.harness.task import FoldTask
from neurodecode.harness.telling import pictures_of


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
    leading : list
        Stages before the fitted ones, which hold nothing that is learnt.
    shape : tuple of int
        Of what is to be told of one row, such as height, width and channels of a picture; empty of
        labels and numbers.
    """

    model: Any
    stages: list[Any]
    test: Input
    reducer: Any
    leading: list[Any] = field(default_factory=list)
    shape: tuple[int, ...] = ()

    @property
    def last(self) -> Any:
        """The predictor."""
        return self.stages[-1]

    @property
    def samples(self) -> tuple[int, ...]:
        """Samples of a trial at which the predictor answers, where these are not all."""
        return tuple(int(one) for one in getattr(self.last, "samples_", ()))

    @property
    def flags(self) -> tuple[str, ...]:
        """What its stages found that the table must say, in their attribute ``flags_``."""
        return tuple(flag for stage in self.stages for flag in getattr(stage, "flags_", ()))

    @property
    def decides(self) -> dict[str, float]:
        """How the predictor waits before it decides; empty where it answers row by row."""
        return dict(getattr(self.last, "decides", {}))

    @property
    def choices(self) -> dict[str, np.ndarray]:
        """What the predictor chose for each target, such as a layer or a delay.

        A predictor that chooses has a method ``choices()``, which gives names to arrays of whole
        numbers, shape (n_targets,).
        """
        if not hasattr(self.last, "choices"):
            return {}
        return {name: np.asarray(one, dtype=np.int64) for name, one in self.last.choices().items()}


def answers(task: FoldTask, fitted: Fitted, uid: np.ndarray) -> Predictions:
    """Give what a fitted model says of rows.

    Parameters
    ----------
    task : FoldTask
    fitted : Fitted
    uid : ndarray of str, shape (n_rows,)
        Of the rows that its last stage is handed.

    Raises
    ------
    DataError
        If these are no answers to them.
    """
    if task.kind == "none":
        said = applied(task, fitted.last.score_samples, fitted.test)
        return Predictions(uid, task.kind, np.asarray(said, dtype=np.float64))
    if task.kind != "label":
        pred = np.asarray(applied(task, fitted.last.predict, fitted.test))
        if task.kind == "picture":
            pred = pred if fitted.reducer is None else fitted.reducer.inverse_transform(pred)
            said = pictures_of(pred, fitted.shape, fitted.reducer or fitted.last)
            return Predictions(uid, task.kind, said)
        n_own, samples = n_axes(task.kind), fitted.samples
        if pred.ndim == 1 and n_own == 2 and fitted.shape == (1,):
            pred = pred[:, None]  # as regressors of scikit-learn answer who told them one column
        # Vectors are kept in the precision of their model, and over windows as it gives them:
        # they are many.
        if not samples and not (task.kind == "vector" and pred.dtype == np.float32):
            pred = pred.astype(np.float64, copy=False)
        if fitted.reducer is not None:
            pred = brought_back(fitted.reducer, pred, n_own)
        _check_times(task, pred, n_own, samples)
        return Predictions(uid, task.kind, pred, samples=samples)
    pred = codes(task, fitted.last, fitted.test)
    _check_times(task, pred, 1)
    scores, kind = class_scores(task, fitted.last, fitted.test, pred.ndim)
    return Predictions(uid, "label", pred, scores, kind)


def codes(task: FoldTask, model: Any, X: Input) -> np.ndarray:
    """Give the codes of the predicted classes."""
    n_classes = len(task.classes)
    found = np.asarray(applied(task, model.predict, X))
    wrong = ~np.isin(found, np.arange(n_classes))
    if wrong.any():
        raise DataError(
            f"predict of {type(model).__name__} gives {found[wrong].tolist()[0]!r}. Classes "
            f"are the numbers 0 to {n_classes - 1} in fit, and must be in predict."
        )
    return found.astype(np.int64)


def class_scores(
    task: FoldTask, model: Any, X: Input, n_axes: int
) -> tuple[np.ndarray | None, Any]:
    """Give scores of all classes: probabilities where the model has them, else margins, or none."""
    for method, kind in (("predict_proba", "probability"), ("decision_function", "margin")):
        if not hasattr(model, method):
            continue
        found = np.asarray(applied(task, getattr(model, method), X), dtype=np.float64)
        known = np.asarray(model.classes_, dtype=np.int64)
        if found.ndim == n_axes:  # of two classes there may be the second one's margin alone
            found = np.stack([-found, found], axis=-1)
        if found.shape[-1] != len(known):
            raise DataError(
                f"{method} of {type(model).__name__} gives {found.shape[-1]} columns for "
                f"{len(known)} classes. One column a class is needed."
            )
        scores = np.zeros((*found.shape[:-1], len(task.classes)))
        scores[..., known] = found
        return scores, kind
    return None, ""


def applied(task: FoldTask, function: Callable[[Input], Any], X: Input) -> Any:
    """Call a function of test rows, one row at a time where the experiment says so."""
    if not task.one_by_one or len(X) == 0:
        return function(X)
    ones = (X.take([i]) if isinstance(X, Trials) else X[i : i + 1] for i in range(len(X)))
    return np.concatenate([np.asarray(function(one)) for one in ones])


def brought_back(reducer: Any, pred: np.ndarray, n_own: int) -> np.ndarray:
    """Bring vectors back from the space they were learnt in, at each time that they are told at."""
    if pred.ndim == n_own:
        return reducer.inverse_transform(pred)
    times = range(pred.shape[-1])
    back = [reducer.inverse_transform(pred[..., i]).astype(pred.dtype) for i in times]
    return np.stack(back, axis=-1)


def _check_times(
    task: FoldTask, pred: np.ndarray, n_own: int, samples: tuple[int, ...] = ()
) -> None:
    """Hold axes beyond the target's own to the samples of a trial, or those that are named."""
    if pred.ndim <= n_own or (samples and set(pred.shape[n_own:]) == {len(samples)}):
        return
    signal = task.test.signals[task.signal] if task.signal else None
    n_times = signal.piece(0).shape[-1] if signal is not None else 0
    if set(pred.shape[n_own:]) != {n_times}:
        raise DataError(
            f"predictions of shape {pred.shape}; one a test row is needed, or one at each of "
            f"the {n_times} samples of a trial."
        )
