"""Neighbourhoods of a searchlight: balls of voxels, or patches of a surface, around centres."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from neurodecode.core.errors import DataError
from neurodecode.linalg._namespace import as_floats

_ROUNDING = 1e-9  # of the radius: a voxel that is nearer to the border lies on it
_SOURCES = 2**26  # bytes of a block of geodesic distances
_GATHERED = 2**22  # places that are looked up at a time
_MOST = 2**33  # bytes of all neighbours; a whole brain in 2 mm with balls of 20 mm has less
_OF_NEIGHBOUR, _OF_OFFSET = 8, 64  # bytes: its column and its one; what making a ball takes


@dataclass(frozen=True, eq=False)
class Searchlight:
    """Which columns of the data are looked at together, around which centre.

    Parameters
    ----------
    centres : ndarray of int, shape (n_centres,)
        Flat index into the volume (C order) or vertex of the mesh, increasing.
    places : ndarray of int, shape (n_columns,)
        The voxel or vertex that each column of the data is: flat indices too, increasing.
    starts : ndarray of int, shape (n_centres + 1,)
        The neighbours of centre i are ``neighbours[starts[i] : starts[i + 1]]``.
    neighbours : ndarray of int, shape (n_neighbours,)
        Columns of the data, increasing within a centre.
    shape : tuple of int
        Of the volume, or ``(n_vertices,)``.
    """

    centres: np.ndarray
    places: np.ndarray
    starts: np.ndarray
    neighbours: np.ndarray
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.centres)

    def __repr__(self) -> str:
        if len(self) == 0:
            return f"Searchlight(no centre in {self.shape})"
        low, high = self.sizes.min(), self.sizes.max()
        return (
            f"Searchlight({len(self)} centres in {self.shape}, {low} to {high} of "
            f"{len(self.places)} columns each)"
        )

    @property
    def sizes(self) -> np.ndarray:
        """Neighbours of each centre, shape (n_centres,)."""
        return np.diff(self.starts)

    @cached_property
    def members(self) -> sparse.csr_array:
        """A one where a column is a neighbour, shape (n_centres, n_columns), in float32."""
        ones = np.ones(len(self.neighbours), np.float32)
        return sparse.csr_array((ones, self.neighbours, self.starts), (len(self), len(self.places)))

    def of(self, centre: int) -> np.ndarray:
        """Columns of the data around a centre, by its place among the centres."""
        return self.neighbours[self.starts[centre] : self.starts[centre + 1]]

    def sums(self, maps: np.ndarray, at: slice = slice(None)) -> np.ndarray:
        """Sum maps over the neighbours of each centre.

        Parameters
        ----------
        maps : ndarray, shape (n_columns, n_maps)
        at : slice
            Of the centres.

        Returns
        -------
        sums : ndarray, shape (n_centres, n_maps)
            In the precision of the maps: each neighbour is added once, so that float32 loses no
            more than in a plain sum.
        """
        members = self.members[at]
        if members.dtype != maps.dtype:
            members = members.astype(maps.dtype)
        return members @ maps

    def take(self, at: np.ndarray) -> "Searchlight":
        """Keep some centres.

        Parameters
        ----------
        at : ndarray of int or bool
            Places among the centres, increasing.
        """
        kept = self.members[at]
        return Searchlight(self.centres[at], self.places, kept.indptr, kept.indices, self.shape)

    def batches(self, n: int, at: slice = slice(None)) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Give centres of equally many neighbours together.

        Parameters
        ----------
        n : int
            Centres of a batch, at most.
        at : slice
            Of the centres.

        Yields
        ------
        centres : ndarray of int, shape (n_batch,)
            Places among all centres.
        columns : ndarray of int, shape (n_batch, size)
        """
        chosen = np.arange(len(self))[at]
        sizes = self.sizes[chosen]
        order = chosen[np.argsort(sizes, kind="stable")]
        for same in np.split(order, np.flatnonzero(np.diff(np.sort(sizes))) + 1):
            for first in range(0, len(same), n):
                batch = same[first : first + n]
                size = len(self.of(batch[0]))
                yield batch, self.neighbours[self.starts[batch][:, None] + np.arange(size)]


def volume_searchlight(
    mask: np.ndarray,
    radius: float,
    *,
    affine: np.ndarray | None = None,
    inclusive: bool = False,
    threshold: float = 0.0,
    truncate: bool = True,
    centres: np.ndarray | None = None,
) -> Searchlight:
    """Find the voxels of a ball around each voxel of a mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (n_x, n_y, n_z)
        Voxels that have data.
    radius : float
        In voxels; with `affine` in its unit, which is millimetres.
    affine : ndarray, shape (3, 3) or (4, 4), optional
        Voxel indices to space, for voxels that are no cubes of 1.
    inclusive : bool
        Whether voxels at the distance of the radius belong to the ball, as nilearn has it;
        rsatoolbox leaves them out.
    threshold : float
        Share of a ball's voxels, of those within the volume, that must be in the mask for its
        centre to be one.
    truncate : bool
        Whether balls are cut by the mask, and columns of the data are voxels of the mask. Else
        balls hold all voxels of the volume (rsatoolbox's default), and so do the columns.
    centres : ndarray of bool, shape (n_x, n_y, n_z), optional
        Voxels of the mask that may be centres; all of them without.

    Returns
    -------
    searchlight : Searchlight

    Raises
    ------
    DataError
        If the mask has not three axes or no voxel, or the radius holds nothing, or so much that
        neighbours take more than 8 GiB.

    References
    ----------
    Kriegeskorte, Goebel & Bandettini 2006, doi 10.1073/pnas.0600244103.
    """
    mask = np.asarray(mask).astype(bool, copy=False)
    if mask.ndim != 3 or not mask.any():
        raise DataError(
            f"searchlight: the mask has shape {mask.shape} and {int(mask.sum())} voxels. Give a "
            "volume of three axes in which voxels are marked."
        )
    if centres is None:
        centres = mask
    elif np.shape(centres) != mask.shape:
        raise DataError(
            f"searchlight: the mask has shape {mask.shape} and that of the centres "
            f"{np.shape(centres)}. Give both in one space."
        )
    places = np.flatnonzero(mask) if truncate else np.arange(mask.size)
    n_centres = int((mask & np.asarray(centres).astype(bool, copy=False)).sum())
    n_offsets = _n_offsets(radius, affine, mask.shape)
    _check_size(radius, n_centres, min(n_offsets, len(places)), _OF_OFFSET * n_offsets)
    offsets = ball(radius, affine=affine, inclusive=inclusive, within=mask.shape)
    column = np.full(mask.size, -1, np.int32)
    column[places] = np.arange(len(places), dtype=np.int32)
    reach = np.abs(offsets).max(axis=0)
    # -2 outside the volume, -1 for a voxel without a column.
    padded = np.pad(column.reshape(mask.shape), [(r, r) for r in reach], constant_values=-2)
    inside = np.pad(mask, [(r, r) for r in reach])
    step = np.array([padded.shape[1] * padded.shape[2], padded.shape[2], 1])
    at = np.argwhere(mask & np.asarray(centres).astype(bool, copy=False))
    found = (at + reach) @ step
    around = offsets @ step
    if threshold > 0:
        n_in_mask = np.zeros(len(found), np.int64)
        n_in_volume = np.zeros(len(found), np.int64)
        for one in around:
            n_in_mask += inside.ravel()[found + one]
            n_in_volume += padded.ravel()[found + one] > -2
        enough = n_in_mask / n_in_volume >= threshold
        at, found = at[enough], found[enough]
    sizes, near = [], []
    per = max(1, _GATHERED // len(around))
    for first in range(0, len(found), per):
        columns = padded.ravel()[found[first : first + per, None] + around]
        there = columns >= 0
        sizes.append(there.sum(axis=1))
        near.append(columns[there])
    return Searchlight(
        np.ravel_multi_index(tuple(at.T), mask.shape),
        places,
        _small(np.concatenate([[0], *sizes]).cumsum()),
        np.concatenate([np.empty(0, np.int32), *near]),
        mask.shape,
    )


def ball(
    radius: float,
    *,
    affine: np.ndarray | None = None,
    inclusive: bool = False,
    within: tuple[int, ...] | None = None,
) -> np.ndarray:
    """Give the voxels around the origin that are nearer than a radius, in C order.

    Parameters
    ----------
    radius, affine, inclusive
        As of `volume_searchlight`.
    within : tuple of int, optional
        Shape of a volume: offsets that lead out of it from everywhere are left out.

    Returns
    -------
    offsets : ndarray of int, shape (n_offsets, 3)
    """
    to_space = _to_space(radius, affine)
    # Within |A o| <= r, entry i of o is at most r times the norm of row i of the inverse.
    reach = np.floor(radius * np.linalg.norm(np.linalg.inv(to_space), axis=1) + _ROUNDING)
    if within is not None:
        reach = np.minimum(reach, np.array(within) - 1)
    axes = [np.arange(-one, one + 1) for one in reach.astype(int)]
    offsets = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    distance = np.linalg.norm(offsets @ to_space.T, axis=1)
    # Sizes such as 3.1 mm are no exact floats: what lies on the border is told with a margin.
    margin = _ROUNDING * radius if inclusive else -_ROUNDING * radius
    return offsets[distance < radius + margin]


def surface_searchlight(
    positions: np.ndarray,
    faces: np.ndarray,
    radius: float,
    *,
    mask: np.ndarray | None = None,
    geodesic: bool = True,
) -> Searchlight:
    """Find the vertices of a mesh around each of its vertices.

    Parameters
    ----------
    positions : ndarray, shape (n_vertices, 3)
        In millimetres, of a surface that keeps distances (white, pial, midthickness): an inflated
        one does not.
    faces : ndarray of int, shape (n_faces, 3)
    radius : float
        In millimetres; vertices at this distance belong to the patch.
    mask : ndarray of bool, shape (n_vertices,), optional
        Vertices that have data; the medial wall has none. Columns of the data are these. Paths may
        cross what is outside.
    geodesic : bool
        Whether distances are along edges of the mesh, so that the two banks of a sulcus are
        far from each other; else straight through space.

    Returns
    -------
    searchlight : Searchlight

    Raises
    ------
    DataError
        If a face names no vertex, the mask is of another mesh, positions are not finite, or
        neighbours take more than 8 GiB.

    Notes
    -----
    Along edges the distance is up to some percent longer than on the surface.

    References
    ----------
    Oosterhof, Wiestler, Downing & Diedrichsen 2011, doi 10.1016/j.neuroimage.2010.04.270.
    """
    positions = as_floats(positions)
    faces, n = np.asarray(faces), len(positions)
    mask = np.ones(n, bool) if mask is None else np.asarray(mask).astype(bool, copy=False)
    if mask.shape != (n,) or not mask.any():
        raise DataError(
            f"searchlight: the mesh has {n} vertices and the mask shape {mask.shape} with "
            f"{int(mask.sum())} marked. Give a mask of this mesh."
        )
    if not np.isfinite(positions).all() or faces.min(initial=0) < 0 or faces.max(initial=0) >= n:
        raise DataError(
            f"searchlight: positions of {n} vertices are not finite, or faces name vertices "
            f"{faces.min(initial=0)} to {faces.max(initial=0)}. Give both of one mesh."
        )
    if not np.isfinite(radius) or radius <= 0:
        raise DataError(f"searchlight: no patch of radius {radius:g}. Give one above zero, in mm.")
    places = np.flatnonzero(mask)
    column = np.cumsum(mask) - 1
    if geodesic:
        near = _along_edges(positions, faces, radius, mask)
    else:
        tree = KDTree(positions[places])
        n_near = tree.query_ball_point(positions[places], radius, return_length=True)
        _check_size(radius, len(places), float(np.mean(n_near)))
        near = [places[np.sort(one)] for one in tree.query_ball_point(positions[places], radius)]
    starts = np.concatenate([[0], np.cumsum([len(one) for one in near])])
    return Searchlight(
        places, places, _small(starts), column[np.concatenate(near)].astype(np.int32), (n,)
    )


def _along_edges(
    positions: np.ndarray, faces: np.ndarray, radius: float, mask: np.ndarray
) -> list[np.ndarray]:
    """Give the marked vertices within a radius of each marked one, along edges."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    edges = np.unique(edges, axis=0)
    length = np.linalg.norm(positions[edges[:, 0]] - positions[edges[:, 1]], axis=1)
    # Of a sparse graph an edge of length zero is none.
    length = np.maximum(length, np.finfo(np.float64).tiny)
    n = len(positions)
    graph = sparse.csr_array((length, (edges[:, 0], edges[:, 1])), (n, n))
    places, near = np.flatnonzero(mask), []
    limit = radius * (1 + _ROUNDING)
    step = max(1, _SOURCES // (8 * n))
    for first in range(0, len(places), step):
        distances = dijkstra(
            graph, directed=False, indices=places[first : first + step], limit=limit
        )
        near.extend(np.flatnonzero(np.isfinite(one) & mask) for one in distances)
        _check_size(radius, len(places), sum(map(len, near)) / len(near))
    return near


def _to_space(radius: float, affine: np.ndarray | None) -> np.ndarray:
    """Give the part of an affine that moves nothing, (3, 3), where a radius has a ball in it."""
    to_space = np.eye(3) if affine is None else np.asarray(affine, dtype=np.float64)[:3, :3]
    if not np.isfinite(radius) or radius <= 0 or abs(np.linalg.det(to_space)) < 1e-12:
        raise DataError(
            f"searchlight: no ball of radius {radius:g} in voxels of {to_space.tolist()}. Give a "
            "radius above zero and an affine that can be inverted."
        )
    return to_space


def _n_offsets(radius: float, affine: np.ndarray | None, shape: tuple[int, ...]) -> float:
    """Estimate how many offsets a ball has, of those that stay within a volume."""
    voxel = abs(np.linalg.det(_to_space(radius, affine)))
    return min(4 / 3 * np.pi * radius**3 / voxel, float(np.prod(2.0 * np.array(shape) - 1)))


def _check_size(radius: float, n_centres: int, n_each: float, beside: float = 0.0) -> None:
    """Refuse neighbourhoods that take more memory than a machine should be asked for."""
    size = _OF_NEIGHBOUR * n_centres * n_each + beside
    if size > _MOST:
        raise DataError(
            f"searchlight: radius {radius:g}: {n_centres} centres of about {n_each:.0f} neighbours "
            f"each take {size / 2**30:.0f} GiB, and {_MOST / 2**30:.0f} GiB is the most. Radii are "
            "in the unit of the affine or mesh, mostly mm, and 5 to 15 mm are common: give a "
            "smaller one, or mask fewer voxels."
        )


def _small(starts: np.ndarray) -> np.ndarray:
    """Give offsets in int32 where they fit, as neighbours are: scipy copies mixed ones."""
    return starts.astype(np.int32 if starts[-1] < 2**31 else np.int64)
