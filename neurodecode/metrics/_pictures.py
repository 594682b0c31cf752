"""Pictures, or vectors that stand for them, and predictions as rows of numbers."""

import numpy as np

from neurodecode.core.errors import DataError


def flat(pictures: np.ndarray) -> np.ndarray:
    """Give pictures as rows, shape (n, n_pixels), of float64."""
    # Zero is added because minus zero is another pattern of bytes.
    return np.asarray(pictures, dtype=np.float64).reshape(len(pictures), -1) + 0.0


def pairs(true: np.ndarray, pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give pictures and predictions as rows of as many numbers.

    Raises
    ------
    DataError
        If their sizes differ, or they have one entry.
    """
    true, pred = flat(true), flat(pred)
    if true.shape != pred.shape:
        raise DataError(
            f"predictions of {pred.shape[1]} entries, where the true ones have {true.shape[1]}"
        )
    if true.shape[1] < 2:
        raise DataError("a picture or vector of one entry has no correlation")
    return true, pred


def distinct(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pictures that differ, in the order they come, and which of them each one is.

    Parameters
    ----------
    pictures : ndarray, shape (n, n_pixels)
        As `flat` gives them.

    Returns
    -------
    pictures : ndarray, shape (n_different, n_pixels)
    which : ndarray of int, shape (n,)
    """
    number: dict[bytes, int] = {}
    which = np.array([number.setdefault(one.tobytes(), len(number)) for one in pictures])
    return pictures[np.unique(which, return_index=True)[1]], which
