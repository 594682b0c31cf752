"""Crossvalidated Mahalanobis distances (crossnobis), of one problem or of many at once.

Noise of two runs is independent, so the product of a difference in one run and the same
difference in another has the squared distance as its expectation: that of equal conditions is
zero, and estimates may be negative. They are never clipped.

References
----------
Walther et al. 2016, doi 10.1016/j.neuroimage.2015.12.012.
"""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg.rdm import gram, of_gram, whitened
from neurodecode.linalg.rdm_pairs import pair_indices
from neurodecode.linalg.rdm_patterns import check_runs, checked, without_mean


def crossnobis(
    M: np.ndarray, precision: np.ndarray | None = None, *, remove_mean: bool = False
) -> np.ndarray:
    """Average products of differences over pairs of runs, over the number of channels.

    Parameters
    ----------
    M : ndarray, shape (..., n_runs, n_conditions, n_channels)
        Means of `neurodecode.linalg.rdm_patterns.patterns`; NaN where a run lacks a condition.
        Runs must have independent noise: halves of one run of fMRI do not.
    precision : ndarray, shape (n_channels,) or (..., n_channels, n_channels), optional
        Inverse noise covariance, one of each problem or one of all; a vector is its diagonal.
    remove_mean : bool
        Whether each pattern's mean over channels is subtracted before.

    Returns
    -------
    rdm : ndarray, shape (..., n_pairs)
        Each pair of conditions is averaged over the pairs of runs that have both, and NaN where
        there is none.

    Notes
    -----
    With all conditions in all runs there are two Gram products, of the sum over runs and of all
    runs side by side: the mean over pairs of runs and leaving one run out are the same number.

    Raises
    ------
    DataError
        If there are fewer than two runs, a pattern lacks some channels only, or the precision is
        not positive definite.
    """
    W, n_runs = _centred(M, remove_mean)
    n_channels = W.shape[-1]
    if precision is not None:
        precision = np.asarray(precision)
        # One precision a problem holds for its runs.
        W = whitened(W, precision[..., None, :, :] if precision.ndim > 2 else precision)
    found = ~np.isnan(W[..., 0])
    if found.all():
        S = W.sum(-3)
        side_by_side = np.swapaxes(W, -3, -2).reshape(*S.shape[:-1], n_runs * n_channels)
        distances = of_gram(gram(S) - gram(side_by_side))
        return distances / (n_runs * (n_runs - 1) * n_channels)
    return _over_pairs(W, found)


def crossnobis_of_runs(
    M: np.ndarray, precisions: np.ndarray, *, remove_mean: bool = False
) -> np.ndarray:
    """Average over pairs of runs, each pair with the inverse of the mean covariance of its two.

    Parameters
    ----------
    M : ndarray, shape (..., n_runs, n_conditions, n_channels)
    precisions : ndarray, shape (..., n_runs, n_channels, n_channels)
        Inverse noise covariance of each run's patterns.
    remove_mean : bool

    Returns
    -------
    rdm : ndarray, shape (..., n_pairs)
        As `crossnobis`. Equal to rsatoolbox's with a list of precisions.

    Raises
    ------
    DataError
        As for `crossnobis`; if there is not one precision a run, or one has no inverse.
    """
    W, n_runs = _centred(M, remove_mean)
    precisions = np.asarray(precisions)
    if precisions.ndim < 3 or precisions.shape[-3:] != (n_runs, W.shape[-1], W.shape[-1]):
        raise DataError(
            f"There are {n_runs} runs of {W.shape[-1]} channels, and precisions of the shape "
            f"{precisions.shape}. Give one matrix a run."
        )
    try:
        covariances = np.linalg.inv(precisions)
    except np.linalg.LinAlgError:
        raise DataError(
            "The precision of a run has no inverse. Shrink the covariance it is the inverse of."
        ) from None
    return _over_pairs(W, ~np.isnan(W[..., 0]), covariances)


def _centred(M: np.ndarray, remove_mean: bool) -> tuple[np.ndarray, int]:
    """Centre each run: differences within it stay, and products keep their digits."""
    M = checked(M)
    n_runs = check_runs(M)
    M = without_mean(M, -2)
    return (M - M.mean(-1, keepdims=True) if remove_mean else M), n_runs


def _over_pairs(
    W: np.ndarray, found: np.ndarray, covariances: np.ndarray | None = None
) -> np.ndarray:
    """Average over pairs of runs, of each pair of conditions those that have both."""
    n_runs, n_conditions, n_channels = W.shape[-3:]
    first, second = pair_indices(n_conditions)
    filled = np.where(found[..., None], W, 0)
    sums, counts = np.zeros(()), np.zeros((), np.int64)
    for one in range(n_runs):
        for other in range(one + 1, n_runs):
            right = filled[..., other, :, :].mT
            if covariances is not None:
                mean = (covariances[..., one, :, :] + covariances[..., other, :, :]) / 2
                right = np.linalg.solve(mean, right)
            K = filled[..., one, :, :] @ right
            both = found[..., one, :] & found[..., other, :]
            there = both[..., first] & both[..., second]
            sums = sums + np.where(there, of_gram((K + K.mT) / 2), 0)
            counts = counts + there
    with np.errstate(invalid="ignore"):
        return (sums / (counts * n_channels)).astype(W.dtype)
