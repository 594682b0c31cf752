"""Training rows of folds, decomposed from products of all rows that are summed once."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodecode.linalg._centred_rows import FEATURES, CentredRows, blocks, float64
from neurodecode.linalg._namespace import Array, astype, namespace
from neurodecode.linalg.ridge import spectrum


@dataclass(frozen=True, eq=False)
class Fold:
    """A fold's training rows, decomposed, and what its left-out rows hold of their components.

    Parameters
    ----------
    values : ndarray or Tensor, shape (n_components,)
        Squared singular values in float64.
    vectors : ndarray or Tensor, shape (n_train, n_components) or (n_features, n_components)
        Left singular vectors in the dual form, right ones otherwise.
    seen : ndarray or Tensor, shape (n_test, n_components)
        Components of the left-out rows, times their singular values.
    """

    values: Array
    vectors: Array
    seen: Array


@dataclass(frozen=True, eq=False)
class Folds:
    """All rows, and the sums of their products of which each fold's are a part.

    Parameters
    ----------
    rows : CentredRows
        About the mean of all rows: products of rows far from zero would lose their digits.
    products : ndarray or Tensor, shape (n_rows, n_rows) or (n_features, n_features)
        The smaller of both; its upper half too.
    rounding : float
        Relative precision in which they were summed.
    """

    rows: CentredRows
    products: Array
    rounding: float

    @staticmethod
    def of(X: Any, gram: str) -> "Folds":
        """Sum products of rows, or of features where those are fewer."""
        rows = CentredRows.of(X, standardise=False, sample_weight=None)
        products = rows.products(getattr(namespace(X), gram))
        return Folds(rows, mirrored(products), float(np.finfo(gram).eps))

    def fold(self, train: np.ndarray, test: np.ndarray) -> Fold:
        """Decompose some rows, and look at others."""
        if self.rows.dual:
            return dual_fold(self.products, train, test, self.rounding, self.rows.X.dtype)
        rows, dtype = self.rows, self.products.dtype
        kept, mean = train_products(rows, self.products, train)
        values, vectors = spectrum(kept, self.rounding)
        del kept
        vectors = astype(vectors, rows.X.dtype)
        new = rows.read(test, slice(None), dtype) - astype(mean, dtype)
        seen = astype(new, rows.X.dtype) @ vectors * astype(values**0.5, rows.X.dtype)
        return Fold(values, vectors, seen)

    def told(self, fold: Fold, train: np.ndarray, centred: Array) -> Array:
        """Give products of left singular vectors and targets, shape (n_block, n_components).

        Parameters
        ----------
        fold : Fold
        train : ndarray of int, shape (n_train,)
        centred : ndarray or Tensor, shape (n_train, n_block)
            Targets of the training rows, about their mean.
        """
        if self.rows.dual:
            return centred.T @ fold.vectors
        projected = targets_by_features(self.rows, train, centred) @ fold.vectors
        return projected / astype(fold.values**0.5, projected.dtype)


def dual_fold(products: Array, train: np.ndarray, test: np.ndarray, rounding: float, dtype: Any):
    """Decompose the training rows of products of all rows, shape (n_rows, n_rows)."""
    xp = namespace(products)
    kept = astype(products[train][:, train], xp.float64)
    mean = kept.mean(0)
    new = astype(products[test][:, train], xp.float64)
    new -= new.mean(1)[:, None]
    new -= mean - mean.mean()
    kept -= mean
    kept -= (mean - mean.mean())[:, None]
    values, vectors = spectrum(kept, rounding)
    del kept
    vectors = astype(vectors, dtype)
    return Fold(values, vectors, astype(new, dtype) @ vectors)


def train_products(rows: CentredRows, products: Array, train: np.ndarray) -> tuple[Array, Array]:
    """Give products of features over some rows about their mean, and that mean; float64.

    They are those of all rows less those of the others, or summed anew where others are more.
    """
    xp, others = namespace(products), np.setdiff1d(np.arange(len(rows.X)), train)
    fewer = len(others) < len(train)
    summed = others if fewer else train
    total, sums = 0 * astype(products, xp.float64), 0.0
    for at in blocks(len(summed), 8 * rows.X.shape[1], FEATURES):
        part = rows.read(summed[at], slice(None), products.dtype)
        total += part.T @ part
        sums = sums + astype(part, xp.float64).sum(0)
    if fewer:
        total *= -1
        total += products
    mean = (-1 if fewer else 1) * sums / len(train) + float64(np.zeros(len(total)), total)
    total -= len(train) * mean[:, None] * mean
    return total, mean


def targets_by_features(rows: CentredRows, train: np.ndarray, centred: Array) -> Array:
    """Give products of targets and features over some rows, shape (n_block, n_features)."""
    total, dtype = 0, centred.dtype
    for at in blocks(len(train), centred.itemsize * rows.X.shape[1], FEATURES):
        total = total + centred[at].T @ rows.read(train[at], slice(None), dtype)
    return total


def mirrored(products: Array) -> Array:
    """Copy the lower half of a matrix to its upper half, in place; give the matrix."""
    for at in blocks(len(products), products.itemsize * len(products), FEATURES):
        corner = products[at, at]
        lower = namespace(products).tril(corner)
        products[at, at] = lower + namespace(products).tril(corner, -1).T
        products[at, at.stop :] = products[at.stop :, at].T
    return products
