"""Who is trained on and who is tested; and the checks that hold every fold to its claim."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol as TypingProtocol

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from neurodecode.core.errors import DataError, LeakError
from neurodecode.core.fold import ROLES, Fold
from neurodecode.core.rows import Rows
from neurodecode.core.target import Target

_UNUSED, _UNLABELLED = ROLES.index("unused"), ROLES.index("unlabelled")


class Protocol(TypingProtocol):
    """A way to split rows."""

    @property
    def apart(self) -> tuple[str, ...]:
        """Columns whose combination no training row shares with a test row; empty: only rows.

        Inner folds keep it apart too. What a protocol keeps apart beyond it stands in
        ``also_apart``, a tuple of such combinations, which it need not have.
        """
        ...

    def split(self, rows: Rows, target: Target, seed: int) -> Iterator[Fold]:
        """Give folds one at a time; `rows` have a known target, in recording-then-onset order."""
        ...


def claims_of(protocol: Protocol) -> tuple[tuple[str, ...], ...]:
    """Give each combination of columns that a protocol keeps apart, that of ``apart`` first."""
    return (protocol.apart, *getattr(protocol, "also_apart", ()))


def verify(fold: Fold, rows: Rows, apart: tuple[str, ...]) -> None:
    """Hold a fold to its protocol's claim.

    Parameters
    ----------
    fold : Fold
    rows : Rows
    apart : tuple of str
        Columns whose combination train and test may not share.

    Raises
    ------
    LeakError
        If they do, if a role is missing or unknown, or the fold is not of these rows.
    """
    if len(fold.role) != len(rows):
        raise LeakError(f"fold {fold.name}: {len(fold.role)} roles for {len(rows)} rows.")
    if fold.role.max(initial=0) >= len(ROLES):
        raise LeakError(f"fold {fold.name}: role {fold.role.max()} is unknown; known: {ROLES}.")
    train, test = fold.index("train", "val"), fold.index("test")
    for name, index in (("training", train), ("test", test)):
        if len(index) == 0:
            raise LeakError(f"fold {fold.name}: it has no {name} row. Look at the protocol.")
    if not apart:
        return
    codes = rows.codes(*apart)
    shared = np.intersect1d(codes[train], codes[test])
    if len(shared):
        row = int(test[codes[test] == shared[0]][0])
        said = ", ".join(f"{column} {rows[column][row]}" for column in apart)
        n_train, n_test = (int(np.sum(codes[side] == shared[0])) for side in (train, test))
        raise LeakError(
            f"fold {fold.name}: {said} is on both sides ({n_train} training and {n_test} test "
            f"rows), and the protocol says it keeps {' and '.join(apart)} apart."
        )


def inner_groups(
    rows: Rows, apart: tuple[str, ...], paired_by: tuple[str, ...] = ()
) -> np.ndarray | None:
    """Say which training rows inner folds may not part, to keep apart what the outer ones do.

    Parameters
    ----------
    rows : Rows
        Training rows.
    apart : tuple of str
        Columns that the protocol keeps apart.
    paired_by : tuple of str
        Columns whose combination is never on both sides, since its rows have one partner in the
        recordings that they are paired with.

    Returns
    -------
    groups : ndarray of int, shape (n_rows,), or None
        Combinations of `apart`; without any, blocks; those that share a partner are one. None
        where each row is by itself.
    """
    groups = rows.codes(*apart) if apart else _blocks(rows)
    pairs = rows.codes(*paired_by) if paired_by else np.arange(len(rows))
    if len(np.unique(pairs)) == len(rows):
        return groups
    return pairs if groups is None else _joined(groups, pairs)


def overlapping(fold: Fold, rows: Rows) -> np.ndarray:
    """Positions of training rows whose windows overlap a test window of the same recording.

    Parameters
    ----------
    fold : Fold
    rows : Rows
        With ``recording start stop``; windows that only touch do not overlap.

    Returns
    -------
    index : ndarray of int
        Ascending.
    """
    return near(fold, rows, 0.0, fold.index("train", "val"))


def near(fold: Fold, rows: Rows, reach: float, train: np.ndarray) -> np.ndarray:
    """Rows of `train` less than `reach` seconds from a test window of their recording.

    Parameters
    ----------
    fold : Fold
    rows : Rows
    reach : float
        Seconds; windows that only touch are 0 s apart. Infinite: anywhere in the recording.
    train : ndarray of int
        Positions of the rows that are looked at.

    Returns
    -------
    index : ndarray of int
        Ascending.

    Notes
    -----
    By sorting: n log n.
    """
    test = fold.index("test")
    recording = rows.codes("recording")
    start, stop = rows["start"], rows["stop"]
    found = []
    for code in np.intersect1d(recording[train], recording[test]):
        mine, tested = train[recording[train] == code], test[recording[test] == code]
        if np.isinf(reach):
            found.append(mine)
            continue
        order = np.argsort(start[tested], kind="stable")
        starts = start[tested][order]
        latest = np.maximum.accumulate(stop[tested][order])
        # Of the test windows that begin before this one ends, does any end after it begins?
        before = np.searchsorted(starts, stop[mine] + reach, side="left")
        reached = np.zeros(len(mine), dtype=bool)
        some = before > 0
        reached[some] = latest[before[some] - 1] + reach > start[mine][some]
        found.append(mine[reached])
    return np.sort(np.concatenate(found)) if found else np.zeros(0, dtype=np.intp)


def purge(fold: Fold, rows: Rows, overlap: str) -> Fold:
    """Take training rows that overlap a test window out of a fold, and count them.

    Parameters
    ----------
    fold : Fold
    rows : Rows
    overlap : {"purge", "refuse", "allowed"}

    Raises
    ------
    LeakError
        If overlap is refused and there is one.
    """
    if overlap == "allowed":
        return fold
    index = overlapping(fold, rows)
    if len(index) == 0:
        return fold
    if overlap == "refuse":
        first = index[0]
        raise LeakError(
            f"fold {fold.name}: {len(index)} training windows overlap a test window, the first in "
            f"{rows['recording'][first]} from {rows['start'][first]:g} to "
            f"{rows['stop'][first]:g} s. Use overlap: purge, or a protocol that keeps runs apart."
        )
    role = fold.role.copy()
    role[index] = _UNUSED
    return replace(fold, role=role, purged=fold.purged + len(index))


def with_unlabelled(
    fold: Fold, rows: Rows, known: np.ndarray, claims: tuple[tuple[str, ...], ...]
) -> Fold:
    """Give the fold in which rows of unknown target that may be trained on have that role.

    They share with a test row nothing that is kept apart, and their windows overlap none. Where a
    fold trains on no one but the tested, they are of the sessions that are trained on.

    Parameters
    ----------
    fold : Fold
    rows : Rows
    known : ndarray of bool, shape (n_rows,)
        Whether a row's target is known.
    claims : tuple of tuple of str
        Combinations of columns that the protocol keeps apart, as `claims_of` gives them.
    """
    free = ~known & (fold.role == _UNUSED)
    train, test = fold.index("train", "val"), fold.index("test", "adapt")
    for apart in filter(None, claims):
        codes = rows.codes(*apart)
        free &= ~np.isin(codes, codes[test])
    subjects, sessions = rows.codes("subject"), rows.codes("subject", "session")
    if np.isin(subjects[train], subjects[test]).all():
        free &= np.isin(sessions, sessions[train])
    role = fold.role.copy()
    role[free] = _UNLABELLED
    made = replace(fold, role=role)
    role[near(made, rows, 0.0, made.index("unlabelled"))] = _UNUSED
    return replace(fold, role=role)


def shared(fold: Fold, rows: Rows, *columns: str, side: np.ndarray | None = None) -> bool:
    """Whether train and test share a value of the last column, within one of those before it.

    Rows without a value share none; where there is no such column, nothing is shared. With `side`
    it is asked of the rows at these positions in place of the training rows.
    """
    if columns[-1] not in rows:
        return False
    known = pd.notna(rows[columns[-1]])
    codes = rows.codes(*columns)
    side = fold.index("train", "val") if side is None else side
    trained, tested = (one[known[one]] for one in (side, fold.index("test")))
    return len(np.intersect1d(codes[trained], codes[tested])) > 0


def check_shown(fold: Fold, rows: Rows) -> None:
    """Hold a fold to testing no stimulus that was trained on, where the brain is told from it.

    Raises
    ------
    LeakError
        Naming fold and stimulus.
    """
    if not shared(fold, rows, "stimulus", side=fold.labelled):
        return
    stimulus = rows["stimulus"]
    trained = {one for one in stimulus[fold.labelled] if pd.notna(one)}
    twice = [one for one in dict.fromkeys(stimulus[fold.index("test")]) if one in trained]
    raise LeakError(
        f"fold {fold.name}: {len(twice)} stimuli are trained on and tested, the first is "
        f"{twice[0]!r}. An encoder that knows what the brain answered to a stimulus knows what it "
        "will answer. Use shared_stimuli, which tests stimuli that were never trained on, or test "
        "runs that show something else."
    )


def shares_within(fold: Fold, rows: Rows, reach: float) -> bool:
    """Whether a training window lies within `reach` seconds of a test window of its recording."""
    return len(near(fold, rows, reach, fold.index("train", "val"))) > 0


def check_training(fold: Fold, y: np.ndarray, target: Target, min_trials: int) -> None:
    """Hold a fold to having enough training trials of every class.

    Parameters
    ----------
    fold : Fold
    y : ndarray of int, shape (n_rows,)
    target : Target
    min_trials : int
        Fewest training trials a class.

    Raises
    ------
    DataError
        Naming fold, class and count.
    """
    counts = np.bincount(y[fold.index("train", "val")], minlength=len(target.classes))
    few = np.flatnonzero(counts < min_trials)
    if len(few):
        said = ", ".join(f"{target.classes[code]!r} {counts[code]}" for code in few)
        purged = f" {fold.purged} overlap a test window and were left out." if fold.purged else ""
        raise DataError(
            f"fold {fold.name}: too few training trials of a class ({said}; {min_trials} are "
            f"needed).{purged} Use fewer folds, another protocol, or leave the class out of target."
        )


def _blocks(rows: Rows) -> np.ndarray | None:
    """Blocks of the recordings, a row of none by itself; None where there are no blocks."""
    if "block" not in rows:
        return None
    alone = np.arange(len(rows))
    none = pd.isna(rows["block"])
    return np.where(none, len(rows) + alone, rows.codes("recording", "block"))


def _joined(groups: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Give rows one number where a chain of common groups and common pairs leads between them."""
    _, group = np.unique(groups, return_inverse=True)
    n_groups, n_pairs = int(group.max()) + 1, int(pairs.max()) + 1
    edges = coo_array(
        (np.ones(len(group)), (group, n_groups + pairs)), shape=(n_groups + n_pairs,) * 2
    )
    return connected_components(edges, directed=False)[1][group]
