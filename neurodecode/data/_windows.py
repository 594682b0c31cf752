"""Where windows lie in a prepared signal, and which of them are not to be used."""

from collections import Counter

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError
from neurodecode.data.prepared import Prepared
from neurodecode.data.tasks import WindowsSpec
from neurodecode.signal.windows import outside_recording, peak_to_peak, window_samples

_TITLES = {"eeg": "EEG", "eog": "EOG", "seeg": "SEEG", "ecog": "ECoG", "dbs": "DBS"} | {
    "mag": "magnetometer",
    "grad": "gradiometer",
}
_SCALES = {"V": (1e6, "µV"), "T": (1e15, "fT"), "T/m": (1e13, "fT/cm")}
_UNITS = {"mag": "T", "grad": "T/m"}
_BAD = "bad"  # what mne's annotations begin with where the signal is not to be used


def window_places(
    one: Prepared, onset: np.ndarray, duration: np.ndarray, windows: WindowsSpec | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give first samples and lengths in samples, and a mask of windows inside the recording.

    Parameters
    ----------
    one : Prepared
        Continuous.
    onset, duration : ndarray, shape (n_events,)
        Seconds.
    windows : WindowsSpec or None
        Around events, or from an event's onset to its end.
    """
    if windows is None:
        raise ConfigError("windows: give tmin and tmax, in seconds from the event's onset.")
    signal = one.signal
    assert signal.sfreq is not None and signal.n_times is not None  # it is continuous
    if windows.span:
        at, _ = window_samples(onset, 0.0, 0.0, signal.sfreq, signal.tmin)
        length = np.round(np.nan_to_num(duration) * signal.sfreq).astype(np.int32)
        return at, length, ~outside_recording(at, length, signal.n_times) & (length > 0)
    assert windows.tmin is not None and windows.tmax is not None  # the third form slides
    at, n_samples = window_samples(onset, windows.tmin, windows.tmax, signal.sfreq, signal.tmin)
    length = np.full(len(at), n_samples, dtype=np.int32)
    return at, length, ~outside_recording(at, length, signal.n_times)


def places_in_epochs(
    one: Prepared, entry: np.ndarray, windows: WindowsSpec | None
) -> tuple[np.ndarray, np.ndarray, int]:
    """Give first samples and lengths of windows into epochs that lie one after the other.

    Parameters
    ----------
    one : Prepared
        Epochs.
    entry : ndarray of int, shape (n_trials,)
        Number of each trial's epoch.
    windows : WindowsSpec or None
        A piece of each epoch; None for the whole.

    Returns
    -------
    at, length : ndarray, shape (n_trials,)
    offset : int
        Sample of the epoch at which the window begins.

    Raises
    ------
    ConfigError
        If the window is not within the epoch, or not one around events.
    """
    signal = one.signal
    n_times, sfreq = signal.n_times, signal.sfreq
    assert n_times is not None and sfreq is not None  # a reader of epochs gives both
    offset, n_samples = 0, n_times
    if windows is not None:
        if windows.tmin is None or windows.tmax is None:
            raise ConfigError(
                "windows: these are epochs, already cut. Give tmin and tmax within them, or none."
            )
        first, n_samples = window_samples(
            np.zeros(1), windows.tmin, windows.tmax, sfreq, signal.tmin
        )
        offset = int(first[0])
        if outside_recording(first, n_samples, n_times)[0]:
            end = signal.tmin + (n_times - 1) / sfreq
            raise ConfigError(
                f"windows: {windows.tmin:g} to {windows.tmax:g} s is not within the epochs of "
                f"{one.recording.id}, which last from {signal.tmin:g} to {end:g} s."
            )
    length = np.full(len(entry), n_samples, dtype=np.int32)
    return entry.astype(np.int64) * n_times + offset, length, offset


def not_marked_bad(
    events: pd.DataFrame,
    start: np.ndarray,
    stop: np.ndarray,
    ignored: Counter[str],
    keep: np.ndarray,
) -> np.ndarray:
    """Give a mask of windows that no annotation named ``bad…`` touches, as in `mne.Epochs`."""
    marked = events[events["label"].str.lower().str.startswith(_BAD)]
    good = np.ones(len(start), dtype=bool)
    for onset, duration in zip(marked["onset"], marked["duration"], strict=True):
        good &= (stop <= onset) | (start >= onset + duration)
    ignored["marked bad in the file"] += int((keep & ~good).sum())
    return good


def not_rejected(
    one: Prepared,
    at: np.ndarray,
    length: np.ndarray,
    windows: WindowsSpec | None,
    ignored: Counter[str],
    keep: np.ndarray,
) -> np.ndarray:
    """Give a mask of windows within the limits of peak-to-peak amplitude; only `keep` is read."""
    good = np.ones(len(at), dtype=bool)
    limits = windows.reject if windows else {}
    if not limits:
        return good
    if one.part is None:
        ignored["kept until prepared: peak-to-peak not judged yet"] += int(keep.sum())
        return good
    for kind in limits:
        if kind not in one.signal.space.types:
            raise ConfigError(
                f"windows.reject: {one.recording.id} has no channel of type {kind!r}."
                f"{nearest(kind, set(one.signal.space.types))}"
            )
    types = np.array(one.signal.space.types)
    data = one.part.open()
    for i in np.flatnonzero(keep):
        # (n_channels,), the widest of all bands where there are several
        size = (
            peak_to_peak(data[..., at[i] : at[i] + length[i]]).reshape(-1, len(types)).max(axis=0)
        )
        for kind, limit in limits.items():
            if size[types == kind].max() > limit:
                good[i] = False
                ignored[f"{_title(kind)} peak-to-peak over {_amount(kind, limit)}"] += 1
                break
    return good


def _title(kind: str) -> str:
    return _TITLES.get(kind, kind)


def _amount(kind: str, limit: float) -> str:
    factor, unit = _SCALES[_UNITS.get(kind, "V")]
    return f"{limit * factor:g} {unit}"
