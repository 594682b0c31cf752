"""`Stimuli`: what was shown, read when asked."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import DataError
from neurodecode.core.sound import Sound


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
    made_from : callable or None
        From the cache folder to a digest of what all contents are read or made from, where that
        costs less than to read each of them.
    sound_of : callable or None
        Of stimuli that are volumes of films: from the name of a film, as the column ``film`` has
        it, to its sound.
    sounds_made_from : callable or None
        From the cache folder to a digest of the sounds of all films.
    """

    table: pd.DataFrame
    read: Callable[[str], object]
    show: bool = True
    made_from: Callable[[Path], str] | None = None
    sound_of: Callable[[str], Sound] | None = None
    sounds_made_from: Callable[[Path], str] | None = None

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, stimulus: str) -> object:
        if stimulus not in self.table.index:
            raise DataError(f"no stimulus {stimulus!r} among {len(self)}.")
        return self.read(stimulus)

    def __repr__(self) -> str:
        return f"Stimuli({len(self)}: {', '.join(self.table.columns)})"

    def contents(self, cache: Path) -> str:
        """Digest of ids and contents; pictures in files are not decoded for it.

        Parameters
        ----------
        cache : Path
            The cache folder, which remembers digests of files that did not change.
        """
        ids = [str(one) for one in self.table.index]
        if self.made_from is not None:
            return digest([ids, self.made_from(cache)])
        return digest([ids, [_content(self.read(one)) for one in ids]])


def _content(content: object) -> str:
    if isinstance(content, Sound):
        return digest([digest_array(content.samples), content.sfreq])
    return digest_array(content) if isinstance(content, np.ndarray) else digest(str(content))
