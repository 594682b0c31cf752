"""Common spatial patterns whose filters are kept small."""

from typing import ClassVar

import numpy as np
from scipy.linalg import eigh
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.steps._input import check_count, three_dimensional, trials_of

_AXES = ("channel", "channel")


class TikhonovCsp(TransformerMixin, BaseEstimator):
    """Take the log power of common spatial patterns with Tikhonov's penalty, of two classes.

    Parameters
    ----------
    n_components : int
        Filters, half of them for each class.
    alpha : float
        Penalty of a filter's length, in the square of the signal's unit: at 1e-12, for signals in
        volts, as much as a microvolt of noise in each channel that no channel shares.

    Attributes
    ----------
    filters_ : ndarray, shape (n_components, n_channels)
        Those that bring out the first class come first.

    Notes
    -----
    The filters of a class maximise w' A w / (w' B w + alpha w' w), where A and B are the mean
    covariances of that class and the other.

    References
    ----------
    Lotte & Guan 2011, doi 10.1109/TBME.2010.2082539, section III.
    """

    supervised = True
    needs = Needs(axes=_AXES)
    gives = ("feature",)
    version: ClassVar[int] = 1

    def __init__(self, n_components: int = 6, alpha: float = 1e-12):
        self.n_components = n_components
        self.alpha = alpha

    def fit(self, X, y):
        """Learn the filters.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_channels)
            Covariances.
        y : ndarray, shape (n_trials,)

        Raises
        ------
        DataError
            If there are other than two classes.
        """
        check_count(self.n_components, "n_components", self)
        X, y = trials_of(X, _AXES, self), np.asarray(y)
        classes = np.unique(y)
        if len(classes) != 2:
            raise DataError(
                f"TikhonovCsp tells two classes apart, and was handed {len(classes)}. Use "
                "pyriemann.spatialfilters.CSP for more."
            )
        first, second = (X[y == one].mean(axis=0) for one in classes)
        penalty = self.alpha * np.eye(X.shape[-1])
        each = max(self.n_components // 2, 1)
        filters = []
        for own, other in ((first, second), (second, first)):
            vectors = eigh(own, other + penalty)[1]
            filters.append(vectors[:, ::-1][:, :each].T)  # the largest ratio first
        self.filters_ = np.concatenate(filters)
        return self

    def transform(self, X):
        """Give the log power of each component.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_channels)

        Returns
        -------
        powers : ndarray, shape (n_trials, n_components)
        """
        check_is_fitted(self)
        X = trials_of(X, _AXES, self)
        return np.log(np.einsum("fc,ncd,fd->nf", self.filters_, X, self.filters_))

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())
