"""Tables of confounds beside a run: motion, fMRIPrep's, any of one row a volume."""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.data.readers import _templates
from neurodecode.data.readers._numbers import is_number, numbers

TRACK = "confounds"  # of the signal
_SHOWN = 8


@dataclass(frozen=True)
class ConfoundsSpec:
    """Which confounds are kept beside the volumes; ``clean`` and ``glm`` take them out.

    Parameters
    ----------
    path : str
        Template of the table: one row a volume, with a header (tab or comma), or a plain file of
        numbers, as motion correction leaves it, whose columns are called ``1``, ``2`` …
    columns : tuple of str
        Names, or patterns such as ``trans_?`` and ``a_comp_cor_0[0-4]``; empty for all.
    """

    path: str
    columns: tuple[str, ...] = ()

    def __post_init__(self):
        if not self.path:
            raise ConfigError("path: name the table of confounds.")
        _templates.fields(self.path)


def read(path: Path, columns: Sequence[str], n_volumes: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read the confounds of a run.

    Parameters
    ----------
    path : Path
    columns : sequence of str
        Names or patterns; empty for all.
    n_volumes : int
        Of the run.

    Returns
    -------
    confounds : ndarray, shape (n_volumes, n_confounds)
        In the table's order.
    notes : tuple of str
        What was done to them.

    Raises
    ------
    DataError
        If the table has another length, lacks a column, or holds what is no number.
    """
    table = _table(path)
    if len(table) != n_volumes:
        raise DataError(
            f"{path}: {len(table)} rows of confounds for {n_volumes} volumes. They belong to "
            "another run, or one of the two files is not whole. Name the table of this run."
        )
    return checked(table.reindex(columns=_chosen(table, columns, path)), path)


def checked(table: pd.DataFrame, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Give a table of confounds as numbers; what is missing or constant is told.

    A first value that is missing, as of derivatives and of framewise displacement, is taken from
    the second volume, as ``nilearn.interfaces.fmriprep.load_confounds`` does. A constant column
    takes nothing out, and is left out.

    Parameters
    ----------
    table : DataFrame
        One row a volume; text counts as numbers where it can be read so, ``n/a`` as missing.
    path : Path
        Where it is from, for messages.

    Returns
    -------
    confounds : ndarray, shape (n_volumes, n_confounds)
    notes : tuple of str

    Raises
    ------
    DataError
        If a value is no number, or one beyond the first is missing; if all columns are constant,
        or there are as many as volumes.
    """
    columns: Mapping[str, np.ndarray] = {
        str(name): _numbers(column, str(name), path) for name, column in table.items()
    }
    filled, constant, kept = [], [], {}
    for name, column in columns.items():
        values = column
        if len(values) > 1 and np.isnan(values[0]):
            values = np.append(values[1], values[1:])
            filled.append(name)
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            raise DataError(
                f"{path}: {name} has no finite value for volume {row + 1} of {len(values)}. Only "
                "the first one may be missing. Choose other columns, or correct the table."
            )
        if np.ptp(values) == 0:
            constant.append(name)
        else:
            kept[name] = values
    if not kept:
        raise DataError(
            f"{path}: all {len(columns)} confounds are constant ({_listed(constant)}), so they "
            "take nothing out. Choose others, or leave confounds out of the card."
        )
    if len(kept) >= len(table):
        raise DataError(
            f"{path}: {len(kept)} confounds for {len(table)} volumes would take everything out. "
            "Name fewer: confounds: {columns: [...]}."
        )
    notes = []
    if filled:
        notes.append(
            f"the first value of {_listed(filled)} is missing and taken from the second volume, "
            "as nilearn does"
        )
    if constant:
        notes.append(f"constant confounds are left out: {_listed(constant)}")
    return np.stack(list(kept.values()), axis=1), tuple(notes)


def _table(path: Path) -> pd.DataFrame:
    separator = "," if ".csv" in path.suffixes else "\t" if ".tsv" in path.suffixes else r"\s+"
    try:
        with path.open(encoding="utf-8") as stream:
            lines = (line for line in stream if not line.startswith("#"))  # comments of AFNI's .1D
            first = next(lines, "").replace(",", " ").split()
        header = None if first and all(map(is_number, first)) else 0
        table = pd.read_csv(
            path, sep=separator, header=header, dtype=str, keep_default_na=False, comment="#"
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: cannot be read as a table of confounds ({str(error).strip()}). Fetch it "
            "again, or name another."
        ) from None
    if header is None:
        table = table.dropna(axis=1, how="all")  # blanks at the ends of lines
        table.columns = [str(i + 1) for i in range(table.shape[1])]
    return table


def _chosen(table: pd.DataFrame, patterns: Sequence[str], path: Path) -> list[str]:
    known = [str(c) for c in table]
    if not patterns:
        return known
    chosen: set[str] = set()
    for pattern in patterns:
        fits = {name for name in known if fnmatch.fnmatchcase(name, pattern)}
        if not fits:
            raise DataError(
                f"{path}: no confound is called {pattern!r}.{nearest(pattern, known)} There are "
                f"{len(known)}: {_listed(known)}."
            )
        chosen |= fits
    return [name for name in known if name in chosen]


def _numbers(column: pd.Series, name: str, path: Path) -> np.ndarray:
    values, wrong = numbers(column)
    if wrong is not None:
        raise DataError(
            f"{path}: {name} of volume {wrong + 1} is {str(column.iloc[wrong])!r}, not a number. "
            "Choose other columns, or correct the table."
        )
    return values


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
