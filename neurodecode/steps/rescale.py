"""Covariances of each domain spread to the same dispersion."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.linalg.spd import logm, powm
from neurodecode.steps._domains import each_domain, learnt_of, with_domains
from neurodecode.steps._input import three_dimensional
from neurodecode.steps._rank import check_inverses

_AXES = ("channel", "channel")
_OFF_CENTRE = 0.5  # share of the dispersion that the distance of the centre may make up


class Rescale(TransformerMixin, BaseEstimator):
    """Spread covariances that lie around the identity so that each domain has dispersion 1.

    With the dispersion ``δ``, the mean of a domain's squared distances to the identity, a
    covariance becomes ``C^(1/√δ)``: it moves along its geodesic from the identity. The step
    `recentre` stands before.

    Parameters
    ----------
    by : tuple of str
        Columns of the rows; trials that have the same values of all are of one domain. Trials that
        come as an array, without rows, are of one domain.

    Attributes
    ----------
    dispersions_ : dict of str to float
        Of each domain of the training rows.
    dispersion_ : float
        The geometric mean of these, for domains of which nothing is known.
    tested_ : dict of str to float
        Of each tested domain that was seen.

    Notes
    -----
    Training rows are spread by the dispersion of their own domain; tested rows by that of what was
    seen of theirs (`adapt`), else by that of the training rows of their domain, else by the mean.

    In pyriemann, ``TLScale.fit_transform`` treats each row by its own domain and ``transform`` all
    rows by the target domain. Here `transform` looks up each row's domain.

    References
    ----------
    Rodrigues et al. 2019, doi 10.1109/TBME.2018.2889705.
    """

    supervised = False
    gives = _AXES
    version: ClassVar[int] = 1

    def __init__(self, by: tuple[str, ...] = ("subject", "session")):
        self.by = by

    @property
    def needs(self) -> Needs:
        """`Trials` of covariances with the columns of `by`."""
        return Needs(trials=True, rowless=True, columns=tuple(self.by), axes=_AXES)

    def fit(self, X, y=None):
        """Learn the dispersion of each domain of the training rows.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_channels, n_channels)

        Raises
        ------
        DataError
            If a domain does not lie around the identity, has no dispersion, or a row no domain.
        """
        X, domains = with_domains(X, _AXES, self.by, self)
        check_inverses(X)
        for name, rows in each_domain(domains):
            _check_centred(X[rows], name)
        self.dispersions_ = _dispersions(X, domains)
        self.dispersion_ = float(np.exp(np.mean(np.log(list(self.dispersions_.values())))))
        self.tested_ = {}
        return self

    def adapt(self, X, y=None):
        """Learn the dispersion of tested domains; labels are not looked at.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_channels, n_channels)

        Raises
        ------
        DataError
            If a domain has no dispersion, or a row no domain.
        """
        check_is_fitted(self)
        X, domains = with_domains(X, _AXES, self.by, self)
        check_inverses(X)
        self.tested_ = {**self.tested_, **_dispersions(X, domains)}
        return self

    def transform(self, X):
        """Spread covariances.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_channels, n_channels)

        Returns
        -------
        spread : ndarray, shape (n_trials, n_channels, n_channels)
        """
        check_is_fitted(self)
        X, domains = with_domains(X, _AXES, self.by, self)
        spread = np.empty_like(X)
        for name, rows in each_domain(domains):
            known = learnt_of(name, self.tested_, self.dispersions_, self.dispersion_, self)
            spread[rows] = powm(X[rows], 1 / np.sqrt(known))
        return spread

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())


def _dispersions(X: np.ndarray, domains: np.ndarray) -> dict[str, float]:
    """Mean squared distance of each domain's covariances to the identity."""
    found = {}
    for name, rows in each_domain(domains):
        found[name] = float(np.mean(np.sum(np.log(np.linalg.eigvalsh(X[rows])) ** 2, axis=1)))
        if found[name] < 1e-12 * X.shape[1]:
            raise DataError(
                f"rescale: the {len(rows)} covariance(s) of {name or 'the trials'} are all the "
                "identity, so they have no dispersion. A single trial, recentred, is. Show more "
                "trials of each domain."
            )
    return found


def _check_centred(C: np.ndarray, domain: str) -> None:
    """Hold covariances of a domain to lying around the identity."""
    logs = np.asarray(logm(C))
    off = np.sum(np.mean(logs, axis=0) ** 2)
    if off > _OFF_CENTRE * np.mean(np.sum(logs**2, axis=(1, 2))):
        raise DataError(
            f"rescale: the covariances of {domain or 'the trials'} do not lie around the identity, "
            "from which they would be spread. Put recentre, with the same by, before it."
        )
