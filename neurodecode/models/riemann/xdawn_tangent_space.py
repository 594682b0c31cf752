"""Evoked responses in the tangent space."""

from typing import ClassVar

from neurodecode.core.needs import Needs
from neurodecode.models.riemann._gram import Kernel
from neurodecode.models.riemann._heads import ClassWeight, Head, Headed, head_stages
from neurodecode.steps.covariance import TrialEstimator
from neurodecode.steps.tangent_space import TangentSpace
from neurodecode.steps.xdawn_covariances import XdawnCovariances


class XdawnTangentSpace(Headed):
    """Covariances of trials beside the classes' mean responses, told apart in the tangent space.

    Parameters
    ----------
    n_components : int
        xDAWN filters of each class.
    estimator : str
        Of the covariances; see `neurodecode.steps.covariance.Covariance`.
    head, C, kernel, l1_ratio, max_iter, class_weight
        See `neurodecode.models.riemann.tangent_space.TangentSpace`.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    stages_ : list
        The fitted `XdawnCovariances`, `TangentSpace` and classifier.

    References
    ----------
    Barachant & Congedo 2014, doi 10.48550/arXiv.1409.0107; Rivet et al. 2009,
    doi 10.1109/TBME.2009.2012869.
    """

    needs = Needs(axes=("channel", "time"))
    version: ClassVar[int] = 1

    def __init__(
        self,
        n_components: int = 4,
        estimator: TrialEstimator = "oas",
        head: Head = "logistic",
        C: float = 1.0,
        kernel: Kernel = "linear",
        l1_ratio: float = 0.5,
        max_iter: int = 1000,
        class_weight: ClassWeight = None,
    ):
        self.n_components = n_components
        self.estimator: TrialEstimator = estimator
        self.head: Head = head
        self.C = C
        self.kernel: Kernel = kernel
        self.l1_ratio = l1_ratio
        self.max_iter = max_iter
        self.class_weight: ClassWeight = class_weight

    def stages(self) -> list:
        """Give the unfitted stages, the predictor last."""
        return [
            XdawnCovariances(self.n_components, self.estimator),
            TangentSpace(),
            *head_stages(self),
        ]
