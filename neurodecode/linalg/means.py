"""Means of positive definite matrices, under many metrics.

numpy or torch; real symmetric or complex Hermitian.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._checks import among, normalised, same_size, symmetric
from neurodecode.linalg._factors import cholesky, exp_factor, from_factor, inverse, log_factor
from neurodecode.linalg._iteration import Mean, NotConverged
from neurodecode.linalg._namespace import (
    Array,
    astype,
    detached,
    is_complex,
    namespace,
    symmetrised,
)
from neurodecode.linalg.fixed_points import (
    geometric_median,
    logdet_mean,
    power_mean,
    thompson_mean,
    wasserstein_mean,
    weighted_sum,
)
from neurodecode.linalg.geodesics import geodesic
from neurodecode.linalg.karcher import karcher_mean, karcher_means
from neurodecode.linalg.spd import EXP, LOG, apply

__all__ = ["Mean", "NotConverged", "geometric_median", "mean", "means_of_subsets", "power_mean"]


def mean(
    X: Array,
    metric: str = "riemann",
    *,
    weights: Array | None = None,
    init: Array | None = None,
    tol: float = 1e-8,
    max_iter: int = 50,
) -> Mean:
    """Mean of a set of positive definite matrices.

    Parameters
    ----------
    X : array or tensor, shape (n_matrices, n, n)
    metric : str
        ``riemann`` (affine invariant; the Karcher mean), ``euclid``, ``logeuclid``, ``chol``,
        ``logchol``, ``wasserstein``, ``logdet``, ``harmonic``, ``kullback`` and ``kullback_right``
        (of least divergence to the mean, and from it: the arithmetic and the harmonic mean),
        ``kullback_sym``, or ``thompson`` (a running mean in the order given, without weights).
    weights : array, shape (n_matrices,), optional
        Not below zero; equal where none are given. Matrices of weight zero are left out.
    init : array or tensor, shape (n, n), optional
        Where an iteration starts, which the mean does not depend on (but for ``thompson``).
    tol : float
        What `Mean.grad_norm` is to fall to.
    max_iter : int

    Returns
    -------
    mean : Mean
        Its `value` is of the precision of X.

    Raises
    ------
    DataError
        If a matrix holds NaN, is not symmetric, or has no inverse where the metric needs it.
    ConfigError
        If there is no such metric.

    Warns
    -----
    NotConverged
        If the tolerance was not reached.

    References
    ----------
    Moakher 2005, doi 10.1137/S0895479803436937 (riemann); Arsigny et al. 2006,
    doi 10.1002/mrm.20965 (logeuclid); Lin 2019, doi 10.1137/18M1221084 (logchol); Álvarez-Esteban
    et al. 2016, doi 10.1016/j.jmaa.2016.04.045 (wasserstein); Chebbi & Moakher 2012,
    doi 10.1016/j.laa.2011.12.003 (logdet); Moakher & Batchelor 2006,
    doi 10.1007/3-540-31272-2_17 (kullback).
    """
    among(metric, (*_CLOSED, *_ITERATED), "mean")
    X = symmetric(X, "X", ndim=3)
    w = normalised(weights, X)
    if init is not None:
        init = symmetric(init, "init", ndim=2)
        same_size(X, init, "The matrices and init")
    if metric in _CLOSED:
        return Mean(_CLOSED[metric](X, w), 0, 0.0, True)
    return _ITERATED[metric](X, w, init, tol, max_iter)


def means_of_subsets(
    X: Array, subsets: Sequence[Array], *, tol: float = 1e-8, max_iter: int = 50
) -> list[Mean]:
    """Karcher means of overlapping subsets of one set, such as the training parts of folds.

    Parameters
    ----------
    X : array or tensor, shape (n_matrices, n, n)
    subsets : sequence of array of int
        Indices of the matrices that each mean is of.
    tol, max_iter
        As of `mean`.

    Returns
    -------
    means : list of Mean
        Of the same tolerance as `mean` of each subset, for 0.7 to 0.85 of the work (288 matrices,
        3 to 5 folds).

    Raises
    ------
    DataError
        As `mean` does; if a subset is empty.
    """
    X = symmetric(X, "X", ndim=3)
    if any(len(subset) == 0 for subset in subsets):
        raise DataError("There is no matrix to take a mean of: a subset is empty.")
    xp = namespace(X)
    wide = astype(detached(X), xp.complex128 if is_complex(X) else xp.float64)
    found = karcher_means(wide, subsets, tol, max_iter)
    return [replace(mean, value=astype(mean.value, X.dtype)) for mean in found]


def _riemann(X: Array, weights: Array, init: Array | None, tol: float, max_iter: int) -> Mean:
    xp = namespace(X)
    # In float64 whatever comes in: the tolerance is below what float32 can tell.
    wide = xp.complex128 if is_complex(X) else xp.float64
    exact = detached(X)
    present = weights > 0
    if not bool(present.all()):
        exact, X, weights = exact[present], X[present], weights[present]
    w = astype(detached(weights), xp.float64)
    start = None if init is None else astype(detached(init), wide)
    mean = karcher_mean(astype(exact, wide), w, start, tol, max_iter)
    value = astype(mean.value, X.dtype)
    if xp is not np and (X.requires_grad or weights.requires_grad):
        from neurodecode.linalg._karcher_gradient import with_gradient

        value = with_gradient(X, weights, value)
    return replace(mean, value=value)


def _harmonic(X: Array, w: Array) -> Array:
    return inverse(symmetrised(weighted_sum(inverse(X), w)))


_CLOSED: dict[str, Callable[[Array, Array], Array]] = {
    "chol": lambda X, w: from_factor(weighted_sum(cholesky(X), w)),
    "euclid": weighted_sum,
    "harmonic": _harmonic,
    "kullback": weighted_sum,
    "kullback_right": _harmonic,
    "kullback_sym": lambda X, w: geodesic(weighted_sum(X, w), _harmonic(X, w), 0.5),
    "logchol": lambda X, w: from_factor(exp_factor(weighted_sum(log_factor(cholesky(X)), w))),
    "logeuclid": lambda X, w: apply(EXP, weighted_sum(apply(LOG, X), w)),
}
_ITERATED: dict[str, Callable[[Array, Array, Array | None, float, int], Mean]] = {
    "logdet": logdet_mean,
    "riemann": _riemann,
    "thompson": thompson_mean,
    "wasserstein": wasserstein_mean,
}
