"""What matrices must be before anything is computed of them, and what is said if not."""

import math
from collections.abc import Iterable

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg._namespace import Array, adjoint, as_numpy, is_complex, like, namespace

# Of the largest entry. A covariance that was summed in float32 is off by 1e-6 of it.
_ASYMMETRY = 1e-5
_REMEDY = "Leave out rows that depend on the others, project on those that do not, or shrink it."


def symmetric(X: Array, name: str = "X", *, ndim: int | None = None) -> Array:
    """Check that matrices are square, finite and symmetric, and take off what rounding has left.

    Parameters
    ----------
    X : array, shape (..., n, n)
        Whole numbers become float64.
    name : str
        What errors call it.
    ndim : int, optional
        How many axes it must have.

    Returns
    -------
    X : array, shape (..., n, n)
        Equal to its adjoint, float or complex.

    Raises
    ------
    DataError
        If a matrix is not square, holds NaN or infinity, or differs from its adjoint by more than
        1e-5 of its largest entry.
    """
    xp = namespace(X)
    X = _inexact(X, name)
    if X.ndim < 2 or X.shape[-1] != X.shape[-2] or X.shape[-1] == 0:
        raise DataError(f"{name} has shape {tuple(X.shape)}, which holds no square matrices.")
    if ndim is not None and X.ndim != ndim:
        wanted = "a set of matrices (n_matrices, n, n)" if ndim == 3 else "one matrix (n, n)"
        raise DataError(f"{name} has shape {tuple(X.shape)}; {wanted} is wanted.")
    if math.prod(X.shape) == 0:
        return X
    other = adjoint(X)
    largest = as_numpy(_largest(X))
    if not np.isfinite(largest).all():
        where = _where(~np.isfinite(largest), name)
        raise DataError(f"{where} holds NaN or infinity. Leave it out, or repair what it is of.")
    apart = as_numpy(_largest(X - other))
    if not apart.any() and (xp is np or not X.requires_grad):
        return X
    if (apart > _ASYMMETRY * largest).any():
        bad = apart > _ASYMMETRY * largest
        share = float((apart / np.where(largest > 0, largest, 1))[bad][0])
        raise DataError(
            f"{_where(bad, name)} is not symmetric: it differs from its transpose by {share:.1g} "
            "of its largest entry. Covariances and the like are symmetric; was this meant?"
        )
    return (X + other) / 2


def nonsingular(values: Array, name: str = "X") -> None:
    """Raise where eigenvalues say that a matrix has no inverse.

    Parameters
    ----------
    values : array, shape (..., n)
        Eigenvalues, ascending.
    name : str
        What errors call the matrices.

    Raises
    ------
    DataError
        With the index, the smallest eigenvalue and the rank of the first such matrix.
    """
    smallest, largest = values[..., 0], values[..., -1]
    bad = as_numpy(smallest <= rounding(values) * largest)
    if bad.any():
        at = np.unravel_index(int(np.argmax(bad)), bad.shape)
        of_it = as_numpy(values)[at]
        n = len(of_it)
        rank = int(np.sum(of_it > rounding(values) * of_it[-1])) if of_it[-1] > 0 else 0
        raise DataError(
            f"{_where(bad, name)} has no inverse: its smallest eigenvalue is {of_it[0]:.3g}, its "
            f"largest {of_it[-1]:.3g}, its rank {rank} for {n} rows. {_REMEDY}"
        )


def semidefinite(values: Array, name: str = "X") -> Array:
    """Set to zero what rounding has put below it, and raise where an eigenvalue is below that."""
    xp = namespace(values)
    bad = as_numpy(values[..., 0] < -8 * values.shape[-1] * _eps(values) * abs(values[..., -1]))
    if bad.any():
        at = np.unravel_index(int(np.argmax(bad)), bad.shape)
        raise DataError(
            f"{_where(bad, name)} is not positive: its smallest eigenvalue is "
            f"{as_numpy(values)[at][0]:.3g}. Only a matrix without eigenvalues below zero has this "
            "function."
        )
    return xp.where(values > 0, values, xp.zeros_like(values))


def rounding(values: Array) -> float:
    """Share of the largest eigenvalue below which one is rounding alone."""
    # A singular covariance leaves 1e-17 to 3e-16 of it in float64 (22 and 64 rows, 1000 draws).
    return 4 * _eps(values)


def normalised(weights: Array | None, X: Array) -> Array:
    """Weights of a set of matrices, of sum one.

    Parameters
    ----------
    weights : array, shape (n_matrices,), optional
        Not below zero, not all zero; equal where none are given.
    X : array, shape (n_matrices, n, n)

    Returns
    -------
    weights : array, shape (n_matrices,)
    """
    n_matrices = X.shape[0]
    if n_matrices == 0:
        raise DataError("There is no matrix to take a mean of.")
    if weights is None:
        return like(np.full(n_matrices, 1 / n_matrices), X, real=True)
    w = like(weights, X, real=True)
    if tuple(w.shape) != (n_matrices,):
        raise DataError(f"{tuple(w.shape)} weights for {n_matrices} matrices: one each.")
    plain = as_numpy(w)
    if not np.isfinite(plain).all() or (plain < 0).any() or not plain.sum() > 0:
        raise DataError("Weights must be finite, none below zero, and not all zero.")
    return w / w.sum()


def among(name: str, known: Iterable[str], what: str) -> None:
    """Raise where a metric has no such function."""
    known = tuple(known)
    if name not in known:
        raise ConfigError(f"metric {name!r} has no {what}.{nearest(name, known)}")


def same_size(A: Array, B: Array, names: str) -> None:
    """Raise where matrices of two sizes meet, or sets that cannot be paired."""
    if A.shape[-1] != B.shape[-1]:
        raise DataError(f"{names} have {A.shape[-1]} and {B.shape[-1]} rows: they must be alike.")
    try:
        np.broadcast_shapes(tuple(A.shape[:-2]), tuple(B.shape[:-2]))
    except ValueError:
        raise DataError(
            f"{names} of shapes {tuple(A.shape)} and {tuple(B.shape)} cannot be paired."
        ) from None


def _largest(X: Array) -> Array:
    """Largest absolute value of each matrix; NaN where there is one."""
    xp = namespace(X)
    if is_complex(X):
        return xp.amax(abs(X), (-2, -1))
    return xp.maximum(xp.amax(X, (-2, -1)), -xp.amin(X, (-2, -1)))


def _inexact(X: Array, name: str) -> Array:
    xp = namespace(X)
    if xp is np:
        X = np.asarray(X)
        if X.dtype.kind in "iub":
            return X.astype(np.float64)
        allowed = X.dtype in (np.float32, np.float64, np.complex64, np.complex128)
    else:
        if not (X.dtype.is_floating_point or X.dtype.is_complex):
            return X.to(xp.float64)
        allowed = X.dtype in (xp.float32, xp.float64, xp.complex64, xp.complex128)
    if not allowed:
        raise DataError(f"{name} is of {X.dtype}; matrices of float32 or float64 are wanted.")
    return X


def _eps(values: Array) -> float:
    return float(namespace(values).finfo(values.dtype).eps)


def _where(bad: np.ndarray, name: str) -> str:
    if bad.ndim == 0:
        return f"{name}"
    at = np.unravel_index(int(np.argmax(bad)), bad.shape)
    index = int(at[0]) if len(at) == 1 else tuple(map(int, at))
    more = f" ({int(bad.sum())} of {bad.size} are so)" if bad.sum() > 1 else f" (of {bad.size})"
    return f"{name}: matrix {index}{more}"
