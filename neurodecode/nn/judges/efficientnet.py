"""EfficientNet-B1, in the form of torchvision's weights."""

from typing import ClassVar

from torch import Tensor, nn

# Of B1, whose stages are 1.1 times as deep as those of B0: expansion, kernel, stride, inputs,
# outputs, blocks.
_STAGES = (
    (1, 3, 1, 32, 16, 2),
    (6, 3, 2, 16, 24, 3),
    (6, 5, 2, 24, 40, 3),
    (6, 3, 2, 40, 80, 4),
    (6, 5, 1, 80, 112, 4),
    (6, 5, 2, 112, 192, 5),
    (6, 3, 1, 192, 320, 2),
)


class EfficientNetB1(nn.Module):
    """Inverted bottlenecks with squeeze and excitation.

    Attributes
    ----------
    layers : tuple of str
        ``avgpool`` (1280 numbers) and ``logits``.

    References
    ----------
    Tan and Le 2019, arXiv 1905.11946, table 1.
    """

    layers: ClassVar[tuple[str, ...]] = ("avgpool", "logits")

    def __init__(self, n_classes: int = 1000):
        super().__init__()
        stages = [_convolution(3, 32, 3, stride=2)]
        for expansion, kernel, stride, n_inputs, n_outputs, n_blocks in _STAGES:
            blocks = [_Inverted(n_inputs, n_outputs, expansion, kernel, stride)]
            blocks += [
                _Inverted(n_outputs, n_outputs, expansion, kernel, 1) for _ in range(n_blocks - 1)
            ]
            stages.append(nn.Sequential(*blocks))
        stages.append(_convolution(320, 1280, 1))
        self.features = nn.Sequential(*stages)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, n_classes))

    @staticmethod
    def unused(layer: str) -> tuple[str, ...]:
        """Give the beginnings of the names of weights that a layer does not depend on."""
        return () if layer == "logits" else ("classifier.",)

    def forward(self, pixels: Tensor, layer: str = "logits") -> Tensor:
        """Give a layer, shape (n, 1280) or (n, n_classes); `pixels` as `AlexNet` takes them."""
        x = self.avgpool(self.features(pixels)).flatten(1)
        return x if layer == "avgpool" else self.classifier(x)


class _Inverted(nn.Module):
    def __init__(self, n_inputs: int, n_outputs: int, expansion: int, kernel: int, stride: int):
        super().__init__()
        wide = expansion * n_inputs
        widened = [] if expansion == 1 else [_convolution(n_inputs, wide, 1)]
        self.block = nn.Sequential(
            *widened,
            _convolution(wide, wide, kernel, stride=stride, groups=wide),
            _SqueezeExcitation(wide, n_inputs // 4),
            _convolution(wide, n_outputs, 1, active=False),
        )
        self._adds = stride == 1 and n_inputs == n_outputs

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x) + x if self._adds else self.block(x)


class _SqueezeExcitation(nn.Module):
    def __init__(self, n_channels: int, n_squeezed: int):
        super().__init__()
        self.fc1 = nn.Conv2d(n_channels, n_squeezed, 1)
        self.fc2 = nn.Conv2d(n_squeezed, n_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        squeezed = nn.functional.silu(self.fc1(x.mean(dim=(2, 3), keepdim=True)))
        return x * self.fc2(squeezed).sigmoid()


def _convolution(
    n_inputs: int, n_outputs: int, kernel: int, *, stride: int = 1, groups: int = 1, active=True
) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(
            n_inputs, n_outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False
        ),
        nn.BatchNorm2d(n_outputs),
    ]
    return nn.Sequential(*layers, *([nn.SiLU()] if active else []))
