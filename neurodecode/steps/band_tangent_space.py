"""Covariances of several bands as vectors, each band in a tangent space of its own."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.linalg.means import mean
from neurodecode.linalg.tangent import to_tangent
from neurodecode.steps._input import three_dimensional, trials_of
from neurodecode.steps.tangent_space import Metric

_AXES = ("band", "channel", "channel")


class BandTangentSpace(TransformerMixin, BaseEstimator):
    """Project each band's covariances on the tangent space at their mean, one after the other.

    Parameters
    ----------
    metric : {"riemann", "logeuclid", "euclid"}
        Of the means and tangent spaces.

    Attributes
    ----------
    references_ : ndarray, shape (n_bands, n_channels, n_channels)
        The means at which the tangent spaces touch.

    References
    ----------
    Barachant et al. 2013, doi 10.1016/j.neucom.2012.12.039.
    """

    supervised = False
    needs = Needs(axes=_AXES)
    gives = ("feature",)
    version: ClassVar[int] = 1

    def __init__(self, metric: Metric = "riemann"):
        self.metric: Metric = metric

    def fit(self, X, y=None):
        """Learn the means of covariances of shape (n_trials, n_bands, n_channels, n_channels)."""
        X = trials_of(X, _AXES, self)
        each = [mean(X[:, band], self.metric).value for band in range(X.shape[1])]
        self.references_ = np.stack(each)
        return self

    def transform(self, X):
        """Project covariances.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_bands, n_channels, n_channels)

        Returns
        -------
        vectors : ndarray, shape (n_trials, n_bands * n_channels * (n_channels + 1) / 2)
            All of the first band first; see `neurodecode.steps.tangent_space.TangentSpace`.
        """
        check_is_fitted(self)
        X = trials_of(X, _AXES, self)
        each = [
            to_tangent(X[:, band], reference, self.metric)
            for band, reference in enumerate(self.references_)
        ]
        return np.concatenate(each, axis=1)

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())
