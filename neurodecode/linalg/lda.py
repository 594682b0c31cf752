"""Linear discriminant analysis with Ledoit-Wolf shrinkage, solved among trials."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

# A shrinkage below this is rounding: two trials of a class, say, leave none.
_NO_SHRINKAGE = 1e-12


@dataclass(frozen=True, eq=False)
class LdaFit:
    """A linear discriminant.

    Parameters
    ----------
    classes : ndarray, shape (n_classes,)
    coef : ndarray, shape (n_classes, n_features), or (1, n_features) for two classes
        For two classes the second's less the first's.
    intercept : ndarray, shape (n_classes,) or (1,)
    shrinkage : ndarray, shape (n_classes,)
        Intensity in each class, 0 to 1.
    """

    classes: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    shrinkage: np.ndarray


def shrunk_lda(X: np.ndarray, y: np.ndarray) -> LdaFit:
    """Fit a linear discriminant whose covariance within classes is shrunk by itself.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_features)
    y : ndarray, shape (n_trials,)

    Returns
    -------
    fit : LdaFit
        That of scikit-learn's ``LinearDiscriminantAnalysis("lsqr", shrinkage="auto")``, which forms
        the covariance of the features and takes its singular values.

    Raises
    ------
    ValueError
        If all trials are of one class, or no class has two.

    Notes
    -----
    Within a class of Nc trials with centred rows Z and deviations d, the shrunk covariance is
    ρ μ diag(d²) + (1 - ρ) ZᵀZ / Nc: Ledoit and Wolf's for standardised features, scaled back.
    Summed over classes it is a diagonal Δ and a product UᵀU of n_trials rows, so where features
    outnumber trials Woodbury's identity needs an inverse of n_trials rows alone:

        (Δ + UᵀU)⁻¹ = Δ⁻¹ - Δ⁻¹ Uᵀ (I + U Δ⁻¹ Uᵀ)⁻¹ U Δ⁻¹.

    Where no class has any shrinkage (two trials each, or one), the covariance has no inverse and
    the solution of least norm is taken.

    References
    ----------
    Ledoit & Wolf 2004, doi 10.1016/S0047-259X(03)00096-4, lemma 3.1 to 3.3.
    """
    X, y = np.asarray(X, dtype=np.float64), np.asarray(y)
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"lda: all {len(y)} training trials are of one class. Give two.")
    n_trials, n_features = X.shape
    if n_trials == len(classes):
        raise ValueError(
            f"lda: each of the {n_trials} classes has one training trial, which tells nothing of "
            "the spread within classes. Give a class two."
        )
    priors = np.bincount(codes) / n_trials
    means = np.empty((len(classes), n_features))
    shrinkage = np.empty(len(classes))
    delta = np.zeros(n_features)
    U = np.empty((n_trials, n_features))
    first = 0
    for i, prior in enumerate(priors):
        Z = X[codes == i]
        means[i] = Z.mean(axis=0)
        Z -= means[i]
        scale, constant = _deviations(Z, means[i])
        Z[:, constant] = 0  # of what is constant rounding alone is left
        shrinkage[i], level = _ledoit_wolf(Z / scale)
        delta += prior * shrinkage[i] * level * scale**2
        np.multiply(Z, np.sqrt(prior * (1 - shrinkage[i]) / len(Z)), out=U[first : first + len(Z)])
        first += len(Z)
    coef = _solve(delta, U, means)
    intercept = -0.5 * np.einsum("ij,ij->i", means, coef) + np.log(priors)
    if len(classes) == 2:
        coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
    return LdaFit(classes, coef, intercept, shrinkage)


def _deviations(Z: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Deviation of each feature of centred trials, 1 of the constant ones; and which those are."""
    variance = np.einsum("ij,ij->j", Z, Z) / len(Z)
    rounding = len(Z) * np.finfo(np.float64).eps
    constant = variance <= rounding * variance + (rounding * mean) ** 2
    return np.where(constant, 1.0, np.sqrt(variance)), constant


def _ledoit_wolf(Z: np.ndarray) -> tuple[float, float]:
    """Shrinkage of the covariance of centred trials, and the level that it shrinks towards.

    The norm of the covariance is that of the trials' products, whichever of both is smaller.
    """
    n_trials, n_features = Z.shape
    norms = np.einsum("ij,ij->i", Z, Z)
    level = norms.sum() / (n_trials * n_features)
    if n_features == 1:
        return 0.0, level
    products = Z @ Z.T if n_trials <= n_features else Z.T @ Z
    squares = np.vdot(products, products) / n_trials**2
    spread = np.vdot(norms, norms) / n_trials - squares
    distance = squares - n_features * level**2
    if distance <= 0:
        return 0.0, level
    beta = min(spread / n_trials, distance)
    shrinkage = beta / distance
    return (shrinkage if shrinkage > _NO_SHRINKAGE else 0.0), level


def _solve(delta: np.ndarray, U: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Solve (diag(delta) + UᵀU) W = means for W, shape (n_classes, n_features)."""
    n_trials, n_features = U.shape
    if n_features <= n_trials:
        covariance = U.T @ U
        covariance[np.diag_indices(n_features)] += delta
        if (delta > 0).all():
            factor = linalg.cho_factor(covariance, lower=True, overwrite_a=True)
            return linalg.cho_solve(factor, means.T).T
        return np.linalg.lstsq(covariance, means.T, rcond=np.finfo(np.float64).eps)[0].T
    if not (delta > 0).all():
        _, s, Vt = np.linalg.svd(U, full_matrices=False)
        kept = s**2 > np.finfo(np.float64).eps * s[0] ** 2
        return (means @ Vt[kept].T / s[kept] ** 2) @ Vt[kept]
    U /= np.sqrt(delta)
    scaled = means / np.sqrt(delta)
    inner = U @ U.T
    inner[np.diag_indices(n_trials)] += 1
    factor = linalg.cho_factor(inner, lower=True, overwrite_a=True)
    return (scaled - linalg.cho_solve(factor, U @ scaled.T).T @ U) / np.sqrt(delta)
