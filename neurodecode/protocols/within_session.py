"""Folds within each subject's session."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold

from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.target import Target


@dataclass(frozen=True)
class WithinSession:
    """Split each subject's session into folds; train and test come from the same recordings.

    Parameters
    ----------
    n_splits : int
    blocked : bool
        False: ``StratifiedKFold(n_splits, shuffle=True, random_state=seed)`` on rows in the order
        of recording, then onset, or ``KFold`` with the same arguments where the target is no label
        and there is nothing to stratify. True: ``KFold(n_splits)``, unshuffled: each fold tests a
        stretch of time.
    split_blocks : bool
        Whether rows of one block may stand on both sides of a fold. They are near copies of each
        other, so that is a leak; rows of the table are flagged ``split_blocks``.
    """

    n_splits: int = 5
    blocked: bool = False
    split_blocks: bool = False

    def __post_init__(self):
        if self.n_splits < 2:
            raise ConfigError(f"within_session: n_splits is {self.n_splits}; give 2 or more.")

    @property
    def apart(self) -> tuple[str, ...]:
        """Nothing but the rows themselves is kept apart."""
        return ()

    def split(self, rows: Rows, target: Target, seed: int) -> Iterator[Fold]:
        """Give ``n_splits`` folds a subject and session."""
        sessions = rows.codes("subject", "session")
        y = target.column_values(rows)
        for code in range(sessions.max() + 1):
            mine = np.flatnonzero(sessions == code)
            who = f"{rows['subject'][mine[0]]}/{rows['session'][mine[0]]}"
            self._check(who, y[mine], target)
            shuffled = StratifiedKFold if target.kind == "label" else KFold
            splitter = (
                KFold(self.n_splits)
                if self.blocked
                else shuffled(self.n_splits, shuffle=True, random_state=seed)
            )
            for i, (train, test) in enumerate(splitter.split(mine, y[mine])):
                fold = Fold.of(f"{who}/fold-{i}", len(rows), train=mine[train], test=mine[test])
                yield self._without_split_blocks(fold, rows)

    def _check(self, who: str, y: np.ndarray, target: Target) -> None:
        if len(y) < self.n_splits:
            raise ConfigError(
                f"within_session: {who} has {len(y)} trials for {self.n_splits} folds. "
                "Give fewer n_splits."
            )
        if target.kind != "label" or self.blocked:
            return
        counts = np.bincount(y, minlength=len(target.classes))
        few = int(np.argmin(np.where(counts > 0, counts, len(y) + 1)))
        if counts[few] < self.n_splits:
            raise ConfigError(
                f"within_session: {who} has {counts[few]} trials of {target.classes[few]!r} for "
                f"{self.n_splits} folds. Give fewer n_splits."
            )

    def _without_split_blocks(self, fold: Fold, rows: Rows) -> Fold:
        if "block" not in rows:
            return fold
        # Rows whose block is unknown, as where one of two data sets has none, are no block.
        blocks = np.where(pd.notna(rows["block"]), rows.codes("recording", "block"), -1)
        shared = np.intersect1d(blocks[fold.index("train")], blocks[fold.index("test")])
        shared = shared[shared >= 0]
        if len(shared) == 0:
            return fold
        if self.split_blocks:
            return Fold(fold.name, fold.role, flags=("split_blocks",))
        row = int(np.flatnonzero(blocks == shared[0])[0])
        raise LeakError(
            f"within_session: fold {fold.name} splits {len(shared)} blocks, the first is block "
            f"{rows['block'][row]} of {rows['recording'][row]}. Rows of one block are near copies "
            "of each other. Use cross_run, average blocks (prepare: block_mean), or, to measure "
            "the leak, split_blocks: true."
        )
