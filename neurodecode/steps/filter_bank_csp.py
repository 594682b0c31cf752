"""Common spatial patterns in each of several bands, the telling ones kept."""

from typing import ClassVar

import numpy as np
from pyriemann.spatialfilters import CSP
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_selection import mutual_info_classif
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.steps._input import check_count, three_dimensional, trials_of
from neurodecode.steps.covariance import Covariance, Estimator

_AXES = ("band", "channel", "time")


class FilterBankCsp(TransformerMixin, BaseEstimator):
    """Take the log power of common spatial patterns of each band, and keep what tells most.

    Parameters
    ----------
    n_components : int
        Patterns of each band.
    n_features : int
        Powers that are kept, those of most mutual information with the label.
    estimator : {"oas", "lwf", "sch", "scm", "cov"}
        Of the covariances; see `neurodecode.steps.covariance.Covariance`.

    Attributes
    ----------
    patterns_ : list of pyriemann.spatialfilters.CSP
        One a band.
    kept_ : ndarray of int, shape (n_features,)
        Which powers are kept, in their order; all where there are fewer.

    References
    ----------
    Ang et al. 2008, doi 10.1109/IJCNN.2008.4634130.
    """

    supervised = True
    needs = Needs(axes=_AXES)
    gives = ("feature",)
    version: ClassVar[int] = 1

    def __init__(self, n_components: int = 4, n_features: int = 10, estimator: Estimator = "oas"):
        self.n_components = n_components
        self.n_features = n_features
        self.estimator: Estimator = estimator

    def fit(self, X, y):
        """Learn the patterns of each band, and which powers tell.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_bands, n_channels, n_times)
        y : ndarray, shape (n_trials,)
        """
        for name in ("n_components", "n_features"):
            check_count(getattr(self, name), name, self)
        X = trials_of(X, _AXES, self)
        n_components = min(self.n_components, X.shape[2])
        self.patterns_ = [
            CSP(nfilter=n_components).fit(self._covariances(X, band), y)
            for band in range(X.shape[1])
        ]
        powers = self._powers(X)
        # The estimate draws a jitter against ties: the same one each time.
        told = mutual_info_classif(powers, y, random_state=0)
        self.kept_ = np.sort(np.argsort(-told, kind="stable")[: self.n_features])
        return self

    def transform(self, X):
        """Give the powers that are kept.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_bands, n_channels, n_times)

        Returns
        -------
        powers : ndarray, shape (n_trials, n_features)
        """
        check_is_fitted(self)
        return self._powers(trials_of(X, _AXES, self))[:, self.kept_]

    def _powers(self, X):
        """Log powers of all bands, shape (n_trials, n_bands * n_components)."""
        each = [
            one.transform(self._covariances(X, band)) for band, one in enumerate(self.patterns_)
        ]
        return np.concatenate(each, axis=1)

    def _covariances(self, X, band):
        return Covariance(self.estimator).transform(X[:, band])

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())
