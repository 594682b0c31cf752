"""Kendall's rank correlations of many vectors with many, each in O(n log n).

Pairs that are ordered against each other are the inversions of one ranking read in the order of the
other. They are counted as a radix sort would: at each bit, from the highest, values are split into
those with a zero and those with a one, and a zero that stands behind a one is an inversion. Each
level is a few operations on all vectors at once.

References
----------
Kendall 1938, doi 10.1093/biomet/30.1-2.81; Knight 1966, doi 10.1080/01621459.1966.10480879.
"""

from typing import Literal

import numpy as np

_DIRECT = 4  # bits that are left to comparing all pairs within groups of 2**4
_AT_ONCE = 2**16  # entries of vectors that are counted at once: 1 MB of comparisons


def kendall(one: np.ndarray, other: np.ndarray, variant: Literal["a", "b"] = "a") -> np.ndarray:
    """Correlate each vector of one set with each of another.

    Parameters
    ----------
    one : ndarray, shape (n_one, n)
    other : ndarray, shape (n_other, n)
        Without NaN.
    variant : {"a", "b"}
        ``a`` divides by all pairs, so that ties count as not ordered; ``b`` by those that are not
        tied, so that a vector of few levels can reach 1.

    Returns
    -------
    tau : ndarray of float64, shape (n_one, n_other)
        NaN for ``b`` where a vector is constant.
    """
    left, right = _dense_ranks(one), _dense_ranks(other)
    n = left.shape[1]
    n_pairs = n * (n - 1) // 2
    tied_left, tied_right = tied_pairs(one), tied_pairs(other)
    orders_right = np.argsort(right, axis=1, kind="stable")
    step = max(1, _AT_ONCE // max(1, n))
    tau = np.empty((len(left), len(right)))
    for i, x in enumerate(left):
        order = np.argsort(x, kind="stable")
        for start in range(0, len(right), step):
            block = slice(start, start + step)
            if tied_left[i]:
                by_both, tied_both = _sorted_by_both(x, right[block], orders_right[block])
            else:
                by_both, tied_both = right[block][:, order], 0
            against = _inversions(_places(by_both, tied_right[block]))
            # Those with each other are what is left of all pairs.
            together = n_pairs - tied_left[i] - tied_right[block] + tied_both - against
            tau[i, block] = together - against
    scale = n_pairs
    if variant == "b":
        scale = np.sqrt(np.outer(n_pairs - tied_left, 1.0 * n_pairs - tied_right))
    with np.errstate(invalid="ignore"):
        return tau / scale


def tied_pairs(X: np.ndarray) -> np.ndarray:
    """Count the pairs of equal values in each vector.

    Parameters
    ----------
    X : ndarray, shape (n_vectors, n)

    Returns
    -------
    n_tied : ndarray of int, shape (n_vectors,)
    """
    return np.array([_tied(np.sort(x)) for x in X], dtype=np.int64)


def _tied(ordered: np.ndarray) -> int:
    edges = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1], True])
    lengths = np.diff(edges)
    return int(np.sum(lengths * (lengths - 1) // 2))


def _dense_ranks(X: np.ndarray) -> np.ndarray:
    """Give ranks among the distinct values of each vector, from 0 on."""
    order = np.argsort(X, axis=1, kind="stable")
    ordered = np.take_along_axis(X, order, 1)
    # Numbers of 16 bits are sorted by radix, in a third of the time.
    steps = np.zeros(X.shape, np.uint16 if X.shape[1] < 2**16 else np.int64)
    steps[:, 1:] = np.cumsum(ordered[:, 1:] != ordered[:, :-1], axis=1)
    ranks = np.empty_like(steps)
    np.put_along_axis(ranks, order, steps, 1)
    return ranks


def _sorted_by_both(
    x: np.ndarray, Y: np.ndarray, orders: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give each y in the order of x, those of equal x in their own; and how many tie in both."""
    x_by_y = x[orders]
    order = np.argsort(x_by_y, axis=1, kind="stable")
    y = np.take_along_axis(np.take_along_axis(Y, orders, 1), order, 1)
    pairs = np.take_along_axis(x_by_y, order, 1).astype(np.int64) * Y.shape[1] + y
    return y, np.array([_tied(row) for row in pairs])


def _places(Y: np.ndarray, n_tied: np.ndarray) -> np.ndarray:
    """Give each entry its place from the least on, equal ones as they stand."""
    if not n_tied.any():
        return Y
    places = np.empty_like(Y)
    order = np.argsort(Y, axis=1, kind="stable")
    np.put_along_axis(places, order, np.arange(Y.shape[1], dtype=Y.dtype), 1)
    return places


def _inversions(permutations: np.ndarray) -> np.ndarray:
    """Count in each row the pairs of which the first is the larger."""
    n_rows, n = permutations.shape
    n_bits = max(_DIRECT, (n - 1).bit_length())
    # Filled up with the next numbers in order: they add no inversion, and each group is full.
    values = np.empty((n_rows, 2**n_bits), permutations.dtype)
    values[:, :n] = permutations
    values[:, n:] = np.arange(n, 2**n_bits)
    counted = np.zeros(n_rows, np.int64)
    values = values.ravel()
    for bit in range(n_bits - 1, _DIRECT - 1, -1):
        half = 2**bit
        is_one = (values & half) > 0
        zeros, ones = np.flatnonzero(~is_one), np.flatnonzero(is_one)
        # A zero at place p that is the k-th of its group has p - k ones before it.
        places = (zeros & (2 * half - 1)).reshape(n_rows, -1)
        counted += places.sum(1) - 2 ** (n_bits - bit - 1) * (half * (half - 1) // 2)
        split = values[zeros].reshape(-1, half), values[ones].reshape(-1, half)
        values = np.stack(split, axis=1).ravel()
    # The last groups are few numbers each: all their pairs at once.
    size = 2**_DIRECT
    groups = (values & (size - 1)).astype(np.uint8).reshape(n_rows, -1, size)
    larger = groups[..., :, None] > groups[..., None, :]
    larger &= np.tri(size, k=-1, dtype=bool).T
    return counted + np.count_nonzero(larger.reshape(n_rows, -1), axis=1)
