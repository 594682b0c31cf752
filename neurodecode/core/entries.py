"""`Entries`: what rows show or are to be told, left where it is stored until it is read."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import DataError
from neurodecode.core.maps import read_entries
from neurodecode.core.parts import TrialSignal

_BLOCK = 2**24  # bytes of stored rows that are looked at together
_MARK = 16  # bytes of a row's digest


@dataclass(frozen=True, eq=False)
class Entries:
    """Vectors, tokens or pictures of rows, each a pointer to an entry of a file or an array.

    They are taken for an array where rows are selected: ``entries[rows]`` are as lazy;
    ``np.asarray(entries)`` reads them all in float64 and ``np.asarray(entries, np.float32)`` in
    half of that; of vectors ``entries[:, columns]`` is an array in the stored precision. Files are
    opened for each read alone, so any number of them may be pointed to.

    Parameters
    ----------
    sources : tuple of Path or ndarray
        ``.npy`` files or arrays, shape (n_entries, …), all of as many numbers an entry.
    source : ndarray of int, shape (n_rows,)
        Which of them each row lies in.
    at : ndarray of int, shape (n_rows,)
        The entry there.
    entry : tuple of int, optional
        Shape of one entry; without it flat, however it is stored.
    """

    sources: tuple[Path | np.ndarray, ...]
    source: np.ndarray
    at: np.ndarray
    entry: tuple[int, ...] | None = None

    @staticmethod
    def of(several: "list[np.ndarray] | list[Path]") -> "Entries":
        """Give the rows of several files or arrays as vectors, one after the other."""
        lengths = [len(_opened(one)) for one in several]
        return Entries(
            tuple(several),
            np.repeat(np.arange(len(several)), lengths),
            np.concatenate([np.arange(n) for n in lengths]),
        )

    @staticmethod
    def of_signal(signal: TrialSignal) -> "Entries":
        """Give the entries that the rows of a signal point to, in the shape they were declared in.

        Raises
        ------
        DataError
            If a row lacks the signal, points to a piece in time, or entries differ in shape.
        """
        if np.any(signal.part < 0):
            raise DataError(f"{int((signal.part < 0).sum())} of {len(signal.part)} rows lack it.")
        if np.any(signal.length >= 0):
            raise DataError("it runs along with the recording, and has no entry for each trial.")
        shapes = {_declared(signal, int(i)) for i in np.unique(signal.part, return_index=True)[1]}
        if len(shapes) > 1:
            several = " and ".join(map(str, sorted(shapes)))
            raise DataError(f"its entries have shapes {several}. Bring them to one shape.")
        sources = tuple(part.source for part in signal.parts)
        return Entries(sources, signal.part, signal.at, shapes.pop() if shapes else None)

    def __len__(self) -> int:
        return len(self.at)

    def __repr__(self) -> str:
        return f"Entries({' × '.join(map(str, self.shape))})"

    @cached_property
    def _kind(self) -> tuple[np.dtype, int]:
        """Precision, and numbers of an entry."""
        used = np.unique(self.source) if len(self) else range(len(self.sources))
        opened = [_opened(self.sources[i]) for i in used]
        return np.result_type(*opened), opened[0].shape[1]

    @property
    def dtype(self) -> np.dtype:
        """The stored precision."""
        return self._kind[0]

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, and the shape of an entry."""
        return len(self), *((self._kind[1],) if self.entry is None else self.entry)

    @property
    def ndim(self) -> int:
        """Axes, that of rows among them."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return len(self) * self._kind[1]

    @property
    def flat(self) -> "Entries":
        """The same as vectors, shape (n_rows, n)."""
        return self._alike(replace(self, entry=None), slice(None))

    @property
    def owned(self) -> "Entries | np.ndarray":
        """The same without what no row points to: of vectors in memory, a copy of these rows."""
        in_memory = any(isinstance(one, np.ndarray) for one in self.sources)
        return self._shaped(self._read(np.arange(len(self)))) if in_memory else self

    def __getitem__(self, index: Any) -> Any:
        """Give rows as `Entries`, one as an array; of a pair columns of all vectors, an array."""
        if isinstance(index, tuple):
            rows, columns = index
            if not isinstance(rows, slice) or rows != slice(None) or self.ndim != 2:
                raise TypeError(
                    "columns are those of all rows of vectors: take the rows first, and the "
                    "vectors of entries of more axes: entries[rows].flat[:, at]."
                )
            return self._read(np.arange(len(self)), columns)
        if isinstance(index, int | np.integer):
            return np.asarray(self[[index]])[0]
        taken = replace(self, source=self.source[index], at=self.at[index])
        return self._alike(taken, index)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Give row by row, as an array in float64."""
        for rows in self._blocks():
            yield from self._shaped(self._read(rows)).astype(self._read_as)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all rows: in float64, as signals are; whole numbers as they are stored."""
        if copy is False:
            raise ValueError("entries lie where they are stored, and an array of them is a copy.")
        read = np.empty((len(self), self._kind[1]), self._read_as if dtype is None else dtype)
        for rows in self._blocks():
            read[rows] = self._read(rows)
        return self._shaped(read)

    @property
    def marks(self) -> np.ndarray:
        """Digest of the content of each row, bytes: equal where entries are."""
        return self._looked[0]

    @property
    def finite(self) -> np.ndarray:
        """Mask of the rows that hold finite numbers alone."""
        return self._looked[1]

    @property
    def key(self) -> str:
        """Digest of the content of all rows in their order, and of the shape."""
        return digest([list(self.shape), digest_array(self.marks.view(np.uint8))])

    def mean(self) -> np.ndarray:
        """Mean entry in float64; what is stored once is read once, however many rows show it."""
        each, which = self._stored()
        counts = np.bincount(which, minlength=len(each))
        total = np.zeros(self._kind[1])
        for rows in each._blocks():
            total += counts[rows] @ each._read(rows).astype(np.float64)
        return (total / len(self)).reshape(self.shape[1:])

    def distinct(self) -> tuple["Entries", np.ndarray]:
        """Give entries that differ, in the order of their first rows, and which each row has."""
        _, first, which = np.unique(self.marks, return_index=True, return_inverse=True)
        order = np.argsort(first)
        number = np.empty(len(order), dtype=np.int64)
        number[order] = np.arange(len(order))
        return self[first[order]], number[which.reshape(-1)]

    def joined(self, other: "Entries") -> "Entries":
        """Give these rows, then those of another, of entries of one shape."""
        sources, moved = self.sources, other.source
        if not _same(sources, other.sources):
            sources, moved = (*sources, *other.sources), len(sources) + other.source
        source, at = np.concatenate([self.source, moved]), np.concatenate([self.at, other.at])
        return Entries(sources, source, at, self.entry)

    def blocks(self) -> Iterator[np.ndarray]:
        """Give rows in their order and stored precision, as many at a time as are small."""
        return (self._shaped(self._read(rows)) for rows in self._blocks())

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind arrays that no row points to, where another process reads the rest."""
        if len(self) == 0:
            return self.__dict__
        used, source = np.unique(self.source, return_inverse=True)
        sources = tuple(self.sources[i] for i in used)
        return {**self.__dict__, "sources": sources, "source": source.reshape(-1)}

    @property
    def _read_as(self) -> np.dtype:
        return np.dtype(np.float64) if self.dtype.kind == "f" else self.dtype

    @cached_property
    def _looked(self) -> tuple[np.ndarray, np.ndarray]:
        """Digests of rows, and whether they are finite; what is stored once is read once."""
        each, which = self._stored()
        marks, finite = np.empty(len(each), f"S{_MARK}"), np.empty(len(each), dtype=bool)
        for rows in each._blocks():
            block = each._read(rows) + each.dtype.type(0)  # minus zero is another pattern of bytes
            finite[rows] = np.isfinite(block).all(axis=1)
            found = [hashlib.sha256(one.data).digest()[:_MARK] for one in block]
            marks[rows] = np.frombuffer(b"".join(found), f"S{_MARK}")
        return marks[which], finite[which]

    def _alike(self, taken: "Entries", index: Any) -> "Entries":
        """Give rows of these what is known of them already."""
        if "_kind" in self.__dict__:
            taken.__dict__["_kind"] = self._kind
        if "_looked" in self.__dict__:
            taken.__dict__["_looked"] = tuple(one[index] for one in self._looked)
        return taken

    def _stored(self) -> "tuple[Entries, np.ndarray]":
        """Give what rows point to, each once, and which of them each row points to."""
        if len(self) == 0:
            return self, np.zeros(0, dtype=np.int64)
        pointers = np.stack([self.source, self.at])
        (source, at), which = np.unique(pointers, axis=1, return_inverse=True)
        return replace(self, source=source, at=at), which.reshape(-1)

    def _blocks(self) -> Iterator[np.ndarray]:
        n_rows = max(1, _BLOCK // max(1, self._kind[1] * self.dtype.itemsize))
        rows = np.arange(len(self))
        return (rows[first : first + n_rows] for first in range(0, len(self), n_rows))

    def _read(self, rows: np.ndarray, columns: slice = slice(None)) -> np.ndarray:
        """Read rows as vectors, in the stored precision."""
        read = np.empty((len(rows), len(range(self._kind[1])[columns])), self.dtype)
        source, at = self.source[rows], self.at[rows]
        for i in np.unique(source):
            mine = np.flatnonzero(source == i)
            read[mine] = read_entries(_opened(self.sources[i]), at[mine], columns)
        return read

    def _shaped(self, read: np.ndarray) -> np.ndarray:
        return read.reshape(len(read), *self.shape[1:])


def _opened(source: Path | np.ndarray) -> np.ndarray:
    """Open an array as vectors, one an entry."""
    array = source
    if not isinstance(array, np.ndarray):
        array = np.load(array, mmap_mode="r", allow_pickle=False)
    return array.reshape(len(array), int(np.prod(array.shape[1:], dtype=np.int64)))


def _same(sources: tuple[Path | np.ndarray, ...], others: tuple[Path | np.ndarray, ...]) -> bool:
    pairs = zip(sources, others, strict=False)
    return len(sources) == len(others) and all(
        one is other or (isinstance(one, Path) and isinstance(other, Path) and one == other)
        for one, other in pairs
    )


def _declared(signal: TrialSignal, row: int) -> tuple[int, ...]:
    """Give the shape that one entry was declared in; on disk entries of many axes lie flat."""
    shape = signal.parts[signal.part[row]].space.shape
    stored = np.shape(signal.piece(row))
    return shape if shape and int(np.prod(shape)) == int(np.prod(stored)) else stored
