"""Rotations that bring one set of matrices, or of vectors, onto another.

Rotations are orthogonal matrices, reflections among them: which of the two an axis is does not
matter to what they act on here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._checks import among, symmetric
from neurodecode.linalg.spd import logm

Metric = Literal["riemann", "logeuclid", "euclid"]
_Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]
_MEMORY = 5  # losses that a step may not exceed the largest of
_ROUNDING = 1e-12
_RACE = 1e-3  # tolerance at which searches are compared: the best goes on, the others end
_EQUAL = 1e-6  # of the sizes: losses of two searches that are on the way to one minimum


@dataclass(frozen=True, eq=False)
class Rotation:
    """An orthogonal matrix that brings matrices onto others.

    Parameters
    ----------
    value : ndarray, shape (n, n)
    loss : float
        Weighted mean of squared distances that are left.
    grad_norm : float
        Norm of the gradient there; 0 at a minimum.
    n_iter : int
    converged : bool
    """

    value: np.ndarray
    loss: float
    grad_norm: float
    n_iter: int
    converged: bool


def rotation(
    X: np.ndarray,
    Y: np.ndarray,
    metric: Metric = "riemann",
    *,
    weights: np.ndarray | None = None,
    start: np.ndarray | None = None,
    tol: float = 1e-5,
    max_iter: int = 2000,
) -> Rotation:
    """Give ``Q`` that minimises the mean of ``d(Q X_i Qᵀ, Y_i)²``.

    The loss has many minima. Of one pair, any signs of matched eigenvectors give the smallest; so
    searches start from the eigenvectors of each pair in turn, with signs nearest to the identity
    and with signs that suit the other pairs, and from the identity. The lowest end is taken, and of
    equal ones that of the identity. That it is the lowest there is cannot be promised.

    Parameters
    ----------
    X, Y : ndarray, shape (n_matrices, n, n)
        Symmetric positive definite, in pairs, such as the means of a class in two domains.
    metric : {"riemann", "logeuclid", "euclid"}
    weights : ndarray, shape (n_matrices,), optional
        Of the pairs; equal ones without.
    start : ndarray, shape (n, n), optional
        Where a single search starts.
    tol : float
        Norm of the gradient, as a share of the loss's size where nothing is rotated, at which the
        search ends.
    max_iter : int

    Returns
    -------
    rotation : Rotation

    Raises
    ------
    ConfigError
        If the metric is unknown.
    DataError
        If the sets differ in shape, or a matrix is not symmetric or has no inverse.

    References
    ----------
    Rodrigues et al. 2019, doi 10.1109/TBME.2018.2889705; Bhatia & Congedo 2019, Linear Algebra and
    its Applications 563 (one pair); Barzilai & Borwein 1988, doi 10.1093/imanum/8.1.141 (the step).
    """
    among(metric, get_args(Metric), "rotation")
    X, Y = np.asarray(symmetric(X, "X", ndim=3)), np.asarray(symmetric(Y, "Y", ndim=3))
    if X.shape != Y.shape:
        raise DataError(
            f"rotation: matrices of shape {X.shape} cannot be brought onto others of shape "
            f"{Y.shape}. Give as many, of the same size."
        )
    w = np.full(len(X), 1 / len(X)) if weights is None else weights / np.sum(weights)
    size = float(np.einsum("i,ijk->", w, _unlike(X, metric) + _unlike(Y, metric)))
    if metric == "logeuclid":
        X, Y = logm(X), logm(Y)
    loss = _riemann(X, Y, w) if metric == "riemann" else _euclid(X, Y, w)
    starts = [np.eye(X.shape[1]), *_starts(X, Y, w)] if start is None else [start]
    ends = [_descend(loss, one, max(tol, _RACE) * size, max_iter) for one in starts]
    lowest = min(end.loss for end in ends)
    first = next(end for end in ends if end.loss <= lowest + _EQUAL * size)
    return _descend(loss, first.value, tol * size, max_iter)


def vector_rotation(A: np.ndarray, B: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the rotation that brings vectors nearest to others and turns nothing else.

    Orthogonal Procrustes leaves open what becomes of directions in which no vector points: of all
    its solutions this is the one nearest to the identity. So features that the vectors do not tell
    of are kept as they are.

    Parameters
    ----------
    A, B : ndarray, shape (n_vectors, n_features)
        In pairs.

    Returns
    -------
    basis : ndarray, shape (n_features, m)
        Orthonormal columns that span both sets.
    turn : ndarray, shape (m, m)
        Orthogonal. A vector ``x`` becomes ``x + ((x basis) turn - x basis) basisᵀ``.

    References
    ----------
    Schönemann 1966, doi 10.1007/BF02289451.
    """
    _, sizes, directions = np.linalg.svd(np.concatenate([A, B]), full_matrices=False)
    basis = directions[sizes > _ROUNDING * sizes.max(initial=0)].T
    left, common, right = np.linalg.svd((A @ basis).T @ (B @ basis))
    told = int(np.sum(common > _ROUNDING * common.max(initial=0)))
    rest = left[:, told:].T @ right[told:].T
    first, _, second = np.linalg.svd(rest)
    turn = left[:, :told] @ right[:told] + left[:, told:] @ first @ second @ right[told:]
    return basis, turn


def turned(X: np.ndarray, basis: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Give vectors, shape (n_vectors, n_features), turned as `vector_rotation` says."""
    inside = X @ basis
    return X + (inside @ turn - inside) @ basis.T


def _descend(loss: _Loss, Q: np.ndarray, tol: float, max_iter: int) -> Rotation:
    """Walk downhill over orthogonal matrices, by the steps of Barzilai and Borwein."""
    value, gradient = loss(Q)
    norm = float(np.linalg.norm(gradient))
    step = 0.1 / norm if norm > 0 else 0.0
    recent = [value]
    for n_iter in range(max_iter):
        if norm <= tol:
            return Rotation(Q, value, norm, n_iter, converged=True)
        while True:
            there = _moved(Q, -step * gradient)
            found, slope = loss(there)
            if found <= max(recent) - 1e-4 * step * norm**2 or step * norm < _ROUNDING:
                break
            step /= 4
        change = slope - gradient
        curvature = abs(float(np.sum(gradient * change)))
        step = step * norm**2 / curvature if curvature > 0 else step
        Q, value, gradient, norm = there, found, slope, float(np.linalg.norm(slope))
        recent = [*recent[-_MEMORY + 1 :], value]
    return Rotation(Q, value, norm, max_iter, converged=norm <= tol)


def _moved(Q: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Turn an orthogonal matrix along a skew one, by the Cayley transform."""
    same = np.eye(len(Q))
    return np.linalg.solve(same - along / 2, (same + along / 2) @ Q)


def _euclid(X: np.ndarray, Y: np.ndarray, w: np.ndarray) -> _Loss:
    """Loss and gradient of ``‖Q X Qᵀ - Y‖²``, for a turn of ``Q`` from the left."""

    def loss(Q: np.ndarray) -> tuple[float, np.ndarray]:
        moved = Q @ X @ Q.T
        value = w @ np.sum((moved - Y) ** 2, axis=(1, 2))
        gradient = 2 * np.einsum("i,ijk->jk", w, moved @ Y - Y @ moved)
        return float(value), gradient

    return loss


def _riemann(X: np.ndarray, Y: np.ndarray, w: np.ndarray) -> _Loss:
    """Loss and gradient of the affine-invariant distance, squared."""
    root = np.linalg.cholesky(Y)
    inverse = np.linalg.inv(root)

    def loss(Q: np.ndarray) -> tuple[float, np.ndarray]:
        seen = inverse @ (Q @ X @ Q.T) @ inverse.swapaxes(1, 2)
        values, vectors = np.linalg.eigh((seen + seen.swapaxes(1, 2)) / 2)
        logs = np.log(values)
        between = (vectors * logs[:, None]) @ vectors.swapaxes(1, 2)
        log = inverse.swapaxes(1, 2) @ between @ root.swapaxes(1, 2)  # of Y⁻¹ Q X Qᵀ
        gradient = 2 * np.einsum("i,ijk->jk", w, log - log.swapaxes(1, 2))
        return float(w @ np.sum(logs**2, axis=1)), gradient

    return loss


def _starts(X: np.ndarray, Y: np.ndarray, w: np.ndarray) -> Iterator[np.ndarray]:
    """Give rotations that match eigenvectors of one pair, with signs to suit the others."""
    for i in range(len(X)):
        ours, theirs = np.linalg.eigh(X[i])[1], np.linalg.eigh(Y[i])[1]
        nearest = np.sign(np.sum(ours * theirs, axis=0))
        # Signs s for which s_j s_k (oursᵀ X ours)_jk is like (theirsᵀ Y theirs)_jk.
        alike = np.einsum("i,ijk->jk", w, (ours.T @ X @ ours) * (theirs.T @ Y @ theirs))
        np.fill_diagonal(alike, 0)
        agreed = np.sign(np.linalg.eigh(alike)[1][:, -1])
        for signs in (nearest, agreed):
            yield (theirs * np.where(signs == 0, 1, signs)) @ ours.T


def _unlike(X: np.ndarray, metric: Metric) -> np.ndarray:
    """Squares of what sets matrices apart from multiples of the identity, which no turn moves."""
    X = X if metric == "euclid" else np.asarray(logm(X))
    level = np.trace(X, axis1=1, axis2=2)[:, None, None] / X.shape[1]
    return (X - level * np.eye(X.shape[1])) ** 2
