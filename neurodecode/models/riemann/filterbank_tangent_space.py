"""Several frequency bands in the tangent space."""

from typing import ClassVar

from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.metaestimators import available_if

from neurodecode.core.needs import Needs
from neurodecode.core.stages import fit_stages
from neurodecode.models import _stages
from neurodecode.models.riemann._gram import Kernel
from neurodecode.models.riemann._heads import (
    ClassWeight,
    Head,
    gives_margins,
    gives_probabilities,
    head_stages,
)
from neurodecode.steps._input import three_dimensional
from neurodecode.steps.band_covariances import BandCovariances
from neurodecode.steps.band_tangent_space import BandTangentSpace
from neurodecode.steps.covariance import TrialEstimator
from neurodecode.steps.tangent_space import Metric


class FilterbankTangentSpace(ClassifierMixin, BaseEstimator):
    """Covariances of each band in the tangent space at their mean, told apart together.

    Bands are an axis of the trials, as the preparation ``filter_bank`` makes it.

    Parameters
    ----------
    estimator : str
        Of the covariances; see `neurodecode.steps.covariance.Covariance`.
    metric : {"riemann", "logeuclid", "euclid"}
        Of means and tangent spaces.
    head, C, kernel, l1_ratio, max_iter, class_weight
        See `neurodecode.models.riemann.tangent_space.TangentSpace`.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    stages_ : list
        `BandCovariances`, the fitted `BandTangentSpace` and classifier.

    References
    ----------
    Barachant et al. 2013, doi 10.1016/j.neucom.2012.12.039; Ang et al. 2008,
    doi 10.1109/IJCNN.2008.4634130, for the bank.
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        estimator: TrialEstimator = "oas",
        metric: Metric = "riemann",
        head: Head = "logistic",
        C: float = 1.0,
        kernel: Kernel = "linear",
        l1_ratio: float = 0.5,
        max_iter: int = 1000,
        class_weight: ClassWeight = None,
    ):
        self.estimator: TrialEstimator = estimator
        self.metric: Metric = metric
        self.head: Head = head
        self.C = C
        self.kernel: Kernel = kernel
        self.l1_ratio = l1_ratio
        self.max_iter = max_iter
        self.class_weight: ClassWeight = class_weight

    @property
    def needs(self) -> Needs:
        """Those of the covariances."""
        return BandCovariances(self.estimator).needs

    def stages(self) -> list:
        """Give the unfitted stages, the predictor last."""
        return [BandCovariances(self.estimator), BandTangentSpace(self.metric), *head_stages(self)]

    def fit(self, X, y):
        """Fit on trials of shape (n_trials, n_bands, n_channels, n_times)."""
        self.stages_ = fit_stages(self.stages(), X, y)
        self.classes_ = self.stages_[-1].classes_
        return self

    def predict(self, X):
        return _stages.predict(self, X)

    @available_if(gives_probabilities)
    def predict_proba(self, X):
        return _stages.predict_proba(self, X)

    @available_if(gives_margins)
    def decision_function(self, X):
        return _stages.decision_function(self, X)

    def __sklearn_tags__(self):
        return three_dimensional(super().__sklearn_tags__())
