"""Partial comparisons: what a model explains beyond others.

References
----------
Cichy et al. 2016, doi 10.1038/srep27755.
"""

from typing import Literal

import numpy as np
from scipy.stats import rankdata

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.rdm_compare import aligned


def partial(
    one: np.ndarray,
    other: np.ndarray,
    nuisance: np.ndarray,
    method: Literal["spearman", "corr"] = "spearman",
) -> np.ndarray:
    """Compare what is left of matrices when nuisance matrices are regressed out of both.

    Parameters
    ----------
    one : ndarray, shape (n_one, n_pairs)
    other : ndarray, shape (n_other, n_pairs)
    nuisance : ndarray, shape (n_nuisance, n_pairs)
        NaN stand at the same pairs of all three.
    method : {"spearman", "corr"}
        Of ranks, ties at their mean, or of values.

    Returns
    -------
    similarity : ndarray, shape (n_one, n_other)
        Partial correlations. NaN where nothing is left: of a matrix that the nuisance gives.

    Raises
    ------
    ConfigError
        If there is no such method.
    DataError
        If lengths differ, NaN stand at different pairs, or there are too few pairs.
    """
    if method not in ("spearman", "corr"):
        raise ConfigError(
            f"method: {method!r} is no partial comparison.{nearest(method, ('spearman', 'corr'))}"
        )
    left, right = residuals(one, nuisance, method), residuals(other, nuisance, method)
    left, right, kept = aligned(left, right)
    return _unit(left[:, kept]) @ _unit(right[:, kept]).T


def residuals(
    rdms: np.ndarray, nuisance: np.ndarray, method: Literal["spearman", "corr"] = "spearman"
) -> np.ndarray:
    """Take nuisance matrices and a constant out of matrices by least squares.

    Parameters
    ----------
    rdms : ndarray, shape (n_rdms, n_pairs)
    nuisance : ndarray, shape (n_nuisance, n_pairs)
        NaN stand at the same pairs of both.
    method : {"spearman", "corr"}
        Of ranks, which are residuals of ranks, or of values.

    Returns
    -------
    residuals : ndarray of float64, shape (n_rdms, n_pairs)
        NaN where they are; zero where nothing but rounding is left.

    Raises
    ------
    ConfigError
        If there is no such method.
    DataError
        If lengths differ, NaN stand at different pairs, or there are too few pairs.
    """
    if method not in ("spearman", "corr"):
        raise ConfigError(
            f"method: {method!r} is no partial comparison.{nearest(method, ('spearman', 'corr'))}"
        )
    rdms, nuisance, kept = aligned(rdms, nuisance)
    if len(nuisance) + 2 > kept.sum():
        raise DataError(
            f"{len(nuisance)} nuisance matrices are regressed out of {kept.sum()} pairs. Use fewer."
        )
    rows, regressors = (np.asarray(each[:, kept], dtype=np.float64) for each in (rdms, nuisance))
    if method == "spearman":
        rows, regressors = rankdata(rows, axis=1), rankdata(regressors, axis=1)
    rows, regressors = (each - each.mean(1, keepdims=True) for each in (rows, regressors))
    basis, size, _ = np.linalg.svd(regressors.T, full_matrices=False)
    basis = basis[:, size > 1e-10 * max(size[0], np.finfo(float).tiny)]
    left = rows - (rows @ basis) @ basis.T
    left[np.vecdot(left, left) <= 1e-20 * np.vecdot(rows, rows)] = 0
    found = np.full(rdms.shape, np.nan)
    found[:, kept] = left
    return found


def _unit(left: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.vecdot(left, left))[:, None]
    return left / np.where(length == 0, np.nan, length)
