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
    one, nuisance, kept = aligned(one, nuisance)
    other = aligned(other, nuisance)[0]
    if len(nuisance) + 2 > kept.sum():
        raise DataError(
            f"{len(nuisance)} nuisance matrices are regressed out of {kept.sum()} pairs. Use fewer."
        )
    rows = [np.asarray(rdms[:, kept], dtype=np.float64) for rdms in (one, other, nuisance)]
    if method == "spearman":
        rows = [rankdata(each, axis=1) for each in rows]
    left, right, regressors = rows
    regressors = regressors - regressors.mean(1, keepdims=True)
    basis, size, _ = np.linalg.svd(regressors.T, full_matrices=False)
    basis = basis[:, size > 1e-10 * max(size[0], np.finfo(float).tiny)]
    return _left_over(left, basis) @ _left_over(right, basis).T


def _left_over(rows: np.ndarray, basis: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(1, keepdims=True)
    left = centred - (centred @ basis) @ basis.T
    gone = np.vecdot(left, left) <= 1e-20 * np.vecdot(rows, rows)
    left[gone] = np.nan
    return left / np.sqrt(np.vecdot(left, left))[:, None]
