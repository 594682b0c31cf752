"""EEG, MEG and iEEG of a BIDS data set: mne-bids opens the file, the sidecars are held to it.

`mne_bids.read_raw_bids` gives channel types, bad channels and head positions. What it does not
keep is read here: all columns of events and participants, the units that ``channels.tsv`` states
against those of the file's header, and places of intracranial electrodes in any coordinates.
"""

import functools
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import DataError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.data.readers import _bids_tables, _events
from neurodecode.data.readers._bids_names import BidsFile, sidecar, sidecars
from neurodecode.data.readers._guard import guarded
from neurodecode.data.readers._sensors import FACTORS, signal_of
from neurodecode.data.specs import ChannelsSpec, EventsSpec

if TYPE_CHECKING:
    import mne

EXTENSIONS = {
    "eeg": (".vhdr", ".edf", ".bdf", ".set"),
    "meg": (".fif", ".ds", ".con", ".sqd"),
    "ieeg": (".vhdr", ".edf", ".set", ".nwb", ".mefd"),
}
_METRES = {"m": 1.0, "cm": 1e-2, "mm": 1e-3}
_HEADS = ("CapTrak", "EEGLAB", "EEGLAB-HJ", "CTF", "ElektaNeuromag", "4DBti", "KitYokogawa")
_TOLD_HERE = (
    "There are channels without locations|Not setting position|Unable to map the following column|"
    "participants.tsv file not found|TSV file is empty|Omitted .* annotation"
)


@dataclass(frozen=True)
class RawSource:
    """One recording, its sidecars, and what the card says of it."""

    file: BidsFile
    modality: str
    events_path: Path | None
    channels_path: Path
    sidecars: tuple[Path, ...]
    electrodes: tuple[Path, Path] | None  # with the coordinate system
    participant: Mapping[str, str]
    channels: ChannelsSpec
    events: EventsSpec
    recording: str
    montage: str
    also: tuple[str, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files that are read, the recording first."""
        events = () if self.events_path is None else (self.events_path,)
        places = self.electrodes or ()
        return (*self.file.held, *events, self.channels_path, *self.sidecars, *places)


def source_of(
    root: Path,
    file: BidsFile,
    modality: str,
    space: str,
    participant: Mapping[str, str],
    channels: ChannelsSpec,
    events: EventsSpec,
    *,
    recording: str,
    montage: str,
    also: tuple[str, ...],
) -> RawSource:
    """Find what belongs to a recording; opens nothing.

    Raises
    ------
    DataMissing
        If a sidecar is missing that says what the file does not.
    """
    task = file.entities["task"]
    events_path = None
    if not task.startswith("rest") or sidecars(root, file, "events", ".tsv"):
        why = ", so it has no events. Add it, or select other runs or tasks in the card's reader."
        events_path = sidecar(root, file, "events", ".tsv", why)
    why = (
        ", so types, units and bad channels are not known. Add it; or read the folder with the "
        "reader files, whose card says them."
    )
    channels_path = sidecar(root, file, "channels", ".tsv", why)
    why = ", so its sampling frequency cannot be checked. Add it, with SamplingFrequency."
    sidecar(root, file, modality, ".json", why)
    return RawSource(
        file,
        modality,
        events_path,
        channels_path,
        tuple(sidecars(root, file, modality, ".json")),
        _electrodes(root, file, space),
        participant,
        channels,
        events,
        recording,
        montage,
        also,
    )


def read(source: RawSource, *, with_data: bool) -> Signal:
    """Read one recording, or without its data the header.

    Raises
    ------
    DataError
        If the file is damaged, or a sidecar tells of another recording.
    """
    path = source.file.path
    # The events are those of the sidecar, whatever becomes of markers in the recording.
    of_sidecar = replace(source.events, source="file", path=str(source.events_path))
    said = _bids_tables.read_sidecar(list(source.sidecars))
    if said.get("RecordingType") == "epoched":
        raise DataError(
            f"{source.sidecars[0]}: RecordingType is 'epoched'; this reader takes continuous "
            "recordings. Read the epochs with the reader files."
        )
    raw = guarded(path, of_sidecar, functools.partial(_open, source))
    sfreq = float(raw.info["sfreq"])
    _check_rate(source, said.get("SamplingFrequency"), sfreq)
    table = _bids_tables.channels_of(source.channels_path)
    _check_names(source, raw, table)
    events, told = _bids_tables.events_of(source.events_path, source.events, source.participant)
    _events.check_inside(events, raw.n_times / sfreq, source.events_path or path)
    signal = signal_of(
        raw,
        _events.renamed(events, source.events, source.events_path or path),
        path=path,
        modality=source.modality,
        channels=source.channels,
        spec=of_sidecar,
        recording=source.recording,
        montage=source.montage,
        also=source.also,
        with_data=with_data,
    )
    space, placed = signal.space, ()
    if source.electrodes is not None and not source.montage:
        space, placed = _placed(source, space)
    factor, units = _factor(source, raw, table, space)
    if signal.data is not None:
        signal.data[:] *= factor
    signal = replace(signal, space=space, notes=(*signal.notes, *placed, *units, *told))
    if units and with_data:
        _check_units(source, signal, units[0])
    return signal


def _open(source: RawSource) -> "mne.io.BaseRaw":
    import mne_bids

    # What it says of tables that are read here, and of eye channels without a place on the head.
    warnings.filterwarnings("ignore", message=_TOLD_HERE)
    place = mne_bids.get_bids_path_from_fname(source.file.path, verbose="error")
    # Names that differ are ours to tell: without "warn" it raises a sentence about its own options.
    return mne_bids.read_raw_bids(place, on_ch_mismatch="warn", verbose="warning")


def _check_rate(source: RawSource, stated: Any, sfreq: float) -> None:
    path = source.file.path
    if stated is None or stated == "n/a":
        raise DataError(
            f"{source.sidecars[0]}: no SamplingFrequency, which BIDS requires; the file says "
            f"{sfreq:g} Hz. Add it if that is right."
        )
    if not isinstance(stated, int | float) or abs(stated - sfreq) > 1e-3 * max(1.0, sfreq / 1000):
        raise DataError(
            f"{path}: sampled at {sfreq:g} Hz, {source.sidecars[0].name} says {stated} Hz. One of "
            "them is of another recording; replace it."
        )


def _check_names(source: RawSource, raw: "mne.io.BaseRaw", table: pd.DataFrame) -> None:
    stated, held = list(table["name"]), raw.ch_names
    absent = [name for name in stated if name not in held]
    untold = [name for name in held if name not in stated]
    if absent or untold:
        first = f"{absent[0]!r} is not in the recording.{nearest(absent[0], held)}" if absent else (
            f"{untold[0]!r} of the recording has no row."
        )  # fmt: skip
        raise DataError(
            f"{source.channels_path}: {len(stated)} channels, {source.file.path.name} has "
            f"{len(held)}: {first} ({len(absent) + len(untold)} such). It may be of another "
            "recording; correct the names, or replace it."
        )
    if stated != held:
        raise DataError(
            f"{source.channels_path}: its channels stand in another order than those of "
            f"{source.file.path.name}, from {stated[_first_difference(stated, held)]!r} on. Sort "
            "the rows as the recording has them."
        )


def _first_difference(one: list[str], other: list[str]) -> int:
    return next(i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)


def _factor(
    source: RawSource, raw: "mne.io.BaseRaw", table: pd.DataFrame, space: Space
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Give what values are multiplied by, one a channel, and where units contradict each other.

    mne has brought values to volts by the header's unit. Where the header has none, the unit of
    ``channels.tsv`` counts; the card's goes before both.
    """
    factor = np.ones((len(space), 1))
    if source.channels.unit:
        return factor, ()  # `signal_of` has applied it
    stated = dict(zip(table["name"], table["units"], strict=True))
    # Of a Raw, mne keeps what the header said here alone; a FIF file is in SI units and has none.
    header: dict[str, Any] = getattr(raw, "_orig_units", None) or {}
    contrary = []
    for i, name in enumerate(space.names):
        held = _bids_tables.unit_letters(str(header.get(name, "n/a")))
        if stated[name] in FACTORS and name in header and not held:
            factor[i] = FACTORS[stated[name]]
        elif stated[name] and held and stated[name] != held:
            contrary.append((name, stated[name], held))
    if not contrary:
        return factor, ()
    name, ours, theirs = contrary[0]
    return factor, (
        f"channels.tsv says {ours} for {name}, the header of the file {theirs} "
        f"({len(contrary)} such channels); the header is followed",
    )


def _check_units(source: RawSource, signal: Signal, contrary: str) -> None:
    """Stop where units contradict each other and the header's cannot be right."""
    from neurodecode.signal.units import check_magnitude

    try:
        check_magnitude(signal, str(source.file.path))
    except DataError as error:
        raise DataError(f"{error} Note that {contrary}: {source.channels_path}.") from error


def _electrodes(root: Path, file: BidsFile, space: str) -> tuple[Path, Path] | None:
    wanted = replace(file, entities={**file.entities, **({"space": space} if space else {})})
    tables = sidecars(root, wanted, "electrodes", ".tsv")
    if not tables:
        return None
    frames = sidecars(root, wanted, "coordsystem", ".json")
    if not frames:
        raise DataError(
            f"{tables[0]}: there is no coordsystem.json beside it, so its coordinates have no "
            "meaning. Add it, or remove the electrodes."
        )
    return tables[0], frames[0]


def _placed(source: RawSource, space: Space) -> tuple[Space, tuple[str, ...]]:
    """Put intracranial electrodes where their table says, in its own coordinates."""
    assert source.electrodes is not None  # asked by the caller
    path, system = source.electrodes
    said = _bids_tables.read_sidecar([system])
    prefix = {"ieeg": "iEEG", "eeg": "EEG", "meg": "MEG"}[source.modality]
    frame = str(said.get(f"{prefix}CoordinateSystem", "n/a"))
    if source.modality != "ieeg":
        if space.positions is None or frame in _HEADS:
            return space, ()
        return space, (f"positions of the electrodes are in the coordinates of {frame}",)
    unit = str(said.get("iEEGCoordinateUnits", "n/a"))
    if unit not in _METRES:
        return replace(space, positions=None), (f"electrodes have no place: their unit is {unit}",)
    table = _bids_tables.read_tsv(path)
    lacking = [column for column in ("name", "x", "y", "z") if column not in table]
    if lacking:
        raise DataError(f"{path}: no column {', '.join(lacking)}. Add it.")
    xyz = table[["x", "y", "z"]].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    places = dict(zip(table["name"], xyz, strict=True))
    unknown = np.full(3, np.nan)
    positions = np.array([places.get(name, unknown) for name in space.names]) * _METRES[unit]
    known = np.isfinite(positions).all(axis=1)
    note = f"positions of {int(known.sum())} of {len(space)} contacts are in the coordinates of "
    return replace(space, positions=positions if known.any() else None), (note + frame,)
