"""Models as stages: what is shared between folds and models, and what a fold must fit itself."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from neurodecode.core.needs import SAME, Needs

# Functions of one trial alone, in libraries whose tags do not say so.
_STATELESS = {
    ("pyriemann.estimation", "Covariances"),
    ("pyriemann.estimation", "Kernels"),
    ("pyriemann.estimation", "CoSpectra"),
    ("mne.decoding.transformer", "Vectorizer"),
}
# Fitted without looking at y, so that one fit serves every permutation of the labels.
_BLIND_TO_Y = {
    ("sklearn.preprocessing._data", "StandardScaler"),
    ("sklearn.preprocessing._data", "MinMaxScaler"),
    ("sklearn.preprocessing._data", "RobustScaler"),
    ("sklearn.decomposition._pca", "PCA"),
    ("sklearn.feature_selection._variance_threshold", "VarianceThreshold"),
    ("pyriemann.tangentspace", "TangentSpace"),
}


def stages_of(model: Any) -> list[Any]:
    """Stages of a model, in order, the predictor last; a model of one piece is its own stage."""
    if hasattr(model, "stages"):
        return list(model.stages())
    if hasattr(model, "steps") and hasattr(model, "named_steps"):  # scikit-learn's Pipeline
        return [step for _, step in model.steps if step not in (None, "passthrough")]
    return [model]


def takes_rows_of_numbers(model: Any) -> bool:
    """Whether an estimator's first stage, which declares no needs, takes 2-D input alone."""
    first = stages_of(model)[0]
    if isinstance(getattr(model, "needs", None), Needs):
        return False
    if isinstance(getattr(first, "needs", None), Needs):
        return False
    if type(first).__module__.startswith(("pyriemann.", "mne.")):
        return False  # their tags do not say that they take (n_trials, n_channels, n_times)
    return _is_two_dimensional(first)


def why_not_chained(model: Any, axes: tuple[str, ...] | None) -> str | None:
    """Say which stage cannot take what the one before it gives.

    Parameters
    ----------
    model : scikit-learn estimator
    axes : tuple of str or None
        Of the trials; None where they are not known.

    Returns
    -------
    reason : str or None
        None where all can, or where a step does not say what it gives.
    """
    for before, stage in pairwise(stages_of(model)):
        gives = getattr(before, "gives", None)
        axes = axes if gives == SAME else gives
        needs = getattr(stage, "needs", None)
        wanted = needs.axes if isinstance(needs, Needs) else None
        if axes is None:
            continue
        given = f"{type(before).__name__} gives {' × '.join(axes)}"
        if wanted is not None and wanted != axes:
            return f"its {type(stage).__name__} takes trials of {' × '.join(wanted)}, and {given}."
        # Others may take more axes without saying so in their tags.
        theirs = type(stage).__module__.startswith("sklearn.")
        if len(axes) > 1 and theirs and _is_two_dimensional(stage):
            return f"its {type(stage).__name__} takes trials that are rows of numbers, and {given}."
    return None


def _is_two_dimensional(stage: Any) -> bool:
    tags = stage.__sklearn_tags__()
    if tags.no_validation:
        return False  # a FunctionTransformer takes what it is given
    return tags.input_tags.two_d_array and not tags.input_tags.three_d_array


def is_stateless(stage: Any) -> bool:
    """Whether a stage maps each trial by itself, so that it is computed once for all folds."""
    if getattr(stage, "stateless", False):
        return True
    if (type(stage).__module__, type(stage).__name__) in _STATELESS:
        return True
    module = type(stage).__module__
    if not hasattr(stage, "__sklearn_tags__") or not module.startswith("sklearn."):
        return False
    # A FunctionTransformer says it needs no fit, and its function may still look at many trials.
    if module == "sklearn.preprocessing._function_transformer":
        return False
    return not stage.__sklearn_tags__().requires_fit


def ignores_y(stage: Any) -> bool:
    """Whether fitting a stage does not depend on y."""
    if hasattr(stage, "supervised"):
        return not stage.supervised
    return (type(stage).__module__, type(stage).__name__) in _BLIND_TO_Y


def fit_transform(stage: Any, X: Any, y: np.ndarray) -> Any:
    """Fit a stage that is not the last and give the transformed training trials."""
    if hasattr(stage, "fit_transform"):
        return stage.fit_transform(X, y)
    return stage.fit(X, y).transform(X)


def fit_stages(stages: Sequence[Any], X: Any, y: np.ndarray) -> list[Any]:
    """Fit stages in order, each on what the one before it gives; gives them back fitted."""
    for stage in stages[:-1]:
        X = fit_transform(stage, X, y)
    stages[-1].fit(X, y)
    return list(stages)


def through(stages: Sequence[Any], X: Any) -> Any:
    """Give what the last of `stages` is handed when the first is handed `X`."""
    for stage in stages[:-1]:
        X = stage.transform(X)
    return X
