"""Dissimilarities of conditions around every centre of a searchlight.

Squared distances are sums over columns: products of conditions are made once a column and summed
over the neighbours of all centres. Distances that are none (correlation, noise that is correlated)
are computed for some hundred centres at once. Pairs are in the order of
`neurodecode.linalg.rdm_pairs`.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.rdm import correlation, cosine, mahalanobis
from neurodecode.linalg.rdm_compare import Method, compare
from neurodecode.linalg.rdm_crossnobis import crossnobis
from neurodecode.linalg.rdm_noise import Shrinkage, noise_precision
from neurodecode.linalg.rdm_patterns import check_runs, checked, without_mean
from neurodecode.linalg.searchlight import Searchlight

Distance = Literal["euclidean", "mahalanobis", "crossnobis", "correlation", "cosine"]
DISTANCES: tuple[Distance, ...] = (
    "euclidean", "mahalanobis", "crossnobis", "correlation", "cosine",
)  # fmt: skip
_ANGLES = {"correlation": correlation, "cosine": cosine}
_BLOCK = 2**25  # bytes of what is made of a block of centres
_AT_ONCE = 16  # conditions whose products with all others are summed at once
_BATCH, _CACHED = 256, 2**21  # centres at once where nothing is summed, and bytes of patterns


def searchlight_rdms(
    patterns: np.ndarray,
    searchlight: Searchlight,
    distance: Distance = "correlation",
    *,
    variance: np.ndarray | None = None,
    residuals: np.ndarray | None = None,
    shrinkage: Shrinkage = "shrink_diag",
    dof: float | None = None,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Give the dissimilarities of conditions around each centre.

    Parameters
    ----------
    patterns : ndarray, shape (n_conditions, n_columns) or (n_runs, n_conditions, n_columns)
        Condition means of `neurodecode.linalg.rdm_patterns.patterns`; of each run for
        ``crossnobis``. Columns as `searchlight` counts them.
    searchlight : Searchlight
    distance : {"euclidean", "mahalanobis", "crossnobis", "correlation", "cosine"}
        Squared distances are divided by the number of neighbours, as in rsatoolbox.
    variance : ndarray, shape (n_columns,), optional
        Noise variance of each column, for ``mahalanobis`` and ``crossnobis``: normalised one by
        one.
    residuals : ndarray, shape (n_residuals, n_columns), optional
        For the same two: the noise covariance around each centre is estimated from these.
    shrinkage, dof
        As of `neurodecode.linalg.rdm_noise.noise_precision`, with `residuals`.
    out : ndarray, shape (n_centres, n_pairs), optional
        Where to write, such as a memory map: 40,000 centres of 92 conditions are 670 MB in float32.

    Returns
    -------
    rdms : ndarray, shape (n_centres, n_pairs)
        `out`, where it is given; else in the precision of the patterns.

    Raises
    ------
    ConfigError
        If there is no such distance, or noise is given to one that does not use it.
    DataError
        If shapes do not fit, or a value is not finite.
    """
    blocks = rdm_blocks(
        patterns,
        searchlight,
        distance,
        variance=variance,
        residuals=residuals,
        shrinkage=shrinkage,
        dof=dof,
    )
    for centres, rdms in blocks:
        if out is None:
            out = np.empty((len(searchlight), rdms.shape[1]), rdms.dtype)
        out[centres] = rdms
    return np.empty((0, 0)) if out is None else out


def searchlight_similarity(
    patterns: np.ndarray,
    searchlight: Searchlight,
    models: np.ndarray,
    distance: Distance = "correlation",
    *,
    method: Method = "rho-a",
    variance: np.ndarray | None = None,
    residuals: np.ndarray | None = None,
    shrinkage: Shrinkage = "shrink_diag",
    dof: float | None = None,
) -> np.ndarray:
    """Compare the dissimilarities around each centre with models; they are not kept.

    Parameters
    ----------
    patterns, searchlight, distance, variance, residuals, shrinkage, dof
        As of `searchlight_rdms`.
    models : ndarray, shape (n_models, n_pairs)
        Dissimilarities that models say.
    method : str
        As of `neurodecode.linalg.rdm_compare.compare`.

    Returns
    -------
    similarity : ndarray, shape (n_centres, n_models)

    Raises
    ------
    ConfigError, DataError
        As of `searchlight_rdms` and `compare`.
    """
    models = np.atleast_2d(models)
    similarity = np.empty((len(searchlight), len(models)))
    blocks = rdm_blocks(
        patterns,
        searchlight,
        distance,
        variance=variance,
        residuals=residuals,
        shrinkage=shrinkage,
        dof=dof,
    )
    for centres, rdms in blocks:
        similarity[centres] = compare(rdms, models, method)
    return similarity


def rdm_blocks(
    patterns: np.ndarray,
    searchlight: Searchlight,
    distance: Distance = "correlation",
    *,
    variance: np.ndarray | None = None,
    residuals: np.ndarray | None = None,
    shrinkage: Shrinkage = "shrink_diag",
    dof: float | None = None,
) -> Iterator[tuple[slice | np.ndarray, np.ndarray]]:
    """Give dissimilarities of some centres at a time; parameters as of `searchlight_rdms`.

    Yields
    ------
    centres : slice or ndarray of int
        Places among the centres.
    rdms : ndarray, shape (n_block, n_pairs)
    """
    M = _checked(patterns, searchlight, distance, variance, residuals)
    if variance is not None:
        M = M / np.sqrt(np.asarray(variance)).astype(M.dtype)
    if distance in _ANGLES or residuals is not None or np.isnan(M[..., 0]).any():
        return _one_by_one(M, searchlight, distance, residuals, shrinkage, dof)
    return _summed(without_mean(M, -2), searchlight)


def _summed(M: np.ndarray, light: Searchlight) -> Iterator[tuple[slice, np.ndarray]]:
    """Sum products of conditions over neighbours: squared distances, crossvalidated over runs.

    With ``S`` the sum over runs, products of unlike runs add up to ``S Sᵀ`` less those of each run
    with itself.
    """
    n_conditions = M.shape[-2]
    if M.ndim == 2:
        left = right = np.ascontiguousarray(M.T)[:, None]  # (n_columns, 1, n_conditions)
        scale = 1.0
    else:
        n_runs, by_column = len(M), M.transpose(2, 0, 1)
        total = by_column.sum(axis=1, keepdims=True)
        left = np.concatenate([total, by_column], axis=1)
        right = np.concatenate([total, -by_column], axis=1)
        scale = n_runs * (n_runs - 1.0)
    own = np.einsum("vri,vri->vi", left, right)
    n_pairs = n_conditions * (n_conditions - 1) // 2
    made = M.itemsize * (2 * _AT_ONCE * n_conditions + n_pairs)
    step = max(1, _BLOCK // made)
    for first in range(0, len(light), step):
        at = slice(first, min(first + step, len(light)))
        near = light.members[at]
        columns = slice(near.indices.min(), near.indices.max() + 1)
        near = near[:, columns].astype(M.dtype)
        mine = near @ own[columns]
        rdms = np.empty((near.shape[0], n_pairs), M.dtype)
        pair = 0
        for i in range(0, n_conditions, _AT_ONCE):
            some = slice(i, min(i + _AT_ONCE, n_conditions))
            products = left[columns, :, some].mT @ right[columns, :, i:]
            products = near @ products.reshape(len(products), -1)
            products = products.reshape(near.shape[0], some.stop - i, -1)
            for j in range(i, some.stop):
                said = rdms[:, pair : pair + n_conditions - j - 1]
                np.multiply(products[:, j - i, j - i + 1 :], -2, out=said)
                said += mine[:, j + 1 :]
                said += mine[:, j, None]
                pair += n_conditions - j - 1
        rdms /= (scale * light.sizes[at])[:, None].astype(M.dtype)
        yield at, rdms


def _one_by_one(
    M: np.ndarray,
    light: Searchlight,
    distance: Distance,
    residuals: np.ndarray | None,
    shrinkage: Shrinkage,
    dof: float | None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Compute centres of equally many neighbours together."""
    by_column = np.ascontiguousarray(np.moveaxis(M, -1, 0))
    noise = None if residuals is None else np.ascontiguousarray(np.asarray(residuals).T)
    made = max(1, by_column[0].size * M.itemsize * int(light.sizes.max(initial=1)))
    for centres, columns in light.batches(int(np.clip(_CACHED // made, 8, _BATCH))):
        near = np.moveaxis(by_column[columns], 1, -1)  # (n_batch, …, n_conditions, size)
        precision = None
        if noise is not None:
            precision = noise_precision(noise[columns].mT, shrinkage, dof).precision
        if distance in _ANGLES:
            yield centres, _ANGLES[distance](near)
        elif distance == "crossnobis":
            yield centres, crossnobis(near, precision)
        elif precision is not None:
            yield centres, mahalanobis(near, precision)


def _checked(
    patterns: np.ndarray,
    light: Searchlight,
    distance: Distance,
    variance: np.ndarray | None,
    residuals: np.ndarray | None,
) -> np.ndarray:
    if distance not in DISTANCES:
        raise ConfigError(f"distance: there is no {distance!r}.{nearest(distance, DISTANCES)}")
    noisy = distance in ("mahalanobis", "crossnobis")
    if (variance is not None or residuals is not None) and not noisy:
        raise ConfigError(
            f"distance: {distance} uses no noise. Take mahalanobis or crossnobis, or give neither "
            "variance nor residuals."
        )
    if variance is not None and residuals is not None:
        raise ConfigError("searchlight: both variance and residuals are given. Give one.")
    if distance == "mahalanobis" and variance is None and residuals is None:
        raise ConfigError("distance: mahalanobis needs the variance or residuals of the noise.")
    M = checked(patterns)
    n_columns = len(light.places)
    for name, one in (("patterns", M), ("variance", variance), ("residuals", residuals)):
        if one is not None and np.shape(one)[-1:] != (n_columns,):
            raise DataError(
                f"searchlight: {name} have shape {np.shape(one)} and the searchlight {n_columns} "
                "columns. Give those that it was made of."
            )
    if distance == "crossnobis":
        check_runs(M)
    elif M.ndim != 2:
        raise DataError(
            f"searchlight: patterns have shape {M.shape}, and {distance} takes (n_conditions, "
            "n_columns). Average over runs."
        )
    if variance is not None and not np.all(np.asarray(variance) > 0):
        raise DataError(
            f"searchlight: the variance of column {int(np.argmin(variance))} is not above zero. "
            "Leave out constant voxels."
        )
    return M
