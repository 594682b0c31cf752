"""BOLD series that fMRIPrep brought into a named space, with the events of the raw data set.

File names and columns are those of fMRIPrep (Esteban et al. 2019, doi 10.1038/s41592-018-0235-4);
confounds are chosen by `nilearn.interfaces.fmriprep.load_confounds` (Wang et al. 2024,
doi 10.1371/journal.pcbi.1011942).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.data.readers import _bids_names, _bids_tables, _events, _volumes
from neurodecode.data.readers._bids_names import BidsFile
from neurodecode.data.readers._images import check_alike, check_whole, open_image, voxels_of_mask
from neurodecode.data.specs import EventsSpec

if TYPE_CHECKING:
    import nibabel
    import pandas as pd

EXTENSIONS = (".nii.gz", ".nii")
_OF_DERIVATIVE = ("space", "res", "den", "cohort", "desc")  # entities that raw files lack


@dataclass(frozen=True)
class BoldSource:
    """One series with what belongs to it."""

    file: BidsFile
    mask: Path
    events_path: Path | None
    sidecars: tuple[Path, ...]
    confounds_path: Path | None
    confounds: Mapping[str, Any]
    participant: Mapping[str, str]
    events: EventsSpec
    per_volume: bool
    run: str

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files that are read, the series first."""
        others = (self.events_path, self.confounds_path)
        given = tuple(path for path in others if path is not None)
        return (self.file.path, self.mask, *given, *self.sidecars)


def files_of(folder: Path, space: str, resolution: str) -> list[BidsFile]:
    """Give the prepared series of one space below the folder of the derivatives.

    Raises
    ------
    DataMissing
        If there is no such folder, no prepared series, or none in this space.
    DataError
        If there are several spaces or resolutions, and the card does not say which.
    """
    if not folder.is_dir():
        raise DataMissing(
            f"{folder}: there is no such folder. Name that of the prepared series in the card: "
            "reader: {bids: {derivatives: derivatives/fmriprep}}, below the data set's."
        )
    found = _bids_names.files_of(folder, "func", "bold", EXTENSIONS)
    prepared = [one for one in found if one.entities.get("desc") == "preproc"]
    if not prepared:
        raise DataMissing(
            f"{folder}: no *_desc-preproc_bold.nii.gz is below it. Name the folder that fMRIPrep "
            "wrote to in the card's reader: derivatives."
        )
    prepared = _bids_names.check_choice(space, "space", "space", prepared)
    return _bids_names.check_choice(resolution, "res", "resolution", prepared)


def source_of(
    root: Path,
    folder: Path,
    file: BidsFile,
    mask: Path | None,
    confounds: Mapping[str, Any],
    participant: Mapping[str, str],
    events: EventsSpec,
    *,
    per_volume: bool,
    run: str,
) -> BoldSource:
    """Find what belongs to a series; opens nothing.

    Raises
    ------
    DataMissing
        If its mask, events or confounds are missing.
    """
    name = file.path.name.replace(f"_desc-preproc_bold{file.extension}", "")
    brain = file.path.with_name(f"{name}_desc-brain_mask{file.extension}") if mask is None else mask
    if not brain.is_file():
        raise DataMissing(f"{brain}: the mask of {file.path.name} is missing. Fetch it.")
    raw = _raw_of(root, folder, file)
    events_path = None
    if not file.entities["task"].startswith("rest") or _bids_names.sidecars(
        root, raw, "events", ".tsv"
    ):
        why = " in the raw data set, so it has no events. Add it, or select other runs."
        events_path = _bids_names.sidecar(root, raw, "events", ".tsv", why)
    table = _confounds_table(file, raw) if confounds else None
    own = file.path.with_name(file.path.name.removesuffix(file.extension) + ".json")
    said = [own] if own.is_file() else []
    said += _bids_names.sidecars(root, raw, "bold", ".json")
    return BoldSource(
        file,
        brain,
        events_path,
        tuple(said),
        table,
        confounds,
        participant,
        events,
        per_volume,
        run,
    )


def read(source: BoldSource, *, with_data: bool) -> Signal:
    """Read one series, or without its values the header.

    Returns
    -------
    signal : Signal
        data : ndarray, shape (n_volumes, n_voxels), float64; voxels in the order of
        ``numpy.argwhere(mask)``. Track ``confounds``, shape (n_volumes, n_confounds), where asked.

    Raises
    ------
    DataError
        If the image is damaged, its mask is of another grid, or a table is of another run.
    """
    path = source.file.path
    check_whole(path)
    image, mask = open_image(path), open_image(source.mask)
    if len(image.shape) != 4:
        raise DataError(f"{path}: shape {image.shape}; expected four axes, the last time.")
    check_alike(path, image, source.mask, mask)
    ijk = voxels_of_mask(source.mask, mask)
    n_volumes, t_r = image.shape[3], _t_r(source, image)
    events, notes = _bids_tables.events_of(source.events_path, source.events, source.participant)
    _events.check_inside(events, n_volumes * t_r, source.events_path or path)
    events = _events.renamed(events, source.events, source.events_path or path)
    tracks, told, first = _confounds(source, n_volumes)
    if source.per_volume:
        volumes = _spread(events, n_volumes, t_r, source)
        events = volumes.tail(n_volumes - first).reset_index(drop=True)
    data = None
    if with_data:
        data = np.asarray(image.dataobj, dtype=np.float64)[tuple(ijk.T)].T[first:]
    affine = np.asarray(image.affine)
    return Signal(
        data=None if data is None else np.ascontiguousarray(data),
        space=Space(kind="voxels", affine=affine, shape=tuple(image.shape[:3]), ijk=ijk),
        axes=("voxel",),
        sfreq=1 / t_r,
        events=events,
        tmin=first * t_r,
        n_times=n_volumes - first,
        tracks=tracks,
        notes=(*notes, *told),
    )


def _confounds(
    source: BoldSource, n_volumes: int
) -> tuple[dict[str, np.ndarray], tuple[str, ...], int]:
    """Give the confounds as a track, notes, and the number of volumes before the steady state."""
    if source.confounds_path is None:
        return {}, (), 0
    from nilearn.interfaces.fmriprep import load_confounds

    try:
        table, kept = load_confounds(str(source.file.path), **source.confounds)
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise DataError(
            f"{source.confounds_path}: confounds {dict(source.confounds)} of the card cannot be "
            f"taken from it ({str(error).strip().splitlines()[0]}). Correct the strategy in the "
            "card's reader; it has the arguments of nilearn.interfaces.fmriprep.load_confounds."
        ) from error
    assert table is not None  # `Options` hold a strategy that is not empty
    if len(table) != n_volumes:
        raise DataError(
            f"{source.confounds_path}: {len(table)} rows for the {n_volumes} volumes of "
            f"{source.file.path.name}. It is of another run, or one of them is cut short; replace "
            "it."
        )
    first = 0 if kept is None else int(np.min(kept))
    if kept is not None and len(kept) != n_volumes - first:
        raise DataError(
            f"{source.confounds_path}: scrubbing leaves out {n_volumes - len(kept)} volumes, some "
            "within the run, which would no longer follow each other. Remove scrub from the "
            "strategy."
        )
    notes = (f"{table.shape[1]} confounds are kept: {', '.join(table)}",)
    if first:
        notes += (f"the first {first} volumes, before the steady state, are left out",)
    return {"confounds": table.to_numpy(np.float64)[first:]}, notes, first


def _t_r(source: BoldSource, image: "nibabel.Nifti1Image") -> float:
    about: Any = image.header
    unit = about.get_xyzt_units()[1]
    held = float(about.get_zooms()[3]) * {"msec": 1e-3, "usec": 1e-6}.get(unit, 1.0)
    stated = _bids_tables.read_sidecar(list(source.sidecars)).get("RepetitionTime")
    if stated is None:
        stated = held
    if not isinstance(stated, int | float) or not 0.05 <= stated <= 60:
        raise DataError(
            f"{source.file.path}: RepetitionTime is {stated!r} s, which cannot be. Correct it in "
            "the JSON sidecar."
        )
    # A header that says 0 or 1 was never told; any other number is meant.
    if held not in (0.0, 1.0) and not math.isclose(held, stated, abs_tol=1e-3):
        raise DataError(
            f"{source.file.path}: its header says {held:g} s from volume to volume, its sidecar "
            f"{stated:g} s. One of them is of another run; correct it."
        )
    return float(stated)


def _raw_of(root: Path, folder: Path, file: BidsFile) -> BidsFile:
    """Give the name that the series had in the raw data set."""
    entities = {k: v for k, v in file.entities.items() if k not in _OF_DERIVATIVE}
    name = "_".join(f"{entity}-{value}" for entity, value in entities.items())
    path = root / file.path.parent.relative_to(folder) / f"{name}_bold{file.extension}"
    return BidsFile(path, entities, "bold", file.extension)


def _confounds_table(file: BidsFile, raw: BidsFile) -> Path:
    name = raw.path.name.removesuffix(f"_bold{raw.extension}")
    # fMRIPrep before 20.2 called them regressors; load_confounds knows both names.
    places = [
        file.path.with_name(f"{name}_desc-confounds_{word}.tsv")
        for word in ("timeseries", "regressors")
    ]
    for path in places:
        if path.is_file():
            return path
    raise DataMissing(
        f"{places[0]}: the confounds of {file.path.name} are missing. Fetch the table, or remove "
        "confounds from the card's reader."
    )


def _spread(
    events: "pd.DataFrame", n_volumes: int, t_r: float, source: BoldSource
) -> "pd.DataFrame":
    """One event a volume, each with all columns of the event that it belongs to."""
    numbered = events.assign(label=[str(i) for i in range(len(events))])
    volumes = _volumes.spread(numbered, n_volumes, t_r, source.run)
    rest = volumes["label"] == _volumes.REST
    owner = volumes["label"].where(~rest, "-1").astype(int).to_numpy()
    columns = {}
    for name in events.columns.difference(["onset", "duration", "block"], sort=False):
        nothing = {"label": _volumes.REST}.get(name, source.participant.get(name))
        values = np.append(events[name].to_numpy(dtype=object), np.array([nothing], dtype=object))
        columns[name] = values[owner]
    return volumes.assign(**columns)
