"""`Rows`: a table with one row a trial, in the order of recording, then onset."""

import hashlib
import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest
from neurodecode.core.errors import DataError

RESERVED = (
    "uid", "recording", "subject", "session", "run", "block", "stimulus", "group", "split",
    "weight", "onset", "duration", "start", "stop", "label",
)  # fmt: skip
_REQUIRED = ("recording", "subject", "session", "run", "onset", "duration", "start", "stop")
_FEW_VALUES = ("recording", "subject", "session", "run", "block", "stimulus", "group", "split")
_AT_ONCE = 4096  # rows


@dataclass(frozen=True, eq=False)
class Rows:
    """Who, when and what: one row a trial. Selecting gives a view of 8 bytes a row.

    Parameters
    ----------
    base : DataFrame
        The whole table, shared by all views; made by `Rows.build`.
    index : ndarray of int or None
        Positions into `base`; None for all of it.

    Notes
    -----
    Reserved columns: ``uid`` (digest of recording, window and stimulus; names a row in keys),
    ``recording subject session run block stimulus group split`` (text), ``weight``, ``onset`` and
    ``duration`` of the event, ``start`` and ``stop`` of the window (seconds from the recording's
    start; what overlap is judged by) and ``label``. Other columns ride along. Where times are
    unknown, as in some files of epochs, ``onset start stop`` are NaN, and a row is named by its
    ``position`` in the recording.
    """

    base: pd.DataFrame
    index: np.ndarray | None = None

    @staticmethod
    def build(table: pd.DataFrame) -> "Rows":
        """Check a table, sort it by recording then onset, and name its rows.

        Parameters
        ----------
        table : DataFrame
            With ``recording subject session run onset duration start stop`` at least.

        Raises
        ------
        DataError
            If a column is missing, or two rows have the same recording, window and stimulus.
        """
        return Rows.build_sorted(table)[0]

    @staticmethod
    def build_sorted(table: pd.DataFrame) -> tuple["Rows", np.ndarray]:
        """Give the rows of `build`, and for each its position in `table`."""
        missing = [column for column in _REQUIRED if column not in table]
        if missing:
            raise DataError(
                f"rows: column(s) {', '.join(missing)} missing; there are: {', '.join(table)}."
            )
        order = np.lexsort((table["onset"].to_numpy(), _words(table["recording"])))
        base = table.iloc[order].reset_index(drop=True)
        del table  # where the caller keeps no copy, two are never held at once
        # Bit by bit: names as objects of Python take three times what a column of them does.
        starts = range(0, max(len(base), 1), _AT_ONCE)
        uids = [pd.Series(_uids(base.iloc[i : i + _AT_ONCE])) for i in starts]
        base["uid"] = pd.concat(uids, ignore_index=True)
        del uids
        twice = base["uid"].duplicated(keep=False).to_numpy()
        if twice.any():
            first = base.loc[twice].iloc[0]
            raise DataError(
                f"{first['recording']}: {int(twice.sum())} rows share their window and stimulus, "
                f"the first from {first['start']:g} to {first['stop']:g} s. "
                "Remove repeated events, or give them different stimuli."
            )
        for column in _FEW_VALUES:
            if column in base:
                base[column] = base[column].astype("category")
        return Rows(base), order

    def __len__(self) -> int:
        return len(self.base) if self.index is None else len(self.index)

    def __getstate__(self) -> dict[str, Any]:
        # A view of a few rows is not pickled with the whole table behind it.
        return {"base": self.table, "index": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    def __contains__(self, column: str) -> bool:
        return column in self.base

    def __getitem__(self, column: str) -> np.ndarray:
        if column not in self.base:
            raise DataError(f"rows have no column {column!r}; there are: {', '.join(self.base)}.")
        values = self.base[column]
        if isinstance(values.dtype, pd.CategoricalDtype):
            names = np.array([*values.cat.categories, None], dtype=object)
            codes = values.cat.codes.to_numpy()
            return names[codes if self.index is None else codes[self.index]]
        array = values.to_numpy()
        if array.dtype.kind not in "biuf":
            array = values.to_numpy(dtype=object, na_value=None)
        return array if self.index is None else array[self.index]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(self.base.columns)

    @property
    def table(self) -> pd.DataFrame:
        """These rows as a table of their own."""
        chosen = self.base if self.index is None else self.base.take(self.index)
        return chosen.reset_index(drop=True)

    def take(self, index: np.ndarray | Sequence[int]) -> "Rows":
        """Rows at `index` (positions or a mask), as a view."""
        index = as_positions(index, len(self))
        return Rows(self.base, index if self.index is None else self.index[index])

    def where(self, **columns: Hashable | Sequence[Hashable]) -> np.ndarray:
        """Positions of the rows whose columns have the given value, or one of the given values."""
        keep = np.ones(len(self), dtype=bool)
        for column, wanted in columns.items():
            values = (
                [wanted] if isinstance(wanted, str) or not isinstance(wanted, Sequence) else wanted
            )
            keep &= np.isin(self[column], np.asarray(values, dtype=object))
        return np.flatnonzero(keep)

    def codes(self, *columns: str) -> np.ndarray:
        """Small whole numbers that are equal where all the named columns are."""
        code = np.zeros(len(self), dtype=np.int64)
        for column in columns:
            values, names = pd.factorize(self[column])
            code = code * (len(names) + 1) + values + 1
        return pd.factorize(code)[0]

    def key(self) -> str:
        """Digest of the rows' uids, in order."""
        return digest([str(uid) for uid in self["uid"]])

    def with_column(self, name: str, values: np.ndarray) -> "Rows":
        """Give these rows with one more column."""
        return Rows(self.table.assign(**{name: values}))

    def keep_columns(self, columns: Sequence[str]) -> "Rows":
        """Give these rows with only the named columns."""
        return Rows(self.base.filter(list(columns)), self.index)

    def __repr__(self) -> str:
        entities = [column for column in ("subject", "session", "run") if column in self.base]
        counts = [f"{len(set(self[column]))} {column}s" for column in entities]
        return f"Rows({', '.join([f'{len(self)} rows', *counts])})"


def stack_rows(several: Sequence[Rows]) -> Rows:
    """Rows of several, in the order given; columns that one lacks are missing there.

    Raises
    ------
    DataError
        If two of them hold the same row.
    """
    joined = pd.concat([rows.table for rows in several], ignore_index=True)
    if "uid" in joined and joined["uid"].duplicated().any():
        repeated = joined.loc[joined["uid"].duplicated(), "recording"].iloc[0]
        raise DataError(f"stack: {repeated} is in more than one of the parts. Give each row once.")
    for column in _FEW_VALUES:
        if column in joined:
            joined[column] = joined[column].astype("category")
    return Rows(joined)


def as_positions(index: Any, length: int) -> np.ndarray:
    """Give positions of an index that may be a mask."""
    array = np.asarray(index)
    if array.dtype == bool:
        if len(array) != length:
            raise DataError(f"the mask has {len(array)} entries for {length} rows.")
        return np.flatnonzero(array)
    return array.astype(np.intp) if array.size else np.zeros(0, dtype=np.intp)


def in_time(rows: Rows, index: np.ndarray) -> np.ndarray:
    """Positions in the order of session, run (2 before 10), onset, and place in the run."""
    entities = [[_natural(text) for text in rows[name][index]] for name in ("session", "run")]
    onset = np.nan_to_num(rows["onset"][index].astype(np.float64))
    place = rows["position"][index] if "position" in rows else np.arange(len(index))
    order = sorted(
        range(len(index)), key=lambda i: (entities[0][i], entities[1][i], onset[i], place[i])
    )
    return index[np.array(order, dtype=np.intp)]


def _words(values: Any) -> np.ndarray:
    """Text as objects, equal words being one object: a new one a row costs 70 bytes."""
    codes, words = pd.factorize(values)
    return np.array([str(word) for word in words], dtype=object)[codes]


def _uids(table: pd.DataFrame) -> np.ndarray:
    stimulus = table["stimulus"].astype(str) if "stimulus" in table else [""] * len(table)
    position: Any = table.get("position", table.index)
    named = zip(
        _words(table["recording"]), table["start"], table["stop"], position, stimulus, strict=True
    )
    return np.array(
        [
            hashlib.blake2b(
                f"{recording}|{_window_name(start, stop, entry)}|{shown}".encode(), digest_size=8
            ).hexdigest()
            for recording, start, stop, entry, shown in named
        ],
        dtype=object,
    )


def _window_name(start: float, stop: float, entry: int) -> str:
    return f"entry {entry}" if np.isnan(start) else f"{start:.6f}|{stop:.6f}"


def labels_before(labels: np.ndarray, block: np.ndarray | None = None) -> np.ndarray:
    """Label of the event before, for events of one run in their order; None for a first one.

    Parameters
    ----------
    labels : ndarray of object, shape (n_events,)
    block : ndarray, shape (n_events,), or None
        Block of each event. A block counts as one event: its volumes follow the block before, not
        each other, which are near copies. An event of no block is its own.

    Returns
    -------
    before : ndarray of object, shape (n_events,)
    """
    before = np.append(np.array([None], dtype=object), labels)[: len(labels)]
    if block is None or len(labels) == 0:
        return before
    starts = np.append(True, (block[1:] != block[:-1]) | pd.isna(block[1:]))
    return before[np.maximum.accumulate(np.where(starts, np.arange(len(labels)), 0))]


def _natural(text: str) -> list[tuple[int, int, str]]:
    pieces = re.findall(r"\d+|\D+", str(text))
    return [(0, int(one), "") if one.isdigit() else (1, 0, one) for one in pieces]
