"""Patterns: the mean of each condition, in each run."""

from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._namespace import as_floats
from neurodecode.linalg.groups import group_sums


@dataclass(frozen=True, eq=False)
class Patterns:
    """Mean of each condition, in each run.

    Parameters
    ----------
    means : ndarray, shape (n_runs, n_conditions, n_channels)
        Without runs ``(n_conditions, n_channels)``. NaN where a run lacks a condition.
    counts : ndarray of int, shape (n_runs, n_conditions)
        Rows that each mean is of; without runs ``(n_conditions,)``.
    conditions : ndarray, shape (n_conditions,)
        Their labels, sorted.
    runs : ndarray, shape (n_runs,), or None
        Theirs, sorted.
    """

    means: np.ndarray
    counts: np.ndarray
    conditions: np.ndarray
    runs: np.ndarray | None


def patterns(X: np.ndarray, conditions: np.ndarray, runs: np.ndarray | None = None) -> Patterns:
    """Average the rows of each condition, within each run where runs are told.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_channels)
        Further axes are kept: ``(n_trials, n_channels, n_times)`` gives means of such.
    conditions : ndarray, shape (n_trials,)
        Of numbers or text.
    runs : ndarray, shape (n_trials,), optional

    Returns
    -------
    patterns : Patterns
        Conditions and runs in the order of their sorted labels.

    Raises
    ------
    DataError
        If lengths differ, or there are fewer than two conditions.
    """
    X = as_floats(X)
    given = {"conditions": conditions} if runs is None else {"conditions": conditions, "runs": runs}
    for name, labels in given.items():
        if np.shape(labels) != (len(X),):
            raise DataError(
                f"X has {len(X)} rows and {name} the shape {np.shape(labels)}. Give one a row."
            )
    labels, cell = np.unique(np.asarray(conditions), return_inverse=True)
    if len(labels) < 2:
        raise DataError(
            f"There is {len(labels)} condition, and a dissimilarity is of two. Check the labels."
        )
    n_runs, run_labels = 1, None
    if runs is not None:
        run_labels, of_run = np.unique(np.asarray(runs), return_inverse=True)
        n_runs, cell = len(run_labels), of_run * len(labels) + cell
    n_cells = n_runs * len(labels)
    counts = np.bincount(cell, minlength=n_cells)
    means = np.full((n_cells, *X.shape[1:]), np.nan, X.dtype)
    if counts.max() == 1:  # one row a cell: nothing is added up
        means[cell] = X
    else:
        found = counts > 0
        sums = group_sums(X, cell)[found[: cell.max() + 1]]
        means[found] = sums / counts[found].reshape(-1, *(1,) * (X.ndim - 1))
    leading = (len(labels),) if runs is None else (n_runs, len(labels))
    return Patterns(
        means.reshape(*leading, *X.shape[1:]), counts.reshape(leading), labels, run_labels
    )


def checked(M: np.ndarray) -> np.ndarray:
    """Hold patterns to real floats, two or more conditions, and conditions that are all there.

    Raises
    ------
    DataError
        If a pattern lacks some channels only, or there is nothing to compare.
    """
    M = as_floats(M)
    if M.ndim < 2 or M.shape[-2] < 2 or M.shape[-1] < 1:
        raise DataError(
            f"Distances take patterns (..., n_conditions, n_channels) of two conditions or more, "
            f"and were handed the shape {M.shape}."
        )
    if _lacks(M):
        lacking = np.isnan(M)
        partly = lacking.any(-1) & ~lacking.all(-1)
        if partly.any():
            *_, condition = (int(i[0]) for i in np.nonzero(partly))
            channel = int(np.argmax(lacking[partly][0]))
            raise DataError(
                f"The pattern of condition {condition} is NaN in channel {channel} and not in all. "
                "Drop channels with missing values before; nothing is filled in."
            )
    return M


def check_runs(M: np.ndarray) -> int:
    """Give the number of runs, which is two or more.

    Raises
    ------
    DataError
        If it is not.
    """
    if M.ndim < 3 or M.shape[-3] < 2:
        raise DataError(
            f"Crossvalidated distances take patterns (..., n_runs, n_conditions, n_channels) of "
            f"two runs or more, and were handed the shape {M.shape}. Average within runs: "
            "patterns(X, conditions, runs)."
        )
    return M.shape[-3]


def without_mean(M: np.ndarray, axis: int) -> np.ndarray:
    """Subtract means over an axis, of what is not NaN."""
    if not _lacks(M):
        return M - M.mean(axis, keepdims=True)
    total = np.nansum(M, axis=axis, keepdims=True, dtype=np.float64)
    count = np.sum(~np.isnan(M), axis=axis, keepdims=True)
    return M - (total / np.maximum(count, 1)).astype(M.dtype)


def _lacks(M: np.ndarray) -> bool:
    """Whether a value is NaN, in one pass that makes no array."""
    return bool(np.isnan(M.min()))
