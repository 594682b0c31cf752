"""The mean of the training values."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from neurodecode.core.needs import Needs


class MeanTarget(RegressorMixin, BaseEstimator):
    """Always answer the mean of the training values.

    Attributes
    ----------
    mean_ : float or ndarray
    """

    needs = Needs(trials=True, signals=0, targets=("value",))
    version: ClassVar[int] = 1

    def fit(self, X, y):
        """Take the mean; `X` is not looked at."""
        self.mean_ = np.mean(y, axis=0)
        return self

    def predict(self, X):
        return np.repeat(self.mean_[None], len(X), axis=0)
