"""Covariances of trials and their delayed copies, by the nearest mean or in the tangent space."""

from dataclasses import replace
from typing import ClassVar, Literal

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.linalg.lagged import LaggedEstimator
from neurodecode.models.riemann._gram import Kernel
from neurodecode.models.riemann._heads import ClassWeight, Headed, head_stages
from neurodecode.models.riemann._nearest_mean import NearestMean
from neurodecode.steps.augmented_covariance import AugmentedCovariance as Estimation
from neurodecode.steps.augmented_covariance import Select
from neurodecode.steps.rank_reducer import RankReducer
from neurodecode.steps.tangent_space import TangentSpace


class AugmentedCovariance(Headed):
    """Tell trials apart by the covariance of their channels and of delayed copies of them.

    Order and lag are given, chosen from the training trials by what unfolds their dynamics
    (`select`), or searched for: ``tune`` of an experiment, or of `neurodecode.evaluate`, scores
    them on inner folds of the training rows.

    Parameters
    ----------
    order, lag, select, estimator
        See `neurodecode.steps.augmented_covariance.AugmentedCovariance`.
    head : {"mdm", "svm", "logistic", "elastic_net"}
        The nearest mean, or a classifier of tangent vectors.
    regularize : "auto" or None
        Whether trials are projected on the directions in which they vary
        (`neurodecode.steps.rank_reducer.RankReducer`), where channels depend on one another.
    C, kernel, l1_ratio, max_iter, class_weight
        Of the classifiers of tangent vectors; see
        `neurodecode.models.riemann.tangent_space.TangentSpace`.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    stages_ : list
        The augmented covariance and what tells it apart, fitted.

    References
    ----------
    Carrara & Papadopoulo 2024, doi 10.1109/TBME.2024.3386219.
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        order: int = 4,
        lag: int = 5,
        select: Select | None = None,
        estimator: LaggedEstimator = "cov",
        head: Literal["mdm", "svm", "logistic", "elastic_net"] = "svm",
        C: float = 1.0,
        kernel: Kernel = "linear",
        l1_ratio: float = 0.5,
        max_iter: int = 1000,
        class_weight: ClassWeight = None,
        regularize: Literal["auto"] | None = None,
    ):
        self.order = order
        self.lag = lag
        self.select: Select | None = select
        self.estimator: LaggedEstimator = estimator
        self.head: Literal["mdm", "svm", "logistic", "elastic_net"] = head
        self.C = C
        self.kernel: Kernel = kernel
        self.l1_ratio = l1_ratio
        self.max_iter = max_iter
        self.class_weight: ClassWeight = class_weight
        self.regularize: Literal["auto"] | None = regularize

    @property
    def needs(self) -> Needs:
        """Those of the covariance."""
        needs = self._estimation().needs
        return needs if self.regularize is None else replace(needs, full_rank=False)

    def stages(self) -> list:
        """Give the unfitted stages, the predictor last."""
        if self.regularize not in (None, "auto"):
            raise ConfigError(f"regularize: {self.regularize!r}. Give auto or null.")
        # Before embedding: a direction that is lacking is lacking once in every copy.
        reducing = [] if self.regularize is None else [RankReducer()]
        first = [*reducing, self._estimation()]
        if self.head == "mdm":
            return [*first, NearestMean()]
        return [*first, TangentSpace(), *head_stages(self)]

    def _estimation(self) -> Estimation:
        return Estimation(self.order, self.lag, self.select, self.estimator)
