"""A covariance a trial and band."""

from typing import ClassVar

from sklearn.base import BaseEstimator, TransformerMixin

from neurodecode.core.needs import Needs
from neurodecode.linalg.covariance import covariances
from neurodecode.steps._input import three_dimensional, trials_of
from neurodecode.steps._rank import SHRINKING, check_inverses
from neurodecode.steps.covariance import TrialEstimator

_AXES = ("band", "channel", "time")


class BandCovariances(TransformerMixin, BaseEstimator):
    """Estimate the covariance of the channels in each band of each trial.

    Parameters
    ----------
    estimator : {"oas", "lwf", "sch", "scm", "cov"}
        See `neurodecode.steps.covariance.Covariance`.

    References
    ----------
    Chen et al. 2010, doi 10.1109/TSP.2010.2053029 (oas); Ledoit & Wolf 2004,
    doi 10.1016/S0047-259X(03)00096-4 (lwf).
    """

    stateless, supervised = True, False
    gives = ("band", "channel", "channel")
    version: ClassVar[int] = 1

    def __init__(self, estimator: TrialEstimator = "oas"):
        self.estimator: TrialEstimator = estimator

    @property
    def needs(self) -> Needs:
        """Trials of bands by channels by time; of full rank where nothing shrinks."""
        return Needs(axes=_AXES, full_rank=self.estimator not in SHRINKING)

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """Give one covariance a trial and band.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_bands, n_channels, n_times)

        Returns
        -------
        C : ndarray, shape (n_trials, n_bands, n_channels, n_channels)
            In the square of the unit of `X`.

        Raises
        ------
        DataError
            If a covariance without shrinkage has no inverse.
        """
        C = covariances(trials_of(X, _AXES, self), estimator=self.estimator)
        if self.estimator not in SHRINKING:
            for band in range(C.shape[1]):
                check_inverses(C[:, band])
        return C

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.requires_fit = False
        return tags
