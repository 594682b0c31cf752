"""AlexNet: early and late layers of a network that names objects."""

from dataclasses import dataclass
from typing import Any, ClassVar

from neurodecode.features._judge import Judge


@dataclass(frozen=True)
class Alexnet(Judge):
    """Give a layer of AlexNet, which judges of reconstructions call AlexNet(2) and AlexNet(5).

    Parameters
    ----------
    weights : str
        A file, or a name below a folder of weights, such as ``judges/alexnet.pth``; see
        `neurodecode.data.weights.find_checkpoint`.
    layer : str
        ``1`` to ``5``: what the rectifier behind that convolution gives; ``logits``: its 1000
        classes of ImageNet.
    size : int
        Pixels of a side that pictures are brought to, antialiased and not cropped.

    Notes
    -----
    Published tables name layers 2 (`features.4`) and 5 (`features.11`): 184,512 and 57,600 numbers
    at 256 pixels. Krizhevsky 2014, arXiv 1404.5997.
    """

    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("torch",)

    layer: str = "5"

    @staticmethod
    def _layers() -> tuple[str, ...]:
        return ("1", "2", "3", "4", "5", "logits")

    def _network(self) -> Any:
        from neurodecode.nn.judges.alexnet import AlexNet

        return AlexNet()
