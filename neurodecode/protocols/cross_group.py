"""Leave one group of subjects out, such as a site."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.target import Target
from neurodecode.protocols._columns import texts


@dataclass(frozen=True)
class CrossGroup:
    """Test each group of subjects, such as a site, on a model trained on the other groups.

    Parameters
    ----------
    by : str
        The column that names the group: ``group``, ``site``, ``scanner`` …
    """

    by: str = "group"

    @property
    def apart(self) -> tuple[str, ...]:
        """Groups are kept apart, and with them their subjects, none of which is in two."""
        return (self.by,)

    def split(self, rows: Rows, target: Target, seed: int) -> Iterator[Fold]:
        """Give one fold a group; nothing is drawn."""
        del target, seed
        groups, subjects = texts(rows, self.by, "cross_group"), rows["subject"]
        without = np.flatnonzero(groups == np.array(None))
        if len(without):
            raise ConfigError(
                f"cross_group: {len(without)} rows have no {self.by}, the first is of subject "
                f"{subjects[without[0]]}. Fill the column, or leave them out of data."
            )
        names = list(dict.fromkeys(groups))
        if len(names) < 2:
            raise ConfigError(
                f"cross_group: all rows are of the one {self.by} {names[0]}. Two are needed; use "
                "cross_subject, or another column."
            )
        self._check_subjects(groups, subjects)
        for name in names:
            test = groups == name
            yield Fold.of(
                f"{self.by}-{name}",
                len(rows),
                apart=self.apart,
                train=np.flatnonzero(~test),
                test=np.flatnonzero(test),
            )

    def _check_subjects(self, groups: np.ndarray, subjects: np.ndarray) -> None:
        of_subject: dict[str, str] = {}
        for subject, group in zip(subjects, groups, strict=True):
            other = of_subject.setdefault(subject, group)
            if other != group:
                raise LeakError(
                    f"cross_group: subject {subject} is in the {self.by} {other} and in {group}, "
                    "so it would be trained on and tested. Leave the subject out, or use "
                    f"columns: {{column: {self.by}, test: each}}, which splits within subjects."
                )
