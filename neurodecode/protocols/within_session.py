"""Folds within each subject's session."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.series import is_series
from neurodecode.core.target import Target
from neurodecode.core.timeline import AT_ONCE
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
    gap : float
        Of blocked folds: seconds around what is tested, in its recording, in which nothing is
        trained on. Of rows that follow each other it should be as long as they are alike.
    shuffle_series : bool
        Whether rows that follow each other in time may be shuffled where the brain is told from
        what was shown. Neighbours are near copies, so that is a leak, and refused; to measure it,
        say true: rows of the table are flagged ``optimistic``.
    """

    n_splits: int = 5
    blocked: bool = False
    split_blocks: bool = False
    stratify: tuple[str, ...] | None = None
    gap: float = 0.0
    shuffle_series: bool = False

    def __post_init__(self):
        if self.n_splits < 2:
            raise ConfigError(f"within_session: n_splits is {self.n_splits}; give 2 or more.")
        if not 0 <= self.gap < np.inf or (self.gap > 0 and not self.blocked):
            raise ConfigError(
                f"within_session: gap is {self.gap} s; give 0 or more, with blocked: true."
            )
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
        flags = self._optimistic(rows, target)
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
                fold = self._with_gap(fold, rows)
                fold = self._without_split_blocks(fold, rows, shared)
                yield replace(fold, flags=(*fold.flags, *flags))

    def _optimistic(self, rows: Rows, target: Target) -> tuple[str, ...]:
        """Refuse to shuffle rows that follow each other where the brain is told; else its flag."""
        columns = (rows[name] for name in ("recording", "start", "stop"))
        if self.blocked or target.kind != "brain" or not is_series(*columns):
            return ()
        if self.shuffle_series:
            return ("optimistic",)
        raise LeakError(
            "within_session: rows follow each other in time, and shuffled folds train on the "
            "neighbours of what they test, which are near copies: between series that have nothing "
            "in common, at a correlation of .8 from row to row, they find r .47 where the truth is "
            "0. Use cross_run; of one long run blocked: true with a gap; or, to measure the leak, "
            "shuffle_series: true."
        )

    def _with_gap(self, fold: Fold, rows: Rows) -> Fold:
        """Take training rows within the gap of what is tested out of a fold."""
        if self.gap == 0:
            return fold
        train, test = fold.index("train"), fold.index("test")
        if np.isnan(rows["start"][np.append(train, test)]).any():
            raise ConfigError(
                f"within_session: fold {fold.name} has trials of unknown onset, so no gap of "
                f"{self.gap:g} s can be kept. Give gap: 0."
            )
        recording, start, stop = rows.codes("recording"), rows["start"], rows["stop"]
        keep = np.ones(len(train), dtype=bool)
        for code in np.unique(recording[test]):
            tested = test[recording[test] == code]
            first, last = start[tested].min() - self.gap, stop[tested].max() + self.gap
            inside = (stop[train] > first + AT_ONCE) & (start[train] < last - AT_ONCE)
            keep &= (recording[train] != code) | ~inside
        if not keep.any():
            raise ConfigError(
                f"within_session: fold {fold.name} has nothing to train on, a gap of "
                f"{self.gap:g} s left out. Give a smaller gap, or fewer n_splits."
            )
        return Fold.of(fold.name, len(rows), train=train[keep], test=test)

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
