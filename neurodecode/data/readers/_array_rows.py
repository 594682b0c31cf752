"""Rows of arrays: columns from keys, axes and tables; events from tables, codes or the whole."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.data._layout import Column, Table, fields, fill, first_group
from neurodecode.data.readers import _array_files
from neurodecode.data.readers._array_source import Place
from neurodecode.data.readers._axes import Axes

NO_LABEL = "n/a"
# Columns that rows hold as text, whatever the file has.
_WORDS = ("label", "stimulus", "block", "group", "split", "subject", "session", "run")


def table_rows(table: Table | None, place: Place) -> pd.DataFrame | None:
    """Give the rows of a table that are this recording's, all columns.

    Raises
    ------
    DataError
        If it has no such column, or no row of the recording.
    """
    if table is None:
        return None
    path = place.file(table.path)
    rows = _array_files.read_table(path)
    named = (table.onset, table.duration, table.first, table.last, table.order,
             *table.by.values())  # fmt: skip
    for column in filter(None, named):
        if column not in rows:
            raise DataError(
                f"{path}: no column {column!r}; there are: {', '.join(rows)}. Correct the table's "
                "columns in the card."
            )
    if table.order:
        numbers: Any = pd.to_numeric(rows[table.order], errors="coerce")
        counted = np.asarray(numbers, dtype=np.float64)
        wrong = np.flatnonzero(~(np.diff(counted) == 1))
        if len(wrong):
            raise DataError(
                f"{path}: {table.order!r} is {counted[wrong[0]]:g} in row {wrong[0] + 1} and "
                f"{counted[wrong[0] + 1]:g} in the next, so the rows are not in the order of the "
                "data. Get the original table."
            )
    keep = np.ones(len(rows), dtype=bool)
    for entity, column in table.by.items():
        if entity not in place.words:
            raise ConfigError(
                f"table.by: neither path, key nor axes tell the {entity} of a recording. Leave it "
                "out of by."
            )
        wanted = place.words[entity]
        keep &= np.array([as_word(value) == wanted for value in rows[column]], dtype=bool)
    if not keep.any():
        said = ", ".join(f"{e} {place.words[e]}" for e in table.by)
        raise DataError(
            f"{path}: no row of {said}, whose data are in {place.path.name}. Add it to the table, "
            "or leave the recording out."
        )
    return rows.loc[keep].reset_index(drop=True)


def columns_of(
    wanted: Mapping[str, str | Column],
    place: Place,
    n: int,
    *,
    given: Mapping[str, np.ndarray],
    table: pd.DataFrame | None,
    axes: Axes | None = None,
    flagged: Callable[[str], np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Give the columns of some rows.

    Parameters
    ----------
    wanted : mapping of str to str or Column
        Column to where it comes from.
    place : Place
    n : int
        Number of rows.
    given : mapping of str to ndarray
        Columns that are there already: levels of axes.
    table : DataFrame or None
        Row i belongs to row i; what `wanted` does not take of it rides along under its own name.
    axes : Axes or None
        Axes that count the rows.
    flagged : callable or None
        Gives what the data hold at the feature that a flag marks.

    Raises
    ------
    DataError
        If a key is not there, or has another number of values.
    """
    if table is not None and len(table) != n:
        raise DataError(
            f"{place.path}: its table has {len(table)} rows for {n} "
            f"{'entries' if axes is None or axes.entries else 'recording'}. Each needs one row; "
            "correct table.by in the card, or the table."
        )
    columns = dict(given)
    taken = {one if isinstance(one, str) else one.key for one in wanted.values()}
    if table is not None:
        columns |= {c: table[c].to_numpy() for c in table if c not in taken}
    for name, one in wanted.items():
        column = Column(key=one) if isinstance(one, str) else one
        if column.flag:
            if flagged is None:
                raise ConfigError(f"columns.{name}: rows of no data have no flag. Name a key.")
            values = flagged(column.flag)
        else:
            values = _values(name, column, place, n, columns, table, axes)
        if column.decimals is not None:
            values = _written_out(values, column.decimals, f"{place.path}: column {name!r}")
        columns[name] = _renamed(values, column)
    columns.setdefault("label", columns.get("stimulus", np.full(n, NO_LABEL, dtype=object)))
    return {
        name: as_words(values, NO_LABEL if name == "label" else None)
        if name in _WORDS
        else _plain(values)
        for name, values in columns.items()
    }


def events_of_table(
    rows: pd.DataFrame, table: Table, rate: float | None, place: Place
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give onsets and durations in seconds, and a mask of the rows that have them.

    Raises
    ------
    DataError
        If a number is none, or an event ends before it begins.
    """
    if table.first:
        if rate is None:
            raise ConfigError("table: first and last count samples; give sfreq or t_r.")
        first, last = (rows[c].to_numpy() for c in (table.first, table.last))
        _check_numbers(first, last, table, place)
        known = np.isfinite(first.astype(np.float64)) & np.isfinite(last.astype(np.float64))
        onset = (first.astype(np.float64) - table.counted_from) / rate
        duration = (last.astype(np.float64) - first.astype(np.float64) + 1) / rate
    else:
        onset = rows[table.onset].to_numpy()
        duration = rows[table.duration].to_numpy() if table.duration else np.zeros(len(rows))
        _check_numbers(onset, duration, table, place)
        onset, duration = onset.astype(np.float64), np.nan_to_num(duration.astype(np.float64))
        known = np.isfinite(onset)
    wrong = np.flatnonzero(known & (duration < 0))
    if len(wrong):
        raise DataError(
            f"{place.file(table.path)}: row {wrong[0] + 1} ends before it begins. Correct the "
            "table."
        )
    return onset, duration, known


def events_of_codes(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give first sample, length in samples and code of each event of a series of codes.

    An event begins where a code other than 0 follows another one, and lasts while it stays.
    """
    changes = np.append(True, codes[1:] != codes[:-1])
    starts = np.flatnonzero(changes)
    lengths = np.diff(np.append(starts, len(codes)))
    kept = codes[starts] != 0
    return starts[kept], lengths[kept], codes[starts[kept]]


def as_word(value: object) -> str | None:
    """Give a value as text; 1.0 is ``1``, what is missing None."""
    if isinstance(value, float | np.floating):
        if np.isnan(value):
            return None
        return str(int(value)) if float(value).is_integer() else f"{value:g}"
    return None if value is None else str(value)


def as_words(values: Sequence[object] | np.ndarray, missing: str | None = None) -> np.ndarray:
    """Give values as text, what is missing as the word for it."""
    words = [as_word(value) for value in values]
    return np.array([missing if word is None else word for word in words], dtype=object)


def _values(
    name: str,
    column: Column,
    place: Place,
    n: int,
    columns: Mapping[str, np.ndarray],
    table: pd.DataFrame | None,
    axes: Axes | None,
) -> np.ndarray:
    if column.join:
        parts = [as_words(_before(name, "join", one, columns), NO_LABEL) for one in column.join]
        return np.array([" ".join(words) for words in zip(*parts, strict=True)], dtype=object)
    if column.count:
        return _earlier(as_words(_before(name, "count", column.count, columns)))
    position = None
    if column.axis:
        known = axes.entries if axes else ()
        if axes is None or column.axis not in known:
            raise ConfigError(
                f"columns.{name}: no axis {column.axis!r}.{nearest(column.axis, known)}"
            )
        position = axes.positions(column.axis)
        if column.only_axis:
            return position
    if column.files:
        return _of_files(name, column, place, columns, position, axes)
    if column.template:
        numbers = range(n) if position is None else position
        known = {**place.words, "split": place.split}
        used = fields(column.template)
        before = {c: as_words(v, NO_LABEL) for c, v in columns.items() if c in used}
        rows = ({c: words[i] for c, words in before.items()} for i in range(n))
        names = [
            fill(column.template, {**known, **row, "number": int(number) + 1, "index": int(number)})
            for row, number in zip(rows, numbers, strict=True)
        ]
        return np.array(names, dtype=object)
    if column.number:
        return _numbered(name, column, place, columns)
    if position is not None and axes is not None:
        size = axes.sizes[column.axis]
        return _flat(place.read(column.key, column.path), size, name, column, place)[position]
    if table is not None and not column.path and column.key in table:
        return table[column.key].to_numpy()
    if table is not None and not column.path and column.key not in _array_files.keys_of(place.path):
        raise DataError(
            f"{place.path}: column {name!r} comes from {column.key!r}, which is neither a key of "
            f"it nor a column of its table.{nearest(column.key, [*table])} Correct the card."
        )
    return _flat(place.read(column.key, column.path), n, name, column, place)


def _before(name: str, what: str, other: str, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Give a column that another is made of."""
    if other not in columns:
        raise ConfigError(
            f"columns.{name}: {what} names {other!r}, which is not before it."
            f"{nearest(other, columns)}"
        )
    return columns[other]


def _earlier(words: np.ndarray) -> np.ndarray:
    """Count how often the value of each row came before."""
    counted: Any = pd.Series(words).groupby(pd.factorize(words)[0])
    return counted.cumcount().to_numpy()


def _of_files(
    name: str,
    column: Column,
    place: Place,
    columns: Mapping[str, np.ndarray],
    position: np.ndarray | None,
    axes: Axes | None,
) -> np.ndarray:
    """Give the name of the file that belongs to each row; None where the number is missing."""
    names = np.array(place.listed(column.files), dtype=object)
    where = f"{place.root / fill(column.files, place.words)}: {len(names)} files"
    if position is not None and axes is not None:
        if axes.sizes[column.axis] != len(names):
            raise DataError(
                f"{where} for the {axes.sizes[column.axis]} positions of {column.axis!r} in "
                f"{place.path.name}, so which is which is not known. Fetch the folder again."
            )
        return names[position]
    words = as_words(_before(name, "number", column.number, columns))
    made = np.full(len(words), None, dtype=object)
    known = np.array([word is not None and word != column.missing for word in words], dtype=bool)
    wrong = [word for word in dict.fromkeys(words[known]) if not _counts(word, len(names))]
    if wrong:
        raise DataError(
            f"{where}, and {place.path.name} has the number {wrong[0]!r} ({len(wrong)} such). "
            f"Fetch the folder again; if it stands for no file, say missing under columns.{name}."
        )
    made[known] = names[words[known].astype(np.int64) - 1]
    return made


def _numbered(
    name: str, column: Column, place: Place, columns: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Give what is under a key at the number of each row, counted from 1."""
    held = place.read(column.key, column.path).ravel()
    words = as_words(_before(name, "number", column.number, columns), NO_LABEL)
    wrong = [word for word in dict.fromkeys(words) if not _counts(word, len(held))]
    if wrong:
        raise DataError(
            f"{place.file(column.path)}: {column.key!r} has {len(held)} entries, and "
            f"{column.number!r} is {wrong[0]!r} in some row; it counts from 1. Correct columns."
            f"{name} in the card."
        )
    return held[words.astype(np.int64) - 1]


def _counts(word: str, n: int) -> bool:
    return word.isdecimal() and 1 <= int(word) <= n


def _flat(array: np.ndarray, n: int, name: str, column: Column, place: Place) -> np.ndarray:
    if array.size != n or sum(length != 1 for length in array.shape) > 1:
        raise DataError(
            f"{place.file(column.path)}: {column.key!r}, the column {name!r}, has shape "
            f"{array.shape} for {n} rows. Name a key with one value a row."
        )
    return array.ravel()


def _renamed(values: np.ndarray, column: Column) -> np.ndarray:
    if not (column.pattern or column.codes or column.missing) or column.files:
        return values
    words = as_words(values)
    if column.pattern:
        values = words = np.array(
            [first_group(column.pattern, word) for word in words], dtype=object
        )
    if column.codes:
        values = np.array([column.codes.get(word, word) for word in words], dtype=object)
    if not column.missing:
        return values
    gone = words == column.missing
    kept = values.astype(np.float64 if values.dtype.kind in "biuf" else object)
    kept[gone] = np.nan if kept.dtype.kind == "f" else None
    return kept


def _written_out(values: np.ndarray, decimals: int, where: str) -> np.ndarray:
    """Give numbers as text with their decimals, the last zeros too; None for what is missing."""
    # float32 has 7 digits in all, and would give every picture of a category one name.
    precise = values.dtype.kind == "f" and values.dtype.itemsize >= 8
    scaled = values.astype(np.float64) * 10.0**decimals
    off = np.abs(scaled - np.rint(scaled))
    if not precise or bool((off[np.isfinite(off)] > 0.01).any()):
        raise DataError(
            f"{where}: numbers of type {values.dtype} are no names of {decimals} decimals. Get the "
            "original file, or correct decimals in the card."
        )
    words = [f"{value:.{decimals}f}" if np.isfinite(value) else None for value in values]
    return np.array(words, dtype=object)


def _plain(values: np.ndarray) -> np.ndarray:
    """Give numbers as they are, and all else as text of one object a word."""
    return values if values.dtype.kind in "biuf" else as_words(values)


def _check_numbers(one: np.ndarray, other: np.ndarray, table: Table, place: Place) -> None:
    for values in (one, other):
        if values.dtype.kind not in "biuf":
            words = [v for v in values if isinstance(v, str)]
            raise DataError(
                f"{place.file(table.path)}: {words[0]!r} is no number of seconds or samples. "
                "Correct the table."
            )
