"""Probabilistic principal components, which need no target."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs


class Ppca(TransformerMixin, BaseEstimator):
    """Learn from trials alone along which axes they vary, and how likely a trial is.

    Flattened trials are taken for a Gaussian: some principal axes, and noise of one variance in all
    other directions. What is learnt gives features to a model that starts from it, such as
    ``linear.probe``.

    Parameters
    ----------
    n_components : int
        Axes.
    whiten : bool
        Whether features are divided by their standard deviation.

    Attributes
    ----------
    pca_ : sklearn.decomposition.PCA
        Components are exact, by a full singular value decomposition.

    References
    ----------
    Tipping & Bishop 1999, doi 10.1111/1467-9868.00196, eq. 5 (the density) and 7, 8 (the fit).
    """

    needs = Needs(targets=("none",))
    version: ClassVar[int] = 1

    def __init__(self, n_components: int = 4, whiten: bool = False):
        self.n_components = n_components
        self.whiten = whiten

    def fit(self, X, y=None):
        """Fit on trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …)
            Axes beyond the first are flattened.

        Raises
        ------
        DataError
            If there are too few trials or features for so many axes and noise beside them.
        """
        X = validate_data(self, X, allow_nd=True, ensure_min_samples=2)
        X = np.reshape(X, (len(X), -1))
        most = min(X.shape[0] - 1, X.shape[1]) - 1
        if not 1 <= self.n_components <= most:
            raise DataError(
                f"ppca: n_components is {self.n_components}, for {X.shape[0]} training trials of "
                f"{X.shape[1]} features. Give 1 to {most}, so that noise is left to be measured."
            )
        self.pca_ = PCA(self.n_components, whiten=self.whiten, svd_solver="full").fit(X)
        return self

    def transform(self, X):
        """Give where trials lie along the axes, shape (n_trials, n_components)."""
        return self.pca_.transform(self._flat(X))

    def score_samples(self, X):
        """Give the log-likelihood of each trial, shape (n_trials,), in nats."""
        return self.pca_.score_samples(self._flat(X))

    def _flat(self, X) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, allow_nd=True)
        return np.reshape(X, (len(X), -1))
