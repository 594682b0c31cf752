"""Opening images that may be damaged: nothing is allocated that the file does not hold."""

import bz2
import gzip
import math
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.data.readers import _hdf5_image

if TYPE_CHECKING:
    import nibabel

_CHUNK = 1 << 20
_SLACK = 1 << 20  # bytes of header extensions beyond the values
_TOLERANCE = 1e-3  # millimetres, and the rounding of headers in single precision
# Masks unpack to a thousand times their size, and are small; what is large does not.
_LARGE, _RATIO = 1 << 30, 200
_UNPACK: dict[str, Any] = {".gz": gzip.open, ".mgz": gzip.open, ".bz2": bz2.open}
# Recognised by name, before a parser meets them: they hold no grid of voxels, and their XML may be
# made to harm (entities that multiply, references to files elsewhere).
_NOT_VOLUMES = {
    ".gii": "a surface (GIFTI)",
    ".gii.gz": "a surface (GIFTI)",
    ".dtseries.nii": "of grayordinates (CIFTI)",
    ".dscalar.nii": "of grayordinates (CIFTI)",
    ".dlabel.nii": "of grayordinates (CIFTI)",
    ".ptseries.nii": "of parcels (CIFTI)",
    ".pscalar.nii": "of parcels (CIFTI)",
    ".dconn.nii": "of connections (CIFTI)",
    ".pconn.nii": "of connections (CIFTI)",
    ".trk": "of streamlines",
    ".tck": "of streamlines",
}
_BESIDE = {
    ".img": (".hdr", ".mat"),
    ".hdr": (".img", ".mat"),
    ".HEAD": (".BRIK", ".BRIK.gz"),
    ".PAR": (".REC",),
    ".par": (".rec",),
}


def files_beside(path: Path) -> Sequence[Path]:
    """Files that are read along with an image: the other half of a pair (Analyze, AFNI, PAR)."""
    others = (path.with_suffix(suffix) for suffix in _BESIDE.get(path.suffix, ()))
    return [other for other in others if other.is_file()]


def open_image(path: Path) -> "nibabel.Nifti1Image":
    """Open an image's header; values are read when asked for.

    Raises
    ------
    DataMissing
        If there is no such file, or its other half is missing.
    DataError
        If it is no image of voxels, or its grid is not finite.
    """
    import nibabel
    from nibabel.spatialimages import SpatialImage

    for suffix, kind in _NOT_VOLUMES.items():
        if path.name.endswith(suffix):
            raise DataError(
                f"{path}: it is {kind}, and this reader takes images of voxels. Name the image "
                "in volume space, or give the values as arrays."
            )
    if path.suffix in _hdf5_image.SUFFIXES:
        return _hdf5_image.open_hdf5(path)
    image: Any
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a header that is judged below
            image = nibabel.load(path)
    except FileNotFoundError as error:
        if path.is_file():
            raise DataMissing(
                f"{path}: a file that belongs to it is missing ({error}). Fetch both halves."
            ) from None
        raise DataMissing(f"{path}: there is no such file. Fetch it, or leave it out.") from None
    except Exception as error:  # a damaged header raises anything at all
        raise DataError(
            f"{path}: cannot be read as an image ({type(error).__name__}: {error}). The file is "
            "damaged, or not of the kind that its name says. Fetch it again."
        ) from error
    kind = type(image)
    if not issubclass(kind, SpatialImage):
        raise DataError(
            f"{path}: it is a {kind.__name__}, without a grid of voxels. Name an image in "
            "volume space."
        )
    if not _held_in(path, image).is_file():
        raise DataMissing(
            f"{path}: a file that belongs to it is missing: {_held_in(path, image).name}, which "
            "holds the values. Fetch both halves."
        )
    if min(image.shape, default=0) < 1:
        raise DataError(f"{path}: its header says the shape {_shape(image)}. Fetch it again.")
    if image.affine is None or not np.isfinite(image.affine).all():
        raise DataError(
            f"{path}: its affine is not finite, so voxels have no place. Repair the header."
        )
    return image


def open_series(path: Path) -> "nibabel.Nifti1Image":
    """Open an image of four axes, the last one time or trials.

    Raises
    ------
    DataError
        If it has another number of axes, or time is the first of them.
    """
    image = open_image(path)
    if len(image.shape) != 4:
        raise DataError(f"{path}: shape {_shape(image)}; expected four axes, the last time.")
    if "Minc" in type(image).__name__:
        raise DataError(
            f"{path}: of the axes {_shape(image)} of a MINC image the first is time. Convert it to "
            "NIfTI (mnc2nii), where time is the last."
        )
    return image


def read_values(path: Path, image: "nibabel.Nifti1Image") -> np.ndarray:
    """Read all values, scaled as the header says, in the precision that scaling gives.

    Raises
    ------
    DataError
        If they cannot be read.
    """
    try:
        return np.asanyarray(image.dataobj)
    except Exception as error:  # a damaged file raises anything at all
        raise DataError(
            f"{path}: its values cannot be read ({type(error).__name__}: {error}). The file is "
            "damaged or cut short. Fetch it again."
        ) from error


def check_whole(path: Path) -> None:
    """Hold the file to what its header promises; compressed ones are read to the end.

    The checksum that gzip keeps is only looked at there.

    Raises
    ------
    DataError
        If it is cut short, changed, or holds far more than its header says.
    """
    from nibabel.arrayproxy import ArrayProxy

    image = open_image(path)
    values: Any = image.dataobj
    if not isinstance(values, ArrayProxy):
        return  # MINC and PAR/REC: their libraries hold the file to its header
    held_in = _held_in(path, image)
    promised = values.offset + math.prod(map(int, image.shape)) * values.dtype.itemsize
    size = held_in.stat().st_size
    held = size
    if held_in.suffix in _UNPACK:
        if promised > max(_LARGE, _RATIO * size):
            raise DataError(
                f"{path}: {size} bytes are to unpack to {promised}. The file is damaged or made to "
                "harm; fetch it again, or store it uncompressed."
            )
        held = _held_compressed(held_in, promised)
    if held < promised:
        raise DataError(
            f"{path}: truncated: its header promises {promised} bytes, the file holds {held}. "
            "Fetch it again."
        )


def check_alike(
    path: Path,
    image: "nibabel.Nifti1Image",
    mask_path: Path,
    mask: "nibabel.Nifti1Image",
    kind: str = "mask",
    *,
    places: bool = True,
) -> None:
    """Hold a mask, an atlas or another image to the grid of an image.

    Without `places` to its shape alone.

    Raises
    ------
    DataError
        With the difference of shapes or affines.
    """
    if tuple(mask.shape[:3]) != tuple(image.shape[:3]):
        raise DataError(
            f"{mask_path}: shape {_shape(mask)}, but {path.name} has volumes of "
            f"{_shape(image, 3)}. Resample the {kind} to the image "
            "(nilearn.image.resample_to_img), or name another."
        )
    if not places:
        return
    difference = np.asarray(mask.affine) - np.asarray(image.affine)
    if np.abs(difference).max() > _TOLERANCE:
        rows = "; ".join(" ".join(f"{v:g}" for v in row) for row in difference[:3])
        raise DataError(
            f"{mask_path}: its affine differs from that of {path.name}, so the same indices are "
            f"other places ({kind} minus image, millimetres: [{rows}]). Resample the {kind} to the "
            "image (nilearn.image.resample_to_img), or name another."
        )


def voxels_of_mask(
    path: Path, mask: "nibabel.Nifti1Image", above: float | None = None
) -> np.ndarray:
    """Give the indices of a mask's voxels, in C order, shape (n_voxels, 3).

    Parameters
    ----------
    path : Path
    mask : Nifti1Image
    above : float or None
        Voxels of a larger value belong to it; None for a mask of 0 and 1.

    Raises
    ------
    DataError
        If it has several volumes, holds other values than 0 and 1, or no voxel.
    """
    if len(mask.shape) != 3 and tuple(mask.shape[3:]) != (1,):
        raise DataError(f"{path}: shape {_shape(mask)}; a mask has three axes. Name another.")
    check_whole(path)
    values = read_values(path, mask)
    values = values.reshape(values.shape[:3])
    found = np.unique(values)
    if above is None and not np.isin(found, (0, 1)).all():
        shown = ", ".join(f"{value:g}" for value in found[:8])
        raise DataError(
            f"{path}: a mask holds 0 and 1, this one {shown}. An atlas of regions is named with "
            "atlas: instead; of a map, name a threshold with mask_above."
        )
    ijk = np.argwhere(values > (above or 0))
    if len(ijk) == 0:
        raise DataError(f"{path}: the mask has no voxel. Name another.")
    return ijk


def seconds_per_volume(path: Path, image: "nibabel.Nifti1Image") -> float:
    """Give the t_r that an image's header says, in seconds.

    Raises
    ------
    DataError
        If it cannot be.
    """
    about: Any = image.header
    zooms = about.get_zooms()
    step = float(zooms[3]) if len(zooms) > 3 else 0.0
    unit = about.get_xyzt_units()[1] if hasattr(about, "get_xyzt_units") else "sec"
    t_r = step * {"msec": 1e-3, "usec": 1e-6}.get(unit, 1.0)
    if not 0.05 <= t_r <= 60:
        raise DataError(
            f"{path}: its header says {step:g} {unit} from volume to volume, which cannot "
            "be. Give t_r, in seconds, in the card."
        )
    return t_r


def place_notes(path: Path, image: "nibabel.Nifti1Image") -> tuple[str, ...]:
    """Say it where a header gives no place to its voxels."""
    about: Any = image.header
    codes = ("qform_code", "sform_code")
    if "Nifti" in type(image).__name__ and not any(int(about[code]) for code in codes):
        return (
            f"{path.name} says neither sform nor qform: that its voxels lie where those of the "
            "mask or atlas do is taken from their shape and size alone",
        )
    return ()


def _held_in(path: Path, image: Any) -> Path:
    """File that holds the values; of a pair it is another than `path`."""
    return Path(image.file_map["image"].filename or path)


def _shape(image: "nibabel.Nifti1Image", n_axes: int | None = None) -> tuple[int, ...]:
    return tuple(int(n) for n in image.shape[:n_axes])


def _held_compressed(path: Path, promised: int) -> int:
    held = 0
    try:
        with _UNPACK[path.suffix](path, "rb") as stream:
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
