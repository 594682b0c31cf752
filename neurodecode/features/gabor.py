"""Gabor: how much contrast there is, by size, orientation and place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.features._contract import Extract, Feature, check_count, resized

# S.d. of the envelope in wavelengths, of a filter one octave wide at half of its height.
_OCTAVE = 3 * math.sqrt(math.log(2) / 2) / math.pi


@dataclass(frozen=True)
class Gabor(Feature):
    """Give the log energy of Gabor filters on grids, and mean colours: a simple model of V1.

    A filter's energy is the squared response of it and of its partner a quarter wave further on,
    averaged over each cell of a grid; so it says how much contrast of a wavelength and orientation
    is there, whatever its phase.

    Parameters
    ----------
    size : int
        Pixels of a side that pictures are brought to first.
    wavelengths : tuple of float
        In those pixels.
    orientations : int
        From 0 on, equally spaced.
    grids : tuple of int
        Cells of a side, for each wavelength.
    floor : float
        Added to energies, of pictures from 0 to 1, before the logarithm: contrast below its root is
        as none.
    colours : int
        Cells of a side of the grid of mean red, green and blue; 0 for none.

    Notes
    -----
    With the arguments left as they are: 8 × (64 + 64 + 16 + 16) energies, wavelength by wavelength,
    then orientation, row and column, and 8 × 8 × 3 colours: 1472 numbers.

    References
    ----------
    Adelson & Bergen 1985, doi 10.1364/JOSAA.2.000284: energy. Kay et al. 2008, doi
    10.1038/nature06713: as features of pictures.
    """

    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("numpy", "scipy", "pillow")

    size: int = 112
    wavelengths: tuple[float, ...] = (4.0, 8.0, 16.0, 32.0)
    orientations: int = 8
    grids: tuple[int, ...] = (8, 8, 4, 4)
    floor: float = 1e-5
    colours: int = 8

    def __post_init__(self):
        for name in ("wavelengths", "grids"):  # a file's lists
            object.__setattr__(self, name, tuple(getattr(self, name)))
        check_count("gabor: size", self.size)
        check_count("gabor: orientations", self.orientations)
        if len(self.wavelengths) != len(self.grids) or not self.grids:
            raise ConfigError(
                f"gabor: {len(self.wavelengths)} wavelengths and {len(self.grids)} grids. Give "
                "each wavelength its grid."
            )
        for wavelength in self.wavelengths:
            if not 2 < wavelength <= self.size:
                raise ConfigError(
                    f"gabor: wavelengths: {wavelength:g} px. It lies above 2 and at most at the "
                    f"size, {self.size} px."
                )
        for grid in (*self.grids, self.colours or 1):
            if not 1 <= grid <= self.size:
                raise ConfigError(
                    f"gabor: a grid of {grid} cells a side. Give 1 to {self.size}, the pixels."
                )
        if not 0 < self.floor < math.inf:
            raise ConfigError(f"gabor: floor: {self.floor:g} must be above zero.")

    def open(self, device: Literal["auto", "cpu", "cuda"] = "auto") -> Extract:
        """Make the filters, and give the function."""
        del device
        margin = math.ceil(max(self.wavelengths))
        filters = [self._filters(one, self.size + 2 * margin) for one in self.wavelengths]

        def extract(pictures: Sequence[np.ndarray]) -> np.ndarray:
            return np.stack([self._of_one(picture, filters, margin) for picture in pictures])

        return extract

    def _filters(self, wavelength: float, n: int) -> np.ndarray:
        """Give the filters of a wavelength, shape (orientations, n, n), over frequencies."""
        frequency = np.fft.fftfreq(n)
        sd = _OCTAVE * wavelength
        angles = np.arange(self.orientations) * math.pi / self.orientations
        return np.stack(
            [
                np.exp(
                    -2
                    * (math.pi * sd) ** 2
                    * (
                        (frequency[:, None] - math.sin(angle) / wavelength) ** 2
                        + (frequency[None, :] - math.cos(angle) / wavelength) ** 2
                    )
                )
                for angle in angles
            ]
        ).astype(np.float32)

    def _of_one(
        self, picture: np.ndarray, filters: Sequence[np.ndarray], margin: int
    ) -> np.ndarray:
        from scipy import fft

        grey = resized(picture, self.size, grey=True)
        # Mirrored beyond its edges, where a frame would be contrast that the picture has not.
        spectrum = fft.fft2(np.pad(grey - grey.mean(), margin, mode="symmetric"))
        inside = slice(margin, margin + self.size)
        pieces = []
        for bank, grid in zip(filters, self.grids, strict=True):
            for one in bank:
                # One half of the frequencies gives the filter and its partner in one.
                energy = np.abs(np.asarray(fft.ifft2(spectrum * one))[inside, inside]) ** 2
                pieces.append(np.log(_cells(energy, grid) + self.floor).ravel())
        if self.colours:
            pieces.append(resized(picture, self.colours, grey=False).ravel())
        return np.concatenate(pieces).astype(np.float32)


def _cells(image: np.ndarray, grid: int) -> np.ndarray:
    """Give the mean over each cell of a grid, shape (grid, grid)."""
    edges = np.linspace(0, len(image), grid + 1).round().astype(int)
    counts = np.diff(edges)
    sums = np.add.reduceat(np.add.reduceat(image, edges[:-1], axis=0), edges[:-1], axis=1)
    return sums / np.outer(counts, counts)
