"""Tables or flags of features: which are kept, what they are called, and of which region."""

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
    """Choose features by their table or flags.

    Parameters
    ----------
    features : Features
        With a table or flags.
    place : Place
    n : int
        How many the data have.

    Raises
    ------
    DataError
        If the table is of other features, or none is left.
    """
    columns = (*features.regions, *features.least)
    if features.flags:
        path, called = place.path, np.arange(n)
        held = dict(zip(columns, flags_of(features, place, columns, n), strict=True))
    else:
        path = place.file(features.table)
        held, called = _columns_of_table(features, place, path, n)
    keep = np.ones(n, dtype=bool)
    for column, least in features.least.items():
        keep &= held[column] >= least
    types: tuple[str, ...] = ()
    inside = None
    if features.regions:
        inside = np.stack([held[name] == 1 for name in features.regions])
        keep &= inside.any(axis=0)
    index = np.flatnonzero(keep)
    if len(index) == 0:
        raise DataError(
            f"{path}: no feature is left of {n} in {', '.join(features.regions) or 'the table'} "
            f"with {dict(features.least) or 'any value'}. Correct features in the card."
        )
    if inside is not None:
        first = inside[:, index].argmax(axis=0)
        named = [features.codes.get(region, region) for region in features.regions]
        types = tuple(named[i] for i in first)
    return Kept(index, tuple(str(one) for one in called[index]), types)


def flags_of(
    features: Features, place: Place, names: Sequence[str], n: int | None = None
) -> np.ndarray:
    """Read rows of the matrix of flags.

    Parameters
    ----------
    features : Features
        With flags.
    place : Place
    names : sequence of str
        Of the rows.
    n : int, optional
        How many features the data have.

    Returns
    -------
    flags : ndarray, shape (n_names, n_features)

    Raises
    ------
    DataError
        If there is no such row, or the matrix is of other features.
    """
    known = [str(one).strip() for one in place.read(features.flag_names).ravel()]
    held: Any = place.read(features.flags)
    if held.ndim > 2 and len(held) == len(known):
        held = held.reshape(len(known), -1)  # a cell a row
    held = held.reshape(held.shape[-2:])  # a field of a struct has the struct's axes before
    if len(held) != len(known) or n not in (None, held.shape[1]):
        raise DataError(
            f"{place.path}: {features.flags!r} has shape {held.shape} for {len(known)} names"
            f"{'' if n is None else f' and {n} features'}. Correct features in the card."
        )
    for name in names:
        if name not in known:
            raise DataError(
                f"{place.path}: {features.flag_names!r} has no {name!r}.{nearest(name, known)} "
                "Correct the flags in the card."
            )
    return held[[known.index(name) for name in names]]


def _columns_of_table(
    features: Features, place: Place, path: Path, n: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Give the columns of the table that choose features, and the features' names."""
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
    chosen = {one: table[one].to_numpy(np.float64) for one in (*features.regions, *features.least)}
    return chosen, table[names].to_numpy() if names else np.arange(n)


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
