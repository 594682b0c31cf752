"""Residual convolutions over time whose reach doubles from one to the next."""

import torch
from torch import nn


class DilatedBlock(nn.Module):
    """Two dilated convolutions with a skip each, then a gated one.

    Parameters
    ----------
    n_in, n_out : int
        Channels. The first convolution is skipped only where they are as many.
    dilations : tuple of int
        Samples between the taps, one entry a convolution.
    kernel_length : int
        Taps; odd.

    References
    ----------
    Défossez et al. 2023, doi 10.1038/s42256-023-00714-5, figure 4; gated linear units: Dauphin et
    al. 2017, arXiv 1612.08083.
    """

    def __init__(
        self, n_in: int, n_out: int, dilations: tuple[int, ...] = (1, 2), kernel_length: int = 3
    ):
        super().__init__()
        half = kernel_length // 2
        sizes = [n_in, *[n_out] * len(dilations)]
        self.convolutions = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(m, n_out, kernel_length, padding=half * dilation, dilation=dilation),
                nn.BatchNorm1d(n_out),
                nn.GELU(),
            )
            for m, dilation in zip(sizes, dilations, strict=False)
        )
        self.skipped = tuple(m == n_out for m in sizes[:-1])
        self.gate = nn.Conv1d(n_out, 2 * n_out, kernel_length, padding=half)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Convolve (n_trials, n_in, n_times) to (n_trials, n_out, n_times)."""
        for convolution, skipped in zip(self.convolutions, self.skipped, strict=True):
            z = z + convolution(z) if skipped else convolution(z)
        return nn.functional.glu(self.gate(z), dim=1)
