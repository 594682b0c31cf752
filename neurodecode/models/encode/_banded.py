"""The last stage of banded ridge: features in bands, side by side for each delay."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.core.space import Space
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

WHO = "encode.banded_ridge"
_DRAWS = 15  # a band


class BandedOptions(BaseEstimator):
    """Arguments of banded ridge, of the model and of its last stage; see `encode.banded_ridge`."""

    def __init__(
        self,
        bands: Mapping[str, int] | tuple[str, ...] | None = None,
        delays: tuple[int, ...] | Mapping[str, tuple[int, ...]] | None = None,
        alphas: tuple[float, ...] = tuple(float(alpha) for alpha in np.logspace(0, 7, 15)),
        cv: Cv | None = None,
        n_splits: int | None = None,
        gap: int | None = None,
        n_draws: int | None = None,
        search: Literal["two_stage", "folds"] = "two_stage",
        scoring: Literal["r2", "r", "mse"] = "r2",
        precision: Literal["float32", "float64"] = "float32",
        random_state: int = 0,
        drop_one: bool = False,
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
        self.drop_one = drop_one


class Banded(RegressorMixin, BandedOptions):
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
    one_ : bool
        Whether it learnt one target, handed over as such.
    without_coef_, without_intercept_ : ndarray, shape (n_bands, …)
        As `coef_` and `intercept_`, fitted without each band, where `drop_one`.
    """

    one_: bool
    # Arguments of a null, of which nothing but answers is looked at.
    of_null: ClassVar[Mapping[str, bool]] = {"drop_one": False}
    needs = Needs(
        targets=("brain", "vector", "value"),
        training_columns=_inner.COLUMNS,
        training_columns_if_there=_inner.IF_THERE,
    )
    version: ClassVar[int] = 3

    @property
    def union(self) -> tuple[int, ...] | None:
        """All delays that a band has; None: those that the step takes by default."""
        if not isinstance(self.delays, Mapping):
            return self.delays
        return tuple(sorted({delay for some in self.delays.values() for delay in some}))

    def check_space(self, space: Space) -> None:
        """Hold features to the numbers that bands have, which `plan` does before any is read.

        Raises
        ------
        ConfigError
            If they are others, or delays are named for other bands.
        """
        sizes = self._sizes()
        self.check_delays(sizes)
        if len(space) not in (0, sum(sizes.values())):  # none: they are not computed yet
            raise ConfigError(self._misfit(len(space)))

    def check_delays(self, bands: Iterable[str]) -> None:
        """Hold the names of delays to those of bands.

        Raises
        ------
        ConfigError
            If they are others.
        """
        known = dict.fromkeys(bands)
        if isinstance(self.delays, Mapping) and set(self.delays) != set(known):
            raise ConfigError(
                f"{WHO}: delays are named for {', '.join(self.delays)}, and the bands are "
                f"{', '.join(known)}. Name those of each band."
            )

    def check_rows(self, rows: pd.DataFrame) -> None:
        """Hold the way in which penalties are chosen to training rows, as `encode.ridge` does."""
        self._sizes()
        if _inner.check_cv(self.cv, rows, WHO) == "runs":
            _inner.run_folds(rows, self.n_splits, WHO)

    def fit(self, X, y, rows: pd.DataFrame | None = None):
        """Fit on rows of features; as `encode.ridge`.

        Raises
        ------
        ConfigError
            If bands do not have as many features as there are.
        """
        cv = _inner.check_cv(self.cv, rows, WHO)
        X, Y = _inner.as_columns(self, X, y, rows, WHO)
        self.band_, kept = self._bands(X.shape[1])
        folds = None if cv == "gcv" else self._folds(cv, X, Y, rows)
        self.cv_, self.folds_ = cv, folds
        shares = draw_shares(self.n_bands_, self._n_draws(), seed=self.random_state)
        found = self._chosen(X[:, kept], self.band_[kept], Y, shares)
        if found.warning is not None:
            warnings.warn(f"{WHO}: {found.warning}", UserWarning, stacklevel=2)
        self.flags_ = () if found.warning is None else ("grid_edge",)
        self.coef_, self.intercept_ = self._weights(X, kept, Y, found)
        self.shares_ = found.shares[found.share_of].T
        self.alpha_, self.cv_score_ = found.alpha, found.score
        self.progress_ = found.progress
        self.mean_ = Y.mean(axis=0, dtype=np.float64)
        self.feature_mean_ = X.mean(axis=0, dtype=np.float64)
        if self.drop_one:
            self._drop_each(X, kept, Y, shares)
        return self

    def predict(self, X):
        """Tell targets, shape (n_rows, n_targets), or (n_rows,) where one was learnt as such."""
        said = _flat.tested(self, X).astype(np.float64) @ self.coef_.T + self.intercept_
        return _inner.as_answered(self, said)

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

    def without_band(self, X: np.ndarray) -> dict[str, np.ndarray]:
        """Tell targets without each band, as `predict` is shaped; empty unless `drop_one`."""
        check_is_fitted(self)
        if not self.drop_one:
            return {}
        X = _flat.tested(self, X).astype(np.float64)
        fitted = zip(self._sizes(), self.without_coef_, self.without_intercept_, strict=True)
        return {
            name: _inner.as_answered(self, X @ coef.T + intercept)
            for name, coef, intercept in fitted
        }

    def unique(self, X: np.ndarray, y: Any) -> pd.DataFrame:
        """Say what is lost without each band; see `BandedRidge.unique`."""
        true, without = _columns(y), self.without_band(X)
        if not without:
            raise ConfigError(
                f"{WHO}: what is lost without a band is known of a model that was fitted without "
                "it too. Say drop_one: true, and fit it again."
            )
        full = r2_of_targets(true, np.reshape(self.predict(X), true.shape))
        less = [r2_of_targets(true, one.reshape(true.shape)) for one in without.values()]
        unique, shared = unique_variance(full, np.stack(less))
        return pd.DataFrame(unique.T, columns=pd.Index(without)).assign(shared=shared, r2=full)

    @property
    def n_bands_(self) -> int:
        """How many bands there are."""
        return len(self._sizes())

    def _sizes(self) -> Mapping[str, int]:
        sizes = self.bands
        if not isinstance(sizes, Mapping) or not sizes or min(sizes.values()) < 1:
            raise ConfigError(
                f"{WHO}: bands are {self.bands}. Give names and numbers of features, in the order "
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
            raise ConfigError(self._misfit(n_columns))
        band = np.tile(one, n_columns // len(one))
        kept = np.ones(n_columns, dtype=bool)
        if isinstance(self.delays, Mapping):
            at = np.repeat(np.array(self.union), len(one))
            for i, name in enumerate(sizes):
                kept &= (band != i) | np.isin(at, self.delays[name])
        return band, kept

    def _misfit(self, n_columns: int) -> str:
        sizes = self._sizes()
        said = ", ".join(f"{name} {n}" for name, n in sizes.items())
        return (
            f"{WHO}: {n_columns} features, and bands of {sum(sizes.values())} ({said}). Correct "
            "bands."
        )

    def _folds(self, cv: Cv, X: np.ndarray, Y: np.ndarray, rows: pd.DataFrame | None) -> Any:
        if cv == "runs" and rows is not None:
            return _inner.run_folds(rows, self.n_splits, WHO)
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

    def _weights(
        self, X: np.ndarray, kept: np.ndarray, Y: np.ndarray, found: BandedChoice
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give weights of all columns, 0 of those that are not kept, and intercepts."""
        weights, intercept = banded_weights(
            X[:, kept], self.band_[kept], Y, found, gram=self.precision
        )
        coef = np.zeros((Y.shape[1], X.shape[1]), dtype=self.precision)
        coef[:, kept] = np.asarray(weights).T
        return coef, np.asarray(intercept)

    def _drop_each(
        self, X: np.ndarray, kept: np.ndarray, Y: np.ndarray, shares: np.ndarray
    ) -> None:
        """Fit without each band, the same shares searched among the others."""
        self.without_coef_ = np.zeros((self.n_bands_, *self.coef_.shape), dtype=self.precision)
        # Without the only band, all that is told is the mean.
        self.without_intercept_ = np.tile(self.mean_, (self.n_bands_, 1))
        for one in range(self.n_bands_ if self.n_bands_ > 1 else 0):
            left = kept & (self.band_ != one)
            others = [band for band in range(self.n_bands_) if band != one]
            fewer = restricted_shares(shares, others)[:, others]
            found = self._chosen(X[:, left], self.band_[left], Y, fewer)
            self.without_coef_[one], self.without_intercept_[one] = self._weights(X, left, Y, found)


def _columns(y: Any) -> np.ndarray:
    y = np.asarray(y, dtype=np.float64)
    return y.reshape(len(y), -1)
