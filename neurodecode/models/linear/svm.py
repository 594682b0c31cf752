"""Linear support vector machine."""

from itertools import combinations
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import SVC

from neurodecode.core.needs import Needs
from neurodecode.models import _flat


class Svm(ClassifierMixin, BaseEstimator):
    """Linear support vector machine on flattened trials, with patterns.

    Parameters
    ----------
    C : float
        Inverse of the penalty.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    patterns_ : ndarray, shape (n_patterns, n_features)
        One for two classes, else one a class.
    """

    needs = Needs()
    version: ClassVar[int] = 1

    def __init__(self, C: float = 1.0):
        self.C = C

    def fit(self, X, y):
        """Fit on trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …)
            Axes beyond the first are flattened.
        y : ndarray, shape (n_trials,)
        """
        X, y = _flat.training(self, X, y)
        return _flat.learn(self, SVC(kernel="linear", C=self.C), X, y, _weights)

    def predict(self, X):
        return _flat.answer(self, "predict", X)

    def decision_function(self, X):
        return _flat.answer(self, "decision_function", X)

    def patterns(self) -> dict[str, np.ndarray]:
        """Give one map a class, or one for two classes: Haufe et al. 2014, eq. 6."""
        return _flat.patterns(self)


def _weights(svc: SVC) -> np.ndarray:
    """Weights towards each class: the signed mean of its pairwise machines; one for two classes."""
    if len(svc.classes_) == 2:
        return svc.coef_
    weights = np.zeros((len(svc.classes_), svc.coef_.shape[1]))
    pairs = combinations(range(len(svc.classes_)), 2)
    for (first, second), one in zip(pairs, svc.coef_, strict=True):
        weights[first] += one
        weights[second] -= one
    return weights / (len(svc.classes_) - 1)
