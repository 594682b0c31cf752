"""Leave subjects out."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedKFold

from neurodecode.core.errors import ConfigError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.target import Target
from neurodecode.protocols._columns import listed, strata


@dataclass(frozen=True)
class CrossSubject:
    """Test each subject on a model trained on the others.

    Parameters
    ----------
    n_splits : int or None
        None leaves one subject out at a time; a number leaves out a group of subjects, drawn with
        the seed, so that each subject is tested once.
    stratify : list of str or None
        Columns, such as ``[label, site]``, of which every group of subjects holds each combination
        of values in equal shares: ``StratifiedKFold(n_splits, shuffle=True, random_state=seed)`` on
        subjects in the order of their rows. They must not vary within a subject.
    """

    n_splits: int | None = None
    stratify: tuple[str, ...] | None = None

    def __post_init__(self):
        if self.n_splits is not None and self.n_splits < 2:
            raise ConfigError(f"cross_subject: n_splits is {self.n_splits}; give 2 or more.")
        if self.stratify is not None:
            columns = listed(self.stratify, "cross_subject", "stratify")
            object.__setattr__(self, "stratify", columns)
            if self.n_splits is None:
                raise ConfigError(
                    "cross_subject: one subject at a time cannot be stratified. Give n_splits too."
                )

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
        for name, tested in self._groups(names, rows, seed):
            test = np.isin(subjects, tested)
            yield Fold.of(
                name,
                len(rows),
                train=np.flatnonzero(~test),
                test=np.flatnonzero(test),
                apart=self.apart,
            )

    def _groups(
        self, names: list[str], rows: Rows, seed: int
    ) -> Iterator[tuple[str, Sequence[str]]]:
        if self.n_splits is None:
            yield from ((f"subject-{name}", [name]) for name in names)
            return
        if self.stratify is None:
            order = np.random.default_rng(seed).permutation(len(names))
            groups = np.array_split(order, self.n_splits)
        else:
            stratum = _of_subjects(names, rows, self.stratify, self.n_splits)
            splitter = StratifiedKFold(self.n_splits, shuffle=True, random_state=seed)
            groups = [test for _, test in splitter.split(names, stratum)]
        for i, group in enumerate(groups):
            yield f"subjects-{i}", [names[j] for j in sorted(group)]


def _of_subjects(
    names: list[str], rows: Rows, columns: tuple[str, ...], n_splits: int
) -> list[str]:
    """Stratum of each subject."""
    found: dict[str, str] = {}
    for subject, stratum in zip(
        rows["subject"], strata(rows, columns, "cross_subject"), strict=True
    ):
        other = found.setdefault(subject, stratum)
        if other != stratum:
            raise ConfigError(
                f"cross_subject: subject {subject} has rows of {' and '.join(columns)} {other!r} "
                f"and {stratum!r}, so it is of no one stratum. Stratify by columns that do not "
                "vary within a subject."
            )
    n_subjects = Counter(found.values())
    few = min(n_subjects, key=lambda stratum: n_subjects[stratum])
    if n_subjects[few] < n_splits:
        raise ConfigError(
            f"cross_subject: {n_subjects[few]} subject(s) of {' and '.join(columns)} {few!r} for "
            f"{n_splits} folds. Give fewer n_splits, or fewer columns to stratify."
        )
    return [found[name] for name in names]
