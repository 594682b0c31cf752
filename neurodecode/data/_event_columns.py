"""What a card may say of events beyond their file: triggers, another table, columns made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.data._layout import check_pattern, check_template, first_group


@dataclass(frozen=True)
class Triggers:
    """Codes of a stim channel, one an event, to which a table of events is held.

    Parameters
    ----------
    channel : str
        Never chosen by mne: recordings have several.
    code : int
        Other codes of the channel, such as that of the recording's end, are no events.
    """

    channel: str
    code: int


@dataclass(frozen=True)
class Attributes:
    """A table of what was shown, whose rows are events of several recordings, in their order.

    Parameters
    ----------
    path : str
        Template below the data set's folder.
    by : mapping of str to str
        ``subject``, ``session`` or ``run`` to the column that says whose a row is; numbers are
        compared as numbers, ``01`` with 1.
    match : mapping of str to str
        Column of it to a column of the events (under the name that the events have): the same
        numbers, row by row, or missing in one.
    mismatches : int
        How many rows of a recording may differ.
    """

    path: str
    by: Mapping[str, str] = field(default_factory=dict)
    match: Mapping[str, str] = field(default_factory=dict)
    mismatches: int = 0

    def __post_init__(self):
        check_template(self.path)
        for name in self.by:
            if name not in ("subject", "session", "run"):
                raise ConfigError(f"by: {name!r} is not one of subject, session, run.")


@dataclass(frozen=True)
class Made:
    """A column made of another column of the events.

    Parameters
    ----------
    key : str
        The column that it is made of, which may be one that was made before it.
    pattern : str
        Regular expression, of which the first group is kept; values that it does not fit have none.
    codes : mapping of str to str
        Value to a better name.
    count : bool
        Whether it says how often the value came before in the recording, from 0.
    """

    key: str
    pattern: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    count: bool = False

    def __post_init__(self):
        check_pattern(self.pattern)
        if self.count and (self.pattern or self.codes):
            raise ConfigError("count: it counts values as they are. Leave pattern and codes out.")


def with_made(events: pd.DataFrame, made: Mapping[str, Made], where: Path) -> pd.DataFrame:
    """Give events the columns that the card makes of others.

    Parameters
    ----------
    events : DataFrame
    made : mapping of str to Made
        In order.
    where : Path
        Of the events, for messages.

    Raises
    ------
    DataError
        If a column is not there.
    """
    for name, one in made.items():
        if one.key not in events:
            raise DataError(
                f"{where}: its events have no column {one.key!r}, of which {name} is made."
                f"{nearest(one.key, map(str, events))} Correct events: made of the card, or the "
                "file."
            )
        there: Any = events[one.key]
        words = [
            None if gone else str(value) for value, gone in zip(there, there.isna(), strict=True)
        ]
        if one.count:
            codes = pd.factorize(np.array(words, dtype=object))[0]
            times: Any = pd.Series(codes).groupby(codes).cumcount()
            events = events.assign(**{name: times.to_numpy()})
            continue
        if one.pattern:
            words = [first_group(one.pattern, word) for word in words]
        words = [None if word is None else one.codes.get(word, word) for word in words]
        events = events.assign(**{name: np.array(words, dtype=object)})
    return events


def with_attributes(
    events: pd.DataFrame, spec: Attributes, path: Path, ids: Mapping[str, str], where: Path
) -> pd.DataFrame:
    """Give events the columns of their rows in another table; theirs win where both have one.

    Parameters
    ----------
    events : DataFrame
        In time.
    spec : Attributes
    path : Path
        The table.
    ids : mapping of str to str
        Entities of the recording.
    where : Path
        Of the events, for messages.

    Raises
    ------
    DataError
        If there are not as many rows, or more of them differ than may.
    """
    table: Any = pd.read_csv(path, dtype=str, keep_default_na=False, sep=_separator(path))
    for column in (*spec.by.values(), *spec.match):
        if column not in table:
            raise DataError(
                f"{path}: no column {column!r}; there are: {', '.join(table)}."
                f"{nearest(column, table)} Correct events: attributes of the card."
            )
    mine = np.ones(len(table), dtype=bool)
    for entity, column in spec.by.items():
        mine &= np.array([_same(ids[entity], value) for value in table[column]], dtype=bool)
    rows = table.loc[mine].reset_index(drop=True)
    said = ", ".join(f"{entity} {ids[entity]}" for entity in spec.by) or "the recording"
    if len(rows) != len(events):
        raise DataError(
            f"{path}: {len(rows)} rows of {said}, and {where.name} has {len(events)} events. They "
            "belong together row by row; replace whichever of the two is not whole, or leave the "
            "run out."
        )
    for theirs, ours in spec.match.items():
        if ours not in events:
            raise ConfigError(f"events: attributes: match: the events have no column {ours!r}.")
        one, other = _numbers(rows[theirs]), _numbers(events[ours])
        differ = np.flatnonzero(~np.isnan(one) & ~np.isnan(other) & (one != other))
        if len(differ) > spec.mismatches:
            first = int(differ[0])
            raise DataError(
                f"{path}: {theirs!r} differs from {ours!r} of {where.name} in {len(differ)} of "
                f"{len(rows)} rows of {said}, {spec.mismatches} may; the first is row {first + 1}: "
                f"{one[first]:g} and {other[first]:g}. One of the files is of another recording."
            )
    fresh = [name for name in rows if name not in events and name not in ("onset", "duration")]
    return pd.concat([events.reset_index(drop=True), rows[fresh]], axis=1)


def _numbers(values: Any) -> np.ndarray:
    return np.asarray(pd.to_numeric(values, errors="coerce"), dtype=np.float64)


def _same(word: str, value: str) -> bool:
    if word.isdecimal() and value.strip().isdecimal():
        return int(word) == int(value)
    return word == value.strip()


def _separator(path: Path) -> str:
    return "\t" if ".tsv" in path.suffixes else ","
