"""Any classifier of probabilities as a decoder that accumulates evidence."""

import copy
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.stages import fit_transform, stages_of, takes_rows_of_numbers
from neurodecode.core.trials import Trials
from neurodecode.models.online.accumulate import Accumulate


class Accumulated(ClassifierMixin, BaseEstimator):
    """A model whose probabilities are accumulated, as stages; see `accumulated`."""

    def __init__(
        self,
        model: Any,
        average: int = 1,
        threshold: float = 0.5,
        dwell: int = 1,
        refractory: float = 0.0,
        idle: int = 0,
    ):
        self.model = model
        self.average = average
        self.threshold = threshold
        self.dwell = dwell
        self.refractory = refractory
        self.idle = idle

    def stages(self) -> list:
        """Give the model's unfitted stages, its classifier giving probabilities, and the last."""
        *before, classifier = stages_of(self.model)
        last = Accumulate(self.average, self.threshold, self.dwell, self.refractory, self.idle)
        return [*before, Probabilities(classifier), last]

    def fit(self, X: Trials, y):
        """Fit on windows with the columns ``recording`` and ``stop``."""
        *stages, last = self.stages()
        handed = self._first(X)
        for stage in stages:
            handed = fit_transform(stage, handed, y)
        self.stages_ = [*stages, last.fit(_with_times(handed, X), y)]
        self.classes_ = last.classes_
        return self

    def predict(self, X: Trials):
        """Give the class that is decided at each window, shape (n_trials,)."""
        return self.stages_[-1].predict(self._through(X))

    def predict_proba(self, X: Trials):
        """Give the averaged probabilities, shape (n_trials, n_classes)."""
        return self.stages_[-1].predict_proba(self._through(X))

    def _through(self, X: Trials) -> Trials:
        check_is_fitted(self)
        handed = self._first(X)
        for stage in self.stages_[:-1]:
            handed = stage.transform(handed)
        return _with_times(handed, X)

    def _first(self, X: Trials) -> Any:
        """Give what the model's first stage takes."""
        needs = getattr(stages_of(self.model)[0], "needs", None)
        if isinstance(needs, Needs) and (needs.trials or needs.batches):
            return X
        return X.X.reshape(len(X), -1) if takes_rows_of_numbers(self.model) else X.X


class Probabilities(TransformerMixin, BaseEstimator):
    """A classifier as a step: it hands on the probabilities of the classes.

    Those of the rows that it was fitted on are too sure; what stands behind it must not learn from
    them.
    """

    version: ClassVar[int] = 1
    supervised: ClassVar[bool] = True
    stateless: ClassVar[bool] = False
    gives: ClassVar[tuple[str, ...]] = ("class",)

    def __init__(self, model: Any):
        self.model = model

    @property
    def needs(self) -> Needs:
        """Those of the classifier."""
        return self.model.needs

    @property
    def half_life(self) -> float:
        """Windows in which a classifier that goes on learning forgets half of what it has seen."""
        return getattr(self.model, "half_life", 0.0)

    def fit(self, X, y, **more):
        """Fit the classifier; `more` is what its needs name: ``val``, ``init``."""
        model: Any = clone(self.model)
        self.model_ = model.fit(X, y, **more)
        self.classes_ = self.model_.classes_
        return self

    def transform(self, X) -> np.ndarray:
        """Give probabilities, shape (n_trials, n_classes)."""
        check_is_fitted(self)
        return np.asarray(self.model_.predict_proba(X), dtype=np.float64)

    @available_if(lambda self: hasattr(self.model, "update"))
    def update(self, X, y=None):
        """Let the classifier go on learning."""
        self.model_.update(X, y)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if hasattr(self.model, "__sklearn_tags__"):
            tags.input_tags = copy.deepcopy(self.model.__sklearn_tags__().input_tags)
        return tags


def _with_times(probabilities: np.ndarray, trials: Trials) -> Trials:
    space = Space("features", tuple(str(i) for i in range(probabilities.shape[1])))
    rows = Rows(trials.rows.table.loc[:, list(Accumulate.needs.columns)])
    part = Part(probabilities, space, ("class",), None, 0.0, "")
    return Trials.of_entries(rows, "probabilities", part, np.arange(len(rows)))


def accumulated(
    model: Any,
    *,
    average: int = 1,
    threshold: float = 0.5,
    dwell: int = 1,
    refractory: float = 0.0,
    idle: int = 0,
) -> Accumulated:
    """Give a decoder that accumulates what a classifier says of successive windows.

    Parameters
    ----------
    model : scikit-learn classifier
        With ``predict_proba``; composed or of one piece.
    average, threshold, dwell, refractory, idle
        See `neurodecode.models.online.accumulate.Accumulate`. In `tune` they are arguments of the
        decoder under these names; those of the model begin with ``model__``.

    Returns
    -------
    decoder : scikit-learn classifier
        Its stages are those of the model, so that what models share stays shared.

    Raises
    ------
    ConfigError
        If the model gives no probabilities.
    """
    last = stages_of(model)[-1]
    if not hasattr(last, "predict_proba"):
        raise ConfigError(
            f"{type(last).__name__} gives no probabilities, which evidence is made of. Use a "
            "classifier with predict_proba, such as sklearn.linear_model.LogisticRegression."
        )
    return Accumulated(model, average, threshold, dwell, refractory, idle)
