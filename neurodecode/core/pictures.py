"""Pictures as arrays: float32 of shape (n, height, width, channels) from 0 to 1.

Eight bits are for disk; nothing else in numpy knows of 255.
"""

import numpy as np

from neurodecode.core.errors import DataError

CHANNELS = (1, 3)  # grey; red, green and blue
TOLERANCE = 1e-3  # by which values may leave 0 to 1: rounding of half precision, no more
_MOST = 255


def check_pictures(pictures: np.ndarray, where: str) -> np.ndarray:
    """Give pictures as everything else takes them.

    Parameters
    ----------
    pictures : ndarray, shape (n, height, width) or (n, height, width, channels)
        Floats from 0 to 1, or bytes (uint8, 0 to 255). Where the last of three axes cannot be told
        from channels, it is the width: give (n, height, width, 1).
    where : str
        How a message names them.

    Returns
    -------
    pictures : ndarray of float32, shape (n, height, width, channels)
        From 0 to 1; what is off by rounding alone is brought there.

    Raises
    ------
    DataError
        If they have another shape or type, or hold values beyond 0 to 1, or none that is finite.
    """
    pictures = np.asarray(pictures)
    why_not = why_no_pictures(pictures.shape[1:])
    if why_not or pictures.ndim < 1:
        raise DataError(f"{where}: {why_not or 'a single number is no picture.'}")
    if pictures.ndim == 3:
        pictures = pictures[..., None]
    if pictures.dtype == np.uint8:
        return from_bytes(pictures)
    if pictures.dtype.kind not in "fiub":
        raise DataError(
            f"{where}: pictures of {pictures.dtype}. Give floats from 0 to 1, or bytes (uint8)."
        )
    if pictures.size == 0:
        return pictures.astype(np.float32)
    low, high = float(pictures.min()), float(pictures.max())  # NaN where there is one
    if not (np.isfinite(low) and np.isfinite(high)):
        n_bad = int((~np.isfinite(pictures)).any(axis=(1, 2, 3)).sum())
        raise DataError(
            f"{where}: {n_bad} of {len(pictures)} pictures hold NaN or infinite values. Leave them "
            "out, or fill them before."
        )
    if low < -TOLERANCE or high > 1 + TOLERANCE:
        cause = " They look like bytes stored as other numbers: divide by 255." if high > 2 else ""
        raise DataError(
            f"{where}: pictures go from {low:.4g} to {high:.4g}, and black is 0, white 1.{cause} "
            "Scale them where they are made."
        )
    return np.clip(pictures, 0, 1, dtype=np.float32, casting="unsafe")


def why_no_pictures(shape: tuple[int, ...]) -> str:
    """Say why entries of this shape are no pictures; empty where they are.

    Parameters
    ----------
    shape : tuple of int
        Of one entry.
    """
    if len(shape) not in (2, 3) or 0 in shape or (len(shape) == 3 and shape[2] not in CHANNELS):
        return (
            f"an entry of shape {shape} is no picture. Pictures are (height, width) in grey, or "
            "(height, width, channels) with 1 or 3 channels."
        )
    return ""


def from_bytes(pictures: np.ndarray) -> np.ndarray:
    """Give bytes (0 to 255) as float32 from 0 to 1."""
    return np.asarray(pictures, dtype=np.float32) / np.float32(_MOST)


def to_bytes(pictures: np.ndarray) -> np.ndarray:
    """Give values from 0 to 1 as bytes, rounded; what lies beyond becomes black or white."""
    return np.rint(np.clip(pictures, 0, 1) * np.float32(_MOST)).astype(np.uint8)


def flattened(pictures: np.ndarray) -> np.ndarray:
    """Give pictures as rows of numbers, shape (n, height × width × channels)."""
    return pictures.reshape(len(pictures), -1)


def shaped(rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Give rows of numbers as the pictures they stand for, cut to 0 to 1.

    What tells pixel by pixel knows no black and white, and oversteps them.

    Parameters
    ----------
    rows : ndarray, shape (n, n_pixels)
    shape : tuple of int
        Height, width and channels.

    Returns
    -------
    pictures : ndarray of float32, shape (n, height, width, channels)
        A value that is not finite stays so.
    """
    return np.clip(rows, 0, 1).astype(np.float32).reshape(len(rows), *shape)
