"""numpy or torch: whichever the arrays that are handed in belong to.

Both name their functions alike nearly everywhere, so that one text serves both; torch is never
imported here, for who holds a tensor has imported it.
"""

import sys
from typing import Any

import numpy as np

Array = Any  # numpy.ndarray or torch.Tensor; what comes out is of the kind that came in


def is_tensor(X: Any) -> bool:
    """Whether `X` is a tensor of torch; who has one has imported torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(X, torch.Tensor)


def namespace(*arrays: Any) -> Any:
    """Give torch where an array is a tensor, else numpy."""
    return sys.modules["torch"] if any(is_tensor(array) for array in arrays) else np


def as_floats(X: Any) -> Array:
    """Give an array or tensor of real floats; whole numbers become float64."""
    if is_tensor(X):
        return X if X.is_floating_point() else X.double()
    X = np.asarray(X)
    return X if X.dtype in (np.float32, np.float64) else X.astype(np.float64)


def new_empty(X: Array, shape: tuple[int, ...]) -> Array:
    """Give an array or tensor without values, of the kind, precision and device of `X`."""
    return X.new_empty(shape) if is_tensor(X) else np.empty(shape, X.dtype)


def diagonal(X: Array) -> Array:
    """Give the diagonals of matrices, as a view that can be written through."""
    return X.diagonal(dim1=-2, dim2=-1) if is_tensor(X) else np.einsum("...ii->...i", X)


def adjoint(X: Array) -> Array:
    """Transpose of real matrices, conjugate transpose of complex ones; of the last two axes."""
    return X.conj().mT if is_complex(X) else X.mT


def is_complex(X: Array) -> bool:
    """Whether the entries are complex numbers."""
    return X.dtype.is_complex if namespace(X) is not np else np.iscomplexobj(X)


def symmetrised(X: Array) -> Array:
    """Mean of matrices and their adjoints, which takes away what rounding has left."""
    return (X + adjoint(X)) / 2


def like(values: Any, X: Array, *, real: bool = False) -> Array:
    """Make an array of the kind, precision and device of another."""
    xp = namespace(X)
    dtype = X.real.dtype if real else X.dtype
    if xp is np:
        return np.asarray(values, dtype=dtype)
    return xp.as_tensor(values, dtype=dtype, device=X.device)


def astype(X: Array, dtype: Any) -> Array:
    """Array of another precision; itself where it has that."""
    return X.astype(dtype, copy=False) if namespace(X) is np else X.to(dtype)


def eye_like(X: Array) -> Array:
    """Identity of the size, kind, precision and device of matrices."""
    return like(np.eye(X.shape[-1]), X)


def detached(X: Array) -> Array:
    """Cut a tensor from what it was computed of; an array is handed back."""
    return X if namespace(X) is np else X.detach()


def as_numpy(X: Array) -> np.ndarray:
    """Copy a tensor into an array; an array is handed back."""
    return np.asarray(X) if namespace(X) is np else X.detach().cpu().numpy()
