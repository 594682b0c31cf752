"""Dissimilarities between patterns of conditions, by Gram products.

Distances take ``(..., n_conditions, n_channels)``, so that parcels or time points are computed at
once, and give one vector a problem in the order of `neurodecode.linalg.rdm_pairs`. They keep the
precision that came in. Patterns are centred over conditions before any product: distances do not
change, and float32 keeps its digits where channels have large means.

Squared distances are divided by the number of channels, as in rsatoolbox.
"""

from collections.abc import Callable

import numpy as np
from scipy.linalg import get_blas_funcs

from neurodecode.core.errors import DataError
from neurodecode.linalg.rdm_pairs import pair_indices, vectors
from neurodecode.linalg.rdm_patterns import check_runs, checked, without_mean


def euclidean(M: np.ndarray, *, remove_mean: bool = False) -> np.ndarray:
    """Squared Euclidean distances over the number of channels.

    Parameters
    ----------
    M : ndarray, shape (..., n_conditions, n_channels)
        A condition of NaN has distances of NaN.
    remove_mean : bool
        Whether each pattern's mean over channels is subtracted before.

    Returns
    -------
    rdm : ndarray, shape (..., n_pairs)
    """
    return squared(_prepared(M, remove_mean)) / M.shape[-1]


def mahalanobis(M: np.ndarray, precision: np.ndarray, *, remove_mean: bool = False) -> np.ndarray:
    """Squared Mahalanobis distances over the number of channels.

    Parameters
    ----------
    M : ndarray, shape (..., n_conditions, n_channels)
    precision : ndarray, shape (n_channels,) or (..., n_channels, n_channels)
        Inverse noise covariance, of `neurodecode.linalg.rdm_noise`; a vector is its diagonal.
    remove_mean : bool
        As for `euclidean`.

    Returns
    -------
    rdm : ndarray, shape (..., n_pairs)

    Raises
    ------
    DataError
        If the precision is of other channels or not positive definite.
    """
    return squared(whitened(_prepared(M, remove_mean), precision)) / M.shape[-1]


def correlation(M: np.ndarray) -> np.ndarray:
    """One minus Pearson correlations of patterns over channels.

    Parameters
    ----------
    M : ndarray, shape (..., n_conditions, n_channels)

    Returns
    -------
    rdm : ndarray, shape (..., n_pairs)
        NaN where a pattern is constant over channels, but for rounding.
    """
    M = checked(M)
    return _angular(M - M.mean(-1, keepdims=True), M)


def cosine(M: np.ndarray) -> np.ndarray:
    """One minus cosines between patterns; nothing is centred.

    Parameters
    ----------
    M : ndarray, shape (..., n_conditions, n_channels)

    Returns
    -------
    rdm : ndarray, shape (..., n_pairs)
        NaN where a pattern is zero.
    """
    M = checked(M)
    return _angular(M, M)


def poisson(M: np.ndarray, *, prior: float = 1.0, prior_weight: float = 0.1) -> np.ndarray:
    """Symmetrised Kullback-Leibler divergences of Poisson rates, over the number of channels.

    Parameters
    ----------
    M : ndarray, shape (..., n_conditions, n_channels)
        Rates or counts, none below zero.
    prior, prior_weight : float
        Rates are drawn towards `prior` by ``(rate + prior * weight) / (1 + weight)``, so that a
        rate of zero has a logarithm.

    Returns
    -------
    rdm : ndarray, shape (..., n_pairs)

    Raises
    ------
    DataError
        If a rate is negative.

    References
    ----------
    Schütt et al. 2023, doi 10.7554/eLife.82566 (rsatoolbox).
    """
    rates = _rates(M, prior, prior_weight)
    return _divergences(rates, np.log(rates))


def poisson_crossvalidated(
    M: np.ndarray, *, prior: float = 1.0, prior_weight: float = 0.1
) -> np.ndarray:
    """Divergences of Poisson rates between each run and the mean of the others, averaged.

    Parameters
    ----------
    M : ndarray, shape (..., n_runs, n_conditions, n_channels)
        As for `poisson`; NaN where a run lacks a condition.
    prior, prior_weight : float

    Returns
    -------
    rdm : ndarray, shape (..., n_pairs)
        Mean over the runs that have both conditions of a pair; rates are log-transformed in the
        run, not in the mean of the others. May be negative.
    """
    raw = checked(M)
    n_runs = check_runs(raw)
    found = ~np.isnan(raw[..., 0])
    filled = np.where(found[..., None], raw, 0)
    total, n_found = filled.sum(-3), found.sum(-2)
    sums, n_folds = np.zeros(()), np.zeros(())
    for run in range(n_runs):
        others = n_found - found[..., run, :]
        with np.errstate(invalid="ignore"):  # of a condition that no other run has
            rest = (total - filled[..., run, :, :]) / others[..., None]
        test = _rates(raw[..., run, :, :], prior, prior_weight)
        fold = _divergences(_rates(rest, prior, prior_weight), np.log(test))
        there = ~np.isnan(fold)
        sums, n_folds = sums + np.where(there, fold, 0), n_folds + there
    with np.errstate(invalid="ignore"):
        return (sums / n_folds).astype(raw.dtype)


# Those that need neither noise nor runs, by name.
DISTANCES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "euclidean": euclidean,
    "correlation": correlation,
    "cosine": cosine,
    "poisson": poisson,
}


def squared(W: np.ndarray) -> np.ndarray:
    """Squared distances between rows, by one Gram product.

    Parameters
    ----------
    W : ndarray, shape (..., n_conditions, n)

    Returns
    -------
    distances : ndarray, shape (..., n_pairs)
    """
    return of_gram(gram(W))


def gram(W: np.ndarray) -> np.ndarray:
    """Multiply rows with rows, for the upper triangle; what is below it may be zero.

    Parameters
    ----------
    W : ndarray, shape (..., n_conditions, n)

    Returns
    -------
    K : ndarray, shape (..., n_conditions, n_conditions)
    """
    if W.ndim > 2:
        return W @ W.mT
    # BLAS's own: numpy would mirror the triangle, a fifth of the time at 500 conditions.
    (multiply,) = get_blas_funcs(("syrk",), (W,))
    return multiply(1.0, W.T, trans=1, lower=1).T


def of_gram(K: np.ndarray) -> np.ndarray:
    """Give ``K_ii + K_jj - 2 K_ij`` of each pair.

    Parameters
    ----------
    K : ndarray, shape (..., n_conditions, n_conditions)
        Symmetric; its upper triangle is read.

    Returns
    -------
    distances : ndarray, shape (..., n_pairs)
    """
    first, second = pair_indices(K.shape[-1])
    own = np.einsum("...ii->...i", K)
    distances = vectors(K)
    distances *= -2
    distances += own.take(first, axis=-1)
    distances += own.take(second, axis=-1)
    return distances


def whitened(M: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Multiply patterns by a factor ``L`` of the precision ``L Lᵀ``.

    Parameters
    ----------
    M : ndarray, shape (..., n, n_channels)
    precision : ndarray, shape (n_channels,) or (..., n_channels, n_channels)

    Returns
    -------
    W : ndarray, shape (..., n, n_channels)
        Its Euclidean distances are the Mahalanobis distances of `M`.

    Raises
    ------
    DataError
        If the precision is of other channels or not positive definite.
    """
    precision = np.asarray(precision)
    n_channels = M.shape[-1]
    if precision.shape[-2:] not in ((n_channels,), (n_channels, n_channels)):
        raise DataError(
            f"Patterns have {n_channels} channels and the precision the shape {precision.shape}. "
            "Use a precision of the same channels."
        )
    if precision.ndim == 1:
        if not np.all(precision > 0):
            raise DataError("A precision of a channel is not above zero. Drop constant channels.")
        return M * np.sqrt(precision).astype(M.dtype)
    try:  # in the precision's own digits, whatever those of the patterns
        L = np.linalg.cholesky(precision).astype(M.dtype, copy=False)
    except np.linalg.LinAlgError:
        raise DataError(
            "The noise precision is not positive definite. Shrink the covariance it is the inverse "
            "of, as noise_precision of shrink_diag or shrink_eye does."
        ) from None
    if L.ndim > 2:
        return M @ L
    # Half the work of a full product: L is triangular.
    rows = np.ascontiguousarray(M).reshape(-1, n_channels)
    (multiply,) = get_blas_funcs(("trmm",), (rows,))
    return multiply(1.0, L.T, rows.T).T.reshape(M.shape)


def _prepared(M: np.ndarray, remove_mean: bool) -> np.ndarray:
    M = without_mean(checked(M), -2)
    return M - M.mean(-1, keepdims=True) if remove_mean else M


def _angular(Z: np.ndarray, M: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.vecdot(Z, Z))[..., None]
    # Centring a constant leaves rounding, which has a direction and means nothing.
    rounding = 16 * np.finfo(M.dtype).eps * np.sqrt(np.vecdot(M, M))[..., None]
    length[length <= rounding] = np.nan
    rdm = vectors(gram(np.multiply(Z, 1 / length, out=None if Z is M else Z)))
    return np.subtract(1, rdm, out=rdm)


def _rates(M: np.ndarray, prior: float, prior_weight: float) -> np.ndarray:
    M = checked(M)
    if np.any(M < 0):
        raise DataError(
            f"A rate is {np.nanmin(M):g}, and Poisson rates are not negative. Use counts or rates "
            "that are not z-scored."
        )
    return (M + prior * prior_weight) / (1 + prior_weight)


def _divergences(rates: np.ndarray, logarithms: np.ndarray) -> np.ndarray:
    K = rates @ logarithms.mT
    return of_gram((K + K.mT) / 2) / rates.shape[-1]
