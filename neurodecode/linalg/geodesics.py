"""Points on the shortest path from one positive definite matrix to another.

numpy or torch; real symmetric or complex Hermitian.
"""

from collections.abc import Callable

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._checks import among, same_size, symmetric
from neurodecode.linalg._factors import (
    cholesky,
    exp_factor,
    from_factor,
    inverse_factor,
    log_factor,
    relative_eigenvalues,
    whiten,
)
from neurodecode.linalg._namespace import Array, adjoint, like, namespace, symmetrised
from neurodecode.linalg.spd import EXP, INVSQRT, LOG, SQRT, apply, power


def geodesic(A: Array, B: Array, alpha: float | Array = 0.5, metric: str = "riemann") -> Array:
    """Points between matrices A and B, A where alpha is 0 and B where it is 1.

    Parameters
    ----------
    A, B : array or tensor, shape (..., n, n)
        Positive definite; their leading axes broadcast.
    alpha : float or array, shape (...)
        How far along, one number or one for each pair; below 0 and above 1 the path goes on.
    metric : str
        ``riemann``, ``euclid``, ``logeuclid``, ``chol``, ``logchol``, ``wasserstein`` or
        ``thompson`` (of whose many shortest paths this is one).

    Returns
    -------
    C : array or tensor, shape (..., n, n)

    Raises
    ------
    DataError
        If a matrix holds NaN, is not symmetric, or has no inverse where the metric needs it.
    ConfigError
        If there is no such metric.

    References
    ----------
    Bhatia 2007, Positive Definite Matrices, chapter 6 (riemann); Nussbaum 1994, Differential and
    Integral Equations 7 (thompson); Bhatia et al. 2019, doi 10.1016/j.exmath.2018.01.002
    (wasserstein).
    """
    among(metric, _GEODESICS, "geodesic")
    A, B = symmetric(A, "A"), symmetric(B, "B")
    same_size(A, B, "A and B")
    t = like(alpha, A, real=True)
    shape = np.broadcast_shapes(tuple(A.shape[:-2]), tuple(B.shape[:-2]))
    if t.ndim and tuple(t.shape) != shape:
        raise DataError(f"alpha has shape {tuple(t.shape)}, the pairs have {shape}: one for each.")
    return _GEODESICS[metric](A, B, t[..., None, None])


def _chol(A, B, t):
    return from_factor((1 - t) * cholesky(A, "A") + t * cholesky(B, "B"))


def _euclid(A, B, t):
    return (1 - t) * A + t * B


def _logchol(A, B, t):
    start, end = log_factor(cholesky(A, "A")), log_factor(cholesky(B, "B"))
    return from_factor(exp_factor((1 - t) * start + t * end))


def _logeuclid(A, B, t):
    return apply(EXP, (1 - t) * apply(LOG, A) + t * apply(LOG, B))


def _riemann(A, B, t):
    # A = L Lᵀ: the square root of A would give the same, for more work.
    L = cholesky(A, "A")
    return symmetrised(L @ _power(whiten(inverse_factor(L), B), t) @ adjoint(L))


def _power(X: Array, t: Array) -> Array:
    if t.ndim == 2:
        return apply(power(float(t[0, 0])), X)
    return apply(EXP, t * apply(LOG, X))


def _thompson(A, B, t):
    xp = namespace(A, B)
    values = relative_eigenvalues(B, A)
    low, high = values[..., :1, None], values[..., -1:, None]
    # Both are a power of the ratio r of the two, times low^t: nothing cancels where r is near 1.
    excess = (high - low) / low
    same = excess < 1e-12
    safe = xp.where(same, xp.ones_like(excess), excess)
    of_b = xp.where(same, t * xp.ones_like(safe), xp.expm1(t * xp.log1p(safe)) / safe)
    return low**t * (A * (1 - of_b) + of_b * B / low)


def _wasserstein(A, B, t):
    root = apply(SQRT, A)
    transport = apply(INVSQRT, A) @ apply(SQRT, whiten(root, B)) @ root
    cross = transport + adjoint(transport)
    return (1 - t) ** 2 * A + t**2 * B + t * (1 - t) * cross


_GEODESICS: dict[str, Callable[[Array, Array, Array], Array]] = {
    "chol": _chol,
    "euclid": _euclid,
    "logchol": _logchol,
    "logeuclid": _logeuclid,
    "riemann": _riemann,
    "thompson": _thompson,
    "wasserstein": _wasserstein,
}
