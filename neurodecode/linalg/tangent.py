"""Tangent spaces of positive definite matrices: to vectors and back, and from one to another.

numpy or torch; real symmetric or complex Hermitian. The reference, where a tangent space touches,
is one matrix or one for each.
"""

import math
from collections.abc import Callable

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._checks import among, same_size, symmetric
from neurodecode.linalg._factors import (
    cholesky,
    from_factor,
    seen_through,
    triangular_solve,
    whiten,
)
from neurodecode.linalg._namespace import (
    Array,
    adjoint,
    eye_like,
    is_complex,
    namespace,
    symmetrised,
)
from neurodecode.linalg.spd import EXP, INVSQRT, LOG, SQRT, apply, derivative


def to_tangent(X: Array, reference: Array, metric: str = "riemann") -> Array:
    """Coordinates of matrices in the tangent space at a reference.

    Parameters
    ----------
    X : array or tensor, shape (..., n, n)
    reference : array or tensor, shape (n, n) or (..., n, n)
    metric : str
        ``riemann``: of the logarithm of R^-½ X R^-½, whose length is the distance from the
        reference. ``logeuclid_flat``: of log X - log R, whose length is the distance too.
        ``euclid logeuclid logchol wasserstein``: of the tangent vector itself, as `log_map` gives
        it (for ``logeuclid`` the derivative of exp at log R along log X - log R).

    Returns
    -------
    vectors : array or tensor, shape (..., n (n + 1) / 2)
        See `upper`.

    References
    ----------
    Barachant et al. 2013, doi 10.1016/j.neucom.2012.12.039 (riemann).
    """
    among(metric, (*_LOG_MAPS, "logeuclid_flat"), "tangent space")
    X, reference = _pair(X, reference)
    if metric == "riemann":
        return upper(apply(LOG, seen_through(apply(INVSQRT, reference), X)))
    if metric == "logeuclid_flat":
        return upper(apply(LOG, X) - apply(LOG, reference))
    return upper(_LOG_MAPS[metric](X, reference))


def from_tangent(vectors: Array, reference: Array, metric: str = "riemann") -> Array:
    """Matrices of coordinates in the tangent space at a reference; undoes `to_tangent`.

    Parameters
    ----------
    vectors : array or tensor, shape (..., n (n + 1) / 2)
    reference : array or tensor, shape (n, n) or (..., n, n)
    metric : str
        As of `to_tangent`.

    Returns
    -------
    X : array or tensor, shape (..., n, n)
    """
    among(metric, (*_EXP_MAPS, "logeuclid_flat"), "tangent space")
    V, reference = _pair(unupper(vectors), reference)
    if metric == "riemann":
        return whiten(apply(SQRT, reference), apply(EXP, V))
    if metric == "logeuclid_flat":
        return apply(EXP, apply(LOG, reference) + V)
    return _EXP_MAPS[metric](V, reference)


def log_map(X: Array, reference: Array, metric: str = "riemann") -> Array:
    """Tangent vectors at the reference that point to matrices.

    Parameters
    ----------
    X : array or tensor, shape (..., n, n)
    reference : array or tensor, shape (n, n) or (..., n, n)
    metric : {"riemann", "euclid", "logeuclid", "logchol", "wasserstein"}

    Returns
    -------
    V : array or tensor, shape (..., n, n)
        Symmetric. Under ``riemann`` R^½ log(R^-½ X R^-½) R^½.

    References
    ----------
    Pennec et al. 2006, doi 10.1007/s11263-005-3222-z (riemann); Arsigny et al. 2006,
    doi 10.1002/mrm.20965 (logeuclid); Lin 2019, doi 10.1137/18M1221084 (logchol);
    Bhatia et al. 2019, doi 10.1016/j.exmath.2018.01.002 (wasserstein).
    """
    among(metric, _LOG_MAPS, "tangent space")
    return _LOG_MAPS[metric](*_pair(X, reference))


def exp_map(V: Array, reference: Array, metric: str = "riemann") -> Array:
    """Matrices that tangent vectors at the reference point to; undoes `log_map`.

    Parameters
    ----------
    V : array or tensor, shape (..., n, n)
        Symmetric.
    reference : array or tensor, shape (n, n) or (..., n, n)
    metric : str
        As of `log_map`.

    Returns
    -------
    X : array or tensor, shape (..., n, n)
    """
    among(metric, _EXP_MAPS, "tangent space")
    return _EXP_MAPS[metric](*_pair(V, reference))


def transport(V: Array, A: Array, B: Array, metric: str = "riemann") -> Array:
    """Carry tangent vectors at A along the shortest path to B, parallel to themselves.

    Parameters
    ----------
    V : array or tensor, shape (..., n, n)
        Tangent vectors at A, symmetric.
    A, B : array or tensor, shape (n, n) or (..., n, n)
    metric : {"riemann", "euclid", "logeuclid", "logchol"}

    Returns
    -------
    W : array or tensor, shape (..., n, n)
        Tangent vectors at B; their inner products are those of V.

    References
    ----------
    Yair et al. 2019, doi 10.1109/TSP.2019.2894801, theorem 1 (riemann); Lin 2019,
    doi 10.1137/18M1221084, proposition 7 (logchol).
    """
    among(metric, _TRANSPORTS, "transport")
    V, A = _pair(V, A)
    V, B = _pair(V, B)
    return _TRANSPORTS[metric](V, A, B)


def inner_product(U: Array, V: Array, reference: Array, metric: str = "riemann") -> Array:
    """Inner products of tangent vectors at a reference.

    Parameters
    ----------
    U, V : array or tensor, shape (..., n, n)
        Symmetric.
    reference : array or tensor, shape (n, n) or (..., n, n)
    metric : {"riemann", "euclid", "logeuclid", "logchol"}

    Returns
    -------
    products : array or tensor, shape (...)
    """
    among(metric, _FLATTENED, "inner product")
    U, reference = _pair(U, reference)
    V, reference = _pair(V, reference)
    xp = namespace(U, V)
    flat = _FLATTENED[metric]
    product = xp.conj(flat(U, reference)) * flat(V, reference)
    return xp.sum(product.real, (-2, -1))


def upper(X: Array) -> Array:
    """Upper triangles as vectors of the same length as the matrices.

    Parameters
    ----------
    X : array or tensor, shape (..., n, n)
        Symmetric.

    Returns
    -------
    vectors : array or tensor, shape (..., n (n + 1) / 2)
        Row by row; what is off the diagonal times √2.
    """
    n = X.shape[-1]
    rows, columns = np.triu_indices(n)
    return X[..., rows, columns] * _weights(X, n)


def unupper(vectors: Array) -> Array:
    """Symmetric matrices of their upper triangles; undoes `upper`.

    Parameters
    ----------
    vectors : array or tensor, shape (..., n (n + 1) / 2)

    Returns
    -------
    X : array or tensor, shape (..., n, n)
    """
    xp = namespace(vectors)
    if xp is np:
        vectors = np.asarray(vectors)
    length = vectors.shape[-1]
    n = (math.isqrt(1 + 8 * length) - 1) // 2
    if n * (n + 1) // 2 != length:
        raise DataError(f"Vectors of {length} numbers are no upper triangle of a square matrix.")
    rows, columns = np.triu_indices(n)
    place = np.zeros((n, n), dtype=np.intp)  # entry (i, j) and (j, i) of each number
    place[rows, columns] = place[columns, rows] = np.arange(length)
    X = (vectors / _weights(vectors, n))[..., place]
    if is_complex(X):
        X = xp.triu(X) + xp.triu(X, 1).conj().mT
    return X


def _weights(X: Array, n: int) -> Array:
    rows, columns = np.triu_indices(n)
    weights = np.where(rows == columns, 1.0, math.sqrt(2))
    if namespace(X) is np:
        return weights.astype(X.real.dtype)
    return X.real.new_tensor(weights)


def _pair(X: Array, reference: Array) -> tuple[Array, Array]:
    X, reference = symmetric(X), symmetric(reference, "reference")
    same_size(X, reference, "The matrices and the reference")
    return X, reference


def _log_euclid(X, R):
    return X - R


def _exp_euclid(V, R):
    return R + V


def _log_riemann(X, R):
    return whiten(apply(SQRT, R), apply(LOG, whiten(apply(INVSQRT, R), X)))


def _exp_riemann(V, R):
    return whiten(apply(SQRT, R), apply(EXP, whiten(apply(INVSQRT, R), V)))


def _log_logeuclid(X, R):
    at = apply(LOG, R)
    return derivative(EXP, at, apply(LOG, X) - at)


def _exp_logeuclid(V, R):
    return apply(EXP, apply(LOG, R) + derivative(LOG, R, V))


def _log_logchol(X, R):
    xp = namespace(X, R)
    L, F = cholesky(R, "reference"), cholesky(X)
    ratio = xp.log(xp.linalg.diagonal(F).real / xp.linalg.diagonal(L).real)
    along = xp.tril(F - L, -1) + _diagonal_of(L) * ratio[..., None]
    return _of_factor(L, along)


def _exp_logchol(V, R):
    xp = namespace(V, R)
    L = cholesky(R, "reference")
    along = _along_factor(L, V)
    ratio = xp.exp(xp.linalg.diagonal(along).real / xp.linalg.diagonal(L).real)
    return from_factor(xp.tril(L + along, -1) + _diagonal_of(L) * ratio[..., None])


def _log_wasserstein(X, R):
    root = apply(SQRT, R)
    half = apply(INVSQRT, R) @ apply(SQRT, whiten(root, X)) @ root
    return half + adjoint(half) - 2 * R


def _exp_wasserstein(V, R):
    xp = namespace(V, R)
    # Y solves R Y + Y R = V, which in the eigenvectors of R is a division.
    values, vectors = xp.linalg.eigh(R)
    inside = adjoint(vectors) @ V @ vectors / (values[..., :, None] + values[..., None, :])
    Y = vectors @ inside @ adjoint(vectors)
    return symmetrised(R + V + Y @ R @ Y)


def _transport_riemann(V, A, B):
    root, inverse_root = apply(SQRT, A), apply(INVSQRT, A)
    E = root @ apply(SQRT, whiten(inverse_root, B)) @ inverse_root  # (B A⁻¹)^½
    return whiten(E, V)


def _transport_logeuclid(V, A, B):
    return derivative(EXP, apply(LOG, B), derivative(LOG, A, V))


def _transport_logchol(V, A, B):
    xp = namespace(V, A, B)
    L, F = cholesky(A, "A"), cholesky(B, "B")
    along = _along_factor(L, V)
    scale = xp.linalg.diagonal(F).real / xp.linalg.diagonal(L).real
    moved = xp.tril(along, -1) + _diagonal_of(along) * scale[..., None]
    return _of_factor(F, moved)


def _diagonal_of(L: Array) -> Array:
    return eye_like(L) * L


def _of_factor(L: Array, along: Array) -> Array:
    """Change of L Lᴴ as L changes along a triangular matrix."""
    half = L @ adjoint(along)
    return half + adjoint(half)


def _along_factor(L: Array, V: Array) -> Array:
    """Change of the factor L as L Lᴴ changes along V."""
    xp = namespace(L, V)
    half = triangular_solve(L, V)
    inside = adjoint(triangular_solve(L, adjoint(half)))
    return L @ (xp.tril(inside, -1) + _diagonal_of(inside) / 2)


def _flat_logchol(V, R):
    xp = namespace(V, R)
    L = cholesky(R, "reference")
    along = _along_factor(L, V)
    inverse = 1 / xp.linalg.diagonal(L).real
    return xp.tril(along, -1) + _diagonal_of(along) * inverse[..., None]


_LOG_MAPS: dict[str, Callable[[Array, Array], Array]] = {
    "euclid": _log_euclid,
    "logchol": _log_logchol,
    "logeuclid": _log_logeuclid,
    "riemann": _log_riemann,
    "wasserstein": _log_wasserstein,
}
_EXP_MAPS: dict[str, Callable[[Array, Array], Array]] = {
    "euclid": _exp_euclid,
    "logchol": _exp_logchol,
    "logeuclid": _exp_logeuclid,
    "riemann": _exp_riemann,
    "wasserstein": _exp_wasserstein,
}
_TRANSPORTS: dict[str, Callable[[Array, Array, Array], Array]] = {
    "euclid": lambda V, A, B: V,
    "logchol": _transport_logchol,
    "logeuclid": _transport_logeuclid,
    "riemann": _transport_riemann,
}
# Tangent vectors as matrices whose entries' plain inner product is that of the metric.
_FLATTENED: dict[str, Callable[[Array, Array], Array]] = {
    "euclid": lambda V, R: V,
    "logchol": _flat_logchol,
    "logeuclid": lambda V, R: derivative(LOG, R, V),
    "riemann": lambda V, R: whiten(apply(INVSQRT, R), V),
}
