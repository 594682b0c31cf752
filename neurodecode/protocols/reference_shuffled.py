"""Shuffled folds over windows that overlap, to measure what they give away."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from neurodecode.core.errors import ConfigError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.target import Target
from neurodecode.protocols._in_use import Demands, who


@dataclass(frozen=True)
class ReferenceShuffled:
    """Shuffle windows into folds within each subject's session, however they overlap: a known hole.

    Neighbours share most of their samples, and stand on both sides of the split: on noise with
    windows that overlap by 90 % the area under the curve can be above .99. Published pseudo-online
    scores were computed so (moabb's within-session evaluation with ``overlap``). Rows of the table
    are flagged ``shuffled_windows``.

    Parameters
    ----------
    n_splits : int
    """

    n_splits: int = 5
    demands: ClassVar[Demands] = Demands(causal=False, gap=False)

    def __post_init__(self):
        if self.n_splits < 2:
            raise ConfigError(f"reference_shuffled: n_splits is {self.n_splits}; give 2 or more.")

    @property
    def apart(self) -> tuple[str, ...]:
        """Nothing: not even samples."""
        return ()

    def split(self, rows: Rows, target: Target, seed: int) -> Iterator[Fold]:
        """Give ``n_splits`` folds a subject and session, labels stratified."""
        sessions = rows.codes("subject", "session")
        label = target.kind == "label"
        for code in range(sessions.max() + 1):
            mine = np.flatnonzero(sessions == code)
            name = who(rows, mine[0], "subject", "session")
            splitter = (StratifiedKFold if label else KFold)(
                self.n_splits, shuffle=True, random_state=seed
            )
            y = target.column_values(rows)[mine] if label else None
            if len(mine) < self.n_splits or (y is not None and min(np.bincount(y)) < self.n_splits):
                raise ConfigError(
                    f"reference_shuffled: {name} has too few windows of a class for "
                    f"{self.n_splits} folds. Give fewer n_splits."
                )
            for i, (train, test) in enumerate(splitter.split(mine, y)):
                fold = Fold.of(f"{name}/fold-{i}", len(rows), train=mine[train], test=mine[test])
                yield replace(fold, flags=("shuffled_windows",))
