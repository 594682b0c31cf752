"""`Vectors`: rows of numbers that stay where they are stored until they are read."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.digest import digest_array
from neurodecode.core.maps import read_entries

_BLOCK = 2**24  # bytes of stored rows that are looked at together
_MARK = 16  # bytes of a row's digest


@dataclass(frozen=True, eq=False)
class Vectors:
    """Vectors of rows, each a pointer to an entry of a file or an array.

    They are taken for an array where rows are selected or columns are read: ``vectors[rows]`` are
    as lazy, ``vectors[:, columns]`` is an array in the stored precision, and `numpy.asarray` reads
    them all. Files are opened for each read alone, so any number of them may be pointed to.

    Parameters
    ----------
    sources : tuple of Path or ndarray
        ``.npy`` files or arrays, shape (n_entries, n), all of one n.
    source : ndarray of int, shape (n_rows,)
        Which of them each row lies in.
    at : ndarray of int, shape (n_rows,)
        The entry there.
    """

    sources: tuple[Path | np.ndarray, ...]
    source: np.ndarray
    at: np.ndarray

    @staticmethod
    def of(several: "list[np.ndarray] | list[Path]") -> "Vectors":
        """Give the rows of several files or arrays, one after the other."""
        lengths = [len(_opened(one)) for one in several]
        return Vectors(
            tuple(several),
            np.repeat(np.arange(len(several)), lengths),
            np.concatenate([np.arange(n) for n in lengths]),
        )

    def __len__(self) -> int:
        return len(self.at)

    @cached_property
    def _kind(self) -> tuple[np.dtype, int]:
        used = np.unique(self.source) if len(self) else range(len(self.sources))
        opened = [_opened(self.sources[i]) for i in used]
        return np.result_type(*opened), opened[0].shape[1]

    @property
    def dtype(self) -> np.dtype:
        """The stored precision."""
        return self._kind[0]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and numbers of each."""
        return len(self), self._kind[1]

    @property
    def ndim(self) -> int:
        """Two axes."""
        return 2

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return len(self) * self.shape[1]

    def __getitem__(self, index: Any) -> Any:
        """Give rows as `Vectors`; of a pair, its columns of all rows as an array."""
        if isinstance(index, tuple):
            rows, columns = index
            if rows != slice(None):
                raise TypeError("columns of some rows: take the rows first, vectors[rows][:, at].")
            return self._read(np.arange(len(self)), columns)
        if isinstance(index, int | np.integer):
            return np.asarray(self[[index]])[0]
        taken = Vectors(self.sources, self.source[index], self.at[index])
        for known in ("_kind", "_looked"):
            if known in self.__dict__:
                value = self.__dict__[known]
                taken.__dict__[known] = (
                    tuple(one[index] for one in value) if known == "_looked" else value
                )
        return taken

    def __iter__(self) -> Iterator[np.ndarray]:
        """Give row by row, as an array in float64."""
        for rows in self._blocks():
            yield from self._read(rows).astype(self._read_as)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all rows: in float64, as signals are; whole numbers as they are stored."""
        read = np.empty(self.shape, self._read_as if dtype is None else dtype)
        for rows in self._blocks():
            read[rows] = self._read(rows)
        return read

    @property
    def marks(self) -> np.ndarray:
        """Digest of the content of each row, bytes: equal where vectors are."""
        return self._looked[0]

    @property
    def finite(self) -> np.ndarray:
        """Mask of the rows that hold finite numbers alone."""
        return self._looked[1]

    @property
    def key(self) -> str:
        """Digest of the content of all rows in their order."""
        return digest_array(self.marks.view(np.uint8))

    def mean(self) -> np.ndarray:
        """Mean vector in float64, shape (n,); an entry is read once, however many rows show it."""
        each, which = self._entries()
        counts = np.bincount(which, minlength=len(each))
        total = np.zeros(self.shape[1])
        for rows in each._blocks():
            total += counts[rows] @ each._read(rows).astype(np.float64)
        return total / len(self)

    def distinct(self) -> tuple["Vectors", np.ndarray]:
        """Give vectors that differ, in the order of their first rows, and which each row has."""
        _, first, which = np.unique(self.marks, return_index=True, return_inverse=True)
        order = np.argsort(first)
        number = np.empty(len(order), dtype=np.int64)
        number[order] = np.arange(len(order))
        return self[first[order]], number[which.reshape(-1)]

    def joined(self, other: "Vectors") -> "Vectors":
        """Give these rows, then those of another."""
        sources = self.sources
        if other.sources != sources:
            sources, moved = (*sources, *other.sources), len(sources) + other.source
        else:
            moved = other.source
        source = np.concatenate([self.source, moved])
        return Vectors(sources, source, np.concatenate([self.at, other.at]))

    def blocks(self) -> Iterator[np.ndarray]:
        """Give rows in their order and stored precision, as many at a time as are small."""
        return (self._read(rows) for rows in self._blocks())

    @property
    def _read_as(self) -> np.dtype:
        return np.dtype(np.float64) if self.dtype.kind == "f" else self.dtype

    @cached_property
    def _looked(self) -> tuple[np.ndarray, np.ndarray]:
        """Digests of rows, and whether they are finite; each entry is read once."""
        each, which = self._entries()
        marks, finite = np.empty(len(each), f"S{_MARK}"), np.empty(len(each), dtype=bool)
        for rows in each._blocks():
            block = each._read(rows) + each.dtype.type(0)  # minus zero is another pattern of bytes
            finite[rows] = np.isfinite(block).all(axis=1)
            found = [hashlib.sha256(one.data).digest()[:_MARK] for one in block]
            marks[rows] = np.frombuffer(b"".join(found), f"S{_MARK}")
        return marks[which], finite[which]

    def _entries(self) -> "tuple[Vectors, np.ndarray]":
        """Give each entry that is pointed to once, and which of them each row points to."""
        if len(self) == 0:
            return self, np.zeros(0, dtype=np.int64)
        pointers = np.stack([self.source, self.at])
        (source, at), which = np.unique(pointers, axis=1, return_inverse=True)
        return Vectors(self.sources, source, at), which.reshape(-1)

    def _blocks(self) -> Iterator[np.ndarray]:
        n_rows = max(1, _BLOCK // max(1, self.shape[1] * self.dtype.itemsize))
        rows = np.arange(len(self))
        return (rows[first : first + n_rows] for first in range(0, len(self), n_rows))

    def _read(self, rows: np.ndarray, columns: slice = slice(None)) -> np.ndarray:
        read = np.empty((len(rows), len(range(self.shape[1])[columns])), self.dtype)
        source, at = self.source[rows], self.at[rows]
        for i in np.unique(source):
            mine = np.flatnonzero(source == i)
            read[mine] = read_entries(_opened(self.sources[i]), at[mine], columns)
        return read


def _opened(source: Path | np.ndarray) -> np.ndarray:
    if isinstance(source, np.ndarray):
        return source
    return np.load(source, mmap_mode="r", allow_pickle=False)
