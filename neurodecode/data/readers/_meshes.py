"""Surfaces: which vertices of a mesh the values of a file are, region and noise ceiling of each."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.core.space import Space
from neurodecode.data.conversion import read_words
from neurodecode.data.readers import _array_files
from neurodecode.data.readers._images import check_whole, open_image, read_values
from neurodecode.data.readers._noise_ceiling import NoiseCeiling, of_one_row

UNKNOWN = "unknown"
_IMAGES = (".mgh", ".mgz")


@dataclass(frozen=True)
class Rows:
    """Rows of one official part.

    Parameters
    ----------
    data : str
        Template of the values, with ``{hemisphere}``: npy (rows, vertices), or mgh, whose fourth
        axis counts rows.
    pictures : str
        Folder of pictures that name the rows by their order; empty where a `Design` does.
    withheld : bool
        Whether the part may be missing, as the answers of a challenge are.
    """

    data: str
    pictures: str = ""
    withheld: bool = False


@dataclass(frozen=True)
class Labels:
    """A set of regions.

    Parameters
    ----------
    path : str
        Template, with ``{hemisphere}``: whole numbers, one a vertex; 0 is no region.
    names : str
        Template of what they stand for: a colour table, or a dict that numpy pickled, which is
        read as data.
    """

    path: str
    names: str


@dataclass(frozen=True)
class Hemisphere:
    """Files that say what the values of one hemisphere are.

    Parameters
    ----------
    data : tuple of Path
        One a part.
    vertices : Path or None
        0 and 1 over the whole mesh.
    labels : tuple of Path
        Whole numbers over the mesh, or over the vertices that are read; one a set of regions.
    ceiling : Path or None
    """

    data: tuple[Path, ...]
    vertices: Path | None
    labels: tuple[Path, ...]
    ceiling: Path | None


@dataclass(frozen=True, eq=False)
class Chosen:
    """What is read of one hemisphere.

    Parameters
    ----------
    index : ndarray of int, shape (n_read,)
        Places among the columns of the data.
    vertices : ndarray of int, shape (n_read,)
        Numbers on the mesh.
    regions : tuple of str
        One a vertex.
    ceiling : ndarray, shape (n_read,) or None
    size : int
        Vertices of the mesh.
    n_unknown : int
        Vertices that were left out, since nothing is known of their noise.
    """

    index: np.ndarray
    vertices: np.ndarray
    regions: tuple[str, ...]
    ceiling: np.ndarray | None
    size: int
    n_unknown: int


def shape_of(path: Path) -> tuple[int, int]:
    """Give how many rows and columns (vertices) a file has, from its header."""
    if path.suffix in _IMAGES:
        shape = open_image(path).shape
        n_trials = int(shape[3]) if len(shape) > 3 else 1
        return n_trials, int(np.prod(shape[:3]))
    shape = _array_files.shape_of(path, "")
    if len(shape) != 2:
        raise DataError(f"{path}: shape {shape}; expected (rows, vertices).")
    return shape[0], shape[1]


def read_rows(path: Path, index: np.ndarray) -> np.ndarray:
    """Read some columns of all rows, in the precision of the file.

    Returns
    -------
    values : ndarray, shape (n_rows, n_read)
    """
    if path.suffix in _IMAGES:
        values = _image(path)
        return np.ascontiguousarray(values.reshape(values.shape[0], -1).T[:, index])
    values = _array_files.read(path, "")
    return values if len(index) == values.shape[1] else values[:, index]


def choose(
    files: Hemisphere,
    names: Sequence[Mapping[int, str]],
    ceiling: NoiseCeiling | None,
) -> Chosen:
    """Say which columns of a hemisphere's data are read, and what each of them is.

    Parameters
    ----------
    files : Hemisphere
    names : sequence of mapping of int to str
        What the numbers of each file of labels stand for.
    ceiling : NoiseCeiling or None

    Raises
    ------
    DataError
        If files are of other vertices than the data.
    """
    n = shape_of(files.data[0])[1]
    for path in files.data[1:]:
        if shape_of(path)[1] != n:
            raise DataError(
                f"{path}: {shape_of(path)[1]} vertices, and {files.data[0].name} has {n}. Fetch "
                "both again."
            )
    vertices, index, size = np.arange(n), np.arange(n), n
    if files.vertices is not None:
        inside = _values(files.vertices)
        if not np.isin(inside, (0, 1)).all():
            raise DataError(f"{files.vertices}: expected 0 and 1, one a vertex of the mesh.")
        size, kept = len(inside), np.flatnonzero(inside == 1)
        if n not in (len(kept), size):
            raise DataError(
                f"{files.vertices}: {len(kept)} of {size} vertices, and {files.data[0].name} has "
                f"{n} columns, which are neither. Name the file that belongs to it."
            )
        vertices, index = kept, np.arange(n) if n == len(kept) else kept
    known = None if files.ceiling is None else _over(files.ceiling, vertices, n, size)
    n_unknown = 0
    if known is not None and ceiling is not None:
        known = of_one_row(known, ceiling, str(files.ceiling))
        sound = np.isfinite(known)
        n_unknown = int((~sound).sum())
        vertices, index, known = vertices[sound], index[sound], known[sound]
    return Chosen(index, vertices, _regions(files, names, vertices, index, n, size), known, size,
                  n_unknown)  # fmt: skip


def space_of(hemispheres: Sequence[Chosen], mesh: str) -> Space:
    """Give the space of both hemispheres, the left one first."""
    regions = tuple(one for half in hemispheres for one in half.regions)
    ceilings = [half.ceiling for half in hemispheres]
    held = [one for one in ceilings if one is not None]
    return Space(
        "vertices",
        types=regions,
        shape=tuple(half.size for half in hemispheres),
        mesh=mesh,
        vertices=np.concatenate(
            [
                np.column_stack([np.full(len(half.vertices), side), half.vertices])
                for side, half in enumerate(hemispheres)
            ]
        ),
        ceiling=np.concatenate(held) if len(held) == len(ceilings) else None,
    )


def region_names(path: Path) -> Mapping[int, str]:
    """Read what numbers of regions stand for: FreeSurfer's colour table, or a pickled dict.

    The dict is read as data, and nothing in it is run.

    Raises
    ------
    DataError
        If it is neither.
    """
    if path.suffix == ".npy":
        return read_words(path)
    try:
        rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        raise DataMissing(f"{path}: the names of regions are missing. Fetch them.") from None
    with contextlib.suppress(ValueError, IndexError):
        return {int(row[0]): row[1] for row in rows if row and not row[0].startswith("#")}
    raise DataError(f"{path}: expected lines of a number and a name, as colour tables have them.")


def _regions(
    files: Hemisphere,
    names: Sequence[Mapping[int, str]],
    vertices: np.ndarray,
    index: np.ndarray,
    n: int,
    size: int,
) -> tuple[str, ...]:
    """Give the region of each vertex: the first that it is in; nothing where no set is named."""
    if not files.labels:
        return ()
    found = np.full(len(vertices), UNKNOWN, dtype=object)
    for path, known in zip(files.labels, names, strict=True):
        held: Any = _values(path)
        if len(held) not in (n, size):
            raise DataError(
                f"{path}: {len(held)} labels for {n} columns and a mesh of {size} vertices. Name "
                "the file that belongs to them."
            )
        mine = held[vertices] if len(held) == size else held[index]
        for number in np.unique(mine):
            # 0 and below stand for no region, as -1 does outside the cut.
            if number > 0:
                if int(number) not in known:
                    raise DataError(
                        f"{path}: it has the number {number:g}, which has no name in the table of "
                        "its regions. Name the table of these labels."
                    )
                found[(mine == number) & (found == UNKNOWN)] = known[int(number)]
    return tuple(found)


def _over(path: Path, vertices: np.ndarray, n: int, size: int) -> np.ndarray:
    """Give one value a vertex that is read, of a file over the mesh or over the data's columns."""
    held = _values(path)
    if len(held) not in (n, size):
        raise DataError(
            f"{path}: {len(held)} values for {n} columns and a mesh of {size} vertices. Name the "
            "file that belongs to them."
        )
    return held[vertices] if len(held) == size else held


def _values(path: Path) -> np.ndarray:
    if path.suffix in _IMAGES:
        return _image(path).ravel()
    return _array_files.read(path, "").ravel()


def _image(path: Path) -> np.ndarray:
    check_whole(path)
    values = read_values(path, open_image(path))
    return values.reshape(int(np.prod(values.shape[:3])), -1)
