"""Maps of features of a stimulus: which numbers are one place's, and where places are."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from neurodecode.core.errors import ConfigError, DataError

Channels = Literal["first", "last"]


@dataclass(frozen=True)
class MapShape:
    """How the numbers of one stimulus are a map.

    Parameters
    ----------
    stored : tuple of int
        ``(n_tokens, n_channels)``; or of a map ``(n_channels, height, width)``, or with its
        channels last.
    channels : {"first", "last"}
        Of what is stored with three axes.
    grid : tuple of int
        Height and width of the map.
    n_prefix : int
        Tokens before those of places, such as the class token of a transformer.
    """

    stored: tuple[int, ...]
    channels: Channels
    grid: tuple[int, int]
    n_prefix: int

    @staticmethod
    def of(
        stored: tuple[int, ...],
        channels: Channels = "first",
        grid: tuple[int, int] | None = None,
        n_prefix: int = 0,
    ) -> "MapShape":
        """Read the shape of what is stored; tokens without a `grid` are of a square.

        Raises
        ------
        DataError
            If it is no map, or tokens do not fill the grid.
        ConfigError
            If an argument cannot be meant.
        """
        if channels not in ("first", "last"):
            raise ConfigError(f"channels is {channels!r}; give first or last.")
        if n_prefix < 0:
            raise ConfigError(f"n_prefix is {n_prefix}; give how many tokens stand before places.")
        if len(stored) == 3:
            found = stored[1:] if channels == "first" else stored[:2]
            if grid is not None and tuple(grid) != tuple(found):
                raise DataError(f"grid is {tuple(grid)}, and these maps are of {tuple(found)}.")
            if n_prefix:
                raise ConfigError(f"n_prefix is {n_prefix}, and these are maps, not tokens.")
            return MapShape(tuple(stored), channels, (found[0], found[1]), 0)
        if len(stored) != 2:
            raise DataError(
                f"features of shape {tuple(stored)} are no map. Give tokens by channels (hf_vision "
                "with pooling: none), or channels by height by width, before any step."
            )
        n_tokens = stored[0] - n_prefix
        side = math.isqrt(max(n_tokens, 0))
        if grid is None and (side == 0 or side**2 != n_tokens):
            raise DataError(
                f"{stored[0]} tokens, {n_prefix} of them before those of places: {n_tokens} fill "
                "no square. Give grid: [height, width], or n_prefix: 1 where there is a class "
                "token."
            )
        height, width = (side, side) if grid is None else grid
        if height * width != n_tokens or height < 1:
            raise DataError(
                f"{stored[0]} tokens, {n_prefix} of them before those of places: a grid of "
                f"{height} × {width} is of {height * width}. Give the grid of these tokens."
            )
        return MapShape(tuple(stored), channels, (height, width), n_prefix)

    @property
    def n_tokens(self) -> int:
        """How many places there are."""
        return self.grid[0] * self.grid[1]

    @property
    def n_channels(self) -> int:
        """How many numbers each place has."""
        return self.stored[0] if len(self.stored) == 3 and self._first else self.stored[-1]

    @property
    def places(self) -> np.ndarray:
        """Middle of each place, (n_tokens, 2): down, then right; the picture from -1 to 1."""
        down, right = np.indices(self.grid).reshape(2, -1)
        height, width = self.grid
        return np.column_stack([2 * (down + 0.5) / height - 1, 2 * (right + 0.5) / width - 1])

    def tokens(self, X: torch.Tensor) -> torch.Tensor:
        """Give what is stored of stimuli, flat or in shape, as (n, n_tokens, n_channels)."""
        X = X.reshape(len(X), *self.stored)
        if len(self.stored) == 2:
            return X[:, self.n_prefix :]
        return X.flatten(2).transpose(1, 2) if self._first else X.flatten(1, 2)

    @property
    def _first(self) -> bool:
        return self.channels == "first"


class FeatureMap(torch.nn.Module):
    """A readout behind maps whose channels were scaled by training stimuli.

    Parameters
    ----------
    readout : torch Module
        Takes maps, shape (n, n_tokens, n_channels).
    shape : MapShape
    mean, scale : ndarray, shape (n_channels,)
        Of each channel over training stimuli and places; the same everywhere, so that what a place
        shows keeps its size.
    """

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(
        self, readout: torch.nn.Module, shape: MapShape, mean: np.ndarray, scale: np.ndarray
    ):
        super().__init__()
        self.readout = readout
        self.shape = shape
        self.register_buffer("mean", torch.from_numpy(np.asarray(mean, dtype=np.float32)))
        self.register_buffer("scale", torch.from_numpy(np.asarray(scale, dtype=np.float32)))

    def tokens(self, X: torch.Tensor) -> torch.Tensor:
        """Give scaled maps, shape (n, n_tokens, n_channels)."""
        return (self.shape.tokens(X.float()) - self.mean) / self.scale

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Give what the readout says, shape (n, n_targets)."""
        return self.readout(self.tokens(X))

    def penalty(self) -> torch.Tensor:
        """Give what the readout adds to the loss."""
        return self.readout.penalty()  # type: ignore[operator]
