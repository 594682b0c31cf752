"""What of each volume is kept: the voxels of a mask, or one value a region of an atlas."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError
from neurodecode.core.space import Space
from neurodecode.data.readers._images import (
    check_alike,
    check_whole,
    open_image,
    read_values,
    voxels_of_mask,
)
from neurodecode.data.readers._noise_ceiling import NoiseCeiling, of_one_row

if TYPE_CHECKING:
    import nibabel

_SHOWN = 8


@dataclass(frozen=True)
class Regions:
    """Files that say which voxels are read, and whether they are averaged.

    Parameters
    ----------
    mask : Path or None
        Image of 0 and 1. Alone, its voxels are the features; with an atlas, voxels outside it
        count to no region.
    atlas : Path or None
        Regions that are one feature each: an image of whole numbers (0 is no region), whose values
        are averaged over a region's voxels, or one of four axes, a map of weights a region, which
        are fitted to each volume by least squares (nilearn's `NiftiLabelsMasker` and
        `NiftiMapsMasker`).
    names : Path or None
        Table with the columns ``index`` and ``name``: names of the atlas's numbers, or of its maps,
        counted from 1. Without it the numbers are the names.
    mask_above : float or None
        Voxels of a larger value are the mask's; None for a mask of 0 and 1.
    placed_by_mask : bool
        Whether the mask's header says where voxels are, and not that of the images.
    ceiling : (Path, NoiseCeiling) or None
        Map of the noise ceiling of each voxel; voxels where it is NaN are left out, and counted.
    """

    mask: Path | None = None
    atlas: Path | None = None
    names: Path | None = None
    mask_above: float | None = None
    placed_by_mask: bool = False
    ceiling: tuple[Path, NoiseCeiling] | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are named."""
        known = self.ceiling[0] if self.ceiling else None
        return tuple(p for p in (self.mask, self.atlas, self.names, known) if p is not None)


@dataclass(frozen=True, eq=False)
class Extraction:
    """The way from an image to an array, and what its columns are.

    Parameters
    ----------
    space : Space
        Voxels, or parcels.
    ijk : ndarray of int, shape (n_voxels, 3)
        All voxels that are read.
    labels : ndarray of int, shape (n_voxels,) or None
        The number of each one's region.
    maps : ndarray, shape (n_voxels, n_regions) or None
        Weights.
    notes : tuple of str
    """

    space: Space
    ijk: np.ndarray
    labels: np.ndarray | None = None
    maps: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def apply(self, path: Path, values: np.ndarray) -> np.ndarray:
        """Give one row a volume.

        Parameters
        ----------
        path : Path
            Of the image, for messages.
        values : ndarray, shape (i, j, k, n_volumes)

        Returns
        -------
        data : ndarray, shape (n_volumes, n_features), float64

        Raises
        ------
        DataError
            If a value that is used is not finite.
        """
        inside = values[tuple(self.ijk.T)]  # (n_voxels, n_volumes)
        bad = ~np.isfinite(inside)
        if bad.any():
            worst = np.flatnonzero(bad.any(axis=1))
            voxel = " ".join(str(int(k)) for k in self.ijk[worst[0]])
            kind = "mask" if self.space.kind == "voxels" else "atlas"
            raise DataError(
                f"{path}: {len(worst)} of {len(self.ijk)} voxels of the {kind} are not finite (NaN "
                f"or infinite) in some volume, the first at {voxel}. Leave them out of the {kind}, "
                "or repair the image."
            )
        inside = np.asarray(inside, dtype=np.float64)
        if self.maps is not None:
            return np.linalg.lstsq(self.maps, inside, rcond=None)[0].T
        if self.labels is not None:
            numbers = np.unique(self.labels)
            inside = np.stack([inside[self.labels == k].mean(axis=0) for k in numbers])
        return np.ascontiguousarray(inside.T)


def extraction(regions: Regions, path: Path, image: "nibabel.Nifti1Image") -> Extraction:
    """Open mask and atlas, and hold them to the grid of an image.

    Raises
    ------
    DataError
        If one of them lies elsewhere, is empty, or is not what it is said to be.
    """
    ijk = None
    if regions.mask is not None:
        mask = open_image(regions.mask)
        check_alike(path, image, regions.mask, mask, places=not regions.placed_by_mask)
        image = mask if regions.placed_by_mask else image
        ijk = voxels_of_mask(regions.mask, mask, regions.mask_above)
    if regions.atlas is None:
        assert ijk is not None  # options ask for one of the two
        return _of_voxels(regions, image, ijk)
    atlas = open_image(regions.atlas)
    check_alike(path, image, regions.atlas, atlas, "atlas")
    check_whole(regions.atlas)
    values = read_values(regions.atlas, atlas)
    if values.ndim == 4 and values.shape[3] == 1:
        values = values[..., 0]
    if not np.isfinite(values).all():
        raise DataError(f"{regions.atlas}: holds values that are not finite. Repair it.")
    if values.ndim == 4:
        return _of_maps(regions, values, ijk)
    if values.ndim == 3:
        return _of_labels(regions, values, ijk)
    raise DataError(
        f"{regions.atlas}: shape {values.shape}; an atlas has three axes (numbers of regions) or "
        "four (one map a region)."
    )


def _of_voxels(regions: Regions, image: "nibabel.Nifti1Image", ijk: np.ndarray) -> Extraction:
    shape = tuple(int(n) for n in image.shape[:3])
    known, notes = None, ()
    if regions.ceiling is not None:
        path, spec = regions.ceiling
        held = open_image(path)
        places = not regions.placed_by_mask
        check_alike(regions.mask or path, image, path, held, "map of ceilings", places=places)
        check_whole(path)
        known = of_one_row(read_values(path, held)[tuple(ijk.T)], spec, str(path))
        sound = np.isfinite(known)
        if not sound.all():
            notes = (f"{int((~sound).sum())} voxels of unknown noise ceiling are left out",)
        ijk, known = ijk[sound], known[sound]
    affine = np.asarray(image.affine)
    return Extraction(
        Space(kind="voxels", affine=affine, shape=shape, ijk=ijk, ceiling=known), ijk, notes=notes
    )


def _of_labels(regions: Regions, values: np.ndarray, ijk: np.ndarray | None) -> Extraction:
    whole = np.unique(values)
    if (whole != np.round(whole)).any() or whole[0] < 0:
        odd = whole[(whole != np.round(whole)) | (whole < 0)][0]
        raise DataError(
            f"{regions.atlas}: an atlas of three axes holds whole numbers from 0 on, this one "
            f"{odd:g}. A map of weights has four axes; give the image a fourth."
        )
    everywhere = [int(k) for k in whole if k > 0]
    if not everywhere:
        raise DataError(f"{regions.atlas}: the atlas has no region, only zeros. Name another.")
    inside = np.argwhere(values > 0) if ijk is None else ijk[values[tuple(ijk.T)] > 0]
    labels = values[tuple(inside.T)].astype(np.int64)
    there = [int(k) for k in np.unique(labels)]
    names = _named(regions, everywhere)
    lost = [names[k] for k in everywhere if k not in set(there)]
    notes = _lost(regions, lost, len(everywhere))
    space = Space("parcels", names=tuple(names[k] for k in there))
    return Extraction(space, inside, labels=labels, notes=notes)


def _of_maps(regions: Regions, values: np.ndarray, ijk: np.ndarray | None) -> Extraction:
    n_regions = values.shape[3]
    if ijk is None:
        ijk = np.argwhere((values != 0).any(axis=3))
    maps = np.asarray(values[tuple(ijk.T)], dtype=np.float64)  # (n_voxels, n_regions)
    names = _named(regions, list(range(1, n_regions + 1)))
    kept = (maps != 0).any(axis=0)
    lost = [names[k] for k in range(1, n_regions + 1) if not kept[k - 1]]
    notes = _lost(regions, lost, n_regions)
    maps = maps[:, kept]
    rank = np.linalg.matrix_rank(maps)
    if rank < maps.shape[1]:
        raise DataError(
            f"{regions.atlas}: its {maps.shape[1]} maps have rank {rank}, so some of them are "
            "mixtures of others and the regions' series are not determined. Leave those out."
        )
    there = tuple(names[k] for k in range(1, n_regions + 1) if kept[k - 1])
    space = Space("parcels", names=there)
    return Extraction(space, ijk, maps=maps, notes=notes)


def _lost(regions: Regions, lost: Sequence[str], n_regions: int) -> tuple[str, ...]:
    if len(lost) == n_regions:
        where = f"in {regions.mask}" if regions.mask is not None else "in it"
        raise DataError(
            f"{regions.atlas}: none of its {n_regions} regions has a voxel {where}. Name another."
        )
    if not lost:
        return ()
    more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    return (
        f"{len(lost)} of {n_regions} regions of the atlas have no voxel in the mask and are left "
        f"out: {', '.join(lost[:_SHOWN])}{more}",
    )


def _named(regions: Regions, numbers: Sequence[int]) -> dict[int, str]:
    """Names of the atlas's numbers."""
    if regions.names is None:
        return {k: str(k) for k in numbers}
    separator = "," if ".csv" in regions.names.suffixes else "\t"
    table = pd.read_csv(regions.names, sep=separator, dtype=str, keep_default_na=False)
    for column in ("index", "name"):
        if column not in table:
            raise DataError(
                f"{regions.names}: no column {column!r}; there are: {', '.join(table)}. A table of "
                "regions has index (the number in the atlas) and name."
            )
    names = dict(zip(table["index"].str.strip(), table["name"], strict=True))
    lacking = [str(k) for k in numbers if not names.get(str(k))]
    if lacking:
        raise DataError(
            f"{regions.names}: no name for {len(lacking)} of the atlas's {len(numbers)} regions, "
            f"the first is {lacking[0]}. Add a row each, or name the table of this atlas."
        )
    found = {k: names[str(k)] for k in numbers}
    twice = [name for name in found.values() if list(found.values()).count(name) > 1]
    if twice:
        raise DataError(f"{regions.names}: two regions are called {twice[0]!r}. Rename one.")
    return found
