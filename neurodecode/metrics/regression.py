"""Scores of predicted values, and of vectors and brains: a mean over their targets.

A vector's targets are its entries, such as the pixels of a picture or the features of a word; a
brain's are its voxels, or the samples of its channels. A target whose truth is the same in all rows
that are scored together can be told neither well nor badly, so `r` and `r2` leave it out of their
mean.
"""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.metrics.metric import Candidates, metric, zero
from neurodecode.metrics.redrawn import r2_redrawn, r_redrawn

_KINDS = ("value", "vector", "brain")
# Of the largest size: what is nearer is equal but for rounding, and a correlation would be noise.
_ROUNDING = 1e-13


def r2_of_prior(true: np.ndarray, prior: np.ndarray, gallery: Candidates = None) -> float:
    """`r2` of always answering the mean of the training targets; NaN where that is unknown."""
    del gallery
    return _of_prior(_r2, true, prior)


def rmse_of_prior(true: np.ndarray, prior: np.ndarray, gallery: Candidates = None) -> float:
    """`rmse` of always answering the mean of the training targets; NaN where that is unknown."""
    del gallery
    return _of_prior(_rmse, true, prior)


def mae_of_prior(true: np.ndarray, prior: np.ndarray, gallery: Candidates = None) -> float:
    """`mae` of always answering the mean of the training targets; NaN where that is unknown."""
    del gallery
    return _of_prior(_mae, true, prior)


def r_of_targets(true: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """`r` of each target; NaN where its truth is constant."""
    true, pred = as_columns(true, pred)
    return np.where(_varies(true), correlations(true, pred), np.nan)


def r2_of_targets(true: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """`r2` of each target; NaN where its truth is constant."""
    true, pred = as_columns(true, pred)
    return 1 - share_of_variance(np.sum((true - pred) ** 2, axis=0), true)


def rmse_of_targets(true: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """`rmse` of each target."""
    true, pred = as_columns(true, pred)
    return np.sqrt(np.mean((true - pred) ** 2, axis=0))


def mae_of_targets(true: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """`mae` of each target."""
    true, pred = as_columns(true, pred)
    return np.mean(np.abs(true - pred), axis=0)


@metric(
    direction="up",
    range=(-1, 1),
    kinds=_KINDS,
    chance=zero,
    of_targets=r_of_targets,
    bounded_by="r",
    redrawn=r_redrawn,
)
def r(true, pred, *, scores=None, rows=None, gallery=None):
    """Pearson correlation over rows; of vectors, the plain mean over targets.

    A target whose truth varies and whose answers do not counts 0 in the mean. Chance is 0, but for
    folds that are pooled: the mean of a training set leans away from what was left out, and the
    correlation below zero. The shuffled null tells by how much.

    Parameters
    ----------
    true, pred : ndarray, shape (n,) or (n, n_targets)

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        If there is one row, or truth or answers are constant in every target.
    """
    del scores, rows, gallery
    true, pred = as_columns(true, pred)
    hold_to_varying(true, "truth is")
    hold_to_varying(pred, "predictions are")
    return float(np.nanmean(r_of_targets(true, pred)))


@metric(
    direction="up",
    range=(-np.inf, 1),
    kinds=_KINDS,
    chance=r2_of_prior,
    of_targets=r2_of_targets,
    bounded_by="r2",
    redrawn=r2_redrawn,
)
def r2(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of the truth's variance that is told: one less squared error over variance.

    The variance is about the mean of the rows scored together. Of vectors, the plain mean over
    targets. It is no square of `r`, and may be negative.

    Parameters
    ----------
    true, pred : ndarray, shape (n,) or (n, n_targets)

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        If there is one row, or the truth is constant in every target.
    """
    del scores, rows, gallery
    true, pred = as_columns(true, pred)
    hold_to_varying(true, "truth is")
    return _r2(true, pred)


@metric(
    direction="down",
    range=(0, np.inf),
    kinds=_KINDS,
    chance=rmse_of_prior,
    of_targets=rmse_of_targets,
)
def rmse(true, pred, *, scores=None, rows=None, gallery=None):
    """Root of the mean squared error, in the target's unit; of vectors, the mean over targets.

    The root is taken of each target before the mean.

    Parameters
    ----------
    true, pred : ndarray, shape (n,) or (n, n_targets)

    Returns
    -------
    score : float
    """
    del scores, rows, gallery
    return _rmse(*as_columns(true, pred))


@metric(
    direction="down",
    range=(0, np.inf),
    kinds=_KINDS,
    chance=mae_of_prior,
    of_targets=mae_of_targets,
)
def mae(true, pred, *, scores=None, rows=None, gallery=None):
    """Mean absolute error, in the target's unit; of vectors, the mean over targets.

    Its chance is that of the training mean, as ``baseline.mean_target`` answers; the median would
    reach a little less.

    Parameters
    ----------
    true, pred : ndarray, shape (n,) or (n, n_targets)

    Returns
    -------
    score : float
    """
    del scores, rows, gallery
    return _mae(*as_columns(true, pred))


def correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Pearson correlation of equal columns; 0 where one of them is constant.

    Parameters
    ----------
    one, other : ndarray, shape (n, n_columns)

    Returns
    -------
    r : ndarray, shape (n_columns,)
    """
    return np.clip(np.sum(unit_columns(one) * unit_columns(other), axis=0), -1, 1)


def unit_columns(X: np.ndarray) -> np.ndarray:
    """Centre columns and give them length 1; a constant column becomes 0.

    Parameters
    ----------
    X : ndarray, shape (n, n_columns)

    Returns
    -------
    Z : ndarray, shape (n, n_columns)
    """
    varies = _varies(X)
    # In parts of the largest size, so that squares of very small values do not vanish.
    centred = np.where(varies, X / np.where(varies, np.max(np.abs(X), axis=0), 1), 0.0)
    centred -= centred.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    return np.divide(centred, length, out=np.zeros_like(centred), where=varies)


def as_columns(true: np.ndarray, pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give truth and predictions as float64 of one column a target; refuse other shapes."""
    true, pred = np.asarray(true, dtype=np.float64), np.asarray(pred, dtype=np.float64)
    if true.shape != pred.shape:
        raise DataError(f"predictions of shape {pred.shape} for truth of shape {true.shape}")
    return true.reshape(len(true), -1), pred.reshape(len(pred), -1)


def hold_to_varying(X: np.ndarray, name: str) -> None:
    """Refuse a single row, and rows that differ in no target; `name` says what is, as "truth is".

    Raises
    ------
    DataError
    """
    if len(X) < 2:
        raise DataError("one row has no variance; score several together")
    if not _varies(X).any():
        raise DataError(f"the {name} constant among the {len(X)} rows scored together")


def _varies(X: np.ndarray) -> np.ndarray:
    return np.ptp(X, axis=0) > _ROUNDING * np.max(np.abs(X), axis=0)


def share_of_variance(squares: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Give sums of squares as a share of the truth's about its mean; NaN where that is constant."""
    about = np.sum((true - true.mean(axis=0)) ** 2, axis=0)
    return np.divide(squares, about, out=np.full(about.shape, np.nan), where=_varies(true))


def _r2(true: np.ndarray, pred: np.ndarray) -> float:
    return float(np.nanmean(r2_of_targets(true, pred)))


def _rmse(true: np.ndarray, pred: np.ndarray) -> float:
    return float(np.mean(rmse_of_targets(true, pred)))


def _mae(true: np.ndarray, pred: np.ndarray) -> float:
    return float(np.mean(mae_of_targets(true, pred)))


def _of_prior(score, true: np.ndarray, prior: np.ndarray) -> float:
    if len(prior) == 0:
        return float("nan")
    true = np.asarray(true, dtype=np.float64).reshape(len(true), -1)
    return score(true, np.tile(prior, (len(true), 1)))
