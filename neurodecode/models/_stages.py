"""What models made of stages share, as functions."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.stages import through


def predict(model: Any, X: np.ndarray) -> np.ndarray:
    """Class codes from the last stage."""
    check_is_fitted(model)
    return model.stages_[-1].predict(through(model.stages_, X))


def predict_proba(model: Any, X: np.ndarray) -> np.ndarray:
    """Probabilities from the last stage, shape (n_trials, n_classes)."""
    check_is_fitted(model)
    return model.stages_[-1].predict_proba(through(model.stages_, X))


def decision_function(model: Any, X: np.ndarray) -> np.ndarray:
    """Margins from the last stage."""
    check_is_fitted(model)
    return model.stages_[-1].decision_function(through(model.stages_, X))
