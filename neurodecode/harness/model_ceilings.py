"""Ceilings of a model: the pictures that it would give, were its links told without error."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.pictures import check_pictures
from neurodecode.harness.beside import Beside


def has_ceilings(last: Any) -> bool:
    """Whether a predictor can say what it would give were it told without error."""
    return hasattr(last, "ceilings")


def ceilings_of(last: Any, y: np.ndarray, beside: Beside | None) -> dict[str, np.ndarray]:
    """Ask a fitted predictor for its ceilings on what was tested; each picture is asked once.

    Parameters
    ----------
    last : scikit-learn estimator
        With ``ceilings(y, signals)``, which gives a mapping of a name, such as ``round trip``, to
        pictures of the shape of `y`.
    y : ndarray, shape (n_test, height, width, channels)
        True pictures.
    beside : Beside or None
        Training signals of the test rows.

    Returns
    -------
    ceilings : dict of str to ndarray of float32, shape of `y`

    Raises
    ------
    DataError
        If it gives no pictures, or of another shape.
    """
    first, row = _distinct(y, beside)
    signals: Mapping[str, Any] = {}
    if beside is not None:
        told = beside.take(first).signals  # of test rows there are no columns beside
        signals = {name: told[name] for name in last.needs.training_signals}
    made, name = {}, type(last).__name__
    for ceiling, pictures in dict(last.ceilings(y[first], signals)).items():
        where = f"ceilings of {name}: {ceiling}"
        if np.shape(pictures) != y[first].shape:
            raise DataError(
                f"{where}: shape {np.shape(pictures)} for pictures of shape {y[first].shape}. One "
                "picture of the same size is needed for each that is handed in."
            )
        made[str(ceiling)] = check_pictures(pictures, where)[row]
    return made


def _distinct(y: np.ndarray, beside: Beside | None) -> tuple[np.ndarray, np.ndarray]:
    """Find rows that show the same: the first of each, and which of them each row is."""
    marks = [] if beside is None else [one.marks for one in beside.signals.values()]
    number: dict[Any, int] = {}
    row = np.array(
        [
            number.setdefault((y[i].tobytes(), *(one[i] for one in marks)), len(number))
            for i in range(len(y))
        ],
        dtype=np.intp,
    )
    return np.unique(row, return_index=True)[1], row
