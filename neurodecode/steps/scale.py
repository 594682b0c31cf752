"""Features with mean zero and standard deviation one."""

from typing import ClassVar, Literal

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs


class Scale(TransformerMixin, BaseEstimator):
    """Subtract means over training rows, and divide by standard deviations; shapes are kept.

    Parameters
    ----------
    per : {"feature", "channel"}
        What has a mean of its own. A feature is one number of a trial, such as one sample of one
        channel, or one voxel. A channel is all of its samples, whatever the time: ratios between
        its samples are kept.

    Attributes
    ----------
    scaler_ : sklearn.preprocessing.StandardScaler

    Notes
    -----
    What is constant over the training rows becomes 0 there.
    """

    supervised = False
    needs = Needs()
    version: ClassVar[int] = 1

    def __init__(self, per: Literal["feature", "channel"] = "feature"):
        self.per = per

    def fit(self, X, y=None):
        """Learn means and standard deviations.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …)
            Per channel the last axis is time, as in (n_trials, n_channels, n_times).

        Raises
        ------
        DataError
            If channels are asked of trials that have no time.
        """
        X = np.asarray(validate_data(self, X, allow_nd=True))
        self.scaler_ = StandardScaler().fit(self._as_rows(X))
        return self

    def transform(self, X):
        """Scale trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …)

        Returns
        -------
        Z : ndarray, shape (n_trials, …)
            Without unit.
        """
        check_is_fitted(self)
        X = np.asarray(validate_data(self, X, reset=False, allow_nd=True))
        scaled = np.asarray(self.scaler_.transform(self._as_rows(X)))
        return self._as_trials(scaled, X.shape)

    def _as_rows(self, X: np.ndarray) -> np.ndarray:
        """Give rows of what has means of its own: one a trial, or one a trial and sample."""
        if self.per == "feature":
            return X.reshape(len(X), -1)
        if X.ndim < 3:
            raise DataError(
                f"scale: per: channel needs trials of channels by time, and these have shape "
                f"{X.shape[1:]}. Use per: feature."
            )
        return np.moveaxis(X, -1, 1).reshape(len(X) * X.shape[-1], -1)

    def _as_trials(self, rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        if self.per == "feature":
            return rows.reshape(shape)
        return np.moveaxis(rows.reshape(shape[0], shape[-1], *shape[1:-1]), 1, -1)
