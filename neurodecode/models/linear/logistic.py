"""Logistic regression."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.models import _flat
from neurodecode.models._haufe import haufe_patterns, named_patterns


class Logistic(ClassifierMixin, BaseEstimator):
    """Logistic regression on flattened trials, with patterns.

    Parameters
    ----------
    C : float
        Inverse of the L2 penalty.
    max_iter : int

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    patterns_ : ndarray, shape (n_patterns, n_features)
        One for two classes, else one a class.
    n_iter_ : ndarray of int
    """

    needs = Needs()
    version: ClassVar[int] = 1

    def __init__(self, C: float = 1.0, max_iter: int = 1000):
        self.C = C
        self.max_iter = max_iter

    def fit(self, X, y):
        """Fit on trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …)
            Axes beyond the first are flattened.
        y : ndarray, shape (n_trials,)
        """
        X, y = _flat.training(self, X, y)
        self.estimator_ = LogisticRegression(C=self.C, max_iter=self.max_iter).fit(X, y)
        self.classes_ = self.estimator_.classes_
        self.n_iter_ = self.estimator_.n_iter_
        self.patterns_ = haufe_patterns(X, self.estimator_.coef_)
        return self

    def predict(self, X):
        X = _flat.tested(self, X)
        return self.estimator_.predict(X)

    def decision_function(self, X):
        X = _flat.tested(self, X)
        return self.estimator_.decision_function(X)

    def predict_proba(self, X):
        X = _flat.tested(self, X)
        return self.estimator_.predict_proba(X)

    def patterns(self) -> dict[str, np.ndarray]:
        """Give one map a class, or one for two classes: Haufe et al. 2014, eq. 6."""
        check_is_fitted(self)
        return named_patterns(self.patterns_, self.classes_)
