"""Leave one run out, within each subject's session."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.target import Target


@dataclass(frozen=True)
class CrossRun:
    """Test each run of a session on a model trained on the session's other runs."""

    @property
    def apart(self) -> tuple[str, ...]:
        """A run is named by subject, session and run together."""
        return ("subject", "session", "run")

    def split(self, rows: Rows, target: Target, seed: int) -> Iterator[Fold]:
        """Give one fold a run; nothing is drawn."""
        del target, seed
        sessions = rows.codes("subject", "session")
        for code in range(sessions.max() + 1):
            mine = np.flatnonzero(sessions == code)
            who = f"{rows['subject'][mine[0]]}/{rows['session'][mine[0]]}"
            runs = rows["run"][mine]
            if len(set(runs)) < 2:
                raise ConfigError(
                    f"cross_run: {who} has the one run {runs[0]}. Two are needed; use "
                    "within_session, or another subject."
                )
            for run in dict.fromkeys(runs):
                yield Fold.of(
                    f"{who}/run-{run}",
                    len(rows),
                    train=mine[runs != run],
                    test=mine[runs == run],
                    apart=self.apart,
                )
