"""What training rows are told: the truth, or a draw of the shuffled null."""

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.truth import BrainTruth, Taught, Told, Truth, comparable
from neurodecode.harness.study import Study


class TrainingTruth:
    """Truth of a fold's training rows, made when it is asked for.

    Parameters
    ----------
    study : Study

    Attributes
    ----------
    y : ndarray, shape (n_rows, …), Entries or BrainTruth
        Truth of every row.
    kind : str
        The target's kind.
    """

    def __init__(self, study: Study):
        self.y, self.kind = study.y, study.question.target.kind
        self._rotates = rotates(study)
        self._trials = study.trials
        self._units, self._groups = shuffle_units(study.trials.rows)
        self._drawn_within = self._groups
        if study.question.shuffled_within == "subject":
            self._drawn_within = study.trials.rows.codes("subject")
        self._known = study.question.target.known(self.y)
        self._uids = np.asarray(study.trials.rows["uid"])
        self._last: tuple[Fold, int] | None = None
        self._permutation: tuple[int, np.ndarray] | None = None

    def of(self, fold: Fold, seed: int, draw: int | None, permutation: int | None = None) -> Taught:
        """Give what a model is told, in the order of `Fold.labelled`.

        Parameters
        ----------
        fold : Fold
        seed : int
        draw : int or None
            Draw of the shuffled null, labels permuted within run, block or subject as the question
            says, or moved on in time; None for the truth. It depends on the seed, the draw and the
            fold's own rows: other subjects change nothing.
        permutation : int or None
            Number of a permutation of all labels, the tested ones too: the same in every fold.

        Returns
        -------
        y : ndarray, Entries or RaggedBrains, shape (n_labelled, …)
        """
        told = fold.labelled
        if permutation is not None:
            return self._read(self.permuted(permutation)[told])
        y = self._read(told)
        return y if draw is None else y[self._drawn(y, fold, seed, draw)]

    def whose(
        self, fold: Fold, seed: int, draw: int | None, permutation: int | None = None
    ) -> np.ndarray:
        """Give for each row of `Fold.labelled` the one whose truth `of` gives it.

        What is told beside the truth, such as which stimulus it was, goes with it: else a null
        would average, or take for equal, what has nothing in common.
        """
        told = fold.labelled
        if permutation is not None:
            return self.permuted(permutation)[told]
        return told if draw is None else told[self._drawn(self._read(told), fold, seed, draw)]

    def space(self, fold: Fold) -> Space | None:
        """Give the space of the brain that is told in a fold; None of other targets."""
        return self.y.space(fold.labelled) if isinstance(self.y, BrainTruth) else None

    def _read(self, index: np.ndarray) -> Taught:
        return self.y.read(index) if isinstance(self.y, BrainTruth) else self.y[index]

    def _drawn(self, y: Taught, fold: Fold, seed: int, draw: int) -> np.ndarray:
        """Give the labelled row of a fold whose truth each of them is told in a draw."""
        told = fold.labelled
        return permuted_order(
            comparable(y),
            self._units[told],
            self._drawn_within[told],
            [seed, draw, self._content(fold, told)],
            rotate=self._rotates,
        )

    def tested(
        self, fold: Fold, seed: int, draw: int | None, permutation: int | None = None
    ) -> Told:
        """Give the labels of the test rows, for models that learn them once they are no secret.

        Of a null they are permuted as those of the training rows are. Parameters as `of` has them.
        """
        tested = fold.index("test")
        if permutation is not None:
            return self.y[self.permuted(permutation)[tested]]
        if draw is None:
            return self.y[tested]
        drawn_from = [seed, draw, self._content(fold, fold.labelled), 1]
        groups, units = self._drawn_within[tested], self._units[tested]
        y = self.y[tested]
        return y[permuted_order(comparable(y), units, groups, drawn_from, rotate=self._rotates)]

    def permuted(self, permutation: int) -> np.ndarray:
        """Give rows whose truth stands for each row's own; the last order asked for is kept."""
        if self._permutation is None or self._permutation[0] != permutation:
            order = permuted_rows(
                comparable(self.y),
                self._known,
                self._units,
                self._groups,
                self._uids,
                permutation,
                rotate=self._rotates,
            )
            self._permutation = permutation, order
        return self._permutation[1]

    def _content(self, fold: Fold, train: np.ndarray) -> int:
        """Give a number that stands for the training rows; draws of one fold come together."""
        if self._last is None or self._last[0] is not fold:
            key = self._trials.rows.take(train).key()
            self._last = fold, int.from_bytes(bytes.fromhex(key[:16]), "big")
        return self._last[1]


def permuted_order(
    y: np.ndarray,
    units: np.ndarray,
    groups: np.ndarray,
    seed: list[int],
    *,
    rotate: bool = False,
) -> np.ndarray:
    """Permute labels within groups, all rows of a unit together where they share one label.

    Parameters
    ----------
    y : ndarray, shape (n_rows, …)
    units : ndarray of int, shape (n_rows,)
        Block of each row; rows that are their own unit have numbers of their own.
    groups : ndarray of int, shape (n_rows,)
        Run of each row.
    seed : list of int
    rotate : bool
        Whether rows of a group keep their order and are moved on, the last ones to the front: what
        follows each other in time is not exchangeable one by one, and a null of scattered pieces
        would be too narrow. They move by a number that is drawn, a quarter of the group or more
        either way, since what lies near in time is alike.

    Returns
    -------
    drawn : ndarray of int, shape (n_rows,)
        For each row the one whose label it is given.
    """
    rng = np.random.default_rng(seed)
    return _drawn_order(y, units, groups, rng, least=0.25 if rotate else None)


def _drawn_order(
    y: np.ndarray,
    units: np.ndarray,
    groups: np.ndarray,
    rng: np.random.Generator,
    *,
    least: float | None,
) -> np.ndarray:
    """Give the row whose label each gets; `least`: share of a group that it is moved on by."""
    drawn = np.arange(len(y))
    order = np.argsort(groups, kind="stable")
    for mine in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        if least is not None:
            n = len(mine)
            shortest = int(np.ceil(least * n))
            beyond = min(n - shortest + 1, n)  # all the way round is no move
            drawn[mine] = np.roll(mine, rng.integers(shortest, beyond) if shortest < beyond else 0)
            continue
        names, first, unit = np.unique(units[mine], return_index=True, return_inverse=True)
        alone = len(names) == len(mine)
        if alone or np.array_equal(y[mine], y[mine[first]][unit]):
            drawn[mine] = mine[first][rng.permutation(len(names))][unit]
        else:
            drawn[mine] = mine[rng.permutation(len(mine))]
    return drawn


def permuted_rows(
    y: Truth,
    known: np.ndarray,
    units: np.ndarray,
    groups: np.ndarray,
    uids: np.ndarray,
    permutation: int,
    *,
    rotate: bool = False,
) -> np.ndarray:
    """Permute the known labels of every run within it, by a draw of the run's own.

    Parameters
    ----------
    y : ndarray, shape (n_rows, …), or BrainTruth
    known : ndarray of bool, shape (n_rows,)
    units, groups : ndarray of int, shape (n_rows,)
        As `permuted_order` takes them.
    uids : ndarray of str, shape (n_rows,)
        Names of the rows: a run's draw depends on them, so that other runs change nothing.
    permutation : int
    rotate : bool
        As in `permuted_order`, but any move may be drawn, none too: an exact test needs all.

    Returns
    -------
    drawn : ndarray of int, shape (n_rows,)
        For each row the one whose truth it is given.
    """
    drawn = np.arange(len(y))
    for group in np.unique(groups):
        mine = np.flatnonzero((groups == group) & known)
        if len(mine) == 0:
            continue
        content = int.from_bytes(bytes.fromhex(digest([str(u) for u in uids[mine]])[:16]), "big")
        same = np.zeros(len(mine), dtype=np.int64)
        rng = np.random.default_rng([permutation, content])
        least = 0.0 if rotate else None
        drawn[mine] = mine[_drawn_order(y[mine], units[mine], same, rng, least=least)]
    return drawn


def rotates(study: Study) -> bool:
    """Whether pieces of a target follow each other in time, so that draws move them on together."""
    target = study.question.target
    if target.kind not in ("series", "brain"):
        return False
    return any(part.sfreq is not None for part in study.trials.signals[target.signal].used())


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
