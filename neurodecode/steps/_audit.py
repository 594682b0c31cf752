"""Whether what was corrected still tells what it was corrected for."""

from collections.abc import Callable

import numpy as np
from scipy.stats import norm
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

N_FOLDS = 5
_MIN_GROUPS = 5  # subjects; of fewer, folds are stretches of rows
_MIN_ROWS = 8  # a category, and beside it
_N_TREES = 50
_N_PARTS = 4  # quarters of a column of numbers
_LEVEL = 0.001  # a fold is fitted many times a study, and an alarm should mean something


def parts_of(column: np.ndarray) -> np.ndarray:
    """Give the categories of a confound: of text its values, of numbers which quarter of the rows.

    Quarters are told apart whatever the shape of what is left: a quadratic effect of age says
    nothing of who is older, and much of who is neither young nor old.

    Parameters
    ----------
    column : ndarray, shape (n_rows,)

    Returns
    -------
    parts : ndarray of int, shape (n_rows,)
    """
    values, codes = np.unique(column.astype(str), return_inverse=True)
    if column.dtype.kind not in "fiub" or len(values) <= _N_PARTS:
        return codes
    edges = np.quantile(column, np.arange(1, _N_PARTS) / _N_PARTS)
    return np.searchsorted(edges, column, side="right")


def audit_folds(subjects: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Give training and held-out positions: subjects stay whole where there are five or more.

    Parameters
    ----------
    subjects : ndarray, shape (n_rows,)
        Rows of one subject resemble each other, and would tell its age by telling who it is.
    """
    n_rows = len(subjects)
    several = len(set(subjects)) >= _MIN_GROUPS
    groups = subjects.astype(str) if several else np.arange(n_rows) * N_FOLDS // max(n_rows, 1)
    return list(GroupKFold(N_FOLDS).split(np.zeros(n_rows), groups=groups))


def held_out_auc(
    corrected: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    parts: np.ndarray,
    folds: list[tuple[np.ndarray, np.ndarray]],
) -> tuple[float, bool]:
    """Say how well trees tell a confound's categories from corrected features of held-out rows.

    Parameters
    ----------
    corrected : callable
        Training and held-out positions to their features, corrected by the training rows alone.
    parts : ndarray of int, shape (n_rows,)
        Category of each row.
    folds : list of tuple of ndarray

    Returns
    -------
    auc : float
        Of the category that is told best from all others; .5 where none has rows enough.
    beyond_chance : bool
        Whether that is above one half at a level of .001, corrected for the number of categories.

    References
    ----------
    Geurts et al. 2006, doi 10.1007/s10994-006-6226-1 (the trees); Hanley & McNeil 1982,
    doi 10.1148/radiology.143.1.7063747 (an AUC's standard error where nothing is told).
    """
    names = np.unique(parts)
    said = np.zeros((len(parts), len(names)))
    for train, held_out in folds:
        X, Z = corrected(train, held_out)
        trees = ExtraTreesClassifier(_N_TREES, min_samples_leaf=3, random_state=0).fit(
            X, parts[train]
        )
        said[np.ix_(held_out, np.searchsorted(names, trees.classes_))] = trees.predict_proba(Z)
    found, beyond = 0.5, False
    for i, name in enumerate(names):
        mine = parts == name
        n_in, n_out = int(mine.sum()), int((~mine).sum())
        if min(n_in, n_out) < _MIN_ROWS:
            continue
        auc = float(roc_auc_score(mine, said[:, i]))
        error = np.sqrt((n_in + n_out + 1) / (12 * n_in * n_out))
        beyond |= bool((auc - 0.5) / error > norm.isf(_LEVEL / len(names)))
        found = max(found, auc)
    return found, beyond
