"""Canonical correlations of short series."""

import numpy as np


def row_basis(X: np.ndarray, tolerance: float = 1e-10) -> np.ndarray:
    """Orthonormal basis of the rows of a matrix, each row's mean removed.

    Parameters
    ----------
    X : ndarray, shape (n, n_times)
    tolerance : float
        Directions below `tolerance` times the largest singular value count as none, so that rows
        may depend on one another.

    Returns
    -------
    basis : ndarray, shape (rank, n_times)
    """
    centred = X - X.mean(axis=-1, keepdims=True)
    _, s, Vt = np.linalg.svd(centred, full_matrices=False)
    return Vt[s > tolerance * s[0]]


def canonical_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Largest canonical correlation of two sets of series, given as bases of their rows.

    Parameters
    ----------
    one, other : ndarray, shape (rank, n_times)
        As `row_basis` gives them.

    Returns
    -------
    correlation : float
        0 to 1; 0 where a basis is empty.

    References
    ----------
    Björck & Golub 1973, doi 10.1090/S0025-5718-1973-0348991-3: cosines of principal angles are
    singular values of the product of the bases.
    """
    if len(one) == 0 or len(other) == 0:
        return 0.0
    return float(min(1.0, np.linalg.norm(one @ other.T, ord=2)))
