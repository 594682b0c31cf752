"""Windows of one length at every hop through a recording, and which event names each."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.data.prepared import Prepared
from neurodecode.data.tasks import LabelRule, Ties, WindowsSpec

_NONE = -1


@dataclass(frozen=True, eq=False)
class Spans:
    """Stretches of a recording in samples, ascending by where they begin.

    Parameters
    ----------
    first, stop : ndarray of int, shape (n_spans,)
        First sample of each, and the one after its last.
    """

    first: np.ndarray
    stop: np.ndarray

    @staticmethod
    def of(onset: np.ndarray, duration: np.ndarray, tmin: float, sfreq: float) -> "Spans":
        """Spans of events, onset and duration in seconds, in a signal that begins at `tmin`."""
        first, stop = (np.round((t - tmin) * sfreq) for t in (onset, onset + duration))
        return Spans(first.astype(np.int64), stop.astype(np.int64))

    def owner(self, n_times: int) -> np.ndarray:
        """Position of the span that each sample lies in, the one that began last; -1: in none."""
        owner = np.full(n_times, _NONE)
        for i, (a, b) in enumerate(zip(self.first, self.stop, strict=True)):
            owner[max(a, 0) : max(b, 0)] = i
        return owner


@dataclass(frozen=True, eq=False)
class Named:
    """What names each window.

    Parameters
    ----------
    event : ndarray of int, shape (n_windows,)
        Position of the event; -1 where no event names the window.
    begun : ndarray of int, shape (n_windows,)
        Position of the last event that began at or before the window's last sample; -1: none.
    rests : ndarray of bool, shape (n_windows,)
        Whether a window that no event names is one of rest.
    purity : ndarray, shape (n_windows,)
        Share of the window's samples that have its label.
    trial : ndarray of int, shape (n_windows,)
        Position of the event that the window belongs to, ascending: the one that names it, else the
        next one, so that what leads to a trial never parts from it; after the last one, the last.
    """

    event: np.ndarray
    begun: np.ndarray
    rests: np.ndarray
    purity: np.ndarray
    trial: np.ndarray

    def take(self, keep: np.ndarray) -> "Named":
        """Give those of some windows."""
        return Named(*(getattr(self, name)[keep] for name in vars(self)))


def window_starts(n_times: int, n_window: int, hop: float, sfreq: float) -> np.ndarray:
    """First samples of the windows that lie wholly within a recording.

    Parameters
    ----------
    n_times, n_window : int
        Samples of the recording and of a window.
    hop : float
        Seconds; each start is rounded by itself, so that a hop of no whole number of samples does
        not drift.
    sfreq : float
        Hz.

    Returns
    -------
    starts : ndarray of int64, ascending
    """
    last = n_times - n_window
    if last < 0:
        return np.zeros(0, dtype=np.int64)
    n_windows = int(np.floor(last / (hop * sfreq) + 1e-9)) + 1
    starts = np.round(np.arange(n_windows) * hop * sfreq).astype(np.int64)
    return starts[starts <= last]


def window_start(index: int, hop: float, sfreq: float) -> int:
    """First sample of the window of this number, as `window_starts` has it."""
    return int(np.round(index * hop * sfreq))


def naming_events(
    starts: np.ndarray,
    n_window: int,
    events: Spans,
    labels: np.ndarray,
    label_rule: LabelRule,
    rest: Spans | None = None,
    ties: Ties = "label",
) -> Named:
    """Say which event names each window.

    Parameters
    ----------
    starts : ndarray of int, shape (n_windows,)
        First sample of each window, ascending.
    n_window : int
        Samples of a window.
    events : Spans
    labels : ndarray of object, shape (n_events,)
    label_rule : {"last_sample", "majority"}
        The event at the window's last sample; or, of the labels, of rest and of neither, what most
        samples have; of two labels of which there are as many, the one that comes first in the
        window (moabb's rule).
    rest : Spans or None
        Where samples of no event are rest; None: everywhere.
    ties : {"label", "rest"}
        What goes before the other, where there are as many samples of a label as of rest.

    Returns
    -------
    named : Named
    """
    n_times = int(starts[-1]) + n_window if len(starts) else 0
    last = starts + n_window - 1
    begun = np.searchsorted(events.first, last, side="right") - 1
    owner = events.owner(n_times)
    codes, names = pd.factorize(labels)
    resting, neither = len(names), len(names) + 1
    free = resting
    if rest is not None:
        free = np.where(rest.owner(n_times) >= 0, resting, neither)
    of_sample = np.where(owner >= 0, np.append(codes, 0)[owner], free)
    counts = _counts(of_sample, neither + 1, starts, n_window)
    if label_rule == "last_sample":
        code = of_sample[last]
        event = owner[last]
    else:
        tied = counts == counts.max(axis=1, keepdims=True)
        labelled, others = tied[:, :resting], tied[:, resting:]  # views
        first, later = (labelled, others) if ties == "label" else (others, labelled)
        later &= ~first.any(axis=1, keepdims=True)
        code = _earliest(tied, of_sample, starts, n_window)
        event = np.full(len(starts), _NONE)
        for i in np.flatnonzero(code < resting):
            inside = slice(starts[i], starts[i] + n_window)
            event[i] = owner[inside][of_sample[inside] == code[i]][-1]
    within = owner[last]
    following = np.minimum(begun + 1, max(len(labels) - 1, 0))
    trial = np.where(event >= 0, event, np.where(within >= 0, within, following))
    return Named(
        event,
        begun,
        code == resting,
        counts[np.arange(len(starts)), code] / n_window,
        np.maximum.accumulate(trial),
    )


def _counts(of_sample: np.ndarray, n_codes: int, starts: np.ndarray, n_window: int) -> np.ndarray:
    """Count samples of each code in each window, shape (n_windows, n_codes)."""
    counts = np.zeros((len(starts), n_codes), dtype=np.int64)
    for code in range(n_codes):
        so_far = np.append(0, np.cumsum(of_sample == code))
        counts[:, code] = so_far[starts + n_window] - so_far[starts]
    return counts


def _earliest(
    tied: np.ndarray, of_sample: np.ndarray, starts: np.ndarray, n_window: int
) -> np.ndarray:
    """Of the codes that are as good, the one that comes first in each window."""
    most = tied.argmax(axis=1)
    for i in np.flatnonzero(tied.sum(axis=1) > 1):
        inside = of_sample[starts[i] : starts[i] + n_window]
        most[i] = next(code for code in inside if tied[i, code])
    return most


def slide(
    one: Prepared,
    onset: np.ndarray,
    duration: np.ndarray,
    labels: np.ndarray,
    spec: WindowsSpec,
    column: str,
) -> tuple[np.ndarray, int, Named]:
    """Lay windows over a recording.

    Parameters
    ----------
    one : Prepared
    onset, duration : ndarray, shape (n_events,)
        Seconds, of the events that have one of the task's labels; onsets ascend.
    labels : ndarray of object, shape (n_events,)
    spec : WindowsSpec
        With `length` and `hop`.
    column : str
        The labels' column, in which `spec.rest` names events too.

    Returns
    -------
    at : ndarray of int64, shape (n_windows,)
        First sample of each window.
    n_window : int
        Samples of a window.
    named : Named

    Raises
    ------
    ConfigError
        If a window has no sample, or the events have no extent that could name one.
    """
    signal = one.signal
    assert signal.sfreq is not None and signal.n_times is not None  # it is continuous
    assert spec.length is not None and spec.hop is not None  # the caller chose by them
    n_window = round(spec.length * signal.sfreq)
    if n_window < 1 or spec.hop * signal.sfreq < 1:
        raise ConfigError(
            f"windows: length {spec.length:g} s and hop {spec.hop:g} s are less than a sample at "
            f"{signal.sfreq:g} Hz. Give longer ones."
        )
    if len(duration) and not np.any(duration > 0):
        raise ConfigError(
            f"windows: the events of {one.recording.id} have no duration, so none of them covers "
            "a window. Say in the card how long a task lasts: events: {duration: SECONDS}."
        )
    at = window_starts(signal.n_times, n_window, spec.hop, signal.sfreq)
    events = Spans.of(onset, duration, signal.tmin, signal.sfreq)
    rest = None
    if spec.rest:
        resting = np.isin(signal.events[column].astype(str), spec.rest)
        begins, lasts = (
            signal.events[name].to_numpy(dtype=np.float64)[resting]
            for name in ("onset", "duration")
        )
        rest = Spans.of(begins, lasts, signal.tmin, signal.sfreq)
    named = naming_events(at, n_window, events, labels, spec.label_rule, rest, spec.ties)
    return at, n_window, named
