"""Ranks of covariances."""

import numpy as np


def covariance_rank(covariance: np.ndarray, tolerance: float = 1e-10) -> int:
    """Numerical rank of a covariance.

    Parameters
    ----------
    covariance : ndarray, shape (n_channels, n_channels)
        Symmetric.
    tolerance : float
        Eigenvalues below `tolerance` times the largest one count as zero. Rounding in float64
        leaves about 1e-16 of the largest; recordings keep their smallest above 1e-8 of it.

    Returns
    -------
    rank : int
    """
    values = np.linalg.eigvalsh(covariance)
    return int(np.sum(values > tolerance * values[-1]))
