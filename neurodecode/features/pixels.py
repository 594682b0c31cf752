"""Pixels: the picture itself, small."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from neurodecode.features._contract import Extract, Feature, check_count, resized


@dataclass(frozen=True)
class Pixels(Feature):
    """Give the picture, averaged down to a size, in grey or colour.

    PCA of pixels is a step: ``target: {vector: NAME, reduce: {pca: {n_components: 50}}}`` fits it
    on the training pictures of each fold.

    Parameters
    ----------
    size : int
        Pixels of a side.
    grey : bool
        One luma value a pixel (ITU-R BT.601) instead of red, green and blue.

    Notes
    -----
    Shape (size, size) or (size, size, 3), from 0 to 1.
    """

    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("numpy", "pillow")

    size: int = 14
    grey: bool = False

    def __post_init__(self):
        check_count("pixels: size", self.size)

    def open(self, device: Literal["auto", "cpu", "cuda"] = "auto") -> Extract:
        """Give the function; nothing is loaded."""
        del device
        return self._extract

    def _extract(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack([resized(one, self.size, grey=self.grey) for one in pictures])
