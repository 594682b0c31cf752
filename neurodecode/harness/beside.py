"""What training rows are told beside the truth: some columns, and signals of what they show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.entries import Entries
from neurodecode.core.needs import Needs
from neurodecode.core.rows import Rows

_NOTHING = Needs()


@dataclass(frozen=True, eq=False)
class Beside:
    """What a job's training rows are told beside the truth, then labelled rows of the tested.

    Of a null it goes with the truth: each row has what belongs to the row whose truth it is told.

    Parameters
    ----------
    table : DataFrame
        Columns that stages ask for; none where they ask for none.
    signals : mapping of str to Entries
    """

    table: pd.DataFrame
    signals: Mapping[str, Entries] = field(default_factory=dict)

    @staticmethod
    def of(rows: Rows, columns: tuple[str, ...], signals: Mapping[str, Entries]) -> "Beside":
        """Give what these rows are told: columns, of None where there are none, and signals."""
        return Beside(rows.table.reindex(columns=list(columns), fill_value=None), signals)

    def take(self, index: np.ndarray) -> "Beside":
        """Give what some of the rows are told."""
        signals = {name: one[index] for name, one in self.signals.items()}
        return Beside(self.table.iloc[index], signals)

    def asked_by(self, stage: Any, n_unknown: int = 0) -> dict[str, Any]:
        """Give what a stage asks for, and no more, by the name of its argument.

        Parameters
        ----------
        stage : scikit-learn estimator
        n_unknown : int
            Rows of unknown target that it is handed after these; of them it is told nothing.

        Returns
        -------
        told : dict
            ``rows``, a table, and ``signals``, a dict of `Entries`, where they are asked for.
        """
        needs = getattr(stage, "needs", None)
        asked = needs if isinstance(needs, Needs) else _NOTHING
        told: dict[str, Any] = {}
        columns = [*asked.training_columns, *asked.training_columns_if_there]
        if columns:
            table = self.table.loc[:, columns].reset_index(drop=True)
            told["rows"] = table.reindex(range(len(table) + n_unknown)) if n_unknown else table
        if asked.training_signals:
            told["signals"] = {name: self.signals[name] for name in asked.training_signals}
        return told

    @property
    def key(self) -> str:
        """Digest of the content."""
        columns = [[name, digest_array(self.table[name].to_numpy())] for name in self.table]
        return digest([columns, [[name, one.key] for name, one in self.signals.items()]])
