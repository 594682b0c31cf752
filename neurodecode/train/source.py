"""What is trained on: arrays or pieces of trials, read one batch at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import DataError
from neurodecode.core.maps import release
from neurodecode.core.parts import TrialSignal
from neurodecode.core.trials import Trials

Batch = dict[str, torch.Tensor]
_MOST_TRIALS, _MOST_BYTES = 256, 8e6  # that are read at once where nothing is learnt from them


@dataclass(frozen=True, eq=False)
class Padded:
    """Pieces whose first axes differ in length, of several layouts; zeros follow the shorter ones.

    Parameters
    ----------
    signal : TrialSignal
    n_first : int
        Length that all are given.
    """

    signal: TrialSignal
    n_first: int


@dataclass(frozen=True, eq=False)
class Source:
    """Named columns of equal length; a batch has a tensor of each.

    Parameters
    ----------
    columns : mapping of str to ndarray, TrialSignal or Padded
        Axis 0 is trials. Floats come as float32, whole numbers as they are, so that pictures of
        bytes stay small until a module wants them otherwise.
    one_of : ndarray of int, shape (n_trials,), optional
        Trials of one number stand for each other: a pass takes one of them. Without, all.

    Notes
    -----
    Pages of a memory map are given back as soon as they were read. Else a training holds its whole
    file in memory after a few batches: the system maps up to 2 MB around each page that is read.
    """

    columns: Mapping[str, "np.ndarray | TrialSignal | Padded"]
    one_of: np.ndarray | None = None

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
            if isinstance(column, np.ndarray):
                read = column[index]
                release(column)
            else:
                read = _pieces(column, index)
            batch[name] = torch.from_numpy(np.ascontiguousarray(read, dtype=_dtype(read)))
        return batch

    def order(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the trials of a pass, in the order in which they are learnt from."""
        drawn = rng.permutation(len(self))
        if self.one_of is None:
            return drawn
        _, first = np.unique(self.one_of[drawn], return_index=True)
        return drawn[np.sort(first)]

    def in_order(self) -> Iterator[np.ndarray]:
        """Give the positions of all trials in order, as many at a time as are small in memory."""
        if len(self) == 0:
            return
        one = sum(tensor.nbytes for tensor in self.read(np.arange(1)).values())
        size = int(min(_MOST_TRIALS, max(1, _MOST_BYTES // max(one, 1))))
        for first in range(0, len(self), size):
            yield np.arange(first, min(first + size, len(self)))

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


def check_finite(X: np.ndarray, index: np.ndarray, n_trials: int, doing: str) -> None:
    """Hold trials that were read to being numbers.

    Parameters
    ----------
    X : ndarray, shape (n_batch, …)
    index : ndarray of int, shape (n_batch,)
        Which of all trials they are.
    n_trials : int
    doing : str
        What they were read for, for the message.

    Raises
    ------
    DataError
        If one holds NaN or infinite values; it names the first.
    """
    finite = np.isfinite(X).reshape(len(X), -1).all(axis=1)
    if not finite.all():
        raise DataError(
            f"{doing}: trial {index[~finite][0]} of {n_trials} holds NaN or infinite values. Leave "
            "such trials out (windows: reject), or interpolate the channels."
        )


def _length(column: "np.ndarray | TrialSignal | Padded") -> int:
    if isinstance(column, Padded):
        return len(column.signal.part)
    return len(column) if isinstance(column, np.ndarray) else len(column.part)


def _pieces(column: "TrialSignal | Padded", index: np.ndarray) -> np.ndarray:
    padded = isinstance(column, Padded)
    mine = (column.signal if padded else column).take(index)
    first = mine.piece(0)
    shape = (column.n_first, *first.shape[1:]) if padded else first.shape
    read = (np.zeros if padded else np.empty)((len(index), *shape), dtype=first.dtype)
    for i in range(len(index)):
        piece = mine.piece(i)
        if padded:
            read[i, : len(piece)] = piece
        else:
            read[i] = piece
        release(piece)
    return read


def _dtype(read: np.ndarray) -> np.dtype:
    return np.dtype(np.float32) if read.dtype.kind == "f" else read.dtype.newbyteorder("=")


def _key(column: "np.ndarray | TrialSignal | Padded") -> Any:
    if isinstance(column, np.ndarray):
        return digest_array(column)
    if isinstance(column, Padded):
        return [_key(column.signal), column.n_first]
    places = [digest_array(a) for a in (column.part, column.at, column.length)]
    return [[part.key for part in column.parts], places]
