"""Trials that show the same, found and averaged without holding all of them at once."""

from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest_array
from neurodecode.core.entries import Entries
from neurodecode.core.errors import DataError
from neurodecode.core.maps import release
from neurodecode.core.trials import Trials

_BLOCK = 2**27  # bytes of the trials that are read at a time


def repeats_of(y: Any, rows: pd.DataFrame | None) -> np.ndarray:
    """Give each trial the number of its stimulus, each subject's its own, in order of first trials.

    Parameters
    ----------
    y : ndarray or Entries, shape (n_trials, …)
    rows : DataFrame or None
        With the columns ``subject`` and ``stimulus``; a trial without a stimulus stands alone.
        Without rows, trials of equal target show the same.

    Returns
    -------
    groups : ndarray of int, shape (n_trials,)

    Raises
    ------
    DataError
        If rows lack a column.
    """
    if rows is None and isinstance(y, Entries):
        return pd.factorize(y.marks.astype(object))[0]
    if rows is None:
        return pd.factorize(np.array([digest_array(one) for one in y], dtype=object))[0]
    lacking = [name for name in ("subject", "stimulus") if name not in rows]
    if lacking:
        raise DataError(
            f"rows have no column {lacking[0]!r}, by which repeats are found. Pass rows with "
            "subject and stimulus, none at all, or say repeats: none."
        )
    # What nobody says is a repeat is none: rows without a stimulus have nothing in common.
    alone = pd.Series(np.arange(len(rows)), index=rows.index).where(rows["stimulus"].isna(), -1)
    keys = [rows["subject"], rows["stimulus"], alone]
    return rows.groupby(keys, sort=False, dropna=False).ngroup().to_numpy()


def flat(X: Any) -> np.ndarray:
    """Give trials as rows of numbers, float32 where they are stored so, else float64.

    Parameters
    ----------
    X : ndarray, shape (n_trials, …), or Trials

    Returns
    -------
    X : ndarray, shape (n_trials, n_features)
    """
    return averaged(X, np.arange(len(X)))


def averaged(X: Any, groups: np.ndarray) -> Any:
    """Average the trials of each group, reading as few at a time as are small in memory.

    Parameters
    ----------
    X : ndarray, shape (n_trials, …), Trials or Entries
    groups : ndarray of int, shape (n_trials,)
        From 0 on, none left out.

    Returns
    -------
    mean : ndarray or Entries, shape (n_groups, n_features)
        Of the precision of the trials; of `Entries`, which are equal within each group, one each.
    """
    if isinstance(X, Entries):
        each = np.unique(groups, return_index=True)[1]
        if len(each) == len(X) or np.array_equal(X.marks, X.marks[each][groups]):
            return X[each]
    counts = np.bincount(groups)
    first = X.signal().piece(0) if isinstance(X, Trials) else X[0]
    dtype = first.dtype if first.dtype.kind == "f" else np.dtype(np.float64)
    if isinstance(X, Trials):
        X.check_alike()
    elif len(counts) == len(X):
        return np.reshape(X, (len(X), -1)).astype(dtype, copy=False)
    order, begin = np.argsort(groups, kind="stable"), np.cumsum(counts) - counts
    most, mean = max(1, _BLOCK // (8 * first.size)), np.empty((len(counts), first.size), dtype)
    start = 0
    while start < len(counts):
        # As many groups as fit, and one at least.
        stop = max(start + 1, int(np.searchsorted(begin + counts, begin[start] + most, "right")))
        mine = order[begin[start] : begin[stop - 1] + counts[stop - 1]]
        block = X.take(mine).array() if isinstance(X, Trials) else X[mine]
        block = np.reshape(block, (len(mine), -1)).astype(np.float64, copy=False)
        release(X)
        sums = np.add.reduceat(block, begin[start:stop] - begin[start], axis=0)
        mean[start:stop] = sums / counts[start:stop, None]
        start = stop
    return mean
