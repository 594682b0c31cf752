"""Pairs of conditions: the vector of a dissimilarity matrix and its square form.

A vector holds the upper triangle row by row, in the order of ``np.triu_indices(n_conditions, 1)``:
that of scipy's `squareform` and of rsatoolbox. A lower triangle read column by column is the same.
"""

from functools import lru_cache
from math import isqrt

import numpy as np

from neurodecode.core.errors import DataError

_MOST_KEPT = 1024  # conditions: above, indices of pairs are megabytes and are made anew


def pair_indices(n_conditions: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the first and the second condition of each pair.

    Parameters
    ----------
    n_conditions : int

    Returns
    -------
    first, second : ndarray of int, shape (n_pairs,)
        Read-only; ``n_pairs = n_conditions * (n_conditions - 1) / 2``.
    """
    return (_kept_indices if n_conditions <= _MOST_KEPT else _indices)(n_conditions)[:2]


def n_conditions_of(n_pairs: int) -> int:
    """Give the number of conditions that have so many pairs.

    Raises
    ------
    DataError
        If no number of conditions has.
    """
    n = (1 + isqrt(1 + 8 * n_pairs)) // 2
    if n < 2 or n * (n - 1) // 2 != n_pairs:
        raise DataError(
            f"A dissimilarity vector has {n_pairs} entries, which is no number of pairs of "
            "conditions (1, 3, 6, 10, …). Hand in the upper triangle without its diagonal."
        )
    return n


def vectors(matrices: np.ndarray) -> np.ndarray:
    """Take the upper triangles of square matrices.

    Parameters
    ----------
    matrices : ndarray, shape (..., n_conditions, n_conditions)

    Returns
    -------
    rdms : ndarray, shape (..., n_pairs)
    """
    n = matrices.shape[-1]
    flat = matrices.reshape(*matrices.shape[:-2], n * n)
    places = (_kept_indices if n <= _MOST_KEPT else _indices)(n)[2]
    return flat.take(places, axis=-1)


def squares(rdms: np.ndarray) -> np.ndarray:
    """Put dissimilarity vectors into symmetric matrices with a diagonal of zeros.

    Parameters
    ----------
    rdms : ndarray, shape (..., n_pairs)

    Returns
    -------
    matrices : ndarray, shape (..., n_conditions, n_conditions)

    Raises
    ------
    DataError
        If the length is no number of pairs.
    """
    rdms = np.asarray(rdms)
    n = n_conditions_of(rdms.shape[-1])
    first, second = pair_indices(n)
    matrices = np.zeros((*rdms.shape[:-1], n, n), rdms.dtype)
    matrices[..., first, second] = rdms
    matrices[..., second, first] = rdms
    return matrices


def pairs_among(conditions: np.ndarray, n_conditions: int) -> np.ndarray:
    """Find the pairs among some conditions, in the order of these.

    Parameters
    ----------
    conditions : ndarray of int, shape (n_chosen,)
        Each at most once. Sorted ones keep the order of pairs; others reorder them.
    n_conditions : int
        In all.

    Returns
    -------
    pairs : ndarray of int, shape (n_chosen * (n_chosen - 1) / 2,)
        Places in the dissimilarity vector: ``rdms[..., pairs]`` is that of the chosen ones.
    """
    conditions = np.asarray(conditions)
    first, second = pair_indices(len(conditions))
    low = np.minimum(conditions[first], conditions[second])
    high = np.maximum(conditions[first], conditions[second])
    return low * (2 * n_conditions - low - 1) // 2 + high - low - 1


def _indices(n_conditions: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give rows, columns and places in the flattened matrix."""
    first, second = np.triu_indices(n_conditions, 1)
    flat = first * n_conditions + second
    for each in (first, second, flat):
        each.flags.writeable = False
    return first, second, flat


_kept_indices = lru_cache(maxsize=16)(_indices)
