"""What a searchlight looks at: trials of voxels or vertices, and where these are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.trials import Trials
from neurodecode.data.readers._images import check_alike
from neurodecode.harness.truth import shuffle_units
from neurodecode.linalg.searchlight import Searchlight, surface_searchlight, volume_searchlight
from neurodecode.report.masks import marked, opened


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels of an image.

    Parameters
    ----------
    mask : ndarray of bool, shape (n_x, n_y, n_z)
    affine : ndarray, shape (4, 4)
        Voxel indices to millimetres.
    """

    mask: np.ndarray
    affine: np.ndarray

    def without(self, columns: np.ndarray) -> "Volume":
        """Leave out some of the voxels, by a flag each."""
        kept = self.mask.copy()
        kept[self.mask] = ~columns
        return Volume(kept, self.affine)

    def searchlight(self, radius: float) -> Searchlight:
        """Balls of a radius in millimetres, borders included, around every voxel."""
        return volume_searchlight(self.mask, radius, affine=self.affine, inclusive=True)

    def coordinates(self, light: Searchlight) -> pd.DataFrame:
        """Millimetres and indices of each centre."""
        ijk = np.stack(np.unravel_index(light.centres, light.shape), axis=1)
        xyz = ijk @ self.affine[:3, :3].T + self.affine[:3, 3]
        named = dict(zip("xyz", xyz.T, strict=True)) | dict(zip("ijk", ijk.T, strict=True))
        return pd.DataFrame(named)

    def image(self, light: Searchlight, values: np.ndarray, elsewhere: float = np.nan) -> Any:
        """Put a value a centre into an image."""
        import nibabel

        volume = np.full(self.mask.shape, elsewhere, np.float32)
        volume.ravel()[light.centres] = values
        return nibabel.Nifti1Image(volume, self.affine)


@dataclass(frozen=True, eq=False)
class Surface:
    """Vertices of one mesh or of two hemispheres, one after the other.

    Parameters
    ----------
    mesh : nilearn.surface.PolyMesh
    mask : ndarray of bool, shape (n_vertices,)
    """

    mesh: Any
    mask: np.ndarray

    def without(self, columns: np.ndarray) -> "Surface":
        """Leave out some of the vertices, by a flag each."""
        kept = self.mask.copy()
        kept[self.mask] = ~columns
        return Surface(self.mesh, kept)

    def searchlight(self, radius: float) -> Searchlight:
        """Patches of a radius in millimetres along the surface, around every vertex."""
        positions, faces, first = [], [], 0
        for part in self.mesh.parts.values():
            positions.append(part.coordinates)
            faces.append(part.faces + first)
            first += len(part.coordinates)
        return surface_searchlight(
            np.concatenate(positions), np.concatenate(faces), radius, mask=self.mask
        )

    def coordinates(self, light: Searchlight) -> pd.DataFrame:
        """Millimetres, hemisphere and vertex of each centre."""
        positions = np.concatenate([one.coordinates for one in self.mesh.parts.values()])
        sizes = [len(one.coordinates) for one in self.mesh.parts.values()]
        names = np.repeat(list(self.mesh.parts), sizes)
        vertices = np.concatenate([np.arange(n) for n in sizes])
        named = dict(zip("xyz", positions[light.centres].T, strict=True))
        at = {"part": names[light.centres], "vertex": vertices[light.centres]}
        return pd.DataFrame(named | at)

    def image(self, light: Searchlight, values: np.ndarray, elsewhere: float = np.nan) -> Any:
        """Put a value a centre onto the mesh."""
        from nilearn.surface import SurfaceImage

        whole = np.full(len(self.mask), elsewhere, np.float32)
        whole[light.centres] = values
        data, first = {}, 0
        for name, part in self.mesh.parts.items():
            data[name] = whole[first : first + len(part.coordinates)]
            first += len(part.coordinates)
        return SurfaceImage(self.mesh, data)


@dataclass(frozen=True, eq=False)
class LookedAt:
    """Trials that a searchlight is to look at.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_columns)
    labels : ndarray of str, shape (n_trials,)
    runs : ndarray, shape (n_trials,)
    units : ndarray of int, shape (n_trials,)
        Trials of one number get their label together when labels are permuted.
    where : Volume or Surface
        Its marked places are the columns.
    notes : tuple of str
        What was left out.
    """

    X: np.ndarray
    labels: np.ndarray
    runs: np.ndarray
    units: np.ndarray
    where: Volume | Surface
    notes: tuple[str, ...]


def looked_at(
    data: Any, labels: Any, runs: Any, blocks: Any, mask: Any, *, by_run: bool = True
) -> LookedAt:
    """Read trials, and hold them to what a searchlight needs; parameters as of `searchlight`.

    Parameters
    ----------
    data, labels, runs, blocks, mask
    by_run : bool
        Whether runs are needed; without, trials of images may all be of one.

    Raises
    ------
    ConfigError
        If something is missing, or given twice.
    DataError
        If values are not finite, spaces differ, or nothing varies.
    """
    if isinstance(data, Trials):
        X, where = _of_trials(data, mask)
        named, run, units = _columns(data, labels, runs, blocks)
    else:
        X, where = _of_surface(data, mask) if hasattr(data, "mesh") else _of_image(data, mask)
        named = _one_each("labels", labels, len(X))
        runs = np.zeros(len(X), int) if runs is None and not by_run else runs
        run = _one_each("runs", runs, len(X))
        units = np.arange(len(X))
        if blocks is not None:
            block = _one_each("blocks", blocks, len(X))
            units = np.unique(np.stack([run, block]).astype(str), axis=1, return_inverse=True)[1]
    unknown = np.flatnonzero(pd.isna(named))
    if len(unknown):
        raise DataError(
            f"searchlight: {len(unknown)} of {len(named)} trials have no label, the first is trial "
            f"{unknown[0]}. Leave them out."
        )
    bad = ~np.isfinite(X)
    if bad.any():
        trial = int(np.argmax(bad.any(axis=1)))
        raise DataError(
            f"searchlight: {int(bad.any(axis=0).sum())} of {X.shape[1]} voxels hold NaN or "
            f"infinity, first in trial {trial}. Take them out of the mask; nothing is filled in."
        )
    constant = np.ptp(X, axis=0) == 0
    notes = ()
    if constant.all():
        raise DataError(
            f"searchlight: all {X.shape[1]} voxels are constant over {len(X)} trials. Check the "
            "image and its mask."
        )
    if constant.any():
        notes = (
            f"{int(constant.sum())} of {X.shape[1]} voxels are constant over trials: they are left "
            "out of all neighbourhoods and have no score.",
        )
        X, where = X[:, ~constant], where.without(constant)
    return LookedAt(X, named.astype(str), run, units, where, notes)


def _of_trials(trials: Trials, mask: Any) -> tuple[np.ndarray, Volume]:
    subjects = sorted(set(trials.rows["subject"]))
    if len(subjects) > 1:
        raise DataError(
            f"searchlight: trials are of {len(subjects)} subjects, whose voxels are other places. "
            f'Take one: trials.select(subject="{subjects[0]}"), and test maps of several by '
            "neurodecode.linalg.permutation.sign_flip_maps."
        )
    of_voxels = [
        name for name, one in trials.signals.items() if one.used()[0].space.kind == "voxels"
    ]
    if len(of_voxels) != 1:
        raise DataError(
            f"searchlight: of the signals {', '.join(trials.signals)} {len(of_voxels)} are of "
            "voxels. Give trials of one such."
        )
    trials.check_alike(of_voxels[0])
    space, X = trials.signal(of_voxels[0]).used()[0].space, trials.array(of_voxels[0])
    if space.ijk is None or space.affine is None or X.ndim != 2:
        raise DataError(
            f"searchlight: trials of shape {X.shape} in {space!r}. It needs one number a voxel and "
            "trial, and voxels that have a place."
        )
    whole = np.zeros(space.shape, bool)
    whole[tuple(space.ijk.T)] = True
    # Columns in C order of the volume, which is how a searchlight counts them.
    X = X[:, np.argsort(np.ravel_multi_index(tuple(space.ijk.T), space.shape))]
    if mask is not None:
        kept = _mask(mask, space.shape, space.affine, "the trials")[whole]
        X, whole[whole] = X[:, kept], kept
    return X, Volume(whole, np.asarray(space.affine))


def _of_image(data: Any, mask: Any) -> tuple[np.ndarray, Volume]:
    image = opened(data, "searchlight")
    if len(image.shape) != 4:
        raise DataError(
            f"searchlight: the image has shape {tuple(image.shape)}. Give four axes, one volume a "
            "trial."
        )
    if mask is None:
        raise ConfigError(
            "searchlight: mask is missing. Give an image of 0 and 1 in the space of the data, such "
            "as nilearn.masking.compute_epi_mask makes."
        )
    whole = _mask(mask, image.shape[:3], image.affine, "the data")
    return np.asarray(image.dataobj)[whole].T, Volume(whole, np.asarray(image.affine))


def _of_surface(data: Any, mask: Any) -> tuple[np.ndarray, Surface]:
    parts = list(data.data.parts.values())
    if any(part.ndim != 2 for part in parts):
        raise DataError(
            f"searchlight: data on the surface have shapes {[part.shape for part in parts]}. Give "
            "(n_vertices, n_trials) a hemisphere."
        )
    X = np.concatenate(parts).T
    marked = np.ones(X.shape[1], bool)
    if mask is not None:
        given = np.concatenate([np.ravel(part) for part in mask.data.parts.values()])
        if len(given) != X.shape[1]:
            raise DataError(
                f"searchlight: the mask has {len(given)} vertices and the data {X.shape[1]}. Give "
                "a mask of the same mesh."
            )
        marked = given.astype(bool)
    return X[:, marked], Surface(data.mesh, marked)


def _mask(mask: Any, shape: Sequence[int], affine: Any, of: str) -> np.ndarray:
    """Read a mask, and hold it to the grid of what it masks."""
    import nibabel

    image = opened(mask, "searchlight")
    grid: Any = nibabel.Nifti1Image(np.empty((*shape[:3], 0), np.int8), affine)
    check_alike(Path(of), grid, Path("mask"), image)
    return marked(image, "searchlight")[0]


def _columns(
    trials: Trials, labels: Any, runs: Any, blocks: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give labels, runs and units of trials, from columns of their table."""
    rows = trials.rows
    if runs is not None or blocks is not None:
        raise ConfigError(
            "searchlight: trials say their runs and blocks themselves. Give neither of them."
        )
    column = "label" if labels is None else labels
    if not isinstance(column, str):
        named = _one_each("labels", column, len(rows))
    elif column not in rows:
        raise ConfigError(
            f"labels: trials have no column {column!r}. There are: {', '.join(rows.columns)}."
        )
    else:
        named = rows[column]
    return named, rows.codes("session", "run"), shuffle_units(rows)[0]


def _one_each(name: str, values: Any, n_trials: int) -> np.ndarray:
    if values is None:
        raise ConfigError(f"searchlight: {name} are missing. Give one a trial.")
    found = np.asarray(values, dtype=object)
    if found.shape != (n_trials,):
        raise ConfigError(
            f"{name}: shape {found.shape} for {n_trials} trials. Give one a trial, in their order."
        )
    return found
