"""Noise of volumes: it remembers the volume before, neighbours share it, and it drifts."""

import numpy as np
from scipy.linalg import cholesky
from scipy.signal import lfilter
from scipy.spatial.distance import cdist

SHARED = 0.2  # correlation of any two regions whose places are unknown
N_SLOW = 3  # half cosines a run that drifts are made of
_OWN = 0.5  # part of a voxel's variance that no neighbour shares


def spatial_factor(n: int, positions: np.ndarray | None = None, width: float = 4.0) -> np.ndarray:
    """Give the factor of the correlation between voxels, or between regions.

    Parameters
    ----------
    n : int
        Voxels, or regions.
    positions : ndarray, shape (n, 3) or None
        Millimetres; None where they are unknown.
    width : float
        Millimetres at which correlation has fallen to exp(-1/2) of what neighbours share.

    Returns
    -------
    factor : ndarray, shape (n, n)
        Lower triangular; times its transpose it is the correlation matrix.
    """
    if positions is None:
        correlation = np.full((n, n), SHARED) + (1 - SHARED) * np.eye(n)
    else:
        near = np.exp(-0.5 * cdist(positions, positions, "sqeuclidean") / width**2)
        correlation = (1 - _OWN) * near + _OWN * np.eye(n)
    return cholesky(correlation, lower=True)


def ar1(rng: np.random.Generator, n_times: int, n: int, phi: float) -> np.ndarray:
    """Draw noise that remembers: an autoregressive series of order 1, stationary from the start.

    Parameters
    ----------
    rng : Generator
    n_times, n : int
        Samples, and series, which are independent.
    phi : float
        Correlation with the sample before, -1 to 1.

    Returns
    -------
    noise : ndarray, shape (n_times, n)
        Of variance 1.
    """
    drawn = rng.standard_normal((n_times, n))
    drawn[1:] *= np.sqrt(1 - phi**2)
    return np.asarray(lfilter([1.0], [1.0, -phi], drawn, axis=0))


def whiten_in_time(values: np.ndarray, number: np.ndarray, phi: float) -> np.ndarray:
    """Make such noise white; volumes may be missing.

    Parameters
    ----------
    values : ndarray, shape (n_times, …)
    number : ndarray of int, shape (n_times,)
        Number of each volume, increasing: the noise forgets with the gap.
    phi : float

    Returns
    -------
    white : ndarray, shape (n_times, …)
    """
    kept = (phi ** np.diff(number)).reshape(-1, *[1] * (values.ndim - 1))
    white = np.array(values, dtype=np.float64)
    white[1:] = (values[1:] - kept * values[:-1]) / np.sqrt(1 - kept**2)
    return white


def slow(n_times: int) -> np.ndarray:
    """Give what drifts are mixed of: a constant, then half cosines, shape (n_times, n_slow + 1)."""
    phase = np.pi * (np.arange(n_times) + 0.5) / n_times
    return np.cos(phase[:, None] * np.arange(N_SLOW + 1))
