"""Train on what came earlier, test on what came later."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows, in_time
from neurodecode.core.target import Target
from neurodecode.protocols._columns import blocks


@dataclass(frozen=True)
class Chronological:
    """Test the later part of each session or run on a model trained on all that came before it.

    A decoder in use meets only what comes after its training; drifts that shuffled folds hide are
    told apart here. With several splits the stretches that are tested follow each other to the end
    of the session, and training grows: the folds of scikit-learn's ``TimeSeriesSplit``.

    Parameters
    ----------
    n_splits : int
        How many stretches are tested, one after the other.
    test_size : float or None
        Share of the trials that each of them holds, rounded to a whole trial. None makes them as
        long as the first training part: ``1 / (n_splits + 1)``, rounded down.
    gap : float
        Seconds before the first tested window, in its recording, in which no training window may
        end. Other runs have clocks of their own and are not held to it.
    within : {"session", "run"}
        What is split. In a session runs follow each other, "2" before "10", then onsets; where
        onsets are unknown, trials are in the order of their file.

    Notes
    -----
    Trials of a block that reaches into the tested stretch are near copies of tested ones: they
    leave training.
    """

    n_splits: int = 1
    test_size: float | None = None
    gap: float = 0.0
    within: Literal["session", "run"] = "session"

    def __post_init__(self):
        if self.n_splits < 1:
            raise ConfigError(f"chronological: n_splits is {self.n_splits}; give 1 or more.")
        if self.test_size is not None and not 0 < self.test_size * self.n_splits < 1:
            raise ConfigError(
                f"chronological: test_size is {self.test_size}; give a share of the trials above 0 "
                f"and below {1 / self.n_splits:.3g}, so that {self.n_splits} split(s) leave some "
                "to train on."
            )
        if not 0 <= self.gap < np.inf:
            raise ConfigError(f"chronological: gap is {self.gap} s; give 0 or more.")
        if self.within not in ("session", "run"):
            raise ConfigError(f"chronological: within is {self.within!r}; give session or run.")

    @property
    def apart(self) -> tuple[str, ...]:
        """Nothing but the rows themselves is kept apart."""
        return ()

    def split(self, rows: Rows, target: Target, seed: int) -> Iterator[Fold]:
        """Give ``n_splits`` folds a session, or a run; nothing is drawn."""
        del target, seed
        entities = ("subject", "session", "run")[: 3 if self.within == "run" else 2]
        parts = rows.codes(*entities)
        block = blocks(rows)
        for code in range(parts.max() + 1):
            mine = np.flatnonzero(parts == code)
            first = mine[0]
            who = f"{rows['subject'][first]}/{rows['session'][first]}"
            if self.within == "run":
                who += f"/run-{rows['run'][first]}"
            mine = in_time(rows, mine)
            size = self._size(who, len(mine))
            for i in range(self.n_splits):
                begin = len(mine) - (self.n_splits - i) * size
                train, test = mine[:begin], mine[begin : begin + size]
                train = train[~np.isin(block[train], block[test]) | (block[train] < 0)]
                train = self._before_gap(who, rows, train, test)
                if len(train) == 0:
                    raise ConfigError(
                        f"chronological: {who} has no trial to train on before later-{i}, a gap of "
                        f"{self.gap:g} s and blocks that reach into it left out. Give a smaller "
                        "gap, fewer n_splits or a smaller test_size."
                    )
                yield Fold.of(f"{who}/later-{i}", len(rows), train=train, test=test)

    def _size(self, who: str, n_trials: int) -> int:
        """Trials in each tested stretch."""
        if self.test_size is None:
            size = n_trials // (self.n_splits + 1)
        else:
            size = round(self.test_size * n_trials)
        if size < 1 or n_trials - self.n_splits * size < 1:
            raise ConfigError(
                f"chronological: {who} has {n_trials} trials, too few for {self.n_splits} "
                f"tested stretch(es) and training before them. Give fewer n_splits."
            )
        return size

    def _before_gap(self, who: str, rows: Rows, train: np.ndarray, test: np.ndarray) -> np.ndarray:
        if self.gap == 0:
            return train
        start, stop = rows["start"], rows["stop"]
        if np.isnan(start[test]).any() or np.isnan(stop[train]).any():
            raise ConfigError(
                f"chronological: {who} has trials of unknown onset, so no gap of {self.gap:g} s "
                "can be kept. Give gap: 0; trials are then in the order of their file."
            )
        recording = rows.codes("recording")
        keep = np.ones(len(train), dtype=bool)
        for code in np.unique(recording[test]):
            limit = start[test][recording[test] == code].min() - self.gap
            keep &= (recording[train] != code) | (stop[train] <= limit)
        return train[keep]
