"""Functions of symmetric positive definite matrices, through their eigenvalues.

Real symmetric or complex Hermitian, numpy or torch, any number of leading axes. Tensors that ask
for derivatives get the Daleckii-Krein formula's, which stay right where eigenvalues coincide.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.linalg._checks import nonsingular, semidefinite, symmetric
from neurodecode.linalg._namespace import Array, adjoint, namespace, symmetrised


@dataclass(frozen=True)
class SpectralFunction:
    """A function of eigenvalues, and its divided difference.

    Parameters
    ----------
    value : callable
        (numpy or torch, eigenvalues) to values.
    slope : callable
        (numpy or torch, a, b) to (f(a) - f(b)) / (a - b), and to f'(a) where they are equal;
        written so that nothing cancels where they are close.
    domain : callable
        Raises where eigenvalues have no value; gives those to use.
    """

    value: Callable[[Any, Array], Array]
    slope: Callable[[Any, Array, Array], Array]
    domain: Callable[[Array], Array]


def expm(X: Array) -> Array:
    """Exponential of symmetric matrices.

    Parameters
    ----------
    X : array or tensor, shape (..., n, n)

    Returns
    -------
    Y : array or tensor, shape (..., n, n)
        Symmetric positive definite.

    Raises
    ------
    DataError
        As do all functions of this file: if a matrix holds NaN or is not symmetric.

    References
    ----------
    Higham 2008, Functions of Matrices, theorem 3.11 (Daleckii and Krein) for the derivative of all
    functions here.
    """
    return apply(EXP, symmetric(X))


def logm(X: Array) -> Array:
    """Logarithm of positive definite matrices.

    Parameters
    ----------
    X : array or tensor, shape (..., n, n)

    Returns
    -------
    Y : array or tensor, shape (..., n, n)
        Symmetric.

    Raises
    ------
    DataError
        If a matrix has no inverse; with its index, smallest eigenvalue and rank.
    """
    return apply(LOG, symmetric(X))


def sqrtm(X: Array) -> Array:
    """Square root of positive semi-definite matrices.

    Parameters
    ----------
    X : array or tensor, shape (..., n, n)

    Returns
    -------
    Y : array or tensor, shape (..., n, n)
        Symmetric; its square is X.

    Raises
    ------
    DataError
        If an eigenvalue is below zero by more than rounding.
    """
    return apply(SQRT, symmetric(X))


def invsqrtm(X: Array) -> Array:
    """Inverse square root of positive definite matrices.

    Parameters
    ----------
    X : array or tensor, shape (..., n, n)

    Returns
    -------
    Y : array or tensor, shape (..., n, n)
        Symmetric; Y X Y is the identity.

    Raises
    ------
    DataError
        If a matrix has no inverse; with its index, smallest eigenvalue and rank.
    """
    return apply(INVSQRT, symmetric(X))


def powm(X: Array, alpha: float) -> Array:
    """Real power of positive definite matrices.

    Parameters
    ----------
    X : array or tensor, shape (..., n, n)
    alpha : float
        Below zero only for matrices with an inverse.

    Returns
    -------
    Y : array or tensor, shape (..., n, n)
        Symmetric.

    Raises
    ------
    DataError
        If alpha is below zero and a matrix has no inverse, or an eigenvalue is below zero.
    """
    return apply(power(alpha), symmetric(X))


def apply(function: SpectralFunction, X: Array) -> Array:
    """Apply a function to matrices that are known to be symmetric.

    Parameters
    ----------
    function : SpectralFunction
    X : array or tensor, shape (..., n, n)

    Returns
    -------
    Y : array or tensor, shape (..., n, n)
    """
    xp = namespace(X)
    if xp is not np and X.requires_grad:
        from neurodecode.linalg._spectral_gradient import Spectral

        return Spectral.apply(X, function)
    values, vectors = xp.linalg.eigh(X)
    return from_eigen(function.value(xp, function.domain(values)), vectors)


def from_eigen(values: Array, vectors: Array) -> Array:
    """Matrices of these eigenvalues (..., n) and eigenvectors (..., n, n), symmetric."""
    return symmetrised((vectors * values[..., None, :]) @ adjoint(vectors))


def derivative(function: SpectralFunction, at: Array, along: Array) -> Array:
    """Differentiate a spectral function at matrices, along symmetric ones.

    A tensor `at` that asks for a derivative gets it where its eigenvalues are apart.

    Parameters
    ----------
    function : SpectralFunction
    at, along : array or tensor, shape (..., n, n)

    Returns
    -------
    D : array or tensor, shape (..., n, n)

    References
    ----------
    Higham 2008, Functions of Matrices, theorem 3.11.
    """
    xp = namespace(at, along)
    values, vectors = xp.linalg.eigh(at)
    values = function.domain(values)
    slopes = function.slope(xp, values[..., :, None], values[..., None, :])
    inside = slopes * (adjoint(vectors) @ along @ vectors)
    return symmetrised(vectors @ inside @ adjoint(vectors))


def _any(values: Array) -> Array:
    return values


def _positive(values: Array) -> Array:
    nonsingular(values)
    return values


def _sinhc(xp, h: Array) -> Array:
    small = abs(h) < 1e-3
    safe = xp.where(small, xp.ones_like(h), h)
    return xp.where(small, 1 + h * h / 6, xp.sinh(safe) / safe)  # next term below 1e-14


def _log_slope(xp, a: Array, b: Array) -> Array:
    low, high = xp.minimum(a, b), xp.maximum(a, b)
    excess = (high - low) / low
    zero = excess == 0
    safe = xp.where(zero, xp.ones_like(excess), excess)
    return xp.where(zero, 1 / low, xp.log1p(safe) / safe / low)


EXP = SpectralFunction(
    lambda xp, v: xp.exp(v), lambda xp, a, b: xp.exp((a + b) / 2) * _sinhc(xp, (a - b) / 2), _any
)
LOG = SpectralFunction(lambda xp, v: xp.log(v), _log_slope, _positive)
SQRT = SpectralFunction(
    lambda xp, v: xp.sqrt(v), lambda xp, a, b: 1 / (xp.sqrt(a) + xp.sqrt(b)), semidefinite
)
INVSQRT = SpectralFunction(
    lambda xp, v: 1 / xp.sqrt(v),
    lambda xp, a, b: -1 / (xp.sqrt(a * b) * (xp.sqrt(a) + xp.sqrt(b))),
    _positive,
)


def power(alpha: float) -> SpectralFunction:
    """Make the function that takes eigenvalues to a power."""
    if not math.isfinite(alpha):
        raise ConfigError(f"alpha is {alpha}; a finite power is wanted.")

    def slope(xp, a, b):
        # a = e^x, b = e^y: the quotient of differences is one of hyperbolic sines, free of
        # cancellation.
        x, y = xp.log(a), xp.log(b)
        half = (x - y) / 2
        ratio = alpha * _sinhc(xp, alpha * half) / _sinhc(xp, half)
        return xp.exp((alpha - 1) * (x + y) / 2) * ratio

    return SpectralFunction(lambda xp, v: v**alpha, slope, _positive if alpha < 0 else semidefinite)
