"""Minimum distance to the mean, with means that follow the signal."""

from typing import ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError
from neurodecode.core.stages import through
from neurodecode.linalg.geodesics import geodesic
from neurodecode.models.riemann._nearest_mean import NearestMean
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.steps.covariance import Covariance, Estimator, Regularize
from neurodecode.steps.tangent_space import Metric


class AdaptiveMdm(Mdm):
    """Give each trial the class whose mean covariance is nearest, and move that mean towards it.

    A decoder that is used for an hour meets other covariances than it was trained on. Each window
    that it is handed by `update` moves the mean of its class along the geodesic to it: of the class
    that it was told, else of the one that it would have answered. Without `update` it is
    `riemann.mdm`.

    Parameters
    ----------
    rate : float
        How far a mean moves to a new trial of its class, 0 to 1.
    metric : {"riemann", "logeuclid", "euclid"}
        Of means, distances and geodesics.
    estimator, regularize
        Of the covariances; see `neurodecode.steps.covariance.Covariance`.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    stages_ : list
        `Covariance` and the means.

    References
    ----------
    Kumar et al. 2019, doi 10.1109/TNSRE.2019.2956488: supervised and unsupervised adaptation of
    class means.
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        rate: float = 0.02,
        metric: Metric = "riemann",
        estimator: Estimator = "oas",
        regularize: Regularize = None,
    ):
        super().__init__(metric, estimator, regularize)
        self.rate = rate

    @property
    def half_life(self) -> float:
        """Trials of a class after which a mean has forgotten half of what it was."""
        return self.stages()[-1].half_life

    def stages(self) -> list:
        """Give the unfitted stages, the predictor last."""
        return [Covariance(self.estimator, self.regularize), _MovingMeans(self.rate, self.metric)]

    def update(self, X, y=None):
        """Go on learning from trials of shape (n_trials, n_channels, n_times), in their order."""
        check_is_fitted(self)
        self.stages_[-1].update(through(self.stages_, X), y)
        return self


class _MovingMeans(NearestMean):
    """Mean covariance of each class, moved by what comes after the fit."""

    supervised = True
    version: ClassVar[int] = 1

    def __init__(self, rate: float = 0.02, metric: Metric = "riemann"):
        super().__init__(metric)
        self.rate = rate

    @property
    def half_life(self) -> float:
        """Trials of a class after which a mean has forgotten half of what it was."""
        return (
            np.inf if self.rate == 0 else float(np.log(0.5) / np.log1p(-min(self.rate, 1 - 1e-9)))
        )

    def fit(self, X, y):
        if not 0 <= self.rate <= 1:
            raise ConfigError(f"adaptive_mdm: rate is {self.rate}; give 0 to 1.")
        return super().fit(X, y)

    def update(self, X, y=None):
        for i, matrix in enumerate(X):
            label = self.predict(matrix[np.newaxis])[0] if y is None else y[i]
            for k in np.flatnonzero(self.classes_ == label):  # none, of a class never trained on
                self.means_[k] = geodesic(self.means_[k], matrix, self.rate, self.metric)
        return self
