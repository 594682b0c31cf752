"""Arrays by name out of npz, npy, mat, HDF5 and tables: one at a time, and nothing that runs code.

A key names what is read; fields of structs and groups are reached with dots, as in ``RDMs.RDM``.
"""

import contextlib
import functools
import math
import re
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError
from neurodecode.data.readers import _hdf5, _matlab
from neurodecode.data.readers._array_checks import (
    check_memory,
    explained,
    named,
    no_such_key,
)

TABLES = (".csv", ".tsv", ".txt")
_PICKLE = b"\x80"  # the first byte of pickles since Python 2.3
_MISSING = ("", "n/a", "N/A", "NaN", "nan", "NA")
_NUMPY_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def keys_of(path: Path) -> list[str]:
    """Names of the arrays that a file holds, in its order; fields of structs are not listed.

    Raises
    ------
    DataMissing
        If there is no such file.
    DataError
        If it is damaged, or of another kind.
    """
    with explained(path):
        kind = _kind(path)
        if kind == "npz":
            with zipfile.ZipFile(path) as archive:
                return [name.removesuffix(".npy") for name in archive.namelist()]
        if kind == "npy":
            return [""]
        if kind == "table":
            return list(_table(path, path.stat().st_mtime_ns).columns)
        return _matlab.keys_of(path) if kind == "mat" else _hdf5.keys_of(path)


def shape_of(path: Path, key: str) -> tuple[int, ...]:
    """Shape of one array, from headers where the format has them.

    Raises
    ------
    DataError
        If there is no such key, or the file cannot hold what it declares.
    """
    with explained(path, key):
        kind = _kind(path)
        if kind == "npz":
            with _member(path, key) as (stream, size):
                return _numpy_shape(stream, size, path, key)
        if kind == "npy":
            _check_nameless(path, key)
            with path.open("rb") as stream:
                return _numpy_shape(stream, path.stat().st_size, path, key)
        if kind == "table":
            return (len(_column(path, key)),)
        return _matlab.shape_of(path, key) if kind == "mat" else _hdf5.shape_of(path, key)


def _check_nameless(path: Path, key: str) -> None:
    """Hold a key to none where a file holds one array without a name: it would be read for all."""
    if key:
        raise DataError(
            f"{path}: a .npy file holds one array without a name, and {key!r} is asked for. Leave "
            "the key out; of an array in a file of its own give {path: …}."
        )


def read(path: Path, key: str) -> np.ndarray:
    """Read one array: numbers, or text as objects.

    Parameters
    ----------
    path : Path
    key : str
        Empty for a file that holds one array alone.

    Raises
    ------
    DataMissing
        If there is no such file.
    DataError
        If there is no such key, or what it holds is damaged, pickled, or neither numbers nor text.
    """
    with explained(path, key):
        kind = _kind(path)
        if kind in ("npz", "npy"):
            check_memory(shape_of(path, key), 1, path, key)  # refuses what is pickled or cut short
            loaded: Any = np.load(path, allow_pickle=False)
            if kind == "npz":
                with loaded:
                    loaded = loaded[key]
            return _as_words(loaded)
        if kind == "table":
            return as_numbers(_column(path, key))
        return _as_words(_matlab.read(path, key) if kind == "mat" else _hdf5.read(path, key))


def read_entry(path: Path, key: str, number: int, axis: int = 0) -> np.ndarray:
    """Read one entry along an axis: of npy, HDF5 and npz that is not packed no more.

    Parameters
    ----------
    path : Path
    key : str
    number : int
        From 0.
    axis : int

    Raises
    ------
    DataError
        As `read`.
    """
    with explained(path, key):
        kind = _kind(path)
        if kind == "h5":
            return _hdf5.read_entry(path, key, number, axis)
        if kind in ("npz", "npy"):
            shape_of(path, key)  # refuses what is pickled or cut short
            mapped = _mapped(path, key)
            if mapped is not None:
                return np.array(np.take(mapped, number, axis))
        return np.take(read(path, key), number, axis)


def read_entries(path: Path, key: str, index: np.ndarray) -> np.ndarray:
    """Read some entries along the first axis: of HDF5 little more than these.

    Parameters
    ----------
    path : Path
    key : str
    index : ndarray of int
        Ascending.

    Raises
    ------
    DataError
        As `read`.
    """
    with explained(path, key):
        if _kind(path) == "h5":
            return _hdf5.read_entries(path, key, index)
        return read(path, key)[index]


def _mapped(path: Path, key: str) -> np.ndarray | None:
    """Map an array of numbers in a npy file, or in a npz that is not packed; else None."""
    offset = 0
    if path.suffix == ".npz":
        with zipfile.ZipFile(path) as archive:
            about = archive.getinfo(f"{key}.npy")
        if about.compress_type != zipfile.ZIP_STORED:
            return None
        with path.open("rb") as stream:  # lengths of the name and of more, in the member's header
            stream.seek(about.header_offset + 26)
            lengths = np.frombuffer(stream.read(4), dtype="<u2")
        offset = about.header_offset + 30 + int(lengths.sum())
    with path.open("rb") as stream:
        stream.seek(offset)
        version = np.lib.format.read_magic(stream)
        shape, fortran, dtype = _NUMPY_HEADERS[version](stream)
        if dtype.kind not in "biuf" or math.prod(shape) == 0:
            return None
        order: Any = "F" if fortran else "C"
        return np.memmap(path, dtype, "r", stream.tell(), shape, order)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table with a header: columns of numbers where every value is one, text otherwise."""
    with explained(path):
        table = _table(path, path.stat().st_mtime_ns)
        columns = {name: as_numbers(table[name].to_numpy(dtype=object)) for name in table}
        return pd.DataFrame(columns, copy=False)


def as_numbers(values: np.ndarray) -> np.ndarray:
    """Give text as numbers where every value is one or missing; ids such as ``007`` stay text.

    Missing numbers are NaN, missing words None.
    """
    present = np.array([value not in _MISSING for value in values], dtype=bool)
    words: list[str] = list(values[present])
    padded = any(re.match(r"[+-]?0\d", word) for word in words)
    found = np.asarray(pd.to_numeric(np.array(words, dtype=object), errors="coerce"))
    if padded or np.isnan(found).any() or not present.any():
        kept = values.copy()
        kept[~present] = None
        return kept
    if found.dtype.kind == "i" and present.all():
        return found
    filled = np.full(len(values), np.nan)
    filled[present] = found
    return filled


def _kind(path: Path) -> str:
    suffixes = [one.lower() for one in path.suffixes if one.lower() != ".gz"]
    last = suffixes[-1] if suffixes else ""
    if last in TABLES:
        return "table"
    if last == ".mat":
        return "h5" if _hdf5.is_hdf5(path) else "mat"
    kinds = {".npz": "npz", ".npy": "npy", ".h5": "h5", ".hdf5": "h5", ".nwb": "h5"}
    if last not in kinds:
        raise DataError(
            f"{path}: arrays are read from npz, npy, mat, h5, hdf5, csv and tsv. Name such a file "
            "in the card, or take another reader."
        )
    return kinds[last]


@contextlib.contextmanager
def _member(path: Path, key: str) -> Generator[tuple[BinaryIO, int]]:
    with zipfile.ZipFile(path) as archive:
        try:
            about = archive.getinfo(f"{key}.npy")
        except KeyError:
            raise no_such_key(path, key, keys_of(path)) from None
        with archive.open(about) as stream:
            yield stream, about.file_size  # pyright: ignore[reportReturnType] binary it is


def _numpy_shape(stream: BinaryIO, size: int, path: Path, key: str) -> tuple[int, ...]:
    """Read the header of a npy stream, and hold what follows to it."""
    start = stream.read(1)
    if start == _PICKLE:  # what `pickle.dump` wrote under the name of a npy file
        raise _pickled(path, key)
    stream.seek(0)
    version = np.lib.format.read_magic(stream)
    if version not in _NUMPY_HEADERS:
        raise DataError(
            f"{path}: {named(key)}is of version {version} of the npy format, which is for fields "
            "with names beyond ASCII. Save each field as an array of its own."
        )
    shape, _, dtype = _NUMPY_HEADERS[version](stream)
    if dtype.names:
        raise DataError(
            f"{path}: {named(key)}has named fields ({', '.join(dtype.names[:12])}). Save each as "
            "an array of its own."
        )
    if dtype.hasobject:
        raise _pickled(path, key)
    promised, held = math.prod(shape) * dtype.itemsize, size - stream.tell()
    if promised != held:
        raise DataError(
            f"{path}: {named(key)}declares shape {shape}, which is {promised} bytes, and holds "
            f"{held}. The file is cut short or damaged; fetch it again."
        )
    check_memory(shape, dtype.itemsize, path, key)
    return shape


def _pickled(path: Path, key: str) -> DataError:
    return DataError(
        f"{path}: {named(key)}holds pickled Python objects, which can run code when they are "
        "opened, so they are not. Save it anew as numbers or text; or name it in the card under "
        "files: convert, make a .npz of it once with neurodecode fetch CARD --convert, and let "
        "the reader's path name that."
    )


def _as_words(array: np.ndarray) -> np.ndarray:
    """Give text as Python's own; arrays of bytes are text too."""
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    return array.astype(object) if array.dtype.kind == "U" else array


def _column(path: Path, key: str) -> np.ndarray:
    table = _table(path, path.stat().st_mtime_ns)
    if key not in table:
        raise no_such_key(path, key, list(table.columns))
    return table[key].to_numpy(dtype=object)


@functools.lru_cache(maxsize=4)  # its columns are asked for one by one
def _table(path: Path, _changed: int) -> pd.DataFrame:
    separator = "\t" if ".tsv" in path.suffixes else r"\s+" if ".txt" in path.suffixes else ","
    table = pd.read_csv(
        path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig",
        index_col=False, skipinitialspace=True,
    )  # fmt: skip
    if len(table) == 0:
        raise DataError(f"{path}: the table has no rows. Fetch the file again.")
    return table
