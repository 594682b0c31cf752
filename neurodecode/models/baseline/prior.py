"""The classes' frequencies in training."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from neurodecode.core.needs import Needs


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
        return np.full(len(X), self.classes_[np.argmax(self.prior_)])

    def predict_proba(self, X):
        return np.tile(self.prior_, (len(X), 1))
