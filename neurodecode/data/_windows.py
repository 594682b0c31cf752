"""Where windows lie in a prepared signal, and which of them are not to be used."""

from collections import Counter

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError
from neurodecode.data.cards import WindowsSpec
from neurodecode.data.prepared import Prepared
from neurodecode.signal.windows import outside_recording, peak_to_peak, window_samples

_TITLES = {"eeg": "EEG", "eog": "EOG", "seeg": "SEEG", "ecog": "ECoG", "dbs": "DBS"} | {
    "mag": "magnetometer",
    "grad": "gradiometer",
}
_SCALES = {"V": (1e6, "µV"), "T": (1e15, "fT"), "T/m": (1e13, "fT/cm")}
_UNITS = {"mag": "T", "grad": "T/m"}
_BAD = "bad"  # what mne's annotations begin with where the signal is not to be used


def window_places(
    one: Prepared, onset: np.ndarray, windows: WindowsSpec | None
) -> tuple[np.ndarray, int, np.ndarray]:
    """Give first samples, the length in samples, and a mask of windows inside the recording."""
    if windows is None:
        raise ConfigError("windows: give tmin and tmax, in seconds from the event's onset.")
    if windows.tmin is None or windows.tmax is None:
        raise ConfigError(
            "windows: length and hop are for sliding windows, which are not cut around events. "
            "Give tmin and tmax."
        )
    signal = one.signal
    assert signal.sfreq is not None and signal.n_times is not None  # it is continuous
    at, n_samples = window_samples(onset, windows.tmin, windows.tmax, signal.sfreq, signal.tmin)
    return at, n_samples, ~outside_recording(at, n_samples, signal.n_times)


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
    n_samples: int,
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
        size = peak_to_peak(data[:, at[i] : at[i] + n_samples])
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
