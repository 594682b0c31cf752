"""The mean of the training values."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.entries import Entries
from neurodecode.core.needs import Needs
from neurodecode.models.baseline._tags import of_trials


class MeanTarget(RegressorMixin, BaseEstimator):
    """Always answer the mean of the training values.

    Attributes
    ----------
    mean_ : float or ndarray
    """

    needs = Needs(
        trials=True,
        signals=0,
        targets=("value", "vector", "series", "brain"),
        lazy_targets=True,
    )
    version: ClassVar[int] = 1

    def fit(self, X, y):
        """Take the mean; `X` is not looked at."""
        self.mean_ = y.mean() if isinstance(y, Entries) else np.mean(y, axis=0)
        return self

    def predict(self, X):
        check_is_fitted(self)
        return np.repeat(self.mean_[None], len(X), axis=0)

    def __sklearn_tags__(self):
        return of_trials(super().__sklearn_tags__())
