"""Features in bands, and sums of their products, of which every weighing of the bands is made."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._centred_rows import FEATURES, CentredRows, blocks, float64, with_products
from neurodecode.linalg._namespace import Array, as_floats, astype, namespace
from neurodecode.linalg._ridge_folds import Folds, mirrored
from neurodecode.linalg.ridge import RidgeSolver


@dataclass(frozen=True, eq=False)
class Bands:
    """Rows of features that fall into bands.

    Parameters
    ----------
    rows : CentredRows
    band : ndarray of int, shape (n_features,)
        Of each feature, from 0 on.
    products : list of ndarray or Tensor
        Of rows, one matrix (n_rows, n_rows) a band; or of features, one for all
        (n_features, n_features), where features are not more than rows.
    rounding : float
        Relative precision in which they were summed.
    """

    rows: CentredRows
    band: np.ndarray
    products: list[Array]
    rounding: float

    @staticmethod
    def of(X: Any, band: Any, gram: str) -> "Bands":
        """Sum products of rows band by band, or of features where those are not more.

        Raises
        ------
        DataError
            If not each feature has a band.
        """
        X, labels = as_floats(X), np.asarray(band)
        if labels.shape != (X.shape[1],):
            raise DataError(
                f"banded ridge: {X.shape[1]} features, and bands of {labels.shape}. Name the band "
                "of each feature."
            )
        which = np.unique(labels, return_inverse=True)[1].ravel()
        rows = CentredRows.of(X, standardise=False, sample_weight=None)
        dtype, rounding = getattr(namespace(X), gram), float(np.finfo(gram).eps)
        if not rows.dual:
            return Bands(rows, which, [mirrored(rows.products(dtype))], rounding)
        products = []
        for one in range(which.max() + 1):
            total = astype(float64(np.zeros((len(X), len(X)), order="F"), X), dtype)
            columns = np.flatnonzero(which == one)
            for at in blocks(len(columns), 8 * len(X), FEATURES):
                total = with_products(total, rows.read(slice(None), columns[at], dtype))
            products.append(mirrored(total))
        return Bands(rows, which, products, rounding)

    @property
    def n_bands(self) -> int:
        """How many bands there are."""
        return int(self.band.max()) + 1

    def weighed(self, shares: np.ndarray) -> Folds:
        """Give rows whose bands are scaled by the roots of shares, shape (n_bands,).

        A band of share 0 has products of 0, which are no components.
        """
        gain = float64(np.sqrt(shares)[self.band], self.rows.mean)
        rows = replace(self.rows, gain=gain)
        if not rows.dual:
            products = astype(self.products[0], gain.dtype) * gain
            products *= gain[:, None]
            return Folds(rows, products, self.rounding)
        total = 0 * astype(self.products[0], gain.dtype)
        for share, one in zip(shares, self.products, strict=True):
            if share > 0:
                total += float(share) * one
        return Folds(rows, total, self.rounding)

    def solver(self, shares: np.ndarray) -> RidgeSolver:
        """Decompose all rows, their bands weighed."""
        weighed = self.weighed(shares)
        return RidgeSolver.of_products(weighed.rows, weighed.products, self.rounding)
