"""Ridge regression of many targets: one decomposition of the rows for all penalties and targets.

Weights of many features and many targets are larger than anything else there is (12 GB for 15,724
voxels and 197,376 numbers), and nothing needs them: predictions are a small matrix of test rows by
training rows times the training targets, which are read in blocks of columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import linalg

from neurodecode.core.errors import DataError
from neurodecode.core.maps import read_columns, release
from neurodecode.linalg._centred_rows import FEATURES, CentredRows, blocks, float64
from neurodecode.linalg._namespace import (
    Array,
    as_floats,
    as_numpy,
    astype,
    is_tensor,
    like,
    namespace,
    new_empty,
)

BLOCK = 2**28  # bytes of a block of targets, with all that is made of it
MADE = 7  # arrays of the size of a block of targets that exist at a time
_LARGE = 2000  # rows or features: of more, the quicker decomposition takes too much memory


@dataclass(frozen=True, eq=False)
class RidgeSolver:
    """Training rows, decomposed once: from it every penalty and every target is solved.

    Rows and targets are centred by their training means, so the intercept bears no penalty.
    Penalties are in the unit of the sum of squares, as scikit-learn's; an infinite one leaves the
    mean of the training targets. What is made of targets has the precision of the features.

    Parameters
    ----------
    rows : CentredRows
        The training rows, as they were handed in.
    values : ndarray or Tensor, shape (n_components,)
        Squared singular values in float64, the smallest first, without those that rounding made.
    left : ndarray or Tensor, shape (n_rows, n_components)
        Left singular vectors.
    right : ndarray or Tensor, shape (n_features, n_components), or None
        Right singular vectors; None where there are fewer rows than features.
    outside : ndarray or Tensor, shape (n_rows,)
        Share of each row that is neither in the components nor in the mean: 1 less its leverage
        without penalty.

    References
    ----------
    Hoerl & Kennard 1970, doi 10.1080/00401706.1970.10488634; Saunders, Gammerman & Vovk 1998,
    Proc. ICML, 515-521 (the dual form).
    """

    rows: CentredRows
    values: Array
    left: Array
    right: Array | None
    outside: Array

    @staticmethod
    def of(
        X: Any,
        *,
        standardise: bool = False,
        sample_weight: np.ndarray | None = None,
        gram: Literal["float64", "float32"] = "float64",
    ) -> "RidgeSolver":
        """Decompose training rows: products of rows where those are fewer, else of features.

        Parameters
        ----------
        X : ndarray or Tensor, shape (n_rows, n_features)
            Of float32 or float64; others become float64. It is read in blocks, so that it may be a
            memory map, and is kept by reference.
        standardise : bool
            Whether each column is divided by its standard deviation; a constant one becomes 0.
        sample_weight : ndarray, shape (n_rows,), or None
            Above zero: how much the squared error of a row counts; None is 1 each.
        gram : {"float64", "float32"}
            Precision in which products are summed; they are decomposed in float64.

        Raises
        ------
        DataError
            If a feature is not finite.
        """
        X = as_floats(X)
        rows = CentredRows.of(X, standardise, sample_weight)
        products = rows.products(getattr(namespace(X), gram))
        return RidgeSolver.of_products(rows, products, float(np.finfo(gram).eps))

    @staticmethod
    def of_products(rows: CentredRows, products: Array, rounding: float) -> "RidgeSolver":
        """Decompose rows of which products are known.

        Parameters
        ----------
        rows : CentredRows
        products : ndarray or Tensor, shape (n_rows, n_rows) or (n_features, n_features)
            Of rows where those are fewer, else of features; the lower triangle is read, and may be
            overwritten.
        rounding : float
            Relative precision in which they were summed.

        Raises
        ------
        DataError
            If one is not finite.
        """
        X = rows.X
        values, vectors = spectrum(products, rounding)
        del products
        if rows.dual:
            left, right = astype(vectors, X.dtype), None
            inside = (vectors**2).sum(1)
        else:
            left, right = new_empty(X, (len(X), len(values))), astype(vectors, X.dtype)
            inside = float64(np.zeros(len(X)), X)
            for at in blocks(len(X), 8 * X.shape[1], FEATURES):
                part = rows.read(at, slice(None), values.dtype) @ vectors / values**0.5
                left[at], inside[at] = astype(part, X.dtype), (part**2).sum(1)
        outside = 1 - _share_of_mean(rows) - inside
        # Where the components are all there can be, what is left is rounding.
        outside = outside.clip(0) if len(values) < len(X) - 1 else 0 * outside
        return RidgeSolver(rows, values, left, right, outside)

    def hat(self, X: Any, alpha: float) -> Array:
        """Give what each training row adds to predictions, under one penalty.

        Parameters
        ----------
        X : ndarray or Tensor, shape (n_new, n_features)
        alpha : float

        Returns
        -------
        H : ndarray or Tensor, shape (n_new, n_rows)
            Predictions are mean + H (Y - mean), whatever the targets.
        """
        H = self._hat(self.components(X), alpha)
        root = self.rows.root
        return H if root is None else H * astype(root, H.dtype)

    def predict(
        self,
        X: Any,
        Y: Any,
        alpha: float | np.ndarray,
        *,
        out: np.ndarray | None = None,
        block: int = BLOCK,
    ) -> Array:
        """Predict targets, reading those of the training rows in blocks of columns.

        Parameters
        ----------
        X : ndarray or Tensor, shape (n_new, n_features)
        Y : ndarray or Tensor, shape (n_rows, n_targets)
            Of the training rows; a memory map, and float16, if need be.
        alpha : float or ndarray, shape (n_targets,)
        out : ndarray, shape (n_new, n_targets), or None
            Where to write, such as a memory map; None makes an array.
        block : int
            Bytes of a block of targets, with all that is made of it.

        Returns
        -------
        predictions : ndarray or Tensor, shape (n_new, n_targets)
            `out`, where it is given.
        """
        like_X, n_targets = self.rows.X, Y.shape[1]
        seen, each = self.components(X), per_target(alpha, n_targets)
        several, which = np.unique(each, return_inverse=True)
        # Test rows by training rows, once a penalty, or weights of components, once a target.
        n_new, n, r = len(seen), len(self.left), len(self.values)
        by_hat = n_new * n * (len(several) * r + n_targets) < (n + n_new) * r * n_targets
        hats = [self._hat(seen, one) for one in several] if by_hat else []
        made = new_empty(like_X, (n_new, n_targets)) if out is None else out
        for at, centred, mean in self.targets(Y, block):
            if by_hat:
                said = new_empty(like_X, (n_new, len(mean)))
                for i in np.unique(which[at]):
                    mine = np.flatnonzero(which[at] == i) if len(several) > 1 else slice(None)
                    said[:, mine] = hats[i] @ centred[:, mine]
            else:
                said = seen @ self.solved(centred, each[at])
            said += astype(mean, said.dtype)
            made[:, at] = said if is_tensor(made) else as_numpy(said)
            release(made)
        return made

    def weights(self, Y: Any, alpha: float | np.ndarray) -> tuple[Array, Array]:
        """Give weights and intercepts, in the unit of the features, of as many targets as asked.

        Parameters
        ----------
        Y : ndarray or Tensor, shape (n_rows, n_targets)
            Of the training rows; of some targets, where those of all take too much memory.
        alpha : float or ndarray, shape (n_targets,)

        Returns
        -------
        weights : ndarray or Tensor, shape (n_features, n_targets)
        intercept : ndarray or Tensor, shape (n_targets,)
        """
        rows = self.rows
        weights = new_empty(rows.X, (rows.X.shape[1], Y.shape[1]))
        intercept = new_empty(rows.X, (Y.shape[1],))
        each, gain = per_target(alpha, Y.shape[1]), astype(rows.gain, weights.dtype)[:, None]
        for at, centred, mean in self.targets(Y):
            told = self.solved(centred, each[at])
            if self.right is None:
                found = gain * rows.transposed_times(self.left @ told)
            else:
                found = gain * (self.right @ (astype(self.values**0.5, told.dtype)[:, None] * told))
            weights[:, at] = found
            shift = mean - rows.mean @ astype(found, rows.mean.dtype)
            intercept[at] = astype(shift, weights.dtype)
        return weights, intercept

    def components(self, X: Any) -> Array:
        """Give what new rows hold of each component, times its singular value.

        Parameters
        ----------
        X : ndarray or Tensor, shape (n_new, n_features)

        Returns
        -------
        seen : ndarray or Tensor, shape (n_new, n_components)
        """
        rows = self.rows
        new = CentredRows(like(X, rows.X), rows.mean, rows.gain, None)
        if self.right is None:
            return new.times(rows) @ self.left
        whole = new.read(slice(None), slice(None), rows.X.dtype)
        return whole @ self.right * astype(self.values**0.5, rows.X.dtype)

    def targets(self, Y: Any, block: int = BLOCK) -> Iterator[tuple[slice, Array, Array]]:
        """Read targets in blocks of columns, centred and weighted as the rows are.

        Parameters
        ----------
        Y : ndarray or Tensor, shape (n_rows, n_targets)
        block : int
            Bytes of a block, with all that is made of it.

        Yields
        ------
        at : slice
            Of the columns.
        centred : ndarray or Tensor, shape (n_rows, n_block)
        mean : ndarray or Tensor, shape (n_block,)
            In float64.
        """
        X = self.rows.X
        for at in blocks(Y.shape[1], MADE * len(X) * X.itemsize, block):
            yield at, *self.centred(like(read_columns(Y, at), X))

    def centred(self, Y: Array) -> tuple[Array, Array]:
        """Centre targets by their mean, and weight them as the rows are; give both.

        Parameters
        ----------
        Y : ndarray or Tensor, shape (n_rows, n_targets)
            In the precision of the features.

        Returns
        -------
        centred : ndarray or Tensor, shape (n_rows, n_targets)
        mean : ndarray or Tensor, shape (n_targets,)
            In float64.
        """
        xp, root = namespace(Y), self.rows.root
        if root is None:
            mean = xp.mean(Y, 0, dtype=xp.float64)
            return Y - astype(mean, Y.dtype), mean
        mean = root**2 @ astype(Y, xp.float64) / (root**2).sum()
        return (Y - astype(mean, Y.dtype)) * astype(root, Y.dtype)[:, None], mean

    def solved(self, centred: Array, alpha: float | np.ndarray) -> Array:
        """Give weights of components of a block of targets, shape (n_components, n_block)."""
        told = self.left.T @ centred
        told *= astype(self.divided(alpha), told.dtype)
        return told

    def divided(self, alpha: float | np.ndarray) -> Array:
        """Give 1 / (value + alpha), shape (n_components, 1) or (n_components, n_block)."""
        return 1 / (self.values[:, None] + float64(np.atleast_1d(alpha), self.values))

    def _hat(self, seen: Array, alpha: float) -> Array:
        return (seen * astype(self.divided(alpha)[:, 0], seen.dtype)) @ self.left.T


def spectrum(products: Array, rounding: float) -> tuple[Array, Array]:
    """Decompose sums of products, without the components that rounding alone has made.

    Parameters
    ----------
    products : ndarray or Tensor, shape (n, n)
        Symmetric, of which the lower triangle is read; it may be overwritten.
    rounding : float
        Relative precision in which they were summed.

    Returns
    -------
    values : ndarray or Tensor, shape (n_components,)
        Eigenvalues in float64, the smallest first; each is above n times the rounding of the
        largest.
    vectors : ndarray or Tensor, shape (n, n_components)

    Raises
    ------
    DataError
        If one is not finite.
    """
    xp = namespace(products)
    if not bool(xp.isfinite(products.sum())):
        raise DataError(
            "ridge: a feature or a target is not finite, or too large to be squared. Leave out "
            "rows and columns that hold NaN or infinity."
        )
    products = astype(products, xp.float64)
    if is_tensor(products):
        values, vectors = xp.linalg.eigh(products)  # reads the lower triangle too
    else:
        driver = "evr" if len(products) > _LARGE else "evd"
        order = np.asfortranarray(products)
        options = {"driver": driver, "overwrite_a": True, "check_finite": False}
        values, vectors = linalg.eigh(order, lower=True, **options)
    first = int((values <= max(float(values[-1]), 0.0) * len(values) * rounding).sum())
    return values[first:], vectors[:, first:]


def per_target(alpha: float | np.ndarray, n_targets: int) -> np.ndarray:
    """Give the penalty of each target, shape (n_targets,)."""
    return np.full(n_targets, alpha, dtype=np.float64)


def _share_of_mean(rows: CentredRows) -> Any:
    """Share of each row that the mean takes: 1 / n where all count alike."""
    return 1 / len(rows.X) if rows.root is None else rows.root**2 / (rows.root**2).sum()
