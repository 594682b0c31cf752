"""Ridge regression from features of what was shown to many voxels, a penalty each."""

import warnings
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.needs import Needs
from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_choice import generalized_errors
from neurodecode.linalg.ridge_cv import Score, best_penalty, cross_validated, edge_warning
from neurodecode.linalg.ridge_left_out import left_out_errors
from neurodecode.models import _flat
from neurodecode.models.encode import _inner
from neurodecode.models.encode._inner import Cv

_WHO = "encode.ridge"


class Ridge(RegressorMixin, BaseEstimator):
    """Tell many voxels from features, each voxel with the penalty that tells left-out rows best.

    How rows are left out must be said where they are a series, which is where most of them begin
    when the one before ends: volumes of a run, windows that overlap. Their neighbours are near
    copies, so GCV, which leaves out one row at a time, is refused there.

    Parameters
    ----------
    alphas : tuple of float
        Penalties to choose from, above zero, in the unit of the sum of squares: scale the features
        first, as with the step `scale`. Of one alone nothing is left out.
    cv : {"runs", "blocked", "gcv"} or None
        What is left out of the training rows when penalties are chosen: whole runs, those that show
        a stimulus in common together; stretches of time, with a guard gap; or one row at a time,
        in closed form, rows of one stimulus together. None: ``gcv``, of rows that are no series.
    n_splits : int or None
        Parts that are left out, of runs or of blocks. None: each run once, or five blocks.
    gap : int or None
        Rows on both sides of a block that are trained on no more. None: as many as it takes until
        features, and what is told, are like what they were by less than .05.
    delays : tuple of int or None
        By how many rows a step before this one has delayed features: the gap is no shorter. None:
        by those that the step `delays` takes by default.
    null : bool
        Whether an infinite penalty is among those to choose from: of a voxel that nothing tells
        the mean is told, in place of noise.
    alpha_per_target : bool
        Whether each voxel has a penalty of its own; else the one that tells all best.
    scoring : {"r2", "r", "mse"}
        Of left-out runs or blocks, averaged over them.
    precision : {"float32", "float64"}
        Of products; they are decomposed in float64.

    Attributes
    ----------
    alpha_ : ndarray, shape (n_targets,)
        Infinite for a voxel that nothing tells, or that is constant.
    cv_score_ : ndarray, shape (n_targets,)
        Score of left-out rows with it, which chose it and is no result; NaN of a constant voxel.
    cv_ : str
        How rows were left out; ``none`` where there was nothing to choose.
    gap_ : int
        Of blocks.
    coef_ : ndarray, shape (n_targets, n_features), or None
        None where training rows and targets are smaller, which are then kept instead: see
        `weights`.
    intercept_ : ndarray, shape (n_targets,), or None
    mean_ : ndarray, shape (n_targets,)
    flags_ : tuple of str
        ``constant:3/300`` where three of 300 voxels do not vary in training, ``grid_edge`` where
        more than a tenth have the smallest or the largest penalty that is finite.

    References
    ----------
    Hoerl & Kennard 1970, doi 10.1080/00401706.1970.10488634; Dupre la Tour et al. 2022,
    doi 10.1016/j.neuroimage.2022.119728.
    """

    needs = Needs(
        targets=("brain", "vector", "value"),
        training_columns=_inner.COLUMNS,
        training_columns_if_there=_inner.IF_THERE,
    )
    version: ClassVar[int] = 1

    def __init__(
        self,
        alphas: tuple[float, ...] = tuple(float(alpha) for alpha in np.logspace(0, 7, 15)),
        cv: Cv | None = None,
        n_splits: int | None = None,
        gap: int | None = None,
        delays: tuple[int, ...] | None = (),
        null: bool = True,
        alpha_per_target: bool = True,
        scoring: Literal["r2", "r", "mse"] = "r2",
        precision: Literal["float32", "float64"] = "float32",
    ):
        self.alphas = alphas
        self.cv: Cv | None = cv
        self.n_splits = n_splits
        self.gap = gap
        self.delays = delays
        self.null = null
        self.alpha_per_target = alpha_per_target
        self.scoring: Score = scoring
        self.precision: Literal["float32", "float64"] = precision

    def check_rows(self, rows: pd.DataFrame) -> None:
        """Hold the way in which penalties are chosen to training rows: before anything is fitted.

        Parameters
        ----------
        rows : DataFrame
            ``recording start stop``, and ``stimulus`` where it is known.

        Raises
        ------
        ConfigError
            If how rows are left out is not said of a series, or there are fewer runs than folds.
        LeakError
            If a series would be left out row by row.
        """
        if len(self._alphas()) > 1 and _inner.check_cv(self.cv, rows, _WHO) == "runs":
            _inner.run_folds(rows, self.n_splits, _WHO)

    def fit(self, X, y, rows: pd.DataFrame | None = None):
        """Fit on rows of features.

        Parameters
        ----------
        X : ndarray, shape (n_rows, …)
            Axes beyond the first are flattened.
        y : ndarray, shape (n_rows,) or (n_rows, n_targets)
        rows : DataFrame, optional
            Columns ``recording start stop``, and ``stimulus`` where it is known. Without it rows
            are taken for no series.

        Raises
        ------
        ConfigError, LeakError
            As `check_rows`.
        DataError
            If a number is not finite.
        """
        alphas = self._alphas()
        choosing = len(alphas) > 1
        cv = _inner.check_cv(self.cv, rows, _WHO) if choosing else "gcv"
        X, Y = _inner.as_columns(self, X, y, rows, _WHO)
        self.gap_, self.cv_ = 0, cv if choosing else "none"
        sharing = None if self.alpha_per_target else np.zeros(Y.shape[1], dtype=np.intp)
        varies = np.ptp(Y, axis=0) > 0
        flags = [] if varies.all() else [f"constant:{int((~varies).sum())}/{len(varies)}"]
        solver = RidgeSolver.of(X, gram=self.precision)
        if not choosing:
            alpha, told = np.full(Y.shape[1], alphas[0]), np.full(Y.shape[1], np.nan)
        elif cv == "gcv":
            alpha, told = self._generalized(solver, Y, alphas, sharing, rows)
        else:
            found = cross_validated(
                X, Y, alphas, self._folds(cv, X, Y, rows), score=self.scoring, sharing=sharing,
                gram=self.precision,
            )  # fmt: skip
            alpha, told = found.alpha, found.cv_score
        self.alpha_, self.cv_score_ = (
            np.where(varies, alpha, np.inf),
            np.where(varies, told, np.nan),
        )
        said = edge_warning(alpha[varies], alphas)
        if said is not None:
            warnings.warn(f"{_WHO}: {said}", UserWarning, stacklevel=2)
            flags.append("grid_edge")
        self.flags_ = tuple(flags)
        return self._kept(solver, Y)

    def predict(self, X):
        """Tell targets, shape (n_rows, n_targets), or (n_rows,) where one was learnt as such."""
        X = np.asarray(_flat.tested(self, X), dtype=np.float64)
        if self.coef_ is not None:
            said = X @ self.coef_.T + self.intercept_
        else:
            said = self.solver_.predict(X.astype(self.precision), self.targets_, self.alpha_)
        return _inner.as_answered(self, said)

    def weights(self, targets: Any = slice(None)) -> np.ndarray:
        """Give weights of some targets, shape (n_features, n_targets), in targets' unit."""
        check_is_fitted(self)
        if self.coef_ is not None:
            return self.coef_[targets].T
        found, _ = self.solver_.weights(self.targets_[:, targets], self.alpha_[targets])
        return np.asarray(found)

    def _alphas(self) -> np.ndarray:
        alphas = _inner.candidates(self.alphas, _WHO, null=False)
        return _inner.candidates(alphas, _WHO, null=self.null) if len(alphas) > 1 else alphas

    def _folds(self, cv: Cv, X: np.ndarray, Y: np.ndarray, rows: pd.DataFrame | None) -> Any:
        if cv == "runs" and rows is not None:
            return _inner.run_folds(rows, self.n_splits, _WHO)
        splits, self.gap_ = _inner.block_folds(rows, self.n_splits, self.gap, (X, Y), self.delays)
        return splits

    def _generalized(self, solver, Y, alphas, sharing, rows) -> tuple[np.ndarray, np.ndarray]:
        """Choose by leaving out row by row, in closed form; rows of one stimulus together."""
        shown = _inner.stimuli_of(rows)
        if shown is None or len(np.unique(shown)) == len(shown):
            errors = generalized_errors(solver, Y, alphas)
        else:
            errors = left_out_errors(solver, Y, alphas, groups=shown)
        variance = np.maximum(Y.var(axis=0, dtype=np.float64), np.finfo(np.float64).tiny)
        scores = 1 - errors / variance
        best = best_penalty(np.where(np.isfinite(scores), scores, -1e300), alphas, sharing)
        return alphas[best], scores[best, np.arange(Y.shape[1])]

    def _kept(self, solver: RidgeSolver, Y: np.ndarray) -> "Ridge":
        """Keep weights, or where these are larger the rows and targets that give them."""
        self.mean_ = Y.mean(axis=0, dtype=np.float64)
        self.coef_: Any = None
        self.solver_: Any = None
        self.intercept_: Any = None
        self.targets_: Any = None
        n_features = solver.rows.X.shape[1]
        if n_features * Y.shape[1] <= solver.rows.X.size + Y.size + solver.left.size:
            weights, intercept = solver.weights(Y, self.alpha_)
            self.coef_ = np.ascontiguousarray(np.asarray(weights).T)
            self.intercept_ = np.asarray(intercept)
        else:
            self.solver_, self.targets_ = solver, Y
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
