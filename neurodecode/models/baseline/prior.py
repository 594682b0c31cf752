"""The classes' frequencies in training."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.models.baseline._tags import of_trials


class Prior(ClassifierMixin, BaseEstimator):
    """Always answer the most frequent training class, with the training frequencies.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    prior_ : ndarray, shape (n_classes,)
    """

    needs = Needs(trials=True, signals=0)
    version: ClassVar[int] = 1

    def fit(self, X, y):
        """Count classes; `X` is not looked at."""
        self.classes_, counts = np.unique(y, return_counts=True)
        self.prior_ = counts / counts.sum()
        return self

    def predict(self, X):
        check_is_fitted(self)
        return np.full(len(X), self.classes_[np.argmax(self.prior_)])

    def predict_proba(self, X):
        check_is_fitted(self)
        return np.tile(self.prior_, (len(X), 1))

    def __sklearn_tags__(self):
        return of_trials(super().__sklearn_tags__())
