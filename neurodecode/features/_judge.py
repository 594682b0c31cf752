"""Judges: networks of torchvision's form that see pictures, from a file of weights."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.pictures import from_bytes
from neurodecode.core.resizing import resize
from neurodecode.core.training import Device, resolve_device
from neurodecode.data.pretrained import load_checkpoint
from neurodecode.data.weights import find_checkpoint
from neurodecode.features._contract import Extract, Feature, OfPictures, as_colour, check_count

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Judge(Feature):
    """Give a layer of a network, from a checkpoint as torchvision publishes it.

    Attributes
    ----------
    mean, deviation : tuple of float
        Of red, green and blue, which pictures are normalised by.
    """

    batch_size: ClassVar[int] = 16
    mean: ClassVar[tuple[float, float, float]] = IMAGENET[0]
    deviation: ClassVar[tuple[float, float, float]] = IMAGENET[1]

    weights: str
    layer: str = "avgpool"
    size: int = 224

    def __post_init__(self):
        name = type(self).__module__.rpartition(".")[2]
        check_count(f"{name}: size", self.size)
        if self.layer not in self._layers():
            known = ", ".join(self._layers())
            raise ConfigError(f"{name}: layer: {self.layer!r} is none of {known}.")

    @staticmethod
    @abstractmethod
    def _layers() -> tuple[str, ...]:
        """Name the layers that can be asked."""

    @abstractmethod
    def _network(self) -> Any:
        """Give the network, its weights as they were drawn."""

    def hashes(self, cache: Path) -> Mapping[str, str]:
        """Give SHA-256 of the file of weights."""
        return find_checkpoint(self.weights).hashes(cache)

    def open(self, device: Device = "auto") -> Extract:
        """Load the network, every tensor of it in its place.

        Raises
        ------
        DataMissing
            If the weights are not on this machine.
        DataError
            If they are of another network.
        """
        judge = self.open_pictures(device)

        def extract(pictures: Sequence[np.ndarray]) -> np.ndarray:
            floats = [from_bytes(as_colour(one))[None] for one in pictures]
            return judge(np.concatenate([resize(one, self.size) for one in floats]))

        return extract

    def open_pictures(self, device: Device = "auto") -> OfPictures:
        """Load the network, as `open`, for pictures that were brought to size."""
        import torch

        checkpoint = find_checkpoint(self.weights)
        with torch.device("meta"):  # draws nothing that is not kept
            network = self._network()
        network = network.to_empty(device="cpu")
        network = load_checkpoint(network, checkpoint, network.unused(self.layer))
        network = network.to(resolve_device(device))
        mean, deviation = (np.asarray(one, np.float32) for one in (self.mean, self.deviation))

        def judge(pictures: np.ndarray) -> np.ndarray:
            pixels = np.moveaxis((pictures - mean) / deviation, 3, 1)
            where = next(network.parameters()).device
            with torch.inference_mode():
                asked = torch.from_numpy(np.ascontiguousarray(pixels)).to(where)
                return network(asked, self.layer).cpu().numpy()

        return judge
