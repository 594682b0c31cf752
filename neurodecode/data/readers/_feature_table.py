"""A table with a row a feature: which are kept, what they are called, and of which region."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import DataError
from neurodecode.data._layout import Features
from neurodecode.data.readers._array_source import Place


@dataclass(frozen=True, eq=False)
class Kept:
    """Features that are read.

    Parameters
    ----------
    index : ndarray of int
        Their positions along the feature axis, ascending.
    names, types : tuple of str
        Types are regions, or empty.
    """

    index: np.ndarray
    names: tuple[str, ...]
    types: tuple[str, ...]


def kept_features(features: Features, place: Place, n: int) -> Kept:
    """Choose features by their table.

    Parameters
    ----------
    features : Features
        With a table.
    place : Place
    n : int
        How many the data have.

    Raises
    ------
    DataError
        If the table is of other features, or none is left.
    """
    path = place.file(features.table)
    names = features.names if isinstance(features.names, str) else ""
    columns = (names, *features.regions, *features.least, *features.match)
    table = _read(path, path.stat().st_mtime_ns, tuple(dict.fromkeys(filter(None, columns))))
    if len(table) != n:
        raise DataError(
            f"{path}: {len(table)} rows, and {place.path.name} has {n} features. They belong "
            "together row by row; replace whichever of the two is not whole."
        )
    for column, key in features.match.items():
        held = place.read(key).ravel()
        if held.shape != (n,) or (held != table[column].to_numpy()).any():
            raise DataError(
                f"{path}: its column {column!r} is not what {place.path.name} has under {key!r}, "
                "so rows and features are of different order. Replace whichever of the two is "
                "not the original."
            )
    keep = np.ones(n, dtype=bool)
    for column, least in features.least.items():
        keep &= table[column].to_numpy(np.float64) >= least
    types: tuple[str, ...] = ()
    inside = None
    if features.regions:
        inside = np.stack([table[name].to_numpy(np.float64) == 1 for name in features.regions])
        keep &= inside.any(axis=0)
    index = np.flatnonzero(keep)
    if len(index) == 0:
        raise DataError(
            f"{path}: no feature is left of {n} in {', '.join(features.regions) or 'the table'} "
            f"with {dict(features.least) or 'any value'}. Correct features in the card."
        )
    if inside is not None:
        first = inside[:, index].argmax(axis=0)
        types = tuple(features.regions[i] for i in first)
    called = table[names].to_numpy()[index] if names else index
    return Kept(index, tuple(str(one) for one in called), types)


@functools.lru_cache(maxsize=2)  # of each recording of a person, header and values
def _read(path: Path, _changed: int, columns: Sequence[str]) -> Any:
    separator = "\t" if ".tsv" in path.suffixes else ","
    there = list(pd.read_csv(path, sep=separator, nrows=0).columns)
    for name in columns:
        if name not in there:
            raise DataError(
                f"{path}: no column {name!r}.{nearest(name, there)} Correct features in the card."
            )
    # Such tables have hundreds of columns, and no more of them are kept.
    table: Any = pd.read_csv(path, sep=separator, usecols=list(columns))
    for name in columns:
        if table[name].isna().any() or (table[name].dtype.kind not in "biuf"):
            raise DataError(f"{path}: column {name!r} holds what is no number. Fetch it again.")
    return table
