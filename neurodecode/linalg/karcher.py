"""The Karcher mean: of least squared affine-invariant distance to a set of matrices.

Newton's method in coordinates in which the current point is the identity. Where a set is so widely
dispersed that these coordinates lose the small eigenvalues, `neurodecode.linalg._karcher_factors`
finds the same mean from the matrices' factors.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._factors import cholesky, from_factor, inverse_factor, seen_through
from neurodecode.linalg._iteration import Mean, found
from neurodecode.linalg._karcher_factors import karcher_of_factors
from neurodecode.linalg._namespace import Array, adjoint, as_numpy, like, namespace, symmetrised
from neurodecode.linalg._newton import Curvature, Spectrum, forcing, gradient_of, norm
from neurodecode.linalg.fixed_points import weighted_sum
from neurodecode.linalg.spd import from_eigen

_WIDEST = 6e7  # ratio of eigenvalues: beyond eight orders the small ones are rounding
_WORST = 1e8  # condition of the start, beyond which its inverse factor is too inexact
_PIECE = 2**17  # entries of the matrices in flight: 1 MB, which stays in the cache
_MOST_PRODUCTS = 8


def karcher_mean(X: Array, weights: Array, init: Array | None, tol: float, max_iter: int) -> Mean:
    """Mean of the affine-invariant metric.

    Parameters
    ----------
    X : array or tensor, shape (n_matrices, n, n)
        Symmetric positive definite, float64 or complex128.
    weights : array or tensor, shape (n_matrices,)
        Above zero, of sum one.
    init : array or tensor, shape (n, n), optional
        Where to start: the mean of a like set saves iterations.
    tol : float
        Norm of the mean logarithm to reach.
    max_iter : int

    Returns
    -------
    mean : Mean

    Raises
    ------
    DataError
        If a matrix has no inverse; with its index, smallest eigenvalue and rank.

    Notes
    -----
    The start is the arithmetic mean, moved by -½ log of the mean squared whitened matrix: exact
    where the matrices commute and are log-normal, and one product where a better mean would take
    decompositions. The equation for a step is solved no more exactly than the step is worth, and
    where the quadratic convergence says that a step ends below the tolerance, the decompositions
    that would confirm it are not made.

    References
    ----------
    Moakher 2005, doi 10.1137/S0895479803436937 (the mean); Ferreira et al. 2013,
    doi 10.1007/s10957-012-0076-8 (Newton's method); Dembo et al. 1982, doi 10.1137/0719025 (inexact
    steps).
    """
    begun = _begin(X, weights, init)
    if begun is None:
        return karcher_of_factors(X, weights, init, tol, max_iter)
    L, K = begun
    before, n_iter, size = None, 0, float("inf")
    for n_iter in range(1, max_iter + 1):
        spectra = _spectra(X, K, weights)
        if spectra is None:
            return karcher_of_factors(X, weights, init, tol, max_iter)
        J = gradient_of(spectra)
        size, cost = norm(J), sum(spectrum.cost() for spectrum in spectra)
        if before is not None and not _better(size, cost, before):
            return karcher_of_factors(X, weights, from_factor(L), tol, max_iter)
        before = size, cost
        D, left = Curvature(spectra, single=True).solve(J, forcing(size, tol), _MOST_PRODUCTS)
        L, K = _moved(L, K, D)
        if size**2 + left * size <= tol:
            return found(from_factor(L), n_iter, size**2 + left * size, tol, "Karcher mean")
    return found(from_factor(L), n_iter, size, tol, "Karcher mean")


def karcher_means(X: Array, subsets: Sequence[Array], tol: float, max_iter: int) -> list[Mean]:
    """Means of overlapping subsets of one set, such as the training parts of folds.

    The eigenvectors seen from one point give the gradient and the second derivative of every
    subset there: a step each costs products alone, and most of the way is gone.

    Parameters
    ----------
    X : array or tensor, shape (n_matrices, n, n)
        Symmetric positive definite, float64 or complex128.
    subsets : sequence of array of int
        Which matrices each mean is of, all of like weight.
    tol, max_iter
        As of `karcher_mean`.

    Returns
    -------
    means : list of Mean
        Those that `karcher_mean` finds, each to `tol`.
    """
    n_matrices = X.shape[0]
    shared = like([1 / n_matrices] * n_matrices, X, real=True)
    begun = _begin(X, shared, None)
    spectra = None if begun is None else _spectra(X, begun[1], shared)
    means = []
    for subset in subsets:
        own = like([1 / len(subset)] * len(subset), X, real=True)
        init = None
        if begun is not None and spectra is not None:
            weights = 0 * shared
            weights[subset] = own
            parts = [
                replace(spectrum, weights=weights[piece])
                for spectrum, piece in zip(spectra, _pieces(X), strict=True)
            ]
            J = gradient_of(parts)
            D, _ = Curvature(parts, single=True).solve(J, forcing(norm(J), tol), _MOST_PRODUCTS)
            init = from_factor(_moved(*begun, D)[0])
        means.append(karcher_mean(X[subset], own, init, tol, max_iter))
    return means


def _begin(X: Array, weights: Array, init: Array | None) -> tuple[Array, Array] | None:
    """Factor of a first point and its inverse; nothing where that would be too inexact."""
    try:
        start = weighted_sum(X, weights) if init is None else init
        L = cholesky(start, "init")
    except DataError:
        if init is not None:
            raise
        return None
    K = inverse_factor(L)
    if _inverse_diagonal(start, K) > _WORST:
        return None
    return _moved(L, K, _first_guess(X, K, weights)) if init is None else (L, K)


def _inverse_diagonal(start: Array, K: Array) -> float:
    """Sum of the diagonal of the inverse, of a matrix scaled to a diagonal of ones.

    What rounding does to K X Kᴴ grows with it, and not with the scales of the rows.
    """
    xp = namespace(K)
    return float((abs(K) ** 2 * xp.linalg.diagonal(start).real).sum())


def _better(size: float, cost: float, before: tuple[float, float]) -> bool:
    return cost < before[1] or size < 0.9 * before[0]


def _first_guess(X: Array, K: Array, weights: Array) -> Array:
    xp = namespace(X)
    square = 0
    for piece in _pieces(X):
        Y = seen_through(K, X[piece])
        rows = Y.reshape(-1, Y.shape[-1])
        square = square + adjoint(rows) @ (_each_row(weights[piece], Y) * rows)
    values, vectors = xp.linalg.eigh(symmetrised(square))
    return from_eigen(-xp.log(values) / 2, vectors)


def _each_row(weights: Array, Y: Array) -> Array:
    """One weight a row of matrices that lie one below the other."""
    return (weights[:, None] + 0 * Y[:, :, 0].real).reshape(-1, 1)


def _spectra(X: Array, K: Array, weights: Array) -> list[Spectrum] | None:
    """See a set from a point; nothing where it is too wide to be seen by its eigenvalues."""
    xp, n = namespace(X), X.shape[-1]
    spectra = []
    for piece in _pieces(X):
        values, vectors = xp.linalg.eigh(seen_through(K, X[piece]))
        ratio = values[:, -1] / values[:, 0]
        if not bool(as_numpy((values[:, 0] > 0) & (ratio < _WIDEST)).all()):
            return None
        rows = adjoint(vectors).reshape(-1, n)
        spectra.append(Spectrum(rows, xp.log(values), weights[piece]))
    return spectra


def _pieces(X: Array) -> list[slice]:
    n_matrices, n, _ = X.shape
    length = max(_PIECE // n**2, 1) if namespace(X) is np else n_matrices
    return [slice(i, i + length) for i in range(0, n_matrices, length)]


def _moved(L: Array, K: Array, D: Array) -> tuple[Array, Array]:
    """Move the point L Lᴴ, and K = L⁻¹, along D."""
    xp = namespace(D)
    values, vectors = xp.linalg.eigh(D)
    half = xp.exp(values / 2)
    return L @ from_eigen(half, vectors), from_eigen(1 / half, vectors) @ K
