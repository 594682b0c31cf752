"""Covariances of trials beside the mean responses."""

from typing import ClassVar

import numpy as np
from pyriemann.spatialfilters import Xdawn as Filters
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.linalg.prototype import prototype_covariances
from neurodecode.steps._input import check_count, three_dimensional, trials_of
from neurodecode.steps._rank import SHRINKING, check_inverses, signal_space
from neurodecode.steps.covariance import TrialEstimator

_AXES = ("channel", "time")


class XdawnCovariances(TransformerMixin, BaseEstimator):
    """Estimate each trial's covariance with the mean responses of the classes, xDAWN-filtered.

    The filtered mean response of each class is put above the filtered trial: the covariance of
    both holds how much of each response the trial has, beside its own power.

    Parameters
    ----------
    n_components : int
        xDAWN filters of each class.
    estimator : {"oas", "lwf", "sch", "scm", "cov"}
        Of the covariances; see `neurodecode.steps.covariance.Covariance`.

    Attributes
    ----------
    filters_ : ndarray, shape (n_classes * n_components, rank)
        The first class's first; fewer where there are fewer channels than components.
    prototype_ : ndarray, shape (n_classes * n_components, n_times)
        The filtered mean responses.
    basis_ : ndarray, shape (rank, n_channels), or None
        Directions in which the channels vary, where some depend on others; filters are learnt
        there, as in `neurodecode.steps.xdawn.Xdawn`.

    References
    ----------
    Barachant & Congedo 2014, doi 10.48550/arXiv.1409.0107; Rivet et al. 2009,
    doi 10.1109/TBME.2009.2012869.
    """

    supervised = True
    needs = Needs(axes=_AXES)
    gives = ("channel", "channel")
    version: ClassVar[int] = 2

    def __init__(self, n_components: int = 4, estimator: TrialEstimator = "oas"):
        self.n_components = n_components
        self.estimator: TrialEstimator = estimator

    def fit(self, X, y):
        """Learn the filters and the mean responses.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times)
        y : ndarray, shape (n_trials,)

        Raises
        ------
        ConfigError
            If `n_components` is no whole number from 1 on.
        """
        X = trials_of(X, _AXES, self)
        check_count(self.n_components, "n_components", self)
        self.basis_ = signal_space(X)
        filters = Filters(nfilter=self.n_components).fit(self._varying(X), np.asarray(y))
        self.filters_, self.prototype_ = filters.filters_, np.asarray(filters.evokeds_)
        return self

    def transform(self, X):
        """Give one covariance a trial.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times)

        Returns
        -------
        C : ndarray, shape (n_trials, n, n)
            n is 2 * n_classes * n_components: responses first, then the trial. In the square of
            the unit of `X`.

        Raises
        ------
        DataError
            If a covariance without shrinkage has no inverse.
        """
        check_is_fitted(self)
        filtered = self.filters_ @ self._varying(trials_of(X, _AXES, self))
        C = prototype_covariances(filtered, self.prototype_, self.estimator)
        if self.estimator not in SHRINKING:
            check_inverses(C)
        return C

    def _varying(self, X: np.ndarray) -> np.ndarray:
        return X if self.basis_ is None else self.basis_ @ X

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.target_tags.required = True
        return tags
