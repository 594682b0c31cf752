"""Validation rows: cut from training rows, and kept as far from them as tested rows are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from neurodecode.core.errors import DataError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows, in_time
from neurodecode.core.truth import Taught
from neurodecode.protocols import inner_groups, purge

_FIFTH = 5  # one part of five is validated on
_FEWEST_GROUPS = 3  # of two, one would leave half of the training rows
VERSION = 1  # of the cut, in keys


@dataclass(frozen=True, eq=False)
class Validation:
    """What the cut goes by, beside rows and truth.

    Parameters
    ----------
    groups : ndarray of int, shape (n_train,), or None
        Training rows that may not be parted: those that show the same (`held_out_by`), else
        combinations of what the protocol keeps apart.
    given : ndarray of bool, shape (n_train,), or None
        Rows that the protocol itself names for validation.
    paired_by : tuple of str
        Columns whose combination is never parted: its rows have one partner.
    """

    groups: np.ndarray | None
    given: np.ndarray | None = None
    paired_by: tuple[str, ...] = ()

    def take(self, index: np.ndarray) -> "Validation":
        """Give what holds of some of the rows; which are validated on is then cut anew."""
        groups = None if self.groups is None else self.groups[index]
        return Validation(groups, paired_by=self.paired_by)


def held_out_by(rows: Rows, kind: str, paired_by: tuple[str, ...] = ()) -> np.ndarray | None:
    """Say which training rows show the same, where what was shown is to be told, or tells brains.

    A network that is stopped by other repeats of what it was trained on, or by other pictures of
    the same concepts, is stopped late: it is asked for what it has not seen. Brains that were
    recorded on and on are not asked here: volumes that follow each other are alike, whatever each
    of them shows, and stay together as the protocol has them.

    Parameters
    ----------
    rows : Rows
        Training rows.
    kind : str
        The target's kind.
    paired_by : tuple of str
        Columns whose combination is never parted.

    Returns
    -------
    groups : ndarray of int, shape (n_rows,), or None
        By ``concept``, else by ``stimulus``, whichever there is with three values or more. None
        where the target is another one, or the rows have neither.
    """
    if kind not in ("vector", "picture", "text", "brain"):
        return None
    for column in ("concept", "stimulus"):
        if column in rows and len(np.unique(rows.codes(column))) >= _FEWEST_GROUPS:
            return inner_groups(rows, (column,), paired_by)
    return None


def cut_validation(
    rows: Rows, y: Taught, validation: Validation, kind: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Part training rows into those that are trained on, and about a fifth to validate on.

    Groups stay whole where there are three or more of them; else blocks do, where there are as
    many; else single trials are drawn, as many of each class, or, of paired recordings, the trials
    of single partners. Where windows overlap each other, trials are not drawn: the last fifth of
    each recording is taken. Training rows that overlap a validation window are left out.

    Parameters
    ----------
    rows : Rows
        Training rows.
    y : ndarray or Entries, shape (n_train, …)
        What they are told.
    validation : Validation
    kind : str
        The target's kind; of labels, both sides have all classes where that can be.
    seed : int

    Returns
    -------
    train, val : ndarray of int
        Positions in `rows`, ascending.

    Raises
    ------
    DataError
        If the rows cannot be parted, such as when a class has a single trial.
    """
    given = validation.given
    levels = [[given]] if given is not None else _levels(rows, y, validation, kind, seed)
    for candidates in levels:
        second: Fold | None = None
        for val in candidates:
            fold = Fold.of("inner", len(rows), train=np.flatnonzero(~val), test=np.flatnonzero(val))
            fold = purge(fold, rows, "purge")
            lacks = _lacks(fold, y, kind)
            if lacks == "":
                return fold.index("train"), fold.index("test")
            if lacks == "val" and second is None:
                second = fold  # a class that is not validated on, where groups have one class each
        if second is not None:
            return second.index("train"), second.index("test")
    raise DataError(
        f"validation: of {len(rows)} training trials none can be kept for validation without "
        "leaving a class untrained. Use more trials or runs, or a model that needs no validation."
    )


def _levels(
    rows: Rows, y: Taught, validation: Validation, kind: str, seed: int
) -> Iterator[Iterable[np.ndarray]]:
    """Masks of rows to validate on, those farthest from the training rows first."""
    for several in (validation.groups, inner_groups(rows, (), validation.paired_by)):
        if several is not None and len(np.unique(several)) >= _FEWEST_GROUPS:
            yield _of_groups(several, y, kind, seed)
    pairs = rows.codes(*validation.paired_by) if validation.paired_by else np.arange(len(rows))
    n_pairs = len(np.unique(pairs))
    if n_pairs == len(rows):
        yield [_last_fifths(rows) if _overlap(rows) else _of_trials(y, kind, seed)]
    elif n_pairs > 1:
        yield _of_groups(pairs, y, kind, seed)


def _of_groups(groups: np.ndarray, y: Taught, kind: str, seed: int) -> Iterator[np.ndarray]:
    n_splits = min(_FIFTH, len(np.unique(groups)))
    is_label = kind == "label"
    how = StratifiedGroupKFold if is_label else GroupKFold
    splitter = how(n_splits, shuffle=True, random_state=seed)
    stratum = y if is_label else np.zeros(len(y))
    for _, val in splitter.split(np.zeros(len(y)), stratum, groups):
        mask = np.zeros(len(y), dtype=bool)
        mask[val] = True
        yield mask


def _of_trials(y: Taught, kind: str, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    stratum = np.asarray(y) if kind == "label" else np.zeros(len(y))
    mask = np.zeros(len(y), dtype=bool)
    for value in np.unique(stratum):
        mine = rng.permutation(np.flatnonzero(stratum == value))
        if len(mine) > 1:
            mask[mine[: max(1, round(len(mine) / _FIFTH))]] = True
    return mask


def _last_fifths(rows: Rows) -> np.ndarray:
    recording = rows.codes("recording")
    mask = np.zeros(len(rows), dtype=bool)
    for code in np.unique(recording):
        mine = in_time(rows, np.flatnonzero(recording == code))
        mask[mine[len(mine) - round(len(mine) / _FIFTH) :]] = True
    return mask


def _overlap(rows: Rows) -> bool:
    """Whether windows of a recording overlap each other."""
    order = np.lexsort((rows["start"], rows.codes("recording")))
    recording, start, stop = rows.codes("recording")[order], rows["start"][order], rows["stop"]
    return bool(np.any((recording[1:] == recording[:-1]) & (start[1:] < stop[order][:-1])))


def _lacks(fold: Fold, y: Taught, kind: str) -> str:
    """Say which side lacks rows, or a class that the other has: ``train``, ``val``, or neither."""
    train, val = fold.index("train"), fold.index("test")
    if len(train) == 0 or len(val) == 0:
        return "train"
    if kind != "label":
        return ""
    codes = np.asarray(y)
    classes = set(np.unique(codes))
    if set(codes[train]) != classes:
        return "train"
    return "" if set(codes[val]) == classes else "val"
