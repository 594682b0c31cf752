"""What estimators of flattened trials share, as functions."""

from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data


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
