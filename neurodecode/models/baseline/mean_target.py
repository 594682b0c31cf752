"""The mean of the training values."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.entries import Entries
from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.models.baseline._tags import of_trials


class MeanTarget(RegressorMixin, BaseEstimator):
    """Always answer the mean of the training values.

    Of people with voxels of their own it is that of the labelled rows of the tested alone.

    Attributes
    ----------
    mean_ : float or ndarray, or None
        None where training values are of people with voxels of their own, and none of the tested
        was seen.
    n_trials_ : int
        That it is the mean of.
    """

    needs = Needs(
        trials=True,
        signals=0,
        targets=("value", "vector", "series", "brain"),
        lazy_targets=True,
        ragged_targets=True,
    )
    version: ClassVar[int] = 1

    def fit(self, X, y):
        """Take the mean; `X` is not looked at, and a list of arrays is of people's own voxels."""
        own = isinstance(y, list) and isinstance(y[0], np.ndarray)
        self.mean_, self.n_trials_ = (None, 0) if own else (_mean(y), len(y))
        return self

    def adapt(self, X, y=None):
        """Take the mean of labelled rows of the tested too."""
        check_is_fitted(self)
        if y is None:
            return self
        mean = _mean(y)
        before = mean if self.mean_ is None else self.mean_
        self.n_trials_ += len(y)
        self.mean_ = before + (mean - before) * (len(y) / self.n_trials_)
        return self

    def predict(self, X):
        check_is_fitted(self)
        if self.mean_ is None:
            raise DataError(
                "baseline.mean_target: training values are of people with voxels of their own. "
                "Give adapt labelled trials of the tested."
            )
        return np.repeat(self.mean_[None], len(X), axis=0)

    def __sklearn_tags__(self):
        return of_trials(super().__sklearn_tags__())


def _mean(y):
    return y.mean() if isinstance(y, Entries) else np.mean(y, axis=0)
