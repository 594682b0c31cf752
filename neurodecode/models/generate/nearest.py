"""The picture of the training trial whose brain is most alike."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from neurodecode.core.needs import Needs


class Nearest(RegressorMixin, BaseEstimator):
    """Answer the picture of the training trial whose brain correlates most with the tested one.

    What a generator must beat that paints from memory: such pictures are as sharp as real ones, and
    look convincing whatever the brain told.

    Attributes
    ----------
    mean_, scale_ : ndarray, shape (n_features,)
        By which features are brought to mean 0 and standard deviation 1; of a constant one 0 is
        kept.
    patterns_ : ndarray, shape (n_trials, n_features)
        Training trials, each less its mean and of length 1.
    y_ : ndarray, shape (n_trials, …)
        What they showed.
    """

    needs = Needs(targets=("picture", "vector"))
    version: ClassVar[int] = 1

    def fit(self, X, y):
        """Keep the training trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …)
            Axes beyond the first are flattened.
        y : ndarray, shape (n_trials, …)
            Pictures or vectors.
        """
        X = validate_data(self, X, allow_nd=True, ensure_min_samples=2)
        self.y_ = np.asarray(y)
        check_consistent_length(X, self.y_)
        X = np.reshape(X, (len(X), -1))
        self.mean_, spread = X.mean(axis=0), X.std(axis=0)
        self.scale_ = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
        self.patterns_ = self._pattern(X)
        return self

    def predict(self, X):
        """Give the pictures of the nearest trials, shape (n_trials, …); of equal ones the first."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, allow_nd=True)
        alike = self._pattern(np.reshape(X, (len(X), -1))) @ self.patterns_.T
        return self.y_[np.argmax(alike, axis=1)]

    def _pattern(self, X: np.ndarray) -> np.ndarray:
        Z = (X - self.mean_) * self.scale_
        Z -= Z.mean(axis=1, keepdims=True)
        length = np.linalg.norm(Z, axis=1, keepdims=True)
        return Z / np.where(length > 0, length, 1)
