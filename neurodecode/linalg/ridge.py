"""Ridge regression of many targets, its penalty chosen by leaving each row out."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class RidgeFit:
    """Weights of a ridge regression, and how its penalty was chosen.

    Parameters
    ----------
    weights : ndarray, shape (n_features, n_targets)
    intercept : ndarray, shape (n_targets,)
    alpha : ndarray, shape (n_targets,)
        Penalty of each target.
    errors : ndarray, shape (n_alphas, n_targets)
        Mean squared error of the rows, each told by all others.
    """

    weights: np.ndarray
    intercept: np.ndarray
    alpha: np.ndarray
    errors: np.ndarray


def ridge_leave_one_out(
    X: np.ndarray, Y: np.ndarray, alphas: np.ndarray, *, per_target: bool = False
) -> RidgeFit:
    """Fit ridge regressions with the penalty under which left-out rows are told best.

    One singular value decomposition serves all penalties and targets; no row is really left out.

    Parameters
    ----------
    X : ndarray, shape (n_rows, n_features)
        Two rows or more.
    Y : ndarray, shape (n_rows, n_targets)
    alphas : ndarray, shape (n_alphas,)
        Penalties to choose from, above zero; of two that do alike, the first.
    per_target : bool
        Whether each target has a penalty of its own.

    Returns
    -------
    fit : RidgeFit

    Notes
    -----
    The error of a row that is left out is its residual divided by one less its leverage, which is
    1/n for the intercept and the diagonal of X (XᵀX + αI)⁻¹ Xᵀ of centred X.

    References
    ----------
    Golub, Heath & Wahba 1979, doi 10.1080/00401706.1979.10489751; Allen 1974,
    doi 10.1080/00401706.1974.10489157.
    """
    n_rows = len(X)
    x_mean, y_mean = X.mean(axis=0), Y.mean(axis=0)
    U, s, Vt = np.linalg.svd(X - x_mean, full_matrices=False)
    centred = Y - y_mean
    projected = U.T @ centred  # (n_components, n_targets)
    errors = np.empty((len(alphas), Y.shape[1]))
    for i, alpha in enumerate(alphas):
        kept = s**2 / (s**2 + alpha)
        residual = centred - U @ (kept[:, None] * projected)
        leverage = 1 / n_rows + (U**2) @ kept
        errors[i] = np.mean((residual / (1 - leverage)[:, None]) ** 2, axis=0)
    if per_target:
        best = np.argmin(errors, axis=0)
    else:
        best = np.full(Y.shape[1], np.argmin(errors.mean(axis=1)))
    alpha = np.asarray(alphas, dtype=np.float64)[best]
    weights = Vt.T @ (s[:, None] / (s[:, None] ** 2 + alpha) * projected)
    return RidgeFit(weights, y_mean - x_mean @ weights, alpha, errors)
