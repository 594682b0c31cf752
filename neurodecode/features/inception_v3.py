"""Inception v3: the last layer of a network that names objects."""

from dataclasses import dataclass
from typing import Any, ClassVar

from neurodecode.features._judge import Judge


@dataclass(frozen=True)
class InceptionV3(Judge):
    """Give the last layer of Inception v3 before its classes, or these.

    Parameters
    ----------
    weights : str
        A file, or a name below a folder of weights, such as ``judges/inception_v3.pth``; see
        `neurodecode.data.weights.find_checkpoint`.
    layer : str
        ``avgpool``: 2048 numbers; ``logits``: the 1000 classes of ImageNet.
    size : int
        Pixels of a side that pictures are brought to, antialiased and not cropped.

    Notes
    -----
    Pixels are brought to -1 to 1, as torchvision does for these weights (``transform_input``).
    Szegedy et al. 2016, doi 10.1109/CVPR.2016.308.
    """

    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("torch",)

    mean: ClassVar[tuple[float, float, float]] = (0.5, 0.5, 0.5)
    deviation: ClassVar[tuple[float, float, float]] = (0.5, 0.5, 0.5)

    size: int = 299

    @staticmethod
    def _layers() -> tuple[str, ...]:
        return ("avgpool", "logits")

    def _network(self) -> Any:
        from neurodecode.nn.judges.inception import InceptionV3

        return InceptionV3()
