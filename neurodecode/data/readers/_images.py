"""Opening images that may be damaged: nothing is allocated that the file does not hold."""

import gzip
import math
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.core.errors import DataError, DataMissing

if TYPE_CHECKING:
    import nibabel

_CHUNK = 1 << 20
_SLACK = 1 << 20  # bytes of header extensions beyond the values
_TOLERANCE = 1e-3  # millimetres, and the rounding of headers in single precision


def open_image(path: Path) -> "nibabel.Nifti1Image":
    """Open an image's header; values are read when asked for.

    Raises
    ------
    DataMissing
        If there is no such file.
    DataError
        If it is no image, or its grid is not finite.
    """
    import nibabel

    image: Any
    try:
        image = nibabel.load(path)
    except FileNotFoundError:
        raise DataMissing(f"{path}: there is no such file. Fetch it, or leave it out.") from None
    except Exception as error:  # a damaged header raises anything at all
        raise DataError(
            f"{path}: cannot be read as an image ({type(error).__name__}: {error}). The file is "
            "damaged, or not of the kind that its name says. Fetch it again."
        ) from error
    if image.affine is None or not np.isfinite(image.affine).all():
        raise DataError(
            f"{path}: its affine is not finite, so voxels have no place. Repair the header."
        )
    return image


def check_whole(path: Path) -> None:
    """Hold the file to what its header promises; compressed ones are read to the end.

    The checksum that gzip keeps is only looked at there.

    Raises
    ------
    DataError
        If it is cut short, changed, or holds far more than its header says.
    """
    image = open_image(path)
    values: Any = image.dataobj  # nibabel's proxy, which knows where the values begin
    promised = values.offset + math.prod(image.shape) * values.dtype.itemsize
    held = _held_gzip(path, promised) if path.suffix == ".gz" else path.stat().st_size
    if held < promised:
        raise DataError(
            f"{path}: truncated: its header promises {promised} bytes, the file holds {held}. "
            "Fetch it again."
        )


def check_alike(
    path: Path, image: "nibabel.Nifti1Image", mask_path: Path, mask: "nibabel.Nifti1Image"
) -> None:
    """Hold a mask to the grid of its image.

    Raises
    ------
    DataError
        With the difference of shapes or affines.
    """
    shape = mask.shape[:3] if mask.shape[3:] == (1,) else mask.shape
    if tuple(shape) != tuple(image.shape[:3]):
        raise DataError(
            f"{mask_path}: shape {mask.shape}, but {path.name} has volumes of {image.shape[:3]}. "
            "Resample the mask to the image (nilearn.image.resample_to_img), or name another."
        )
    difference = np.asarray(mask.affine) - np.asarray(image.affine)
    if np.abs(difference).max() > _TOLERANCE:
        rows = "; ".join(" ".join(f"{v:g}" for v in row) for row in difference[:3])
        raise DataError(
            f"{mask_path}: its affine differs from that of {path.name}, so the same indices are "
            f"other places (mask minus image, millimetres: [{rows}]). Resample the mask to the "
            "image (nilearn.image.resample_to_img), or name another."
        )


def voxels_of_mask(path: Path, mask: "nibabel.Nifti1Image") -> np.ndarray:
    """Give the indices of a mask's voxels, in C order, shape (n_voxels, 3).

    Raises
    ------
    DataError
        If it holds other values than 0 and 1, or no voxel.
    """
    check_whole(path)
    values = np.asanyarray(mask.dataobj)
    values = values.reshape(values.shape[:3])
    found = np.unique(values)
    if not np.isin(found, (0, 1)).all():
        shown = ", ".join(f"{value:g}" for value in found[:8])
        raise DataError(
            f"{path}: a mask holds 0 and 1, this one {shown}. If it is an atlas or a map, choose a "
            "region or a threshold first."
        )
    ijk = np.argwhere(values > 0)
    if len(ijk) == 0:
        raise DataError(f"{path}: the mask has no voxel. Name another.")
    return ijk


def _held_gzip(path: Path, promised: int) -> int:
    held = 0
    try:
        with gzip.open(path, "rb") as stream:
            while chunk := stream.read(_CHUNK):
                held += len(chunk)
                if held > promised + _SLACK:
                    raise DataError(
                        f"{path}: unpacks to more than the {promised} bytes that its header "
                        "promises. The file is damaged or made to harm; fetch it again."
                    )
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(
            f"{path}: damaged: its compressed content does not check ({error}). Fetch it again."
        ) from error
    return held
