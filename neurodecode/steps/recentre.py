"""Covariances brought to the identity."""

from typing import ClassVar, Literal

import numpy as np
from pyriemann.geometry.base import invsqrtm
from pyriemann.geometry.mean import gmean
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.steps._input import three_dimensional, trials_of
from neurodecode.steps._rank import check_inverses

Metric = Literal["riemann", "logeuclid", "euclid"]
_AXES = ("channel", "channel")


class Recentre(TransformerMixin, BaseEstimator):
    """Whiten covariances by their mean: that of the training rows, or of rows seen before testing.

    Sessions and people differ most in where their covariances lie, and less in how classes differ
    from there. With rows of the tested session (`target_access`) its covariances are whitened by
    their own mean, so that both sets lie around the identity; without, by the training mean.

    Parameters
    ----------
    metric : {"riemann", "logeuclid", "euclid"}
        Of the mean.

    Attributes
    ----------
    mean_ : ndarray, shape (n_channels, n_channels)
        What covariances are whitened by.

    Notes
    -----
    Training rows are whitened by one mean: those of several sessions stay where they lie to each
    other.

    References
    ----------
    Zanini et al. 2018, doi 10.1109/TBME.2017.2742541; with the Euclidean mean, He & Wu 2020,
    doi 10.1109/TBME.2019.2913914.
    """

    supervised = False
    needs = Needs(axes=_AXES)
    gives = _AXES
    version: ClassVar[int] = 1

    def __init__(self, metric: Metric = "riemann"):
        self.metric = metric

    def fit(self, X, y=None):
        """Learn the mean of the training rows.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_channels)

        Raises
        ------
        DataError
            If a covariance has no inverse.
        """
        X = trials_of(X, _AXES, self)
        check_inverses(X)
        self.mean_ = np.asarray(gmean(X, metric=self.metric))
        return self

    def adapt(self, X, y=None):
        """Take the mean of rows of the tested session instead; labels are not looked at."""
        check_is_fitted(self)
        return self.fit(X)

    def transform(self, X):
        """Whiten covariances.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_channels)

        Returns
        -------
        whitened : ndarray, shape (n_trials, n_channels, n_channels)
            Without unit; around the identity.
        """
        check_is_fitted(self)
        X = trials_of(X, _AXES, self)
        whitening = np.asarray(invsqrtm(self.mean_))
        return whitening @ X @ whitening

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())
