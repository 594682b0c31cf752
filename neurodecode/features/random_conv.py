"""Random conv: a convolutional network that has learnt nothing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.features._contract import Extract, Feature, check_count, resized


@dataclass(frozen=True)
class RandomConv(Feature):
    """Give the last layer of a convolutional network whose weights were drawn and stay as drawn.

    Layers convolve (3 by 3, no bias), cut at zero and average 2 by 2. It is what a network's form
    alone knows of pictures, beside which one that has learnt can be seen.

    Parameters
    ----------
    size : int
        Pixels of a side that pictures are brought to first.
    channels : tuple of int
        Filters of each layer.
    grid : int
        Cells of a side over which the last layer is averaged.
    seed : int
        Of the weights.

    Notes
    -----
    Shape (channels[-1], grid, grid). Weights are normal, with a variance of 2 / inputs (He et al.
    2015, doi 10.1109/ICCV.2015.123, equation 10), so that every layer's answers are of one size.
    """

    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("numpy", "pillow")

    size: int = 64
    channels: tuple[int, ...] = (32, 64, 128)
    grid: int = 4
    seed: int = 0

    def __post_init__(self):
        object.__setattr__(self, "channels", tuple(self.channels))  # a file's list
        for value in (self.size, self.grid, *self.channels):
            check_count("random_conv: size, channels and grid", value)
        last = self.size >> len(self.channels)
        if not self.channels or self.size % 2 ** len(self.channels) or last % self.grid:
            raise ConfigError(
                f"random_conv: size {self.size} halved {len(self.channels)} times does not make a "
                f"multiple of the grid, {self.grid}. Give another size, as 64 with three layers."
            )
        if self.seed < 0:
            raise ConfigError(f"random_conv: seed: {self.seed} is below zero. Give 0 or more.")

    def open(self, device: Literal["auto", "cpu", "cuda"] = "auto") -> Extract:
        """Draw the weights, and give the function."""
        del device
        rng = np.random.default_rng(self.seed)
        weights, n_inputs = [], 3
        for n_outputs in self.channels:
            drawn = rng.standard_normal((9 * n_inputs, n_outputs), dtype=np.float32)
            weights.append(drawn * np.float32(math.sqrt(2 / (9 * n_inputs))))
            n_inputs = n_outputs

        def extract(pictures: Sequence[np.ndarray]) -> np.ndarray:
            return np.stack([self._of_one(picture, weights) for picture in pictures])

        return extract

    def _of_one(self, picture: np.ndarray, weights: Sequence[np.ndarray]) -> np.ndarray:
        layer = 2 * resized(picture, self.size, grey=False) - 1  # (height, width, channels)
        for matrix in weights:
            padded = np.pad(layer, ((1, 1), (1, 1), (0, 0)))
            windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
            answers = windows.reshape(*layer.shape[:2], -1) @ matrix
            layer = _averaged(np.maximum(answers, 0), len(layer) // 2)
        return np.moveaxis(_averaged(layer, self.grid), 2, 0)


def _averaged(layer: np.ndarray, grid: int) -> np.ndarray:
    """Average a layer over grid by grid cells of equal size."""
    side = len(layer) // grid
    return layer.reshape(grid, side, grid, side, -1).mean(axis=(1, 3))
