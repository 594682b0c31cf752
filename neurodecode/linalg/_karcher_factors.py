"""The Karcher mean of widely dispersed matrices, from their factors.

L⁻¹ X L⁻ᵀ is never formed: with X = R Rᵀ its eigenvalues are the squares of the singular values of
L⁻¹ R, which are accurate to rounding times the root of the condition number.
"""

from dataclasses import dataclass

from neurodecode.linalg._factors import cholesky, from_factor, triangular_solve
from neurodecode.linalg._iteration import Mean, found
from neurodecode.linalg._namespace import Array, adjoint, namespace, symmetrised
from neurodecode.linalg._newton import Curvature, Spectrum, forcing, gradient_of, norm
from neurodecode.linalg.spd import from_eigen

_MOST_PRODUCTS = 50
_SHORTEST = 2.0**-20
_ARMIJO = 1e-4
_FLOOR = 1e-6  # a gradient below which no decrease may be rounding's doing


def karcher_of_factors(
    X: Array, weights: Array, init: Array | None, tol: float, max_iter: int
) -> Mean:
    """Mean of the affine-invariant metric; two to three times the work of `karcher_mean`'s own way.

    Parameters
    ----------
    X, weights, init, tol, max_iter
        As of `neurodecode.linalg.karcher.karcher_mean`.

    Returns
    -------
    mean : Mean

    Raises
    ------
    DataError
        If a matrix has no inverse; with its index, smallest eigenvalue and rank.
    """
    factors = cholesky(X)
    L = _start(X, factors, weights) if init is None else cholesky(init, "init")
    here = _Point.at(L, factors, weights)
    n_iter = 1
    while here.size > tol and n_iter < max_iter:
        curvature = Curvature([here.spectrum], single=False)
        D, _ = curvature.solve(here.J, forcing(here.size, tol), _MOST_PRODUCTS)
        there = _Point.at(_moved(here.L, D), factors, weights)
        n_iter += 1
        slope, step = float((here.J.conj() * D).real.sum()), 1.0
        while not there.better(here, step * slope) and here.size > _FLOOR and step > _SHORTEST:
            step /= 2
            there = _Point.at(_moved(here.L, step * D), factors, weights)
            n_iter += 1
        if there.size >= here.size and (here.size <= _FLOOR or step <= _SHORTEST):
            break  # rounding allows no better
        here = there
    # What rounding leaves of the factor in its product may be more than the gradient that is left.
    value = from_factor(here.L)
    held = _Point.at(cholesky(value), factors, weights)
    return found(value, n_iter, max(here.size, held.size), tol, "Karcher mean")


@dataclass(frozen=True, eq=False)
class _Point:
    """A triangular factor, and the set seen from it."""

    L: Array
    spectrum: Spectrum
    J: Array
    size: float
    cost: float

    @classmethod
    def at(cls, L: Array, factors: Array, weights: Array) -> "_Point":
        """See the set from L Lᴴ, by the singular values of L⁻¹ R."""
        xp, n = namespace(L), L.shape[-1]
        vectors, values, _ = xp.linalg.svd(triangular_solve(L, factors))
        spectrum = Spectrum(adjoint(vectors).reshape(-1, n), 2 * xp.log(values), weights)
        J = gradient_of([spectrum])
        return cls(L, spectrum, J, norm(J), spectrum.cost())

    def better(self, other: "_Point", slope: float) -> bool:
        """Whether enough was gained on the way here, of what the slope there promised."""
        return self.cost <= other.cost - _ARMIJO * slope or self.size < 0.9 * other.size


def _start(X: Array, factors: Array, weights: Array) -> Array:
    """Factor of the mean of the matrices scaled to determinant one, scaled back.

    The plain mean is that of the largest matrices.
    """
    xp = namespace(X)
    logs = 2 * xp.log(xp.linalg.diagonal(factors).real).mean(-1)  # log of det^(1/n)
    shrunk = xp.exp(-logs / 2)[:, None, None] * factors
    total = (weights[:, None, None] * (shrunk @ adjoint(shrunk))).sum(0)
    return cholesky(symmetrised(total * xp.exp((weights * logs).sum())), "init")


def _moved(L: Array, D: Array) -> Array:
    """Move L Lᴴ along D, and keep the factor triangular, for solving with it to stay accurate."""
    xp = namespace(L)
    values, vectors = xp.linalg.eigh(D)
    R = xp.linalg.qr(adjoint(L @ from_eigen(xp.exp(values / 2), vectors)))[1]
    signs = xp.sign(xp.linalg.diagonal(R).real)
    return xp.tril(adjoint(R * signs[:, None]))
