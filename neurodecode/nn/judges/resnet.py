"""ResNet-50, in the form of torchvision's weights: a block strides in its 3 × 3 convolution."""

from typing import ClassVar

from torch import Tensor, nn

_STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # width, blocks, stride


class ResNet50(nn.Module):
    """Fifty layers of residual blocks.

    Attributes
    ----------
    layers : tuple of str
        ``avgpool`` (2048 numbers) and ``logits``.

    References
    ----------
    He et al. 2016, doi 10.1109/CVPR.2016.90. SwAV trains it without labels: Caron et al. 2020,
    arXiv 2006.09882.
    """

    layers: ClassVar[tuple[str, ...]] = ("avgpool", "logits")

    def __init__(self, n_classes: int = 1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        n_inputs = 64
        for number, (width, n_blocks, stride) in enumerate(_STAGES, start=1):
            blocks = [_Bottleneck(n_inputs, width, stride)]
            n_inputs = 4 * width
            blocks += [_Bottleneck(n_inputs, width, 1) for _ in range(n_blocks - 1)]
            setattr(self, f"layer{number}", nn.Sequential(*blocks))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(2048, n_classes)

    @staticmethod
    def unused(layer: str) -> tuple[str, ...]:
        """Give the beginnings of the names of weights that a layer does not depend on."""
        # What SwAV trains with and throws away stands beside its weights, in place of classes.
        learning = ("projection_head.", "prototypes.")
        return learning if layer == "logits" else ("fc.", *learning)

    def forward(self, pixels: Tensor, layer: str = "logits") -> Tensor:
        """Give a layer, shape (n, 2048) or (n, n_classes); `pixels` as `AlexNet` takes them."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(pixels))))
        for number in range(1, len(_STAGES) + 1):
            x = getattr(self, f"layer{number}")(x)
        x = self.avgpool(x).flatten(1)
        return x if layer == "avgpool" else self.fc(x)


class _Bottleneck(nn.Module):
    def __init__(self, n_inputs: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(n_inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU()
        self.downsample = None
        if stride != 1 or n_inputs != 4 * width:
            self.downsample = nn.Sequential(
                nn.Conv2d(n_inputs, 4 * width, 1, stride=stride, bias=False),
                nn.BatchNorm2d(4 * width),
            )

    def forward(self, x: Tensor) -> Tensor:
        past = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)) + past)
