"""Covariances as vectors in the tangent space at their mean."""

from typing import ClassVar, Literal

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.linalg.means import mean
from neurodecode.linalg.tangent import to_tangent
from neurodecode.steps._input import three_dimensional, trials_of

Metric = Literal["riemann", "logeuclid", "euclid"]
_AXES = ("channel", "channel")


class TangentSpace(TransformerMixin, BaseEstimator):
    """Project covariances on the tangent space at the mean of the training rows'.

    Parameters
    ----------
    metric : {"riemann", "logeuclid", "euclid"}
        Of the mean and the tangent space.

    Attributes
    ----------
    reference_ : ndarray, shape (n_channels, n_channels)
        The mean of the training rows' covariances, where the tangent space touches.

    References
    ----------
    Barachant et al. 2013, doi 10.1016/j.neucom.2012.12.039.
    """

    supervised = False
    needs = Needs(axes=_AXES)
    gives = ("feature",)
    version: ClassVar[int] = 2

    def __init__(self, metric: Metric = "riemann"):
        self.metric = metric

    def fit(self, X, y=None):
        """Learn the mean of covariances.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_channels)

        Raises
        ------
        DataError
            If a covariance has no inverse.
        """
        self.reference_ = mean(trials_of(X, _AXES, self), self.metric).value
        return self

    def transform(self, X):
        """Project covariances.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_channels)

        Returns
        -------
        vectors : ndarray, shape (n_trials, n_channels * (n_channels + 1) / 2)
            The upper triangle; what is off the diagonal times √2, so that lengths are kept.
        """
        check_is_fitted(self)
        return to_tangent(trials_of(X, _AXES, self), self.reference_, self.metric)

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())
