"""Signals of each domain whitened by their mean covariance."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.linalg.covariance import covariance_rank
from neurodecode.steps._centres import Centres, Update, check_update
from neurodecode.steps._domains import with_domains
from neurodecode.steps._input import three_dimensional

_AXES = ("channel", "time")


class EuclideanAlignment(TransformerMixin, BaseEstimator):
    """Whiten trials by the mean covariance of their own domain, such as a session.

    With ``R`` the arithmetic mean of ``x xᵀ / n_times`` over a domain's trials, ``x`` becomes
    ``R^(-1/2) x``: what `recentre` does to covariances, for decoders of signals, such as networks.

    Parameters
    ----------
    by : tuple of str
        Columns of the rows; trials that have the same values of all are of one domain. Trials that
        come as an array, without rows, are of one domain.
    update : {"batch", "recursive"}
        How rows of the tested domain are taken in; see Notes.

    Attributes
    ----------
    centres_ : Centres
        The mean of each training domain, of all, and of each tested domain that was seen.
    flags_ : tuple of str
        ``causal_adaptation`` where `update` is ``recursive``.

    Notes
    -----
    Whose mean a trial is whitened by is as in `neurodecode.steps.recentre.Recentre`: its own
    domain's in training; of the tested what `adapt` has seen, all at once or (``recursive``, with
    ``one_by_one: true``) trial by trial; else the mean of the training domains' means. A mean of
    fewer samples than channels has no inverse, so that ``recursive`` needs trials longer than that.

    Whitening commutes with filters over time, and not with leaving out channels.

    References
    ----------
    He & Wu 2020, doi 10.1109/TBME.2019.2913914.
    """

    supervised = False
    gives = _AXES
    version: ClassVar[int] = 1

    def __init__(self, by: tuple[str, ...] = ("subject", "session"), update: Update = "batch"):
        self.by = by
        self.update: Update = update

    @property
    def needs(self) -> Needs:
        """`Trials` of signals with the columns of `by`."""
        follows = self.update == "recursive"
        return Needs(trials=True, rowless=True, columns=tuple(self.by), axes=_AXES, follows=follows)

    def fit(self, X, y=None):
        """Learn the mean covariance of each domain of the training rows.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_channels, n_times)

        Raises
        ------
        ConfigError
            If `update` is unknown.
        DataError
            If a mean covariance has no inverse, or a row no domain.
        """
        check_update(self.update, self)
        X, domains = with_domains(X, _AXES, self.by, self)
        self.centres_ = Centres.of(_powers(X), domains, "euclid")
        _check_means(self.centres_.trained)
        self.flags_ = ("causal_adaptation",) if self.update == "recursive" else ()
        return self

    def adapt(self, X, y=None):
        """Take in rows of the tested domains; labels are not looked at.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_channels, n_times)
            In time.

        Raises
        ------
        DataError
            If a mean covariance has no inverse, or a row no domain.
        """
        check_is_fitted(self)
        X, domains = with_domains(X, _AXES, self.by, self)
        self.centres_ = self.centres_.adapted(_powers(X), domains, self.update)
        _check_means(self.centres_.tested)
        return self

    def transform(self, X):
        """Whiten trials.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_channels, n_times)

        Returns
        -------
        whitened : ndarray, shape (n_trials, n_channels, n_times)
            Without unit.
        """
        check_is_fitted(self)
        X, domains = with_domains(X, _AXES, self.by, self)
        return self.centres_.whitenings(domains, self) @ X

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())


def _powers(X: np.ndarray) -> np.ndarray:
    """Give ``x xᵀ / n_times`` of each trial; as in the paper, channels are not centred."""
    return X @ X.swapaxes(-1, -2) / X.shape[-1]


def _check_means(means: Mapping[str, np.ndarray]) -> None:
    """Hold each domain's mean covariance to having an inverse."""
    for domain, mean in means.items():
        rank = covariance_rank(mean)
        if rank < len(mean):
            raise DataError(
                f"euclidean_alignment: the mean covariance of {domain or 'the trials'} has rank "
                f"{rank} for {len(mean)} channels, so it has no inverse. Average reference, ICA "
                "and interpolated channels do this. Drop the redundant channels."
            )
