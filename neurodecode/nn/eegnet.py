"""EEGNet (Lawhern et al. 2018): convolutions over time, then over channels, then over both."""

import torch
from torch import nn

_MAX_NORM_CHANNELS, _MAX_NORM_CLASSIFIER = 1.0, 0.25
_POOLED = 4, 8  # samples that become one, in the first and second block
SHORTEST = 32  # samples of a trial, of which one is left after pooling


class EEGNet(nn.Module):
    """EEGNet-F1,D: trials to scores of classes.

    Parameters
    ----------
    n_chans, n_outputs, n_times : int
    F1 : int
        Filters over time.
    D : int
        Filters over channels, each filter over time.
    F2 : int
        Filters of the separable convolution.
    kernel_length : int
        Samples of the filters over time: half a second.
    separable_length : int
        Samples of the separable convolution, after pooling by four: half a second again.
    drop_prob : float

    References
    ----------
    Lawhern et al. 2018, doi 10.1088/1741-2552/aace8c, table 2.
    """

    def __init__(
        self,
        n_chans: int,
        n_outputs: int,
        n_times: int,
        F1: int = 8,
        D: int = 2,
        F2: int = 16,
        kernel_length: int = 64,
        separable_length: int = 16,
        drop_prob: float = 0.5,
    ):
        super().__init__()
        self.temporal = nn.Conv2d(1, F1, (1, kernel_length), bias=False)
        self.norm_temporal = _norm(F1)
        self.channels = nn.Conv2d(F1, D * F1, (n_chans, 1), groups=F1, bias=False)
        self.norm_channels = _norm(D * F1)
        self.depthwise = nn.Conv2d(D * F1, D * F1, (1, separable_length), groups=D * F1, bias=False)
        self.pointwise = nn.Conv2d(D * F1, F2, 1, bias=False)
        self.norm_separable = _norm(F2)
        self.drop = nn.Dropout(drop_prob)
        n_left = n_times // _POOLED[0] // _POOLED[1]
        self.classifier = nn.Linear(F2 * n_left, n_outputs)
        for layer in (
            self.temporal, self.channels, self.depthwise, self.pointwise, self.classifier
        ):  # fmt: skip
            nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Give scores of the classes.

        Parameters
        ----------
        X : Tensor, shape (n_trials, n_chans, n_times)

        Returns
        -------
        scores : Tensor, shape (n_trials, n_outputs)
        """
        Z = self.norm_temporal(
            self.temporal(_padded(X.unsqueeze(1), self.temporal))
        )  # (n_trials, F1, n_chans, n_times)
        Z = nn.functional.elu(self.norm_channels(self.channels(Z)))  # one row of channels left
        Z = self.drop(nn.functional.avg_pool2d(Z, (1, _POOLED[0])))
        Z = nn.functional.elu(
            self.norm_separable(self.pointwise(self.depthwise(_padded(Z, self.depthwise))))
        )
        Z = self.drop(nn.functional.avg_pool2d(Z, (1, _POOLED[1])))
        return self.classifier(Z.flatten(1))

    @torch.no_grad()
    def constrain(self) -> None:
        """Bring each filter over channels to a norm of at most 1, each class's weights to .25."""
        self.channels.weight.copy_(torch.renorm(self.channels.weight, 2, 0, _MAX_NORM_CHANNELS))
        weight = self.classifier.weight
        weight.copy_(torch.renorm(weight, 2, 0, _MAX_NORM_CLASSIFIER))


def _padded(Z: torch.Tensor, layer: nn.Conv2d) -> torch.Tensor:
    """Put zeros around the samples, so that the convolution leaves as many as there were.

    The layer's own ``padding="same"`` warns of filters of an even length, which these are.
    """
    extra = layer.kernel_size[1] - 1
    return nn.functional.pad(Z, (extra // 2, extra - extra // 2))


def _norm(n_features: int) -> nn.BatchNorm2d:
    # Keras, in which EEGNet was published, says momentum .99 where torch says 1 - .99.
    return nn.BatchNorm2d(n_features, momentum=0.01, eps=1e-3)
