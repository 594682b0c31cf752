"""Channels whitened by the noise of each session, as its training rows show it."""

from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.needs import Needs
from neurodecode.linalg.covariance import covariance_rank, covariances
from neurodecode.linalg.spd import invsqrtm
from neurodecode.steps._domains import each_domain, learnt_of, with_domains
from neurodecode.steps._input import three_dimensional

_AXES = ("channel", "time")


class Whiten(TransformerMixin, BaseEstimator):
    """Multivariate noise normalisation: trials times the inverse root of the noise covariance.

    The covariance is that of all samples of a session's training trials, shrunk as Ledoit and Wolf
    do. Tested trials are of no account, also where they are of the same session: the files of
    THINGS-EEG2 that were whitened before they were published took them in.

    Parameters
    ----------
    noise : {"trials", "repeats"}
        What counts as noise. ``trials``: how a trial's samples differ from its mean over time.
        ``repeats``: how trials differ from the mean over the training trials of the session that
        show the same stimulus; those that show one alone are left out.
    by : tuple of str
        Columns of the rows; trials that have the same values of all are of one session. A session
        that is not trained on gets the mean over those that are.

    Attributes
    ----------
    covariances_ : dict of str to ndarray, shape (n_channels, n_channels)
        Of each training session.
    overall_ : ndarray, shape (n_channels, n_channels)
        Their mean.

    References
    ----------
    Guggenmos et al. 2018, doi 10.1016/j.neuroimage.2018.02.044; Ledoit & Wolf 2004, doi
    10.1016/S0047-259X(03)00096-4.
    """

    gives = _AXES
    version: ClassVar[int] = 1

    def __init__(
        self,
        noise: Literal["trials", "repeats"] = "trials",
        by: tuple[str, ...] = ("subject", "session"),
    ):
        self.noise = noise
        self.by = by

    @property
    def supervised(self) -> bool:
        """Whether it is told what the training rows show."""
        return self.noise == "repeats"

    @property
    def needs(self) -> Needs:
        """`Trials` with the columns of `by`; of repeats also what the training rows show."""
        told = ("stimulus",) if self.noise == "repeats" else ()
        return Needs(
            trials=True, rowless=True, columns=tuple(self.by), axes=_AXES, training_columns=told
        )

    def fit(self, X, y=None, rows: pd.DataFrame | None = None):
        """Learn the noise covariance of each session.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_channels, n_times)
        rows : DataFrame or None
            With the column ``stimulus`` of each trial, for repeats.

        Raises
        ------
        DataError
            If nothing is repeated, or a covariance has no inverse.
        ConfigError
            If `noise` is neither of the two, or repeats are asked for without `rows`.
        """
        if self.noise not in ("trials", "repeats"):
            raise ConfigError(f"whiten: noise is {self.noise!r}. It is trials or repeats.")
        if self.noise == "repeats" and rows is None:
            raise ConfigError("whiten: noise: repeats needs rows with the column stimulus.")
        X, domains = with_domains(X, _AXES, self.by, self)
        self.covariances_ = {}
        for name, mine in each_domain(domains):
            if self.noise == "repeats" and rows is not None:
                noise = _residuals(X[mine], rows["stimulus"].to_numpy()[mine], name)
            else:
                noise = X[mine] - X[mine].mean(axis=-1, keepdims=True)
            self.covariances_[name] = _covariance(noise, name)
        self.overall_ = np.mean(list(self.covariances_.values()), axis=0)
        return self

    def transform(self, X):
        """Whiten trials.

        Returns
        -------
        Z : ndarray, shape (n_trials, n_channels, n_times)
            Without unit.
        """
        check_is_fitted(self)
        X, domains = with_domains(X, _AXES, self.by, self)
        made = np.empty(X.shape)
        for name, mine in each_domain(domains):
            covariance = learnt_of(name, {}, self.covariances_, self.overall_, self)
            made[mine] = invsqrtm(covariance) @ X[mine]
        return made

    def __sklearn_tags__(self) -> Any:
        return three_dimensional(super().__sklearn_tags__())


def _residuals(X: np.ndarray, stimuli: np.ndarray, domain: str) -> np.ndarray:
    """Give trials less the mean of those that show the same, of the variance of single trials."""
    codes: Any = pd.factorize(stimuli)[0]  # -1: nothing was shown
    counts = np.bincount(codes[codes >= 0], minlength=1)
    keep = (codes >= 0) & (counts[codes] > 1)
    if not keep.any():
        raise DataError(
            f"whiten: no stimulus is shown twice in the training rows of {domain or 'the trials'}, "
            "so repeats tell no noise. Use noise: trials."
        )
    order = np.argsort(codes[keep], kind="stable")
    kept, sorted_codes = X[keep][order], codes[keep][order]
    first = np.flatnonzero(np.r_[True, np.diff(sorted_codes) > 0])
    number = np.diff(np.r_[first, len(kept)])
    means = np.add.reduceat(kept, first, axis=0) / number[:, None, None]
    per_trial = np.repeat(number, number)[:, None, None]
    return (kept - np.repeat(means, number, axis=0)) * np.sqrt(per_trial / (per_trial - 1))


def _covariance(noise: np.ndarray, domain: str) -> np.ndarray:
    """Shrink once, over all samples: a trial by itself is too short to tell how much."""
    samples = np.moveaxis(noise, 1, 0).reshape(noise.shape[1], -1)
    # Before it is shrunk, which would hide that a direction holds nothing.
    rank = covariance_rank(covariances(samples[None], "scm")[0])
    if rank < len(samples):
        raise DataError(
            f"whiten: the noise covariance of {domain or 'the trials'} has rank {rank} for "
            f"{len(samples)} channels, so it has no inverse. Average reference, ICA and "
            "interpolated channels do this. Drop the redundant channels."
        )
    return covariances(samples[None], "lwf")[0]
