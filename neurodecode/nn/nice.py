"""NICE (Song et al. 2024): evoked activity to the space of pictures, by one small convolution."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import nn

from neurodecode.nn._border import check_one_of, check_sensors, check_times
from neurodecode.nn.heads import ResidualHead, outputs, residual_heads
from neurodecode.nn.time_space import TimeSpaceConvolution

_INIT = 0.02  # standard deviation of the published start
_TINY: dict[str, Any] = {"n_filters": 16, "kernel_length": 13, "pool_length": 25, "pool_stride": 5}


class Nice(nn.Module):
    """NICE's encoder of EEG: convolutions over time and sensors, then a head a loss.

    It hardly sees induced power: see `neurodecode.nn.time_space.TimeSpaceConvolution`. 1,802,496
    parameters at 63 channels, 250 samples and one head of 768.

    Parameters
    ----------
    n_chans, n_times : int
        Weights belong to sensors and samples: other layouts and lengths are refused.
    heads : mapping of {"clip", "mse"} to int
        Size of each output.
    n_filters, kernel_length, pool_length, pool_stride : int
        See `neurodecode.nn.time_space.TimeSpaceConvolution`.
    drop_prob : float
    compat : "nice" or None
        "nice": as published. All convolutions and linear maps start from a normal distribution
        of standard deviation 0.02, scales of batch norms from one of mean 1. The projector
        of pictures is registered (1,182,720 parameters at 768), which in the published code is
        handed to the optimiser and gives back its input: here too it is never called.

    References
    ----------
    Song et al. 2024, "Decoding natural images from EEG for object recognition", arXiv 2308.13234.
    """

    def __init__(
        self,
        n_chans: int,
        n_times: int,
        heads: Mapping[str, int],
        n_filters: int = 40,
        kernel_length: int = 25,
        pool_length: int = 51,
        pool_stride: int = 5,
        drop_prob: float = 0.5,
        compat: Literal["nice"] | None = None,
    ):
        super().__init__()
        check_one_of(compat, (None, "nice"), "compat", "Nice")
        self.n_chans, self.n_times = n_chans, n_times
        self.convolution = TimeSpaceConvolution(
            n_chans, n_times, n_filters, kernel_length, pool_length, pool_stride, drop_prob
        )
        self.heads = residual_heads(self.convolution.n_features, heads, "Nice", drop_prob)
        if compat == "nice":
            n_targets = max(heads.values())
            self.image_projector = ResidualHead(n_targets, n_targets, drop_prob=0.3)
            self.apply(_start_as_published)

    @classmethod
    def tiny(cls, n_chans: int, n_times: int, heads: Mapping[str, int], **others: Any) -> "Nice":
        """Make a small one: 16 filters of 13 samples, averages of 25.

        19,200 parameters at 24 channels, 100 samples and one head of 48: 6,720 before the head,
        which are 13 x 16 + 16 over time, 24 x 16 x 16 + 16 over sensors, 16 x 16 + 16 for their
        mixtures and 2 x 32 in norms, and 12,480 in it, from 13 averages of 16 filters.
        """
        return cls(n_chans, n_times, heads, **(_TINY | others))

    def forward(
        self,
        x: torch.Tensor,
        subject: torch.Tensor | None = None,
        positions: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Give the outputs of trials.

        Parameters
        ----------
        x : Tensor, shape (n_trials, n_chans, n_times)
        subject, positions : ignored
            One network for all subjects, of one layout.

        Returns
        -------
        outputs : dict of str to Tensor, shape (n_trials, size)

        Raises
        ------
        ConfigError
            If the trials have other channels or samples than the module was made for.
        """
        del subject, positions
        check_sensors(x, self.n_chans, "Nice")
        check_times(x, self.n_times, "Nice", "each average over time has weights of its own")
        return outputs(self.convolution(x), self.heads)

    def subject_parameters(self, subject: int | None = None) -> list[nn.Parameter]:
        """Give the weights that are one subject's alone: there are none."""
        del subject
        return []


@torch.no_grad()
def _start_as_published(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        module.weight.normal_(0.0, _INIT)
    elif isinstance(module, nn.BatchNorm2d):
        module.weight.normal_(1.0, _INIT)
