"""Linear and kernel classifiers in the tangent space."""

from typing import ClassVar

from neurodecode.core.needs import Needs
from neurodecode.models.riemann._gram import Kernel
from neurodecode.models.riemann._heads import ClassWeight, Head, Headed, head_stages
from neurodecode.steps.covariance import Covariance, Estimator, Regularize
from neurodecode.steps.tangent_space import Metric
from neurodecode.steps.tangent_space import TangentSpace as Projection


class TangentSpace(Headed):
    """Covariances in the tangent space at their mean, told apart as vectors.

    Parameters
    ----------
    estimator, regularize
        Of the covariances; see `neurodecode.steps.covariance.Covariance`.
    metric : {"riemann", "logeuclid", "euclid"}
        Of the mean and the tangent space.
    C : float
        Inverse of the penalty.
    max_iter : int
        Of the regressions.
    class_weight : "balanced" or None
        Whether classes count alike, however many trials each has.
    head : {"logistic", "svm", "elastic_net"}
        Logistic regression under an L2 penalty; a support vector machine; logistic regression under
        an L1 and an L2 penalty.
    kernel : {"linear", "rbf"}
        Of ``svm``.
    l1_ratio : float
        Share of the L1 penalty of ``elastic_net``.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    stages_ : list
        `Covariance`, the fitted projection and the fitted classifier.

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
        class_weight: ClassWeight = None,
        head: Head = "logistic",
        kernel: Kernel = "linear",
        l1_ratio: float = 0.5,
        regularize: Regularize = None,
    ):
        self.estimator: Estimator = estimator
        self.regularize: Regularize = regularize
        self.metric: Metric = metric
        self.C = C
        self.max_iter = max_iter
        self.class_weight: ClassWeight = class_weight
        self.head: Head = head
        self.kernel: Kernel = kernel
        self.l1_ratio = l1_ratio

    @property
    def needs(self) -> Needs:
        """Those of the covariance."""
        return Covariance(self.estimator, self.regularize).needs

    def stages(self) -> list:
        """Give the unfitted stages, the predictor last."""
        return [
            Covariance(self.estimator, self.regularize),
            Projection(metric=self.metric),
            *head_stages(self),
        ]
