"""Cholesky factors, and the eigenvalues of one matrix relative to another."""

import numpy as np

from neurodecode.linalg._checks import nonsingular
from neurodecode.linalg._namespace import Array, adjoint, as_numpy, eye_like, namespace, symmetrised


def cholesky(X: Array, name: str = "X") -> Array:
    """Lower triangular factors L of X = L Lᵀ, shape (..., n, n).

    Raises
    ------
    DataError
        If a matrix has no inverse; with its index, smallest eigenvalue and rank.
    """
    xp = namespace(X)
    try:
        L = xp.linalg.cholesky(X)
    except (np.linalg.LinAlgError, RuntimeError):  # torch's error is a RuntimeError
        values, vectors = xp.linalg.eigh(X)
        nonsingular(values, name)
        # Positive, and so ill-conditioned that rounding stopped the elimination.
        R = xp.linalg.qr(adjoint(vectors * xp.sqrt(values)[..., None, :]))[1]
        signs = xp.sign(xp.linalg.diagonal(R).real)
        return xp.tril(adjoint(R * signs[..., :, None]))
    # The diagonal is at least the root of the smallest eigenvalue: only a small one is looked into.
    diagonal = abs(xp.linalg.diagonal(L))
    if bool((xp.amin(diagonal, -1) < 1e-5 * xp.amax(diagonal, -1)).any()):
        nonsingular(xp.linalg.eigvalsh(X), name)
    return L


def log_factor(L: Array) -> Array:
    """Lower triangular factors with the logarithm of their diagonal in its place."""
    xp = namespace(L)
    diagonal = xp.linalg.diagonal(L).real
    return xp.tril(L, -1) + eye_like(L) * xp.log(diagonal)[..., None]


def exp_factor(T: Array) -> Array:
    """Undo `log_factor`."""
    xp = namespace(T)
    diagonal = xp.linalg.diagonal(T).real
    return xp.tril(T, -1) + eye_like(T) * xp.exp(diagonal)[..., None]


def from_factor(L: Array) -> Array:
    """L Lᴴ, symmetric."""
    return symmetrised(L @ adjoint(L))


def triangular_solve(L: Array, B: Array) -> Array:
    """L⁻¹ B for lower triangular L (..., n, n) and B (..., n, m); leading axes broadcast."""
    xp = namespace(L, B)
    if xp is not np:
        return xp.linalg.solve_triangular(L, B, upper=False)
    if L.ndim > 2:
        return np.linalg.solve(L, B)
    from scipy.linalg import solve_triangular

    n = L.shape[-1]
    side = np.moveaxis(B, -2, 0)  # one call for all right-hand sides
    solved = solve_triangular(L, side.reshape(n, -1), lower=True, check_finite=False)
    return np.moveaxis(solved.reshape(side.shape), 0, -2)


def inverse(X: Array, name: str = "X") -> Array:
    """Inverses of positive definite matrices, symmetric, shape (..., n, n)."""
    return from_factor(adjoint(inverse_factor(cholesky(X, name))))


def inverse_factor(L: Array) -> Array:
    """L⁻¹ of lower triangular factors, shape (..., n, n)."""
    xp = namespace(L)
    if xp is np and L.ndim > 2:
        return np.linalg.inv(L)
    return triangular_solve(L, eye_like(L))


def whiten(K: Array, X: Array) -> Array:
    """K X Kᴴ, symmetric; leading axes broadcast."""
    return symmetrised(seen_through(K, X))


def seen_through(K: Array, X: Array) -> Array:
    """K X Kᴴ, symmetric but for rounding, as eigenvectors need it: they look at one triangle."""
    return K @ X @ adjoint(K)


def relative_eigenvalues(A: Array, B: Array) -> Array:
    """Eigenvalues of B⁻¹ A, ascending, shape (..., n).

    They come of L⁻¹ A L⁻ᵀ with B = L Lᵀ, but where they differ by more than eight orders: there
    the small ones would be rounding alone, and they come of the singular values of L⁻¹ times the
    factor of A.

    Raises
    ------
    DataError
        If a matrix has no inverse.
    """
    xp = namespace(A, B)
    if A.ndim < B.ndim:  # the fewer factors, the better; 1 / eigenvalues, turned round
        return xp.flip(1 / relative_eigenvalues(B, A), (-1,))
    L = cholesky(B, "B")
    values = xp.linalg.eigvalsh(seen_through(inverse_factor(L), A))
    if not bool(as_numpy(values[..., 0] > 1e-8 * values[..., -1]).all()):
        factors = cholesky(A, "A")
        values = xp.flip(xp.linalg.svd(triangular_solve(L, factors))[1], (-1,)) ** 2
    return values
