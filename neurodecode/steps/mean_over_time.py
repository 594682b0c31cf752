"""The mean of each channel over a trial, however long."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from neurodecode.core.needs import Needs
from neurodecode.steps._input import each_trial, three_dimensional

_AXES = ("channel", "time")


class MeanOverTime(TransformerMixin, BaseEstimator):
    """Average each channel over the samples of a trial; trials may differ in length.

    Of signals that are filtered the mean is near zero and tells little: take `covariance` of those.
    """

    stateless, supervised = True, False
    needs = Needs(axes=_AXES, ragged=True)
    gives = ("channel",)
    version: ClassVar[int] = 1

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X: np.ndarray | Sequence[np.ndarray]):
        """Give the means.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times), or list of ndarray
            A list where trials differ in length.

        Returns
        -------
        means : ndarray, shape (n_trials, n_channels)
            In the unit of `X`.
        """
        return np.stack([one.mean(axis=-1) for one in each_trial(X, _AXES, self)])

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.requires_fit = False
        return tags
