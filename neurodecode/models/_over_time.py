"""What models with one estimator at each time share, as functions."""

from typing import Any

import numpy as np
from sklearn.base import clone, is_regressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.steps._input import three_dimensional

AXES = ("channel", "time")


def estimator_of(model: Any) -> Any:
    """Give the unfitted estimator of one time: logistic regression where none was given.

    Raises
    ------
    ConfigError
        If what was given is no estimator.
    """
    if hasattr(model.estimator, "fit") and not isinstance(model.estimator, type):
        return model.estimator
    if model.estimator is not None:
        raise ConfigError(
            f"{type(model).__name__}: estimator is {model.estimator!r}, which is no estimator. "
            "Give one of a library, as in estimator: sklearn.svm.LinearSVC."
        )
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def needs_of(model: Any) -> Needs:
    """Trials of channels by time; values where the estimator is a regressor."""
    targets = ("value",) if is_regressor(estimator_of(model)) else ("label",)
    return Needs(axes=AXES, targets=targets)


def fit_each(model: Any, X: np.ndarray, y: Any) -> list[Any]:
    """Fit one clone a time on trials of shape (n_trials, n_channels, n_times)."""
    fitted = []
    for time in range(X.shape[-1]):
        estimator: Any = clone(estimator_of(model))
        fitted.append(estimator.fit(X[..., time], y))
    return fitted


def offers(method: str) -> Any:
    """Give the condition under which a model has a method: that its estimator has it."""

    def check(model: Any) -> bool:
        return hasattr(estimator_of(model), method)

    return check


def tags_of(model: Any, tags: Any) -> Any:
    """Tags of trials of channels by time, and of the estimator's kind of target."""
    own = estimator_of(model).__sklearn_tags__()
    tags.estimator_type = own.estimator_type
    tags.target_tags = own.target_tags
    tags.classifier_tags, tags.regressor_tags = own.classifier_tags, own.regressor_tags
    return three_dimensional(tags)
