"""`Stimuli`: what was shown, read when asked."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from neurodecode.core.errors import DataError


@dataclass(frozen=True, eq=False)
class Stimuli:
    """An id to a picture, text or sound.

    Parameters
    ----------
    table : DataFrame
        Indexed by stimulus id; columns such as ``category``, ``split``, ``licence``.
    read : callable
        From an id to its content (an array, or text).
    show : bool
        Whether reports may show the content.
    """

    table: pd.DataFrame
    read: Callable[[str], object]
    show: bool = True

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, stimulus: str) -> object:
        if stimulus not in self.table.index:
            raise DataError(f"no stimulus {stimulus!r} among {len(self)}.")
        return self.read(stimulus)

    def __repr__(self) -> str:
        return f"Stimuli({len(self)}: {', '.join(self.table.columns)})"
