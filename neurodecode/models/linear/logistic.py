"""Logistic regression."""

from typing import ClassVar, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from neurodecode.core.needs import Needs
from neurodecode.models import _flat


class Logistic(ClassifierMixin, BaseEstimator):
    """Logistic regression on flattened trials, with patterns.

    Parameters
    ----------
    C : float
        Inverse of the L2 penalty.
    max_iter : int
    class_weight : "balanced" or None
        Whether classes count alike, however many trials each has.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    patterns_ : ndarray, shape (n_patterns, n_features)
        One for two classes, else one a class.
    n_iter_ : ndarray of int
    """

    needs = Needs()
    version: ClassVar[int] = 1

    def __init__(
        self,
        C: float = 1.0,
        max_iter: int = 1000,
        class_weight: Literal["balanced"] | None = None,
    ):
        self.C = C
        self.max_iter = max_iter
        self.class_weight = class_weight

    def fit(self, X, y):
        """Fit on trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …)
            Axes beyond the first are flattened.
        y : ndarray, shape (n_trials,)
        """
        X, y = _flat.training(self, X, y)
        estimator = LogisticRegression(
            C=self.C, max_iter=self.max_iter, class_weight=self.class_weight
        )
        _flat.learn(self, estimator, X, y)
        self.n_iter_ = estimator.n_iter_
        return self

    def predict(self, X):
        return _flat.answer(self, "predict", X)

    def decision_function(self, X):
        return _flat.answer(self, "decision_function", X)

    def predict_proba(self, X):
        return _flat.answer(self, "predict_proba", X)

    def patterns(self) -> dict[str, np.ndarray]:
        """Give one map a class, or one for two classes: Haufe et al. 2014, eq. 6."""
        return _flat.patterns(self)
