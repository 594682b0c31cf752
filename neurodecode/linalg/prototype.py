"""Covariances of trials beside one prototype, whose own block is computed once."""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg.covariance import (
    Estimator,
    check_estimator,
    check_finite,
    check_varies,
    from_moments,
)
from neurodecode.linalg.shrinkage import or_one


def prototype_covariances(
    X: np.ndarray, prototype: np.ndarray, estimator: Estimator = "oas"
) -> np.ndarray:
    """Estimate the covariance of each trial with a prototype above it.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_channels, n_times)
    prototype : ndarray, shape (n_rows, n_times)
        Such as the mean responses of the classes.
    estimator : str
        See `neurodecode.linalg.covariance.covariances`.

    Returns
    -------
    C : ndarray, shape (n_trials, n_rows + n_channels, n_rows + n_channels)
        The prototype's rows first; equal to `covariances` of both, one above the other.

    Raises
    ------
    DataError
        If trials and prototype differ in length, or as `covariances`.

    References
    ----------
    Barachant & Congedo 2014, doi 10.48550/arXiv.1409.0107, equation 4.
    """
    check_estimator(estimator)
    n_times = X.shape[-1]
    if prototype.shape[-1] != n_times or n_times < 2:
        raise DataError(
            f"trials of {n_times} samples beside a prototype of {prototype.shape[-1]}. Both must "
            "have as many, and 2 or more."
        )
    if estimator in ("corr", "sch"):
        check_varies(X)
        check_varies(prototype)
    P = prototype - prototype.mean(-1, keepdims=True)
    Z = X - X.mean(-1, keepdims=True)
    scatter = _beside(P, Z)
    check_finite(scatter, X)
    more = None
    if estimator == "lwf":
        lengths = (P * P).sum(-2) + (Z * Z).sum(-2)
        lengths /= or_one(lengths.mean(-1))[:, np.newaxis]
        more = (lengths * lengths).mean(-1)
    elif estimator == "sch":
        more = _beside(*(one * one / (one * one).mean(-1, keepdims=True) for one in (P, Z)))
        more /= n_times
    return from_moments(scatter, more, n_times, estimator)


def _beside(P: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """Give the products of rows with themselves, P above each of Z."""
    n, n_all = len(P), len(P) + Z.shape[-2]
    products = np.empty((len(Z), n_all, n_all), np.result_type(P, Z))
    products[:, :n, :n] = P @ P.T
    across = Z @ P.T
    products[:, n:, :n], products[:, :n, n:] = across, across.mT
    products[:, n:, n:] = Z @ Z.mT
    return products
