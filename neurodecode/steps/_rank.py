"""Covariances that must have an inverse, held to having one."""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg.conditioning import conditioning

SHRINKING = ("oas", "lwf", "sch")  # estimators whose covariances always have an inverse


def check_inverses(C: np.ndarray) -> None:
    """Hold covariances to full rank.

    Parameters
    ----------
    C : ndarray, shape (n_trials, n_channels, n_channels)

    Raises
    ------
    DataError
        If one has no inverse; the first such trial is named.
    """
    for i, found in enumerate(conditioning(C)):
        if found.deficient:
            raise DataError(
                f"trial {i}: the covariance has {found}, so it has no inverse. Average reference, "
                "ICA, interpolated channels and short windows do this. Use regularize: auto, "
                "estimator: oas, or drop the redundant channels."
            )


def signal_space(X: np.ndarray, tolerance: float = 1e-10) -> np.ndarray | None:
    """Give a basis of the directions in which channels vary, where some depend on others.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_channels, n_times)
    tolerance : float
        As `neurodecode.linalg.covariance.covariance_rank`.

    Returns
    -------
    basis : ndarray, shape (rank, n_channels), or None
        Orthonormal rows; None where all channels are independent.
    """
    n_channels = X.shape[1]
    pooled = np.atleast_2d(np.cov(np.moveaxis(X, 1, 0).reshape(n_channels, -1)))
    values, vectors = np.linalg.eigh(pooled)
    varies = values > tolerance * values[-1]
    return None if varies.all() else vectors[:, varies].T
