"""Minimum distance to the mean."""

from typing import ClassVar

from sklearn.base import BaseEstimator, ClassifierMixin

from neurodecode.core.needs import Needs
from neurodecode.core.stages import fit_stages
from neurodecode.models import _stages
from neurodecode.models.riemann._nearest_mean import NearestMean
from neurodecode.steps._input import three_dimensional
from neurodecode.steps.covariance import Covariance, Estimator, Regularize
from neurodecode.steps.tangent_space import Metric


class Mdm(ClassifierMixin, BaseEstimator):
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

    def fit(self, X, y):
        """Fit on trials of shape (n_trials, n_channels, n_times)."""
        self.stages_ = fit_stages(self.stages(), X, y)
        self.classes_ = self.stages_[-1].classes_
        return self

    def predict(self, X):
        return _stages.predict(self, X)

    def predict_proba(self, X):
        return _stages.predict_proba(self, X)

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())
