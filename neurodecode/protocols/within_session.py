"""Folds within each subject's session."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.target import Target
from neurodecode.protocols._columns import blocks, listed, strata


@dataclass(frozen=True)
class WithinSession:
    """Split each subject's session into folds; train and test come from the same recordings.

    Parameters
    ----------
    n_splits : int
    blocked : bool
        False: ``StratifiedKFold(n_splits, shuffle=True, random_state=seed)`` on rows in the order
        of recording, then onset, or ``KFold`` with the same arguments where there is nothing to
        stratify. True: ``KFold(n_splits)``, unshuffled: each fold tests a stretch of time.
    split_blocks : bool
        Whether rows of one block may stand on both sides of a fold. They are near copies of each
        other, so that is a leak; rows of the table are flagged ``split_blocks``.
    stratify : list of str or None
        Columns of which every fold holds each combination of values in equal shares. None: the
        target, where it is a label.
    """

    n_splits: int = 5
    blocked: bool = False
    split_blocks: bool = False
    stratify: tuple[str, ...] | None = None

    def __post_init__(self):
        if self.n_splits < 2:
            raise ConfigError(f"within_session: n_splits is {self.n_splits}; give 2 or more.")
        if self.stratify is not None:
            columns = listed(self.stratify, "within_session", "stratify")
            object.__setattr__(self, "stratify", columns)
            if self.blocked:
                raise ConfigError(
                    "within_session: blocked folds are stretches of time and cannot be "
                    "stratified. Leave out blocked or stratify."
                )

    @property
    def apart(self) -> tuple[str, ...]:
        """Nothing but the rows themselves is kept apart."""
        return ()

    def split(self, rows: Rows, target: Target, seed: int) -> Iterator[Fold]:
        """Give ``n_splits`` folds a subject and session."""
        sessions = rows.codes("subject", "session")
        stratum = self._strata(rows, target)
        shared = blocks(rows)
        for code in range(sessions.max() + 1):
            mine = np.flatnonzero(sessions == code)
            who = f"{rows['subject'][mine[0]]}/{rows['session'][mine[0]]}"
            self._check(who, len(mine), None if stratum is None else stratum[mine])
            if self.blocked:
                splits = KFold(self.n_splits).split(mine)
            else:
                shuffled = KFold if stratum is None else StratifiedKFold
                splitter = shuffled(self.n_splits, shuffle=True, random_state=seed)
                splits = splitter.split(mine, None if stratum is None else stratum[mine])
            for i, (train, test) in enumerate(splits):
                fold = Fold.of(f"{who}/fold-{i}", len(rows), train=mine[train], test=mine[test])
                yield self._without_split_blocks(fold, rows, shared)

    def _strata(self, rows: Rows, target: Target) -> np.ndarray | None:
        """Text of each row's stratum; None where nothing is stratified."""
        if self.stratify is not None:
            return strata(rows, self.stratify, "within_session")
        if target.kind != "label" or self.blocked:
            return None
        return np.array(target.classes, dtype=object)[target.column_values(rows)]

    def _check(self, who: str, n_trials: int, stratum: np.ndarray | None) -> None:
        if n_trials < self.n_splits:
            raise ConfigError(
                f"within_session: {who} has {n_trials} trials for {self.n_splits} folds. "
                "Give fewer n_splits."
            )
        if stratum is None:
            return
        names, counts = np.unique(stratum, return_counts=True)
        few = int(np.argmin(counts))
        if counts[few] < self.n_splits:
            raise ConfigError(
                f"within_session: {who} has {counts[few]} trials of {names[few]!r} for "
                f"{self.n_splits} folds. Give fewer n_splits."
            )

    def _without_split_blocks(self, fold: Fold, rows: Rows, block: np.ndarray) -> Fold:
        shared = np.intersect1d(block[fold.index("train")], block[fold.index("test")])
        shared = shared[shared >= 0]
        if len(shared) == 0:
            return fold
        if self.split_blocks:
            return Fold(fold.name, fold.role, flags=("split_blocks",))
        row = int(np.flatnonzero(block == shared[0])[0])
        raise LeakError(
            f"within_session: fold {fold.name} splits {len(shared)} blocks, the first is block "
            f"{rows['block'][row]} of {rows['recording'][row]}. Rows of one block are near copies "
            "of each other. Use cross_run, average blocks (prepare: block_mean), or, to measure "
            "the leak, split_blocks: true."
        )
