"""What trials point into: arrays of recordings, opened when they are read, and places in them."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.space import Space

MAX_OPEN_FILES = 32
_open_arrays: "OrderedDict[Path, np.ndarray]" = OrderedDict()
_open_lock = threading.Lock()


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """One recording's array, or one table of features, that trials point into.

    Parameters
    ----------
    source : Path or ndarray
        A ``.npy`` file, opened as a memory map on first read, or the array itself.
    space : Space
    axes : tuple of str
        Axes of one trial; see `neurodecode.core.recording.Signal`.
    sfreq : float or None
        Samples a second.
    tmin : float
        Seconds from the recording's start to the first sample.
    key : str
        Digest of the content, or of all it was made from.
    rank : int or None
        Rank of the channels' covariance, where known.
    reach : float
        Seconds over which preparation mixed samples.
    ahead : float
        Seconds that preparation looked into the future of each sample.
    show : bool
        Whether pages may draw what was shown and what models tell of it; it goes wherever trials
        of a card are taken.
    """

    source: Path | np.ndarray
    space: Space
    axes: tuple[str, ...]
    sfreq: float | None
    tmin: float
    key: str
    rank: int | None = None
    reach: float = 0.0
    ahead: float = 0.0
    show: bool = True

    def open(self) -> np.ndarray:
        """Give the array; of files, at most `MAX_OPEN_FILES` are open at a time."""
        if isinstance(self.source, np.ndarray):
            return self.source
        with _open_lock:
            array = _open_arrays.pop(self.source, None)
            if array is None:
                array = np.load(self.source, mmap_mode="r", allow_pickle=False)
            _open_arrays[self.source] = array
            while len(_open_arrays) > MAX_OPEN_FILES:
                _open_arrays.popitem(last=False)
        return array


@dataclass(frozen=True, eq=False)
class TrialSignal:
    """Which piece of which part belongs to each row: 16 bytes a row.

    Parameters
    ----------
    parts : tuple of Part
    part : ndarray of int32, shape (n_trials,)
        Position in `parts`; -1 where the row lacks this signal.
    at : ndarray of int64, shape (n_trials,)
        First sample of the window, or the entry of axis 0.
    length : ndarray of int32, shape (n_trials,)
        Samples of the window; -1 where `at` is an entry.
    """

    parts: tuple[Part, ...]
    part: np.ndarray
    at: np.ndarray
    length: np.ndarray

    def take(self, index: np.ndarray) -> "TrialSignal":
        """Give the pieces of the rows at `index`."""
        return replace(self, part=self.part[index], at=self.at[index], length=self.length[index])

    def used(self) -> tuple[Part, ...]:
        """Parts that at least one row points into."""
        return tuple(self.parts[i] for i in np.unique(self.part) if i >= 0)

    def piece(self, i: int) -> np.ndarray:
        """View of row `i`'s piece, in the part's own dtype."""
        if self.part[i] < 0:
            raise DataError(f"row {i} lacks this signal.")
        array = self.parts[self.part[i]].open()
        if self.length[i] < 0:
            return array[self.at[i]]
        return array[..., self.at[i] : self.at[i] + self.length[i]]


def stack_signal(pieces: Sequence[tuple[int, TrialSignal | None]]) -> TrialSignal:
    """Join one signal of several: the rows of each, and its pieces, or None where it has none."""
    parts: dict[int, Part] = {}
    place: dict[int, int] = {}
    part, at, length = [], [], []
    for n_rows, signal in pieces:
        if signal is None:
            part.append(np.full(n_rows, -1, dtype=np.int32))
            at.append(np.zeros(n_rows, dtype=np.int64))
            length.append(np.full(n_rows, -1, dtype=np.int32))
            continue
        for one in signal.parts:
            place.setdefault(id(one), len(place))
            parts[id(one)] = one
        # The last entry serves rows that lack the signal: position -1.
        moved = np.array([*(place[id(one)] for one in signal.parts), -1], dtype=np.int32)
        part.append(moved[signal.part])
        at.append(signal.at)
        length.append(signal.length)
    return TrialSignal(
        tuple(parts.values()), np.concatenate(part), np.concatenate(at), np.concatenate(length)
    )
