"""`Entries`: what rows show, one array each, read from disk as it is asked for."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import DataError
from neurodecode.core.parts import TrialSignal

_BLOCK_BYTES = 64 * 2**20


class Entries:
    """Entries of a signal, one a row, in the shape that they were declared in.

    It is asked as an array is: ``entries[10:20]``, ``entries[index]`` and ``entries[mask]`` give
    float32 arrays, ``np.asarray(entries)`` the whole of it, `blocks` one piece after the other.
    What is not asked for stays in its file, in the precision that it was stored in (features:
    float16), once however often it was shown.

    Parameters
    ----------
    signal : TrialSignal
        Whose rows point to entries of parts, or, of one part alone, to whatever.

    Raises
    ------
    DataError
        If a row lacks the signal, points to a piece in time, or entries differ in shape.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, signal: TrialSignal):
        if np.any(signal.part < 0):
            raise DataError(f"{int((signal.part < 0).sum())} of {len(signal.part)} rows lack it.")
        if np.any(signal.length >= 0):
            raise DataError("it runs along with the recording, and has no entry for each trial.")
        self._signal = signal
        shapes = {entry_shape(signal, int(i)) for i in np.unique(signal.part, return_index=True)[1]}
        if len(shapes) > 1:
            several = " and ".join(map(str, sorted(shapes)))
            raise DataError(f"its entries have shapes {several}. Bring them to one shape.")
        self.shape: tuple[int, ...] = (len(signal.part), *(shapes.pop() if shapes else ()))

    @property
    def key(self) -> str:
        """Digest of what the rows point to."""
        pieces = [digest_array(array) for array in (self._signal.part, self._signal.at)]
        return digest([[part.key for part in self._signal.parts], list(self.shape), *pieces])

    @property
    def places(self) -> np.ndarray:
        """Part and entry that each row points to, shape (n, 2): rows of one place show the same."""
        return np.column_stack([self._signal.part, self._signal.at])

    @property
    def ndim(self) -> int:
        """Axes, that of rows among them."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"Entries({' × '.join(map(str, self.shape))})"

    def __getitem__(self, index: Any) -> np.ndarray:
        """Read the entries of some rows.

        Parameters
        ----------
        index : int, slice, or ndarray of int or bool

        Returns
        -------
        entries : ndarray of float32, shape (n, …)
            Without the first axis where one row is asked for.
        """
        rows = np.arange(len(self))[index]
        if np.ndim(rows) == 0:
            return self[np.array([rows])][0]
        out = np.empty((len(rows), *self.shape[1:]), dtype=self.dtype)
        part, at = self._signal.part[rows], self._signal.at[rows]
        for number in np.unique(part):
            mine = np.flatnonzero(part == number)
            source = self._signal.parts[number].open()
            out[mine] = source[at[mine]].reshape(len(mine), *self.shape[1:])
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("entries lie on disk, and an array of them is a copy.")
        whole = self[:]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def take(self, index: np.ndarray) -> "Entries":
        """Give the entries of some rows, not read yet."""
        return Entries(self._signal.take(index))

    def blocks(self, nbytes: int = _BLOCK_BYTES) -> Iterator[tuple[slice, np.ndarray]]:
        """Read one block of rows after the other.

        Parameters
        ----------
        nbytes : int
            Size of a block, of float32; a row at least.

        Yields
        ------
        rows : slice
        entries : ndarray of float32, shape (n, …)
        """
        one = max(1, int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize)
        n_rows = max(1, nbytes // one)
        for start in range(0, len(self), n_rows):
            rows = slice(start, min(start + n_rows, len(self)))
            yield rows, self[rows]


def entry_shape(signal: TrialSignal, row: int) -> tuple[int, ...]:
    """Give the shape that one entry was declared in; on disk entries of many axes lie flat."""
    shape = signal.parts[signal.part[row]].space.shape
    stored = np.shape(signal.piece(row))
    return shape if shape and int(np.prod(shape)) == int(np.prod(stored)) else stored
