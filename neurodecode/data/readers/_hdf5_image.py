"""Betas of an HDF5 file as an image of four axes; the file says nothing of where voxels are."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.data.readers import _hdf5

if TYPE_CHECKING:
    import nibabel

SUFFIXES = (".h5", ".hdf5")


def open_hdf5(path: Path) -> "nibabel.Nifti1Image":
    """Open the one array of four axes of a file; values are read when asked for.

    Returns
    -------
    image : Nifti1Image
        Axes (i, j, k, trial). MATLAB writes the first axis fastest, so HDF5 has them the other way
        round. Its affine means nothing.

    Raises
    ------
    DataError
        If there is none, or several.
    """
    import nibabel

    shapes = {key: _hdf5.shape_of(path, key) for key in _hdf5.keys_of(path)}
    found = [key for key, shape in shapes.items() if len(shape) == 4]
    if len(found) != 1:
        raise DataError(
            f"{path}: {len(found)} arrays of four axes; expected one, of betas. It holds: "
            f"{', '.join(shapes) or 'nothing'}."
        )
    return nibabel.Nifti1Image(_Stored(path, found[0]), np.eye(4))


class _Stored:
    """What nibabel asks of an array whose values stay in the file."""

    def __init__(self, path: Path, key: str):
        self._path, self._key = path, key
        self.shape = _hdf5.shape_of(path, key)[::-1]
        self.ndim, self.dtype = len(self.shape), _hdf5.dtype_of(path, key)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(_hdf5.read(self._path, self._key).T, dtype=dtype)

    def __getitem__(self, index: Any) -> np.ndarray:
        return np.asarray(self)[index]
