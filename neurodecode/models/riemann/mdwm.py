"""Minimum distance to a mean between that of others and that of the tested."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.core.stages import through
from neurodecode.linalg.geodesics import geodesic
from neurodecode.models._stages import Staged
from neurodecode.models.riemann._nearest_mean import NearestMean
from neurodecode.steps._domains import labels_of_the_tested
from neurodecode.steps.covariance import Covariance, Estimator, Regularize
from neurodecode.steps.tangent_space import Metric


class Mdwm(Staged):
    """Give each trial the class whose mean is nearest, a mean of others moved to the tested's own.

    Each class has a point on the geodesic from its mean over the training trials to its mean over
    what calibration shows of the tested (``target_access: {calibration: …}``).

    Parameters
    ----------
    tradeoff : float
        How far along: 0 is the mean of the training trials, 1 that of the tested.
    metric : {"riemann", "logeuclid", "euclid"}
        Of means, geodesics and distances.
    estimator, regularize
        Of the covariances; see `neurodecode.steps.covariance.Covariance`.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    stages_ : list
        `Covariance` and the fitted predictor, whose ``means_`` are the classes'.

    Notes
    -----
    Until it has been adapted, and for a class that calibration lacks, means are those of training.

    References
    ----------
    Kalunga, Chevallier & Barthélemy 2018, 26th European Signal Processing Conference, p. 1685.
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        tradeoff: float = 0.5,
        metric: Metric = "riemann",
        estimator: Estimator = "oas",
        regularize: Regularize = None,
    ):
        self.tradeoff = tradeoff
        self.metric: Metric = metric
        self.estimator: Estimator = estimator
        self.regularize: Regularize = regularize

    @property
    def needs(self) -> Needs:
        """Those of the covariance, and labels of some of the tested."""
        return replace(Covariance(self.estimator, self.regularize).needs, calibration=True)

    def stages(self) -> list:
        """Give the unfitted stages, the predictor last."""
        predictor = _MeansBetween(self.tradeoff, self.metric)
        return [Covariance(self.estimator, self.regularize), predictor]

    def adapt(self, X, y=None):
        """Move the means towards those of labelled trials of the tested.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times)
        y : ndarray, shape (n_trials,)

        Raises
        ------
        DataError
            If there are no labels.
        """
        check_is_fitted(self)
        self.stages_[-1].adapt(through(self.stages_, X), y)
        return self


class _MeansBetween(NearestMean):
    """Nearest means, those of training moved to those of the tested."""

    needs = Needs(axes=("channel", "channel"), calibration=True)
    version: ClassVar[int] = 1

    def __init__(self, tradeoff: float = 0.5, metric: Metric = "riemann"):
        super().__init__(metric)
        self.tradeoff = tradeoff

    def fit(self, X, y):
        if not 0 <= self.tradeoff <= 1:
            raise ConfigError(f"mdwm: tradeoff is {self.tradeoff!r}. Give a number from 0 to 1.")
        super().fit(X, y)
        self.trained_ = self.means_
        return self

    def adapt(self, X, y=None):
        y = labels_of_the_tested(y, "mdwm")
        theirs = NearestMean(self.metric).fit(X, y)
        _, mine, other = np.intersect1d(self.classes_, theirs.classes_, return_indices=True)
        self.means_ = self.trained_.copy()
        for i, j in zip(mine, other, strict=True):
            self.means_[i] = geodesic(
                self.trained_[i], theirs.means_[j], self.tradeoff, self.metric
            )
        return self
