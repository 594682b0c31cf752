"""From events in seconds to windows in samples, as mne's Epochs counts them."""

import numpy as np

from neurodecode.core.errors import ConfigError


def window_samples(
    onset: np.ndarray, tmin: float, tmax: float, sfreq: float, first_time: float = 0.0
) -> tuple[np.ndarray, int]:
    """Give the first sample of each event's window, and the length that all share.

    The rounding is that of ``mne.Epochs(raw, events, tmin=tmin, tmax=tmax)`` on events from
    ``mne.events_from_annotations``: onsets count in whole microseconds; onset, `tmin` and `tmax`
    are each rounded to a sample (halves to the even one); both ends belong to the window. 0.5 to
    2.5 s at 160 Hz is 321 samples.

    Parameters
    ----------
    onset : ndarray, shape (n_events,)
        Seconds from the recording's start.
    tmin, tmax : float
        The window's ends, in seconds from the onset.
    sfreq : float
        Hz.
    first_time : float
        Seconds from the recording's start to sample 0 (`Signal.tmin`).

    Returns
    -------
    start : ndarray of int64, shape (n_events,)
        Index of each window's first sample; negative where it lies before sample 0.
    n_samples : int

    Raises
    ------
    ConfigError
        If `tmax` is before `tmin`, or an onset is not finite.
    """
    if not tmin <= tmax:
        raise ConfigError(f"windows: tmax {tmax:g} s is before tmin {tmin:g} s. Swap them.")
    onset = np.asarray(onset, dtype=np.float64)
    if not np.isfinite(onset).all():
        raise ConfigError(
            f"windows: event {np.flatnonzero(~np.isfinite(onset))[0]} has no onset. "
            "Give one in seconds, or leave the event out."
        )
    first = int(np.round(tmin * sfreq))
    # Annotations in mne pass through timedelta: a table's 0.05 s with noise in its last digit, 12.5
    # samples at 250 Hz, would else round the other way.
    onset = np.round(onset, 6)
    start = np.round((onset - first_time) * sfreq).astype(np.int64) + first
    return start, int(np.round(tmax * sfreq)) - first + 1


def outside_recording(start: np.ndarray, n_samples: int | np.ndarray, n_times: int) -> np.ndarray:
    """Say which windows do not lie wholly within a recording of `n_times` samples.

    Parameters
    ----------
    start : ndarray of int, shape (n_windows,)
    n_samples : int or ndarray of int, shape (n_windows,)
        Length of each window.
    n_times : int

    Returns
    -------
    outside : ndarray of bool, shape (n_windows,)
    """
    start = np.asarray(start)
    return (start < 0) | (start + n_samples > n_times)


def peak_to_peak(data: np.ndarray) -> np.ndarray:
    """Give the range of each channel within each window: what rejection is judged by.

    Parameters
    ----------
    data : ndarray, shape (..., n_channels, n_times)

    Returns
    -------
    range : ndarray, shape (..., n_channels)
        In the unit of the data.
    """
    return np.ptp(data, axis=-1)
