"""What each target of an encoder is, in a results folder: which voxel or channel, and when."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError
from neurodecode.core.files import whole_file
from neurodecode.core.space import Space
from neurodecode.core.truth import BrainTruth

_TEXTS = ("names", "types", "regions")
_ARRAYS = ("positions", "affine", "ijk", "vertices", "ceiling")


@dataclass(frozen=True, eq=False)
class TargetSpace:
    """A space whose targets were told, with the times of a trial that has several.

    Parameters
    ----------
    space : Space
    times : ndarray, shape (n_times,), or None
        Seconds from the event of the samples of a trial, which vary fastest; None of one value.
    """

    space: Space
    times: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.space) * (1 if self.times is None else len(self.times))

    @property
    def ceiling(self) -> np.ndarray | None:
        """Share of one row's variance that is signal, as the data set has it; a value a target."""
        known = self.space.ceiling
        return None if known is None else np.repeat(known, len(self) // len(self.space))

    def table(self) -> pd.DataFrame:
        """Give a row a target: its name, region and place, and its time where there are several."""
        space, n_times = self.space, len(self) // len(self.space)
        names = list(space.names) or [str(i) for i in range(len(space))]
        columns: dict[str, Any] = {"name": names}
        if space.regions or space.types:
            columns["region"] = list(space.regions or space.types)
        if space.ijk is not None:
            columns |= dict(zip("ijk", space.ijk.T, strict=True))
        if space.vertices is not None:
            columns["hemisphere"] = np.array(["left", "right"])[space.vertices[:, 0]]
            columns["vertex"] = space.vertices[:, 1]
        if space.positions is not None:
            columns |= dict(zip("xyz", space.positions.T, strict=True))
        table = pd.DataFrame(columns)
        table = table.loc[table.index.repeat(n_times)].reset_index(drop=True)
        if self.times is not None:
            table["time"] = np.tile(self.times, len(space))
        return table


def write_target_spaces(y: BrainTruth, folder: Path) -> None:
    """Write the spaces of true brains, ``space-N.npz``, numbered as `BrainTruth.spaces` does."""
    signal, written = y.trials.signal(), set()
    spaces = y.spaces
    for number in range(spaces.max() + 1):
        row = int(np.argmax(spaces == number))
        part, n_values = signal.parts[signal.part[row]], np.size(signal.piece(row))
        # Features that are counted by nothing are numbered.
        space = part.space if len(part.space) else _numbered(part.space, n_values)
        about = {
            "kind": space.kind, "unit": space.unit, "mesh": space.mesh, "shape": list(space.shape),
            "times": None,
        }  # fmt: skip
        if len(space) and n_values > len(space) and part.sfreq is not None:
            about["times"] = [part.tmin + i / part.sfreq for i in range(n_values // len(space))]
        arrays = {
            name: value for name in _ARRAYS if (value := getattr(space, name)) is not None
        }  # fmt: skip
        arrays |= {name: np.array(getattr(space, name), dtype=str) for name in _TEXTS}
        place = folder / f"space-{number}.npz"
        with whole_file(place) as path, path.open("wb") as out:
            np.savez(out, allow_pickle=False, about=np.array(json.dumps(about)), **arrays)
        written.add(place)
    for other in folder.glob("space-*.npz"):
        if other not in written:
            other.unlink()


def _numbered(space: Space, n: int) -> Space:
    return Space(space.kind, tuple(str(i) for i in range(n)), unit=space.unit)


def read_target_space(folder: Path, number: int) -> TargetSpace:
    """Read what `write_target_spaces` wrote.

    Raises
    ------
    DataError
        If it is missing.
    """
    path = folder / f"space-{number}.npz"
    if not path.is_file():
        raise DataError(f"{path} is missing. The run that made the folder makes it anew.")
    with np.load(path, allow_pickle=False) as stored:
        about = json.loads(str(stored["about"]))
        arrays = {name: stored[name] for name in _ARRAYS if name in stored.files}
        texts = {name: tuple(stored[name].tolist()) for name in _TEXTS if name in stored.files}
    space = Space(
        about["kind"], unit=about["unit"], mesh=about["mesh"], shape=tuple(about["shape"]),
        **texts, **arrays,
    )  # fmt: skip
    times = None if about["times"] is None else np.array(about["times"])
    return TargetSpace(space, times)
