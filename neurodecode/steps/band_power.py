"""Power of each channel in frequency bands and stretches of a trial."""

import math
from typing import ClassVar

import numpy as np
from scipy import fft
from sklearn.base import BaseEstimator, TransformerMixin

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.needs import Needs
from neurodecode.steps._input import check_count, three_dimensional, trials_of

_AXES = ("channel", "time")


class BandPower(TransformerMixin, BaseEstimator):
    """Take the log of each channel's power in bands and bins of time.

    What is locked to an onset in strength alone, with another phase in each trial, has no mean over
    trials: a linear model of samples cannot tell it, and one of power can.

    Parameters
    ----------
    sfreq : float or None
        Sampling rate of the trials in Hz; it must be given.
    bands : tuple of (float, float)
        Lower and upper edge of each band in Hz; the upper edge is the next band's.
    n_bins : int
        Stretches of equal length that a trial falls into, to the sample.
    keep_samples : bool
        Whether the samples of a channel stand beside its powers, for models of both.

    Notes
    -----
    A band is cut from the cosine transform of a trial, which goes on at its ends as its mirror
    image: nothing leaks from one end to the other.

    References
    ----------
    Tallon-Baudry & Bertrand 1999, doi 10.1016/S1364-6613(99)01299-1 (what is induced); Martucci
    1994, doi 10.1109/78.295213 (filtering by the cosine transform).
    """

    stateless, supervised = True, False
    needs = Needs(axes=_AXES)
    gives = ("channel", "feature")
    version: ClassVar[int] = 1

    def __init__(
        self,
        sfreq: float | None = None,
        bands: tuple[tuple[float, float], ...] = ((4, 8), (8, 13), (13, 20), (20, 30), (30, 45)),
        n_bins: int = 5,
        keep_samples: bool = False,
    ):
        self.sfreq = sfreq
        self.bands = bands
        self.n_bins = n_bins
        self.keep_samples = keep_samples

    def check_shape(self, n_channels: int, n_times: int | None, sfreq: float | None) -> None:
        """Hold trials of this shape and rate to the bands, which `plan` does before any is read.

        None where it is not known.

        Raises
        ------
        ConfigError
            If no sampling rate was given, or another one; or as `transform`.
        DataError
            If there are more bins than samples.
        """
        del n_channels
        if self.sfreq is None and sfreq is not None:
            raise ConfigError(
                "band_power: sfreq is not given, and what it is handed does not say it. Give "
                f"sfreq: {sfreq:g}, the rate of these trials in Hz."
            )
        self._check_rate()
        if sfreq is not None and not math.isclose(self.sfreq or 0, sfreq, rel_tol=1e-6):
            raise ConfigError(
                f"band_power: sfreq is {self.sfreq:g}, and these trials have {sfreq:g} Hz, so that "
                f"its bands would be others. Give sfreq: {sfreq:g}."
            )
        if n_times is not None:
            self._check_bins(n_times)
            self._masks(n_times)

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """Give log powers, those of the first band first.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times)

        Returns
        -------
        features : ndarray, shape (n_trials, n_channels, n_bands * n_bins)
            Natural log of the mean square in the unit of `X`; with samples, those come after.

        Raises
        ------
        ConfigError
            If a band is not between 0 and half the sampling rate, or trials are too short for it.
        DataError
            If a channel is constant in a trial: its power has no log.
        """
        X = trials_of(X, _AXES, self)
        n_times = X.shape[-1]
        self._check_bins(n_times)
        flat = np.argwhere(X.min(axis=-1) == X.max(axis=-1))
        if len(flat):
            trial, channel = flat[0]
            raise DataError(
                f"band_power: channel {channel} is constant in trial {trial}, so its power has no "
                "log. Drop the channel, or leave the trial out (windows: reject)."
            )
        edges = np.round(np.linspace(0, n_times, self.n_bins + 1)).astype(int)
        coefficients = np.asarray(fft.dct(X, axis=-1, norm="ortho"))
        powers = []
        for mask in self._masks(n_times):
            passed = np.asarray(fft.idct(mask * coefficients, axis=-1, norm="ortho"))
            powers.append(np.add.reduceat(passed**2, edges[:-1], axis=-1))
        features = np.log(np.concatenate([one / np.diff(edges) for one in powers], axis=-1))
        return np.concatenate([features, X], axis=-1) if self.keep_samples else features

    def _check_bins(self, n_times: int) -> None:
        check_count(self.n_bins, "n_bins", self)
        if n_times < self.n_bins:
            raise DataError(
                f"band_power: a trial has {n_times} samples for {self.n_bins} bins. Give longer "
                "windows, or fewer bins."
            )

    def _check_rate(self) -> float:
        if self.sfreq is None or not self.sfreq > 0:
            raise ConfigError(f"band_power: sfreq is {self.sfreq!r}. Give the sampling rate in Hz.")
        return self.sfreq

    def _masks(self, n_times: int) -> np.ndarray:
        """Say which coefficients are in each band, shape (n_bands, n_times)."""
        sfreq = self._check_rate()
        freqs = np.arange(n_times) * sfreq / (2 * n_times)
        masks = []
        for low, high in self.bands:
            if not 0 <= low < high <= sfreq / 2:
                raise ConfigError(
                    f"band_power: a band from {low:g} to {high:g} Hz at {sfreq:g} Hz. Give "
                    f"bands between 0 and {sfreq / 2:g} Hz, the lower edge first."
                )
            masks.append((freqs >= low) & (freqs < high))
            if not masks[-1].any():
                raise ConfigError(
                    f"band_power: trials of {n_times / sfreq:g} s hold no frequency from "
                    f"{low:g} to {high:g} Hz. Give a wider band, or longer windows."
                )
        if not masks:
            raise ConfigError("band_power: there is no band. Give pairs of frequencies in Hz.")
        return np.array(masks)

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.requires_fit = False
        return tags
