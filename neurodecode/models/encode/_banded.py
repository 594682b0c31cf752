"""The last stage of banded ridge: features in bands, side by side for each delay."""

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.needs import Needs
from neurodecode.linalg.banded_ridge import (
    BandedChoice,
    banded_cross_validated,
    banded_generalized,
    banded_two_stage,
    banded_weights,
    draw_shares,
)
from neurodecode.linalg.variance_parts import (
    predictions_by_band,
    product_measure,
    restricted_shares,
    unique_variance,
)
from neurodecode.metrics.regression import r2_of_targets
from neurodecode.models import _flat
from neurodecode.models.encode import _inner
from neurodecode.models.encode._inner import Cv

_WHO = "encode.banded_ridge"
_DRAWS = 15  # a band


class Banded(RegressorMixin, BaseEstimator):
    """Ridge regression with a penalty a band; arguments and references as `encode.banded_ridge`.

    Attributes
    ----------
    shares_ : ndarray, shape (n_bands, n_targets)
        Of each target; they sum to 1.
    alpha_, cv_score_ : ndarray, shape (n_targets,)
    coef_ : ndarray, shape (n_targets, n_features)
        0 for a band at a delay that it does not have.
    intercept_, mean_ : ndarray, shape (n_targets,)
    feature_mean_ : ndarray, shape (n_features,)
    band_ : ndarray of int, shape (n_features,)
    """

    needs = Needs(
        targets=("brain", "vector", "value"),
        training_columns=_inner.COLUMNS,
        training_columns_if_there=_inner.IF_THERE,
    )
    version: ClassVar[int] = 2

    def __init__(
        self,
        bands: Mapping[str, int] | tuple[str, ...] | None = None,
        delays: tuple[int, ...] | Mapping[str, tuple[int, ...]] | None = None,
        alphas: tuple[float, ...] = (),
        cv: Cv | None = None,
        n_splits: int | None = None,
        gap: int | None = None,
        n_draws: int | None = None,
        search: Literal["two_stage", "folds"] = "two_stage",
        scoring: Literal["r2", "r", "mse"] = "r2",
        precision: Literal["float32", "float64"] = "float32",
        random_state: int = 0,
    ):
        self.bands = bands
        self.delays = delays
        self.alphas = alphas
        self.cv: Cv | None = cv
        self.n_splits = n_splits
        self.gap = gap
        self.n_draws = n_draws
        self.search: Literal["two_stage", "folds"] = search
        self.scoring: Literal["r2", "r", "mse"] = scoring
        self.precision: Literal["float32", "float64"] = precision
        self.random_state = random_state

    @property
    def union(self) -> tuple[int, ...] | None:
        """All delays that a band has; None: those that the step takes by default."""
        if not isinstance(self.delays, Mapping):
            return self.delays
        return tuple(sorted({delay for some in self.delays.values() for delay in some}))

    def check_rows(self, rows: pd.DataFrame) -> None:
        """Hold the way in which penalties are chosen to training rows, as `encode.ridge` does."""
        self._sizes()
        if _inner.check_cv(self.cv, rows, _WHO) == "runs":
            _inner.run_folds(rows, self.n_splits, _WHO)

    def fit(self, X, y, rows: pd.DataFrame | None = None):
        """Fit on rows of features; as `encode.ridge`.

        Raises
        ------
        ConfigError
            If bands do not have as many features as there are.
        """
        cv = _inner.check_cv(self.cv, rows, _WHO)
        X, Y = self._checked(X, y)
        self.band_, kept = self._bands(X.shape[1])
        folds = None if cv == "gcv" else self._folds(cv, X, Y, rows)
        self.cv_, self.folds_ = cv, folds
        shares = draw_shares(self.n_bands_, self._n_draws(), seed=self.random_state)
        found = self._chosen(X[:, kept], self.band_[kept], Y, shares)
        if found.warning is not None:
            warnings.warn(f"{_WHO}: {found.warning}", UserWarning, stacklevel=2)
        self.flags_ = () if found.warning is None else ("grid_edge",)
        weights, intercept = banded_weights(
            X[:, kept], self.band_[kept], Y, found, gram=self.precision
        )
        self.coef_ = np.zeros((Y.shape[1], X.shape[1]), dtype=self.precision)
        self.coef_[:, kept] = np.asarray(weights).T
        self.intercept_ = np.asarray(intercept)
        self.shares_ = found.shares[found.share_of].T
        self.alpha_, self.cv_score_ = found.alpha, found.score
        self.progress_ = found.progress
        self.mean_ = Y.mean(axis=0, dtype=np.float64)
        self.feature_mean_ = X.mean(axis=0, dtype=np.float64)
        return self

    def predict(self, X):
        """Tell targets, shape (n_rows, n_targets), or (n_rows,) where one was learnt as such."""
        said = _flat.tested(self, X).astype(np.float64) @ self.coef_.T + self.intercept_
        said = np.asarray(said, dtype=self.dtype_)
        return said[:, 0] if self.one_ else said

    def by_band(self, X: np.ndarray) -> dict[str, np.ndarray]:
        """Tell what each band adds to the mean of the training targets, as `predict` is shaped."""
        check_is_fitted(self)
        X = _flat.tested(self, X).astype(np.float64)
        said = predictions_by_band(self.feature_mean_, X, self.band_, self.coef_.T)
        return dict(zip(self._sizes(), said[..., 0] if self.one_ else said, strict=True))

    def parts(self, X: np.ndarray, y: Any) -> pd.DataFrame:
        """Part R² into what bands add; see `BandedRidge.parts`."""
        true, said = _columns(y), np.stack(list(self.by_band(X).values()))
        found = product_measure(true, said.reshape(len(said), *true.shape), self.mean_)
        table = pd.DataFrame(found.parts.T, columns=pd.Index(self._sizes()))
        return table.assign(offset=found.offset, r2=found.total)

    def unique(
        self, X: np.ndarray, y: Any, new: np.ndarray, y_new: Any, rows: pd.DataFrame | None
    ) -> pd.DataFrame:
        """Say what is lost without each band; see `BandedRidge.unique`."""
        true, dtype = _columns(y_new), self.precision
        Y, X = _columns(y).astype(dtype), np.asarray(X).astype(dtype)
        full = r2_of_targets(true, np.asarray(Banded.predict(self, new)).reshape(true.shape))
        shares = draw_shares(self.n_bands_, self._n_draws(), seed=self.random_state)
        _, kept = self._bands(X.shape[1])
        without = []
        for one in range(self.n_bands_):
            left = kept & (self.band_ != one)
            others = [band for band in range(self.n_bands_) if band != one]
            fewer = restricted_shares(shares, others)[:, others]
            found = self._chosen(X[:, left], self.band_[left], Y, fewer)
            weights, shift = banded_weights(X[:, left], self.band_[left], Y, found, gram=dtype)
            said = np.asarray(new, dtype=np.float64)[:, left] @ np.asarray(weights)
            without.append(r2_of_targets(true, said + np.asarray(shift)))
        unique, shared = unique_variance(full, np.stack(without))
        return pd.DataFrame(unique.T, columns=pd.Index(self._sizes())).assign(
            shared=shared, r2=full
        )

    @property
    def n_bands_(self) -> int:
        """How many bands there are."""
        return len(self._sizes())

    def _sizes(self) -> Mapping[str, int]:
        sizes = self.bands
        if not isinstance(sizes, Mapping) or not sizes or min(sizes.values()) < 1:
            raise ConfigError(
                f"{_WHO}: bands are {self.bands}. Give names and numbers of features, in the order "
                "of the columns, as in bands: {low: 20, high: 40}."
            )
        return sizes

    def _n_draws(self) -> int:
        return _DRAWS * self.n_bands_ if self.n_draws is None else self.n_draws

    def _bands(self, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Give the band of each column, and which columns are of a delay that their band has."""
        sizes = self._sizes()
        one = np.repeat(np.arange(len(sizes)), list(sizes.values()))
        if n_columns % len(one):
            raise DataError(
                f"{_WHO}: {n_columns} features, and bands of {len(one)} "
                f"({', '.join(f'{name} {n}' for name, n in sizes.items())}). Correct bands."
            )
        band = np.tile(one, n_columns // len(one))
        kept = np.ones(n_columns, dtype=bool)
        if isinstance(self.delays, Mapping):
            at = np.repeat(np.array(self.union), len(one))
            for i, name in enumerate(sizes):
                kept &= (band != i) | np.isin(at, self.delays[name])
        return band, kept

    def _checked(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        several: Any = {"allow_nd": True, "multi_output": True, "y_numeric": True}
        X, y = map(np.asarray, validate_data(self, X, y, **several, ensure_min_samples=2))
        self.one_ = np.ndim(y) == 1
        self.dtype_ = np.float32 if y.dtype == np.float32 else np.float64
        X = np.reshape(X, (len(X), -1)).astype(self.precision)
        return X, np.reshape(y, (len(X), -1)).astype(self.precision)

    def _folds(self, cv: Cv, X: np.ndarray, Y: np.ndarray, rows: pd.DataFrame | None) -> Any:
        if cv == "runs" and rows is not None:
            return _inner.run_folds(rows, self.n_splits, _WHO)
        return _inner.block_folds(rows, self.n_splits, self.gap, (X, Y), self.union)[0]

    def _chosen(
        self, X: np.ndarray, band: np.ndarray, Y: np.ndarray, shares: np.ndarray
    ) -> BandedChoice:
        """Search shares and penalties by the folds of the training rows, or by GCV."""
        if self.folds_ is None:
            return banded_generalized(X, band, Y, self.alphas, shares, gram=self.precision)
        how = banded_two_stage if self.search == "two_stage" else banded_cross_validated
        options: Any = {"score": self.scoring, "gram": self.precision}
        return how(X, band, Y, self.alphas, shares, self.folds_, **options)


def _columns(y: Any) -> np.ndarray:
    y = np.asarray(y, dtype=np.float64)
    return y.reshape(len(y), -1)
