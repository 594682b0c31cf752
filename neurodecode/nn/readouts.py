"""Readouts of feature maps that look, for each target, at the same place of every stimulus.

A target (a voxel) has a map of places and weights of channels: it says the weighted sum of what the
channels are where it looks. All targets are computed together, in float32.

References
----------
Klindt et al. 2017, arXiv 1711.02653 (factorised); Lurz et al. 2021, OpenReview Tp7kI90Htd
(Gaussian).
"""

from typing import Literal

import numpy as np
import torch
from torch import nn

from neurodecode.nn.feature_maps import MapShape

_START = 0.1  # s.d. of first channel weights, for channels of s.d. 1, before the root of how many
_WIDTH = 0.6  # first s.d. of a Gaussian; the picture goes from -1 to 1
_NARROWEST = 0.01


class Factorized(nn.Module):
    """A map of all places and weights of all channels, for each target.

    Has ``n_tokens + n_channels + 1`` parameters a target.

    Parameters
    ----------
    shape : MapShape
    n_targets : int
    maps : {"softmax", "free"}
        Whether maps are positive and sum to one, or anything.
    sparsity, smoothness : float
        Weights of the mean size of free maps, and of the mean squared difference between a map's
        neighbours (Laplacian), added to the loss.

    Notes
    -----
    A batch of n stimuli takes ``4 n n_targets min(n_tokens, n_channels)`` bytes.
    """

    def __init__(
        self,
        shape: MapShape,
        n_targets: int,
        maps: Literal["softmax", "free"] = "softmax",
        sparsity: float = 0.0,
        smoothness: float = 0.0,
    ):
        super().__init__()
        self.shape, self.kind = shape, maps
        self.sparsity, self.smoothness = sparsity, smoothness
        start = torch.zeros if maps == "softmax" else _even
        self.places = nn.Parameter(start(n_targets, shape.n_tokens))
        self.weight = nn.Parameter(first_weights(n_targets, shape.n_channels))
        self.bias = nn.Parameter(torch.zeros(n_targets))

    def maps(self) -> torch.Tensor:
        """Give how much each target weighs each place, shape (n_targets, n_tokens)."""
        return self.places.softmax(dim=1) if self.kind == "softmax" else self.places

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give the answer of each target, (n, n_targets), to maps (n, n_tokens, n_channels)."""
        return weighed(tokens, self.maps(), self.weight) + self.bias

    def penalty(self) -> torch.Tensor:
        """Give what is added to the loss: how large free maps are, and how rough."""
        maps = self.maps()
        total = self.sparsity * maps.abs().mean()
        if self.smoothness:
            grid = maps.reshape(len(maps), *self.shape.grid)
            rough = [torch.diff(grid, dim=dim).square().sum() for dim in (1, 2)]
            total = total + self.smoothness * sum(rough) / len(maps)
        return total


class Gaussian(nn.Module):
    """A Gaussian of places and weights of all channels, for each target.

    Has ``n_channels + 4`` parameters a target, or ``n_channels + 6`` where Gaussians may be
    stretched. The middle is the tanh of what is learnt, so that it stays within the picture.

    Parameters
    ----------
    shape : MapShape
    n_targets : int
    covariance : {"isotropic", "full"}
    sampled : bool
        Whether, in training, each target looks at one place drawn from its Gaussian, anew for each
        batch, and afterwards at the middle; else it weighs all places.
    """

    locations: torch.Tensor

    def __init__(
        self,
        shape: MapShape,
        n_targets: int,
        covariance: Literal["isotropic", "full"] = "isotropic",
        sampled: bool = False,
    ):
        super().__init__()
        self.shape, self.sampled = shape, sampled
        self.middle = nn.Parameter(0.1 * torch.randn(n_targets, 2))
        n_widths = 1 if covariance == "isotropic" else 2
        self.log_width = nn.Parameter(torch.full((n_targets, n_widths), float(np.log(_WIDTH))))
        self.slant = nn.Parameter(torch.zeros(n_targets)) if covariance == "full" else None
        self.weight = nn.Parameter(first_weights(n_targets, shape.n_channels))
        self.bias = nn.Parameter(torch.zeros(n_targets))
        self.register_buffer(
            "locations", torch.tensor(shape.places, dtype=torch.float32), persistent=False
        )

    def centres(self) -> torch.Tensor:
        """Give where each target looks, shape (n_targets, 2): down, then right, from -1 to 1."""
        return self.middle.tanh()

    def widths(self) -> torch.Tensor:
        """Give the s.d. along each axis, shape (n_targets, 1 or 2), where nothing is slanted."""
        return self.log_width.exp() + _NARROWEST

    def maps(self) -> torch.Tensor:
        """Give how much each target weighs each place, shape (n_targets, n_tokens)."""
        away = (self.locations[None] - self.centres()[:, None]) / self.widths()[:, None]
        if self.slant is not None:  # whitened by a triangle: any covariance
            down, right = away.unbind(dim=2)
            away = torch.stack([down, right - self.slant[:, None] * down], dim=2)
        return (-0.5 * away.square().sum(dim=2)).softmax(dim=1)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give the answer of each target, (n, n_targets), to maps (n, n_tokens, n_channels)."""
        if not self.sampled:
            return weighed(tokens, self.maps(), self.weight) + self.bias
        at = self.centres()
        if self.training:
            drawn = torch.randn_like(at)
            if self.slant is not None:  # what whitening undoes
                drawn = torch.stack([drawn[:, 0], drawn[:, 1] + self.slant * drawn[:, 0]], dim=1)
            at = (at + self.widths() * drawn).clamp(-1, 1)
        grid = tokens.transpose(1, 2).reshape(len(tokens), -1, *self.shape.grid)
        where = at.flip(1)[None, :, None].expand(len(tokens), -1, -1, -1)  # right, then down
        seen = nn.functional.grid_sample(
            grid, where, mode="bilinear", padding_mode="border", align_corners=False
        )  # (n, n_channels, n_targets, 1)
        return torch.einsum("ndv,vd->nv", seen[..., 0], self.weight) + self.bias

    def penalty(self) -> torch.Tensor:
        """Give what is added to the loss: nothing."""
        return self.bias.new_zeros(())


def weighed(tokens: torch.Tensor, maps: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Weigh places by a map and channels by weights, for each target.

    Parameters
    ----------
    tokens : Tensor, shape (n, n_tokens, n_channels)
    maps : Tensor, shape (n_targets, n_tokens)
    weight : Tensor, shape (n_targets, n_channels)

    Returns
    -------
    answers : Tensor, shape (n, n_targets)
    """
    n_tokens, n_channels = tokens.shape[1:]
    if n_channels <= n_tokens:
        return torch.einsum("nvd,vd->nv", maps @ tokens, weight)
    return torch.einsum("ntv,vt->nv", tokens @ weight.T, maps)


def first_weights(n_targets: int, n_channels: int) -> torch.Tensor:
    """Draw weights that training starts from, so small that answers begin near their mean."""
    return _START * torch.randn(n_targets, n_channels) / n_channels**0.5


def _even(n_targets: int, n_tokens: int) -> torch.Tensor:
    return torch.full((n_targets, n_tokens), 1 / n_tokens)
