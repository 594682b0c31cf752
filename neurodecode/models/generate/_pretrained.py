"""What links with weights of their own share: opening them once, precision, pictures and tensors.

torch is imported when a picture is made, not before.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from neurodecode.core.digest import digest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.files import read_json
from neurodecode.core.names import require
from neurodecode.core.training import resolve_device, training_place
from neurodecode.data.weights import Weights, find_weights

Precision = Literal["auto", "float32", "float16"]
_MOST = 2  # links whose networks stay in memory: a codec and a generator
_GREY = (0.299, 0.587, 0.114)  # luma of ITU-R BT.601
_held: OrderedDict[str, Any] = OrderedDict()


def held(key: Any, make: Callable[[], Any]) -> Any:
    """Give what was made under a key, of which the last few are kept in this process."""
    name = digest(key)
    if name not in _held:
        while len(_held) >= _MOST:  # before the next is made: both may not fit
            _held.popitem(last=False)
        _held[name] = make()
    _held.move_to_end(name)
    return _held[name]


def place_of(precision: Precision, where: str) -> tuple[str, Any]:
    """Give the device of this context, and the type of numbers there.

    Parameters
    ----------
    precision : {"auto", "float32", "float16"}
        ``auto`` is half precision on a GPU.
    where : str
        How a message names the link.
    """
    torch = require("torch", purpose=where, extra="image")
    device = resolve_device(training_place().device)
    half = precision == "float16" or (precision == "auto" and device == "cuda")
    return device, torch.float16 if half else torch.float32


def open_weights(
    name: str, pipelines: tuple[str, ...], parts: Mapping[str, str], where: str
) -> Weights:
    """Find a pipeline's weights, and hold pipeline and parts to what they must be of.

    Parameters
    ----------
    name : str
        Of the weights; see `neurodecode.data.weights.find_weights`.
    pipelines : tuple of str
        Classes of diffusers, of which its ``model_index.json`` names one; empty: it is not read.
    parts : mapping of str to str
        Class of diffusers by subfolder.
    where : str
        How messages name the link.

    Raises
    ------
    DataMissing
        If the folder or a part of it is not there.
    DataError
        If it is another model's.
    """
    weights = find_weights(name)
    if pipelines:
        _check_kind(weights, weights.kind("model_index.json"), pipelines, where)
    for part, cls in parts.items():
        mine = weights.part(part)
        _check_kind(mine, mine.kind(), (cls,), where)
    return weights


def config_of(weights: Weights, part: str) -> dict[str, Any]:
    """Read the configuration of a part."""
    return read_json(weights.part(part).folder / "config.json")


def latent_factor(config: Mapping[str, Any]) -> int:
    """Give how many pixels of a side are one of the latent, by the blocks of an auto-encoder."""
    return 2 ** (len(config["block_out_channels"]) - 1)


def side_of(size: int | None, native: int | None, multiple: int, where: str) -> int:
    """Give the pixels of a side at which a link works.

    Parameters
    ----------
    size : int or None
        As asked; None: that of the weights.
    native : int or None
        What the configuration of the weights says.
    multiple : int
        Of which it must be one.
    where : str

    Raises
    ------
    ConfigError
        If it is not, or nothing says it.
    """
    side = size or native
    if side is None:
        raise ConfigError(
            f"{where}: the weights do not say of what size their pictures are. Give size."
        )
    if side < multiple or side % multiple:
        raise ConfigError(
            f"{where}: size: {side} is no multiple of {multiple}, as these weights need. Give "
            f"{max(1, round(side / multiple)) * multiple}."
        )
    return side


def as_tensor(pictures: np.ndarray, side: int, device: str, dtype: Any) -> Any:
    """Give pictures as (n, 3, side, side) from 0 to 1; grey becomes three equal channels."""
    from neurodecode.nn.pictures import to_tensor  # torch: only where it is used

    made = to_tensor(pictures)
    return _resized(made.expand(-1, 3, -1, -1), (side, side)).to(device, dtype)


def as_pictures(tensor: Any, shape: tuple[int, ...], where: str) -> np.ndarray:
    """Give (n, 3, side, side) as pictures of a shape (height, width, channels), from 0 to 1.

    Raises
    ------
    DataError
        If one holds what is not finite.
    """
    import torch

    from neurodecode.nn.pictures import from_tensor

    made = tensor.float()
    if not torch.isfinite(made).all():
        raise DataError(
            f"{where}: pictures came out that are not finite, as half precision may give them. "
            "Say precision: float32."
        )
    if shape[2] == 1:
        made = (made * torch.tensor(_GREY, device=made.device)[:, None, None]).sum(1, keepdim=True)
    return from_tensor(_resized(made, shape[:2]))


def _resized(pictures: Any, size: tuple[int, ...]) -> Any:
    if tuple(pictures.shape[2:]) == size:
        return pictures
    from torch.nn.functional import interpolate

    made = interpolate(pictures, size=size, mode="bicubic", antialias=True, align_corners=False)
    return made.clamp(0, 1)  # bicubic overshoots at edges


def _check_kind(weights: Weights, found: str, expected: tuple[str, ...], where: str) -> None:
    if found not in expected:
        raise DataError(
            f"{where}: weights {weights.name!r} ({weights.folder}) are of "
            f"{found or 'no class of diffusers'}, and it takes those of {' or '.join(expected)}. "
            "Name the folder of that model."
        )
