"""Vectors as their similarities to those of training, once for all machines that ask."""

from typing import ClassVar, Literal

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs

Kernel = Literal["linear", "rbf"]


class Gram(TransformerMixin, BaseEstimator):
    """Kernels of vectors with the training vectors, for `sklearn.svm.SVC(kernel="precomputed")`.

    Machines that differ in their penalty alone share one Gram matrix, which costs more than they
    do: there are thousands of features and hundreds of trials.

    Parameters
    ----------
    kernel : {"linear", "rbf"}
        As `sklearn.svm.SVC`'s; the width of ``rbf`` is its ``gamma="scale"``.

    Attributes
    ----------
    vectors_ : ndarray, shape (n_train, n_features)
    gamma_ : float
        One over the number of features times their variance over all training values.
    """

    supervised = False
    needs = Needs(axes=("feature",))
    gives = ("feature",)
    version: ClassVar[int] = 1

    def __init__(self, kernel: Kernel = "linear"):
        self.kernel: Kernel = kernel

    def fit(self, X, y=None):
        """Keep vectors of shape (n_train, n_features)."""
        self.vectors_ = np.asarray(X, dtype=np.float64)
        variance = self.vectors_.var()
        self.gamma_ = float(1 / (self.vectors_.shape[1] * variance)) if variance > 0 else 1.0
        return self

    def transform(self, X):
        """Give kernels, shape (n_trials, n_train), of vectors of shape (n_trials, n_features)."""
        check_is_fitted(self)
        X = np.asarray(X, dtype=np.float64)
        products = X @ self.vectors_.T
        if self.kernel == "linear":
            return products
        lengths = np.einsum("ij,ij->i", X, X)
        others = np.einsum("ij,ij->i", self.vectors_, self.vectors_)
        squares = lengths[:, None] + others - 2 * products
        return np.exp(-self.gamma_ * np.maximum(squares, 0))
