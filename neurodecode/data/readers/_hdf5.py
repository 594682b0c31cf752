"""HDF5 files, MATLAB's version 7.3 among them: datasets by name, none from another file."""

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.names import require
from neurodecode.data.readers._array_checks import check_memory, no_such_key, stacked

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_GAP, _ENTRIES = 16, 1024  # entries between two that are read at once, and most of those
_MATLAB_BLOCK = 512  # bytes that MATLAB writes before the HDF5 file proper


def is_hdf5(path: Path) -> bool:
    """Whether a ``.mat`` file is of version 7.3."""
    with path.open("rb") as stream:
        start = stream.read(_MATLAB_BLOCK + len(_SIGNATURE))
    return start.startswith(_SIGNATURE) or start[_MATLAB_BLOCK:] == _SIGNATURE


def keys_of(path: Path) -> list[str]:
    """Names of all datasets, groups parted by dots."""
    h5py = _library(path)
    found: list[str] = []

    def note(name: str, one: Any) -> None:
        if isinstance(one, h5py.Dataset) and not name.startswith("#"):
            found.append(name.replace("/", "."))

    with h5py.File(path, "r") as file:
        file.visititems(note)  # follows no link to another file
    return found


def shape_of(path: Path, key: str) -> tuple[int, ...]:
    """Shape of a dataset, from its header."""
    with _dataset(path, key) as one:
        if _is_matlab(one) and one.attrs["MATLAB_class"] in (b"char", b"cell"):
            return _value(one, path, key).shape
        if one.dtype.kind == "O" and _library(path).check_ref_dtype(one.dtype):
            return _value(one, path, key).shape
        return one.shape[::-1] if _is_matlab(one) else one.shape


def dtype_of(path: Path, key: str) -> np.dtype:
    """Type of a dataset's numbers, from its header."""
    with _dataset(path, key) as one:
        return np.dtype(one.dtype)


def read(path: Path, key: str) -> np.ndarray:
    """Read a dataset; MATLAB's axes come in MATLAB's order.

    Raises
    ------
    DataError
        If there is none, it lies in another file, or memory cannot hold what it declares.
    """
    with _dataset(path, key) as one:
        return _value(one, path, key)


def read_entry(path: Path, key: str, number: int, axis: int = 0) -> np.ndarray:
    """Read one entry along an axis of a dataset of numbers; MATLAB's axes in its order."""
    with _dataset(path, key) as one:
        if one.dtype.kind not in "biuf" or axis >= len(one.shape):
            return np.take(_value(one, path, key), number, axis)
        if _is_matlab(one):
            return one[(..., number, *(slice(None),) * axis)].T
        return one[(*(slice(None),) * axis, number)]


def read_entries(path: Path, key: str, index: np.ndarray) -> np.ndarray:
    """Read some entries along the first axis of a dataset of numbers, stretch by stretch.

    Parameters
    ----------
    path : Path
    key : str
    index : ndarray of int
        Ascending.
    """
    with _dataset(path, key) as one:
        if one.dtype.kind not in "biuf" or _is_matlab(one) or len(one.shape) < 2:
            return _value(one, path, key)[index]
        check_memory((len(index), *one.shape[1:]), one.dtype.itemsize, path, key)
        made = np.empty((len(index), *one.shape[1:]), dtype=one.dtype)
        # What lies close together is read at once: a call costs more than a few entries.
        for part in np.split(np.arange(len(index)), np.flatnonzero(np.diff(index) > _GAP) + 1):
            for few in np.array_split(part, -(-len(part) // _ENTRIES)):
                start, stop = index[few[0]], index[few[-1]] + 1
                made[few] = one[start:stop][index[few] - start]
    return made


@contextlib.contextmanager
def _dataset(path: Path, key: str) -> Generator[Any]:
    h5py = _library(path)
    with h5py.File(path, "r") as file:
        place: Any = file
        steps = [key] if key in file else key.replace(".", "/").split("/")
        for step in steps:
            link = place.get(step, getlink=True) if isinstance(place, h5py.Group) else None
            if link is not None and isinstance(link, h5py.ExternalLink):
                raise DataError(
                    f"{path}: {key!r} is a link to another file ({link.filename}), which is not "
                    "followed. Copy the data into this file."
                )
            place = place.get(step) if link is not None else None
        if place is None:
            raise no_such_key(path, key, keys_of(path))
        if not isinstance(place, h5py.Dataset):
            inner = [f"{key}.{name}" for name in place]
            raise DataError(
                f"{path}: {key!r} is a struct (a group), not an array; it holds: "
                f"{', '.join(inner[:12])}. Name one of them in the card."
            )
        if place.external or place.is_virtual:
            raise DataError(
                f"{path}: the values of {key!r} lie in other files, which are not followed. Copy "
                "them into this one."
            )
        yield place


def _value(one: Any, path: Path, key: str) -> np.ndarray:
    h5py = _library(path)
    matlab = _is_matlab(one)
    if matlab and one.attrs.get("MATLAB_empty", 0):
        return np.zeros(tuple(int(n) for n in one[()]))
    check_memory(one.shape, one.dtype.itemsize, path, key)
    if h5py.check_string_dtype(one.dtype):
        return np.asarray(one.asstr()[()], dtype=object)
    if one.dtype.kind == "O" and h5py.check_ref_dtype(one.dtype):
        references = one[()].T
        held = [_value(_referred(one.file, each, path, key), path, key)
                for each in references.ravel()]  # fmt: skip
        return stacked(held, references.shape, path, key)
    if matlab and one.attrs["MATLAB_class"] == b"char":
        letters = one[()].T
        return np.array(["".join(map(chr, row)) for row in letters.tolist()], dtype=object)
    if one.dtype.kind not in "biuf":
        raise DataError(
            f"{path}: {key!r} holds values of type {one.dtype}, neither numbers nor text. Save it "
            "as a plain array."
        )
    values = one[()]
    return values.T if matlab else values


def _referred(file: Any, reference: Any, path: Path, key: str) -> Any:
    found = file[reference]
    if not isinstance(found, _library(path).Dataset):
        raise DataError(
            f"{path}: {key!r} is an array of structs. Name a field of it in the card, or save it "
            "as a plain array."
        )
    return found


def _is_matlab(one: Any) -> bool:
    return "MATLAB_class" in one.attrs


def _library(path: Path) -> Any:
    return require("h5py", purpose=f"reading {path.name}", extra="hdf5")
