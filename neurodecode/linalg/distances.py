"""Distances between positive definite matrices.

numpy or torch; real symmetric or complex Hermitian.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from neurodecode.linalg._checks import among, same_size, symmetric
from neurodecode.linalg._factors import cholesky, inverse, log_factor, relative_eigenvalues, whiten
from neurodecode.linalg._namespace import Array, is_complex, namespace
from neurodecode.linalg.spd import LOG, SQRT, apply


def distance(A: Array, B: Array, metric: str = "riemann", *, squared: bool = False) -> Array:
    """Distances between matrices.

    Parameters
    ----------
    A, B : array or tensor, shape (..., n, n)
        Positive definite; their leading axes broadcast, so that one matrix may meet many.
    metric : str
        ``riemann`` (affine invariant), ``euclid``, ``logeuclid``, ``chol``, ``logchol``,
        ``wasserstein``, ``logdet``, ``harmonic``, ``thompson``, or ``kullback``,
        ``kullback_right``, ``kullback_sym``: divergences of Gaussians with these covariances, of A
        from B, of B from A, and their sum, which are squares of no distance and are squared like
        one.
    squared : bool
        Whether to give squares.

    Returns
    -------
    d : array or tensor, shape (...)

    Raises
    ------
    DataError
        If a matrix holds NaN, is not symmetric, or has no inverse where the metric needs it.
    ConfigError
        If there is no such metric.

    References
    ----------
    Förstner & Moonen 1999, doi 10.1007/978-3-662-05296-9_31 (riemann); Arsigny et al. 2006,
    doi 10.1002/mrm.20965 (logeuclid); Lin 2019, doi 10.1137/18M1221084 (logchol); Bhatia et al.
    2019, doi 10.1016/j.exmath.2018.01.002 (wasserstein); Sra 2016, doi 10.1090/proc/12953 (logdet);
    Thompson 1963, doi 10.1090/S0002-9939-1963-0149237-7.
    """
    among(metric, DISTANCES, "distance")
    A, B = symmetric(A, "A"), symmetric(B, "B")
    same_size(A, B, "A and B")
    return _distance(A, B, metric, squared)


def pairwise_distances(
    X: Array, Y: Array | None = None, metric: str = "riemann", *, squared: bool = False
) -> Array:
    """Distances between all matrices of a set, or of two sets.

    Parameters
    ----------
    X : array or tensor, shape (n_matrices, n, n)
    Y : array or tensor, shape (n_others, n, n), optional
        X where there is none.
    metric, squared
        As of `distance`.

    Returns
    -------
    d : array or tensor, shape (n_matrices, n_others)
        From each of X to each of Y.

    Raises
    ------
    DataError, ConfigError
        As `distance` does.
    """
    among(metric, DISTANCES, "distance")
    X = symmetric(X, "X", ndim=3)
    others = X if Y is None else symmetric(Y, "Y", ndim=3)
    same_size(X[:1], others[:1], "X and Y")
    xp = namespace(X, others)
    if metric in _VECTORS:
        to_vectors = _VECTORS[metric]
        U = to_vectors(X)
        V = U if Y is None else to_vectors(others)
        rows = [_length(V - u) for u in U]
        d = xp.stack(rows)
        return d**2 if squared else d
    if Y is not None or metric in ("kullback", "kullback_right"):
        return xp.stack([_distance(x, others, metric, squared) for x in X])
    # A pair and its mirror are one number: the upper triangle, and its mirror.
    d = _empty(X)
    for i in range(len(X) - 1):
        d[i, i + 1 :] = _distance(X[i], X[i + 1 :], metric, squared)
    return d + d.mT


def _empty(X: Array) -> Array:
    xp, n = namespace(X), X.shape[0]
    return np.zeros((n, n), X.real.dtype) if xp is np else X.real.new_zeros((n, n))


def _distance(A: Array, B: Array, metric: str, squared: bool) -> Array:
    d, is_square = DISTANCES[metric](A, B)
    if is_square == squared:
        return d
    return d**2 if squared else namespace(d).sqrt(d)


def _length(V: Array) -> Array:
    xp = namespace(V)
    return xp.sqrt(xp.sum(abs(V) ** 2, -1))


def _square(D: Array) -> Array:
    return namespace(D).sum(abs(D) ** 2 if is_complex(D) else D * D, (-2, -1))


def _trace(X: Array) -> Array:
    xp = namespace(X)
    return xp.sum(xp.linalg.diagonal(X).real, -1)


def _logdet(X: Array, name: str) -> Array:
    xp = namespace(X)
    return 2 * xp.sum(xp.log(xp.linalg.diagonal(cholesky(X, name)).real), -1)


def _logchol(A: Array, B: Array):
    return _square(log_factor(cholesky(A, "A")) - log_factor(cholesky(B, "B"))), True


def _riemann(A: Array, B: Array):
    xp = namespace(A, B)
    return xp.sum(xp.log(relative_eigenvalues(A, B)) ** 2, -1), True


def _thompson(A: Array, B: Array):
    xp = namespace(A, B)
    return xp.amax(abs(xp.log(relative_eigenvalues(A, B))), -1), False


def _kullback(A: Array, B: Array):
    trace = _trace_of_product(inverse(B, "B"), A)
    return (trace - A.shape[-1] + _logdet(B, "B") - _logdet(A, "A")) / 2, False


def _kullback_sym(A: Array, B: Array):
    trace = _trace_of_product(inverse(B, "B"), A) + _trace_of_product(inverse(A, "A"), B)
    return trace / 2 - A.shape[-1], False


def _trace_of_product(A: Array, B: Array) -> Array:
    """Trace of A B for symmetric matrices."""
    xp = namespace(A, B)
    return xp.sum((A * B.mT).real, (-2, -1))


def _logdet_divergence(A: Array, B: Array):
    xp = namespace(A, B)
    # Of the eigenvalues v of one relative to the other it is Σ log((1 + v) / 2) - log(v) / 2, or
    # Σ log cosh(log(v) / 2): no two large numbers are subtracted where A and B are alike.
    sines = xp.sinh(xp.log(relative_eigenvalues(A, B)) / 2)
    return xp.sum(xp.log1p(sines**2), -1) / 2, True


def _wasserstein(A: Array, B: Array):
    xp = namespace(A, B)
    root = apply(SQRT, B)
    cross = _trace(apply(SQRT, whiten(root, A)))
    square = _trace(A) + _trace(B) - 2 * cross
    return xp.where(square > 0, square, xp.zeros_like(square)), True


def _flat(X: Array) -> Array:
    return X.reshape(*X.shape[:-2], -1)


DISTANCES: dict[str, Callable[[Array, Array], Any]] = {
    "chol": lambda A, B: (_square(cholesky(A, "A") - cholesky(B, "B")), True),
    "euclid": lambda A, B: (_square(A - B), True),
    "harmonic": lambda A, B: (_square(inverse(A, "A") - inverse(B, "B")), True),
    "kullback": _kullback,
    "kullback_right": lambda A, B: _kullback(B, A),
    "kullback_sym": _kullback_sym,
    "logchol": _logchol,
    "logdet": _logdet_divergence,
    "logeuclid": lambda A, B: (_square(apply(LOG, A) - apply(LOG, B)), True),
    "riemann": _riemann,
    "thompson": _thompson,
    "wasserstein": _wasserstein,
}

# Metrics whose distance is that of vectors, each made once.
_VECTORS: dict[str, Callable[[Array], Array]] = {
    "chol": lambda X: _flat(cholesky(X)),
    "euclid": _flat,
    "harmonic": lambda X: _flat(inverse(X)),
    "logchol": lambda X: _flat(log_factor(cholesky(X))),
    "logeuclid": lambda X: _flat(apply(LOG, X)),
}
