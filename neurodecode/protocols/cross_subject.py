"""Leave subjects out."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.target import Target


@dataclass(frozen=True)
class CrossSubject:
    """Test each subject on a model trained on the others.

    Parameters
    ----------
    n_splits : int or None
        None leaves one subject out at a time; a number leaves out a group of subjects, drawn with
        the seed, so that each subject is tested once.
    """

    n_splits: int | None = None

    def __post_init__(self):
        if self.n_splits is not None and self.n_splits < 2:
            raise ConfigError(f"cross_subject: n_splits is {self.n_splits}; give 2 or more.")

    @property
    def apart(self) -> tuple[str, ...]:
        """Subjects are kept apart."""
        return ("subject",)

    def split(self, rows: Rows, target: Target, seed: int) -> Iterator[Fold]:
        """Give one fold a subject, or a group of subjects."""
        del target
        subjects = rows["subject"]
        names = list(dict.fromkeys(subjects))
        needed = self.n_splits or 2
        if len(names) < needed:
            raise ConfigError(
                f"cross_subject: {len(names)} subject(s) ({', '.join(names)}) for {needed} folds. "
                "Use within_session, or add subjects."
            )
        for name, tested in self._groups(names, seed):
            test = np.isin(subjects, tested)
            yield Fold.of(
                name,
                len(rows),
                train=np.flatnonzero(~test),
                test=np.flatnonzero(test),
                apart=self.apart,
            )

    def _groups(self, names: list[str], seed: int) -> Iterator[tuple[str, list[str]]]:
        if self.n_splits is None:
            yield from ((f"subject-{name}", [name]) for name in names)
            return
        order = np.random.default_rng(seed).permutation(len(names))
        for i, group in enumerate(np.array_split(order, self.n_splits)):
            yield f"subjects-{i}", [names[j] for j in sorted(group)]
