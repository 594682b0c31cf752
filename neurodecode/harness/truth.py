"""What training rows are told: the truth, or a draw of the shuffled null."""

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.harness.study import Study


class TrainingTruth:
    """Truth of a fold's training rows, made when it is asked for.

    Parameters
    ----------
    study : Study

    Attributes
    ----------
    y : ndarray, shape (n_rows,)
        Truth of every row: codes (-1 unknown) or values (NaN unknown).
    """

    def __init__(self, study: Study):
        self.y = study.y
        self._trials = study.trials
        self._units, self._groups = shuffle_units(study.trials.rows)
        self._known = study.question.target.known(self.y)
        self._uids = np.asarray(study.trials.rows["uid"])
        self._last: tuple[Fold, int] | None = None
        self._permutation: tuple[int, np.ndarray] | None = None

    def of(
        self, fold: Fold, seed: int, draw: int | None, permutation: int | None = None
    ) -> np.ndarray:
        """Give what a model is told, in the order of `Fold.labelled`.

        Parameters
        ----------
        fold : Fold
        seed : int
        draw : int or None
            Draw of the shuffled null, labels permuted within run or block; None for the truth. It
            depends on the seed, the draw and the fold's own rows: other subjects change nothing.
        permutation : int or None
            Number of a permutation of all labels, the tested ones too: the same in every fold.

        Returns
        -------
        y : ndarray, shape (n_labelled, …)
        """
        told = fold.labelled
        if permutation is not None:
            return self.permuted(permutation)[told]
        if draw is None:
            return self.y[told]
        return permuted(
            self.y[told],
            self._units[told],
            self._groups[told],
            [seed, draw, self._content(fold, told)],
        )

    def permuted(self, permutation: int) -> np.ndarray:
        """Give one permutation of the labels of all rows; the last one asked for is kept."""
        if self._permutation is None or self._permutation[0] != permutation:
            y = permute_all(self.y, self._known, self._units, self._groups, self._uids, permutation)
            self._permutation = permutation, y
        return self._permutation[1]

    def _content(self, fold: Fold, train: np.ndarray) -> int:
        """Give a number that stands for the training rows; draws of one fold come together."""
        if self._last is None or self._last[0] is not fold:
            key = self._trials.rows.take(train).key()
            self._last = fold, int.from_bytes(bytes.fromhex(key[:16]), "big")
        return self._last[1]


def permuted(y: np.ndarray, units: np.ndarray, groups: np.ndarray, seed: list[int]) -> np.ndarray:
    """Permute labels within groups, all rows of a unit together where they share one label.

    Parameters
    ----------
    y : ndarray, shape (n_rows,)
    units : ndarray of int, shape (n_rows,)
        Block of each row; rows that are their own unit have numbers of their own.
    groups : ndarray of int, shape (n_rows,)
        Run of each row.
    seed : list of int

    Returns
    -------
    shuffled : ndarray, shape (n_rows,)
    """
    rng = np.random.default_rng(seed)
    shuffled = y.copy()
    order = np.argsort(groups, kind="stable")
    for mine in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        names, first, unit = np.unique(units[mine], return_index=True, return_inverse=True)
        if np.array_equal(y[mine], y[mine][first][unit]):
            shuffled[mine] = y[mine][first][rng.permutation(len(names))][unit]
        else:
            shuffled[mine] = y[mine][rng.permutation(len(mine))]
    return shuffled


def permute_all(
    y: np.ndarray,
    known: np.ndarray,
    units: np.ndarray,
    groups: np.ndarray,
    uids: np.ndarray,
    permutation: int,
) -> np.ndarray:
    """Permute the known labels of every run within it, by a draw of the run's own.

    Parameters
    ----------
    y : ndarray, shape (n_rows, …)
    known : ndarray of bool, shape (n_rows,)
    units, groups : ndarray of int, shape (n_rows,)
        As `permuted` takes them.
    uids : ndarray of str, shape (n_rows,)
        Names of the rows: a run's draw depends on them, so that other runs change nothing.
    permutation : int

    Returns
    -------
    shuffled : ndarray, shape (n_rows, …)
    """
    shuffled = y.copy()
    for group in np.unique(groups):
        mine = np.flatnonzero((groups == group) & known)
        if len(mine) == 0:
            continue
        content = int.from_bytes(bytes.fromhex(digest([str(u) for u in uids[mine]])[:16]), "big")
        same = np.zeros(len(mine), dtype=np.int64)
        shuffled[mine] = permuted(y[mine], units[mine], same, [permutation, content])
    return shuffled


def shuffle_units(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Give units that are permuted together (blocks, else rows), and the groups within (runs).

    A row of no block is a unit of its own. Where each recording is one row, as of people with one
    label each, labels are permuted among the rows of a ``group`` (a site), else among all.
    """
    groups = rows.codes("recording")
    if len(rows) == len(np.unique(groups)):
        groups = rows.codes("group") if "group" in rows else np.zeros(len(rows), dtype=np.int64)
    alone = np.arange(len(rows))
    if "block" not in rows:
        return alone, groups
    none = pd.isna(rows["block"])
    return np.where(none, len(rows) + alone, rows.codes("recording", "block")), groups
