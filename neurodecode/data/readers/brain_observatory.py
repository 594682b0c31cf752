"""Reader of the Allen Brain Observatory: dF/F of cells while natural scenes are shown, from NWB.

The files are HDF5 and are read as such. A presentation is found by the imaging frames that the
file names, and its response by the time stamps of these.
"""

import functools
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Recording, Signal, SourceFile
from neurodecode.core.space import NO_UNIT, Space
from neurodecode.data.readers import _hdf5, _templates
from neurodecode.data.readers._array_checks import explained
from neurodecode.data.specs import Card, EventsSpec, Variant

logger = logging.getLogger(__name__)

version = 1
libraries = ("h5py", "numpy")

_TRACES = "processing/brain_observatory_pipeline/DfOverF/imaging_plane_1/"
_CELLS = "processing/brain_observatory_pipeline/ImageSegmentation/cell_specimen_ids"
_SHOWN = "stimulus/presentation/natural_scenes_stimulus/"
_CONTAINER = "general/experiment_container_id"
_AREA = "general/optophysiology/imaging_plane_1/location"
_BLANK = -1


@dataclass(frozen=True)
class Options:
    """Options of the reader ``brain_observatory`` in a card.

    Parameters
    ----------
    path : str
        Template of the files; ``{session}`` is the experiment. The subject is the container, one
        field of view over several days.
    response : float
        Seconds from the onset of a picture over which dF/F is averaged.
    baseline : float
        Seconds before the onset whose mean is taken away; 0 for none.
    """

    path: str
    response: float = 0.5
    baseline: float = 0.0

    def __post_init__(self):
        if _templates.fields(self.path) != ["session"]:
            raise ConfigError(f"path: {self.path!r}: expected {{session}} and no other word.")
        if not (self.response > 0 and self.baseline >= 0):
            raise ConfigError("response must be above zero, baseline zero or more, in seconds.")


def find(card: Card, variant: Variant, root: Path) -> list[Recording]:
    """All recordings with natural scenes; sessions that show others are left out, with a warning.

    Raises
    ------
    ConfigError
        If the card says of events, which are in the files.
    DataError
        If a file is damaged.
    """
    if variant.events != EventsSpec():
        raise ConfigError(f"{card.name}: presentations are in the files. Remove events.")
    options: Options = variant.options
    recordings = []
    for ids, path in _templates.match(root, options.path):
        with explained(path):
            keys = _hdf5.keys_of(path)
            if (_SHOWN + "data").replace("/", ".") not in keys:
                logger.warning("%s: no natural scenes are in it, so it is left out.", path)
                continue
            container = str(_hdf5.read(path, _CONTAINER))
        recordings.append(
            Recording(
                subject=container,
                session=ids["session"],
                run="1",
                modality=card.modality,
                files=(SourceFile(path),),
                reader={
                    "reader": "brain_observatory", "version": version, "libraries": libraries,
                    "layout": asdict(options),
                },
                load=functools.partial(load, path, options),
                header=functools.partial(header, path, options),
            )
        )  # fmt: skip
    return recordings


def more_files(path: Path) -> Sequence[Path]:
    """Files that are read along with `path`: none."""
    return []


def load(path: Path, options: Options) -> Signal:
    """Read one recording.

    Returns
    -------
    signal : Signal
        data : ndarray, shape (n_presentations, n_cells): mean dF/F after each onset.
    """
    with explained(path):
        return _signal(path, options, read=True)


def header(path: Path, options: Options) -> Signal:
    """Give cells and presentations of one recording, without values."""
    with explained(path):
        return _signal(path, options, read=False)


def _signal(path: Path, options: Options, *, read: bool) -> Signal:
    stamps = np.asarray(_hdf5.read(path, _TRACES + "timestamps"), dtype=np.float64)
    shown = np.asarray(_hdf5.read(path, _SHOWN + "data"), dtype=np.int64).ravel()
    frames = np.asarray(_hdf5.read(path, _SHOWN + "frame_duration"), dtype=np.int64)
    cells = [str(one) for one in np.ravel(_hdf5.read(path, _CELLS))]
    if len(frames) != len(shown) or frames.min() < 0 or frames.max() > len(stamps):
        raise DataError(
            f"{path}: {len(shown)} presentations and frames from {frames.min()} to {frames.max()} "
            f"of {len(stamps)}, which cannot be. Fetch it again."
        )
    onset = stamps[frames[:, 0]]
    stop = stamps[np.minimum(frames[:, 1], len(stamps) - 1)]
    data = None
    if read:
        traces = _hdf5.read(path, _TRACES + "data")  # (n_cells, n_frames)
        if traces.shape != (len(cells), len(stamps)):
            raise DataError(
                f"{path}: dF/F has shape {traces.shape} for {len(cells)} cells and {len(stamps)} "
                "frames. Fetch it again."
            )
        data = _means(traces, stamps, onset, onset + options.response, path)
        if options.baseline:
            data -= _means(traces, stamps, onset - options.baseline, onset, path)
    names = [None if one == _BLANK else f"scene{one:03d}" for one in shown]
    labels = ["blank" if one is None else one for one in names]
    events = pd.DataFrame(
        {
            "onset": onset,
            "duration": stop - onset,
            "label": labels,
            "stimulus": np.array(names, dtype=object),
            "repeat": pd.Series(shown).groupby(shown).cumcount().to_numpy(),
        }
    )
    area = str(_hdf5.read(path, _AREA))
    return Signal(
        data=data,
        space=Space("features", tuple(cells), types=(area,) * len(cells), unit=NO_UNIT),
        axes=("cell",),
        sfreq=None,
        events=events,
        n_times=len(events),
    )


def _means(
    traces: np.ndarray, stamps: np.ndarray, start: np.ndarray, stop: np.ndarray, path: Path
) -> np.ndarray:
    """Give means over the frames from `start` on and before `stop`, (n_presentations, n_cells)."""
    first, last = np.searchsorted(stamps, start), np.searchsorted(stamps, stop)
    if (last <= first).any():
        which = int((last <= first).argmax())
        raise DataError(
            f"{path}: no frame lies within the window of presentation {which}. Give a longer one "
            "in the card."
        )
    if not np.isfinite(traces).all():
        bad = int((~np.isfinite(traces)).any(axis=1).sum())
        raise DataError(f"{path}: dF/F of {bad} cells is not finite. Fetch it again.")
    sums = np.zeros((len(traces), traces.shape[1] + 1))
    np.cumsum(traces, axis=1, dtype=np.float64, out=sums[:, 1:])
    return ((sums[:, last] - sums[:, first]) / (last - first)).T
