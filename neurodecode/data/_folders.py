"""How one prepared signal lies on disk: data, space, events and what they were made from."""

import json
import weakref
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError
from neurodecode.core.files import read_json
from neurodecode.core.recording import NO_BANDS, Signal
from neurodecode.core.space import Space

_ARRAYS = ("positions", "normals", "affine", "ijk", "vertices", "ceiling")
# Recordings of one montage share one Space in memory.
_spaces: "weakref.WeakValueDictionary[str, Space]" = weakref.WeakValueDictionary()


def write(folder: Path, signal: Signal, rank: int | None, meta: dict[str, Any]) -> None:
    """Write a prepared signal into an empty folder.

    Epochs are laid one after the other, so that windows point into them as into a recording.
    """
    assert signal.data is not None  # what is written was computed
    data = signal.data
    if signal.entries:
        data = np.moveaxis(data, 0, -2).reshape(*data.shape[1:-1], -1)
    np.save(folder / "data.npy", np.ascontiguousarray(data), allow_pickle=False)
    for name, track in signal.tracks.items():
        flat = np.reshape(track, (len(track), -1))
        flat = flat.T if signal.continuous else flat
        np.save(folder / track_file(name), np.ascontiguousarray(flat), allow_pickle=False)
    for name, table in signal.tables.items():
        np.save(folder / track_file(name), np.reshape(table, (len(table), -1)), allow_pickle=False)
    space = signal.space
    held = {name: getattr(space, name) for name in _ARRAYS if getattr(space, name) is not None}
    np.savez(folder / "space.npz", allow_pickle=False, **held)
    signal.events.to_parquet(folder / "events.parquet", index=False)
    meta = meta | {
        "space": {
            "key": space.key,
            "kind": space.kind,
            "names": space.names,
            "types": space.types,
            "regions": space.regions,
            "unit": space.unit,
            "shape": space.shape,
            "mesh": space.mesh,
        },
        "axes": signal.axes,
        "sfreq": signal.sfreq,
        "tmin": signal.tmin,
        "n_times": signal.n_times,
        "rank": rank,
        "reach": signal.reach,
        "ahead": signal.ahead,
        "entries": signal.entries,
        "notes": signal.notes,
        "tracks": track_shapes(signal.tracks),
        "tables": track_shapes(signal.tables),
        "bands": dict(signal.bands),
    }
    (folder / "meta.json").write_text(json.dumps(meta, default=str), encoding="utf-8")


def track_file(name: str) -> str:
    """Name of the file of a track or table in the folder of a prepared signal."""
    return f"track-{name.replace(':', '-')}.npy"


def track_shapes(tracks: Mapping[str, np.ndarray]) -> dict[str, tuple[int, ...]]:
    """Shape of one entry, or of one moment, of each track or table."""
    return {name: tuple(np.shape(track)[1:]) for name, track in tracks.items()}


def exists(folder: Path) -> bool:
    """Whether a prepared signal is there."""
    return (folder / "meta.json").is_file()


def read(folder: Path) -> tuple[Signal, dict[str, Any]]:
    """Give the header of a prepared signal, and what else `write` noted of it.

    Raises
    ------
    DataError
        If the folder is not as `write` left it.
    """
    try:
        return _read(folder)
    except (DataError, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{folder}: damaged ({type(error).__name__}: {error}). Delete this folder; what it "
            "held is made again."
        ) from error


def _read(folder: Path) -> tuple[Signal, dict[str, Any]]:
    meta = read_json(folder / "meta.json")
    events = pd.read_parquet(folder / "events.parquet")
    signal = Signal(
        data=None,
        space=_space(folder, meta["space"]),
        axes=tuple(meta["axes"]),
        sfreq=meta["sfreq"],
        events=events,
        bands={name: tuple(of) for name, of in meta.get("bands", {}).items()} or NO_BANDS,
        tmin=meta["tmin"],
        n_times=meta["n_times"],
        rank=meta["rank"],
        reach=meta["reach"],
        ahead=meta["ahead"],
        entries=meta["entries"],
        notes=tuple(meta["notes"]),
    )
    return signal, {name: meta[name] for name in ("seconds", "tracks", "tables", "content")}


def with_shared_space(signal: Signal) -> Signal:
    """Give the signal with the one `Space` that all with the same content have."""
    return replace(signal, space=_spaces.setdefault(signal.space.key, signal.space))


def _space(folder: Path, meta: dict[str, Any]) -> Space:
    known = _spaces.get(meta["key"])
    if known is not None:
        return known
    with np.load(folder / "space.npz", allow_pickle=False) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    space = Space(
        kind=meta["kind"],
        names=tuple(meta["names"]),
        types=tuple(meta["types"]),
        regions=tuple(meta.get("regions", ())),
        unit=meta["unit"],
        shape=tuple(meta["shape"]),
        mesh=meta.get("mesh", ""),
        **held,
    )
    return _spaces.setdefault(space.key, space)
