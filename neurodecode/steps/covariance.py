"""A covariance a trial."""

from typing import ClassVar, Literal

import numpy as np
from pyriemann.geometry.covariance import covariances
from sklearn.base import BaseEstimator, TransformerMixin

from neurodecode.core.needs import Needs
from neurodecode.steps._input import each_trial, three_dimensional, trials_of
from neurodecode.steps._rank import SHRINKING, check_inverses

_AXES = ("channel", "time")
Estimator = Literal["oas", "lwf", "sch", "scm", "cov"]


class Covariance(TransformerMixin, BaseEstimator):
    """Estimate the covariance of the channels in each trial.

    Parameters
    ----------
    estimator : {"oas", "lwf", "sch", "scm", "cov"}
        Oracle approximating shrinkage, Ledoit-Wolf and Schäfer-Strimmer shrink towards a multiple
        of the identity, so that the result has an inverse; ``scm`` and ``cov`` do not.

    References
    ----------
    Chen et al. 2010, doi 10.1109/TSP.2010.2053029 (oas); Ledoit & Wolf 2004,
    doi 10.1016/S0047-259X(03)00096-4 (lwf).
    """

    stateless, supervised = True, False
    gives = ("channel", "channel")
    version: ClassVar[int] = 1

    def __init__(self, estimator: Estimator = "oas"):
        self.estimator = estimator

    @property
    def needs(self) -> Needs:
        """Trials of channels by time, of any lengths; of full rank where nothing shrinks."""
        return Needs(axes=_AXES, ragged=True, full_rank=self.estimator not in SHRINKING)

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """Give one covariance a trial.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times), or list of ndarray
            A list where trials differ in length.

        Returns
        -------
        C : ndarray, shape (n_trials, n_channels, n_channels)
            In the square of the unit of `X`.

        Raises
        ------
        DataError
            If a covariance without shrinkage has no inverse.
        """
        if isinstance(X, list) and len({np.shape(one) for one in X}) > 1:
            each = (one[None] for one in each_trial(X, _AXES, self))
            C = np.concatenate([covariances(one, estimator=self.estimator) for one in each])
        else:
            C = covariances(trials_of(X, _AXES, self), estimator=self.estimator)
        if self.estimator not in SHRINKING:
            check_inverses(C)
        return C

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.requires_fit = False
        return tags
