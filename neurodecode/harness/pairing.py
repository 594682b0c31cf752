"""Signals of another data set beside those of the trials, by what both were shown."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import ConfigError, DataError, LeakError
from neurodecode.core.files import whole_file
from neurodecode.core.fold import Fold
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.core.trials import Trials
from neurodecode.data.cache import STAGES, touch, unwritable


@dataclass(frozen=True, eq=False)
class Paired:
    """Trials with the signals of another data set.

    Parameters
    ----------
    trials : Trials
        Those that have a partner.
    kept : ndarray of bool, shape (n_rows,)
        Which of the rows have one.
    note : str
        What a reader of the table should know.
    """

    trials: Trials
    kept: np.ndarray
    note: str


def pair_trials(
    trials: Trials, other: Trials, by: tuple[str, ...], cache: Path, *, compute: bool
) -> Paired:
    """Give trials the other's signals of the same value; several rows of one value are averaged.

    Parameters
    ----------
    trials, other : Trials
        Each with one signal, of different names.
    by : tuple of str
        Columns that both have, such as ``stimulus``, or ``subject`` and ``stimulus``.
    cache : Path
        Cache folder, which takes the averages.
    compute : bool
        Whether averages that are not there yet are computed; else they are named alone.

    Raises
    ------
    ConfigError
        If one has no such column, or both have a signal of one name.
    DataError
        If rows of one value cannot be averaged, or no row has a partner.
    """
    clash = set(trials.signals) & set(other.signals)
    if clash:
        raise ConfigError(
            f"data.pair: both are {sorted(clash)[0]}, and models could not tell them apart. Pair "
            "recordings of another modality."
        )
    ours, theirs = _values(trials.rows, by, "data"), _values(other.rows, by, "data.pair")
    codes, names = pd.factorize(theirs)
    position = pd.Index(names).get_indexer(pd.Index(ours))
    kept = position >= 0
    if not kept.any():
        raise DataError(
            f"data.pair: no row shares its {' and '.join(by)} with one of the other "
            f"({ours[0]!r} here, {theirs[0]!r} there). Look at how the two cards call them."
        )
    counts = np.bincount(codes)
    called = next(iter(other.signals))
    used = np.unique(codes[np.isin(codes, position[kept])])
    note = f"{called}: {len(used)} values of {' and '.join(by)} are paired"
    if counts.max() > 1:
        who = {str(one) for one in other.rows["subject"]}
        note += (
            f", the mean of {counts.min()} to {counts.max()} rows each, of {len(who)} subject(s)"
        )
        signal = _averaged(other, called, codes, names, cache, compute=compute)
    else:
        signal = other.signals[called].take(np.argsort(codes, kind="stable"))
    some = trials.take(kept)
    paired = Trials(some.rows, {**some.signals, called: signal.take(position[kept])})
    return Paired(paired, kept, f"{note}.")


def check_paired(fold: Fold, rows: Rows, by: tuple[str, ...]) -> None:
    """Hold a fold to pairing no test row with what a training row was paired with.

    Raises
    ------
    LeakError
        Naming a value that is on both sides.
    """
    codes = rows.codes(*by)
    trained, tested = codes[fold.index("train", "val", "adapt")], fold.index("test")
    shared = np.flatnonzero(np.isin(codes[tested], trained))
    if len(shared):
        row = tested[shared[0]]
        said = ", ".join(f"{name} {rows[name][row]}" for name in by)
        raise LeakError(
            f"fold {fold.name}: {said} is trained on and tested, and its partner in data.pair is "
            f"the same on both sides. Keep {by[-1]} apart, as in protocol: {{columns: {{column: "
            f"{by[-1]}, test: each}}}}."
        )


def _values(rows: Rows, by: tuple[str, ...], where: str) -> np.ndarray:
    """Give what each row is paired by, as text."""
    for name in by:
        if name not in rows:
            raise ConfigError(
                f"data.pair.by: the rows of {where} have no column {name!r}; there are: "
                f"{', '.join(rows.columns)}."
            )
    several = zip(*(rows[name] for name in by), strict=True)
    return np.array([" / ".join(map(str, one)) for one in several], dtype=object)


def _averaged(
    other: Trials, called: str, codes: np.ndarray, names: Any, cache: Path, *, compute: bool
) -> TrialSignal:
    """Give the mean over the rows of each value, as entries of a file of the cache."""
    signal = other.signals[called]
    try:
        other.check_alike(called)
    except DataError as error:
        raise DataError(
            f"data.pair: rows of one value cannot be averaged: {error} Select one subject, or pair "
            "by [subject, …]."
        ) from None
    used = signal.used()
    placed = [digest_array(array) for array in (signal.part, signal.at, signal.length, codes)]
    key = digest(["mean over", [part.key for part in signal.parts], placed])
    # Named by what it was made from too, so that the cache can tell whose it is.
    path = cache / STAGES / f"{used[0].key.partition('/')[0]}-{key}.npy"
    if path.is_file():
        touch(path)
    elif compute:
        total = np.zeros((len(names), *np.asarray(signal.piece(0)).shape))
        for i, code in enumerate(codes):
            total[code] += signal.piece(i)
        counts = np.bincount(codes).reshape(-1, *(1,) * (total.ndim - 1))
        try:
            with whole_file(path) as temporary, temporary.open("wb") as handle:
                np.save(handle, total / counts)
        except OSError as error:
            raise unwritable(cache, error) from error
    first = used[0]
    part = Part(
        path, first.space, first.axes, first.sfreq, 0.0, key, None, first.reach, first.ahead
    )
    at = np.arange(len(names), dtype=np.int64)
    none = np.zeros(len(names), dtype=np.int32)
    return TrialSignal((part,), none, at, none - 1)
