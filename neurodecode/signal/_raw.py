"""A signal as mne's Raw, and the space of a Raw: the one place where they meet."""

from dataclasses import replace

import mne
import numpy as np

from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.signal._contract import need_channels_over_time


def as_raw(signal: Signal, data: np.ndarray, name: str) -> mne.io.RawArray:
    """Give a RawArray with the channels of a signal, their types and places.

    Parameters
    ----------
    signal : Signal
        What the channels are; its own data are not looked at.
    data : ndarray, shape (n_channels, n_times)
        SI units; copied.
    name : str
        The preparation that asks, for messages.

    Raises
    ------
    DataError
        If the signal is not continuous, has bands, or does not say what its channels are.
    """
    sfreq, space = need_channels_over_time(signal, name), signal.space
    # create_info's annotation is that of its default, one type for all.
    info = mne.create_info(list(space.names), sfreq, list(space.types))  # pyright: ignore[reportArgumentType]
    raw = mne.io.RawArray(np.array(data), info, verbose="ERROR")
    for i, channel in enumerate(raw.info["chs"]):
        if space.positions is not None:
            channel["loc"][:3] = space.positions[i]
        if space.normals is not None:
            channel["loc"][9:12] = space.normals[i]
    return raw


def space_of_raw(raw: mne.io.BaseRaw, signal: Signal) -> Space:
    """Give the space of the channels of a Raw that was made of a signal."""
    places = np.array([channel["loc"] for channel in raw.info["chs"]])
    places[~places[:, :3].any(axis=1), :3] = np.nan  # mne writes zeros where it knows nothing
    old = signal.space
    return replace(
        old,
        names=tuple(raw.ch_names),
        types=tuple(raw.get_channel_types()),
        positions=None if old.positions is None else places[:, :3],
        normals=None if old.normals is None else places[:, 9:12],
    )
