"""From prepared recordings to trials: rows that a task names, windows that copy nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError
from neurodecode.core.parts import TrialSignal
from neurodecode.core.recording import table_column
from neurodecode.core.rows import Rows
from neurodecode.core.timeline import Schedule
from neurodecode.core.trials import Trials
from neurodecode.data._choice import (
    OF_RECORDING,
    check_labels,
    choose,
    is_hidden,
    label_column,
    nothing_left,
)
from neurodecode.data._oracle import oracle_answers, oracle_signal
from neurodecode.data._places import place
from neurodecode.data._windows import not_marked_bad, not_rejected
from neurodecode.data.prepared import Prepared, part_of
from neurodecode.data.tasks import Direction, Task, WindowsSpec
from neurodecode.simulate import ORACLE, ORACLE_SIGNAL


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
    schedule : Schedule or None
        The events over which windows slide, named or not.
    """

    trials: Trials
    previous: np.ndarray
    ignored: Mapping[str, int]
    tmin: float | None = None
    schedule: Schedule | None = None


def cut(
    prepared: Sequence[Prepared],
    task: Task,
    windows: WindowsSpec | None,
    *,
    direction: Direction = "decode",
    features: str = "",
    beside: Sequence[str] = (),
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
    direction : {"decode", "encode"}
        ``encode``: the recordings' signal is what is told, and the task's target says rows alone.
    features : str
        Track or table of the recordings that an encoder is handed; empty where it is handed others.
    beside : sequence of str
        More tracks and tables, such as models are told in training, where all recordings have them.

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
    names = _beside(prepared, task, direction, features, beside)
    pieces = [_cut_one(one, task, windows, ignored, direction, names) for one in prepared]
    seen = [piece.seen for piece in pieces]
    otherwise, rest = (windows.otherwise, windows.rest) if windows else ("", ())
    check_labels(prepared, seen, task, otherwise, rest)
    counts = [len(piece.at) for piece in pieces]
    if sum(counts) == 0:
        raise DataError(nothing_left(prepared, task, ignored, seen))
    tables = [_table(prepared, pieces)]
    length = np.concatenate([piece.length for piece in pieces])
    at = np.concatenate([piece.at for piece in pieces])
    entries = {}  # other signals than the recordings', by name: as rows stand before sorting
    for name in names:
        entries[name] = np.concatenate([piece.at_of[name] for piece in pieces])
    answers = None
    if all(piece.oracle is not None for piece in pieces):
        answers = np.concatenate([piece.oracle for piece in pieces if piece.oracle is not None])
    previous = np.concatenate([piece.previous for piece in pieces])
    tmin = pieces[0].tmin
    schedule = None
    if windows is not None and windows.length is not None:
        schedule = Schedule(_tasks(prepared, pieces), windows.otherwise)
    del pieces, seen  # the table holds it all by now, and is itself handed over
    rows, order = Rows.build_sorted(tables.pop())
    part = np.repeat(np.arange(len(prepared), dtype=np.int32), counts)[order]
    signal = TrialSignal(
        tuple(one.part or part_of(one.signal, one.folder, one.key) for one in prepared),
        part,
        at[order],
        length[order],
    )
    signals = {prepared[0].recording.modality: signal}
    for name, entry in entries.items():
        called = ORACLE_SIGNAL if name.startswith(ORACLE) else name
        signals[called] = _track(prepared, name, signal, entry[order])
    if answers is not None:
        signals[ORACLE_SIGNAL] = oracle_signal(answers[order], task)
    reasons = {reason: count for reason, count in ignored.items() if count}
    return Cut(Trials(rows, signals), previous[order], reasons, tmin, schedule)


def _track(
    prepared: Sequence[Prepared], name: str, signal: TrialSignal, entry: np.ndarray
) -> TrialSignal:
    """Give the piece of a track, or the entry of a table, that belongs to each trial."""
    parts = tuple(one.tracks[name] for one in prepared)
    if "time" in parts[0].axes:
        return TrialSignal(parts, signal.part, signal.at, signal.length)
    part = np.where(entry < 0, np.int32(-1), signal.part)
    return TrialSignal(parts, part, entry, np.full(len(entry), -1, dtype=np.int32))


def _beside(
    prepared: Sequence[Prepared],
    task: Task,
    direction: Direction,
    features: str,
    more: Sequence[str],
) -> list[str]:
    """Name the tracks and tables that a task asks for, and those that hold an oracle's answers."""
    name = features
    if direction == "decode" and task.target is not None:
        name = task.target.track
    for one in prepared:
        there = [track for track in one.tracks if not track.startswith(ORACLE)]
        if name and name not in there:
            raise DataError(
                f"{one.recording.id} has no track or table {name!r}; there are: "
                f"{', '.join(there) or 'none'}."
            )
    told = ORACLE + (prepared[0].recording.modality if direction == "encode" else name)
    known = all(told in one.tracks for one in prepared)
    asked = [name] if name else []
    asked += [one for one in more if one != name and _has(prepared, one)]
    return [*asked, told] if known else asked


def _has(prepared: Sequence[Prepared], track: str) -> bool:
    """Whether all recordings have a track, and it is no oracle's."""
    return not track.startswith(ORACLE) and all(track in one.tracks for one in prepared)


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
    tasks: Mapping[str, np.ndarray]


def _cut_one(
    one: Prepared,
    task: Task,
    windows: WindowsSpec | None,
    ignored: Counter[str],
    direction: Direction,
    names: Sequence[str],
) -> _Piece:
    otherwise = windows.otherwise if windows else ""
    events = choose(one, task, otherwise, ignored)
    picked, placed = place(one, events, windows, label_column(task), ignored)
    signal, keep = one.signal, placed.inside.copy()
    ignored["window outside the recording"] += int((~keep).sum())
    if windows is not None and windows.length is not None and len(keep) == 0:
        ignored["recording shorter than a window"] += 1
    if signal.continuous and keep.any():
        keep &= not_marked_bad(signal.events, placed.start, placed.stop, ignored, keep)
    if "time" in signal.axes and keep.any():
        keep &= not_rejected(one, placed.at, placed.length, windows, ignored, keep)
    index = np.flatnonzero(keep)
    columns = {name: values[index] for name, values in picked.columns.items()}
    slides = windows is not None and windows.length is not None
    if slides and "block" not in signal.events and _tells_samples(task, direction):
        del columns["block"]  # windows of one event share its label, and no sample
    answers = None if direction == "encode" else oracle_answers(columns, task)
    return _Piece(
        {name: values for name, values in columns.items() if not is_hidden(name)},
        placed.at[index],
        placed.length[index],
        {name: _entries(columns, name, placed.entry[index]) for name in names},
        answers,
        placed.start[index],
        placed.stop[index],
        picked.previous[index],
        picked.seen,
        placed.tmin,
        {
            "onset": np.asarray(events.columns["onset"], dtype=np.float64),
            "duration": np.asarray(events.columns["duration"], dtype=np.float64),
            "label": events.columns[label_column(task)],
        },
    )


def _tasks(prepared: Sequence[Prepared], pieces: Sequence[_Piece]) -> pd.DataFrame:
    """Give the events of all recordings over which windows slide."""
    tables = [
        pd.DataFrame({"recording": one.recording.id, **piece.tasks})
        for one, piece in zip(prepared, pieces, strict=True)
    ]
    joined = pd.concat(tables, ignore_index=True)
    return joined.sort_values(["recording", "onset"], kind="stable", ignore_index=True)


def _table(prepared: Sequence[Prepared], pieces: Sequence[_Piece]) -> pd.DataFrame:
    counts = [len(piece.at) for piece in pieces]
    of_recording = {
        name: [one.recording.id if name == "recording" else getattr(one.recording, name)
               for one in prepared]
        for name in OF_RECORDING
    }  # fmt: skip
    columns: dict[str, object] = {}
    for name, values in of_recording.items():
        codes, known = pd.factorize(np.array(values, dtype=object), sort=True)
        columns[name] = pd.Categorical.from_codes(np.repeat(codes, counts), known)
    named = dict.fromkeys(name for piece in pieces for name in piece.columns)
    for name in named:
        if name not in (*OF_RECORDING, "uid", "start", "stop"):
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
            else values.astype(dtype or values.dtype, copy=False)
            for values, count in zip(several, counts, strict=True)
        ]
    )
    if joined.dtype != object:
        return joined
    return pd.Categorical(joined)


def _entries(columns: Mapping[str, np.ndarray], name: str, entry: np.ndarray) -> np.ndarray:
    """Give the entry of a track or table that belongs to each trial; -1 for none."""
    pointed = columns.get(table_column(name))
    if pointed is None:
        return entry
    return np.nan_to_num(pointed.astype(np.float64), nan=-1).astype(np.int64)


def _tells_samples(task: Task, direction: Direction) -> bool:
    """Whether what is told is another in each window: a series, or the recording itself."""
    return direction == "encode" or (task.target is not None and bool(task.target.series))
