"""Bringing pictures to a size, as published scores of pictures do: means over what falls together.

A kernel grows with the step, so that nothing is skipped where a picture shrinks (``antialias=True``
of torch, and whatever Pillow does). Scores depend on it, so it is the same everywhere.
"""

from typing import Literal

import numpy as np

from neurodecode.core.pictures import from_bytes, to_bytes

Filter = Literal["bilinear", "bicubic"]

_CUBIC = -0.5  # of Pillow, and of torch where it antialiases (it takes -0.75 where not)


def resize(pictures: np.ndarray, size: int, how: Filter = "bilinear") -> np.ndarray:
    """Bring pictures to size by size pixels, in float.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width, channels)
    size : int
        Pixels of a side; height and width are scaled each by its own factor, nothing is cropped.
    how : {"bilinear", "bicubic"}
        Bicubic oversteps the range.

    Returns
    -------
    resized : ndarray of float32, shape (n, size, size, channels)
        The pictures themselves where they have that size.
    """
    if pictures.shape[1:3] == (size, size):
        return pictures
    down, across = (_weights(n, size, how) for n in pictures.shape[1:3])
    columns = np.matmul(down, np.moveaxis(pictures, 3, 1))  # (n, channels, size, width)
    return np.ascontiguousarray(np.moveaxis(columns @ across.T, 1, 3))


def resize_bytes(pictures: np.ndarray, size: int, how: Filter = "bilinear") -> np.ndarray:
    """Bring pictures to size by size pixels as Pillow does with eight bits, rounded on the way.

    Parameters
    ----------
    pictures, size, how
        As in `resize`.

    Returns
    -------
    resized : ndarray of float32, shape (n, size, size, channels)
        Of 256 values from 0 to 1, also where the size stays.
    """
    from PIL import Image

    resample = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}[how]
    made = np.empty((len(pictures), size, size, pictures.shape[3]), dtype=np.uint8)
    for i, picture in enumerate(to_bytes(pictures)):
        one = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
        made[i] = np.asarray(one.resize((size, size), resample)).reshape(made.shape[1:])
    return from_bytes(made)


def _weights(n: int, size: int, how: Filter) -> np.ndarray:
    """Share of each of n pixels in each of the new ones, shape (size, n)."""
    step = n / size
    wide = max(step, 1.0)
    centres = (np.arange(size)[:, None] + 0.5) * step
    away = np.abs(np.arange(n) + 0.5 - centres) / wide
    if how == "bilinear":
        shares = np.maximum(1 - away, 0)
    else:
        near = ((_CUBIC + 2) * away - (_CUBIC + 3)) * away**2 + 1
        far = (((away - 5) * away + 8) * away - 4) * _CUBIC
        shares = np.where(away < 1, near, np.where(away < 2, far, 0))
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
