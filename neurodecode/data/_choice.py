"""Which events of a recording a task asks for, and what to say where none are found."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import DataError
from neurodecode.core.recording import table_column
from neurodecode.core.rows import labels_before
from neurodecode.data.prepared import Prepared
from neurodecode.data.tasks import Task
from neurodecode.simulate import ORACLE

OF_RECORDING = ("recording", "subject", "session", "run")


@dataclass(frozen=True, eq=False)
class Choice:
    """Events of one recording that the task asks for, and all that there are.

    Columns are plain arrays, text being one object a word: a table a recording costs too much.
    """

    columns: Mapping[str, np.ndarray]
    entry: np.ndarray
    previous: np.ndarray
    seen: Mapping[str, set[str]]


def choose(one: Prepared, task: Task, otherwise: str, ignored: Counter[str]) -> Choice:
    """Choose the events of one recording that a task asks for; `ignored` counts the others."""
    events = one.signal.events
    column = label_column(task)
    wanted = dict(task.rows)
    if task.target is not None and task.target.label and column not in wanted:
        wanted[column] = tuple(c for c in task.target.classes if c != otherwise)
    if task.target is not None and task.target.value:
        _need_column(one, events, task.target.value)
    keep, names, seen = {}, {}, {}
    for name, values in wanted.items():
        there = _values(one, events, name)
        seen[name] = set(there)
        keep[name] = np.isin(there, np.array(list(values), dtype=object))
        if isinstance(values, Mapping):
            names[name] = np.array([values.get(value, value) for value in there], dtype=object)
    labelled = np.flatnonzero(keep.get(column, np.ones(len(events), dtype=bool)))
    labelled = labelled[np.argsort(events["onset"].to_numpy()[labelled], kind="stable")]
    label = names[column] if column in names else _values(one, events, column)
    block = None
    if task.block:
        _need_column(one, events, task.block)
        block = _plain(events[task.block])[labelled]
    previous = labels_before(label[labelled], block)
    position = np.arange(len(labelled), dtype=np.int32)
    asked = np.ones(len(labelled), dtype=bool)
    for mask in keep.values():
        asked &= mask[labelled]
    ignored["not among the rows of the task"] += int((~asked).sum())
    for name, values in task.without.items():
        odd = np.isin(_values(one, events, name)[labelled], np.array(list(values), dtype=object))
        ignored[f"of the {name} {' or '.join(values)}"] += int((asked & odd).sum())
        asked &= ~odd
    # Without a rate entry i belongs to event i, so each event's number is kept.
    entry = labelled[asked]
    columns = {name: _plain(events[name])[entry] for name in events if name not in names}
    columns |= {name: named[entry] for name, named in names.items()}
    if task.block:
        columns["block"] = columns[task.block]
    ignored["other labels"] += len(events) - len(labelled)
    return Choice(columns | {"position": position[asked]}, entry, previous[asked], seen)


def label_column(task: Task) -> str:
    """Name the column whose words tell events apart."""
    return (task.target.label if task.target is not None else "") or "label"


def check_labels(
    prepared: Sequence[Prepared],
    seen: Sequence[Mapping[str, set[str]]],
    task: Task,
    otherwise: str,
    rest: Sequence[str],
) -> None:
    """Hold the recordings to having every label that the task names, or that is rest.

    `seen` is what each of them has.
    """
    column = label_column(task)
    there = set().union(*(one.get(column, set()) for one in seen))
    wanted = task.rows.get(column) or (task.target.classes if task.target else ())
    for label in (*wanted, *rest):
        if there and label not in there and label != otherwise:
            raise DataError(
                f"no event of {_listed([one.recording.id for one in prepared])} has the {column} "
                f"{label!r}, which the task asks for; there are: {_listed(sorted(there), 40)}."
                f"{_meant(label, there)} Correct the task, or choose recordings that have it."
            )


def nothing_left(
    prepared: Sequence[Prepared],
    task: Task,
    ignored: Mapping[str, int],
    seen: Sequence[Mapping[str, set[str]]],
) -> str:
    """Say why no trial is left: what was asked, what there is, what was left out."""
    asked = "; ".join(f"{column}: {_listed(list(values))}" for column, values in task.rows.items())
    if not asked and task.target is not None:
        asked = f"{label_column(task)}: {_listed(list(task.target.classes))}"
    lost = "; ".join(f"{reason}: {count}" for reason, count in ignored.items() if count)
    found = "; ".join(
        f"{column}: {_listed(sorted(set().union(*(one[column] for one in seen))))}"
        for column in (seen[0] if seen else ())
    )
    return (
        f"no trial is left of {sum(len(one.signal.events) for one in prepared)} events in "
        f"{_listed([one.recording.id for one in prepared])}. Asked: {asked or 'all events'}. There "
        f"are: {found or 'events of any label'}. Left out: {lost or 'none'}. Widen the selection, "
        "the windows or the limits of reject."
    )


def is_hidden(column: str) -> bool:
    """Whether a column of the events is no business of whoever reads rows."""
    return column.startswith((ORACLE, table_column("")))


def _values(one: Prepared, events: pd.DataFrame, column: str) -> np.ndarray:
    if column in OF_RECORDING:
        value = one.recording.id if column == "recording" else getattr(one.recording, column)
        return np.full(len(events), value, dtype=object)
    _need_column(one, events, column)
    return np.array([sys.intern(str(value)) for value in events[column]], dtype=object)


def _need_column(one: Prepared, events: pd.DataFrame, column: str) -> None:
    there = [str(name) for name in events if not is_hidden(str(name))]
    if column not in there:
        raise DataError(
            f"{one.recording.id}: the events have no column {column!r}; there are: "
            f"{', '.join(there)}."
        )


def _plain(values: Any) -> np.ndarray:
    """Give a column as an array: numbers as they are, else text, equal words one object."""
    array = values.to_numpy()
    if array.dtype.kind in "biuf":
        return array
    missing = values.isna().to_numpy()
    text = [
        None if gone else sys.intern(str(value)) for value, gone in zip(array, missing, strict=True)
    ]
    return np.array(text, dtype=object)


def _meant(label: str, there: set[str]) -> str:
    return nearest(label, there) if len(there) > 24 or "Did" in nearest(label, there) else ""


def _listed(names: Sequence[str], most: int = 8) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
