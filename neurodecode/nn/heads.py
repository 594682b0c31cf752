"""From what a trial became to the target's space: one output a loss."""

from collections.abc import Mapping

import torch
from torch import nn

from neurodecode.nn._border import check_heads


class ResidualHead(nn.Module):
    """A linear map, to which a non-linear one of it is added, then normalised.

    Parameters
    ----------
    n_in, n_out : int
    drop_prob : float

    References
    ----------
    Song et al. 2024, arXiv 2308.13234, table 6 ("projector").
    """

    def __init__(self, n_in: int, n_out: int, drop_prob: float = 0.5):
        super().__init__()
        self.linear = nn.Linear(n_in, n_out)
        self.residual = nn.Sequential(nn.GELU(), nn.Linear(n_out, n_out), nn.Dropout(drop_prob))
        self.norm = nn.LayerNorm(n_out)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Map (n_trials, n_in) to (n_trials, n_out)."""
        z = self.linear(z)
        return self.norm(z + self.residual(z))


def linear_heads(n_in: int, heads: Mapping[str, int], owner: str) -> nn.ModuleDict:
    """Make a linear map an output, named as the outputs are."""
    sizes = check_heads(heads, owner)
    return nn.ModuleDict({name: nn.Linear(n_in, size) for name, size in sizes.items()})


def residual_heads(
    n_in: int, heads: Mapping[str, int], owner: str, drop_prob: float
) -> nn.ModuleDict:
    """Make a `ResidualHead` an output, named as the outputs are."""
    sizes = check_heads(heads, owner)
    return nn.ModuleDict(
        {name: ResidualHead(n_in, size, drop_prob) for name, size in sizes.items()}
    )


def outputs(z: torch.Tensor, heads: nn.ModuleDict) -> dict[str, torch.Tensor]:
    """Give what each head makes of the trials, each of shape (n_trials, size)."""
    return {name: head(z) for name, head in heads.items()}
