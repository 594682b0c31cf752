"""Pictures as torch has them: channels first; from -1 to 1 inside networks that make pictures."""

import numpy as np
import torch
from torch import nn


def to_tensor(pictures: np.ndarray) -> torch.Tensor:
    """Bring pictures into torch's order.

    Parameters
    ----------
    pictures : ndarray, shape (n, height, width, channels)
        From 0 to 1.

    Returns
    -------
    tensor : Tensor of float32, shape (n, channels, height, width)
        From 0 to 1, a copy.
    """
    first = np.moveaxis(np.asarray(pictures, dtype=np.float32), -1, 1)
    return torch.from_numpy(np.array(first, order="C"))


def from_tensor(tensor: torch.Tensor) -> np.ndarray:
    """Give pictures of a tensor, float32, shape (n, height, width, channels), held to 0 to 1."""
    kept = tensor.detach().float().clamp(0, 1).cpu().numpy()
    return np.ascontiguousarray(np.moveaxis(kept, 1, -1))


def signed(tensor: torch.Tensor) -> torch.Tensor:
    """Bring values from 0 to 1 to -1 to 1."""
    return tensor * 2 - 1


def unsigned(tensor: torch.Tensor) -> torch.Tensor:
    """Bring values from -1 to 1 to 0 to 1."""
    return tensor / 2 + 0.5


def pad_to(tensor: torch.Tensor, multiple: int) -> torch.Tensor:
    """Repeat the edges of pictures until both sides are multiples of a number.

    Parameters
    ----------
    tensor : Tensor, shape (n, channels, height, width)
    multiple : int

    Returns
    -------
    padded : Tensor
        Half of what is missing is added before, the rest after; `crop_to` takes it away.
    """
    (top, bottom), (left, right) = (_missing(n, multiple) for n in tensor.shape[-2:])
    return nn.functional.pad(tensor, (left, right, top, bottom), mode="replicate")


def crop_to(tensor: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Cut the middle of pictures: what `pad_to` was handed."""
    top, left = (tensor.shape[-2] - height) // 2, (tensor.shape[-1] - width) // 2
    return tensor[..., top : top + height, left : left + width]


def _missing(size: int, multiple: int) -> tuple[int, int]:
    more = -size % multiple
    return more // 2, more - more // 2
