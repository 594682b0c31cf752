"""Classifiers of tangent vectors, as stages, and the models that end in one."""

import inspect
from typing import Any, Literal

from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError
from neurodecode.core.stages import through
from neurodecode.models._stages import Staged
from neurodecode.models.riemann._gram import Gram

Head = Literal["logistic", "svm", "elastic_net"]
KERNELS = ("linear", "rbf")
HEADS = ("logistic", "svm", "elastic_net")
ClassWeight = Literal["balanced"] | None


def head_stages(model: Any) -> list[Any]:
    """Give the unfitted stages by which a model tells tangent vectors apart.

    Parameters
    ----------
    model : scikit-learn estimator
        With ``head`` and the arguments of all heads: ``C kernel l1_ratio max_iter class_weight``.

    Returns
    -------
    stages : list
        The predictor last.

    Raises
    ------
    ConfigError
        If there is no such head or kernel.
    """
    regression = {"C": model.C, "max_iter": model.max_iter, "class_weight": model.class_weight}
    if model.head == "logistic":
        return [LogisticRegression(**regression)]
    if model.head == "elastic_net":
        # Seeded: in what order trials are visited is drawn, what is neared is one.
        more = {"solver": "saga", "intercept_scaling": 1000, "random_state": 0, **_PENALTY}
        return [LogisticRegression(l1_ratio=model.l1_ratio, **regression, **more)]
    if model.head != "svm":
        raise ConfigError(f"head: {model.head!r} is none.{nearest(str(model.head), HEADS)}")
    if model.kernel not in KERNELS:
        raise ConfigError(f"kernel: {model.kernel!r} is none.{nearest(str(model.kernel), KERNELS)}")
    return [
        Gram(model.kernel),
        SVC(C=model.C, kernel="precomputed", class_weight=model.class_weight),
    ]


class Headed(Staged):
    """A classifier of stages that end in a `head`, which says what else it gives than classes."""

    head: Any

    @available_if(lambda self: self.head != "svm")
    def predict_proba(self, X):  # pyright: ignore[reportIncompatibleMethodOverride]
        """Give probabilities, shape (n_trials, n_classes); a support vector machine has margins."""
        return super().predict_proba(X)

    @available_if(lambda self: self.head != "mdm")
    def decision_function(self, X):
        """Give margins, as the head does; distances to means have none."""
        check_is_fitted(self)
        return self.stages_[-1].decision_function(through(self.stages_, X))


# scikit-learn took the name of the penalty from the ratio alone from 1.8 on.
_SAID = inspect.signature(LogisticRegression).parameters["penalty"].default
_PENALTY = {} if _SAID == "deprecated" else {"penalty": "elasticnet"}
