"""Means of positive definite matrices that are found by repeating one map.

All take symmetric X of shape (n_matrices, n, n) and weights of sum one, and measure how far they
are from the fixed point relative to the mean itself, so that units do not matter.
"""

from collections.abc import Callable
from dataclasses import replace

from neurodecode.core.errors import ConfigError
from neurodecode.linalg._checks import normalised, same_size, symmetric
from neurodecode.linalg._factors import cholesky, from_factor, inverse, inverse_factor, whiten
from neurodecode.linalg._iteration import Mean, found
from neurodecode.linalg._namespace import Array, adjoint, astype, detached, eye_like, namespace
from neurodecode.linalg.distances import distance
from neurodecode.linalg.geodesics import geodesic
from neurodecode.linalg.spd import EXP, INVSQRT, LOG, SQRT, apply, power

_HERE = 1e-12  # a distance, relative to the mean distance, at which a matrix is the point itself


def power_mean(
    X: Array,
    exponent: float,
    *,
    weights: Array | None = None,
    init: Array | None = None,
    tol: float = 1e-8,
    max_iter: int = 100,
) -> Mean:
    """Power mean: solution of G = Σ w (G #_p X), between the harmonic and the arithmetic mean.

    Parameters
    ----------
    X : array or tensor, shape (n_matrices, n, n)
        Positive definite.
    exponent : float
        p, from -1 (the harmonic mean) to 1 (the arithmetic mean), but not 0, towards which the
        Karcher mean is the limit: `neurodecode.linalg.means.mean`.
    weights, init, tol, max_iter
        As of `neurodecode.linalg.means.mean`.

    Returns
    -------
    mean : Mean

    Raises
    ------
    ConfigError
        If the exponent is 0 or outside [-1, 1].
    DataError
        If a matrix holds NaN, is not symmetric, or has no inverse.

    References
    ----------
    Lim & Pálfia 2012, doi 10.1016/j.jfa.2011.11.012 (the mean); Congedo et al. 2017,
    doi 10.1109/TSP.2017.2649483 (the iteration).
    """
    if not 0 < abs(exponent) <= 1:
        raise ConfigError(
            f"exponent is {exponent}; a number from -1 to 1, not 0, is wanted (0 would be the mean "
            "of metric 'riemann')."
        )
    X = symmetric(X, "X", ndim=3)
    w = normalised(weights, X)
    if init is not None:
        init = symmetric(init, "init", ndim=2)
        same_size(X, init, "The matrices and init")
    if exponent == 1:
        return Mean(weighted_sum(X, w), 0, 0.0, True)
    if exponent == -1:
        return Mean(inverse(weighted_sum(inverse(X), w)), 0, 0.0, True)
    if exponent > 0:
        return _power_mean(X, w, exponent, init, tol, max_iter)
    # The mean of the inverses is the inverse of the mean with the opposite exponent.
    start = None if init is None else inverse(init, "init")
    dual = _power_mean(inverse(X), w, -exponent, start, tol, max_iter)
    return replace(dual, value=inverse(dual.value))


def geometric_median(
    X: Array,
    metric: str = "riemann",
    *,
    weights: Array | None = None,
    init: Array | None = None,
    tol: float = 1e-6,
    max_iter: int = 200,
) -> Mean:
    """Matrix of least mean distance (not squared) to a set, which outliers pull less than a mean.

    Parameters
    ----------
    X : array or tensor, shape (n_matrices, n, n)
        Positive definite.
    metric : {"riemann", "euclid"}
    weights, init, max_iter
        As of `neurodecode.linalg.means.mean`.
    tol : float
        Length of a step to stop at; under ``euclid`` relative to the median.

    Returns
    -------
    median : Mean

    Raises
    ------
    ConfigError
        If there is no such metric.
    DataError
        If a matrix holds NaN, is not symmetric, or has no inverse where the metric needs it.

    References
    ----------
    Fletcher et al. 2009, doi 10.1016/j.neuroimage.2008.10.052 (riemann); Vardi & Zhang 2000,
    doi 10.1073/pnas.97.4.1423, equation 2.6, for a median that is one of the matrices.
    """
    if metric not in ("riemann", "euclid"):
        raise ConfigError(f"metric {metric!r} has no geometric median. Known: euclid, riemann.")
    X = symmetric(X, "X", ndim=3)
    w = normalised(weights, X)
    M = weighted_sum(X, w) if init is None else symmetric(init, "init", ndim=2)
    same_size(X, M, "The matrices and init")
    step = _median_step_euclid if metric == "euclid" else _median_step_riemann
    what = f"geometric median ({metric})"
    return _repeat(lambda M, _: step(X, w, M), M, tol, max_iter, what)


def wasserstein_mean(
    X: Array, weights: Array, init: Array | None, tol: float, max_iter: int
) -> Mean:
    """Mean of the Wasserstein metric; matrices without inverse may be among them."""

    def step(M: Array, _: int) -> tuple[Array, float]:
        root, inverse_root = apply(SQRT, M), apply(INVSQRT, M)
        along = weighted_sum(apply(SQRT, whiten(root, X)), weights)
        T = whiten(inverse_root, along)  # mean optimal map from M to the set
        return whiten(T, M), _norm(T - eye_like(T))

    start = weighted_sum(X, weights) if init is None else init
    return _repeat(step, start, tol, max_iter, "mean (wasserstein)")


def logdet_mean(X: Array, weights: Array, init: Array | None, tol: float, max_iter: int) -> Mean:
    """Mean of the Jensen-Bregman log-determinant divergence."""

    def step(M: Array, _: int) -> tuple[Array, float]:
        L = cholesky(M, "init")
        inside = whiten(adjoint(L), weighted_sum(inverse((X + M) / 2), weights))
        return whiten(L, inverse(inside)), _norm(inside - eye_like(inside))

    start = weighted_sum(X, weights) if init is None else init
    return _repeat(step, start, tol, max_iter, "mean (logdet)")


def thompson_mean(X: Array, weights: Array, init: Array | None, tol: float, max_iter: int) -> Mean:
    """Mean that runs along Thompson's geodesics, round the set, by ever smaller steps.

    References
    ----------
    Mostajeran et al. 2024, doi 10.1007/s10957-024-02422-0.
    """
    if bool((abs(weights - weights[0]) > 1e-12 * weights[0]).any()):
        raise ConfigError("metric 'thompson' takes no weights: its mean runs through the set.")

    def step(M: Array, n_before: int) -> tuple[Array, float]:
        towards = X[n_before % X.shape[0]]
        moved = geodesic(M, towards, 1 / (n_before + 2), "thompson")
        return moved, _norm(moved - M) / _norm(M)

    start = weighted_sum(X, weights) if init is None else init
    return _repeat(step, start, tol, max_iter, "mean (thompson)")


def weighted_sum(X: Array, weights: Array) -> Array:
    """Σ w X of matrices (n_matrices, n, n), shape (n, n)."""
    n_matrices, n, _ = X.shape
    weights = astype(weights, X.dtype)
    return (weights[None, :] @ X.reshape(n_matrices, n * n)).reshape(n, n)


def _power_mean(X, weights, exponent, init, tol, max_iter) -> Mean:
    n = X.shape[-1]
    if init is None:
        first = weighted_sum(apply(power(exponent), X), weights)
        K = apply(power(-1 / (2 * exponent)), first)
    else:
        K = inverse_factor(cholesky(init, "init"))

    def step(K: Array, _: int) -> tuple[Array, float]:
        H = weighted_sum(apply(power(exponent), whiten(K, X)), weights)
        return apply(power(-0.375 / exponent), H) @ K, _norm(H - eye_like(H)) / n**0.5

    mean = _repeat(step, K, tol, max_iter, f"power mean ({exponent:g})")
    return replace(mean, value=inverse(from_factor(adjoint(mean.value))))


def _repeat(
    step: Callable[[Array, int], tuple[Array, float]],
    start: Array,
    tol: float,
    max_iter: int,
    what: str,
) -> Mean:
    """Take steps until the size that a step tells is small enough."""
    state, n_iter, size = start, 0, float("inf")
    while size > tol and n_iter < max_iter:
        state, size = step(state, n_iter)
        n_iter += 1
    return found(state, n_iter, size, tol, what)


def _median_step_euclid(X, weights, M):
    d = distance(X, M, "euclid")
    J, length = _weiszfeld(X - M, d, weights)
    return M + J, length / _norm(M)


def _median_step_riemann(X, weights, M):
    L = cholesky(M, "init")
    vectors = apply(LOG, whiten(inverse_factor(L), X))
    d = namespace(X).sqrt((abs(vectors) ** 2).sum((-2, -1)))
    J, length = _weiszfeld(vectors, d, weights)
    return whiten(L, apply(EXP, J)), length


def _weiszfeld(vectors, d, weights):
    """Step to the mean under weights / distances, and its length."""
    xp = namespace(vectors)
    here = d <= _HERE * d.mean()
    pull = xp.where(here, xp.zeros_like(d), weights / xp.where(here, xp.ones_like(d), d))
    total = float(pull.sum())
    if total == 0:
        return 0 * vectors[0], 0.0
    J = weighted_sum(vectors, pull)
    # A matrix that is the point holds it with its weight, against the pull of the others.
    held = float(xp.where(here, weights, xp.zeros_like(weights)).sum())
    loose = max(0.0, 1 - held / max(_norm(J), 1e-300)) / total
    return loose * J, loose * _norm(J)


def _norm(X: Array) -> float:
    return float((abs(detached(X)) ** 2).sum()) ** 0.5
