"""Sums over samples from which a window's covariance is made, of pieces that add up to windows.

Each sample y gets rows below it: a one, and its squared length where fourth moments are needed.
The product of these rows with themselves, summed over a piece, holds the piece's second moments,
sums and count in one symmetric matrix, and matrices of pieces add up to that of a window.
"""

from typing import Any, Literal

from neurodecode.core.errors import ConfigError
from neurodecode.linalg._namespace import diagonal, namespace
from neurodecode.linalg.covariance import check_estimator, from_moments
from neurodecode.linalg.shrinkage import or_one

WindowEstimator = Literal["scm", "cov", "oas", "lwf"]
WINDOW_ESTIMATORS: tuple[WindowEstimator, ...] = ("scm", "cov", "oas", "lwf")

# Squares about an origin ten standard deviations away lose two digits: of sixteen, or of seven.
FAR = 10.0


def n_rows_below(estimator: WindowEstimator) -> int:
    """Count the rows that an estimator needs below the channels.

    Raises
    ------
    ConfigError
        If the estimator is unknown, or its moments do not add up.
    """
    check_estimator(estimator)
    if estimator not in WINDOW_ESTIMATORS:
        raise ConfigError(
            f"estimator: {estimator!r} is not made for windows that slide. Use one of "
            f"{', '.join(WINDOW_ESTIMATORS)}, or covariances of whole trials."
        )
    return 2 if estimator == "lwf" else 1


def fill_below(rows: Any, n_channels: int) -> None:
    """Write the rows below the channels, in place.

    Parameters
    ----------
    rows : ndarray or tensor, shape (..., n_channels + n_below, n_times)
        The channels are there.
    n_channels : int
    """
    rows[..., n_channels, :] = 1
    if rows.shape[-2] > n_channels + 1:
        samples = rows[..., :n_channels, :]
        rows[..., n_channels + 1, :] = (samples * samples).sum(-2)


def estimate(moments: Any, n_channels: int, n_times: int, estimator: WindowEstimator) -> Any:
    """Give the covariances of windows, each about its own mean.

    Parameters
    ----------
    moments : ndarray or tensor, shape (..., n_channels + n_below, n_channels + n_below)
        Summed over each window.
    n_channels, n_times : int
        `n_times` samples a window.
    estimator : str

    Returns
    -------
    C : ndarray or tensor, shape (..., n_channels, n_channels)
    """
    sums = moments[..., :n_channels, n_channels]
    share = sums / n_times**0.5  # on both sides, for exact symmetry
    scatter = moments[..., :n_channels, :n_channels] - share[..., :, None] * share[..., None, :]
    fourth = _fourth(moments, sums / n_times, scatter, n_times) if estimator == "lwf" else None
    return from_moments(scatter, fourth, n_times, estimator)


def far_from_origin(moments: Any, n_channels: int, n_times: int) -> Any:
    """Tell windows whose mean is further from the origin than `FAR` of their standard deviations.

    Parameters
    ----------
    moments, n_channels, n_times
        See `estimate`.

    Returns
    -------
    far : ndarray or tensor of bool, shape (...)
    """
    power = diagonal(moments)[..., :n_channels]
    offset = moments[..., :n_channels, n_channels] ** 2 / n_times
    return (offset > FAR**2 * (power - offset)).any(-1)


def moved(moments: Any, origin: Any) -> Any:
    """Give moments about another origin.

    Parameters
    ----------
    moments : ndarray, shape (..., n_channels + n_below, n_channels + n_below)
    origin : ndarray, shape (n_channels,)
        Where the new one is, seen from the old.

    Returns
    -------
    moments : ndarray, shape (..., n_channels + n_below, n_channels + n_below)
    """
    n_channels, n = len(origin), moments.shape[-1]
    map_ = namespace(moments).eye(n)
    map_[:n_channels, n_channels] = -origin
    if n > n_channels + 1:  # |y - o|² is |y|² - 2 o·y + |o|²
        map_[-1, :n_channels] = -2 * origin
        map_[-1, n_channels] = origin @ origin
    return map_ @ moments @ map_.T


def _fourth(moments: Any, mean: Any, scatter: Any, n_times: int) -> Any:
    """Give the mean squared share of a sample, about the window's mean (see Ledoit-Wolf)."""
    xp = namespace(moments)
    length = (mean * mean).sum(-1)[..., None]
    row = xp.concat((-2 * mean, length, length * 0 + 1), -1)
    fourth = ((moments @ row[..., None])[..., 0] * row).sum(-1)
    # Its sum over n samples, over the square of the sum of their squared lengths.
    return fourth * n_times / or_one(diagonal(scatter).sum(-1)) ** 2
