"""Memory maps, whose pages a process should not hold for longer than it reads them."""

import mmap
from typing import Any

import numpy as np

_ROWS = 128  # of a map that are read before their pages are given back


def is_map(array: Any) -> bool:
    """Say whether an array is a view of a memory map, to be read in blocks."""
    return _map_of(array) is not None


def release(array: Any) -> None:
    """Give the pages of a memory map back to the system; a later read takes them from its cache.

    What is no memory map is left alone, and so is one that is copied on write: what was written to
    it would be lost.
    """
    found = _map_of(array)
    if found is not None and hasattr(mmap, "MADV_DONTNEED"):
        found.madvise(mmap.MADV_DONTNEED)


def read_columns(array: Any, at: slice) -> Any:
    """Give some columns of an array; of a memory map a copy, whose pages are not held.

    Systems map 16 pages where one is read, which of columns alone are 64 kB a row.

    Parameters
    ----------
    array : ndarray or Tensor, shape (n_rows, n_columns)
    at : slice
    """
    if _map_of(array) is None:
        return array[:, at]
    read = np.empty((len(array), len(range(array.shape[1])[at])), array.dtype)
    for first in range(0, len(array), _ROWS):
        read[first : first + _ROWS] = array[first : first + _ROWS, at]
        release(array)
    return read


def read_entries(array: np.ndarray, entries: np.ndarray, columns: slice) -> np.ndarray:
    """Copy some columns of some rows of an array; of a memory map no pages are held.

    Parameters
    ----------
    array : ndarray, shape (n_rows, n_columns)
    entries : ndarray of int, shape (n_read,)
        The rows.
    columns : slice
    """
    if _map_of(array) is None:
        return array[:, columns][entries]
    read = np.empty((len(entries), len(range(array.shape[1])[columns])), array.dtype)
    for first in range(0, len(entries), _ROWS):
        read[first : first + _ROWS] = array[:, columns][entries[first : first + _ROWS]]
        release(array)
    return read


def _map_of(array: Any) -> mmap.mmap | None:
    """Find the map that an array is a view of, where nothing in it can be lost."""
    base = array
    while base is not None and not isinstance(base, mmap.mmap):
        if isinstance(base, np.memmap) and base.mode == "c":
            return None
        base = getattr(base, "base", None)
    return base
