"""Arrays of numpy and tensors of torch, told apart without importing torch."""

import sys
from typing import Any

import numpy as np


def is_tensor(X: Any) -> bool:
    """Whether `X` is a tensor of torch; who has one has imported torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(X, torch.Tensor)


def namespace(X: Any) -> Any:
    """Give the module whose functions take `X`: torch for a tensor, numpy for all else."""
    return sys.modules["torch"] if is_tensor(X) else np


def as_floats(X: Any) -> Any:
    """Give an array or tensor of real floats; whole numbers become float64."""
    if is_tensor(X):
        return X if X.is_floating_point() else X.double()
    X = np.asarray(X)
    return X if X.dtype in (np.float32, np.float64) else X.astype(np.float64)


def as_array(X: Any) -> np.ndarray:
    """Give an array, wherever a tensor lies."""
    return X.detach().cpu().numpy() if is_tensor(X) else np.asarray(X)


def new_empty(X: Any, shape: tuple[int, ...]) -> Any:
    """Give an array or tensor without values, of the kind, precision and device of `X`."""
    return X.new_empty(shape) if is_tensor(X) else np.empty(shape, X.dtype)


def diagonal(X: Any) -> Any:
    """Give the diagonals of matrices, as a view that can be written through."""
    return X.diagonal(dim1=-2, dim2=-1) if is_tensor(X) else np.einsum("...ii->...i", X)
