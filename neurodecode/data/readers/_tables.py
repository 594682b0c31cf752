"""Recordings as tables, a row a sample, a column a channel: csv and tsv, also compressed."""

import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import DataError
from neurodecode.data.readers import _events
from neurodecode.data.specs import ChannelsSpec, EventsSpec

if TYPE_CHECKING:
    import mne

ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_GAP = 1.5  # samples: from here on one is missing between two stamps
_RATE = 0.01  # stamps of a drifting clock differ from the nominal rate by less
_HEADER_LINES = 1


def is_table(path: Path | str) -> bool:
    """Whether a file's name says that it is a table."""
    return str(path).lower().endswith(ENDINGS)


def open_table(
    path: Path, kind: str, channels: ChannelsSpec, spec: EventsSpec, timestamps: str = ""
) -> tuple["mne.io.BaseRaw", pd.DataFrame]:
    """Read a table of samples.

    Parameters
    ----------
    path : Path
    kind : str
        Type that all channels have until the card's types are set.
    channels : ChannelsSpec
        With the rate. Where it has types, these are the columns that are channels; otherwise all
        columns are, but the markers and the time stamps.
    spec : EventsSpec
        With the marker column, where there is one.
    timestamps : str
        Column of time stamps in seconds, which are held to the rate; empty for none.

    Returns
    -------
    raw : mne.io.RawArray
        Numbers as they stand in the table.
    events : DataFrame
        An event a marker; none where `spec` has no marker column.

    Raises
    ------
    DataError
        Saying what is wrong with the table, in which column and line.
    """
    import mne

    table = _read(path)
    marker = spec.channel if spec.source == "marker" else ""
    for what, name in (("marker", marker), ("time-stamp", timestamps)):
        if name and name not in table:
            raise DataError(_absent(path, f"{what} column", name, table))
    names = list(channels.types) or [c for c in table if c not in (marker, timestamps)]
    for name in names:
        if name not in table:
            raise DataError(_absent(path, "channel", name, table))
    data = np.array([_numbers(path, table, name) for name in names])
    sfreq = channels.sfreq
    assert sfreq is not None  # `find` asks the card for it
    if timestamps:
        _check_stamps(path, timestamps, _numbers(path, table, timestamps), sfreq)
    info = mne.create_info(names, sfreq, kind)
    events = pd.DataFrame({"onset": [], "duration": [], "label": pd.Series([], dtype=object)})
    if marker:
        events = _marked(table[marker], spec, sfreq)
    return mne.io.RawArray(data, info, verbose="error"), events


def _read(path: Path) -> pd.DataFrame:
    separator = "\t" if ".tsv" in (one.lower() for one in path.suffixes[-2:]) else ","
    names = _header(path, separator)
    try:
        table = pd.read_csv(path, sep=separator, low_memory=False)
    except pd.errors.ParserError as error:
        raise DataError(
            f"{path}: not a table with {len(names)} columns throughout ({error}). Correct the "
            "line, or replace the file."
        ) from error
    if len(table) == 0:
        raise DataError(f"{path}: the table has a first line and no rows. Leave the file out.")
    return table


def _header(path: Path, separator: str) -> list[str]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        lines = csv.reader(text, delimiter=separator)
        names, first = next(lines, []), next(lines, [])
    if not names:
        raise DataError(f"{path}: the file is empty. Fetch it again, or leave it out.")
    if len(first) > len(names):  # pandas would take the first field for an index
        raise DataError(
            f"{path}: its rows have {len(first)} fields and its first line {len(names)} names. "
            "Name all columns."
        )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{path}: two columns are called {twice!r}. Rename one.")
    if "" in (name.strip() for name in names):
        place = [name.strip() for name in names].index("") + 1
        raise DataError(f"{path}: column {place} has no name. Name it in the first line.")
    if all(_is_number(name) for name in names):
        raise DataError(
            f"{path}: its first line holds numbers ({', '.join(names[:4])}). A table needs a first "
            "line that names its columns."
        )
    return names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _numbers(path: Path, table: pd.DataFrame, name: str) -> np.ndarray:
    column = table[name]
    if column.dtype.kind in "iuf":
        numbers = column.to_numpy(np.float64)
    else:
        numbers = np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)
    wrong = np.flatnonzero(np.isnan(numbers))
    if len(wrong):
        held = column.iloc[wrong[0]]
        said = "nothing" if pd.isna(held) else repr(str(held))
        raise DataError(
            f"{path}: column {name!r} holds {said} in line {wrong[0] + 1 + _HEADER_LINES}, where "
            f"a number should be ({len(wrong)} of {len(column)} such). Correct the file, or leave "
            "the column out: channels: {types: {…}} names those that are channels."
        )
    return numbers


def _check_stamps(path: Path, name: str, stamps: np.ndarray, sfreq: float) -> None:
    if len(stamps) < 2:
        return
    step = np.diff(stamps)
    back = np.flatnonzero(step <= 0)
    if len(back):
        line = back[0] + 2 + _HEADER_LINES
        raise DataError(
            f"{path}: the time stamps ({name}) do not rise in line {line}: {step[back[0]]:g} s "
            f"after the one before ({len(back)} such). Sort the rows, or remove repeated ones."
        )
    rate = (len(stamps) - 1) / (stamps[-1] - stamps[0])
    gaps = np.flatnonzero(step > _GAP / sfreq)
    if len(gaps) and abs(np.median(step) * sfreq - 1) < 0.5:
        line = gaps[0] + 2 + _HEADER_LINES
        raise DataError(
            f"{path}: {step[gaps[0]]:g} s are missing before line {line}, by the time stamps "
            f"({name}); at {sfreq:g} Hz samples are {1 / sfreq:g} s apart ({len(gaps)} such gaps). "
            "Cut the recording there into runs, or leave it out."
        )
    if abs(rate / sfreq - 1) > _RATE:
        raise DataError(
            f"{path}: {rate:g} samples a second by the time stamps ({name}), the card says "
            f"{sfreq:g}. Correct channels: sfreq, which is in Hz; stamps are in seconds."
        )


def _marked(column: Any, spec: EventsSpec, sfreq: float) -> pd.DataFrame:
    """Events where a marker other than 0 begins; one held for several samples lasts that long."""
    marks = _words(column)
    begins = np.flatnonzero((marks != "") & (marks != np.append("", marks[:-1])))
    changes = np.append(np.flatnonzero(marks[1:] != marks[:-1]) + 1, len(marks))
    held = changes[np.searchsorted(changes, begins, side="right")] - begins
    events = pd.DataFrame(
        {
            "onset": begins / sfreq,
            "duration": np.where(held > 1, held / sfreq, 0.0),
            "label": marks[begins],
        }
    )
    return _events.timed(events, spec)


def _words(column: Any) -> np.ndarray:
    """Markers as text, whole numbers as such; empty where there is none."""
    if column.dtype.kind in "iuf":
        values = column.fillna(0).to_numpy()
        return np.array(["" if v == 0 else f"{v:g}" if v % 1 else str(int(v)) for v in values],
                        dtype=object)  # fmt: skip
    return np.array(["" if pd.isna(v) or str(v).strip() in ("", "0") else str(v).strip()
                     for v in column], dtype=object)  # fmt: skip


def _absent(path: Path, what: str, name: str, table: Sequence[str] | pd.DataFrame) -> str:
    return (
        f"{path}: no {what} {name!r}; its columns are: {', '.join(table)}."
        f"{nearest(name, table)} Correct the card."
    )
