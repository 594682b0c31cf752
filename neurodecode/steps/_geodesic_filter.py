"""Tangent vectors without what does not tell classes apart."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.linalg.lda import shrunk_lda
from neurodecode.linalg.spd import expm
from neurodecode.linalg.tangent import unupper
from neurodecode.steps._input import trials_of

_AXES = ("feature",)


class GeodesicFilter(TransformerMixin, BaseEstimator):
    """Project tangent vectors on a discriminant's weights, and give matrices at the identity.

    The mean at which vectors were taken is a change of basis, under which affine-invariant means
    and distances of the matrices stay what they are.

    Attributes
    ----------
    weights_ : ndarray, shape (n_weights, n_features)
        Of the discriminant: one for two classes, else one a class.
    inverse_ : ndarray, shape (n_weights, n_weights)
        Pseudo-inverse of their products. With the weights it is the projector on what they span,
        whose n_features² numbers are never made.
    """

    supervised = True
    needs = Needs(axes=_AXES)
    gives = ("channel", "channel")
    version: ClassVar[int] = 1

    def fit(self, X, y):
        """Learn the discriminant of vectors (n_trials, n_channels * (n_channels + 1) / 2)."""
        self.weights_ = shrunk_lda(trials_of(X, _AXES, self), y).coef
        self.inverse_ = np.linalg.pinv(self.weights_ @ self.weights_.T)
        return self

    def filtered(self, X) -> np.ndarray:
        """Give vectors' projections, of their own shape."""
        check_is_fitted(self)
        return trials_of(X, _AXES, self) @ self.weights_.T @ self.inverse_ @ self.weights_

    def transform(self, X):
        """Give matrices, shape (n_trials, n_channels, n_channels), without unit."""
        return expm(unupper(self.filtered(X)))
