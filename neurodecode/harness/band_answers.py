"""What a model says of rows by each band of features, and without it, beside its answer."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.predictions import Predictions
from neurodecode.harness.handed import Input

_ROUNDING = 1e-4  # of the largest number that is added: bands are kept in float32


def answers_by_band(last: Any, X: Input, said: Predictions) -> dict[str, np.ndarray]:
    """Ask a fitted encoder what each band of features adds to its answers.

    Parameters
    ----------
    last : scikit-learn estimator
        With ``by_band(X)``, which gives a mapping of the name of each band to an array of the shape
        of `said`, where it has bands. With the mean of the training targets they sum to what it
        says.
    X : ndarray, list of ndarray, or Trials
        The rows, as it is handed them.
    said : Predictions
        Its answers to these rows.

    Returns
    -------
    by_band : dict of str to ndarray of float32, shape of the answers
        Empty of a predictor without bands.

    Raises
    ------
    DataError
        If they are of another shape, or do not sum to what it says.
    """
    if not hasattr(last, "by_band"):
        return {}
    pred, who = np.asarray(said.pred), f"by_band of {type(last).__name__}"
    found = _of_shape(pred, last.by_band(X), who)
    rest = pred - sum(one.astype(np.float64) for one in found.values())
    size = max(float(np.abs(one).max(initial=0)) for one in (pred, *found.values()))
    if np.ptp(rest, axis=0).max(initial=0) > _ROUNDING * size:
        raise DataError(
            f"{who}: what bands add does not sum to what predict says. From row to row they may "
            "differ by rounding alone, once the mean of the training targets is added."
        )
    return found


def answers_without_bands(
    last: Any, X: Input, said: Predictions, bands: Sequence[str]
) -> dict[str, np.ndarray]:
    """Ask a fitted encoder what it says without each band of features, all else fitted anew.

    Parameters
    ----------
    last : scikit-learn estimator
        With ``without_band(X)``, which gives a mapping as ``by_band(X)`` does, or an empty one
        where it was not fitted without them.
    X, said
        As `answers_by_band` has them.
    bands : sequence of str
        Those that it has.

    Returns
    -------
    without : dict of str to ndarray of float32, shape of the answers
        In the order of `bands`; empty where it does not know.

    Raises
    ------
    DataError
        If they are of another shape, or of other bands.
    """
    who = f"without_band of {type(last).__name__}"
    told = last.without_band(X) if hasattr(last, "without_band") else {}
    found = _of_shape(np.asarray(said.pred), told, who)
    if found and set(found) != set(bands):
        raise DataError(
            f"{who}: of {', '.join(found)}, and there are the bands {', '.join(bands)}. Tell "
            "answers without each of them."
        )
    return {name: found[name] for name in bands if found}


def _of_shape(pred: np.ndarray, told: Mapping[str, np.ndarray], who: str) -> dict[str, np.ndarray]:
    found = {str(name): np.asarray(one, np.float32) for name, one in told.items()}
    for name, one in found.items():
        if one.shape != pred.shape:
            raise DataError(
                f"{who}: {name} has shape {one.shape} for answers of shape {pred.shape}. One "
                "number for each that is told is needed."
            )
    return found
