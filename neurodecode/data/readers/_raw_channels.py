"""Channels of an opened `mne.io.Raw`, as a card and a modality want them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.data.cards import ChannelsSpec
from neurodecode.data.readers.files import DATA_TYPES

if TYPE_CHECKING:
    import mne

FACTORS = {"V": 1.0, "mV": 1e-3, "uV": 1e-6, "nV": 1e-9}
_SHOWN = 8


def set_types(raw: "mne.io.BaseRaw", types: Mapping[str, str], where: str | Path) -> None:
    """Give channels the types that the card says.

    Raises
    ------
    DataError
        If there is no such channel.
    ConfigError
        If there is no such type.
    """
    absent = sorted(set(types) - set(raw.ch_names))
    if absent:
        raise DataError(
            f"{where}: channels.types of the card names {', '.join(absent)}; the file has: "
            f"{', '.join(raw.ch_names[:40])}."
        )
    if not types:
        return
    try:
        raw.set_channel_types(dict(types), verbose="error")
    except ValueError as error:
        raise ConfigError(f"{where}: channels.types of the card: {error}") from error


def good_channels(
    raw: "mne.io.BaseRaw", modality: str, channels: ChannelsSpec, where: str | Path
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Give the positions of a modality's channels without the bad ones, and a note on those.

    Raises
    ------
    DataError
        If none is left, or not as many as the card says, or the rate is not the card's.
    """
    sfreq = float(raw.info["sfreq"])
    if channels.sfreq is not None and abs(sfreq - channels.sfreq) > 1e-3:
        raise DataError(
            f"{where}: sampled at {sfreq:g} Hz, the card says {channels.sfreq:g} Hz. Leave this "
            "recording out, or remove sfreq from the card's channels and resample."
        )
    types, wanted = raw.get_channel_types(), DATA_TYPES[modality]
    data = [i for i, kind in enumerate(types) if kind in wanted]
    bad = [raw.ch_names[i] for i in data if raw.ch_names[i] in raw.info["bads"]]
    good = [i for i in data if raw.ch_names[i] not in bad]
    if not good:
        counts = ", ".join(f"{types.count(t)} {t}" for t in dict.fromkeys(types))
        raise DataError(
            f"{where}: no {modality} channel is left of {counts}, {len(bad)} of them marked bad. "
            "Correct their types and status."
        )
    if channels.n is not None and len(good) != channels.n:
        raise DataError(
            f"{where}: {len(good)} good {modality} channels, the card says {channels.n}. Correct "
            "the types, or leave this recording out."
        )
    if not bad:
        return np.array(good), ()
    more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    listed = ", ".join(bad[:_SHOWN]) + more
    note = f"{len(bad)} of {len(data)} channels marked bad are left out: {listed}"
    return np.array(good), (note,)
