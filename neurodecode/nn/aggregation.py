"""Many samples become one: by a learnt weight each, by their mean, or by attention."""

import torch
from torch import nn

from neurodecode.core.errors import ConfigError
from neurodecode.nn._border import check_one_of, check_times

KINDS = ("affine", "mean", "attention")
_FIXED = "temporal aggregation by affine has one weight a sample, so the length is fixed"


class Affine(nn.Module):
    """A learnt weight a sample, the same for all channels, and a bias.

    Parameters
    ----------
    n_times : int
    """

    def __init__(self, n_times: int):
        super().__init__()
        self.over_time = nn.Linear(n_times, 1)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Give one number a channel, shape (n_trials, n_channels)."""
        check_times(z, self.over_time.in_features, "Affine", _FIXED)
        return self.over_time(z).squeeze(-1)


class Mean(nn.Module):
    """The mean over samples, of trials of any length."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Give one number a channel, shape (n_trials, n_channels)."""
        return z.mean(-1)


class Attention(nn.Module):
    """A mean whose weights are read from the samples themselves; trials of any length.

    Parameters
    ----------
    n_channels : int
    n_hidden : int
        Of the layer that the weights are read from.

    References
    ----------
    Bahdanau et al. 2015, arXiv 1409.0473, section 3.1; Benchetrit et al. 2023, arXiv 2310.19812,
    who name it without its sizes: ``n_hidden`` is ours.
    """

    def __init__(self, n_channels: int, n_hidden: int = 256):
        super().__init__()
        self.hidden = nn.Linear(n_channels, n_hidden)
        self.score = nn.Linear(n_hidden, 1, bias=False)  # a bias would add to all alike

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Give one number a channel, shape (n_trials, n_channels)."""
        weights = self.score(self.hidden(z.mT).tanh()).softmax(1)  # (n_trials, n_times, 1)
        return (z @ weights.to(z.dtype)).squeeze(-1)


def make_aggregation(kind: str, n_channels: int, n_times: int) -> nn.Module:
    """Make what turns (n_trials, n_channels, n_times) into (n_trials, n_channels).

    Parameters
    ----------
    kind : {"affine", "mean", "attention"}
    n_channels, n_times : int
    """
    check_one_of(kind, KINDS, "aggregation", "temporal aggregation")
    if n_times < 1:
        raise ConfigError(f"trials of {n_times} samples cannot be aggregated: give at least one.")
    if kind == "affine":
        return Affine(n_times)
    return Mean() if kind == "mean" else Attention(n_channels)
