"""Where trials lie in a prepared signal: around events, within epochs, sliding, or as entries."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.data._choice import Choice
from neurodecode.data._sliding import Named, slide
from neurodecode.data._windows import places_in_epochs, window_places
from neurodecode.data.prepared import Prepared
from neurodecode.data.tasks import WindowsSpec


@dataclass(frozen=True, eq=False)
class Places:
    """Where each trial of one recording lies.

    Parameters
    ----------
    at : ndarray of int64, shape (n_trials,)
        First sample of the window, or the entry of axis 0.
    length : ndarray of int32, shape (n_trials,)
        Samples of the window; -1 for entries.
    entry : ndarray of int64, shape (n_trials,)
        The entry of the recording's tracks, where those have one a trial.
    start, stop : ndarray, shape (n_trials,)
        Seconds from the recording's start.
    inside : ndarray of bool, shape (n_trials,)
        Whether the window lies within the recording.
    tmin : float or None
        Seconds from the onset to the window's first sample, where all trials have the same.
    """

    at: np.ndarray
    length: np.ndarray
    entry: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    inside: np.ndarray
    tmin: float | None = None


def place(
    one: Prepared,
    choice: Choice,
    windows: WindowsSpec | None,
    column: str,
    ignored: Counter[str],
) -> tuple[Choice, Places]:
    """Place the trials of one recording; windows that slide are other trials than its events.

    Parameters
    ----------
    one : Prepared
    choice : Choice
    windows : WindowsSpec or None
    column : str
        The labels' column.
    ignored : Counter
        Takes what is left out, by reason.

    Raises
    ------
    ConfigError
        If the recording cannot have such windows.
    """
    if one.signal.continuous and windows is not None and windows.length is not None:
        return _slid(one, choice, windows, column, ignored)
    onset, duration = (
        np.asarray(choice.columns[name], dtype=np.float64) for name in ("onset", "duration")
    )
    if one.signal.continuous:
        return choice, _around_events(one, choice, onset, duration, windows)
    if one.signal.entries:
        return choice, _in_epochs(one, choice, onset, windows)
    return choice, _as_entries(one, choice, onset, duration, windows)


def _around_events(
    one: Prepared,
    choice: Choice,
    onset: np.ndarray,
    duration: np.ndarray,
    windows: WindowsSpec | None,
) -> Places:
    sfreq = one.signal.sfreq
    assert sfreq is not None  # it is continuous
    at, length, inside = window_places(one, onset, duration, windows)
    start = one.signal.tmin + at / sfreq
    tmin = None
    if windows is not None and windows.tmin is not None:
        tmin = round(windows.tmin * sfreq) / sfreq
    return Places(at, length, choice.entry, start, start + length / sfreq, inside, tmin)


def _in_epochs(
    one: Prepared, choice: Choice, onset: np.ndarray, windows: WindowsSpec | None
) -> Places:
    sfreq = one.signal.sfreq
    assert sfreq is not None  # a reader of epochs gives it
    entry = choice.entry.astype(np.int64)
    at, length, offset = places_in_epochs(one, entry, windows)
    tmin = one.signal.tmin + offset / sfreq
    start = onset + tmin
    inside = np.ones(len(at), dtype=bool)
    return Places(at, length, entry, start, start + length / sfreq, inside, tmin)


def _as_entries(
    one: Prepared,
    choice: Choice,
    onset: np.ndarray,
    duration: np.ndarray,
    windows: WindowsSpec | None,
) -> Places:
    if windows is not None:
        raise ConfigError(
            "windows: these recordings hold entries (volumes, blocks), each a trial as it is. "
            "Remove windows; to move volumes in time there is the preparation shift."
        )
    signal = one.signal
    assert signal.n_times is not None  # a header says it
    if signal.sfreq is None:
        at = choice.entry.astype(np.int64)
    else:
        at = np.round((onset - signal.tmin) * signal.sfreq).astype(np.int64)
    length = np.full(len(at), -1, dtype=np.int32)
    return Places(at, length, at, onset, onset + duration, (at >= 0) & (at < signal.n_times))


def _slid(
    one: Prepared, choice: Choice, windows: WindowsSpec, column: str, ignored: Counter[str]
) -> tuple[Choice, Places]:
    """Give windows of one length in place of events: each has the columns of what names it.

    Windows of one event share its label and the noise of the moment, so they are a block, unless
    the events have blocks of their own; so are those between two events. Three columns are theirs
    alone: ``purity``, the share of the window that has its label; ``trial_index``, the event that
    it belongs to (see `Named`); ``trial_stop``, when that ends, in seconds, and its labels are no
    secret any more: never, after the last one.
    """
    sfreq = one.signal.sfreq
    assert sfreq is not None and windows.length is not None  # the caller asked
    events = choice.columns
    at, n_window, found = slide(
        one,
        np.asarray(events["onset"], dtype=np.float64),
        np.asarray(events["duration"], dtype=np.float64),
        events[column],
        windows,
        column,
    )
    has_name = found.event >= 0
    if windows.otherwise:
        has_name |= found.rests
    ignored["windows that no event names"] += int((~has_name).sum())
    at, found = at[has_name], found.take(has_name)
    named, begun = found.event, found.begun
    start = one.signal.tmin + at / sfreq
    stop = start + n_window / sfreq
    columns = {name: _of_named(values, named) for name, values in events.items()}
    columns[column] = _with_last(events[column], windows.otherwise or None)[named]
    columns["onset"] = start
    columns["duration"] = np.full(len(at), windows.length)
    columns["position"] = np.arange(len(at), dtype=np.int32)
    columns["block"] = _blocks(events.get("block"), named, begun)
    columns["purity"] = found.purity
    columns["trial_index"] = found.trial
    columns["trial_stop"] = _trial_stops(events, found, stop)
    # The event before the one that names a window; before an unnamed one, the last that began.
    before = _with_last(choice.previous, None)[named]
    previous = np.where(named >= 0, before, _with_last(events[column], None)[begun])
    entry = np.zeros(len(at), dtype=np.int64)
    length = np.full(len(at), n_window, dtype=np.int32)
    return (
        Choice(columns, entry, previous, choice.seen),
        Places(at, length, entry, start, stop, np.ones(len(at), dtype=bool)),
    )


def _trial_stops(events: Mapping[str, np.ndarray], found: Named, stop: np.ndarray) -> np.ndarray:
    """Seconds at which the event that each window belongs to ends; infinite after the last one."""
    ends = np.asarray(events["onset"] + events["duration"], dtype=np.float64)
    if len(ends) == 0:
        return np.full(len(stop), np.inf)
    after = (found.event < 0) & (stop > ends[found.trial] + 1e-9)
    return np.where(after, np.inf, ends[found.trial])


def _blocks(of_events: np.ndarray | None, named: np.ndarray, begun: np.ndarray) -> np.ndarray:
    """Block of each window: that of its event, else the event itself, else what it comes after."""
    n_events = int(named.max(initial=-1)) + 1
    own = np.full(n_events, None, dtype=object) if of_events is None else of_events[:n_events]
    none = pd.Series(own, dtype=object).isna().to_numpy()
    names = [f"event {i}" if none[i] else str(own[i]) for i in range(n_events)]
    return np.array(
        [
            names[i] if i >= 0 else f"after event {before}" if before >= 0 else "before all events"
            for i, before in zip(named, begun, strict=True)
        ],
        dtype=object,
    )


def _of_named(values: np.ndarray, named: np.ndarray) -> np.ndarray:
    """Column of the events that name windows; missing where none does."""
    if (named >= 0).all():
        return values[named]
    if values.dtype == object:
        return _with_last(values, None)[named]
    return np.append(values.astype(np.float64), np.nan)[named]


def _with_last(values: np.ndarray, last: object) -> np.ndarray:
    """Give text with one more entry, which position -1 finds."""
    return np.append(values, np.array([last], dtype=object))
