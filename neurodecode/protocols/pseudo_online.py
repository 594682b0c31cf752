"""Test a decoder as it would be used: trained on what came before, run over what came after."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.target import Target
from neurodecode.protocols._columns import listed
from neurodecode.protocols._in_use import Demands, in_sequence, need_several, trial_groups, who

_APART = {
    "expanding": ("subject", "session", "run"),
    "runs": ("subject", "session", "run"),
    "holdout": ("subject", "session"),
    "blocked": (),
}


@dataclass(frozen=True)
class PseudoOnline:
    """Train on what came before, test on what came after, by windows that slide over recordings.

    What is tested could have run while it was recorded. Preparations that look ahead are refused,
    and training windows keep a gap to test windows of their recording: those within it are left
    out, counted, and the gap is asserted of every fold. Trials are never split; windows of rest
    belong to the trial that follows them.

    Parameters
    ----------
    mode : {"expanding", "holdout", "runs", "blocked"}
        ``expanding``: each run but the first of a session, on all runs before it. ``holdout``: each
        session but the first of a subject, on all sessions before it. ``runs``: the runs in `test`,
        on those in `train`. ``blocked``: each of `n_splits` stretches of whole trials of a session,
        on all others, the later ones too: for sets of a single run, and no more than a stand-in.
    train, test : tuple of str
        Runs, for ``runs``.
    n_splits : int
        Stretches, for ``blocked``.
    gap : float or None
        Seconds between training and test windows of one recording. None: what is needed, which is
        the length of a window, what filters remember and what adaptation remembers, together. Less
        than that is refused.
    purity : float
        Share of its label that a window must have to be trained on; all windows are tested.

    Notes
    -----
    Inner folds that `tune` makes keep runs (or sessions) apart where there are several, else
    stretches of whole trials, with the same gap.
    """

    mode: Literal["expanding", "holdout", "runs", "blocked"] = "expanding"
    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    n_splits: int = 5
    gap: float | None = None
    purity: float = 0.0
    demands: ClassVar[Demands] = Demands(causal=True, gap=True)

    def __post_init__(self):
        if self.mode not in _APART:
            raise ConfigError(
                f"pseudo_online: mode is {self.mode!r}. It is one of {', '.join(_APART)}."
            )
        named = bool(self.train), bool(self.test)
        if named != (self.mode == "runs",) * 2:
            raise ConfigError(
                "pseudo_online: train and test name runs, for mode: runs; give both there, and "
                "neither elsewhere."
            )
        for key in ("train", "test") if self.mode == "runs" else ():
            object.__setattr__(self, key, listed(getattr(self, key), "pseudo_online", key))
        twice = set(self.train) & set(self.test)
        if twice:
            raise ConfigError(
                f"pseudo_online: run {min(twice)!r} is both trained on and tested. Name it once."
            )
        if self.n_splits < 2:
            raise ConfigError(f"pseudo_online: n_splits is {self.n_splits}; give 2 or more.")
        if self.gap is not None and not 0 <= self.gap < np.inf:
            raise ConfigError(
                f"pseudo_online: gap is {self.gap} s; give 0 or more, or leave it out."
            )
        if not 0 <= self.purity <= 1:
            raise ConfigError(f"pseudo_online: purity is {self.purity}; give 0 to 1.")

    @property
    def apart(self) -> tuple[str, ...]:
        """Runs, or sessions; nothing but whole trials in stretches of one run."""
        return _APART[self.mode]

    def split(self, rows: Rows, target: Target, seed: int) -> Iterator[Fold]:
        """Give one fold a tested run, session or stretch; nothing is drawn."""
        del target, seed
        entities = ("subject",) if self.mode == "holdout" else ("subject", "session")
        parts = rows.codes(*entities)
        for code in range(parts.max() + 1):
            mine = np.flatnonzero(parts == code)
            name = who(rows, mine[0], *entities)
            for tested, train, test in self._sides(rows, mine, name):
                train = self._pure(rows, train)
                if len(train) == 0:
                    raise ConfigError(
                        f"pseudo_online: {name} has no window to train on before {tested} of a "
                        f"purity of {self.purity:g}. Lower it."
                    )
                yield Fold.of(
                    f"{name}/{tested}", len(rows), apart=self.apart, train=train, test=test
                )

    def _sides(
        self, rows: Rows, mine: np.ndarray, name: str
    ) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """Give what is tested, by name, the training rows and the test rows."""
        if self.mode == "blocked":
            groups = trial_groups(rows.take(mine), self.n_splits)
            need_several(
                int(groups.max()) + 1, self.n_splits,
                f"pseudo_online: {name} has fewer trials than n_splits.",
            )  # fmt: skip
            for group in range(self.n_splits):
                yield f"stretch-{group}", mine[groups != group], mine[groups == group]
            return
        entity = "session" if self.mode == "holdout" else "run"
        several = list(in_sequence(rows, mine, entity))
        if self.mode == "runs":
            there = [one for one, _ in several]
            for run in (*self.train, *self.test):
                if run not in there:
                    raise ConfigError(
                        f"pseudo_online: {name} has no run {run!r}; there are: {', '.join(there)}."
                    )
            train, test = (
                np.concatenate([index for one, index in several if one in runs])
                for runs in (self.train, self.test)
            )
            yield f"run-{'+'.join(self.test)}", train, test
            return
        need_several(
            len(several), 2, f"pseudo_online: {name} has the one {entity} {several[0][0]}."
        )
        for i, (one, test) in enumerate(several[1:], 1):
            yield f"{entity}-{one}", np.concatenate([index for _, index in several[:i]]), test

    def _pure(self, rows: Rows, train: np.ndarray) -> np.ndarray:
        if self.purity == 0 or "purity" not in rows:
            return train
        return train[rows["purity"][train] >= self.purity]
