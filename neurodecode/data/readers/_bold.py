"""A run of volumes: from an image, a mask or atlas, and what happened, to a `Signal`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError
from neurodecode.core.recording import Signal
from neurodecode.data.readers import _confounds
from neurodecode.data.readers._images import (
    check_whole,
    open_series,
    place_notes,
    read_values,
    seconds_per_volume,
)
from neurodecode.data.readers._regions import Extraction, Regions, extraction

if TYPE_CHECKING:
    import nibabel

FEATURE = {"voxels": "voxel", "parcels": "parcel"}  # kind of a space to the axis of its signals


@dataclass(frozen=True, eq=False)
class Run:
    """An image of volumes whose header was read, and whose mask or atlas fits it.

    Parameters
    ----------
    path : Path
    image : nibabel.Nifti1Image
        (i, j, k, n_volumes).
    extraction : Extraction
    t_r : float
        Seconds from volume to volume.
    """

    path: Path
    image: "nibabel.Nifti1Image"
    extraction: Extraction
    t_r: float

    @property
    def n_volumes(self) -> int:
        """How many volumes the image has."""
        return int(self.image.shape[3])

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.n_volumes * self.t_r

    def signal(
        self,
        events: pd.DataFrame,
        *,
        confounds: tuple[np.ndarray, tuple[str, ...]] | None = None,
        entries: np.ndarray | None = None,
        gaps: bool = False,
        tmin: float = 0.0,
        continuous: bool = False,
        read: bool = True,
    ) -> Signal:
        """Give the signal of the run, or of some of its volumes.

        Parameters
        ----------
        events : DataFrame
            ``onset``, ``duration`` in seconds, ``label``, and others.
        confounds : (ndarray, tuple of str) or None
            As `_confounds.read` gives them; a row for each volume of the image.
        entries : ndarray of int or None
            Positions of the volumes, ascending; None for all.
        gaps : bool
            Whether the volumes do not follow each other at a steady rate.
        tmin : float
            Seconds from the start of the recording to the first of them.
        continuous : bool
            One series, axes ``("voxel" or "parcel", "time")``, of which windows are cut, instead
            of one entry a volume.
        read : bool
            Whether the values are read; False for a header.

        Returns
        -------
        signal : Signal
            Data (n_volumes, n_features), or (n_features, n_volumes) where `continuous`; float64.

        Raises
        ------
        DataError
            If the image is damaged, or a series with gaps is to be continuous.
        """
        if continuous and gaps:
            raise DataError(
                f"{self.path}: volumes were left out, so they are no continuous series. Leave "
                "continuous out, or give all volumes."
            )
        entries = np.arange(self.n_volumes) if entries is None else entries
        space, notes = self.extraction.space, self.extraction.notes
        notes += place_notes(self.path, self.image)
        tracks = {}
        if confounds is not None:
            tracks[_confounds.TRACK] = confounds[0][entries]
            notes += confounds[1]
        feature = FEATURE[space.kind]
        return Signal(
            data=self._values(entries, continuous) if read else None,
            space=space,
            axes=(feature, "time") if continuous else (feature,),
            sfreq=None if gaps else 1 / self.t_r,
            events=events,
            tmin=tmin,
            n_times=len(entries),
            tracks=tracks,
            notes=notes,
        )

    def _values(self, entries: np.ndarray, continuous: bool) -> np.ndarray:
        check_whole(self.path)
        first, last = int(entries[0]), int(entries[-1])
        whole = (first, last + 1) == (0, self.n_volumes)
        chosen = self.image if whole else self.image.slicer[..., first : last + 1]
        data = self.extraction.apply(self.path, read_values(self.path, chosen))[entries - first]
        return np.ascontiguousarray(data.T) if continuous else data


def open_run(path: Path, regions: Regions, t_r: float | None = None) -> Run:
    """Open an image of volumes, with the mask or atlas by which it is read.

    Parameters
    ----------
    path : Path
    regions : Regions
    t_r : float or None
        Seconds; None for what the image says.

    Raises
    ------
    DataMissing
        If a file is missing.
    DataError
        If one is damaged, lies elsewhere than the image, or the image's t_r cannot be.
    """
    image = open_series(path)
    found = extraction(regions, path, image)
    return Run(path, image, found, seconds_per_volume(path, image) if t_r is None else t_r)
