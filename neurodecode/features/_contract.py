"""What every feature promises."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.sound import Sound
from neurodecode.core.stimuli import Stimuli

Content = Literal["picture", "text", "sound"]
# From stimuli, each a picture, a tuple of texts or a sound, to numbers of shape (n, …), float32.
Extract = Callable[[Sequence[Any]], np.ndarray]
# From pictures of float32, 0 to 1, shape (n, height, width, 3), to the same.
OfPictures = Callable[[np.ndarray], np.ndarray]
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_MEAN = 4  # PIL.Image.Resampling.BOX, without importing PIL


@dataclass(frozen=True)
class Feature(ABC):
    """A map from one stimulus to numbers, which sees no other stimulus.

    A feature's fields are its arguments, plain data. What it gives for a stimulus does not depend
    on the batch that the stimulus comes in.

    Attributes
    ----------
    version : int
        Raised when the numbers that come out change.
    of : {"picture", "text", "sound"}
        What it is handed: pictures as `check_picture` gives them, a tuple of texts, or sounds.
    libraries : tuple of str
        Whose release the numbers depend on.
    batch_size : int
        Stimuli that are worth handing over at a time.
    """

    version: ClassVar[int]
    of: ClassVar[Content] = "picture"
    libraries: ClassVar[tuple[str, ...]] = ("numpy",)
    batch_size: ClassVar[int] = 64

    @abstractmethod
    def open(self, device: Literal["auto", "cpu", "cuda"] = "auto") -> Extract:
        """Load what it computes with, once, and give the function that turns batches into numbers.

        Parameters
        ----------
        device : {"auto", "cpu", "cuda"}
            Where networks compute; others know only the CPU.
        """

    def read(self, stimuli: Stimuli, stimulus: str) -> Any:
        """Give what it is handed of one stimulus.

        Raises
        ------
        DataError
            If the stimulus is none of what the feature is of; it is named.
        """
        if self.of == "sound":
            return check_sound(stimuli[stimulus], f"stimulus {stimulus!r}")
        return check_picture(stimuli[stimulus], f"stimulus {stimulus!r}")

    def contents(self, stimuli: Stimuli, cache: Path) -> str:
        """Digest of what it is handed of all stimuli, without decoding them where that is known."""
        return stimuli.contents(cache)

    def hashes(self, cache: Path) -> Mapping[str, str]:
        """Give SHA-256 by name of each file that numbers come from, and a hub's revision.

        Parameters
        ----------
        cache : Path
            The cache folder, which remembers digests of files that did not change.

        Raises
        ------
        DataMissing
            If weights are not on this machine.
        """
        del cache
        return {}

    def made_from(self, cache: Path) -> dict[str, Any]:
        """Say all that its numbers come from but the stimuli: plain data, defaults included."""
        return {
            "feature": type(self).__module__.removeprefix("neurodecode.features."),
            "version": self.version,
            "arguments": asdict(self),
            "weights": dict(self.hashes(cache)),
            "libraries": {name: _release(name) for name in self.libraries},
        }


def check_picture(picture: Any, where: str) -> np.ndarray:
    """Hold a picture to what features are handed.

    Parameters
    ----------
    picture : ndarray
    where : str
        How a message names it.

    Returns
    -------
    picture : ndarray of uint8, shape (height, width) or (height, width, 3)

    Raises
    ------
    DataError
        If it is none: another shape, or values that are not of eight bits.
    """
    if not isinstance(picture, np.ndarray):
        raise DataError(f"{where}: expected a picture, got {type(picture).__name__}.")
    shape = picture.shape
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and shape[2] != 3) or 0 in shape:
        raise DataError(
            f"{where}: a picture of shape {shape}. Features take (height, width) in grey or "
            "(height, width, 3) in colour; convert it."
        )
    if picture.dtype != np.uint8:
        raise DataError(
            f"{where}: a picture of {picture.dtype}. Features take eight bits (uint8, 0 to 255); "
            "convert it, and say what its black and white are."
        )
    return picture


def check_sound(sound: Any, where: str) -> Sound:
    """Hold a sound to what features are handed.

    Raises
    ------
    DataError
        If it is none, or holds values that are not finite.
    """
    if not isinstance(sound, Sound):
        raise DataError(f"{where}: expected a sound, got {type(sound).__name__}.")
    if not np.isfinite(sound.samples).all():
        raise DataError(f"{where}: a sound of samples that are not finite. Repair the file.")
    return sound


def resized(picture: np.ndarray, size: int, *, grey: bool) -> np.ndarray:
    """Bring a picture to size by size pixels, by means over what falls into each.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width) or (height, width, 3)
    size : int
        Pixels of a side; height and width are scaled each by its own factor.
    grey : bool
        Whether colours become luma (ITU-R BT.601); else grey becomes three equal channels.

    Returns
    -------
    resized : ndarray of float32, shape (size, size) or (size, size, 3)
        From 0 to 1.
    """
    from PIL import Image

    bands = [picture] if picture.ndim == 2 else list(np.moveaxis(picture, 2, 0))
    # In float: eight bits would round what a mean over many pixels tells apart.
    small = [
        np.asarray(Image.fromarray(one.astype(np.float32)).resize((size, size), _MEAN)) / 255
        for one in bands
    ]
    if grey:
        return small[0] if len(small) == 1 else np.tensordot(_LUMA, np.stack(small), axes=1)
    return np.stack(small * 3 if len(small) == 1 else small, axis=-1)


def as_colour(picture: np.ndarray) -> np.ndarray:
    """Give a picture of shape (height, width, 3); grey becomes three equal channels."""
    return np.repeat(picture[:, :, None], 3, axis=2) if picture.ndim == 2 else picture


def check_count(where: str, value: int) -> None:
    """Raise a ConfigError where a number of pixels or filters is below one."""
    if value < 1:
        raise ConfigError(f"{where}: {value} is below one.")


def _release(library: str) -> str:
    return ".".join(metadata.version(library).split(".")[:2])
