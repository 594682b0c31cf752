"""From one array and its layout to a signal: trials, or a recording with its events."""

import functools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.data._layout import Codes, Table
from neurodecode.data.readers import _events
from neurodecode.data.readers._array_rows import (
    as_word,
    as_words,
    columns_of,
    events_of_codes,
    events_of_table,
    table_rows,
)
from neurodecode.data.readers._array_source import Place, Source
from neurodecode.data.readers._array_space import space_of, timing_of
from neurodecode.data.readers._array_values import (
    axes_in,
    channel_of,
    empty_entries,
    flagged,
    stacked_keys,
    tracks_of,
    values_of,
)
from neurodecode.data.readers._axes import VOLUME, Axes


def signal_of(source: Source, *, with_data: bool) -> Signal:
    """Give the signal of a recording, or its header."""
    options = source.options
    parts = source.parts()
    axes = [axes_in(source, place) for place in parts]
    over_time = axes[0].over_time
    rate, tmin = timing_of(source, parts[0], axes[0].sizes.get("time", 0))
    if over_time and not axes[0].entries:
        return _over_time(source, parts[0], axes[0], rate, with_data=with_data)
    events = pd.concat(
        [_entry_rows(source, *both) for both in zip(parts, axes, strict=True)], ignore_index=True
    )
    keep = _mine(source, events)
    if not keep.any():
        raise DataError(f"{source.path}: the data hold no entry at all. Fetch the file again.")
    data, notes = None, ()
    if with_data or options.missing is not None:
        data = np.concatenate([values_of(source, *both) for both in zip(parts, axes, strict=True)])
        empty = empty_entries(data, options.missing)
        if (empty & keep).any():
            notes = (f"{int((empty & keep).sum())} of {int(keep.sum())} entries hold no value.",)
        keep &= ~empty
        data = data[keep]
    events = events.loc[keep].reset_index(drop=True)
    if over_time and rate is None:
        raise ConfigError(f"{source.path}: data over time need sfreq or t_r in the card.")
    return Signal(
        data=data if with_data else None,
        space=space_of(source, parts[0], axes[0], stacked_keys(source)),
        axes=(axes[0].feature, "time") if over_time else (axes[0].feature,),
        sfreq=rate if over_time else None,
        events=events,
        tmin=tmin if over_time else 0.0,
        n_times=axes[0].sizes["time"] if over_time else len(events),
        tracks=tracks_of(source, parts, np.flatnonzero(keep), len(keep), with_data=with_data),
        entries=bool(over_time),
        notes=notes,
    )


def column_values(source: Source, names: Sequence[str]) -> dict[str, list[str | None]]:
    """Give columns of all rows of the data, as text."""
    parts = source.parts()
    tables = [_entry_rows(source, place, axes_in(source, place)) for place in parts]
    return {name: [as_word(v) for table in tables for v in table[name]] for name in names}


def _over_time(
    source: Source, place: Place, axes: Axes, rate: float | None, *, with_data: bool
) -> Signal:
    if rate is None:
        raise ConfigError(f"{source.path}: data over time need sfreq or t_r in the card.")
    n_all = axes.sizes[axes.over_time]
    first, n_times = _run(source, place, n_all)
    n_times, aligned = _aligned(source, place, n_times)
    events, notes = _events_over_time(source, place, axes, rate, first, n_times, n_all)
    volumes = axes.over_time == VOLUME
    space, kept = _without_codes(source, space_of(source, place, axes, stacked_keys(source)))
    data = None
    if with_data:
        data = values_of(source, place, axes)
        run = slice(first, first + n_times)
        data = np.ascontiguousarray(data[run] if volumes else data[kept, run])
    index = np.arange(first, first + n_times)
    return Signal(
        data=data,
        space=space,
        axes=(axes.feature,) if volumes else (axes.feature, "time"),
        sfreq=rate,
        events=events,
        n_times=n_times,
        tracks=tracks_of(source, [place], index, n_all, with_data=with_data),
        notes=notes + aligned,
    )


def _aligned(source: Source, place: Place, n_times: int) -> tuple[int, tuple[str, ...]]:
    """Give how many volumes have a row of a table of volumes, from the first one on."""
    table = source.options.table
    if table is None or not table.volumes:
        return n_times, ()
    n_rows, path = len(_table(table, place)), place.file(table.path)
    if abs(n_rows - n_times) > table.tolerance:
        raise DataError(
            f"{path}: {n_rows} rows for {n_times} volumes of {source.path.name}, which differ by "
            f"more than {table.tolerance}. They do not belong together; fetch both again."
        )
    if n_rows == n_times:
        return n_times, ()
    longer, shorter = ("volumes", n_rows) if n_times > n_rows else ("rows", n_times)
    return shorter, (
        f"{path.name}: {n_rows} rows for {n_times} volumes; both begin together, and the last "
        f"{abs(n_rows - n_times)} {longer} are left out",
    )


def _table(table: Table, place: Place) -> pd.DataFrame:
    rows = table_rows(table, place)
    assert rows is not None  # there is a table
    return rows


def _run(source: Source, place: Place, n_times: int) -> tuple[int, int]:
    """First sample and length of the recording within the data."""
    runs = source.options.runs
    if not runs:
        return 0, n_times
    if sum(runs) != n_times:
        raise DataError(
            f"{source.path}: {n_times} samples, the card's runs are {' + '.join(map(str, runs))} = "
            f"{sum(runs)}. Correct runs."
        )
    i = int(place.words["run"]) - 1
    return sum(runs[:i]), runs[i]


def _events_over_time(
    source: Source, place: Place, axes: Axes, rate: float, first: int, n_times: int, n_all: int
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    options, notes = source.options, ()
    rows = table_rows(options.table, place)
    given: dict[str, np.ndarray] = {}
    if options.codes:
        held, codes = _codes(source, place, axes)
        if codes.shape != (n_all,) or codes.dtype.kind not in "biuf":
            raise DataError(
                f"{source.path}: {held!r} has shape {codes.shape} and type {codes.dtype}; "
                f"expected a number for each of {n_all} samples."
            )
        starts, lengths, found = events_of_codes(codes[first : first + n_times])
        onset, duration = starts / rate, lengths / rate
        given["label"] = as_words(found)
        rows = None if rows is None or len(rows) != len(onset) else rows
    elif options.table is not None and options.table.volumes:
        rows = _table(options.table, place).iloc[first : first + n_times].reset_index(drop=True)
        onset, duration = np.arange(n_times) / rate, np.full(n_times, 1 / rate)
    elif options.table is not None and options.table.events:
        assert rows is not None  # there is a table
        onset, duration, known = events_of_table(rows, options.table, rate, place)
        if not known.all():
            notes = (f"{int((~known).sum())} of {len(known)} events of the table have no time.",)
        if options.table.first:  # they count through all runs
            onset = onset - first / rate
            known &= (onset > -0.5 / rate) & (onset < (n_times - 0.5) / rate)
        rows, onset, duration = (
            rows.loc[known].reset_index(drop=True),
            onset[known],
            duration[known],
        )
    else:
        onset, duration = np.zeros(1), np.full(1, n_times / rate)
    given |= {
        word: np.full(len(onset), value, dtype=object) for word, value in source.extra.items()
    }
    columns = columns_of(options.columns, place, len(onset), given=given, table=rows, axes=axes)
    events = pd.DataFrame(columns | {"onset": onset, "duration": duration})
    events = events.sort_values("onset", kind="stable", ignore_index=True)
    where = place.file(options.table.path) if options.table is not None else source.path
    _events.check_inside(events, n_times / rate, where)
    return events, notes


def _without_codes(source: Source, space: Space) -> tuple[Space, slice | np.ndarray]:
    """Give the channels that are data, and where they are among those that are stored."""
    codes = source.options.codes
    if not isinstance(codes, Codes):
        return space, slice(None)
    if codes.channel not in space.names:
        raise DataError(
            f"{source.path}: no channel is called {codes.channel!r}, which is to hold the codes."
            f"{nearest(codes.channel, space.names)} Correct codes in the card."
        )
    kept = np.flatnonzero([name != codes.channel for name in space.names])
    return space.take(kept), kept


def _codes(source: Source, place: Place, axes: Axes) -> tuple[str, np.ndarray]:
    """Give the code at each sample, and what holds them."""
    codes = source.options.codes
    if not isinstance(codes, Codes):
        return codes, place.read(codes)
    names = space_of(source, place, axes, stacked_keys(source)).names
    _without_codes(source, Space("sensors", names=names))
    return codes.channel, channel_of(source, place, axes, names.index(codes.channel))


def _entry_rows(source: Source, place: Place, axes: Axes) -> pd.DataFrame:
    """One row an entry of one split."""
    options, n = source.options, axes.n_entries
    given = {word: np.full(n, value, dtype=object) for word, value in source.extra.items()}
    if place.split:
        given["split"] = np.full(n, place.split, dtype=object)
    for axis in axes.entries:
        if axis != "trial":
            held = options.levels.get(axis)
            names = place.read(held).ravel() if isinstance(held, str) else held
            position = axes.positions(axis)
            given[axis] = position if names is None else as_words(names)[position]
    rows = table_rows(options.table, place)
    columns = columns_of(
        options.columns, place, n, given=given, table=rows, axes=axes,
        flagged=functools.partial(flagged, source, place, axes),
    )  # fmt: skip
    for name, otherwise in (("onset", np.nan), ("duration", 0.0)):
        columns[name] = columns.get(name, np.full(n, otherwise))
        if columns[name].dtype.kind not in "biuf":
            raise DataError(
                f"{source.path}: the column {name!r} holds {columns[name][0]!r}, no number of "
                "seconds. Name another key in the card."
            )
    return pd.DataFrame(columns)


def _mine(source: Source, events: pd.DataFrame) -> np.ndarray:
    keep = np.ones(len(events), dtype=bool)
    for name in source.parted_by:
        keep &= (as_words(events[name].to_numpy()) == source.words[name]).astype(bool)
    return keep
