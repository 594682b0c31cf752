"""EfficientNet-B1: the last layer of a network that names objects."""

from dataclasses import dataclass
from typing import Any, ClassVar

from neurodecode.features._judge import Judge


@dataclass(frozen=True)
class EfficientnetB1(Judge):
    """Give the last layer of EfficientNet-B1 before its classes, or these.

    Parameters
    ----------
    weights : str
        A file, or a name below a folder of weights, such as ``judges/efficientnet_b1.pth``; see
        `neurodecode.data.weights.find_checkpoint`.
    layer : str
        ``avgpool``: 1280 numbers; ``logits``: the 1000 classes of ImageNet.
    size : int
        Pixels of a side that pictures are brought to, antialiased and not cropped.

    Notes
    -----
    Tan and Le 2019, arXiv 1905.11946.
    """

    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("torch",)

    size: int = 240

    @staticmethod
    def _layers() -> tuple[str, ...]:
        return ("avgpool", "logits")

    def _network(self) -> Any:
        from neurodecode.nn.judges.efficientnet import EfficientNetB1

        return EfficientNetB1()
