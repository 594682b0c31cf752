"""Minimum distance to the mean after geodesic filtering."""

from typing import ClassVar

from neurodecode.core.needs import Needs
from neurodecode.models._stages import Staged
from neurodecode.models.riemann._nearest_mean import NearestMean
from neurodecode.steps._geodesic_filter import GeodesicFilter
from neurodecode.steps.covariance import Covariance, Estimator, Regularize
from neurodecode.steps.tangent_space import TangentSpace


class Fgmdm(Staged):
    """Filter covariances by a discriminant in the tangent space, then take the nearest mean.

    Parameters
    ----------
    estimator, regularize
        Of the covariances; see `neurodecode.steps.covariance.Covariance`.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    stages_ : list
        `Covariance` and the fitted `TangentSpace`, filter and predictor.

    References
    ----------
    Barachant et al. 2010, doi 10.1007/978-3-642-15995-4_78.
    """

    version: ClassVar[int] = 1

    def __init__(self, estimator: Estimator = "oas", regularize: Regularize = None):
        self.estimator: Estimator = estimator
        self.regularize: Regularize = regularize

    @property
    def needs(self) -> Needs:
        """Those of the covariance."""
        return Covariance(self.estimator, self.regularize).needs

    def stages(self) -> list:
        """Give the unfitted stages, the predictor last."""
        return [
            Covariance(self.estimator, self.regularize),
            TangentSpace(),
            GeodesicFilter(),
            NearestMean(),
        ]
