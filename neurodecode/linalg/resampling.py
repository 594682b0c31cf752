"""From series at times of their own to an even grid: interpolation, means, windows that look back.

Times are given, never rates: words are said when they are said, and frames of a film are lost.
"""

import numpy as np


def lanczos(
    values: np.ndarray, times: np.ndarray, grid: np.ndarray, *, window: int = 3
) -> np.ndarray:
    """Give the sum of what was at any times, low-passed to what a grid can hold.

    Parameters
    ----------
    values : ndarray, shape (n_values, …)
    times : ndarray, shape (n_values,)
        In any order, in the unit of `grid`.
    grid : ndarray, shape (n_grid,)
        Evenly spaced.
    window : int
        Lobes of the filter on either side, so that each time of the grid looks ahead and back by so
        many steps.

    Returns
    -------
    interpolated : ndarray, shape (n_grid, …), float64
        Sums, not means: where nothing was nearby it is 0, and a constant that comes once a step
        stays what it is.

    Notes
    -----
    A weight is ``sinc(x) sinc(x / window)`` with ``x`` the distance in steps of the grid, which
    cuts at half the grid's rate (Duchon 1979, doi 10.1175/1520-0450(1979)018<1016:LFIOAT>2.0.CO;2).
    Word-rate features are brought to volumes so in voxelwise modelling (Huth et al. 2016, doi
    10.1038/nature17637).
    """
    values = np.asarray(values, dtype=np.float64)
    distance = (np.asarray(grid)[:, None] - np.asarray(times)[None, :]) / step_of(grid)
    weight = np.sinc(distance) * np.sinc(distance / window) * (np.abs(distance) < window)
    return np.tensordot(weight, values, axes=1)


def means_until(
    values: np.ndarray, times: np.ndarray, grid: np.ndarray, length: float
) -> np.ndarray:
    """Give the mean of what was in the time before each time of a grid.

    Parameters
    ----------
    values : ndarray, shape (n_values, …)
    times : ndarray, shape (n_values,)
        Ascending.
    grid : ndarray, shape (n_grid,)
        What is at ``grid[i]`` itself comes after it.
    length : float
        Of the time that is looked back over, above 0.

    Returns
    -------
    means : ndarray, shape (n_grid, …), float64
        0 where nothing was.
    """
    first, last = look_back(times, grid, length)
    values = np.asarray(values, dtype=np.float64)
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    counts = np.maximum(last - first, 1).reshape(-1, *(1,) * (values.ndim - 1))
    return (sums[last] - sums[first]) / counts


def look_back(times: np.ndarray, grid: np.ndarray, length: float) -> tuple[np.ndarray, np.ndarray]:
    """Give what lies in the time before each time of a grid, and never after it.

    Parameters
    ----------
    times : ndarray, shape (n_values,)
        Ascending.
    grid : ndarray, shape (n_grid,)
    length : float
        Above 0.

    Returns
    -------
    first, last : ndarray of int, shape (n_grid,)
        Values ``first[i]`` to ``last[i] - 1`` are at times from ``grid[i] - length`` on and before
        ``grid[i]``.

    Raises
    ------
    ValueError
        If times descend, or the length is not above 0.
    """
    times, grid = np.asarray(times), np.asarray(grid)
    if (np.diff(times) < 0).any():
        raise ValueError("times must ascend")
    if not length > 0:
        raise ValueError(f"length {length} must be above 0")
    return np.searchsorted(times, grid - length), np.searchsorted(times, grid)


def step_of(grid: np.ndarray) -> float:
    """Give the step of an evenly spaced grid.

    Raises
    ------
    ValueError
        If it has fewer than two times, or steps differ by more than a thousandth.
    """
    steps = np.diff(np.asarray(grid, dtype=np.float64))
    if not len(steps) or steps.min() <= 0 or np.ptp(steps) > 1e-3 * steps.mean():
        raise ValueError("grid must be of two times or more, evenly spaced and ascending")
    return float(steps.mean())
