"""Newton steps for the mean of the affine-invariant metric, by conjugate gradients.

At the current point the set is Y = V exp(l) Vᴴ. The gradient of half the mean squared distance is
-J with J = Σ w V diag(l) Vᴴ, and its second derivative is H[D] = Σ w V (G ∘ Vᴴ D V) Vᴴ with
G[a, b] = h coth h, h = (l[a] - l[b]) / 2: the eigenvectors that the gradient needs serve both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurodecode.linalg._namespace import Array, adjoint, namespace, symmetrised


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Some matrices of the set, seen from the current point.

    Parameters
    ----------
    rows : array, shape (n_matrices * n, n)
        Vᴴ of each, one below the other.
    logs : array, shape (n_matrices, n)
        l of each.
    weights : array, shape (n_matrices,)
    """

    rows: Array
    logs: Array
    weights: Array

    def gradient(self) -> Array:
        """Σ w V diag(l) Vᴴ of these matrices: one product of two tall matrices."""
        scale = (self.weights[:, None] * self.logs).reshape(-1, 1)
        return adjoint(self.rows) @ (scale * self.rows)

    def cost(self) -> float:
        """Half the weighted sum of squared distances."""
        return float((self.weights[:, None] * self.logs**2).sum()) / 2


def gradient_of(spectra: Sequence[Spectrum]) -> Array:
    """J of the whole set."""
    return symmetrised(sum(spectrum.gradient() for spectrum in spectra))


def forcing(size: float, tol: float) -> float:
    """How exactly to solve for a step: no more than the step is worth, or the tolerance needs.

    A step from a gradient of this size leaves about a hundredth of its square (288 matrices of 22
    rows, spread as covariances of a hundred samples or by three orders): what the equation leaves
    is to be no more. Products are cheaper than the decompositions of one more step.
    """
    return min(max(0.01 * size, 0.3 * tol / max(size, tol), 1e-6), 0.1)


class Curvature:
    """The second derivative at a point, ready for products with symmetric matrices.

    Parameters
    ----------
    spectra : sequence of Spectrum
        The set, in pieces that fit the processor's cache.
    single : bool
        Whether products are computed in single precision: enough for a direction, not for what
        the direction is of.
    """

    def __init__(self, spectra: Sequence[Spectrum], *, single: bool):
        self._pieces = [_piece(spectrum, single) for spectrum in spectra]

    def __call__(self, D: Array) -> Array:
        """H[D], in the precision of D."""
        total = 0
        for rows, weights in self._pieces:
            n_matrices, n, _ = rows.shape
            tall = rows.reshape(-1, n)
            inside = (tall @ _cast(D, rows)).reshape(rows.shape) @ adjoint(rows)
            inside *= weights
            total = total + adjoint(tall) @ (inside @ rows).reshape(n_matrices * n, n)
        return symmetrised(_cast(total, D))

    def solve(self, J: Array, relative: float, most: int) -> tuple[Array, float]:
        """Find D with H[D] = J by conjugate gradients.

        Parameters
        ----------
        J : array, shape (n, n)
        relative : float
            Size of the residual, relative to J, to stop at.
        most : int
            How many products to do at most.

        Returns
        -------
        D : array, shape (n, n)
        left : float
            Size of the residual, relative to J.
        """
        D, residual = 0 * J, J
        square = start = _inner(J, J)
        along = J
        for _ in range(most):
            if square <= relative**2 * start:
                break
            image = self(along)
            step = square / _inner(along, image)
            D = D + step * along
            residual = residual - step * image
            before, square = square, _inner(residual, residual)
            along = residual + (square / before) * along
        return D, (square / start) ** 0.5 if start > 0 else 0.0


def _piece(spectrum: Spectrum, single: bool) -> tuple[Array, Array]:
    xp, n = namespace(spectrum.rows), spectrum.rows.shape[-1]
    logs, rows, weights = spectrum.logs, spectrum.rows, spectrum.weights
    if single:
        logs, weights = _single(logs), _single(weights)
        rows = _single(rows)
    half = (logs[:, :, None] - logs[:, None, :]) / 2
    # h coth h, which is 1 + h²/3 where h is too small to divide by.
    small = abs(half) < 1e-3
    safe = xp.where(small, xp.ones_like(half), half)
    curvature = xp.where(small, 1 + half * half / 3, safe / xp.tanh(safe))
    return rows.reshape(-1, n, n), weights[:, None, None] * curvature


def _single(X: Array) -> Array:
    xp = namespace(X)
    if xp is np:
        return X.astype(np.complex64 if np.iscomplexobj(X) else np.float32)
    return X.to(xp.complex64 if X.dtype.is_complex else xp.float32)


def _cast(X: Array, other: Array) -> Array:
    return X.astype(other.dtype, copy=False) if namespace(X) is np else X.to(other.dtype)


def norm(J: Array) -> float:
    """Frobenius norm."""
    return _inner(J, J) ** 0.5


def _inner(A: Array, B: Array) -> float:
    return float((A.conj() * B).real.sum())
