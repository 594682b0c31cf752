"""Least squares of weights that are not negative, from products alone."""

import numpy as np

_TOLERANCE = 1e-10  # of the largest product: what is left of the gradient below it is rounding


def nnls(gram: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Find the weights, none negative, that bring a basis nearest to data.

    Parameters
    ----------
    gram : ndarray, shape (n, n)
        Products of the basis with itself, ``A.T @ A``.
    products : ndarray, shape (n,)
        With the data, ``A.T @ y``.

    Returns
    -------
    weights : ndarray, shape (n,)
        Equal to `scipy.optimize.nnls` of the basis itself. It ends after three times as many steps
        as there are weights, where basis vectors are so alike that rounding decides.

    References
    ----------
    Lawson & Hanson 1974, chapter 23; in products: Bro & de Jong 1997, doi
    10.1002/(SICI)1099-128X(199709/10)11:5<393::AID-CEM483>3.0.CO;2-L.
    """
    n = len(products)
    weights, active = np.zeros(n), np.zeros(n, bool)
    # Relative, as scales of data differ: an absolute one never ends where rounding is above it.
    least = _TOLERANCE * np.abs(products).max()
    for _ in range(3 * n):
        gradient = products - gram @ weights
        gradient[active] = -np.inf
        if active.all() or gradient.max() <= least:
            break
        active[np.argmax(gradient)] = True
        weights, active = _within(gram, products, weights, active)
    return weights


def _within(
    gram: np.ndarray, products: np.ndarray, weights: np.ndarray, active: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Solve for active weights, and let go of those that would be negative."""
    while active.any():
        wanted = np.zeros_like(weights)
        wanted[active] = np.linalg.lstsq(gram[np.ix_(active, active)], products[active])[0]
        negative = active & (wanted <= 0)
        if not negative.any():
            return wanted, active
        # The way there, up to the first that would leave.
        steps = np.full(len(weights), np.inf)
        steps[negative] = weights[negative] / np.maximum(
            weights[negative] - wanted[negative], np.finfo(float).tiny
        )
        leaves = steps <= steps.min() * (1 + 1e-12)
        weights = weights + steps.min() * (wanted - weights)
        weights[leaves], active = 0, active & ~leaves
    return np.zeros_like(weights), active
