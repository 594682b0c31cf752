"""Pictures as models learn them: as they are, or as rows of numbers, and back."""

from typing import Any

import numpy as np

from neurodecode.core.entries import Entries
from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.core.pictures import check_pictures, flattened, shaped
from neurodecode.core.stages import ignores_y
from neurodecode.core.truth import RaggedBrains


def learns(targets: tuple[str, ...], kind: str) -> bool:
    """Whether what learns these kinds of target can be told one of this kind.

    What learns vectors is told pictures too, as rows of numbers.
    """
    return kind in targets or (kind == "picture" and "vector" in targets)


def told_to(stage: Any, y: Any) -> Any:
    """Give truth as a stage learns it.

    Pictures are rows of numbers unless it asks for pictures; vectors that lie in files are an array
    unless it reads them as it needs them; brains of people with voxels of
    their own are a list, also where these are as many.

    Parameters
    ----------
    stage : scikit-learn estimator
    y : ndarray, Entries, RaggedBrains or None
        Of pictures, shape (n, height, width, channels).
    """
    if isinstance(y, RaggedBrains):
        return list(y.each)
    if isinstance(y, Entries):
        needs = getattr(stage, "needs", None)
        lazy = isinstance(needs, Needs) and needs.lazy_targets
        return y if lazy or ignores_y(stage) else np.asarray(y)
    if y is None or np.ndim(y) != 4 or _takes_pictures(stage):
        return y
    return flattened(y)


def pictures_of(pred: np.ndarray, shape: tuple[int, ...], last: Any) -> np.ndarray:
    """Give what a predictor says as pictures.

    Parameters
    ----------
    pred : ndarray, shape (n, height, width, channels) or (n, …) of as many numbers
        Of a predictor that asks for pictures, these, from 0 to 1. Of others rows of numbers, which
        are cut to 0 to 1.
    shape : tuple of int
        Height, width and channels of the true pictures.
    last : scikit-learn estimator
        What has said it.

    Returns
    -------
    pictures : ndarray of float32, shape (n, height, width, channels)

    Raises
    ------
    DataError
        If these are no pictures of that shape, or those of a predictor of pictures leave 0 to 1.
    """
    name = type(last).__name__
    alike = pred.shape[1:] == shape if _takes_pictures(last) else pred[:1].size == np.prod(shape)
    if len(pred) and not alike:
        size = " × ".join(map(str, shape))
        raise DataError(
            f"{name} gives predictions of shape {pred.shape}; one picture of {size} (height, "
            "width, channels) a test row is needed."
        )
    if _takes_pictures(last):
        return check_pictures(pred, f"predictions of {name}")
    return shaped(pred, shape)


def _takes_pictures(stage: Any) -> bool:
    needs = getattr(stage, "needs", None)
    return isinstance(needs, Needs) and "picture" in needs.targets
