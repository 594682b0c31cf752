"""Spatial filters for evoked responses."""

from typing import ClassVar

import numpy as np
from pyriemann.spatialfilters import Xdawn as Filters
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.steps._input import check_count, three_dimensional, trials_of
from neurodecode.steps._rank import signal_space

_AXES = ("channel", "time")


class Xdawn(TransformerMixin, BaseEstimator):
    """Project trials on the filters that bring out the mean response of each class.

    Parameters
    ----------
    n_components : int
        Filters of each class.

    Attributes
    ----------
    filters_ : ndarray, shape (n_classes * n_components, n_channels)
        The first class's first; fewer where there are fewer channels than components.
    patterns_ : ndarray, shape (n_classes * n_components, n_channels)
        How the sources show at the sensors.

    Notes
    -----
    Filters solve a generalised eigenvalue problem of the mean response's covariance and the
    signal's. Where channels depend on one another (average reference, ICA), it is solved in the
    space of the directions in which they vary: elsewhere rounding alone would choose the filters.
    Shrinking is no way out: the covariances are of all samples, and a shrunk one of a mean response
    is nearly a multiple of the identity.

    References
    ----------
    Rivet et al. 2009, doi 10.1109/TBME.2009.2012869.
    """

    supervised = True
    needs = Needs(axes=_AXES)
    gives = _AXES  # components take the place of channels
    version: ClassVar[int] = 1

    def __init__(self, n_components: int = 4):
        self.n_components = n_components

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
        """
        X = trials_of(X, _AXES, self)
        check_count(self.n_components, "n_components", self)
        basis = signal_space(X)
        filters = Filters(nfilter=self.n_components)
        filters.fit(X if basis is None else basis @ X, np.asarray(y))
        self.filters_, self.patterns_ = (
            found if basis is None else found @ basis
            for found in (filters.filters_, filters.patterns_)
        )
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
