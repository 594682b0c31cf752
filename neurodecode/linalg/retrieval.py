"""Places and nearest neighbours by inner product, in blocks: the whole matrix is never there.

Products of float32 are summed in float32 and are off by rounding. Pairs that are too near each
other to tell so are multiplied again in float64, so places are exact all the same.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._namespace import Array, as_numpy, astype, is_tensor, namespace

ROUNDING = 1e-12  # of the lengths' product: inner products that are nearer are equal
_N_QUERIES, _N_CANDIDATES = 512, 4096  # of a block: 8 MB of float32, products at full speed
_MOST_AT_ONCE = 2**21  # numbers of pairs that are multiplied again: 16 MB of float64


@dataclass(frozen=True, eq=False)
class Retrieved:
    """What a gallery has for each query.

    Parameters
    ----------
    better : ndarray of int, shape (n_queries,)
        Entries of a larger inner product than the query's own one.
    alike : ndarray of int, shape (n_queries,)
        Entries of the same, the own one among them where the gallery holds it.
    nearest : ndarray of int, shape (n_queries, n_nearest)
        Entries of the largest inner products, the largest first.
    products : ndarray, shape (n_queries, n_nearest)
        Theirs.
    """

    better: np.ndarray
    alike: np.ndarray
    nearest: np.ndarray
    products: np.ndarray


def retrieve(
    queries: Array,
    gallery: Array,
    own: Array | None = None,
    *,
    n_nearest: int = 0,
    tolerance: float = ROUNDING,
) -> Retrieved:
    """Place each query's own product among those with a gallery, and find its nearest entries.

    Parameters
    ----------
    queries : array, shape (n_queries, n)
        Of numpy or torch, in float64, float32 or float16; memory maps are read block by block.
    gallery : array, shape (n_entries, n)
    own : array, shape (n_queries,), optional
        Product of each query with what is its own, as `own_products` gives; nothing is placed
        without.
    n_nearest : int
        How many entries are found; entries of equal products come in their order. Of float32 they
        are ordered as its products say.
    tolerance : float
        Products that differ by less, as a share of the query's length times the greatest length of
        the gallery, are equal.

    Returns
    -------
    found : Retrieved
        Of numpy, whatever came in. Beside `better` the mid-rank is ``better + (alike + 1) / 2``,
        the first being 1.

    Raises
    ------
    DataError
        If sizes differ, or an entry is no finite number.

    Notes
    -----
    Beyond the data it takes some 60 MB, and 16 bytes a query and neighbour.
    """
    xp, dtype = namespace(queries, gallery), _precision(queries, gallery)
    lengths, longest = _checked(queries, gallery, n_nearest)
    n_queries, n = queries.shape
    n_nearest = min(n_nearest, len(gallery))
    better, alike = np.zeros((2, n_queries), dtype=np.int64)
    nearest = np.zeros((n_queries, n_nearest), dtype=np.int64)
    products = np.zeros((n_queries, n_nearest))
    unsure = n * np.finfo(_named(dtype)).eps  # twice the bound of a sum of n products
    for start in range(0, n_queries, _N_QUERIES):
        mine = slice(start, start + _N_QUERIES)
        asked = astype(queries[mine], dtype)
        scale = lengths[mine] * longest
        best = _Best(n_nearest)
        for first in range(0, len(gallery), _N_CANDIDATES):
            entries = astype(gallery[first : first + _N_CANDIDATES], dtype)
            found = asked @ entries.T  # (n_queries of the block, n_entries of it)
            if own is not None:
                held = _Held(asked, entries, xp, as_numpy(own[mine]).astype(np.float64))
                more, same = held.count(found, scale * tolerance, scale * unsure)
                better[mine] += more
                alike[mine] += same
            if n_nearest:
                best.take(found, first)
        if n_nearest:
            nearest[mine], products[mine] = best.entries, best.products
    return Retrieved(better, alike, nearest, products)


def own_products(queries: Array, gallery: Array, which: np.ndarray | None = None) -> np.ndarray:
    """Give the inner product of each query with one entry of a gallery, summed in float64.

    Parameters
    ----------
    queries : array, shape (n_queries, n)
    gallery : array, shape (n_entries, n)
    which : ndarray of int, shape (n_queries,), optional
        The entry of each query; the first of the first, and so on, without.

    Returns
    -------
    products : ndarray, shape (n_queries,)
    """
    xp = namespace(queries, gallery)
    which = np.arange(len(queries)) if which is None else np.asarray(which)
    return _paired(queries, gallery, np.arange(len(queries)), which, xp)


def every_place(
    products: np.ndarray, columns: np.ndarray | None = None, tolerance: float = ROUNDING
) -> tuple[np.ndarray, np.ndarray]:
    """Place entries of a row among all of the row, each as if it were the query's own.

    Parameters
    ----------
    products : ndarray, shape (n_queries, n_entries)
    columns : ndarray of int, shape (n_placed,), optional
        Entries that are placed; all without.
    tolerance : float
        Products that differ by less are equal.

    Returns
    -------
    better, alike : ndarray of int, shape (n_queries, n_placed)
        As in `Retrieved`.
    """
    n = products.shape[1]
    placed = products if columns is None else products[:, columns]
    better = np.empty(placed.shape, dtype=np.int32)
    alike = np.empty_like(better)
    for i, (row, own) in enumerate(zip(products, placed, strict=True)):
        order = np.sort(row)
        better[i] = n - np.searchsorted(order, own + tolerance, side="right")
        alike[i] = n - np.searchsorted(order, own - tolerance, side="left") - better[i]
    return better, alike


class _Held:
    """Entries of a block, held against the own products of its queries."""

    def __init__(self, queries: Array, entries: Array, xp: Any, own: np.ndarray):
        self._queries, self._entries, self._xp, self._own = queries, entries, xp, own

    def count(
        self, found: Array, tolerance: np.ndarray, unsure: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Count entries of larger products, and of equal ones, row by row."""
        high, low = self._own + tolerance, self._own - tolerance
        more = found > self._column(high + unsure, found)
        near = (found >= self._column(low - unsure, found)) ^ more
        better = as_numpy(more.sum(1)).astype(np.int64)
        row, column = (as_numpy(one) for one in self._xp.where(near))
        if len(row) > near.shape[0] * near.shape[1] // 64:  # as where all answers are alike
            exact = as_numpy(_double(self._queries) @ _double(self._entries).T)[row, column]
        else:
            exact = _paired(self._queries, self._entries, row, column, self._xp)
        larger, as_large = exact > high[row], exact >= low[row]
        n_rows = len(better)
        better += np.bincount(row[larger], minlength=n_rows)
        return better, np.bincount(row[as_large & ~larger], minlength=n_rows)

    def _column(self, bounds: np.ndarray, found: Array) -> Array:
        """Bounds of the rows as a column of the kind and precision of `found`."""
        if not is_tensor(found):
            return bounds.astype(found.dtype)[:, None]
        return self._xp.as_tensor(bounds, dtype=found.dtype, device=found.device)[:, None]


class _Best:
    """The entries of the largest products so far, for each query of a block."""

    def __init__(self, n_nearest: int):
        self._n = n_nearest
        self.entries = np.zeros((0, 0), dtype=np.int64)
        self.products = np.zeros((0, 0))

    def take(self, found: Array, first: int) -> None:
        """Look at the products with further entries, of which `first` is the first."""
        n_rows, xp = len(found), namespace(found)
        if self.products.shape[1] < self._n:
            there = found >= _least(found, min(self._n, found.shape[1]))
        else:  # of equal products the earlier entry stays
            last = self.products[:, -1:]
            there = found > (found.new_tensor(last) if is_tensor(found) else last)
        row, column = (as_numpy(one) for one in xp.where(there))
        kept = self.products.shape[1]
        rows = np.concatenate([np.repeat(np.arange(n_rows), kept), row])
        entries = np.concatenate([self.entries.ravel(), column + first])
        products = np.concatenate([self.products.ravel(), as_numpy(found[row, column])])
        order = np.lexsort((entries, -products, rows))
        begins = np.searchsorted(rows[order], np.arange(n_rows))
        kept_now = order[begins[:, None] + np.arange(min(self._n, kept + found.shape[1]))]
        self.entries, self.products = entries[kept_now], products[kept_now]


def _least(found: Array, n: int) -> Array:
    """Least of the `n` largest of each row, as a column."""
    if is_tensor(found):
        return found.topk(n, dim=1).values[:, -1:]
    return np.partition(found, -n, axis=1)[:, -n, None]


def _paired(queries: Array, gallery: Array, row: np.ndarray, column: np.ndarray, xp) -> np.ndarray:
    """Products of pairs in float64, as many at once as fit."""
    products = np.empty(len(row))
    n_at_once = max(1, _MOST_AT_ONCE // queries.shape[1])
    for start in range(0, len(row), n_at_once):
        mine = slice(start, start + n_at_once)
        both = _double(queries[row[mine]]), _double(gallery[column[mine]])
        products[mine] = as_numpy(xp.einsum("ij,ij->i", *both))
    return products


def _double(X: Array) -> Array:
    return X.double() if is_tensor(X) else X.astype(np.float64, copy=False)


def _precision(queries: Array, gallery: Array) -> Any:
    """Float64 where one of both is, float32 where neither is finer."""
    xp = namespace(queries, gallery)
    small = (xp.float32, xp.float16)
    return xp.float32 if all(X.dtype in small for X in (queries, gallery)) else xp.float64


def _named(dtype: Any) -> str:
    return "float32" if "float32" in str(dtype) else "float64"


def _checked(queries: Array, gallery: Array, n_nearest: int) -> tuple[np.ndarray, float]:
    """Lengths of the queries, and the greatest of the gallery; all are finite."""
    if queries.ndim != 2 or gallery.ndim != 2 or queries.shape[1] != gallery.shape[1]:
        raise DataError(
            f"queries of shape {tuple(queries.shape)} for a gallery of shape "
            f"{tuple(gallery.shape)}; vectors of one size are wanted, a row each."
        )
    if len(gallery) == 0 or n_nearest < 0:
        raise DataError(f"{n_nearest} nearest of a gallery of {len(gallery)} entries: none is.")
    lengths, others = _lengths(queries, "queries"), _lengths(gallery, "gallery")
    return lengths, float(others.max())


def _lengths(X: Array, name: str) -> np.ndarray:
    found = [
        as_numpy((_double(X[i : i + _N_QUERIES]) ** 2).sum(1)) for i in range(0, len(X), _N_QUERIES)
    ]
    squares = np.concatenate(found) if found else np.zeros(0)
    if not np.isfinite(squares).all():
        bad = int(np.flatnonzero(~np.isfinite(squares))[0])
        raise DataError(f"{name}: row {bad} holds NaN or infinity, which has no place.")
    return np.sqrt(squares)
