"""What is trained on: arrays or pieces of trials, read one batch at a time."""

import mmap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import DataError
from neurodecode.core.trials import Trials, TrialSignal

Batch = dict[str, torch.Tensor]
_MOST_MAPPED = 64e6  # bytes read of memory maps before their pages are given back


@dataclass(eq=False)
class Source:
    """Named columns of equal length; a batch has a tensor of each.

    Parameters
    ----------
    columns : mapping of str to ndarray or TrialSignal
        Axis 0 is trials. Floats come as float32, whole numbers as they are, so that pictures of
        bytes stay small until a module wants them otherwise.

    Notes
    -----
    Pages of a memory map that were read are given back now and then: else a training holds its
    whole file in memory after one pass.
    """

    columns: Mapping[str, "np.ndarray | TrialSignal"]
    _mapped: float = field(default=0.0, init=False, repr=False)

    def __post_init__(self):
        lengths = {name: _length(column) for name, column in self.columns.items()}
        if len(set(lengths.values())) != 1:
            raise DataError(f"training: columns differ in their number of trials ({lengths}).")

    def __len__(self) -> int:
        return next(_length(column) for column in self.columns.values())

    def read(self, index: np.ndarray) -> Batch:
        """Read the trials at `index` into memory.

        Parameters
        ----------
        index : ndarray of int, shape (n_batch,)

        Returns
        -------
        batch : dict of str to Tensor, shape (n_batch, …)
        """
        batch = {}
        for name, column in self.columns.items():
            read = column[index] if isinstance(column, np.ndarray) else _pieces(column, index)
            batch[name] = torch.from_numpy(np.ascontiguousarray(read, dtype=_dtype(read)))
            self._mapped += read.nbytes
        if self._mapped > _MOST_MAPPED:
            self._mapped = 0.0
            for column in self.columns.values():
                _release(column)
        return batch

    def key(self) -> str:
        """Digest of the content."""
        return digest({name: _key(column) for name, column in self.columns.items()})


def inputs_of(X: Any, name: str | None = None) -> "np.ndarray | TrialSignal":
    """Give what a source reads of `X`, and hold its trials to one shape.

    Parameters
    ----------
    X : ndarray or Trials
    name : str, optional
        The signal, where trials have several.

    Raises
    ------
    DataError
        If trials differ in space or length, or lack the signal.
    """
    if isinstance(X, Trials):
        X.check_alike(name)
        return X.signal(name)
    return X


def _length(column: "np.ndarray | TrialSignal") -> int:
    return len(column) if isinstance(column, np.ndarray) else len(column.part)


def _pieces(signal: TrialSignal, index: np.ndarray) -> np.ndarray:
    mine = signal.take(index)
    first = mine.piece(0)
    read = np.empty((len(index), *first.shape), dtype=first.dtype)
    for i in range(len(index)):
        read[i] = mine.piece(i)
    return read


def _dtype(read: np.ndarray) -> np.dtype:
    return np.dtype(np.float32) if read.dtype.kind == "f" else read.dtype.newbyteorder("=")


def _key(column: "np.ndarray | TrialSignal") -> Any:
    if isinstance(column, np.ndarray):
        return digest_array(column)
    places = [digest_array(a) for a in (column.part, column.at, column.length)]
    return [[part.key for part in column.parts], places]


def _release(column: "np.ndarray | TrialSignal") -> None:
    """Give the pages of memory maps back to the system; a later read takes them from its cache."""
    if isinstance(column, TrialSignal):
        # An array in memory holds no pages of a file; files that are not open hold none either.
        arrays = [part.open() for part in column.used()]
    else:
        arrays = [column]
    for array in arrays:
        base: Any = array
        while base is not None and not isinstance(base, mmap.mmap):
            base = getattr(base, "base", None)
        if base is not None and hasattr(mmap, "MADV_DONTNEED"):
            base.madvise(mmap.MADV_DONTNEED)
