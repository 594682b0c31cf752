"""Trials without what each channel was before the event."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.needs import SAME, Needs
from neurodecode.core.trials import Trials
from neurodecode.steps._input import three_dimensional, trials_of

_AXES = ("channel", "time")


class Baseline(TransformerMixin, BaseEstimator):
    """Subtract the mean over an interval, such as the time before the event, from each channel.

    It reads when the samples of a trial are, so it stands first. Windows must reach back to
    `tmin`: a baseline that lies in the response would take it away.

    Parameters
    ----------
    tmin, tmax : float
        Seconds from the onset of the event, both samples included.

    Attributes
    ----------
    first_, stop_ : int
        Samples of a trial that are averaged, from `first_` up to but not including `stop_`: what
        arrays without times, as those of a stream, are taken to have too.
    n_times_ : int
        Samples of a trial.

    Notes
    -----
    Equal to ``mne.Epochs.apply_baseline((tmin, tmax))``. Each trial is treated by itself: nothing
    is learnt of the training trials but how long they are.
    """

    supervised = False
    needs = Needs(trials=True, rowless=True, columns=("onset", "start"), axes=_AXES)
    gives = SAME
    version: ClassVar[int] = 1

    def __init__(self, tmin: float = -0.2, tmax: float = 0.0):
        self.tmin = tmin
        self.tmax = tmax

    def fit(self, X, y=None):
        """Find the samples of the interval.

        Parameters
        ----------
        X : Trials
            Of channels by time, with the columns ``onset`` and ``start``.

        Raises
        ------
        ConfigError
            If the interval ends before it begins, or does not lie in the trials.
        DataError
            If it is not known when the samples are.
        """
        if not self.tmin <= self.tmax:
            raise ConfigError(
                f"baseline: tmin is {self.tmin!r} and tmax {self.tmax!r}. Give seconds from the "
                "onset, tmin first."
            )
        self.first_, self.stop_, self.n_times_ = self._samples(X)
        return self

    def transform(self, X):
        """Subtract the baselines.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_channels, n_times)

        Returns
        -------
        X : ndarray, shape (n_trials, n_channels, n_times)
            In its own unit.

        Raises
        ------
        DataError
            If the trials are longer or shorter, or begin at another time, than those of training.
        """
        check_is_fitted(self)
        if isinstance(X, Trials):
            samples = self._samples(X)
            if samples != (self.first_, self.stop_, self.n_times_):
                raise DataError(
                    f"baseline: it is samples {samples[0]} to {samples[1] - 1} of {samples[2]} "
                    f"here, and was {self.first_} to {self.stop_ - 1} of {self.n_times_} in "
                    "training. Cut all trials alike."
                )
            X = X.array()
        X = trials_of(X, _AXES, self)
        if X.shape[-1] != self.n_times_:
            raise DataError(
                f"baseline: trials of {X.shape[-1]} samples, and those of training had "
                f"{self.n_times_}. Give windows one length."
            )
        return X - X[..., self.first_ : self.stop_].mean(axis=-1, keepdims=True)

    def _samples(self, X: Any) -> tuple[int, int, int]:
        """Give the first sample of the interval, the one after the last, and those of a trial."""
        if not isinstance(X, Trials):
            raise DataError(
                "baseline: it reads when the samples of a trial are, which the first step of a "
                f"model is handed, and it was handed {type(X).__name__}. Put it first."
            )
        sfreq, n_times = X.signal().used()[0].sfreq, X.signal().piece(0).shape[-1]
        before = X.rows["onset"].astype(np.float64) - X.rows["start"].astype(np.float64)
        if sfreq is None or not np.isfinite(before).all():
            lacking = "sampling rate" if sfreq is None else "onset"
            raise DataError(
                f"baseline: trials of unknown {lacking}, so it is not known which samples are "
                "before the event. Take it off where they are read, or leave it out."
            )
        onsets = np.unique(np.round(before * sfreq).astype(int))
        if len(onsets) > 1:
            raise DataError(
                f"baseline: the onset is sample {onsets[0]} of some trials and {onsets[-1]} of "
                "others. Cut all trials alike, around their onset."
            )
        first, stop = (round(onsets[0] + t * sfreq) for t in (self.tmin, self.tmax))
        if first < 0 or stop >= n_times:
            begin = -onsets[0] / sfreq
            raise ConfigError(
                f"baseline: from {self.tmin:g} to {self.tmax:g} s, and trials last from "
                f"{begin:g} to {begin + (n_times - 1) / sfreq:g} s. Give longer windows, or "
                "another interval."
            )
        return first, stop + 1, n_times

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())
