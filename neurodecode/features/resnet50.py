"""ResNet-50: the last layer, trained on classes or, as SwAV, without labels."""

from dataclasses import dataclass
from typing import Any, ClassVar

from neurodecode.features._judge import Judge


@dataclass(frozen=True)
class Resnet50(Judge):
    """Give the last layer of ResNet-50 before its classes, or these.

    Parameters
    ----------
    weights : str
        A file, or a name below a folder of weights, such as ``judges/swav_resnet50.pth``; see
        `neurodecode.data.weights.find_checkpoint`.
    layer : str
        ``avgpool``: 2048 numbers; ``logits``: the 1000 classes of ImageNet, which SwAV has none of.
    size : int
        Pixels of a side that pictures are brought to, antialiased and not cropped.

    Notes
    -----
    The checkpoint of SwAV is read as it is published: names with ``module.``, and what it was
    trained with left over. He et al. 2016, doi 10.1109/CVPR.2016.90; Caron et al. 2020, arXiv
    2006.09882.
    """

    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("torch",)

    @staticmethod
    def _layers() -> tuple[str, ...]:
        return ("avgpool", "logits")

    def _network(self) -> Any:
        from neurodecode.nn.judges.resnet import ResNet50

        return ResNet50()
