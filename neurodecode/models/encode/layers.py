"""Ridge regression from one layer of a network, chosen for each voxel within the training rows."""

import math
import warnings
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.core.space import Space
from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_cv import Score, cross_validated, edge_warning
from neurodecode.linalg.splits import Split, group_splits
from neurodecode.models import _flat
from neurodecode.models.encode import _inner

_WHO = "encode.layers"
_GROUP = "concept"  # such as a passage, whose sentences are left out together


class Layers(RegressorMixin, BaseEstimator):
    """Tell each voxel from the layer that tells its left-out training rows best.

    Features have an axis of layers, or of models: shape (n_rows, n_layers, n_features), as features
    of several layers (``layers: [1, 4, 8]``) have. Layer and penalty are chosen by inner folds of
    the training rows; then the chosen layer is fitted on all of them. The largest of several test
    scores is a selection, and larger than any of them deserves: this model is scored as one.

    Parameters
    ----------
    n_layers : int
    alphas : tuple of float
        Penalties to choose from, above zero.
    cv : {"runs", "blocked", "stimuli"}
        What is left out of the training rows: whole runs, those that show a stimulus in common
        together; stretches of time, with a guard gap; or stimuli, of rows that are no series, those
        of one ``concept`` together, such as sentences of a passage.
    n_splits : int or None
        Parts that are left out. None: each run once, five blocks, or five groups of stimuli, or as
        many as there are.
    gap : int or None
        Of blocks, as in `encode.ridge`.
    delays : tuple of int
        By how many rows a step before this one has delayed the features; empty for none.
    shared : bool
        Whether all voxels have the layer that tells them best on average.
    null : bool
        As in `encode.ridge`.
    scoring : {"r2", "r", "mse"}
        Of left-out parts, averaged over them.
    precision : {"float32", "float64"}

    Attributes
    ----------
    layer_ : ndarray of int, shape (n_targets,)
        From 0.
    alpha_ : ndarray, shape (n_targets,)
    profile_ : ndarray, shape (n_layers, n_targets)
        How well left-out training rows are told from each layer, with its best penalty: a profile
        to look at and no result, since layers and penalties were chosen by it. NaN of a constant
        voxel.
    flags_ : tuple of str
        ``chosen_of:4`` where a layer was chosen of four.

    References
    ----------
    Nested choice: Varma & Simon 2006, doi 10.1186/1471-2105-7-91.
    """

    needs = Needs(
        targets=("brain", "vector", "value"),
        training_columns=_inner.COLUMNS,
        training_columns_if_there=(*_inner.IF_THERE, _GROUP),
    )
    version: ClassVar[int] = 1

    def __init__(
        self,
        n_layers: int = 1,
        alphas: tuple[float, ...] = tuple(float(alpha) for alpha in np.logspace(0, 7, 15)),
        cv: Literal["runs", "blocked", "stimuli"] = "stimuli",
        n_splits: int | None = None,
        gap: int | None = None,
        delays: tuple[int, ...] = (),
        shared: bool = False,
        null: bool = True,
        scoring: Literal["r2", "r", "mse"] = "r2",
        precision: Literal["float32", "float64"] = "float32",
    ):
        self.n_layers = n_layers
        self.alphas = alphas
        self.cv: Literal["runs", "blocked", "stimuli"] = cv
        self.n_splits = n_splits
        self.gap = gap
        self.delays = delays
        self.shared = shared
        self.null = null
        self.scoring: Score = scoring
        self.precision: Literal["float32", "float64"] = precision

    def check_rows(self, rows: pd.DataFrame) -> None:
        """Hold how layers and penalties are chosen to training rows: before anything is fitted.

        Raises
        ------
        ConfigError
            If `cv` is not known, or there are fewer runs than folds.
        LeakError
            If stimuli would be left out of rows that follow each other in time.
        """
        self._alphas()
        if self._cv(rows) == "runs":
            _inner.run_folds(rows, self.n_splits, _WHO)

    def check_space(self, space: Space) -> None:
        """Hold features to so many layers, which `plan` does before any is read.

        Raises
        ------
        ConfigError
            If they have others.
        """
        if space.kind == "features" and len(space):  # else they are not computed yet
            self._check_layers(space.shape or (len(space),))

    def fit(self, X, y, rows: pd.DataFrame | None = None):
        """Choose a layer and a penalty for each target, and fit.

        Parameters
        ----------
        X : ndarray, shape (n_rows, n_layers, n_features), or (n_rows, n_layers * n_features)
            After the step `delays`: (n_rows, n_delays * n_layers * n_features), delays first.
        y : ndarray, shape (n_rows,) or (n_rows, n_targets)
        rows : DataFrame, optional
            Columns ``recording start stop``, and ``stimulus`` and ``concept`` where they are known.

        Raises
        ------
        ConfigError
            As `check_rows`; if features are not so many layers.
        """
        alphas, cv = self._alphas(), self._cv(rows)
        shape = np.asarray(X).shape[1:]
        X, Y = _inner.as_columns(self, X, y, rows, _WHO)
        layers = self._layers(X.reshape(len(X), *shape))
        splits = self._splits(cv, layers, Y, rows)
        found = [
            cross_validated(
                layer, Y, alphas, splits, score=self.scoring, gram=self.precision
            )
            for layer in layers
        ]  # fmt: skip
        self.profile_ = np.stack([one.cv_score for one in found])
        best = -self.profile_ if self.scoring == "mse" else self.profile_
        known = np.where(np.isfinite(best), best, -np.inf)
        if self.shared:
            told = np.where(np.isfinite(best), best, 0.0).mean(axis=1)
            self.layer_ = np.full(Y.shape[1], int(told.argmax()))
        else:
            self.layer_ = known.argmax(axis=0)
        alpha = np.stack([one.alpha for one in found])
        self.alpha_ = alpha[self.layer_, np.arange(Y.shape[1])]
        self.mean_ = Y.mean(axis=0, dtype=np.float64)
        self.fitted_ = {
            int(number): _fitted(layers[number], Y, self.alpha_, self.layer_ == number)
            for number in np.unique(self.layer_)
        }
        flags = [f"chosen_of:{self.n_layers}"] if self.n_layers > 1 else []
        said = edge_warning(self.alpha_[np.ptp(Y, axis=0) > 0], alphas)
        if said is not None:
            warnings.warn(f"{_WHO}: {said}", UserWarning, stacklevel=2)
            flags.append("grid_edge")
        self.flags_ = tuple(flags)
        return self

    def predict(self, X):
        """Tell targets, shape (n_rows, n_targets), or (n_rows,) where one was learnt as such."""
        layers = self._layers(np.asarray(_flat.tested(self, X), dtype=np.float64))
        said = np.empty((len(layers[0]), len(self.layer_)))
        for number, told in self.fitted_.items():
            said[:, self.layer_ == number] = told.predict(layers[number])
        return _inner.as_answered(self, said)

    def layer_profile(self) -> pd.DataFrame:
        """Give how left-out training rows are told from each layer, and how many targets chose it.

        Returns
        -------
        profile : DataFrame
            A row a layer: ``layer``, ``score`` (mean over targets that vary, in the unit of
            `scoring`) and ``share`` of the targets that are told from it. By these scores layers
            were chosen: compare layers with them, and report the score of the tested rows.
        """
        check_is_fitted(self)
        varies = np.isfinite(self.profile_).all(axis=0)
        known = self.profile_[:, varies]
        return pd.DataFrame(
            {
                "layer": np.arange(self.n_layers),
                "score": known.mean(axis=1) if varies.any() else np.full(self.n_layers, np.nan),
                "share": np.bincount(self.layer_, minlength=self.n_layers) / len(self.layer_),
            }
        )

    def choices(self) -> dict[str, np.ndarray]:
        """Give the layer of each target, from 0: what maps of the best layer are drawn of."""
        return {"layer": self.layer_}

    def _cv(self, rows: pd.DataFrame | None) -> str:
        known = ("runs", "blocked", "stimuli")
        if self.cv not in known:
            raise ConfigError(f"{_WHO}: cv is {self.cv!r}. Give one of {', '.join(known)}.")
        if self.cv == "stimuli":  # as random as GCV, and refused of a series as that is
            _inner.check_cv("gcv", rows, f"{_WHO}: cv: stimuli")
            return self.cv
        return _inner.check_cv(self.cv, rows, _WHO)

    def _alphas(self) -> np.ndarray:
        if self.n_layers < 1:
            raise ConfigError(f"{_WHO}: n_layers is {self.n_layers}. Give 1 or more.")
        return _inner.candidates(self.alphas, _WHO, null=self.null)

    def _layers(self, X: np.ndarray) -> list[np.ndarray]:
        """Give the features of each layer, at all delays, (n_rows, n_delays * n_features)."""
        n_delays = max(1, len(self.delays))
        self._check_layers(X.shape[1:], n_delays)
        parted = X.reshape(len(X), n_delays, self.n_layers, -1)
        return [
            np.ascontiguousarray(parted[:, :, i].reshape(len(X), -1)) for i in range(self.n_layers)
        ]

    def _check_layers(self, shape: tuple[int, ...], n_delays: int = 1) -> None:
        if len(shape) > 1 and self.n_layers > 1 and shape[0] != self.n_layers:
            raise ConfigError(
                f"{_WHO}: features have {shape[0]} layers, n_layers is {self.n_layers}."
            )
        n = math.prod(shape)
        if n % (n_delays * self.n_layers):
            raise ConfigError(
                f"{_WHO}: {n} features are no {self.n_layers} layers"
                f"{f' at {n_delays} delays' if n_delays > 1 else ''}. Correct n_layers or delays."
            )

    def _splits(
        self, cv: str, layers: list[np.ndarray], Y: np.ndarray, rows: pd.DataFrame | None
    ) -> list[Split]:
        if cv == "runs" and rows is not None:
            return _inner.run_folds(rows, self.n_splits, _WHO)
        if cv == "blocked":
            # The slowest layer asks for the longest gap.
            series = [*layers, Y]
            return _inner.block_folds(rows, self.n_splits, self.gap, series, self.delays)[0]
        if rows is not None and _GROUP in rows and bool(rows[_GROUP].notna().all()):
            shown = np.asarray(pd.factorize(rows[_GROUP])[0])
        else:
            shown = _inner.stimuli_of(rows)
        shown = np.arange(len(Y)) if shown is None else shown
        return group_splits(shown, self.n_splits or min(_inner.N_BLOCKS, len(np.unique(shown))))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


@dataclass(frozen=True, eq=False)
class _Fitted:
    """A ridge regression from one layer: weights, or where these are larger what gives them."""

    alpha: np.ndarray
    weights: np.ndarray | None
    intercept: np.ndarray | None
    solver: RidgeSolver | None
    targets: np.ndarray | None

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Tell the targets of this layer, shape (n_rows, n_targets)."""
        if self.weights is not None:
            return X @ self.weights + self.intercept
        assert self.solver is not None and self.targets is not None
        return self.solver.predict(X.astype(self.targets.dtype), self.targets, self.alpha)


def _fitted(X: np.ndarray, Y: np.ndarray, alpha: np.ndarray, mine: np.ndarray) -> _Fitted:
    solver = RidgeSolver.of(X, gram=str(X.dtype))  # pyright: ignore[reportArgumentType] one of two
    targets, alpha = np.ascontiguousarray(Y[:, mine]), alpha[mine]
    if X.shape[1] * targets.shape[1] > X.size + targets.size + solver.left.size:
        return _Fitted(alpha, None, None, solver, targets)
    weights, intercept = solver.weights(targets, alpha)
    return _Fitted(alpha, np.asarray(weights), np.asarray(intercept), None, None)
