"""`Trials`: rows, and for each the piece of every signal that belongs to it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import DataError
from neurodecode.core.parts import Part, TrialSignal, stack_signal
from neurodecode.core.rows import Rows, as_positions, stack_rows
from neurodecode.core.space import Space


@dataclass(frozen=True, eq=False)
class Trials:
    """Rows with named signals; selecting, stacking and pairing copy no signal.

    Parameters
    ----------
    rows : Rows
    signals : mapping of str to TrialSignal
    """

    rows: Rows
    signals: Mapping[str, TrialSignal]

    def __post_init__(self):
        for name, signal in self.signals.items():
            if len(signal.part) != len(self.rows):
                raise DataError(
                    f"signal {name!r} has {len(signal.part)} pieces for {len(self.rows)} rows."
                )

    @staticmethod
    def of_entries(rows: Rows, name: str, part: Part, at: np.ndarray) -> "Trials":
        """Trials that are entries of one array.

        Parameters
        ----------
        rows : Rows
        name : str
            The signal's name.
        part : Part
        at : ndarray of int, shape (n_rows,)
            The entry of each row.
        """
        n_trials = len(rows)
        return Trials(
            rows,
            {
                name: TrialSignal(
                    (part,),
                    np.zeros(n_trials, dtype=np.int32),
                    at.astype(np.int64),
                    np.full(n_trials, -1, dtype=np.int32),
                )
            },
        )

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Trials({len(self)} rows; {', '.join(_describe(*s) for s in self.signals.items())})"

    def take(self, index: np.ndarray | Sequence[int]) -> "Trials":
        """Trials at `index` (positions or a mask), as a view."""
        index = as_positions(index, len(self))
        return Trials(
            self.rows.take(index), {name: s.take(index) for name, s in self.signals.items()}
        )

    def select(self, **columns: object) -> "Trials":
        """Trials whose columns have the given value, or one of the given values, as a view."""
        return self.take(self.rows.where(**columns))

    def pair(self, other: "Trials", by: str) -> "Trials":
        """Give these rows the signals of `other`'s row with the same value of column `by`.

        Raises
        ------
        DataError
            If `other` has two rows of one value, or a signal of the same name.
        """
        clash = set(self.signals) & set(other.signals)
        if clash:
            raise DataError(f"pair: both have the signal(s) {sorted(clash)}. Rename one.")
        keys = pd.Index(other.rows[by])
        if not keys.is_unique:
            twice = keys[keys.duplicated()][0]
            raise DataError(f"pair: {by}={twice!r} names several rows of the other. Select one.")
        position = keys.get_indexer(pd.Index(self.rows[by]))
        signals = dict(self.signals)
        for name, signal in other.signals.items():
            taken = signal.take(position)
            signals[name] = replace(taken, part=np.where(position < 0, np.int32(-1), taken.part))
        return Trials(self.rows, signals)

    @property
    def X(self) -> np.ndarray:
        """`array` of the only signal."""
        return self.array()

    def signal(self, name: str | None = None) -> TrialSignal:
        """Give the named signal, or the only one."""
        if name is None:
            if len(self.signals) != 1:
                raise DataError(
                    f"there are {len(self.signals)} signals: name one of {', '.join(self.signals)}."
                )
            return next(iter(self.signals.values()))
        if name not in self.signals:
            raise DataError(f"no signal {name!r}; there are: {', '.join(self.signals)}.")
        return self.signals[name]

    def array(self, name: str | None = None) -> np.ndarray:
        """Copy one signal of all trials into one array.

        Returns
        -------
        X : ndarray, shape (n_trials, …)
            float64, axes as the parts say.

        Raises
        ------
        DataError
            If trials differ in space or length, or lack the signal; it names who differs.
        """
        signal = self.signal(name)
        self.check_alike(name)
        if len(self) == 0:
            return np.zeros((0, *_trial_shape(signal)))
        first = signal.piece(0)
        dtype = np.float64 if first.dtype.kind == "f" else first.dtype
        X = np.empty((len(self), *first.shape), dtype=dtype)
        for part in np.unique(signal.part):
            source = signal.parts[part].open()
            mine = np.flatnonzero(signal.part == part)
            if signal.length[mine[0]] < 0:
                X[mine] = source[signal.at[mine]]
            else:
                for i in mine:
                    X[i] = source[..., signal.at[i] : signal.at[i] + signal.length[i]]
        return X

    def list(self, name: str | None = None) -> "list[np.ndarray]":
        """One signal as a list of arrays, whose lengths may differ."""
        signal = self.signal(name)
        return [np.array(signal.piece(i)) for i in range(len(self))]

    def array_or_list(self, name: str | None = None) -> "np.ndarray | list[np.ndarray]":
        """One signal as an array, or as a list where trials differ in length."""
        alike = len(np.unique(self.signal(name).length)) <= 1
        return self.array(name) if alike else self.list(name)

    def batches(self, size: int, seed: int) -> "Iterator[Trials]":
        """Trials in random order, `size` at a time; the last batch may be smaller."""
        order = np.random.default_rng(seed).permutation(len(self))
        for first in range(0, len(self), size):
            yield self.take(order[first : first + size])

    def key(self) -> str:
        """Digest of rows and signals."""
        signals = {
            name: [
                [part.key for part in s.parts],
                [digest_array(a) for a in (s.part, s.at, s.length)],
            ]
            for name, s in self.signals.items()
        }
        return digest([self.rows.key(), signals])

    def check_alike(self, name: str | None = None, *, lengths: bool = True) -> None:
        """Hold the trials to fitting into one array, before anything is read.

        Parameters
        ----------
        name : str, optional
            The signal.
        lengths : bool
            Whether trials of several lengths are refused.

        Raises
        ------
        DataError
            If some lack the signal, or spaces or lengths differ; naming who differs.
        """
        signal = self.signal(name)
        name = name or next(iter(self.signals))
        lacking = np.flatnonzero(signal.part < 0)
        if len(lacking):
            raise DataError(
                f"signal {name!r}: {len(lacking)} of {len(self)} trials lack it, the first in "
                f"{self.rows['recording'][lacking[0]]}. Select the trials that have it."
            )
        used = signal.used()
        for part in used[1:]:
            if not part.space.joins(used[0].space) or part.axes != used[0].axes:
                who = self._recordings_of(signal, part), self._recordings_of(signal, used[0])
                raise DataError(
                    f"signal {name!r}: {who[0]} has {part.space!r}, {who[1]} has {used[0].space!r}"
                    f"{_difference(part.space, used[0].space)}. Bring them to one space "
                    "(prepare: pick), or use a model that takes many."
                )
            ours, theirs = part.source, used[0].source
            if (
                isinstance(ours, np.ndarray)
                and isinstance(theirs, np.ndarray)
                and signal.length[0] < 0
                and ours.shape[1:] != theirs.shape[1:]
            ):
                who = self._recordings_of(signal, part), self._recordings_of(signal, used[0])
                raise DataError(
                    f"signal {name!r}: a trial of {who[0]} has shape {ours.shape[1:]}, one of "
                    f"{who[1]} has {theirs.shape[1:]}. Bring them to one shape."
                )
        if lengths and len(np.unique(signal.length)) > 1:
            odd = int(np.flatnonzero(signal.length != signal.length[0])[0])
            raise DataError(
                f"signal {name!r}: trials differ in length ({signal.length[0]} and "
                f"{signal.length[odd]} samples, the latter in {self.rows['recording'][odd]}). "
                "Give windows one length, or use list()."
            )

    def _recordings_of(self, signal: TrialSignal, part: Part) -> str:
        row = int(np.flatnonzero(signal.part == signal.parts.index(part))[0])
        return str(self.rows["recording"][row]) if "recording" in self.rows else f"row {row}"


def stack(several: Sequence[Trials]) -> Trials:
    """Trials of several, in the order given; a signal that one lacks is missing there.

    Raises
    ------
    DataError
        If there is nothing to stack, or two hold the same row.
    """
    if not several:
        raise DataError("stack: there is nothing to stack.")
    names = dict.fromkeys(name for trials in several for name in trials.signals)
    return Trials(
        stack_rows([trials.rows for trials in several]),
        {name: stack_signal([(len(t), t.signals.get(name)) for t in several]) for name in names},
    )


def _trial_shape(signal: TrialSignal) -> tuple[int, ...]:
    if not signal.parts:
        return ()
    return signal.parts[0].open().shape[1:]


def _describe(name: str, signal: TrialSignal) -> str:
    used = signal.used()
    if not used:
        return f"{name}: none"
    spaces = {part.space for part in used}
    rate = "" if used[0].sfreq is None else f", {used[0].sfreq:g} Hz"
    lengths = np.unique(signal.length)
    spread = "–".join(str(n) for n in dict.fromkeys(lengths[[0, -1]]))
    length = "" if lengths[0] < 0 else f" × {spread} samples"
    where = repr(used[0].space) if len(spaces) == 1 else f"{len(spaces)} spaces"
    return f"{name}: {where}{length}{rate}, {len(used)} parts"


def _difference(one: Space, other: Space) -> str:
    extra, lacking = set(one.names) - set(other.names), set(other.names) - set(one.names)
    if extra or lacking:
        return f" (extra: {sorted(extra)[:5]}, lacking: {sorted(lacking)[:5]})"
    if one.names != other.names:
        return " (the same names in another order)"
    if len(one) == len(other):
        return " (types, units or image grid differ)"
    return ""
