"""Events of a recording, from its annotations, its stim channel, or a file beside it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import DataError, DataMissing
from neurodecode.data.cards import EventsSpec

if TYPE_CHECKING:
    import mne

_LABEL_COLUMNS = ("label", "trial_type")
_TOLERANCE = 1e-6  # seconds: times in tables are rounded decimals


def from_raw(raw: "mne.io.BaseRaw", spec: EventsSpec, path: Path) -> pd.DataFrame:
    """Events that the recording itself holds: onset and duration in seconds, label as text."""
    import mne

    if spec.source == "annotations":
        found = raw.annotations
        # Annotations with a date count from the start of the measurement, which may lie before
        # the first stored sample; those without one count from that sample.
        shift = 0.0
        if found.orig_time is not None:
            shift = (found.orig_time - raw.info["meas_date"]).total_seconds() - raw.first_time
        events = pd.DataFrame(
            {
                "onset": found.onset + shift,
                "duration": found.duration,
                "label": [str(label) for label in found.description],
            }
        )
        extras = pd.DataFrame([dict(extra or {}) for extra in getattr(found, "extras", [])])
        return pd.concat([events, extras], axis=1) if len(extras.columns) else events
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


def from_file(path: Path, spec: EventsSpec, first_samp: int, sfreq: float) -> pd.DataFrame:
    """Events of a table (onset, duration, label or trial_type), or of mne's ``-eve.fif``.

    Raises
    ------
    DataMissing
        If there is no such file.
    DataError
        If a column is missing or not numbers.
    """
    if not path.is_file():
        raise DataMissing(f"{path}: the events file is missing. Fetch it, or leave the run out.")
    if path.name.endswith((".fif", ".fif.gz", ".eve")):
        import mne

        return _of_triggers(mne.read_events(path, verbose="error"), first_samp, sfreq, spec)
    return read_table(path, spec)


def read_table(path: Path, spec: EventsSpec) -> pd.DataFrame:
    """Read a table of events; columns that are not ours ride along."""
    separator = "," if ".csv" in path.suffixes else "\t"
    table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
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
    events = table.rename(columns={theirs: ours for ours, theirs in wanted.items()})
    if "duration" not in events:
        events["duration"] = spec.duration
    for column in ("onset", "duration"):
        numbers = np.asarray(pd.to_numeric(events[column], errors="coerce"), dtype=np.float64)
        wrong = np.flatnonzero(np.isnan(numbers))
        if column == "duration":  # BIDS writes n/a for an event without extent
            numbers = np.where(np.isnan(numbers), spec.duration, numbers)
        elif len(wrong):
            raise DataError(
                f"{path}: {column} of event {wrong[0] + 1} is {events[column].iloc[wrong[0]]!r}, "
                "not a number of seconds. Correct the file."
            )
        events[column] = numbers
    return events.sort_values("onset", kind="stable", ignore_index=True)


def renamed(events: pd.DataFrame, spec: EventsSpec) -> pd.DataFrame:
    """Give labels the names that the card has for them."""
    return events.assign(label=[spec.codes.get(label, label) for label in events["label"]])


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


def _of_triggers(
    triggers: np.ndarray, first_samp: int, sfreq: float, spec: EventsSpec
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "onset": (triggers[:, 0] - first_samp) / sfreq,
            "duration": np.full(len(triggers), spec.duration),
            "label": [str(code) for code in triggers[:, 2]],
        }
    )
