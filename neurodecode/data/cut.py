"""From prepared recordings to trials: rows that a task names, windows that copy nothing."""

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
from neurodecode.core.rows import Rows, labels_before
from neurodecode.core.trials import Trials, TrialSignal
from neurodecode.data._oracle import oracle_answers, oracle_signal
from neurodecode.data._places import Choice, place
from neurodecode.data._windows import not_marked_bad, not_rejected
from neurodecode.data.prepared import Prepared, part_of
from neurodecode.data.tasks import Task, WindowsSpec
from neurodecode.simulate import ORACLE, ORACLE_SIGNAL

_OF_RECORDING = ("recording", "subject", "session", "run")


@dataclass(frozen=True, eq=False)
class Cut:
    """Trials, and what became of the events that are none.

    Parameters
    ----------
    trials : Trials
        The recordings' signal, named by the modality, the track or table that is told or told from,
        if one is, and what a simulation's `oracle` answers; rows by recording, then onset.
    previous : ndarray of object, shape (n_trials,)
        Label of the last earlier event of the same recording that has one of the task's labels,
        whether or not that became a trial; None for a first one.
    ignored : mapping of str to int
        Events left out, counted by reason.
    tmin : float or None
        Seconds from an event's onset to the first sample of its window; None for entries, and for
        windows that slide.
    """

    trials: Trials
    previous: np.ndarray
    ignored: Mapping[str, int]
    tmin: float | None = None


def cut(
    prepared: Sequence[Prepared], task: Task, windows: WindowsSpec | None, features: str = ""
) -> Cut:
    """Choose the events that a task asks for, and point each at its piece of the signal.

    Parameters
    ----------
    prepared : sequence of Prepared
        Of one modality. Where one is not computed yet its rows come from the header, and nothing
        is rejected for its amplitude.
    task : Task
        Which rows, and what their labels are called.
    windows : WindowsSpec or None
        None for entries, which are trials as they are; continuous signals need it.
    features : str
        Track or table that an encoder is handed; the target is the recordings' signal then.

    Returns
    -------
    cut : Cut

    Raises
    ------
    DataError
        If a label of the task is not in the recordings, no trial is left, or every window lies
        outside its recording.
    ConfigError
        If windows are asked of entries, or none are given for a continuous signal.
    """
    if not prepared:
        raise DataError("there is no prepared recording to cut trials from.")
    ignored: Counter[str] = Counter()
    pieces = [_cut_one(one, task, windows, ignored, features) for one in prepared]
    _check_labels(prepared, pieces, task, windows.otherwise if windows else "")
    counts = [len(piece.at) for piece in pieces]
    if sum(counts) == 0:
        raise DataError(_nothing_left(prepared, task, ignored, pieces))
    tables = [_table(prepared, pieces)]
    length = np.concatenate([piece.length for piece in pieces])
    at = np.concatenate([piece.at for piece in pieces])
    beside = {}  # other signals than the recordings', by name: as rows stand before sorting
    for name in _beside(prepared, task, features):
        beside[name] = np.concatenate([piece.at_of[name] for piece in pieces])
    answers = None
    if all(piece.oracle is not None for piece in pieces):
        answers = np.concatenate([piece.oracle for piece in pieces if piece.oracle is not None])
    previous = np.concatenate([piece.previous for piece in pieces])
    tmin = pieces[0].tmin
    del pieces  # the table holds it all by now, and is itself handed over
    rows, order = Rows.build_sorted(tables.pop())
    part = np.repeat(np.arange(len(prepared), dtype=np.int32), counts)[order]
    signal = TrialSignal(
        tuple(one.part or part_of(one.signal, one.folder, one.key) for one in prepared),
        part,
        at[order],
        length[order],
    )
    signals = {prepared[0].recording.modality: signal}
    for name, entry in beside.items():
        called = ORACLE_SIGNAL if name.startswith(ORACLE) else name
        signals[called] = _track(prepared, name, signal, entry[order])
    if answers is not None:
        signals[ORACLE_SIGNAL] = oracle_signal(answers[order], task)
    reasons = {reason: count for reason, count in ignored.items() if count}
    return Cut(Trials(rows, signals), previous[order], reasons, tmin)


def _track(
    prepared: Sequence[Prepared], name: str, signal: TrialSignal, entry: np.ndarray
) -> TrialSignal:
    """Give the piece of a track, or the entry of a table, that belongs to each trial."""
    parts = tuple(one.tracks[name] for one in prepared)
    if "time" in parts[0].axes:
        return TrialSignal(parts, signal.part, signal.at, signal.length)
    part = np.where(entry < 0, np.int32(-1), signal.part)
    return TrialSignal(parts, part, entry, np.full(len(entry), -1, dtype=np.int32))


def _beside(prepared: Sequence[Prepared], task: Task, features: str) -> list[str]:
    """Name the tracks and tables that a task asks for, and those that hold an oracle's answers."""
    name = features or ("" if task.target is None else task.target.track)
    if not name:
        return []
    for one in prepared:
        if name not in one.tracks:
            raise DataError(
                f"{one.recording.id} has no track or table {name!r}; there are: "
                f"{', '.join(one.tracks) or 'none'}.{nearest(name, one.tracks)}"
            )
    # Where features are given it is the brain that is told.
    told = ORACLE + (prepared[0].recording.modality if features else name)
    known = all(told in one.tracks for one in prepared)
    return [name, told] if known else [name]


@dataclass(frozen=True, eq=False)
class _Piece:
    """Trials of one recording."""

    columns: Mapping[str, np.ndarray]
    at: np.ndarray
    length: np.ndarray
    at_of: Mapping[str, np.ndarray]
    oracle: np.ndarray | None
    start: np.ndarray
    stop: np.ndarray
    previous: np.ndarray
    seen: Mapping[str, set[str]]
    tmin: float | None


def _choose(one: Prepared, task: Task, otherwise: str, ignored: Counter[str]) -> Choice:
    events = one.signal.events
    column = _label_column(task)
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
    # Without a rate entry i belongs to event i, so each event's number is kept.
    entry = labelled[asked]
    columns = {name: _plain(events[name])[entry] for name in events if name not in names}
    columns |= {name: named[entry] for name, named in names.items()}
    if task.block:
        columns["block"] = columns[task.block]
    ignored["other labels"] += len(events) - len(labelled)
    ignored["not among the rows of the task"] += int((~asked).sum())
    return Choice(columns | {"position": position[asked]}, entry, previous[asked], seen)


def _cut_one(
    one: Prepared,
    task: Task,
    windows: WindowsSpec | None,
    ignored: Counter[str],
    features: str,
) -> _Piece:
    otherwise = windows.otherwise if windows else ""
    picked = _choose(one, task, otherwise, ignored)
    picked, placed = place(one, picked, windows, _label_column(task), ignored)
    signal, keep = one.signal, placed.inside.copy()
    ignored["window outside the recording"] += int((~keep).sum())
    if signal.continuous and keep.any():
        keep &= not_marked_bad(signal.events, placed.start, placed.stop, ignored, keep)
    if "time" in signal.axes and keep.any():
        keep &= not_rejected(one, placed.at, placed.length, windows, ignored, keep)
    index = np.flatnonzero(keep)
    columns = {name: values[index] for name, values in picked.columns.items()}
    slides = windows is not None and windows.length is not None
    if slides and "block" not in signal.events and _tells_samples(task, features):
        del columns["block"]  # windows of one event share its label, and no sample
    answers = None if features else oracle_answers(columns, task)
    return _Piece(
        {name: values for name, values in columns.items() if not _is_hidden(name)},
        placed.at[index],
        placed.length[index],
        {
            name: _entries(columns, name, placed.entry[index])
            for name in _beside([one], task, features)
        },
        answers,
        placed.start[index],
        placed.stop[index],
        picked.previous[index],
        picked.seen,
        placed.tmin,
    )


def _table(prepared: Sequence[Prepared], pieces: Sequence[_Piece]) -> pd.DataFrame:
    counts = [len(piece.at) for piece in pieces]
    of_recording = {
        name: [one.recording.id if name == "recording" else getattr(one.recording, name)
               for one in prepared]
        for name in _OF_RECORDING
    }  # fmt: skip
    columns: dict[str, object] = {}
    for name, values in of_recording.items():
        codes, known = pd.factorize(np.array(values, dtype=object), sort=True)
        columns[name] = pd.Categorical.from_codes(np.repeat(codes, counts), known)
    named = dict.fromkeys(name for piece in pieces for name in piece.columns)
    for name in named:
        if name not in (*_OF_RECORDING, "uid", "start", "stop"):
            columns[name] = _joined([piece.columns.get(name) for piece in pieces], counts)
    columns["start"] = np.concatenate([piece.start for piece in pieces])
    columns["stop"] = np.concatenate([piece.stop for piece in pieces])
    return pd.DataFrame(columns, copy=False)


def _joined(several: Sequence[np.ndarray | None], counts: Sequence[int]) -> object:
    """One column from the recordings' pieces; missing where a recording lacks it."""
    kinds = {values.dtype.kind for values in several if values is not None}
    lacking = any(values is None for values in several)
    if "O" in kinds or (lacking and "b" in kinds):
        nothing, dtype = None, object
    else:
        nothing, dtype = np.nan, np.float64 if lacking else None
    joined = np.concatenate(
        [
            np.full(count, nothing, dtype=dtype)
            if values is None
            else values.astype(dtype or values.dtype)
            for values, count in zip(several, counts, strict=True)
        ]
    )
    if joined.dtype != object:
        return joined
    return pd.Categorical(joined)


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


def _is_hidden(column: str) -> bool:
    """Whether a column of the events is no business of whoever reads rows."""
    return column.startswith((ORACLE, table_column("")))


def _entries(columns: Mapping[str, np.ndarray], name: str, entry: np.ndarray) -> np.ndarray:
    """Give the entry of a track or table that belongs to each trial; -1 for none."""
    pointed = columns.get(table_column(name))
    if pointed is None:
        return entry
    return np.nan_to_num(pointed.astype(np.float64), nan=-1).astype(np.int64)


def _tells_samples(task: Task, features: str) -> bool:
    """Whether what is told is another in each window: a series, or the recording itself."""
    return bool(features) or (task.target is not None and bool(task.target.series))


def _label_column(task: Task) -> str:
    return (task.target.label if task.target is not None else "") or "label"


def _values(one: Prepared, events: pd.DataFrame, column: str) -> np.ndarray:
    if column in _OF_RECORDING:
        value = one.recording.id if column == "recording" else getattr(one.recording, column)
        return np.full(len(events), value, dtype=object)
    _need_column(one, events, column)
    return np.array([sys.intern(str(value)) for value in events[column]], dtype=object)


def _need_column(one: Prepared, events: pd.DataFrame, column: str) -> None:
    if column not in events:
        raise DataError(
            f"{one.recording.id}: the events have no column {column!r}; there are: "
            f"{', '.join(events)}.{nearest(column, events)}"
        )


def _check_labels(
    prepared: Sequence[Prepared], pieces: Sequence[_Piece], task: Task, otherwise: str
) -> None:
    column = _label_column(task)
    there = set().union(*(one.seen.get(column, set()) for one in pieces))
    wanted = task.rows.get(column) or (task.target.classes if task.target else ())
    for label in wanted:
        if there and label not in there and label != otherwise:
            raise DataError(
                f"no event of {_listed([one.recording.id for one in prepared])} has the {column} "
                f"{label!r}, which the task asks for; there are: {_listed(sorted(there), 40)}."
                f"{_meant(label, there)} Correct the task, or choose recordings that have it."
            )


def _nothing_left(
    prepared: Sequence[Prepared], task: Task, ignored: Mapping[str, int], there: Sequence[_Piece]
) -> str:
    asked = "; ".join(f"{column}: {_listed(list(values))}" for column, values in task.rows.items())
    if not asked and task.target is not None:
        asked = f"{_label_column(task)}: {_listed(list(task.target.classes))}"
    lost = "; ".join(f"{reason}: {count}" for reason, count in ignored.items() if count)
    found = "; ".join(
        f"{column}: {_listed(sorted(set().union(*(one.seen[column] for one in there))))}"
        for column in (there[0].seen if there else ())
    )
    return (
        f"no trial is left of {sum(len(one.signal.events) for one in prepared)} events in "
        f"{_listed([one.recording.id for one in prepared])}. Asked: {asked or 'all events'}. There "
        f"are: {found or 'events of any label'}. Left out: {lost or 'none'}. Widen the selection, "
        "the windows or the limits of reject."
    )


def _meant(label: str, there: set[str]) -> str:
    return nearest(label, there) if len(there) > 24 or "Did" in nearest(label, there) else ""


def _listed(names: Sequence[str], most: int = 8) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
