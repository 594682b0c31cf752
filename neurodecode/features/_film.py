"""Films as stimuli that are volumes: what was said when, read of transcripts."""

import ast
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.stimuli import Stimuli
from neurodecode.linalg.resampling import step_of

COLUMNS = ("film", "onset", "words", "onsets")


@dataclass(frozen=True, eq=False)
class Film:
    """The words of a film, and when its volumes begin.

    Parameters
    ----------
    name : str
    words : tuple of str
        In the order of their onsets.
    onsets : ndarray, shape (n_words,)
        Seconds of the film.
    volumes : ndarray, shape (n_volumes,)
        Seconds at which volumes begin.
    """

    name: str
    words: tuple[str, ...]
    onsets: np.ndarray
    volumes: np.ndarray


@dataclass(frozen=True, eq=False)
class Moment:
    """One volume of a film.

    Parameters
    ----------
    film : Film
    number : int
        Of the volume, from 0.
    """

    film: Film
    number: int


_films: "weakref.WeakKeyDictionary[Stimuli, dict[str, Film]]" = weakref.WeakKeyDictionary()


def moment(stimuli: Stimuli, stimulus: str, feature: str) -> Moment:
    """Give the film that a volume is of, and which it is.

    Raises
    ------
    DataError
        If the table of stimuli does not say it, or lists of words and onsets do not fit.
    """
    table = stimuli.table
    absent = [name for name in COLUMNS if name not in table]
    if absent:
        raise DataError(
            f"{feature}: the table of stimuli has no column {absent[0]!r}; of volumes of a film it "
            f"has {', '.join(COLUMNS)}."
        )
    name = table.at[stimulus, "film"]
    known = _films.setdefault(stimuli, {})
    mine = table.index[table["film"] == name]
    if name not in known:
        known[name] = _film(str(name), table.loc[mine])
    return Moment(known[name], int(np.flatnonzero(mine == stimulus)[0]))


def _film(name: str, rows: Any) -> Film:
    words: list[str] = []
    onsets: list[float] = []
    for stimulus, said, when in zip(rows.index, rows["words"], rows["onsets"], strict=True):
        mine, starts = literal_list(said, str, stimulus), literal_list(when, float, stimulus)
        if len(mine) != len(starts):
            raise DataError(
                f"stimulus {stimulus!r}: {len(mine)} words and {len(starts)} onsets. Get the "
                "original transcript."
            )
        words += mine
        onsets += starts
    order = np.argsort(np.array(onsets, dtype=np.float64), kind="stable")
    volumes = rows["onset"].to_numpy(np.float64)
    try:
        step_of(volumes)
    except ValueError as error:
        raise DataError(f"film {name!r}: onsets of volumes: {error}.") from None
    return Film(
        name, tuple(words[i] for i in order), np.array(onsets, dtype=np.float64)[order], volumes
    )


def literal_list(cell: Any, kind: type, stimulus: str) -> list[Any]:
    """Read a list that was written out as text: a literal, of which nothing is evaluated.

    Parameters
    ----------
    cell : str or None
        Missing and empty cells are empty lists.
    kind : {str, float}
        Of its entries.
    stimulus : str
        For messages.

    Raises
    ------
    DataError
        If it is no list of that kind.
    """
    if cell is None or cell != cell or (isinstance(cell, str) and not cell.strip()):
        return []
    try:
        held = ast.literal_eval(cell) if isinstance(cell, str) else cell
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        held = None
    number = (int, float)
    wanted = number if kind is float else str
    if not isinstance(held, list) or not all(isinstance(one, wanted) for one in held):
        raise DataError(
            f"stimulus {stimulus!r}: {str(cell)[:40]!r} is no list of "
            f"{'numbers' if kind is float else 'words'}. Get the original transcript."
        )
    return [float(one) for one in held] if kind is float else held
