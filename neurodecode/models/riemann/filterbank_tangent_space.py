"""Several frequency bands in the tangent space."""

from typing import ClassVar

from neurodecode.core.needs import Needs
from neurodecode.models.riemann._gram import Kernel
from neurodecode.models.riemann._heads import ClassWeight, Head, Headed, head_stages
from neurodecode.steps.band_covariances import BandCovariances
from neurodecode.steps.band_tangent_space import BandTangentSpace
from neurodecode.steps.covariance import TrialEstimator
from neurodecode.steps.tangent_space import Metric


class FilterbankTangentSpace(Headed):
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
