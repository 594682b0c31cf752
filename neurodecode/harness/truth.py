"""What training rows are told: the truth, or a draw of the shuffled null."""

import numpy as np

from neurodecode.core.fold import Fold
from neurodecode.core.trials import Trials
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
        self._units, self._groups = shuffle_units(study.trials)
        self._last: tuple[Fold, int] | None = None

    def of(self, fold: Fold, seed: int, draw: int | None) -> np.ndarray:
        """Give what a model is trained on, in the order of the training rows.

        Parameters
        ----------
        fold : Fold
        seed : int
        draw : int or None
            Draw of the shuffled null, labels permuted within run or block; None for the truth. It
            depends on the seed, the draw and the fold's own rows: other subjects change nothing.

        Returns
        -------
        y : ndarray, shape (n_train,)
        """
        train = fold.index("train", "val")
        if draw is None:
            return self.y[train]
        return permuted(
            self.y[train],
            self._units[train],
            self._groups[train],
            [seed, draw, self._content(fold, train)],
        )

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


def shuffle_units(trials: Trials) -> tuple[np.ndarray, np.ndarray]:
    """Give units that are permuted together (blocks, else rows), and the groups within (runs)."""
    rows = trials.rows
    groups = rows.codes("recording")
    if "block" in rows:
        return rows.codes("recording", "block"), groups
    return np.arange(len(rows)), groups
