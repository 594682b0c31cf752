"""Reader of 4-D images with a mask: volumes become entries of voxels.

nibabel and nilearn are imported where an image is opened: finding recordings needs neither.
"""

import functools
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.core.recording import Recording, Signal, SourceFile
from neurodecode.core.space import Space
from neurodecode.data.cards import Card, EventsSpec, Variant
from neurodecode.data.readers import _events, _templates, _volumes
from neurodecode.data.readers._images import check_alike, check_whole, open_image, voxels_of_mask

if TYPE_CHECKING:
    import nibabel

logger = logging.getLogger(__name__)

version = 1
libraries = ("nibabel", "nilearn", "numpy")


@dataclass(frozen=True)
class Options:
    """Options of the reader ``nifti`` in a card.

    Parameters
    ----------
    bold, mask : str
        Templates with ``{subject}``, ``{session}``, ``{run}``, below the data set's folder.
    volumes : str
        Table with one row a volume of `bold`: ``label`` and ``run`` without a header, or with one,
        then also ``block``, ``volume`` (its true number, where some were left out) and others.
    events : str
        Table of events in seconds, instead of `volumes`.
    recordings_by : str
        Column of `volumes` that parts one image into recordings.
    t_r : float or None
        Seconds from volume to volume; None for what the image says.
    volumes_per_run : int or None
        Length of a run where ``volume`` counts through all of them.
    per_volume : bool
        Whether `events` are spread over the volumes they cover, the others being ``rest``.
    subject, session, run : str
        What the templates do not say.
    """

    bold: str
    mask: str
    volumes: str = ""
    events: str = ""
    recordings_by: Literal["subject", "session", "run"] = "run"
    t_r: float | None = None
    volumes_per_run: int | None = None
    per_volume: bool = False
    subject: str = "01"
    session: str = "1"
    run: str = "1"

    def __post_init__(self):
        for template in (self.bold, self.mask, self.volumes, self.events):
            _templates.fields(template)
        if bool(self.volumes) == bool(self.events):
            raise ConfigError("expected a table, as volumes or as events.")
        if self.t_r is not None and self.t_r <= 0:
            raise ConfigError(f"t_r: {self.t_r:g} s must be above zero.")


@dataclass(frozen=True)
class _Source:
    bold: Path
    mask: Path
    table: Path
    options: Options
    events: EventsSpec
    ids: Mapping[str, str]


def find(card: Card, variant: Variant, root: Path) -> list[Recording]:
    """All recordings of a card below `root`; of the files only the volumes' tables are opened.

    Raises
    ------
    DataMissing
        If an image has no mask or no table.
    """
    options: Options = variant.options
    constant = {name: getattr(options, name) for name in _templates.ENTITIES}
    recordings = []
    for found, bold in _templates.match(root, options.bold):
        ids = constant | found
        mask = _needed(root / _templates.fill(options.mask, ids), "mask", bold)
        name = _templates.fill(options.volumes or options.events, ids)
        table = _needed(root / name, "table", bold)
        several = [ids]
        if options.volumes:
            column = options.recordings_by
            parts = dict.fromkeys(_volumes.read(table, column)[column])
            several = [ids | {column: part} for part in parts]
        for one in several:
            source = _Source(bold, mask, table, options, variant.events, one)
            recordings.append(
                Recording(
                    **one,
                    modality=card.modality,
                    files=tuple(SourceFile(path) for path in (bold, mask, table)),
                    reader=_described(source),
                    load=functools.partial(load, source),
                    header=functools.partial(header, source),
                )
            )
    return recordings


def more_files(path: Path) -> Sequence[Path]:
    """Files that are read along with `path`: the other half of an Analyze pair."""
    pairs = {".img": ".hdr", ".hdr": ".img"}
    other = path.with_suffix(pairs.get(path.suffix, path.suffix))
    return [other] if other != path and other.is_file() else []


def load(source: _Source) -> Signal:
    """Read one recording.

    Returns
    -------
    signal : Signal
        data : ndarray, shape (n_volumes, n_voxels), float64; voxels in the order of
        ``numpy.argwhere(mask)``.

    Raises
    ------
    DataError
        If the image is damaged, lies elsewhere than its mask, or does not fit its table.
    """
    from nilearn.maskers import NiftiMasker

    check_whole(source.bold)
    check_whole(source.mask)
    image, mask = open_image(source.bold), open_image(source.mask)
    signal, entries = _signal(source, image, mask)
    chosen = image.slicer[..., entries[0] : entries[-1] + 1]
    _check_finite(source, chosen, signal.space.ijk)
    masker = NiftiMasker(mask_img=mask, standardize=False, dtype=np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the masker's own are about reports that nobody asked for
        data = masker.fit(chosen).transform(chosen)
    return Signal(
        data=np.ascontiguousarray(data[entries - entries[0]], dtype=np.float64),
        space=signal.space,
        axes=signal.axes,
        sfreq=signal.sfreq,
        events=signal.events,
        tmin=signal.tmin,
    )


def header(source: _Source) -> Signal:
    """Give voxels, rate, length and events of one recording, without its values."""
    return _signal(source, open_image(source.bold), open_image(source.mask))[0]


def _signal(
    source: _Source, image: "nibabel.Nifti1Image", mask: "nibabel.Nifti1Image"
) -> tuple[Signal, np.ndarray]:
    """Header of the recording, and its volumes' positions in the image."""
    if len(image.shape) != 4:
        raise DataError(f"{source.bold}: shape {image.shape}; expected four axes, the last time.")
    check_alike(source.bold, image, source.mask, mask)
    t_r = _t_r(source, image)
    ijk = voxels_of_mask(source.mask, mask)
    space = Space(
        kind="voxels", affine=np.asarray(image.affine), shape=tuple(image.shape[:3]), ijk=ijk
    )
    n_volumes = image.shape[3]
    if source.options.volumes:
        events, entries, sfreq = _of_volumes(source, n_volumes, t_r)
        tmin = float(events["onset"].iloc[0])
    else:
        events = _events.read_table(source.table, source.events)
        _events.check_inside(events, n_volumes * t_r, source.table)
        events = _events.renamed(events, source.events)
        if source.options.per_volume:
            events = _volumes.spread(events, n_volumes, t_r, source.ids["run"])
        entries, sfreq, tmin = np.arange(n_volumes), 1 / t_r, 0.0
    signal = Signal(
        data=None,
        space=space,
        axes=("voxel",),
        sfreq=sfreq,
        events=events,
        tmin=tmin,
        n_times=len(entries),
    )
    return signal, entries


def _of_volumes(
    source: _Source, n_volumes: int, t_r: float
) -> tuple[pd.DataFrame, np.ndarray, float | None]:
    column = source.options.recordings_by
    table = _volumes.read(source.table, column)
    if len(table) != n_volumes:
        raise DataError(
            f"{source.table}: {len(table)} rows for the {n_volumes} volumes of {source.bold.name}. "
            "Each volume needs one row; replace whichever of the two files is not whole."
        )
    entries = np.flatnonzero(table[column] == source.ids[column])
    mine = table.iloc[entries].drop(columns=column).reset_index(drop=True)
    number = _volumes.numbers(mine, source.options.volumes_per_run, source.table)
    events = _volumes.events(mine, number, t_r, source.ids["run"])
    gapless = (np.diff(number) == 1).all() and (np.diff(entries) == 1).all()
    return _events.renamed(events, source.events), entries, 1 / t_r if gapless else None


def _t_r(source: _Source, image: "nibabel.Nifti1Image") -> float:
    if source.options.t_r is not None:
        return source.options.t_r
    about: Any = image.header
    step = float(about.get_zooms()[3])
    unit = about.get_xyzt_units()[1] if hasattr(about, "get_xyzt_units") else "sec"
    t_r = step * {"msec": 1e-3, "usec": 1e-6}.get(unit, 1.0)
    if not 0.05 <= t_r <= 60:
        raise DataError(
            f"{source.bold}: its header says {step:g} {unit} from volume to volume, which cannot "
            "be. Give t_r, in seconds, in the card."
        )
    return t_r


def _check_finite(source: _Source, image: "nibabel.Nifti1Image", ijk: np.ndarray | None) -> None:
    """Stop at NaN before the masker, which would put zeros in its place."""
    values = np.asanyarray(image.dataobj)
    if values.dtype.kind != "f" or ijk is None:
        return
    bad = ~np.isfinite(values[tuple(ijk.T)])  # (n_voxels, n_volumes)
    if bad.any():
        voxel = " ".join(str(int(k)) for k in ijk[np.flatnonzero(bad.any(axis=1))[0]])
        raise DataError(
            f"{source.bold}: {int(bad.any(axis=1).sum())} of {len(ijk)} voxels of the mask are "
            f"not finite (NaN or infinite) in some volume, the first at {voxel}. Leave them out of "
            "the mask, or repair the image."
        )


def _described(source: _Source) -> dict[str, object]:
    options = {
        name: value
        for name, value in asdict(source.options).items()
        if name in ("t_r", "volumes_per_run", "per_volume", "recordings_by")
    }
    select = {}
    if source.options.volumes:
        select = {source.options.recordings_by: source.ids[source.options.recordings_by]}
    return {
        "reader": "nifti",
        "version": version,
        "libraries": libraries,
        **options,
        "select": select,
        "run": source.ids["run"],  # part of the names of blocks
        "events": {k: v for k, v in asdict(source.events).items() if k != "path"},
    }


def _needed(path: Path, what: str, bold: Path) -> Path:
    if not path.is_file():
        raise DataMissing(
            f"{path}: the {what} of {bold.name} is missing. Fetch it, or correct the card."
        )
    return path
