"""Penalties of ridge regressions of many targets, chosen by telling folds from the other rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.maps import read_columns
from neurodecode.linalg._centred_rows import blocks
from neurodecode.linalg._held_out import HeldOut, Score
from neurodecode.linalg._namespace import Array, as_floats, as_numpy, astype, like, namespace
from neurodecode.linalg._ridge_folds import Folds
from neurodecode.linalg.ridge import BLOCK
from neurodecode.linalg.ridge_choice import check_alphas

TILE = 512  # targets that are told at a time, of many rows fewer
_NUMBERS = 2**22  # of a tile
_TIE = 1e-10  # relative: of penalties whose scores differ by less, the largest
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
        Penalties above zero, in the unit of the sum of squares. An infinite one tells the mean of
        the training rows; where it is offered, a target has it unless another has an R² above 0.
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
        Predictions under all penalties are mixtures of as few as tell what each penalty leaves of
        each component to this part of the most that it leaves; 0 predicts once a penalty.
    keep_folds : bool
        Whether the scores of each fold are wanted.
    block : int
        Bytes of a block of targets, with all that is made of it.

    Returns
    -------
    choice : RidgeChoice

    Raises
    ------
    ConfigError
        If a penalty is not above zero, or there is none.
    DataError
        If a number is not finite, there is no split, or arguments do not fit one another.
    """
    X, values = as_floats(X), check_alphas(alphas, "ridge")
    splits = list(splits)
    if len(Y) != len(X):
        raise DataError(f"ridge: {len(X)} rows of features, and {len(Y)} of targets. Give as many.")
    check_finite(Y, block)
    if not splits:
        raise DataError("ridge: there is no fold to leave out. Give two folds or more.")
    scores, kept = fold_scores(
        Folds.of(X, gram), Y, values, splits, score, tol=tol, keep_folds=keep_folds, block=block
    )
    best = best_penalty(judged_scores(scores, values, score), values, sharing)
    alpha, columns = values[best], np.arange(Y.shape[1])
    each = None if kept is None else kept[:, best, columns]
    told = scores[best, columns]
    return RidgeChoice(alpha, told, scores, each, edge_warning(alpha[~np.isnan(told)], values))


def fold_scores(
    folds: Folds,
    Y: Any,
    alphas: np.ndarray,
    splits: Sequence[tuple[np.ndarray, np.ndarray]],
    score: Score,
    *,
    tol: float,
    keep_folds: bool = False,
    block: int = BLOCK,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Score left-out rows under each penalty; arguments as `cross_validated` has them.

    Returns
    -------
    scores : ndarray, shape (n_alphas, n_targets)
        Mean over folds; NaN for a target that does not vary.
    kept : ndarray, shape (n_folds, n_alphas, n_targets), or None
    """
    X = folds.rows.X
    kept = np.empty((len(splits), len(alphas), Y.shape[1])) if keep_folds else None
    sums, counts = np.zeros((len(alphas), Y.shape[1])), np.zeros(Y.shape[1])
    for i, (train, test) in enumerate(splits):
        fold = folds.fold(train, test)
        held = HeldOut.of(fold.values, fold.seen, alphas, tol)
        n_made = 4 * len(X) + len(held.seen) * (len(held.curves) + 3)
        for at, read in tiles(Y, held.seen, n_made, block):
            centred, mean = centred_targets(read[train])
            true = read[test]
            varies = as_numpy((true != true[:1]).any(0))
            del read  # before the next is read
            found = held.scores(folds.told(fold, train, centred), true - mean, score)
            del centred, true
            found[:, ~varies] = np.nan
            counts[at] += varies
            sums[:, at] += np.nan_to_num(found)
            if kept is not None:
                kept[i, :, at] = found
        del fold, held  # before the next is decomposed
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan), kept


def judged_scores(scores: np.ndarray, alphas: np.ndarray, score: Score) -> np.ndarray:
    """Give scores by which a penalty is chosen: the highest is best."""
    judged = -scores if score == "mse" else scores.copy()
    if score == "r2":  # what tells a fold worse than the fold's own mean tells nothing
        judged[np.isinf(alphas)] = np.where(np.isnan(scores[0]), np.nan, 0.0)
    return judged


def tiles(Y: Any, X: Array, n_made: int, block: int) -> Iterator[tuple[slice, Array]]:
    """Read blocks of targets, and give a few columns at a time, cut alike whatever the block.

    Products of matrices round by their size, so that results would depend on the memory at hand.

    Parameters
    ----------
    Y : ndarray or Tensor, shape (n_rows, n_targets)
    X : ndarray or Tensor
        Of the kind and precision to give.
    n_made : int
        Numbers that are made of a target.
    block : int
        Bytes of a block, with all that is made of it; of less than a tile, a tile.

    Yields
    ------
    at : slice
        Of the columns.
    values : ndarray or Tensor, shape (n_rows, n_tile)
    """
    width = max(1, min(TILE, _NUMBERS // len(Y)))
    for several in blocks(-(-Y.shape[1] // width), width * n_made * X.itemsize, block):
        first, last = several.start * width, min(several.stop * width, Y.shape[1])
        read = read_columns(Y, slice(first, last))
        for start in range(first, last, width):
            stop = min(start + width, last)
            yield slice(start, stop), like(read[:, start - first : stop - first], X)
        del read


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
    most = means.max(axis=0)
    return order[np.argmax(means >= most - _TIE * np.abs(most), axis=0)]


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


def check_finite(Y: Any, block: int) -> None:
    """Refuse targets that are not finite, and say which; a memory map is read in blocks.

    Raises
    ------
    DataError
        If one is not.
    """
    xp = namespace(Y)
    for at in blocks(Y.shape[1], len(Y) * (Y.itemsize + 1), block):
        finite = as_numpy(xp.isfinite(read_columns(Y, at)))
        if not finite.all():
            wrong = at.start + np.flatnonzero(~finite.all(axis=0))
            row = int(np.flatnonzero(~finite[:, wrong[0] - at.start])[0])
            raise DataError(
                f"ridge: target {wrong[0]} (counted from 0) is not finite in row {row}, and so "
                f"are {len(wrong) - 1} targets after it. Leave out targets or rows that hold NaN "
                "or infinity."
            )


def centred_targets(Y: Array) -> tuple[Array, Array]:
    """Take the mean over rows from targets, and give it too."""
    xp = namespace(Y)
    mean = astype(xp.mean(Y, 0, dtype=xp.float64), Y.dtype)
    return Y - mean, mean
