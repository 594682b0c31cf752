"""Reader of anything that `mne.io.read_raw` opens, found by a path template.

mne is imported where a file is opened: finding recordings and opening the prepared cache need none
of it.
"""

import functools
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Recording, Signal, SourceFile
from neurodecode.core.space import Space
from neurodecode.data.cards import Card, ChannelsSpec, EventsSpec, Variant
from neurodecode.data.readers import _events, _templates
from neurodecode.data.readers._companions import companions
from neurodecode.data.readers._guard import guarded

if TYPE_CHECKING:
    import mne

logger = logging.getLogger(__name__)

version = 1
libraries = ("mne", "numpy")
DATA_TYPES = {
    "eeg": ("eeg",),
    "meg": ("mag", "grad"),
    "ieeg": ("seeg", "ecog", "dbs"),
    "fnirs": ("hbo", "hbr"),
}
_UNITS = {"eeg": "V", "seeg": "V", "ecog": "V", "dbs": "V", "mag": "T", "grad": "T/m"} | {
    "hbo": "mol/L",
    "hbr": "mol/L",
}
_FACTORS = {"": 1.0, "V": 1.0, "mV": 1e-3, "uV": 1e-6, "µV": 1e-6, "nV": 1e-9}
# mne 1.13 renamed these; either name is read with either version.
_MONTAGES = {"standard_1005": "colin27_1005", "standard_1020": "colin27_1020"}
_MONTAGES |= {new: old for old, new in _MONTAGES.items()}


@dataclass(frozen=True)
class Options:
    """Options of the reader ``files`` in a card.

    Parameters
    ----------
    path : str
        Template with ``{subject}``, ``{session}``, ``{run}``, below the data set's folder.
    subject, session, run : str
        What the template does not say.
    standardize : bool
        Whether channel names are made standard as `mne.datasets.eegbci.standardize` does.
    montage : str
        One of mne's built-in montages, which gives electrodes their positions by name.
    """

    path: str
    subject: str = "01"
    session: str = "1"
    run: str = "1"
    standardize: bool = False
    montage: str = ""

    def __post_init__(self):
        _templates.fields(self.path)


@dataclass(frozen=True)
class _Source:
    path: Path
    events_path: Path | None
    modality: str
    options: Options
    channels: ChannelsSpec
    events: EventsSpec


def find(card: Card, variant: Variant, root: Path) -> list[Recording]:
    """All recordings of a card below `root`, in the order of their ids; opens no file.

    Raises
    ------
    ConfigError
        If the modality, unit or template is not one that this reader knows.
    """
    options: Options = variant.options
    if card.modality not in DATA_TYPES:
        known = ", ".join(DATA_TYPES)
        raise ConfigError(f"{card.name}: modality {card.modality!r}; the reader files has {known}.")
    if variant.channels.unit not in _FACTORS:
        known = ", ".join(name for name in _FACTORS if name)
        raise ConfigError(f"{card.name}: channels.unit {variant.channels.unit!r}; known: {known}.")
    constant = {name: getattr(options, name) for name in _templates.ENTITIES}
    described = {
        "reader": "files",
        "version": version,
        "libraries": libraries,
        "modality": card.modality,
        "standardize": options.standardize,
        "montage": options.montage,
        "channels": {"unit": variant.channels.unit, "types": dict(variant.channels.types)},
        "events": {k: v for k, v in asdict(variant.events).items() if k != "path"},
    }
    recordings = []
    for found, path in _templates.match(root, options.path):
        ids = constant | found
        events_path = None
        if variant.events.path:
            events_path = root / _templates.fill(variant.events.path, ids)
        source = _Source(
            path, events_path, card.modality, options, variant.channels, variant.events
        )
        recordings.append(
            Recording(
                **ids,
                modality=card.modality,
                files=(SourceFile(path),) + ((SourceFile(events_path),) if events_path else ()),
                reader=described,
                load=functools.partial(load, source),
                header=functools.partial(header, source),
            )
        )
    return recordings


def more_files(path: Path) -> Sequence[Path]:
    """Files that are read along with `path`."""
    return companions(path)


def load(source: _Source) -> Signal:
    """Read one recording.

    Returns
    -------
    signal : Signal
        data : ndarray, shape (n_channels, n_times), float64, SI units.

    Raises
    ------
    DataError
        If the file is damaged, cut short, or not what the card says; or an event lies outside.
    DataMissing
        If a file that belongs to it is missing.
    """
    return _read(source, with_data=True)


def header(source: _Source) -> Signal:
    """Read channels, rate, length and events of one recording, without its samples."""
    return _read(source, with_data=False)


def _read(source: _Source, *, with_data: bool) -> Signal:
    path = source.path
    raw = guarded(path, source.events, functools.partial(_open, source))
    channels = source.channels
    sfreq = float(raw.info["sfreq"])
    if channels.sfreq is not None and abs(sfreq - channels.sfreq) > 1e-3:
        raise DataError(
            f"{path}: sampled at {sfreq:g} Hz, the card says {channels.sfreq:g} Hz. Leave this "
            "recording out, or remove sfreq from the card's channels and resample."
        )
    picks = _data_channels(raw, source)
    if channels.n is not None and len(picks) != channels.n:
        raise DataError(
            f"{path}: {len(picks)} {source.modality} channels, the card says {channels.n}. "
            "Correct the types under channels, or leave this recording out."
        )
    if source.events.source == "file":
        assert source.events_path is not None  # `EventsSpec` holds a path then
        events = _events.from_file(source.events_path, source.events, raw.first_samp, sfreq)
        events_from = source.events_path
    else:
        events = guarded(
            path, source.events, functools.partial(_events.from_raw, raw, source.events, path)
        )
        events_from = path
    _events.check_inside(events, raw.n_times / sfreq, events_from)
    data = None
    if with_data:
        data = guarded(path, source.events, functools.partial(raw.get_data, picks=picks))
        data *= _FACTORS[channels.unit]
    return Signal(
        data=data,
        space=space_of(raw.info, picks),
        axes=("channel", "time"),
        sfreq=sfreq,
        events=_events.renamed(events, source.events),
        n_times=raw.n_times,
    )


def _open(source: _Source) -> "mne.io.BaseRaw":
    import mne

    # verbose below "warning" would also keep mne's warnings from us, which say what is damaged.
    raw = mne.io.read_raw(source.path, preload=False, verbose="warning")
    if source.options.standardize:
        from mne.datasets import eegbci

        eegbci.standardize(raw)
    absent = sorted(set(source.channels.types) - set(raw.ch_names))
    if absent:
        raise DataError(
            f"{source.path}: channels.types of the card names {', '.join(absent)}; the file has: "
            f"{', '.join(raw.ch_names[:40])}."
        )
    if source.channels.types:
        try:
            raw.set_channel_types(dict(source.channels.types), verbose="error")
        except ValueError as error:
            raise ConfigError(f"{source.path}: channels.types of the card: {error}") from error
    if source.options.montage:
        raw.set_montage(
            _montage(source.options.montage), match_case=False, on_missing="ignore", verbose="error"
        )
    return raw


def _montage(name: str) -> str:
    import mne

    known = [str(one) for one in mne.channels.get_builtin_montages()]
    for one in (name, _MONTAGES.get(name, "")):
        if one in known:
            return one
    raise ConfigError(
        f"montage of the card: mne has none called {name!r}.{nearest(name, known)} Name one of "
        "mne.channels.get_builtin_montages()."
    )


def _data_channels(raw: "mne.io.BaseRaw", source: _Source) -> np.ndarray:
    wanted = DATA_TYPES[source.modality]
    types = raw.get_channel_types()
    data = [i for i, kind in enumerate(types) if kind in wanted]
    bad = [raw.ch_names[i] for i in data if raw.ch_names[i] in raw.info["bads"]]
    if bad:
        logger.info(
            "%s: %d channels marked bad in the file are left out: %s.",
            source.path.name,
            len(bad),
            ", ".join(bad),
        )
    good = [i for i in data if raw.ch_names[i] not in bad]
    if not good:
        counts = ", ".join(f"{types.count(t)} {t}" for t in dict.fromkeys(types))
        raise DataError(
            f"{source.path}: no {source.modality} channel is left of {counts}. Give channels their "
            "types in the card: channels: {types: {NAME: eeg}}."
        )
    return np.array(good)


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
    if "mag" in types or "grad" in types:
        normals = places[:, 9:12].copy()
        to_head = info["dev_head_t"]
        if to_head is None:
            positions[:], normals = np.nan, None
        else:
            positions = mne.transforms.apply_trans(to_head, positions)
            normals = mne.transforms.apply_trans(to_head, normals, move=False)
    units = {_UNITS[kind] for kind in types}
    return Space(
        kind="sensors",
        names=tuple(info.ch_names[i] for i in picks),
        types=types,
        positions=positions if np.isfinite(positions).any() else None,
        normals=normals,
        unit=units.pop() if len(units) == 1 else "",
    )
