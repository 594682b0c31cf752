"""What classifiers of flattened trials share, as functions."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.models._haufe import haufe_patterns, named_patterns


def training(model: Any, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Check what `fit` is handed; give trials of shape (n_trials, n_features), and classes."""
    checked, classes = map(np.asarray, validate_data(model, X, y, allow_nd=True))
    check_classification_targets(classes)
    return np.reshape(checked, (len(checked), -1)), classes


def tested(model: Any, X: Any) -> np.ndarray:
    """Check what a fitted model is handed; give trials of shape (n_trials, n_features)."""
    check_is_fitted(model)
    checked = validate_data(model, X, reset=False, allow_nd=True)
    return np.reshape(np.asarray(checked), (len(checked), -1))


def learn(
    model: Any,
    estimator: Any,
    X: np.ndarray,
    y: np.ndarray,
    weights: Callable[[Any], np.ndarray] = lambda fitted: fitted.coef_,
) -> Any:
    """Fit scikit-learn's estimator, and give the model what it learnt: classes and patterns.

    Parameters
    ----------
    model : scikit-learn estimator
    estimator : scikit-learn estimator
        Linear; unfitted.
    X : ndarray, shape (n_trials, n_features)
    y : ndarray, shape (n_trials,)
    weights : callable
        Gives the fitted estimator's weights, shape (n_patterns, n_features).
    """
    model.estimator_ = estimator.fit(X, y)
    model.classes_ = model.estimator_.classes_
    model.patterns_ = haufe_patterns(X, weights(model.estimator_))
    return model


def answer(model: Any, method: str, X: Any) -> np.ndarray:
    """Give what a method of the fitted estimator says of trials of shape (n_trials, …)."""
    X = tested(model, X)
    return getattr(model.estimator_, method)(X)


def patterns(model: Any) -> dict[str, np.ndarray]:
    """Give one map a class, or one for two classes, by class code."""
    check_is_fitted(model)
    return named_patterns(model.patterns_, model.classes_)
