"""Convolution over time, pooling, then over sensors: linear up to its first batch norm."""

import torch
from torch import nn

from neurodecode.core.errors import ConfigError


class TimeSpaceConvolution(nn.Module):
    """Filters over time, averaged over time, then filters over all sensors at once.

    What comes before the first batch norm is linear in the trial, and its taps together reach over
    ``kernel_length + pool_length - 1`` samples: activity whose phase differs from trial to trial
    mostly averages out before any non-linearity could keep its power. Mostly, since an average over
    so many samples leaves a little of a rhythm, which a long training can find where it is strong.

    Parameters
    ----------
    n_chans, n_times : int
    n_filters : int
        Over time, as many over sensors, and as many mixtures of those.
    kernel_length : int
        Samples of a filter over time.
    pool_length, pool_stride : int
        Samples that are averaged, and from one average to the next.
    drop_prob : float

    Raises
    ------
    ConfigError
        If the trials are shorter than one average of filtered samples.

    References
    ----------
    Song et al. 2024, arXiv 2308.13234, table 6; after Schirrmeister et al. 2017,
    doi 10.1002/hbm.23730, which squares before it averages.
    """

    def __init__(
        self,
        n_chans: int,
        n_times: int,
        n_filters: int = 40,
        kernel_length: int = 25,
        pool_length: int = 51,
        pool_stride: int = 5,
        drop_prob: float = 0.5,
    ):
        super().__init__()
        shortest = kernel_length + pool_length - 1
        if n_times < shortest:
            raise ConfigError(
                f"trials of {n_times} samples are too short: a filter of {kernel_length} samples "
                f"and an average of {pool_length} need {shortest}. Cut longer trials, or give a "
                "smaller kernel_length and pool_length."
            )
        self.temporal = nn.Conv2d(1, n_filters, (1, kernel_length))
        self.pool_length, self.pool_stride = pool_length, pool_stride
        self.norm_temporal = nn.BatchNorm2d(n_filters)
        self.spatial = nn.Conv2d(n_filters, n_filters, (n_chans, 1))
        self.norm_spatial = nn.BatchNorm2d(n_filters)
        self.drop = nn.Dropout(drop_prob)
        self.mix = nn.Conv2d(n_filters, n_filters, 1)
        self.n_features = n_filters * ((n_times - shortest) // pool_stride + 1)

    def pooled(self, x: torch.Tensor) -> torch.Tensor:
        """Give what comes before the first batch norm: linear in the trials, but for a bias.

        Parameters
        ----------
        x : Tensor, shape (n_trials, n_chans, n_times)

        Returns
        -------
        averages : Tensor, shape (n_trials, n_filters, n_chans, n_averages)
        """
        # Filtering and averaging are one linear map. Its longer filters are applied at the averages
        # only: no filtered sample is made, which would be most of the memory of a training step.
        around = self.pool_length - 1
        filters = nn.functional.avg_pool2d(
            nn.functional.pad(self.temporal.weight, (around, around)), (1, self.pool_length), 1
        )  # (n_filters, 1, 1, kernel_length + pool_length - 1)
        return nn.functional.conv2d(
            x.unsqueeze(1), filters, self.temporal.bias, stride=(1, self.pool_stride)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give the features of trials, average by average, shape (n_trials, n_features)."""
        z = nn.functional.elu(self.norm_temporal(self.pooled(x)))
        z = nn.functional.elu(self.norm_spatial(self.spatial(z)))  # one row of sensors left
        z = self.mix(self.drop(z)).squeeze(2)  # (n_trials, n_filters, n_averages)
        return z.mT.flatten(1)
