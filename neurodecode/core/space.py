"""`Space`: what the feature axis of a signal means."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import DataError

if TYPE_CHECKING:
    import mne
    import nibabel

NO_UNIT = "1"  # the SI's own, of ratios
Kind = Literal["sensors", "voxels", "vertices", "parcels", "edges", "features"]


@dataclass(frozen=True, eq=False)
class Space:
    """What each entry of a feature axis is: which sensor, voxel, parcel or feature, and where.

    Parameters
    ----------
    kind : str
        ``sensors``, ``voxels``, ``vertices``, ``parcels``, ``edges`` or ``features``.
    names : tuple of str
        One name an entry; voxels have none and are counted by `ijk`.
    types : tuple of str
        Sensor types (``eeg``, ``mag``, ``grad``, ``seeg``, ``ecog`` …), one an entry, or empty.
    regions : tuple of str
        Where each sensor lies, such as ``ctx-lh-superiortemporal``, or empty; "" where unknown. The
        regions of voxels and parcels are their `types`.
    positions : ndarray, shape (n, 3) or None
        Metres, head coordinates; NaN where unknown.
    normals : ndarray, shape (n, 3) or None
        Unit vectors of the coils.
    unit : str
        SI unit of the values: ``V``, ``T``, ``T/m``, ``1`` of what was whitened or standardised,
        or empty where there is none.
    affine : ndarray, shape (4, 4) or None
        Voxel indices to millimetres, for images.
    shape : tuple of int
        Shape of the image that the voxels were taken from.
    ijk : ndarray of int, shape (n, 3) or None
        Voxel indices into that image.
    mesh : str
        Surface that vertices are of, such as ``fsaverage``; `shape` is then how many vertices its
        left and its right hemisphere have.
    vertices : ndarray of int, shape (n, 2) or None
        Hemisphere (0 left, 1 right) and number on that hemisphere's mesh.
    ceiling : ndarray, shape (n,) or None
        Noise ceiling that the data set comes with: the share of the variance of one row that is
        signal, an r² from 0 to 1; NaN where unknown. A row that is a mean of repeats counts as one.
    """

    kind: Kind
    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    positions: np.ndarray | None = None
    normals: np.ndarray | None = None
    unit: str = ""
    affine: np.ndarray | None = None
    shape: tuple[int, ...] = ()
    ijk: np.ndarray | None = None
    mesh: str = ""
    vertices: np.ndarray | None = None
    ceiling: np.ndarray | None = None
    regions: tuple[str, ...] = ()

    def __post_init__(self):
        size = len(self)
        fields = ("names", "types", "positions", "normals", "ijk", "vertices", "ceiling", "regions")
        for field in fields:
            value = getattr(self, field)
            if value is not None and len(value) not in (0, size):
                raise DataError(
                    f"Space: {field} has {len(value)} entries where names or ijk have {size}. "
                    "Give one entry for each, or none."
                )

    def __len__(self) -> int:
        counted = self.vertices if self.ijk is None else self.ijk
        return len(self.names) if counted is None else len(counted)

    def __repr__(self) -> str:
        if len(self) == 0:  # of features that are still to be computed, say
            return f"Space({self.kind}, how many is not known yet)"
        counts = {t: self.types.count(t) for t in dict.fromkeys(self.types)}
        of_types = ", ".join(f"{n} {t}" for t, n in counts.items())
        return f"Space({len(self)} {self.kind}{': ' + of_types if of_types else ''})"

    @cached_property
    def key(self) -> str:
        """Digest of the content; computed once."""
        arrays = (self.positions, self.normals, self.affine, self.ijk)
        made = [
            self.kind,
            self.names,
            self.types,
            self.unit,
            self.shape,
            [None if array is None else digest_array(array) for array in arrays],
        ]
        if self.vertices is not None:
            made += ["vertices", self.mesh, digest_array(self.vertices)]
        if self.ceiling is not None:
            made += ["ceiling", digest_array(self.ceiling)]
        if self.regions:
            made += ["regions", self.regions]
        return digest(made)

    def joins(self, other: "Space") -> bool:
        """Whether trials of both fit into one array: the same features, wherever sensors sat.

        Electrodes that were digitised person by person have other places and the same names.
        """
        if self.kind != "sensors" or self is other:
            return self == other
        mine, theirs = ((s.kind, s.names, s.types, s.unit) for s in (self, other))
        return mine == theirs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def take(self, index: np.ndarray) -> "Space":
        """Space of the entries at `index`, in that order."""
        index = np.asarray(index, dtype=np.intp)

        def pick_text(values: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(values[i] for i in index) if values else ()

        def pick(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[index]

        return replace(
            self,
            names=pick_text(self.names),
            types=pick_text(self.types),
            regions=pick_text(self.regions),
            positions=pick(self.positions),
            normals=pick(self.normals),
            ijk=pick(self.ijk),
            vertices=pick(self.vertices),
            ceiling=pick(self.ceiling),
        )

    def to_image(self, values: np.ndarray) -> "nibabel.Nifti1Image":
        """Put one value a voxel back into an image; voxels outside the mask are NaN.

        Parameters
        ----------
        values : ndarray, shape (n_voxels,)

        Returns
        -------
        image : nibabel.Nifti1Image

        Raises
        ------
        DataError
            If this space has no voxels, or not as many as there are values.
        """
        if self.kind != "voxels" or self.ijk is None or self.affine is None:
            raise DataError(
                f"to_image: {self!r} has no voxels, so there is no image to go back to."
            )
        if np.shape(values) != (len(self),):
            raise DataError(
                f"to_image: values have shape {np.shape(values)}, expected ({len(self)},): "
                "one number a voxel."
            )
        import nibabel

        volume = np.full(self.shape, np.nan, dtype=np.float32)
        volume[tuple(self.ijk.T)] = values
        return nibabel.Nifti1Image(volume, self.affine)

    def to_surface(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Put one value a vertex back onto the mesh; vertices that are not read are NaN.

        Parameters
        ----------
        values : ndarray, shape (n_vertices,)

        Returns
        -------
        left, right : ndarray of float32, shape (n_vertices of the hemisphere's mesh,)

        Raises
        ------
        DataError
            If this space has no vertices, or not as many as there are values.
        """
        if self.kind != "vertices" or self.vertices is None:
            raise DataError(
                f"to_surface: {self!r} has no vertices, so there is no surface to go back to."
            )
        if np.shape(values) != (len(self),):
            raise DataError(
                f"to_surface: values have shape {np.shape(values)}, expected ({len(self)},): "
                "one number a vertex."
            )
        hemispheres = []
        for number, size in enumerate(self.shape):
            mine = self.vertices[:, 0] == number
            drawn = np.full(size, np.nan, dtype=np.float32)
            drawn[self.vertices[mine, 1]] = np.asarray(values)[mine]
            hemispheres.append(drawn)
        left, right = hemispheres
        return left, right

    def montage(self) -> "mne.channels.DigMontage":
        """Electrode positions as an mne montage (head coordinates).

        Raises
        ------
        DataError
            If no entry of this space has a known position.
        """
        known = [] if self.positions is None else np.flatnonzero(np.isfinite(self.positions[:, 0]))
        if self.positions is None or len(known) == 0:
            raise DataError(f"montage: no sensor of {self!r} has a known position.")
        import mne

        return mne.channels.make_dig_montage(
            {self.names[i]: self.positions[i] for i in known}, coord_frame="head"
        )
