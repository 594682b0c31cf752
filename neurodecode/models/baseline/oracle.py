"""What one reaches who knows the sources of simulated recordings."""

from typing import ClassVar

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.core.needs import Needs


class Oracle(BaseEstimator):
    """Answer as the oracle of a simulation does: the ceiling of every score beside it.

    The oracle knows where the sources are, what they do and how the noise is coloured, but not the
    label of a trial. It is added to every simulated experiment whose generator has one.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        Of labels.
    """

    needs = Needs(
        signals=("oracle",),
        targets=("label", "value", "vector", "series", "brain"),
        ragged_targets=True,
    )
    version: ClassVar[int] = 1

    def fit(self, X, y):
        """Note what is asked; there is nothing to learn.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_answers) or (n_trials, n_targets, n_times), or list
            Log-likelihoods of the classes in their order; or what is to be told, of people with
            voxels of their own a list of arrays.
        y : ndarray, shape (n_trials,), or that of `X`
        """
        if isinstance(X, list):
            self.asks_labels_, self.n_own_, self.classes_ = False, 1, None
            return self
        X = np.asarray(validate_data(self, X, allow_nd=True))
        self.asks_labels_ = np.asarray(y).dtype.kind in "iu"
        self.n_own_ = np.ndim(y) - 1
        self.classes_ = np.arange(X.shape[1]) if self.asks_labels_ else None
        return self

    def predict(self, X):
        X = self._checked(X)
        if self.asks_labels_:
            return np.argmax(X, axis=1)
        return X if self.n_own_ else X[:, 0]

    def predict_proba(self, X):
        return softmax(self._checked(X), axis=1)

    def _checked(self, X) -> np.ndarray:
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, reset=False, allow_nd=True))
