"""From a recording or epochs that mne has opened to a `Signal` of the channels that are wanted."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.core.space import NO_UNIT, Space
from neurodecode.data.readers._guard import guarded
from neurodecode.data.specs import ChannelsSpec, EventsSpec

if TYPE_CHECKING:
    import mne

DATA_TYPES = {
    "eeg": ("eeg",),
    "meg": ("mag", "grad"),
    "ieeg": ("seeg", "ecog", "dbs"),
    "fnirs": ("hbo", "hbr", "fnirs_cw_amplitude", "fnirs_od"),
}
# Channels that are no data, and help to clean those that are.
ALSO = ("eog", "ecg", "emg", "bio", "resp", "ref_meg")
FACTORS = {"": 1.0, "V": 1.0, "mV": 1e-3, "uV": 1e-6, "µV": 1e-6, "nV": 1e-9, NO_UNIT: 1.0}
_UNITS = dict.fromkeys(
    ("eeg", "seeg", "ecog", "dbs", "eog", "ecg", "emg", "bio", "fnirs_cw_amplitude"), "V"
) | {"mag": "T", "ref_meg": "T", "grad": "T/m", "hbo": "mol/L", "hbr": "mol/L"}
# mne 1.13 renamed these; either name is read with either version.
_MONTAGES = {"standard_1005": "colin27_1005", "standard_1020": "colin27_1020"}
_MONTAGES |= {new: old for old, new in _MONTAGES.items()}
_INTERPOLATED = ("eeg", "mag", "grad")
_SHOWN = 8


def signal_of(
    inst: "mne.io.BaseRaw | mne.BaseEpochs",
    events: pd.DataFrame,
    *,
    path: Path,
    modality: str,
    channels: ChannelsSpec,
    spec: EventsSpec,
    recording: str = "",
    montage: str = "",
    also: tuple[str, ...] = (),
    with_data: bool = True,
) -> Signal:
    """Give the signal of an opened recording, or of epochs.

    Parameters
    ----------
    inst : mne.io.BaseRaw or mne.BaseEpochs
        Types, places and bad channels are set in it as the card says.
    events : DataFrame
        ``onset duration label`` and others; of epochs one row an epoch.
    path : Path
        The file, for messages.
    modality : str
        A key of `DATA_TYPES`.
    channels : ChannelsSpec
    spec : EventsSpec
        Its delay moves the origin of epochs, as it has moved `events`.
    recording : str
        Id by which the card may name bad channels.
    montage : str
        One of mne's built-in montages, which gives electrodes their places by name.
    also : tuple of str
        Types of channels that are kept beside the data, after them, such as ``eog``.
    with_data : bool
        Whether samples are read; otherwise a header is given.

    Returns
    -------
    signal : Signal
        data : float64, SI units, shape (n_channels, n_times), of epochs (n_entries, n_channels,
        n_times).

    Raises
    ------
    DataError
        If channels, rate or bad channels are not what the card says, or samples cannot be read.
    ConfigError
        If a type or the montage is not one of mne's.
    """
    import mne

    epochs = isinstance(inst, mne.BaseEpochs)
    sfreq = float(inst.info["sfreq"])
    if channels.sfreq is not None and abs(sfreq - channels.sfreq) > 1e-3:
        raise DataError(
            f"{path}: sampled at {sfreq:g} Hz, the card says {channels.sfreq:g} Hz. Leave this "
            "recording out, or remove sfreq from the card's channels and resample."
        )
    _set_types(inst, path, channels)
    _mark_bads(inst, path, channels.bads_of(recording))
    if montage:
        put = functools.partial(inst.set_montage, match_case=False, on_missing="ignore")
        guarded(path, spec, functools.partial(put, known_montage(montage), verbose="error"))
    chosen = _choose(inst, path, modality, channels, also)
    data = None
    if with_data:
        data = guarded(path, spec, functools.partial(_values, inst, path, chosen))
        volts = [_UNITS.get(chosen.types[i]) == "V" for i in range(len(chosen.picks))]
        if channels.unit not in ("", "V"):
            data *= np.where(volts, FACTORS[channels.unit], 1.0)[:, np.newaxis]
    space = space_of(inst.info, chosen.picks)
    return Signal(
        data=data,
        space=replace(space, unit=NO_UNIT) if channels.unit == NO_UNIT else space,
        axes=("channel", "time"),
        sfreq=sfreq,
        events=events,
        tmin=float(inst.tmin) - spec.delay if epochs else 0.0,
        n_times=len(inst.times),
        rank=len(chosen.picks) - len(chosen.repaired) if chosen.repaired else None,
        entries=epochs,
        notes=chosen.notes,
    )


@dataclass(frozen=True, eq=False)
class _Chosen:
    """Channels that are read: positions, types, those that are interpolated, what to tell."""

    picks: np.ndarray
    types: tuple[str, ...]
    repaired: tuple[str, ...]
    notes: tuple[str, ...]


def _set_types(inst, path: Path, channels: ChannelsSpec) -> None:
    absent = sorted(set(channels.types) - set(inst.ch_names))
    if absent:
        raise DataError(
            f"{path}: channels.types of the card names {', '.join(absent)}; the file has: "
            f"{', '.join(inst.ch_names[:40])}."
        )
    if channels.types:
        try:
            inst.set_channel_types(dict(channels.types), verbose="error")
        except ValueError as error:
            raise ConfigError(f"{path}: channels.types of the card: {error}") from error


def _mark_bads(inst, path: Path, bads: tuple[str, ...]) -> None:
    for name in bads:
        if name not in inst.ch_names:
            raise DataError(
                f"{path}: channels.bads of the card names {name!r}, which is no channel of it."
                f"{nearest(name, inst.ch_names)} Correct the card."
            )
    inst.info["bads"] = list(dict.fromkeys([*inst.info["bads"], *bads]))


def _choose(inst, path: Path, modality: str, channels: ChannelsSpec, also) -> _Chosen:
    types, names = inst.get_channel_types(), inst.ch_names
    wanted = DATA_TYPES[modality]
    data = [i for i, kind in enumerate(types) if kind in wanted]
    bad = [i for i in data if names[i] in inst.info["bads"]]
    kept = data if channels.interpolate else [i for i in data if i not in bad]
    if not set(kept) - set(bad):
        counts = ", ".join(f"{types.count(t)} {t}" for t in dict.fromkeys(types))
        marked = f", {len(bad)} of them marked bad" if bad else ""
        raise DataError(
            f"{path}: no {modality} channel is left of {counts}{marked}. Give channels their types "
            "in the card: channels: {types: {NAME: eeg}}."
        )
    if channels.n is not None and len(data) != channels.n:
        raise DataError(
            f"{path}: {len(data)} {modality} channels, the card says {channels.n}. Correct the "
            "types under channels, or leave this recording out."
        )
    notes = ()
    if bad:
        listed = ", ".join(names[i] for i in bad[:_SHOWN])
        listed += f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        done = "interpolated" if channels.interpolate else "left out, marked bad"
        notes = (f"{len(bad)} of {len(data)} channels {done}: {listed}",)
    for kind in also:
        if kind not in types:
            raise DataError(
                f"{path}: also names {kind}, and no channel is of that type; there are: "
                f"{', '.join(dict.fromkeys(types))}. Correct the card's reader, or give the "
                "channel its type: channels: {types: {NAME: " + kind + "}}."
            )
    beside = [i for i, kind in enumerate(types) if kind in also]
    if channels.interpolate and bad:
        _check_places(inst, path, data, bad)
    picks = np.array([*kept, *beside])
    repaired = tuple(names[i] for i in bad) if channels.interpolate else ()
    return _Chosen(picks, tuple(types[i] for i in picks), repaired, notes)


def _check_places(inst, path: Path, data: list[int], bad: list[int]) -> None:
    """Hold interpolation to what it needs: places of all data channels."""
    types, names = inst.get_channel_types(), inst.ch_names
    other = next((names[i] for i in bad if types[i] not in _INTERPOLATED), None)
    if other is not None:
        raise DataError(
            f"{path}: channel {other} cannot be interpolated; that is for EEG and MEG. Remove "
            "channels.interpolate from the card, so that bad channels are left out."
        )
    lost = [
        names[i] for i in data if types[i] == "eeg" and not _placed(inst.info["chs"][i]["loc"][:3])
    ]
    if lost:
        raise DataError(
            f"{path}: bad channels cannot be interpolated: nothing says where {len(lost)} of "
            f"{len(data)} channels are ({', '.join(lost[:_SHOWN])}). Give the reader a montage, "
            "or remove channels.interpolate from the card, so that bad channels are left out."
        )


def known_montage(name: str) -> str:
    import mne

    known = [str(one) for one in mne.channels.get_builtin_montages()]
    for one in (name, _MONTAGES.get(name, "")):
        if one in known:
            return one
    raise ConfigError(
        f"montage of the card: mne has none called {name!r}.{nearest(name, known)} Name one of "
        "mne.channels.get_builtin_montages()."
    )


def places_by_name(names: Sequence[str], montage: str) -> np.ndarray | None:
    """Give the places of electrodes that a built-in montage knows, in head coordinates.

    Parameters
    ----------
    names : sequence of str
    montage : str
        One of mne's built-in montages.

    Returns
    -------
    positions : ndarray, shape (n, 3), or None
        Metres, NaN for a name that it does not have; None where it has none of them.
    """
    import mne

    info = mne.create_info(list(names), 1.0, "eeg")
    info.set_montage(known_montage(montage), match_case=False, on_missing="ignore", verbose="error")
    return space_of(info, np.arange(len(names))).positions


def _placed(place: np.ndarray) -> bool:
    return bool(np.isfinite(place).all() and place.any())  # mne writes zeros, or NaN, for unknown


def _values(inst, path: Path, chosen: _Chosen) -> np.ndarray:
    import mne

    with mne.utils.use_log_level("warning"):  # below, mne tells what it loads
        if not chosen.repaired:
            return inst.get_data(picks=chosen.picks)
        names = [inst.ch_names[i] for i in chosen.picks]
        inst = inst.copy()
        # Bad channels of other types are no concern of ours, and mne may not know how.
        inst.info["bads"] = list(chosen.repaired)
        try:
            inst.load_data()
            inst.interpolate_bads(reset_bads=True)
        except (ValueError, RuntimeError) as error:
            raise DataError(
                f"{path}: bad channels cannot be interpolated ({error}). Correct the positions, or "
                "remove channels.interpolate from the card, so that bad channels are left out."
            ) from error
        return inst.get_data(picks=names)


def space_of(info: "mne.Info", picks: np.ndarray) -> Space:
    """Give the space of some channels of an mne object.

    Parameters
    ----------
    info : mne.Info
    picks : ndarray of int
        Positions of the channels, in the order wanted.

    Returns
    -------
    space : Space
        Positions in head coordinates, NaN where the file knows none; coil normals for MEG.
    """
    import mne

    kinds = info.get_channel_types()
    types = tuple(kinds[i] for i in picks)
    places = np.array([info["chs"][i]["loc"] for i in picks], dtype=np.float64)
    positions, normals = places[:, :3].copy(), None
    # mne writes zeros where it knows nothing.
    positions[~positions.any(axis=1)] = np.nan
    coils = np.isin(types, ("mag", "grad", "ref_meg"))
    if coils.any():
        to_head = info["dev_head_t"]
        if to_head is None:
            positions[coils] = np.nan
        else:
            positions[coils] = mne.transforms.apply_trans(to_head, positions[coils])
            normals = np.full_like(positions, np.nan)
            normals[coils] = mne.transforms.apply_trans(to_head, places[coils, 9:12], move=False)
    units = {_UNITS.get(kind, "") for kind in types}
    return Space(
        kind="sensors",
        names=tuple(info.ch_names[i] for i in picks),
        types=types,
        positions=positions if np.isfinite(positions).any() else None,
        normals=normals,
        unit=units.pop() if len(units) == 1 else "",
    )
