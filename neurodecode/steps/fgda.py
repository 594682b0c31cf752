"""Covariances without what does not tell classes apart."""

from typing import ClassVar

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.linalg.tangent import from_tangent
from neurodecode.steps._geodesic_filter import GeodesicFilter
from neurodecode.steps._input import three_dimensional, trials_of
from neurodecode.steps.tangent_space import TangentSpace

_AXES = ("channel", "channel")


class Fgda(TransformerMixin, BaseEstimator):
    """Filter covariances by a discriminant in the tangent space at their mean.

    Attributes
    ----------
    space_ : TangentSpace
    filter_ : GeodesicFilter
        The discriminant's weights; no projector of n_features² numbers is kept.

    References
    ----------
    Barachant et al. 2010, doi 10.1007/978-3-642-15995-4_78.
    """

    supervised = True
    needs = Needs(axes=_AXES)
    gives = _AXES
    version: ClassVar[int] = 1

    def fit(self, X, y):
        """Learn the mean and the discriminant.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_channels)
        y : ndarray, shape (n_trials,)

        Raises
        ------
        ValueError
            If all trials are of one class.
        """
        X = trials_of(X, _AXES, self)
        self.space_ = TangentSpace().fit(X)
        self.filter_ = GeodesicFilter().fit(self.space_.transform(X), y)
        return self

    def transform(self, X):
        """Filter covariances of shape (n_trials, n_channels, n_channels); their unit stays."""
        check_is_fitted(self)
        vectors = self.filter_.filtered(self.space_.transform(X))
        return from_tangent(vectors, self.space_.reference_, "riemann")

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.target_tags.required = True
        return tags
