"""Inception v3, in the form of torchvision's weights."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d

_Side = int | tuple[int, int]


class InceptionV3(nn.Module):
    """Blocks of parallel convolutions, for pictures of 75 pixels a side or more.

    Attributes
    ----------
    layers : tuple of str
        ``avgpool`` (2048 numbers) and ``logits``.

    Notes
    -----
    Pixels lie between -1 and 1. The branch of auxiliary classes serves training alone; it is here
    because the weights have it.

    References
    ----------
    Szegedy et al. 2016, doi 10.1109/CVPR.2016.308.
    """

    layers: ClassVar[tuple[str, ...]] = ("avgpool", "logits")

    def __init__(self, n_classes: int = 1000):
        super().__init__()
        self.Conv2d_1a_3x3 = _Convolution(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = _Convolution(32, 32, 3)
        self.Conv2d_2b_3x3 = _Convolution(32, 64, 3, padding=1)
        self.maxpool1 = nn.MaxPool2d(3, stride=2)
        self.Conv2d_3b_1x1 = _Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = _Convolution(80, 192, 3)
        self.maxpool2 = nn.MaxPool2d(3, stride=2)
        self.Mixed_5b = _BlockA(192, 32)
        self.Mixed_5c = _BlockA(256, 64)
        self.Mixed_5d = _BlockA(288, 64)
        self.Mixed_6a = _BlockB(288)
        self.Mixed_6b = _BlockC(768, 128)
        self.Mixed_6c = _BlockC(768, 160)
        self.Mixed_6d = _BlockC(768, 160)
        self.Mixed_6e = _BlockC(768, 192)
        self.AuxLogits = _Auxiliary(768, n_classes)
        self.Mixed_7a = _BlockD(768)
        self.Mixed_7b = _BlockE(1280)
        self.Mixed_7c = _BlockE(2048)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(2048, n_classes)

    @staticmethod
    def unused(layer: str) -> tuple[str, ...]:
        """Give the beginnings of the names of weights that a layer does not depend on."""
        return ("AuxLogits.",) if layer == "logits" else ("AuxLogits.", "fc.")

    def forward(self, pixels: Tensor, layer: str = "logits") -> Tensor:
        """Give a layer, shape (n, 2048) or (n, n_classes).

        Parameters
        ----------
        pixels : Tensor, shape (n, 3, height, width)
            From -1 to 1.
        layer : str
        """
        x = pixels
        for name, part in self.named_children():  # in the order of `__init__`
            if name == "avgpool":
                break
            if name != "AuxLogits":
                x = part(x)
        x = self.avgpool(x).flatten(1)
        return x if layer == "avgpool" else self.fc(x)


class _Convolution(nn.Module):
    def __init__(
        self, n_inputs: int, n_outputs: int, kernel: _Side, stride: int = 1, padding: _Side = 0
    ):
        super().__init__()
        self.conv = nn.Conv2d(n_inputs, n_outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(n_outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x)).relu()


def _row(n_inputs: int, n_outputs: int) -> _Convolution:
    return _Convolution(n_inputs, n_outputs, (1, 7), padding=(0, 3))


def _column(n_inputs: int, n_outputs: int) -> _Convolution:
    return _Convolution(n_inputs, n_outputs, (7, 1), padding=(3, 0))


class _BlockA(nn.Module):
    def __init__(self, n_inputs: int, n_pooled: int):
        super().__init__()
        self.branch1x1 = _Convolution(n_inputs, 64, 1)
        self.branch5x5_1 = _Convolution(n_inputs, 48, 1)
        self.branch5x5_2 = _Convolution(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = _Convolution(n_inputs, 64, 1)
        self.branch3x3dbl_2 = _Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Convolution(96, 96, 3, padding=1)
        self.branch_pool = _Convolution(n_inputs, n_pooled, 1)

    def forward(self, x: Tensor) -> Tensor:
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        pooled = self.branch_pool(avg_pool2d(x, 3, stride=1, padding=1))
        return torch.cat([self.branch1x1(x), five, three, pooled], dim=1)


class _BlockB(nn.Module):
    def __init__(self, n_inputs: int):
        super().__init__()
        self.branch3x3 = _Convolution(n_inputs, 384, 3, stride=2)
        self.branch3x3dbl_1 = _Convolution(n_inputs, 64, 1)
        self.branch3x3dbl_2 = _Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Convolution(96, 96, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        twice = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), twice, max_pool2d(x, 3, stride=2)], dim=1)


class _BlockC(nn.Module):
    def __init__(self, n_inputs: int, width: int):
        super().__init__()
        self.branch1x1 = _Convolution(n_inputs, 192, 1)
        self.branch7x7_1 = _Convolution(n_inputs, width, 1)
        self.branch7x7_2 = _row(width, width)
        self.branch7x7_3 = _column(width, 192)
        self.branch7x7dbl_1 = _Convolution(n_inputs, width, 1)
        self.branch7x7dbl_2 = _column(width, width)
        self.branch7x7dbl_3 = _row(width, width)
        self.branch7x7dbl_4 = _column(width, width)
        self.branch7x7dbl_5 = _row(width, 192)
        self.branch_pool = _Convolution(n_inputs, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        once = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        twice = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        twice = self.branch7x7dbl_5(self.branch7x7dbl_4(twice))
        pooled = self.branch_pool(avg_pool2d(x, 3, stride=1, padding=1))
        return torch.cat([self.branch1x1(x), once, twice, pooled], dim=1)


class _BlockD(nn.Module):
    def __init__(self, n_inputs: int):
        super().__init__()
        self.branch3x3_1 = _Convolution(n_inputs, 192, 1)
        self.branch3x3_2 = _Convolution(192, 320, 3, stride=2)
        self.branch7x7x3_1 = _Convolution(n_inputs, 192, 1)
        self.branch7x7x3_2 = _row(192, 192)
        self.branch7x7x3_3 = _column(192, 192)
        self.branch7x7x3_4 = _Convolution(192, 192, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x)))
        return torch.cat([three, self.branch7x7x3_4(seven), max_pool2d(x, 3, stride=2)], dim=1)


class _BlockE(nn.Module):
    def __init__(self, n_inputs: int):
        super().__init__()
        self.branch1x1 = _Convolution(n_inputs, 320, 1)
        self.branch3x3_1 = _Convolution(n_inputs, 384, 1)
        self.branch3x3_2a = _Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = _Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = _Convolution(n_inputs, 448, 1)
        self.branch3x3dbl_2 = _Convolution(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = _Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = _Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = _Convolution(n_inputs, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        once = self.branch3x3_1(x)
        twice = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        branches = [
            self.branch1x1(x),
            self.branch3x3_2a(once),
            self.branch3x3_2b(once),
            self.branch3x3dbl_3a(twice),
            self.branch3x3dbl_3b(twice),
            self.branch_pool(avg_pool2d(x, 3, stride=1, padding=1)),
        ]
        return torch.cat(branches, dim=1)


class _Auxiliary(nn.Module):
    """Weights of the auxiliary classes, which nothing here computes with."""

    def __init__(self, n_inputs: int, n_classes: int):
        super().__init__()
        self.conv0 = _Convolution(n_inputs, 128, 1)
        self.conv1 = _Convolution(128, 768, 5)
        self.fc = nn.Linear(768, n_classes)
