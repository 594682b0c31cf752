"""Correlation and R² of rows that are drawn again, as in a bootstrap, by sums of products.

Scoring each draw by itself takes minutes of a thousand rows and voxels; here a draw is a row of
weights, and five matrix products give the moments of all targets in all draws.
"""

from collections.abc import Iterator

import numpy as np

_BYTES = 2**27  # of the moments of a block of targets
# Of the mean square about the mean of all rows: a variance below it is rounding.
_ROUNDING = 1e-12


def r_redrawn(true: np.ndarray, pred: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Give `r` of each draw.

    Parameters
    ----------
    true, pred : ndarray, shape (n_rows,) or (n_rows, n_targets)
    times : ndarray, shape (n_draws, n_rows)
        How often each row is drawn.

    Returns
    -------
    scores : ndarray, shape (n_draws,)
        As `neurodecode.metrics.regression.r` of the drawn rows; NaN where it has none.
    """
    weights, n = _weights(times)
    total, n_known, said = np.zeros(len(n)), np.zeros(len(n)), np.zeros(len(n), dtype=bool)
    for Y, P in _blocks(true, pred, len(n)):
        Y, P = Y / _largest(Y), P / _largest(P)
        mean, mean_said, products = (weights @ one / n for one in (Y, P, Y * P))
        variance, varies = _variance(weights @ Y**2 / n, mean)
        variance_said, varies_said = _variance(weights @ P**2 / n, mean_said)
        both = varies & varies_said
        size = np.sqrt(np.where(both, variance * variance_said, 1.0))
        found = np.clip((products - mean * mean_said) / size, -1, 1)
        total += np.where(both, found, 0.0).sum(axis=1)
        n_known += varies.sum(axis=1)
        said |= varies_said.any(axis=1)
    return np.where((n_known > 0) & said, total / np.maximum(n_known, 1), np.nan)


def r2_redrawn(true: np.ndarray, pred: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Give `r2` of each draw; parameters and what is given as of `r_redrawn`."""
    weights, n = _weights(times)
    total, n_known = np.zeros(len(n)), np.zeros(len(n))
    for Y, P in _blocks(true, pred, len(n)):
        scale = _largest(Y)
        Y, P = Y / scale, P / scale
        variance, varies = _variance(weights @ Y**2 / n, weights @ Y / n)
        missed = weights @ (Y - P) ** 2 / n / np.where(varies, variance, 1.0)
        total += np.where(varies, 1 - missed, 0.0).sum(axis=1)
        n_known += varies.sum(axis=1)
    return np.where(n_known > 0, total / np.maximum(n_known, 1), np.nan)


def _weights(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give weights, shape (n_draws, n_rows), and their sums, shape (n_draws, 1)."""
    weights = np.asarray(times, dtype=np.float64)
    return weights, np.maximum(weights.sum(axis=1, keepdims=True), 1)


def _blocks(
    true: np.ndarray, pred: np.ndarray, n_draws: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give blocks of targets about the mean of the truth; what does not vary there is 0."""
    true, pred = (one.reshape(len(one), -1) for one in map(np.asarray, (true, pred)))
    size = max(1, _BYTES // (8 * 8 * max(n_draws, len(true))))
    for start in range(0, true.shape[1], size):
        Y = true[:, start : start + size].astype(np.float64)
        P = pred[:, start : start + size].astype(np.float64)
        mean = Y.mean(axis=0)
        constant = np.ptp(Y, axis=0) <= _ROUNDING * np.max(np.abs(Y), axis=0)
        yield np.where(constant, 0.0, Y - mean), P - mean


def _largest(X: np.ndarray) -> np.ndarray:
    """Largest size of each column; 1 of what is 0 throughout."""
    size = np.max(np.abs(X), axis=0)
    return np.where(size > 0, size, 1.0)


def _variance(square: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the variance in each draw, from mean squares and means, and whether it is any."""
    variance = square - mean**2
    return variance, variance > _ROUNDING * square
