"""Minimum distance to the mean."""

from typing import ClassVar

from neurodecode.core.needs import Needs
from neurodecode.models._stages import Staged
from neurodecode.models.riemann._nearest_mean import NearestMean
from neurodecode.steps.covariance import Covariance, Estimator, Regularize
from neurodecode.steps.tangent_space import Metric


class Mdm(Staged):
    """Give each trial the class whose mean covariance is nearest.

    Parameters
    ----------
    metric : {"riemann", "logeuclid", "euclid"}
        Of means and distances.
    estimator, regularize
        Of the covariances; see `neurodecode.steps.covariance.Covariance`.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    stages_ : list
        `Covariance` and the fitted predictor, whose ``means_`` are the classes'.

    References
    ----------
    Barachant et al. 2012, doi 10.1109/TBME.2011.2172210.
    """

    version: ClassVar[int] = 2

    def __init__(
        self,
        metric: Metric = "riemann",
        estimator: Estimator = "oas",
        regularize: Regularize = None,
    ):
        self.metric: Metric = metric
        self.estimator: Estimator = estimator
        self.regularize: Regularize = regularize

    @property
    def needs(self) -> Needs:
        """Those of the covariance."""
        return Covariance(self.estimator, self.regularize).needs

    def stages(self) -> list:
        """Give the unfitted stages, the predictor last."""
        return [Covariance(self.estimator, self.regularize), NearestMean(self.metric)]
