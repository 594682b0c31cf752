"""Reader of images of volumes, or of one estimate a trial, by a mask or an atlas.

nibabel is imported where an image is opened: finding recordings does not need it.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.core.recording import Recording, Signal, SourceFile
from neurodecode.data.readers import (
    _confounds,
    _events,
    _hdf5_image,
    _parting,
    _templates,
    _trials,
    _volumes,
)
from neurodecode.data.readers._bold import Run, open_run
from neurodecode.data.readers._confounds import ConfoundsSpec
from neurodecode.data.readers._design import Design
from neurodecode.data.readers._images import files_beside
from neurodecode.data.readers._noise_ceiling import NoiseCeiling
from neurodecode.data.readers._regions import Regions
from neurodecode.data.specs import Card, EventsSpec, Variant

version = 2
libraries = ("nibabel", "numpy")

_LONGEST = 60.0  # seconds from volume to volume: what is above was meant in milliseconds


@dataclass(frozen=True)
class Options:
    """Options of the reader ``nifti`` in a card.

    Parameters
    ----------
    bold, mask : str
        Templates with ``{subject}``, ``{session}``, ``{run}``, below the data set's folder. `bold`
        has four axes, the last one time.
    volumes : str
        Table with one row a volume of `bold`: ``label`` and ``run`` without a header, or with one,
        then also ``block``, ``volume`` (its true number, where some were left out) and others.
    events : str
        Table of events in seconds, instead of `volumes`.
    betas : str
        Instead of `bold`: estimates of single trials, an image of four axes, the last one trials,
        or an image a trial, whose template has ``{trial}`` besides; or an HDF5 file with one array
        of four axes as MATLAB writes it, which needs ``affine: mask``.
    trials : str or Design
        Table with one row a beta, in their order: ``label``; ``trial`` where each has an image of
        its own; ``onset`` and ``duration`` where known; and others. With ``{run}``, which `betas`
        lacks, the tables of all runs, one after the other, and the column ``run_nr``. Or arrays
        that say it by numbers.
    ceiling : NoiseCeiling or None
        Map of the noise ceiling of each voxel of the `mask`.
    divide : float
        What betas are divided by, such as 300 where whole numbers stand for percent.
    mask_above : float or None
        Voxels of a larger value are the mask's, where it holds other numbers than 0 and 1.
    affine : {"image", "mask"}
        Whose header says where voxels are. ``mask``: those of the images are known to be wrong, and
        only their shapes are compared.
    atlas : str
        Regions that are the features instead of voxels: an image of numbers, whose voxels are
        averaged, or of four axes, a map of weights a region. A `mask` beside it narrows them.
    atlas_names : str
        Table with ``index`` and ``name`` of each region.
    confounds : ConfoundsSpec or None
        Table beside `bold`, kept as the track ``confounds``.
    recordings_by : str
        Column of `volumes` or `trials` that parts one image into recordings.
    t_r : float or None
        Seconds from volume to volume; None for what the image says.
    volumes_per_run : int or None
        Length of a run where ``volume`` counts through all of them.
    per_volume : bool
        Whether `events` are spread over the volumes they cover, the others being ``rest``.
    continuous : bool
        One series a recording, axes ``("voxel", "time")`` or ``("parcel", "time")``, of which
        trials are windows or the spans of events (connectivity). Otherwise each volume is one
        entry, axes ``("voxel",)`` or ``("parcel",)``.
    subject, session, run : str
        What the templates do not say.
    """

    bold: str = ""
    mask: str = ""
    volumes: str = ""
    events: str = ""
    betas: str = ""
    trials: str | Design = ""
    ceiling: NoiseCeiling | None = None
    divide: float = 1.0
    mask_above: float | None = None
    affine: Literal["image", "mask"] = "image"
    atlas: str = ""
    atlas_names: str = ""
    confounds: ConfoundsSpec | None = None
    recordings_by: Literal["subject", "session", "run"] = "run"
    t_r: float | None = None
    volumes_per_run: int | None = None
    per_volume: bool = False
    continuous: bool = False
    subject: str = "01"
    session: str = "1"
    run: str = "1"

    def __post_init__(self):
        _templates.fields(self.betas, (_trials.TRIAL,))
        trials = self.trials.path if isinstance(self.trials, Design) else self.trials
        for template in (self.bold, self.mask, self.volumes, self.events, trials, self.atlas,
                         self.atlas_names):  # fmt: skip
            _templates.fields(template)
        if bool(self.bold) == bool(self.betas):
            raise ConfigError("expected images, as bold (volumes) or as betas (trials).")
        if self.bold and (bool(self.volumes) == bool(self.events) or self.trials):
            raise ConfigError("expected a table, as volumes or as events.")
        if self.betas and (not self.trials or self.volumes or self.events):
            raise ConfigError("betas: expected a table with one row a trial, as trials.")
        if not self.mask and not self.atlas:
            raise ConfigError("expected a mask, an atlas, or both.")
        if self.mask_above is not None and not self.mask:
            raise ConfigError("mask_above: it is of a mask, and none is named.")
        if self.affine not in ("image", "mask") or (self.affine == "mask" and not self.mask):
            raise ConfigError(
                f"affine: {self.affine!r}: expected image, or mask where one is named."
            )
        if self.divide == 0 or (self.divide != 1.0 and not self.betas):
            raise ConfigError("divide: expected a number other than 0, for betas.")
        if self.betas.endswith(_hdf5_image.SUFFIXES) and self.affine != "mask":
            raise ConfigError("betas: HDF5 does not say where voxels are. Say affine: mask.")
        if self.ceiling is not None and (not self.mask or self.atlas):
            raise ConfigError("ceiling: it is of the voxels of a mask. Name one, and no atlas.")
        if isinstance(self.trials, Design) and self.recordings_by != "session":
            raise ConfigError("trials: a design parts sessions. Say recordings_by: session.")
        if self.atlas_names and not self.atlas:
            raise ConfigError("atlas_names: these are of the regions of an atlas. Name it.")
        if self.betas:
            for name in ("confounds", "t_r", "volumes_per_run", "per_volume", "continuous"):
                if getattr(self, name):
                    raise ConfigError(f"{name}: it is of volumes (bold), and these are betas.")
        if self.continuous and self.per_volume:
            raise ConfigError(
                "continuous: per_volume makes an event of each volume, and trials of a continuous "
                "series are the spans of longer events. Leave one of the two out."
            )
        if self.t_r is not None and self.t_r <= 0:
            raise ConfigError(f"t_r: {self.t_r:g} s must be above zero.")
        if self.t_r is not None and self.t_r > _LONGEST:
            raise ConfigError(
                f"t_r: {self.t_r:g} s from volume to volume cannot be. Give it in seconds: "
                f"{self.t_r / 1000:g}, if these are milliseconds."
            )


@dataclass(frozen=True)
class _Source:
    images: tuple[Path, ...]
    regions: Regions
    table: Path
    confounds: Path | None
    options: Options
    events: EventsSpec
    ids: Mapping[str, str]
    more_tables: tuple[Path, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        others = (self.table, *self.more_tables, *((self.confounds,) if self.confounds else ()))
        return (*self.images, *self.regions.files, *others)


def find(card: Card, variant: Variant, root: Path) -> list[Recording]:
    """All recordings of a card below `root`; of the files only their tables are opened.

    Raises
    ------
    DataMissing
        If an image has no mask, no atlas or no table.
    DataError
        If trials and images do not belong together.
    """
    options: Options = variant.options
    constant = {name: getattr(options, name) for name in _templates.ENTITIES}
    images: dict[tuple[str, ...], dict[str, Path]] = {}
    for found, path in _templates.match(root, options.bold or options.betas, (_trials.TRIAL,)):
        ids = constant | found
        trial = ids.pop(_trials.TRIAL, "")
        images.setdefault(tuple(ids[name] for name in _templates.ENTITIES), {})[trial] = path
    recordings = []
    for entities, paths in images.items():
        ids: dict[str, str] = dict(zip(_templates.ENTITIES, entities, strict=True))
        recordings += _of_images(card, variant, root, ids, paths)
    return recordings


def more_files(path: Path) -> Sequence[Path]:
    """Files that are read along with `path`: the other half of a pair."""
    return files_beside(path)


def load(source: _Source) -> Signal:
    """Read one recording.

    Returns
    -------
    signal : Signal
        data : ndarray, shape (n_volumes or n_trials, n_voxels or n_regions), float64; voxels in
        the order of ``numpy.argwhere(mask)``. Transposed where it is continuous.

    Raises
    ------
    DataError
        If an image is damaged, lies elsewhere than its mask, or does not fit its tables.
    """
    return _signal(source, read=True)


def header(source: _Source) -> Signal:
    """Give voxels, rate, length and events of one recording, without its values."""
    return _signal(source, read=False)


def _of_images(
    card: Card, variant: Variant, root: Path, ids: Mapping[str, str], paths: Mapping[str, Path]
) -> list[Recording]:
    """Give the recordings of one image, or of the images of one recording's trials."""
    options: Options = variant.options
    first = next(iter(paths.values()))

    def beside(template: str, what: str) -> Path | None:
        return _needed(root / _templates.fill(template, ids), what, first) if template else None

    regions = Regions(
        beside(options.mask, "mask"),
        beside(options.atlas, "atlas"),
        beside(options.atlas_names, "table of regions"),
        options.mask_above,
        options.affine == "mask",
        _ceiling(root, options.ceiling, ids, first),
    )
    trials = options.trials.path if isinstance(options.trials, Design) else options.trials
    more: tuple[Path, ...] = ()
    if _parting.of_runs(options):
        table, *others = _parting.tables_of_runs(root, trials, ids, first)
        more = tuple(others)
    else:
        table = beside(options.volumes or options.events or trials, "table")
    assert table is not None  # the options ask for one
    confounds = beside(options.confounds.path, "confounds") if options.confounds else None
    column, recordings = options.recordings_by, []
    for part, chosen in _parting.parts(options, (table, *more), paths, ids).items():
        one = dict(ids) | ({} if part is None else {column: part})
        source = _Source(chosen, regions, table, confounds, options, variant.events, one, more)
        recordings.append(
            Recording(
                **one,
                modality=card.modality,
                files=tuple(SourceFile(path) for path in source.files),
                reader=_described(source),
                load=functools.partial(load, source),
                header=functools.partial(header, source),
            )
        )
    return recordings


def _ceiling(
    root: Path, spec: NoiseCeiling | None, ids: Mapping[str, str], image: Path
) -> tuple[Path, NoiseCeiling] | None:
    """Give the map of noise ceilings; none where it is withheld."""
    if spec is None:
        return None
    path = root / _templates.fill(spec.path, ids)
    if spec.withheld and not path.is_file():
        return None
    return _needed(path, "map of noise ceilings", image), spec


def _signal(source: _Source, *, read: bool) -> Signal:
    options = source.options
    if options.betas:
        return _of_betas(source, read=read)
    run = open_run(source.images[0], source.regions, options.t_r)
    confounds = None
    if source.confounds is not None and options.confounds is not None:
        confounds = _confounds.read(source.confounds, options.confounds.columns, run.n_volumes)
    if options.volumes:
        events, entries, gaps = _of_volumes(source, run)
        return run.signal(
            events,
            confounds=confounds,
            entries=entries,
            gaps=gaps,
            tmin=float(events["onset"].iloc[0]),
            continuous=options.continuous,
            read=read,
        )
    events = _events.read_table(source.table, source.events)
    _events.check_inside(events, run.seconds, source.table)
    events = _events.renamed(events, source.events, source.table)
    if options.per_volume:
        events = _volumes.spread(events, run.n_volumes, run.t_r, source.ids["run"])
    return run.signal(events, confounds=confounds, continuous=options.continuous, read=read)


def _of_volumes(source: _Source, run: Run) -> tuple[pd.DataFrame, np.ndarray, bool]:
    """Events of the volumes, their positions in the image, and whether some were left out."""
    column = source.options.recordings_by
    table = _volumes.read(source.table, column)
    if len(table) != run.n_volumes:
        raise DataError(
            f"{source.table}: {len(table)} rows for the {run.n_volumes} volumes of "
            f"{run.path.name}. Each volume needs one row; replace whichever of the two files is "
            "not whole."
        )
    entries = np.flatnonzero(table[column] == source.ids[column])
    mine = table.iloc[entries].drop(columns=column).reset_index(drop=True)
    number = _volumes.numbers(mine, source.options.volumes_per_run, source.table)
    events = _volumes.events(mine, number, run.t_r, source.ids["run"])
    gapless = (np.diff(number) == 1).all() and (np.diff(entries) == 1).all()
    return _events.renamed(events, source.events, source.table), entries, not gapless


def _of_betas(source: _Source, *, read: bool) -> Signal:
    column = source.options.recordings_by
    tables = (source.table, *source.more_tables)
    table = _parting.trials_of(source.options, tables, source.ids["subject"])
    entries = _trials.of_recording(table, column, source.ids[column], source.table)
    mine = table.iloc[entries].drop(columns=column, errors="ignore").reset_index(drop=True)
    n_rows = len(table)
    if column in _parting.named(source.options):
        # The table is of several recordings, each of which has an image of its own.
        entries, n_rows = np.arange(len(mine)), len(mine)
    events = _trials.events(mine, source.events, source.table)
    events = _events.renamed(events, source.events, source.table)
    signal = _trials.signal(
        source.images, source.regions, source.table, events, entries, n_rows, read=read
    )
    if signal.data is None or source.options.divide == 1.0:
        return signal
    return replace(signal, data=signal.data / source.options.divide)


def _described(source: _Source) -> dict[str, object]:
    options = {
        name: value
        for name, value in asdict(source.options).items()
        if name in ("t_r", "volumes_per_run", "per_volume", "continuous", "recordings_by")
        or (name in ("divide", "mask_above", "affine") and value not in (1.0, None, "image"))
    }
    if isinstance(source.options.trials, Design):
        options["design"] = asdict(source.options.trials)
    if source.regions.ceiling is not None:
        options["ceiling"] = asdict(source.regions.ceiling[1])
    if source.options.confounds is not None:
        options["confounds"] = list(source.options.confounds.columns)
    select = {}
    if not source.options.events:
        select = {source.options.recordings_by: source.ids[source.options.recordings_by]}
    regions = source.regions
    return {
        "reader": "nifti",
        "version": version,
        "libraries": libraries,
        # What the files are: their digests stand in one list.
        "files": {
            "images": len(source.images),
            "betas": bool(source.options.betas),
            "mask": regions.mask is not None,
            "atlas": regions.atlas is not None,
            "names": regions.names is not None,
        },
        **options,
        "select": select,
        "run": source.ids["run"],  # part of the names of blocks
        "events": {k: v for k, v in asdict(source.events).items() if k != "path"},
    }


def _needed(path: Path, what: str, image: Path) -> Path:
    if not path.is_file():
        raise DataMissing(
            f"{path}: the {what} of {image.name} is missing. Fetch it, or correct the card."
        )
    return path
