"""Spatial filters for evoked responses."""

from typing import ClassVar

import numpy as np
from pyriemann.spatialfilters import Xdawn as Filters
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.steps._input import check_count, three_dimensional, trials_of
from neurodecode.steps._rank import check_independent
from neurodecode.steps.covariance import Estimator

_AXES = ("channel", "time")


class Xdawn(TransformerMixin, BaseEstimator):
    """Project trials on the filters that bring out the mean response of each class.

    Parameters
    ----------
    n_components : int
        Filters of each class.
    estimator : {"scm", "oas", "lwf", "sch", "cov"}
        Of the covariance of the signal that responses are held against, and of the responses';
        those that shrink (``oas``, ``lwf``, ``sch``) also take channels that are not independent.

    Attributes
    ----------
    filters_ : ndarray, shape (n_classes * n_components, n_channels)
        The first class's first; fewer where there are fewer channels than components.
    patterns_ : ndarray, shape (n_classes * n_components, n_channels)
        How the sources show at the sensors.

    References
    ----------
    Rivet et al. 2009, doi 10.1109/TBME.2009.2012869.
    """

    supervised = True
    needs = Needs(axes=_AXES)
    version: ClassVar[int] = 1

    def __init__(self, n_components: int = 4, estimator: Estimator = "scm"):
        self.n_components = n_components
        self.estimator: Estimator = estimator

    def fit(self, X, y):
        """Learn the filters.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times)
        y : ndarray, shape (n_trials,)

        Raises
        ------
        ConfigError
            If `n_components` is no whole number from 1 on.
        DataError
            If the covariance of the signal has no inverse.
        """
        X = trials_of(X, _AXES, self)
        check_count(self.n_components, "n_components", self)
        check_independent(X, self.estimator, "estimator")
        filters = Filters(nfilter=self.n_components, estimator=self.estimator).fit(X, np.asarray(y))
        self.filters_, self.patterns_ = filters.filters_, filters.patterns_
        return self

    def transform(self, X):
        """Give the components of trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times)

        Returns
        -------
        components : ndarray, shape (n_trials, n_classes * n_components, n_times)
            In the unit of `X`: filters have length one.
        """
        check_is_fitted(self)
        return self.filters_ @ trials_of(X, _AXES, self)

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.target_tags.required = True
        return tags
