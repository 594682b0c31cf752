"""The log variance of each channel over a trial."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.steps._input import three_dimensional, trials_of

_AXES = ("channel", "time")


class LogVariance(TransformerMixin, BaseEstimator):
    """Take the log of each channel's variance: of filtered signals, its power in the band.

    It is the simplest feature of motor imagery, and what spatial filters are to beat.
    """

    stateless, supervised = True, False
    needs = Needs(axes=_AXES)
    gives = ("channel",)
    version: ClassVar[int] = 1

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """Give the log variances.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times)

        Returns
        -------
        powers : ndarray, shape (n_trials, n_channels)
            Natural log of the square of the unit of `X`.

        Raises
        ------
        DataError
            If a channel is constant in a trial: its variance has no log.
        """
        variances = np.var(trials_of(X, _AXES, self), axis=-1)
        flat = np.argwhere(variances == 0)
        if len(flat):
            trial, channel = flat[0]
            raise DataError(
                f"LogVariance: channel {channel} is constant in trial {trial}, so its variance has "
                "no log. Drop the channel, or leave the trial out (windows: reject)."
            )
        return np.log(variances)

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.requires_fit = False
        return tags
