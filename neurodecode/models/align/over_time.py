"""One estimator for each window of a trial: what is known when."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.needs import Needs
from neurodecode.core.parts import TrialSignal
from neurodecode.core.stages import takes_rows_of_numbers
from neurodecode.core.training import trained_in, training_place
from neurodecode.core.trials import Trials
from neurodecode.models.linear.ridge import Ridge
from neurodecode.steps._input import three_dimensional

_AXES = ("channel", "time")


class OverTime(RegressorMixin, BaseEstimator):
    """Fit an estimator to each window of the trials, and answer with it at the window's end.

    Windows slide, or grow from the beginning of the trial. An answer stands at the last sample of
    its window: it is what could be known by then. What a window tells when the picture has gone may
    be the response to its going: a picture that stays on longer is the control.

    Parameters
    ----------
    estimator : estimator or None
        Of vectors or values: an aligner, a regressor of ours, or scikit-learn's of flattened
        trials. None for ``linear.ridge``, whose input wants scaling.
    length : float
        Seconds of a window; of growing ones, of the first.
    hop : float
        Seconds from one window's end to the next.
    growing : bool
        Whether each window begins where the trial does.

    Attributes
    ----------
    estimators_ : list
        One fitted estimator a window.
    samples_ : ndarray of int, shape (n_windows,)
        Last sample of each window.
    sfreq_ : float
    n_times_ : int
        Samples of a trial.

    Notes
    -----
    Answers are float32: there is one of each window. Nothing is copied of trials that lie in a
    recording but the window itself.

    References
    ----------
    King & Dehaene 2014, doi 10.1016/j.tics.2014.01.002; Benchetrit et al. 2024, arXiv 2310.19812
    (windows of .25 s, and growing ones).
    """

    version: ClassVar[int] = 1

    def __init__(
        self, estimator: Any = None, length: float = 0.1, hop: float = 0.05, growing: bool = False
    ):
        self.estimator = estimator
        self.length = length
        self.hop = hop
        self.growing = growing

    @property
    def needs(self) -> Needs:
        """Trials of channels by time, and what the estimator needs beyond."""
        own = _own_needs(self._estimator())
        return replace(own, trials=True, batches=False, axes=_AXES, ragged=False, init=False)

    def check_shape(self, n_channels: int, n_times: int | None, sfreq: float | None) -> None:
        """Hold trials of this shape and rate to the windows, and these to the estimator.

        `plan` does so before any is read. None where it is not known.

        Raises
        ------
        ConfigError
            If windows are longer than a trial, or shorter than a sample, or than the estimator
            takes.
        """
        if n_times is None or sfreq is None:
            return
        shortest, estimator = int(self._ends(n_times, sfreq)[0]) + 1, self._estimator()
        if hasattr(estimator, "check_shape"):
            estimator.check_shape(n_channels, shortest, sfreq)

    def fit(self, X, y, rows: pd.DataFrame | None = None, val: tuple[Any, ...] | None = None):
        """Fit on trials.

        Parameters
        ----------
        X : Trials
            Of channels by time, with their sampling rate.
        y : ndarray, shape (n_trials,) or (n_trials, n_targets)
        rows : DataFrame, optional
            Columns of the training trials, for an estimator that is told them.
        val : tuple, optional
            Trials, targets and columns to validate on, for an estimator that asks.

        Raises
        ------
        ConfigError
            If windows are longer than a trial, or shorter than a sample.
        DataError
            If the sampling rate is not known.
        """
        self.sfreq_, self.n_times_ = _rate(X), X.signal().piece(0).shape[-1]
        self.samples_ = self._ends(self.n_times_, self.sfreq_)
        estimator, place = self._estimator(), training_place()
        self.estimators_ = []
        for i, (first, stop) in enumerate(self._windows()):
            one: Any = clone(estimator)
            more: dict[str, Any] = {} if rows is None else {"rows": rows}
            if val is not None:
                more["val"] = (_handed(one, _cut(val[0], first, stop)), *val[1:])
            # What is trained by passes has a checkpoint of its own in each window.
            folder = None if place.folder is None else place.folder / f"window-{i}"
            with trained_in(replace(place, folder=folder)):
                one.fit(_handed(one, _cut(X, first, stop)), y, **more)
            self.estimators_.append(one)
        return self

    def predict(self, X):
        """Tell values or vectors at the end of each window.

        Parameters
        ----------
        X : Trials

        Returns
        -------
        said : ndarray of float32, shape (n_trials, n_windows) or (n_trials, n_targets, n_windows)

        Raises
        ------
        DataError
            If trials are of another length or rate than those of training.
        """
        check_is_fitted(self)
        rate, n_times = _rate(X), X.signal().piece(0).shape[-1]
        if (rate, n_times) != (self.sfreq_, self.n_times_):
            raise DataError(
                f"over_time: trials of {n_times} samples at {rate:g} Hz, and those of training had "
                f"{self.n_times_} at {self.sfreq_:g} Hz. Cut and prepare all alike."
            )
        said: Any = None
        for i, (first, stop) in enumerate(self._windows()):
            one = self.estimators_[i]
            found = np.asarray(one.predict(_handed(one, _cut(X, first, stop))))
            if said is None:
                said = np.empty((*found.shape, len(self.samples_)), dtype=np.float32)
            said[..., i] = found
        return said

    def _estimator(self) -> Any:
        if self.estimator is None:
            return Ridge()
        if hasattr(self.estimator, "fit") and not isinstance(self.estimator, type):
            return self.estimator
        raise ConfigError(
            f"over_time: estimator is {self.estimator!r}, which is no estimator. Give one of ours "
            "or of a library, as in estimator: align.ridge."
        )

    def _ends(self, n_times: int, sfreq: float) -> np.ndarray:
        """Give the last sample of each window."""
        length, hop = round(self.length * sfreq), round(self.hop * sfreq)
        if length < 1 or hop < 1:
            raise ConfigError(
                f"over_time: windows of {self.length:g} s, one every {self.hop:g} s, are less than "
                f"a sample at {sfreq:g} Hz. Give {1 / sfreq:g} s or more."
            )
        if length > n_times:
            raise ConfigError(
                f"over_time: windows of {self.length:g} s do not fit into trials of "
                f"{n_times / sfreq:g} s. Give a smaller length, or longer windows."
            )
        return np.arange(length - 1, n_times, hop)

    def _windows(self) -> Iterator[tuple[int, int]]:
        """Give the first sample of each window, and the one after its last."""
        length = round(self.length * self.sfreq_)
        for end in self.samples_:
            yield 0 if self.growing else int(end) + 1 - length, int(end) + 1

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.no_validation = True
        return three_dimensional(tags)


def _own_needs(estimator: Any) -> Needs:
    """Needs of the estimator of one window; those of a regressor where it declares none."""
    needs = getattr(estimator, "needs", None)
    return needs if isinstance(needs, Needs) else Needs(targets=("value", "vector"))


def _rate(X: Any) -> float:
    """Give the sampling rate of trials."""
    rate = X.signal().used()[0].sfreq if isinstance(X, Trials) and len(X) else None
    if rate is None:
        raise DataError(
            "over_time: the sampling rate of what it is handed is not known, so windows in seconds "
            "cannot be cut. Put no step before it that changes channels or times."
        )
    return float(rate)


def _cut(trials: Trials, first: int, stop: int) -> Trials:
    """Give the samples from `first` to before `stop` of each trial, as pointers or views."""
    signal = trials.signal()
    if np.all(signal.length >= 0):
        length = np.full(len(trials), stop - first, dtype=np.int32)
        cut = replace(signal, at=signal.at + first, length=length)
    else:
        parts = tuple(replace(p, source=p.open()[..., first:stop]) for p in signal.parts)
        cut = TrialSignal(parts, signal.part, signal.at, signal.length)
    return Trials(trials.rows, dict.fromkeys(trials.signals, cut))


def _handed(estimator: Any, trials: Trials) -> Any:
    """Give a window as its estimator takes it."""
    needs = _own_needs(estimator)
    if needs.trials or needs.batches:
        return trials
    X = trials.array()
    return X.reshape(len(X), -1) if takes_rows_of_numbers(estimator) else X
