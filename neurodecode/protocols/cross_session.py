"""Leave one session out, within each subject."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.target import Target


@dataclass(frozen=True)
class CrossSession:
    """Test each session of a subject on a model trained on the subject's other sessions."""

    @property
    def apart(self) -> tuple[str, ...]:
        """A session is named by subject and session together."""
        return ("subject", "session")

    def split(self, rows: Rows, target: Target, seed: int) -> Iterator[Fold]:
        """Give one fold a session; nothing is drawn."""
        del target, seed
        subjects = rows.codes("subject")
        for code in range(subjects.max() + 1):
            mine = np.flatnonzero(subjects == code)
            who, sessions = rows["subject"][mine[0]], rows["session"][mine]
            if len(set(sessions)) < 2:
                raise ConfigError(
                    f"cross_session: subject {who} has the one session {sessions[0]}. Two are "
                    "needed; use cross_run or within_session, or leave the subject out."
                )
            for session in dict.fromkeys(sessions):
                yield Fold.of(
                    f"{who}/session-{session}",
                    len(rows),
                    train=mine[sessions != session],
                    test=mine[sessions == session],
                    apart=self.apart,
                )
