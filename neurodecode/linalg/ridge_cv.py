"""Penalties of ridge regressions of many targets, chosen by telling folds from the other rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.maps import read_columns
from neurodecode.linalg._centred_rows import blocks
from neurodecode.linalg._namespace import Array, as_floats, as_numpy, astype, like, namespace
from neurodecode.linalg.ridge import BLOCK, MADE, RidgeSolver

Score = Literal["r2", "r", "mse"]
_TIE = 1e-10  # of penalties whose scores differ by less, the largest
_MANY = 0.1  # of the targets: more at the edge of the grid say that it is too narrow


@dataclass(frozen=True, eq=False)
class RidgeChoice:
    """A penalty for each target, and how well folds are told with it.

    Parameters
    ----------
    alpha : ndarray, shape (n_targets,)
        Infinite, or the largest, for a target that does not vary.
    cv_score : ndarray, shape (n_targets,)
        Mean over folds with that penalty; NaN for a target that does not vary.
    scores : ndarray, shape (n_alphas, n_targets)
        Mean over folds with each penalty, in the order in which they were given.
    fold_scores : ndarray, shape (n_folds, n_targets), or None
        With the chosen penalty; None where not asked for.
    warning : str or None
        What is odd about the choice, such as many targets at the edge of the grid.
    """

    alpha: np.ndarray
    cv_score: np.ndarray
    scores: np.ndarray
    fold_scores: np.ndarray | None
    warning: str | None


def cross_validated(
    X: Any,
    Y: Any,
    alphas: Sequence[float] | np.ndarray,
    splits: Iterable[tuple[np.ndarray, np.ndarray]],
    *,
    score: Score = "r2",
    sharing: np.ndarray | None = None,
    gram: Literal["float64", "float32"] = "float64",
    tol: float = 1e-5,
    keep_folds: bool = False,
    block: int = BLOCK,
) -> RidgeChoice:
    """Choose each target's penalty by how well folds are told from the other rows.

    Rows that follow each other in time are near copies: leave out whole runs of them
    (`neurodecode.linalg.splits`), and neither single rows nor shuffled ones.

    Parameters
    ----------
    X : ndarray or Tensor, shape (n_rows, n_features)
    Y : ndarray or Tensor, shape (n_rows, n_targets)
        A memory map if need be: read in blocks of columns, never copied whole nor written to.
    alphas : sequence of float
        Penalties above zero, in the unit of the sum of squares; an infinite one tells the mean of
        the training rows, and is what a target is given that nothing tells.
    splits : iterable of (train, test)
        Positions of rows.
    score : {"r2", "r", "mse"}
        Of each fold and target, then averaged over folds: 1 less the squared error in units of the
        fold's variance, Pearson's correlation (0 for constant predictions), or the mean squared
        error, of which the least is best. Folds in which a target is constant do not count.
    sharing : ndarray of int, shape (n_targets,), or None
        Targets of one number share the penalty of their best mean score; None: each has its own.
    gram : {"float64", "float32"}
        Precision in which products of rows are summed; they are decomposed in float64.
    tol : float
        Predictions under all penalties are mixtures of few, which are as many as are needed to say
        what each penalty leaves of each component to this relative precision; 0 predicts once a
        penalty.
    keep_folds : bool
        Whether the scores of each fold are wanted.
    block : int
        Bytes of a block of targets, with all that is made of it.

    Returns
    -------
    choice : RidgeChoice

    Raises
    ------
    DataError
        If a number is not finite, or there is no split.
    """
    X, values = as_floats(X), np.asarray(alphas, dtype=np.float64)
    splits = list(splits)
    check_finite(Y)
    if not splits:
        raise DataError("ridge: there is no fold to leave out. Give two folds or more.")
    kept = np.full((len(splits) if keep_folds else 0, len(values), Y.shape[1]), np.nan)
    sums, counts = np.zeros((len(values), Y.shape[1])), np.zeros(Y.shape[1])
    for i, (train, test) in enumerate(splits):
        solver = RidgeSolver.of(X[train], gram=gram)
        seen = solver.components(X[test])
        for at in blocks(Y.shape[1], MADE * len(X) * X.itemsize, block):
            read = like(read_columns(Y, at), seen)
            centred, mean = solver.centred(read[train])
            told, true = solver.left.T @ centred, read[test] - astype(mean, seen.dtype)
            said = (seen @ (astype(solver.divided(one), told.dtype) * told) for one in values)
            found = np.stack([_scored(true, one, score) for one in said])
            varies = as_numpy((read[test] != read[test[:1]]).any(0))
            found[:, ~varies] = np.nan
            counts[at] += varies
            sums[:, at] += np.nan_to_num(found)
            if keep_folds:
                kept[i, :, at] = found
    scores = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    best = best_penalty(scores if score != "mse" else -scores, values, sharing)
    alpha, columns = values[best], np.arange(Y.shape[1])
    folds = kept[:, best, columns] if keep_folds else None
    told = scores[best, columns]
    return RidgeChoice(alpha, told, scores, folds, edge_warning(alpha[~np.isnan(told)], values))


def best_penalty(
    scores: np.ndarray, alphas: np.ndarray, sharing: np.ndarray | None = None
) -> np.ndarray:
    """Say which penalty scores best, of those that do alike the largest.

    Parameters
    ----------
    scores : ndarray, shape (n_alphas, n_targets)
        NaN for a target that does not vary: it has no say, and the largest penalty.
    alphas : ndarray, shape (n_alphas,)
    sharing : ndarray of int, shape (n_targets,), or None
        Targets of one number share a penalty; None: each has its own.

    Returns
    -------
    best : ndarray of int, shape (n_targets,)
        Positions in `alphas`.
    """
    if sharing is None:
        means = scores
    else:
        which = np.unique(sharing, return_inverse=True)[1].ravel()
        weight = np.maximum(np.bincount(which, weights=~np.isnan(scores[0])), 1)
        means = np.stack([np.bincount(which, weights=np.nan_to_num(one)) for one in scores])
        means = (means / weight)[:, which]
    order = np.argsort(-alphas, kind="stable")
    means = np.nan_to_num(means[order])
    return order[np.argmax(means >= means.max(axis=0) - _TIE * np.abs(means).max(axis=0), axis=0)]


def edge_warning(chosen: np.ndarray, alphas: np.ndarray) -> str | None:
    """Say if many targets have the smallest or the largest penalty of a grid."""
    grid = np.unique(alphas)
    if len(grid) < 3 or len(chosen) == 0:
        return None
    said = []
    for edge, what, other in ((grid[0], "smallest", "smaller"), (grid[-1], "largest", "larger")):
        share = np.mean(chosen == edge)
        if share > _MANY and np.isfinite(edge):
            said.append(
                f"{share:.0%} of the targets have the {what} penalty, {edge:g}. Give {other} ones."
            )
    return " ".join(said) or None


def check_finite(Y: Any, block: int = BLOCK) -> None:
    """Refuse targets that are not finite, and say which; a memory map is read in blocks.

    Raises
    ------
    DataError
        If one is not.
    """
    xp = namespace(Y)
    for at in blocks(Y.shape[1], len(Y) * Y.itemsize, block):
        finite = as_numpy(xp.isfinite(read_columns(Y, at)))
        if not finite.all():
            wrong = at.start + np.flatnonzero(~finite.all(axis=0))
            row = int(np.flatnonzero(~finite[:, wrong[0] - at.start])[0])
            raise DataError(
                f"ridge: target {wrong[0]} (counted from 0) is not finite in row {row}, and so "
                f"are {len(wrong) - 1} targets after it. Leave out targets or rows that hold NaN "
                "or infinity."
            )


def _scored(true: Array, said: Array, score: Score) -> np.ndarray:
    """Score each target of a fold, shape (n_block,)."""
    true, said = (as_numpy(one).astype(np.float64) for one in (true, said))
    error, about = np.mean((true - said) ** 2, axis=0), true - true.mean(axis=0)
    if score == "mse":
        return error
    total = np.mean(about**2, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        if score == "r2":
            return 1 - error / total
        spread = np.mean((said - said.mean(axis=0)) ** 2, axis=0)
        return np.where(spread > 0, np.mean(about * said, axis=0) / np.sqrt(total * spread), 0.0)
