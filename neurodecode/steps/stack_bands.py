"""The channels of several frequency bands, one under the other."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from neurodecode.core.needs import Needs
from neurodecode.steps._input import three_dimensional, trials_of

_AXES = ("band", "channel", "time")


class StackBands(TransformerMixin, BaseEstimator):
    """Stack the bands of each trial as channels: all channels of the first band come first.

    A covariance of the stacked channels holds the power in each band and the coupling between
    bands, which is what tells responses to stimuli that flicker at different rates.

    References
    ----------
    Congedo et al. 2013, doi 10.48550/arXiv.1310.8115.
    """

    stateless, supervised = True, False
    needs = Needs(axes=_AXES)
    gives = ("channel", "time")
    version: ClassVar[int] = 1

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """Stack the bands.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_bands, n_channels, n_times)

        Returns
        -------
        stacked : ndarray, shape (n_trials, n_bands * n_channels, n_times)
            In the unit of `X`.
        """
        X = trials_of(X, _AXES, self)
        n_trials, n_bands, n_channels, n_times = X.shape
        return np.reshape(X, (n_trials, n_bands * n_channels, n_times))

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.requires_fit = False
        return tags
