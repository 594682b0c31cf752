"""Rows as a regression takes them, centred, scaled and weighted, without a copy of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import blas

from neurodecode.core.errors import DataError
from neurodecode.linalg._namespace import Array, astype, is_tensor, like, namespace

FEATURES = 2**24  # bytes of a block of features: small beside rows, large enough for products


@dataclass(frozen=True, eq=False)
class CentredRows:
    """Rows that enter as root * (X - mean) * gain, of which a block exists at a time.

    Parameters
    ----------
    X : ndarray or Tensor, shape (n_rows, n_features)
        As it was handed in: neither copied nor written to.
    mean, gain : ndarray or Tensor, shape (n_features,)
        Of float64. The gain of a constant column is 0 where columns are standardised.
    root : ndarray or Tensor, shape (n_rows,), or None
        Square roots of the weights of the rows; None where all count alike.
    """

    X: Array
    mean: Array
    gain: Array
    root: Array | None

    @staticmethod
    def of(X: Array, standardise: bool, sample_weight: np.ndarray | None) -> "CentredRows":
        """Centre rows by their mean, and scale columns by their standard deviation if asked.

        Raises
        ------
        DataError
            If a feature is not finite.
        """
        xp = namespace(X)
        root = None if sample_weight is None else np.sqrt(np.asarray(sample_weight, np.float64))
        root = None if root is None else float64(root, X)
        weight = float64(np.ones(len(X)), X) if root is None else root**2
        weight = weight / weight.sum()
        mean, gain = (float64(np.ones(X.shape[1]), X) for _ in range(2))
        # Rounding of the mean and of the numbers themselves: what varies by less is constant.
        rounding = max(len(X) * np.finfo(np.float64).eps, float(xp.finfo(X.dtype).eps))
        for at in blocks(X.shape[1], 8 * len(X), FEATURES):
            part = astype(X[:, at], xp.float64)
            mean[at] = weight @ part
            if not bool(xp.isfinite(mean[at]).all()):
                raise DataError(
                    "ridge: a feature is not finite. Leave out rows and columns that hold NaN or "
                    "infinity."
                )
            if standardise:
                spread = (weight @ (part - mean[at]) ** 2) ** 0.5
                varies = spread > rounding * abs(mean[at])
                gain[at] = xp.where(varies, 1 / xp.where(varies, spread, 1.0), 0.0)
        return CentredRows(X, mean, gain, root)

    def read(self, rows: slice | np.ndarray, columns: slice | np.ndarray, dtype: object) -> Array:
        """Give a block, in a precision, as an array of its own; not by two arrays at once."""
        part = astype(self.X[rows, columns], dtype) - astype(self.mean[columns], dtype)
        part *= astype(self.gain[columns], dtype)
        if self.root is not None:
            part *= astype(self.root[rows], dtype)[:, None]
        return part

    def products(self, dtype: object) -> Array:
        """Sum products of rows, or of features where those are fewer; the lower triangle."""
        n = min(self.X.shape)
        total = astype(float64(np.zeros((n, n), order="F"), self.X), dtype)
        for rows, columns in self._blocks():
            part = self.read(rows, columns, dtype)
            total = with_products(total, part if self.dual else part.T)
        return total

    def times(self, others: "CentredRows") -> Array:
        """Give products of these rows with others, shape (n_rows, n_others)."""
        total = like(np.zeros((len(self.X), len(others.X))), self.X)
        whole, dtype = slice(None), self.X.dtype
        n_both = len(self.X) + len(others.X)
        for at in blocks(self.X.shape[1], self.X.itemsize * n_both, FEATURES):
            total += self.read(whole, at, dtype) @ others.read(whole, at, dtype).T
        return total

    def transposed_times(self, values: Array) -> Array:
        """Give sums over rows of features times values, shape (n_features, n_values)."""
        total = like(np.empty((self.X.shape[1], values.shape[1])), self.X)
        for at in blocks(self.X.shape[1], self.X.itemsize * len(self.X), FEATURES):
            total[at] = self.read(slice(None), at, self.X.dtype).T @ values
        return total

    @property
    def dual(self) -> bool:
        """Whether there are fewer rows than features."""
        return self.X.shape[0] < self.X.shape[1]

    def _blocks(self) -> Iterator[tuple[slice, slice]]:
        n_rows, n_features = self.X.shape
        if self.dual:
            yield from ((slice(None), at) for at in blocks(n_features, 8 * n_rows, FEATURES))
        else:
            yield from ((at, slice(None)) for at in blocks(n_rows, 8 * n_features, FEATURES))


def with_products(total: Array, rows: Array) -> Array:
    """Add products of rows to the lower triangle of a matrix, in place; give the matrix.

    Parameters
    ----------
    total : ndarray or Tensor, shape (n_rows, n_rows)
        An array in Fortran's order.
    rows : ndarray or Tensor, shape (n_rows, n_columns)
    """
    if is_tensor(total):
        return total.addmm_(rows, rows.T)
    syrk: Any = blas.get_blas_funcs("syrk", (total,))
    transposed = rows.flags.c_contiguous  # what is in C's order is in Fortran's as its transpose
    return syrk(
        1, rows.T if transposed else rows, 1, total, trans=transposed, lower=1, overwrite_c=1
    )


def blocks(n: int, size: int, most: int) -> Iterator[slice]:
    """Cut `n` things of `size` bytes each into slices of at most `most` bytes, or of one thing."""
    width = max(1, most // max(1, size))
    for first in range(0, n, width):
        yield slice(first, min(first + width, n))


def float64(values: object, X: Array) -> Array:
    """Give numbers in float64, where `X` is."""
    if is_tensor(X):
        xp = namespace(X)
        return xp.as_tensor(values, dtype=xp.float64, device=X.device)
    return np.asarray(values, dtype=np.float64)
