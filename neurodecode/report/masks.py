"""Masks as a notebook gives them: an image of 0 and 1, or its path."""

from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.data.readers._images import open_image


def opened(image: Any, who: str) -> Any:
    """Give an image of nibabel, opened where it is a path; `who` asks for it, for errors.

    Raises
    ------
    ConfigError
        If it is none.
    """
    if isinstance(image, str | Path):
        return open_image(Path(image))
    if not (hasattr(image, "dataobj") and hasattr(image, "affine")):
        raise ConfigError(
            f"{who}: {type(image).__name__} is no image. Give one of nibabel, or its path."
        )
    return image


def marked(mask: Any, who: str) -> tuple[np.ndarray, np.ndarray]:
    """Read a mask.

    Parameters
    ----------
    mask : nibabel image or path
    who : str
        Asks for it, for errors.

    Returns
    -------
    mask : ndarray of bool, shape (n_x, n_y, n_z)
    affine : ndarray, shape (4, 4)

    Raises
    ------
    DataError
        If it is no volume of 0 and 1, or marks no voxel.
    """
    image = opened(mask, who)
    values = np.asarray(image.dataobj)
    if values.size != np.prod(values.shape[:3]):
        raise DataError(f"{who}: the mask has shape {values.shape}. Give one volume.")
    values = values.reshape(values.shape[:3])
    if not np.isin(values, (0, 1)).all():
        raise DataError(
            f"{who}: the mask holds values from {np.nanmin(values):g} to {np.nanmax(values):g}. "
            "Give one of 0 and 1: nilearn.image.binarize_img makes it."
        )
    if not values.any():
        raise DataError(f"{who}: the mask has no voxel. Give another.")
    return values.astype(bool), np.asarray(image.affine)
