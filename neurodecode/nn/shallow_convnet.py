"""The shallow ConvNet (Schirrmeister et al. 2017): filter bank common spatial patterns, learnt."""

import torch
from torch import nn

_MAX_NORM, _MAX_NORM_CLASSIFIER = 2.0, 0.5


class ShallowConvNet(nn.Module):
    """Filters over time and channels, squared, averaged and logged: log band power, then classes.

    Parameters
    ----------
    n_chans, n_outputs, n_times : int
    n_filters : int
        Filters over time, and as many over channels and those.
    kernel_length : int
        Samples of the filters over time.
    pool_length, pool_stride : int
        Samples that are averaged, and from one average to the next.
    drop_prob : float

    References
    ----------
    Schirrmeister et al. 2017, doi 10.1002/hbm.23730, figure 2.
    """

    def __init__(
        self,
        n_chans: int,
        n_outputs: int,
        n_times: int,
        n_filters: int = 40,
        kernel_length: int = 25,
        pool_length: int = 75,
        pool_stride: int = 15,
        drop_prob: float = 0.5,
    ):
        super().__init__()
        self.temporal = nn.Conv2d(1, n_filters, (1, kernel_length))
        self.channels = nn.Conv2d(n_filters, n_filters, (n_chans, 1), bias=False)
        self.norm = nn.BatchNorm2d(n_filters)
        self.pool = nn.AvgPool2d((1, pool_length), (1, pool_stride))
        self.drop = nn.Dropout(drop_prob)
        n_left = (n_times - kernel_length + 1 - pool_length) // pool_stride + 1
        self.classifier = nn.Linear(n_filters * n_left, n_outputs)
        for layer in (self.temporal, self.channels, self.classifier):
            nn.init.xavier_uniform_(layer.weight)
        for bias in (self.temporal.bias, self.classifier.bias):
            assert bias is not None  # both layers are made with one
            nn.init.zeros_(bias)

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Give scores of the classes.

        Parameters
        ----------
        X : Tensor, shape (n_trials, n_chans, n_times)

        Returns
        -------
        scores : Tensor, shape (n_trials, n_outputs)
        """
        Z = self.norm(self.channels(self.temporal(X.unsqueeze(1))))  # one row of channels left
        Z = self.pool(Z.square())
        Z = self.drop(Z.clamp(min=1e-6).log())
        return self.classifier(Z.flatten(1))

    @torch.no_grad()
    def constrain(self) -> None:
        """Bring the norm of each filter to at most 2, and of each class's weights to .5."""
        for layer, most in (
            (self.temporal, _MAX_NORM),
            (self.channels, _MAX_NORM),
            (self.classifier, _MAX_NORM_CLASSIFIER),
        ):
            layer.weight.copy_(torch.renorm(layer.weight, 2, 0, most))
