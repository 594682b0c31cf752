"""What is to be told: arrays, `Entries`, or brains of people whose spaces differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.entries import Entries
from neurodecode.core.errors import DataError
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials


@dataclass(frozen=True, eq=False)
class RaggedBrains:
    """Brains of rows of several spaces, read: each as long as its person has voxels.

    Parameters
    ----------
    each : tuple of ndarray, shape (n_values,)
        One a row; rows of one person are of one length.
    """

    each: tuple[np.ndarray, ...]

    def __len__(self) -> int:
        return len(self.each)

    def __getitem__(self, index: np.ndarray) -> "RaggedBrains":
        """Give the rows at `index`, a mask or whole numbers."""
        return RaggedBrains(tuple(self.each[i] for i in np.arange(len(self))[index]))

    @cached_property
    def marks(self) -> np.ndarray:
        """Digest of each row, by which rows are told equal."""
        return np.array([digest_array(one) for one in self.each])


@dataclass(frozen=True, eq=False)
class BrainTruth:
    """True recordings of all rows, each read when it is asked for.

    One array could not hold them: one person has 300 voxels, another 410. Rows of one space are
    taken together as an array, as the rows of a fold are.

    Parameters
    ----------
    trials : Trials
        With the signal that is to be told, and no other.
    """

    trials: Trials

    def __len__(self) -> int:
        return len(self.trials)

    def __getitem__(self, index: np.ndarray) -> np.ndarray:
        """Give the truth of rows of one space.

        Parameters
        ----------
        index : ndarray of int

        Returns
        -------
        y : ndarray, shape (n_rows, n_values)
            Values of a trial of channels by time are flattened, times varying fastest.

        Raises
        ------
        DataError
            If the rows are of several spaces; it names who differs.
        """
        y = self.trials.take(index).array()
        return y.reshape(len(y), -1)

    def read(self, index: np.ndarray) -> "np.ndarray | RaggedBrains":
        """Give the truth of rows, as an array where they are of one space."""
        spaces = self.spaces[index]
        if len(np.unique(spaces)) < 2:
            return self[index]
        each: list[np.ndarray] = [np.zeros(0)] * len(spaces)
        for space in np.unique(spaces):
            mine = np.flatnonzero(spaces == space)
            for i, one in zip(mine, self[index[mine]], strict=True):
                each[i] = one
        return RaggedBrains(tuple(each))

    def check_alike(self, index: np.ndarray, fold: str) -> None:
        """Hold the rows of a fold to one space.

        Raises
        ------
        DataError
            If they are of several; it names the fold, and who differs.
        """
        try:
            self.trials.take(index).check_alike()
        except DataError as error:
            raise DataError(f"fold {fold}: {error}") from None

    def __iter__(self) -> Iterator[np.ndarray]:
        signal = self.trials.signal()
        return (np.array(signal.piece(i), dtype=np.float64).reshape(-1) for i in range(len(self)))

    @property
    def known(self) -> np.ndarray:
        """Mask of the rows that were recorded; a prepared recording holds finite numbers alone."""
        return self.trials.signal().part >= 0

    def space(self, index: np.ndarray) -> Space:
        """Give the space that rows are of, which is one."""
        return self.trials.take(index).signal().used()[0].space

    @property
    def spaces(self) -> np.ndarray:
        """Number of the space that each row is of, in the order of first rows; -1 for none."""
        signal = self.trials.signal()
        number: dict[str, int] = {}
        of_part = [number.setdefault(part.space.key, len(number)) for part in signal.parts]
        return np.array([*of_part, -1])[signal.part]

    @property
    def key(self) -> str:
        """Digest of what the rows point to."""
        signal = self.trials.signal()
        pieces = [digest_array(array) for array in (signal.part, signal.at, signal.length)]
        return digest([[part.key for part in signal.parts], *pieces])


Told = np.ndarray | Entries  # of some rows: what a model is told
Taught = Told | RaggedBrains  # of training rows: also of people with voxels of their own
Truth = Told | BrainTruth  # of all rows


def known_rows(y: Truth, kind: str) -> np.ndarray:
    """Give a mask of the rows whose truth is known.

    Parameters
    ----------
    y : ndarray, shape (n_rows, …), Entries or BrainTruth
        Codes are unknown below zero, other numbers where one of a row is not finite.
    kind : str
        The target's kind.
    """
    if isinstance(y, BrainTruth):
        return y.known
    if isinstance(y, Entries):
        return y.finite
    if kind == "label":
        return y >= 0
    return np.logical_and.reduce(np.isfinite(y.reshape(len(y), -1)), axis=1)


def digest_told(y: Taught) -> str:
    """Digest of the truth of some rows."""
    if isinstance(y, RaggedBrains):
        return digest(y.marks.tolist())
    return y.key if isinstance(y, Entries) else digest_array(y)


def comparable(y: Truth | RaggedBrains) -> Any:
    """Give by what truths of rows are told equal, without reading vectors once more."""
    return y.marks if isinstance(y, Entries | RaggedBrains) else y


def both_told(one: Taught, other: Taught) -> Taught:
    """Give the truth of some rows, then that of others."""
    if isinstance(one, Entries) and isinstance(other, Entries):
        return one.joined(other)
    if isinstance(one, RaggedBrains) and isinstance(other, RaggedBrains):
        return RaggedBrains((*one.each, *other.each))
    return np.concatenate([np.asarray(one), np.asarray(other)])
