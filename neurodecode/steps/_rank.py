"""Covariances that must have an inverse, held to having one."""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg.covariance import covariance_rank

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
    n_channels = C.shape[-1]
    for i, one in enumerate(C):
        rank = covariance_rank(one)
        if rank < n_channels:
            raise DataError(
                f"trial {i}: the covariance has rank {rank} for {n_channels} channels, so it has "
                "no inverse. Average reference, ICA, interpolated channels and short windows do "
                "this. Use estimator: oas, or drop the redundant channels."
            )


def check_independent(X: np.ndarray, estimator: str, argument: str) -> None:
    """Hold channels to being independent over all trials, where a covariance is not shrunk.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_channels, n_times)
    estimator : str
        Of the covariance of all samples; those of `SHRINKING` always have an inverse.
    argument : str
        The argument that chooses the estimator; named in the error.

    Raises
    ------
    DataError
        If they are not independent.
    """
    if estimator in SHRINKING:
        return
    n_channels = X.shape[1]
    pooled = np.cov(np.moveaxis(X, 1, 0).reshape(n_channels, -1))
    rank = covariance_rank(np.atleast_2d(pooled))
    if rank < n_channels:
        raise DataError(
            f"the {n_channels} channels have rank {rank} over all trials, and {estimator} does not "
            "shrink, so that their covariance has no inverse. Average reference, ICA and "
            f"interpolated channels do this. Use {argument}: oas, or drop the redundant channels."
        )
