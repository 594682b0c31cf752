"""AlexNet, in the form of torchvision's weights: one tower."""

from typing import ClassVar

import torch
from torch import Tensor, nn


class AlexNet(nn.Module):
    """Five convolutions and three full layers, for pictures of 63 pixels a side or more.

    Attributes
    ----------
    layers : tuple of str
        ``1`` to ``5``: what the rectifier behind that convolution gives; ``logits``.

    References
    ----------
    Krizhevsky 2014, arXiv 1404.5997.
    """

    layers: ClassVar[tuple[str, ...]] = ("1", "2", "3", "4", "5", "logits")
    # Rectifiers behind the convolutions, among `features`.
    _ENDS: ClassVar[dict[str, int]] = {"1": 1, "2": 4, "3": 7, "4": 9, "5": 11}

    def __init__(self, n_classes: int = 1000):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, n_classes),
        )

    @staticmethod
    def unused(layer: str) -> tuple[str, ...]:
        """Give the beginnings of the names of weights that a layer does not depend on."""
        return () if layer == "logits" else ("classifier.",)

    def forward(self, pixels: Tensor, layer: str = "logits") -> Tensor:
        """Give a layer: shape (n, channels, height, width), or (n, n_classes) of the logits.

        Parameters
        ----------
        pixels : Tensor, shape (n, 3, height, width)
            Of which the mean and deviation of ImageNet are taken.
        layer : str
        """
        if layer != "logits":
            return self.features[: self._ENDS[layer] + 1](pixels)
        pooled = nn.functional.adaptive_avg_pool2d(self.features(pixels), 6)
        return self.classifier(torch.flatten(pooled, 1))
