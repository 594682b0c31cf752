"""Noise precision of channels, from residuals: what Mahalanobis and crossnobis distances divide by.

Residuals are those of a GLM, or of rows about the mean of their condition. One Gram product an
estimate: the fourth moments that shrinkage needs are sums over channels first.

References
----------
Ledoit & Wolf 2004, doi 10.1016/S0047-259X(03)00096-4; Schäfer & Strimmer 2005, doi
10.2202/1544-6115.1175; Walther et al. 2016, doi 10.1016/j.neuroimage.2015.12.012.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import get_lapack_funcs

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.groups import group_means
from neurodecode.linalg.shrinkage import ledoit_wolf_share

Shrinkage = Literal["diag", "shrink_diag", "shrink_eye"]
SHRINKAGES: tuple[Shrinkage, ...] = ("diag", "shrink_diag", "shrink_eye")


@dataclass(frozen=True, eq=False)
class Noise:
    """Covariance of noise between channels and its inverse.

    Parameters
    ----------
    precision : ndarray of float64, shape (..., n_channels, n_channels)
    covariance : ndarray of float64, shape (..., n_channels, n_channels)
    shrinkage : ndarray of float64, shape (...)
        Lambda: 0 is the covariance as measured, 1 is what it is drawn to.
    dof : float
        Degrees of freedom it was divided by.
    """

    precision: np.ndarray
    covariance: np.ndarray
    shrinkage: np.ndarray
    dof: float


def noise_precision(
    residuals: np.ndarray, method: Shrinkage = "shrink_diag", dof: float | None = None
) -> Noise:
    """Estimate the noise of channels from residuals and invert it.

    Parameters
    ----------
    residuals : ndarray, shape (..., n_residuals, n_channels)
        Their means are removed. Runs or parcels of equal shape are estimated at once.
    method : {"diag", "shrink_diag", "shrink_eye"}
        Variances alone; correlations made smaller (Schäfer-Strimmer); drawn to a multiple of the
        identity (Ledoit-Wolf).
    dof : float, optional
        Degrees of freedom: ``n_residuals - n_regressors`` of a GLM, ``n_residuals - 1`` without.

    Returns
    -------
    noise : Noise
        Equal to rsatoolbox's `prec_from_residuals`.

    Raises
    ------
    ConfigError
        If there is no such method.
    DataError
        If a channel is constant, a value is not finite, or `dof` is not above zero.

    Notes
    -----
    A precision used for a test run should not come from residuals about condition means of the
    very patterns tested; with residuals of a GLM over all runs the effect is negligible.
    """
    if method not in SHRINKAGES:
        raise ConfigError(
            f"method: {method!r} is no estimate of noise.{nearest(method, SHRINKAGES)}"
        )
    E = np.asarray(residuals, dtype=np.float64)
    n_residuals, n_channels = E.shape[-2:]
    divisor = float(n_residuals - 1 if dof is None else dof)
    if divisor <= 0:
        raise DataError(
            f"{n_residuals} residuals leave {divisor:g} degrees of freedom. Use residuals of a "
            "GLM, or conditions that are repeated within a run."
        )
    E = E - E.mean(-2, keepdims=True)
    scatter = E.mT @ E
    powers = np.einsum("...ii->...i", scatter)
    _check(powers)
    if method == "shrink_eye":
        share = _share_of_identity(E, scatter, n_residuals)
        target = np.eye(n_channels) * powers.mean(-1)[..., None, None]
    else:
        whole = method == "diag"
        share = np.ones(E.shape[:-2]) if whole else _share_of_diagonal(E, scatter, divisor)
        target = np.eye(n_channels) * powers[..., None, :]
    covariance = (scatter + share[..., None, None] * (target - scatter)) / divisor
    return Noise(_inverse(covariance), covariance, share, divisor)


def measurement_residuals(
    X: np.ndarray, conditions: np.ndarray, runs: np.ndarray | None = None
) -> tuple[np.ndarray, int]:
    """Subtract from each row the mean of its condition, within its run where runs are told.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_channels)
    conditions : ndarray, shape (n_trials,)
    runs : ndarray, shape (n_trials,), optional

    Returns
    -------
    residuals : ndarray of float64, shape (n_trials, n_channels)
    dof : int
        Rows less means; 0 where each condition is once in each run.
    """
    cell = np.unique(np.asarray(conditions), return_inverse=True)[1]
    if runs is not None:
        of_run = np.unique(np.asarray(runs), return_inverse=True)[1]
        cell = np.unique(of_run * (cell.max() + 1) + cell, return_inverse=True)[1]
    means = group_means(np.asarray(X), cell)
    return X - means[cell], len(X) - len(means)


def noise_of_runs(
    X: np.ndarray, conditions: np.ndarray, runs: np.ndarray, method: Shrinkage = "shrink_diag"
) -> list[Noise]:
    """Estimate the noise of each run from its own rows about their condition means.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_channels)
    conditions, runs : ndarray, shape (n_trials,)
    method : str
        As for `noise_precision`.

    Returns
    -------
    noise : list of Noise, n_runs long
        In the order of sorted runs. That of one row; divide the covariance by the rows that a
        pattern is a mean of, if runs differ in these.

    Raises
    ------
    DataError
        As for `noise_precision`, with the run.
    """
    conditions, runs = np.asarray(conditions), np.asarray(runs)
    found = []
    for run in np.unique(runs):
        rows = runs == run
        try:
            residuals, dof = measurement_residuals(np.asarray(X)[rows], conditions[rows])
            found.append(noise_precision(residuals, method, dof))
        except DataError as error:
            raise DataError(f"run {run}: {error}") from None
    return found


def _share_of_diagonal(E: np.ndarray, scatter: np.ndarray, dof: float) -> np.ndarray:
    """Schäfer & Strimmer's lambda of correlations, scaled as rsatoolbox does."""
    n = E.shape[-2]
    variance = np.einsum("...ii->...i", scatter) / dof
    scale = np.sqrt(variance)
    means = scatter / (scale[..., :, None] * scale[..., None, :] * (n - 1))
    on = np.einsum("...ii->...i", means)
    strength = np.vecdot(means, means).sum(-1) - np.vecdot(on, on)
    # The sum over pairs of channels of products of squares is the square of a sum over channels.
    squares = (E / scale[..., None, :]) ** 2
    of_all = squares.sum(-1)
    fourth = np.vecdot(of_all, of_all) - np.vecdot(squares, squares).sum(-1)
    error = n / dof**2 * (fourth / (n - 1) - strength)
    return np.clip(np.divide(error, strength, out=np.ones_like(error), where=strength > 0), 0, 1)


def _share_of_identity(E: np.ndarray, scatter: np.ndarray, n: int) -> np.ndarray:
    lengths = np.vecdot(E, E)
    fourth = np.mean((lengths / lengths.mean(-1, keepdims=True)) ** 2, axis=-1)
    return np.asarray(np.clip(ledoit_wolf_share(scatter, fourth, n), 0, 1))


def _check(powers: np.ndarray) -> None:
    bad = ~(np.isfinite(powers) & (powers > 0))
    if bad.any():
        *_, channel = (int(i[0]) for i in np.nonzero(bad))
        raise DataError(
            f"Residuals of channel {channel} are constant or not finite, so that it has no noise "
            "to divide by. Drop it."
        )


def _inverse(covariance: np.ndarray) -> np.ndarray:
    """Invert positive definite matrices, by half the work of a general inverse."""
    factorise, invert = get_lapack_funcs(("potrf", "potri"), (covariance,))
    inverse = np.empty_like(covariance)
    for at in np.ndindex(covariance.shape[:-2]):
        factor, failed = factorise(covariance[at], lower=1)
        if failed:
            raise DataError(
                "The noise covariance has no inverse: shrinkage is zero and there are fewer "
                "residuals than channels. Use shrink_eye, or diag."
            )
        half, _ = invert(factor, lower=1)
        inverse[at] = np.tril(half) + np.tril(half, -1).T
    return inverse
