"""What classifiers made of stages share."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.stages import fit_stages, through
from neurodecode.steps._input import three_dimensional


class Staged(ClassifierMixin, BaseEstimator):
    """A classifier of trials that is its `stages`, one behind the other.

    The harness fits and shares the stages one by one; these methods are for use without it.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    stages_ : list
        The fitted stages, the predictor last.
    """

    stages_: list[Any]
    classes_: np.ndarray

    def stages(self) -> list[Any]:
        """Give the unfitted stages, the predictor last."""
        raise NotImplementedError

    def fit(self, X, y):
        """Fit on trials of shape (n_trials, …), as the first stage takes them."""
        self.stages_ = fit_stages(self.stages(), X, y)
        self.classes_ = self.stages_[-1].classes_
        return self

    def predict(self, X):
        """Give class codes, shape (n_trials,)."""
        check_is_fitted(self)
        return self.stages_[-1].predict(through(self.stages_, X))

    def predict_proba(self, X):
        """Give probabilities, shape (n_trials, n_classes)."""
        check_is_fitted(self)
        return self.stages_[-1].predict_proba(through(self.stages_, X))

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())
