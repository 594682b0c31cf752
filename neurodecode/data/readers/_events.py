"""Events of a recording, from its annotations, its stim channel, or a table beside it."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import DataError, DataMissing
from neurodecode.data._event_columns import with_made
from neurodecode.data.specs import EventsSpec

if TYPE_CHECKING:
    import mne

logger = logging.getLogger(__name__)

_LABEL_COLUMNS = ("label", "trial_type")
_TOLERANCE = 1e-6  # seconds: times in tables are rounded decimals
_BAD = ("bad", "edge")  # what mne's annotations of a stretch of the signal begin with
# Columns of rows that say which trial it is: an event's own of that name would be lost.
_OURS = ("onset", "duration", "label")
_TAKEN = ("uid", "recording", "subject", "session", "run", "start", "stop", "position", "previous")


def from_raw(raw: "mne.io.BaseRaw", spec: EventsSpec, path: Path) -> pd.DataFrame:
    """Events that the recording itself holds: onset and duration in seconds, label as text."""
    import mne

    if spec.source == "annotations":
        events = _annotated(raw)
        extras = pd.DataFrame(
            [dict(extra or {}) for extra in getattr(raw.annotations, "extras", [])]
        )
        if len(extras.columns) or spec.columns:
            events = with_columns(events, extras, spec, path)
        return timed(events, spec, 1 / raw.info["sfreq"])
    channel = spec.channel or None
    if channel is not None and channel not in raw.ch_names:
        raise DataError(f"{path}: no stim channel {channel!r}.{nearest(channel, raw.ch_names)}")
    try:
        triggers = mne.find_events(raw, stim_channel=channel, shortest_event=1, verbose="error")
    except ValueError as error:
        raise DataError(
            f"{path}: no events in the stim channel ({error}). Name it in the card: "
            "events: {from: stim, channel: NAME}."
        ) from error
    return _of_triggers(triggers, raw.first_samp, raw.info["sfreq"], spec)


def bad_stretches(raw: "mne.io.BaseRaw") -> pd.DataFrame:
    """Annotations that say what of the signal is bad, which count wherever events come from."""
    found: Any = _annotated(raw)
    return found[[_is_bad(label) for label in found["label"]]]


def from_file(path: Path, spec: EventsSpec, first_samp: int, sfreq: float) -> pd.DataFrame:
    """Events of a table (onset, duration, label or trial_type), or of mne's ``-eve.fif``.

    Raises
    ------
    DataMissing
        If there is no such file.
    DataError
        If a column is missing or not numbers.
    """
    if needed(path).name.endswith((".fif", ".fif.gz", ".eve")):
        import mne

        return _of_triggers(mne.read_events(path, verbose="error"), first_samp, sfreq, spec)
    if not spec.sample:
        events = read_table(path, spec)
        check_names(events, _TAKEN, path)
        return events
    # Numbers stand where seconds do until they are; what the table calls onset is not looked at.
    counted = replace(spec, columns={**spec.columns, "onset": spec.sample}, delay=0.0)
    events = read_table(path, counted)
    check_names(events, _TAKEN, path)
    events["onset"] = (events["onset"] - first_samp) / sfreq
    return timed(events, spec)


def needed(path: Path) -> Path:
    """Give the path of a file of events that is there.

    Raises
    ------
    DataMissing
        If it is not.
    """
    if not path.is_file():
        raise DataMissing(f"{path}: the events file is missing. Fetch it, or leave the run out.")
    return path


def check_triggers(
    raw: "mne.io.BaseRaw", events: pd.DataFrame, spec: EventsSpec, path: Path
) -> None:
    """Hold a table of events to the codes of a stim channel: there are as many.

    Parameters
    ----------
    raw : mne.io.BaseRaw
    events : DataFrame
    spec : EventsSpec
        With `triggers`.
    path : Path
        Of the recording, for messages.

    Raises
    ------
    DataError
        If the channel is not there, or has another number of them.
    """
    import mne

    assert spec.triggers is not None
    channel, code = spec.triggers.channel, spec.triggers.code
    if channel not in raw.ch_names:
        raise DataError(
            f"{path}: no stim channel {channel!r}, which events: triggers of the card names."
            f"{nearest(channel, raw.ch_names)}"
        )
    # A first code that is there from the first sample on is an event too.
    found = mne.find_events(
        raw, stim_channel=channel, initial_event=True, shortest_event=1, verbose="error"
    )
    at = np.sort(found[found[:, 2] == code, 0] - raw.first_samp) / raw.info["sfreq"]
    if len(at) != len(events):
        others = ", ".join(str(one) for one in np.unique(found[:, 2]) if one != code)
        raise DataError(
            f"{path}: {channel} has {len(at)} codes {code} (others: {others or 'none'}), and its "
            f"events are {len(events)}. One of the two is not whole; fetch both again, or leave "
            "the run out."
        )
    late = np.sort(events["onset"].to_numpy(np.float64)) - at
    if len(late):
        logger.info("%s: events are %.0f ms after %s.", path.name, 1e3 * np.median(late), channel)


def read_table(path: Path, spec: EventsSpec) -> pd.DataFrame:
    """Read a table of events; columns that are not ours ride along."""
    separator = "," if ".csv" in path.suffixes else "\t"
    try:
        table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: not a table of events ({error}). Expected a header, then one row an event."
        ) from error
    wanted = {"onset": "onset", "duration": "duration"} | dict(spec.columns)
    wanted.setdefault("label", next((c for c in _LABEL_COLUMNS if c in table), "label"))
    if "duration" not in table and "duration" not in spec.columns:
        del wanted["duration"]
    for ours, theirs in wanted.items():
        if theirs not in table:
            raise DataError(
                f"{path}: no column {theirs!r} for {ours}; there are: {', '.join(table)}. "
                "Name it in the card under events: columns."
            )
    if spec.columns.get("onset", "onset") != "onset":  # the card's column is meant, not this
        table = table.drop(columns="onset", errors="ignore")
    events = table.rename(columns={theirs: ours for ours, theirs in wanted.items()})
    _check_once(events, path)
    if "duration" not in events:
        events["duration"] = spec.duration
    duration = np.asarray(pd.to_numeric(events["duration"], errors="coerce"), dtype=np.float64)
    # BIDS writes n/a for an event without extent.
    events["duration"] = np.where(np.isnan(duration), spec.duration, duration)
    events["onset"] = _seconds(events["onset"], "onset", path)
    return timed(events.sort_values("onset", kind="stable", ignore_index=True), spec)


def with_columns(
    events: pd.DataFrame, others: pd.DataFrame, spec: EventsSpec, path: Path
) -> pd.DataFrame:
    """Give events the columns of another table, row by row, under the names that the card has.

    Parameters
    ----------
    events : DataFrame
        ``onset duration label``; one of them that the card's `columns` name is replaced.
    others : DataFrame
        Such as the metadata of epochs.

    Raises
    ------
    DataError
        If a column is missing, or has the name of one that rows have for themselves.
    """
    for ours, theirs in spec.columns.items():
        if theirs not in others:
            raise DataError(
                f"{path}: no column {theirs!r} for {ours}; there are: "
                f"{', '.join(map(str, others))}.{nearest(theirs, map(str, others))} Correct "
                "events: columns of the card."
            )
    ours = {theirs: ours for ours, theirs in spec.columns.items()}
    named = others.reset_index(drop=True).rename(columns=ours).rename(columns=str)
    _check_once(named, path)
    replaced = [name for name in events if name in spec.columns]
    check_names([name for name in named if name not in replaced], (*events, *_TAKEN), path)
    for name in named:
        if named[name].dtype == object:  # of several types, which no file of columns can hold
            named[name] = [None if pd.isna(one) else str(one) for one in named[name]]
    if "label" in replaced:
        named["label"] = named["label"].astype(str)
    for name in ("onset", "duration"):
        if name in replaced:
            named[name] = _seconds(named[name], name, path)
    joined: Any = pd.concat([events.drop(columns=replaced).reset_index(drop=True), named], axis=1)
    return joined[[*events, *(name for name in named if name not in replaced)]]


def check_names(names: Iterable[Any], taken: Collection[str], path: Path) -> None:
    """Hold columns that ride along to names that are free.

    Raises
    ------
    DataError
        Naming the column, and how the card gives it another name.
    """
    for name in names:
        if name in taken:
            take = f"; take the {name} from it with columns: {{{name}: {name}}}"
            raise DataError(
                f"{path}: its column {name!r} has the name of one that every row has. Give it "
                f"another in the card, as in events: {{columns: {{my_{name}: {name}}}}}"
                f"{take if name in _OURS else ''}."
            )


def timed(events: pd.DataFrame, spec: EventsSpec, sample: float = 0.0) -> pd.DataFrame:
    """Move events by the card's delay, and give bare markers its duration.

    Parameters
    ----------
    events : DataFrame
        ``onset duration label``.
    spec : EventsSpec
    sample : float
        Seconds: what lasts no longer is a marker without extent.

    Notes
    -----
    Bad stretches are of the signal: they are left where they are, and as long as they are.
    """
    if not (spec.delay or spec.duration):
        return events
    ours = ~np.array([_is_bad(label) for label in events["label"]], dtype=bool)
    bare = ours & (events["duration"].to_numpy(np.float64) <= sample + _TOLERANCE)
    duration = np.where(bare & (spec.duration > 0), spec.duration, events["duration"])
    onset = events["onset"].to_numpy(np.float64) + np.where(ours, spec.delay, 0.0)
    return events.assign(onset=onset, duration=duration)


def renamed(events: pd.DataFrame, spec: EventsSpec, path: Path) -> pd.DataFrame:
    """Give labels the names that the card has for them, and make the columns that it makes.

    Raises
    ------
    DataError
        If a column that another is made of is not there.
    """
    named = events.assign(label=[spec.codes.get(label, label) for label in events["label"]])
    return with_made(named, spec.made, path)


def check_inside(events: pd.DataFrame, seconds: float, path: Path) -> None:
    """Hold every event to the recording's length.

    Raises
    ------
    DataError
        Naming the first event outside, and its time.
    """
    onset = events["onset"].to_numpy()
    outside = np.flatnonzero(~((onset >= -_TOLERANCE) & (onset < seconds)))
    if len(outside):
        first = outside[0]
        raise DataError(
            f"{path}: event {first + 1} of {len(events)} ({events['label'].iloc[first]!r}) is at "
            f"{onset[first]:g} s, outside the recording of {seconds:g} s ({len(outside)} such). "
            "The recording is cut short, or the events belong to another one. Replace the file, "
            "or leave the run out."
        )


def _check_once(table: pd.DataFrame, path: Path) -> None:
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise DataError(
            f"{path}: two columns are called {twice[0]!r}, by events: columns of the card or in "
            "the file. Give one of them another name in the card."
        )


def _is_bad(label: str) -> bool:
    return label.lower().startswith(_BAD)


def _annotated(raw: "mne.io.BaseRaw") -> pd.DataFrame:
    found = raw.annotations
    # Annotations with a date count from the start of the measurement, which may lie before the
    # first stored sample; those without one count from that sample.
    shift = 0.0
    if found.orig_time is not None:
        shift = (found.orig_time - raw.info["meas_date"]).total_seconds() - raw.first_time
    return pd.DataFrame(
        {
            "onset": found.onset + shift,
            "duration": found.duration,
            "label": [str(label) for label in found.description],
        }
    )


def _of_triggers(
    triggers: np.ndarray, first_samp: int, sfreq: float, spec: EventsSpec
) -> pd.DataFrame:
    events = pd.DataFrame(
        {
            "onset": (triggers[:, 0] - first_samp) / sfreq,
            "duration": np.zeros(len(triggers)),
            "label": [str(code) for code in triggers[:, 2]],
        }
    )
    return timed(events, spec)


def _seconds(values: Any, name: str, path: Path) -> np.ndarray:
    numbers = np.asarray(pd.to_numeric(values, errors="coerce"), dtype=np.float64)
    wrong = np.flatnonzero(np.isnan(numbers))
    if len(wrong):
        raise DataError(
            f"{path}: {name} of event {wrong[0] + 1} is {values.iloc[wrong[0]]!r}, not a number of "
            "seconds. Correct the file."
        )
    return numbers
