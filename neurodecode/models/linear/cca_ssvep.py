"""Canonical correlation with the rates at which stimuli flicker."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.needs import Needs
from neurodecode.linalg.cca import canonical_correlation, row_basis
from neurodecode.steps._input import check_count, three_dimensional, trials_of

_AXES = ("channel", "time")


class CcaSsvep(ClassifierMixin, BaseEstimator):
    """Give each trial the flicker rate whose sines and cosines its channels correlate with most.

    Nothing is learnt from training trials: the rates are known.

    Parameters
    ----------
    freqs : tuple of float
        Flicker rate of each class in Hz, in the order of the target's classes.
    sfreq : float or None
        Sampling rate of the trials in Hz; it must be given.
    n_harmonics : int
        Sines and cosines at the rate and its multiples, up to this one.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        All classes, also those that training lacks: 0 to n_classes - 1.
    seconds_ : float
        From one sample to the next.

    References
    ----------
    Lin et al. 2007, doi 10.1109/TBME.2006.889197; Bin et al. 2009,
    doi 10.1088/1741-2560/6/4/046002.
    """

    needs = Needs(axes=_AXES)
    version: ClassVar[int] = 1

    def __init__(
        self, freqs: tuple[float, ...] = (), sfreq: float | None = None, n_harmonics: int = 2
    ):
        self.freqs = freqs
        self.sfreq = sfreq
        self.n_harmonics = n_harmonics

    def fit(self, X, y):
        """Check the rates; learn nothing of the trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times)
        y : ndarray of int, shape (n_trials,)
            Position in `freqs` of each trial's rate.

        Raises
        ------
        ConfigError
            If rates are lacking, or cannot be held by the sampling rate.
        """
        trials_of(X, _AXES, self)
        if self.sfreq is None or not self.sfreq > 0:
            raise ConfigError(f"cca_ssvep: sfreq is {self.sfreq!r}. Give the sampling rate in Hz.")
        check_count(self.n_harmonics, "n_harmonics", self)
        n_classes = int(np.max(y)) + 1
        if len(self.freqs) < max(n_classes, 2):
            raise ConfigError(
                f"cca_ssvep: {len(self.freqs)} freqs for {n_classes} classes. Give one rate in Hz "
                "a class, in the order of the target's classes."
            )
        highest = max(self.freqs) * self.n_harmonics
        if min(self.freqs) <= 0 or highest >= self.sfreq / 2:
            raise ConfigError(
                f"cca_ssvep: freqs {list(self.freqs)} with {self.n_harmonics} harmonics reach "
                f"{highest:g} Hz, and a sampling rate of {self.sfreq:g} Hz holds what lies between "
                f"0 and {self.sfreq / 2:g} Hz. Give fewer harmonics, or the rates in Hz."
            )
        self.classes_ = np.arange(len(self.freqs))
        self.seconds_ = 1 / self.sfreq
        return self

    def correlations(self, X) -> np.ndarray:
        """Give the canonical correlation of each trial with each rate.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times)

        Returns
        -------
        correlations : ndarray, shape (n_trials, n_classes)
            0 to 1.

        Raises
        ------
        DataError
            If a trial is too short to be told from its references.
        """
        check_is_fitted(self)
        X = trials_of(X, _AXES, self)
        n_channels, n_times = X.shape[1:]
        if n_times <= n_channels + 2 * self.n_harmonics:
            raise DataError(
                f"cca_ssvep: {n_times} samples of {n_channels} channels correlate perfectly with "
                f"any {2 * self.n_harmonics} references. Give longer windows, or fewer channels."
            )
        bases = [row_basis(self._references(freq, n_times)) for freq in self.freqs]
        trials = (row_basis(one) for one in X)
        return np.array([[canonical_correlation(one, base) for base in bases] for one in trials])

    def decision_function(self, X):
        """Give the correlations; of two rates the second's less the first's, shape (n_trials,)."""
        found = self.correlations(X)
        return found[:, 1] - found[:, 0] if len(self.classes_) == 2 else found

    def predict(self, X):
        return np.argmax(self.correlations(X), axis=1)

    def _references(self, freq: float, n_times: int) -> np.ndarray:
        """Sines and cosines of a rate and its harmonics, shape (2 * n_harmonics, n_times)."""
        times = np.arange(n_times) * self.seconds_
        angles = 2 * np.pi * freq * np.arange(1, self.n_harmonics + 1)[:, None] * times
        return np.concatenate([np.sin(angles), np.cos(angles)])

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())
