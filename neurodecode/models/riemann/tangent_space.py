"""Logistic regression in the tangent space."""

from typing import ClassVar, Literal

from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from neurodecode.core.needs import Needs
from neurodecode.core.stages import fit_stages
from neurodecode.models import _stages
from neurodecode.steps._input import three_dimensional
from neurodecode.steps.covariance import Covariance, Estimator
from neurodecode.steps.tangent_space import Metric
from neurodecode.steps.tangent_space import TangentSpace as Projection


class TangentSpace(ClassifierMixin, BaseEstimator):
    """Covariances in the tangent space at their mean, told apart by logistic regression.

    Parameters
    ----------
    estimator : str
        Of the covariances; see `neurodecode.steps.covariance.Covariance`.
    metric : {"riemann", "logeuclid", "euclid"}
        Of the mean and the tangent space.
    C : float
        Inverse of the L2 penalty.
    max_iter : int
    class_weight : "balanced" or None
        Whether classes count alike, however many trials each has.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    stages_ : list
        `Covariance`, the fitted projection and the fitted regression.

    References
    ----------
    Barachant et al. 2013, doi 10.1016/j.neucom.2012.12.039.
    """

    version: ClassVar[int] = 2

    def __init__(
        self,
        estimator: Estimator = "oas",
        metric: Metric = "riemann",
        C: float = 1.0,
        max_iter: int = 1000,
        class_weight: Literal["balanced"] | None = None,
    ):
        self.estimator: Estimator = estimator
        self.metric: Metric = metric
        self.C = C
        self.max_iter = max_iter
        self.class_weight = class_weight

    @property
    def needs(self) -> Needs:
        """Those of the covariance."""
        return Covariance(self.estimator).needs

    def stages(self) -> list:
        """Give the unfitted stages, the predictor last."""
        return [
            Covariance(self.estimator),
            Projection(metric=self.metric),
            LogisticRegression(C=self.C, max_iter=self.max_iter, class_weight=self.class_weight),
        ]

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
