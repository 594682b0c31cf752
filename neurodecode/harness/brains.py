"""True brains in a results folder: a file a space, and where in it each row lies."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError
from neurodecode.core.files import whole_file
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.core.truth import BrainTruth

_SIGNAL = "brain"


def write_brains(y: BrainTruth, folder: Path) -> None:
    """Write the true recordings of all rows, read one recording at a time.

    Parameters
    ----------
    y : BrainTruth
    folder : Path
        Gets ``brain-N-KEY.npy``, a space each, ``space.npy`` and ``row.npy``, where each row lies.
        Files are named by their content too: one that is there is not written again.
    """
    folder.mkdir(exist_ok=True)
    spaces, part = y.spaces, y.trials.signal().part
    row = np.zeros(len(y), dtype=np.int64)
    written = {}
    for space in range(spaces.max() + 1):
        mine = np.flatnonzero(spaces == space)
        row[mine] = np.arange(len(mine))
        place = folder / f"brain-{space}-{y.key[:16]}.npy"
        written[place] = np.split(mine, np.flatnonzero(np.diff(part[mine])) + 1)
    for place, recordings in written.items():
        if not place.is_file():
            _write(place, y, recordings)
    save_array(folder / "space.npy", spaces)
    save_array(folder / "row.npy", row)
    for other in (*folder.glob("brain-*.npy"), folder / "vectors.npy"):
        if other not in written:
            other.unlink(missing_ok=True)


def read_brains(rows: pd.DataFrame, folder: Path) -> BrainTruth:
    """Give what `write_brains` wrote, read from the files when it is asked for.

    Raises
    ------
    DataError
        If a file is missing.
    """
    try:
        spaces, row = (
            np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("space", "row")
        )
        places = [next(folder.glob(f"brain-{i}-*.npy")) for i in range(spaces.max() + 1)]
    except (OSError, StopIteration) as error:
        raise DataError(
            f"{folder}: what the brain truly was is missing ({error or 'no brain-N-KEY.npy'}). The "
            "run that made the folder makes it anew."
        ) from error
    parts = tuple(
        Part(place, _space(i, place), ("feature",), None, 0.0, place.stem)
        for i, place in enumerate(places)
    )
    entries = np.full(len(rows), -1, dtype=np.int32)
    signal = TrialSignal(parts, spaces.astype(np.int32), row, entries)
    return BrainTruth(Trials(Rows(rows), {_SIGNAL: signal}))


def save_array(place: Path, array: np.ndarray) -> None:
    """Write an array, whole or not at all."""
    with whole_file(place) as path, path.open("wb") as out:
        np.save(out, array, allow_pickle=False)


def save_rows(place: Path, blocks: Iterable[np.ndarray], shape: tuple[int, ...]) -> None:
    """Write an array that comes in blocks of rows, whole or not at all.

    Parameters
    ----------
    place : Path
    blocks : iterable of ndarray, shape (n_block, …)
        Of one precision; one at least.
    shape : tuple of int
        Of all together.
    """
    with whole_file(place) as path, path.open("wb") as out:
        for i, block in enumerate(blocks):
            if i == 0:
                descr = np.lib.format.dtype_to_descr(block.dtype)
                head = {"descr": descr, "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(out, head)
            out.write(np.ascontiguousarray(block).data)


def _write(place: Path, y: BrainTruth, recordings: list[np.ndarray]) -> None:
    shape = sum(map(len, recordings)), y[recordings[0][:1]].shape[1]
    save_rows(place, (y[one].astype("<f8", copy=False) for one in recordings), shape)


def _space(number: int, place: Path) -> Space:
    """Space of a file; those of two people are never one, even where they are as large."""
    width = np.load(place, mmap_mode="r", allow_pickle=False).shape[1]
    return Space("features", tuple(f"{number}/{i}" for i in range(width)))
