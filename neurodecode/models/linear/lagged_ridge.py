"""A series told from lagged channels: the backward temporal response function."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.needs import Needs
from neurodecode.linalg.ridge_choice import check_alphas
from neurodecode.linalg.ridge_of_folds import Moments, ridge_leave_folds_out
from neurodecode.steps._input import check_count, three_dimensional, trials_of

_AXES = ("channel", "time")


class LaggedRidge(RegressorMixin, BaseEstimator):
    """Tell a series, such as the envelope of speech, from channels at several lags, by ridge.

    A sample of the series is told from all channels from `tmin` to `tmax` after it: the brain
    follows what it hears. Of a window's last samples what lies beyond the window counts as the
    channel's mean.

    Parameters
    ----------
    tmin, tmax : float
        Seconds from the sample that is told to the first and last sample that it is told from.
    sfreq : float or None
        Sampling rate of the trials in Hz; it must be given.
    alphas : tuple of float
        Penalties to choose from, in multiples of the mean variance of a channel at a lag, times the
        number of samples: units do not matter.
    n_splits : int
        Inner folds by which the penalty is chosen: stretches of windows that follow each other.
        Where there are fewer windows, each is left out once.

    Attributes
    ----------
    coef_ : ndarray, shape (n_targets, n_channels, n_lags)
        Lags from `tmin` on.
    intercept_ : ndarray, shape (n_targets,)
    alpha_ : float

    References
    ----------
    Crosse et al. 2016, doi 10.3389/fnhum.2016.00604, equations 3 to 5; O'Sullivan et al. 2015,
    doi 10.1093/cercor/bht355.
    """

    needs = Needs(axes=_AXES, targets=("series",))
    version: ClassVar[int] = 1

    def __init__(
        self,
        tmin: float = 0.0,
        tmax: float = 0.25,
        sfreq: float | None = None,
        alphas: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0),
        n_splits: int = 5,
    ):
        self.tmin = tmin
        self.tmax = tmax
        self.sfreq = sfreq
        self.alphas = alphas
        self.n_splits = n_splits

    def fit(self, X, y):
        """Fit on windows, in the order of time.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times)
        y : ndarray, shape (n_trials, n_targets, n_times)

        Raises
        ------
        ConfigError
            If an argument cannot be meant.
        DataError
            If there is one window alone, or the series is not as long as the channels.
        """
        X = trials_of(X, _AXES, self)
        y = np.asarray(y, dtype=np.float64)
        lags = self._lags(X.shape[-1])
        check_count(self.n_splits, "n_splits", self)
        alphas = check_alphas(self.alphas, "lagged_ridge")
        if len(X) < 2:
            raise DataError(
                "lagged_ridge: one window to train on, and the penalty is chosen by leaving "
                "windows out. Give shorter windows, or more of them."
            )
        if y.ndim != 3 or y.shape[2] != X.shape[2] or len(y) != len(X):
            raise DataError(
                f"lagged_ridge: series of shape {y.shape} for trials of shape {X.shape}; it takes "
                "one value a sample."
            )
        self.mean_ = X.mean(axis=(0, 2))
        parts = np.array_split(np.arange(len(X)), min(max(self.n_splits, 2), len(X)))
        folds = [self._moments(X[part], y[part], lags) for part in parts]
        found = ridge_leave_folds_out(folds, alphas)
        self.coef_ = found.weights.T.reshape(y.shape[1], X.shape[1], len(lags))
        self.intercept_, self.alpha_ = found.intercept, found.alpha
        return self

    def predict(self, X):
        """Give the series of each window, shape (n_trials, n_targets, n_times)."""
        check_is_fitted(self)
        X = trials_of(X, _AXES, self)
        lags = self._lags(X.shape[-1])
        weights = self.coef_.reshape(len(self.coef_), -1).T
        said = [_lagged(one - self.mean_[:, None], lags) @ weights for one in X]
        said = np.reshape(said, (len(X), X.shape[-1], len(self.coef_))) + self.intercept_
        return np.ascontiguousarray(np.moveaxis(said, 1, 2))

    def _moments(self, X: np.ndarray, y: np.ndarray, lags: np.ndarray) -> Moments:
        """Sum over the samples of some windows, one window in memory at a time."""
        each = [
            Moments.of(_lagged(one - self.mean_[:, None], lags), series.T)
            for one, series in zip(X, y, strict=True)
        ]
        return sum(each[1:], start=each[0])

    def _lags(self, n_times: int) -> np.ndarray:
        if self.sfreq is None or not self.sfreq > 0:
            raise ConfigError(
                f"lagged_ridge: sfreq is {self.sfreq!r}. Give the sampling rate in Hz."
            )
        first, last = round(self.tmin * self.sfreq), round(self.tmax * self.sfreq)
        if first > last or max(abs(first), abs(last)) >= n_times:
            raise ConfigError(
                f"lagged_ridge: lags from {self.tmin:g} to {self.tmax:g} s do not fit into windows "
                f"of {n_times / self.sfreq:g} s. Give tmin below tmax, and longer windows."
            )
        return np.arange(first, last + 1)

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.target_tags.multi_output = True
        return tags


def _lagged(window: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Give the channels at each lag after each sample, shape (n_times, n_channels * n_lags)."""
    n_times = window.shape[1]
    before, after = max(-int(lags[0]), 0), max(int(lags[-1]), 0)
    padded = np.pad(window, ((0, 0), (before, after)))
    moved = [padded[:, before + lag : before + lag + n_times] for lag in lags]
    return np.stack(moved, axis=-1).transpose(1, 0, 2).reshape(n_times, -1)
