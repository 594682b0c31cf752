"""Kernels of positive definite matrices: inner products of their vectors in one tangent space.

numpy or torch; real symmetric or complex Hermitian.
"""

from neurodecode.linalg._checks import among, same_size, symmetric
from neurodecode.linalg._factors import seen_through
from neurodecode.linalg._namespace import Array, adjoint, eye_like
from neurodecode.linalg.means import mean
from neurodecode.linalg.spd import INVSQRT, LOG, apply

_RIDGE = 1e-10


def kernel(
    X: Array, Y: Array | None = None, metric: str = "riemann", reference: Array | None = None
) -> Array:
    """Inner products of all matrices of a set with one another, or with those of a second.

    Parameters
    ----------
    X : array or tensor, shape (n_matrices, n, n)
    Y : array or tensor, shape (n_others, n, n), optional
        X where there is none; then 1e-10 is added to the diagonal, so that the Gram matrix has an
        inverse.
    metric : {"riemann", "logeuclid", "euclid"}
        ``riemann``: of log(R^-½ X R^-½); ``logeuclid``: of log X - log R; ``euclid``: of X - R.
    reference : array or tensor, shape (n, n), optional
        R. Where there is none: the mean of X under ``riemann``, else the origin.

    Returns
    -------
    K : array or tensor, shape (n_matrices, n_others)

    References
    ----------
    Barachant et al. 2013, doi 10.1016/j.neucom.2012.12.039, equation 14.
    """
    among(metric, ("riemann", "logeuclid", "euclid"), "kernel")
    X = symmetric(X, "X", ndim=3)
    others = None if Y is None else symmetric(Y, "Y", ndim=3)
    if others is not None:
        same_size(X[:1], others[:1], "X and Y")
    if reference is not None:
        reference = symmetric(reference, "reference", ndim=2)
        same_size(X, reference, "X and the reference")
    elif metric == "riemann":
        reference = mean(X).value
    U = _vectors(X, metric, reference)
    K = _products(U, U if others is None else _vectors(others, metric, reference))
    return K + _RIDGE * eye_like(K) if others is None else K


def _vectors(X: Array, metric: str, reference: Array | None) -> Array:
    if metric == "riemann":
        return apply(LOG, seen_through(apply(INVSQRT, reference), X))
    if metric == "logeuclid":
        return apply(LOG, X) if reference is None else apply(LOG, X) - apply(LOG, reference)
    return X if reference is None else X - reference


def _products(U: Array, V: Array) -> Array:
    n = U.shape[-1] ** 2
    return (U.reshape(-1, n) @ adjoint(V.reshape(-1, n))).real
