"""Ridge regression of more rows than memory holds, its penalty chosen by leaving folds out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurodecode.linalg.ridge import spectrum
from neurodecode.linalg.ridge_choice import least


@dataclass(frozen=True, eq=False)
class RidgeFit:
    """Weights of a ridge regression, and how its penalty was chosen.

    Parameters
    ----------
    weights : ndarray, shape (n_features, n_targets)
    intercept : ndarray, shape (n_targets,)
    alpha : float
    errors : ndarray, shape (n_alphas, n_targets)
        Mean squared error of the rows, each fold told by the others.
    """

    weights: np.ndarray
    intercept: np.ndarray
    alpha: float
    errors: np.ndarray


@dataclass(frozen=True, eq=False)
class Moments:
    """What a ridge regression needs of some rows, however many they are.

    Parameters
    ----------
    n_rows : int
    x, y : ndarray, shape (n_features,) and (n_targets,)
        Sums over rows.
    xx, xy : ndarray, shape (n_features, n_features) and (n_features, n_targets)
        Sums of products.
    yy : ndarray, shape (n_targets,)
        Sums of squares.
    """

    n_rows: int
    x: np.ndarray
    y: np.ndarray
    xx: np.ndarray
    xy: np.ndarray
    yy: np.ndarray

    @staticmethod
    def of(X: np.ndarray, Y: np.ndarray) -> "Moments":
        """Moments of rows, X of shape (n_rows, n_features), Y of shape (n_rows, n_targets)."""
        return Moments(len(X), X.sum(axis=0), Y.sum(axis=0), X.T @ X, X.T @ Y, np.sum(Y**2, axis=0))

    def __add__(self, other: "Moments") -> "Moments":
        mine, theirs = vars(self).values(), vars(other).values()
        return Moments(*(a + b for a, b in zip(mine, theirs, strict=True)))

    def __sub__(self, other: "Moments") -> "Moments":
        mine, theirs = vars(self).values(), vars(other).values()
        return Moments(*(a - b for a, b in zip(mine, theirs, strict=True)))

    def squared_error(self, weights: np.ndarray, intercept: np.ndarray) -> np.ndarray:
        """Sum over rows of the squared error of linear answers, shape (n_targets,)."""
        answers = np.sum(weights * (self.xx @ weights), axis=0)
        told = np.sum(weights * self.xy, axis=0)
        shift = self.n_rows * intercept - 2 * (self.y - self.x @ weights)
        return self.yy - 2 * told + answers + intercept * shift


def ridge_leave_folds_out(folds: Sequence[Moments], alphas: np.ndarray) -> RidgeFit:
    """Fit ridge regressions with the penalty under which left-out folds are told best.

    Rows that follow each other in time are near copies, so leaving out one alone would choose too
    small a penalty. No row is read twice: sums of products of the other folds are those of all less
    those of the fold.

    Parameters
    ----------
    folds : sequence of Moments
        Two or more, each of one row or more.
    alphas : ndarray, shape (n_alphas,)
        Penalties to choose from, above zero, in multiples of the mean over features of their
        variance about the training mean, times the number of training rows: so they do not depend
        on units. Of two that do alike, the first.

    Returns
    -------
    fit : RidgeFit
        On all rows; `alpha` in those multiples.
    """
    alphas = np.asarray(alphas, dtype=np.float64)
    whole = folds[0]
    for one in folds[1:]:
        whole = whole + one
    errors = np.zeros((len(alphas), len(whole.y)))
    for one in folds:
        for i, (weights, intercept) in enumerate(_solutions(whole - one, alphas)):
            errors[i] += one.squared_error(weights, intercept)
    errors /= whole.n_rows
    alpha = float(least(errors, alphas)[0])
    ((weights, intercept),) = _solutions(whole, np.array([alpha]))
    return RidgeFit(weights, intercept, alpha, errors)


def _solutions(moments: Moments, alphas: np.ndarray) -> "list[tuple[np.ndarray, np.ndarray]]":
    """Weights and intercept under each penalty: one decomposition serves all."""
    x_mean, y_mean = moments.x / moments.n_rows, moments.y / moments.n_rows
    products = moments.xx - moments.n_rows * np.outer(x_mean, x_mean)
    unit = max(float(np.trace(products)), 0.0) / len(products) or 1.0
    values, vectors = spectrum(products, np.finfo(np.float64).eps)
    projected = vectors.T @ (moments.xy - moments.n_rows * np.outer(x_mean, y_mean))
    several = []
    for alpha in alphas:
        weights = vectors @ (projected / (values + alpha * unit)[:, None])
        several.append((weights, y_mean - x_mean @ weights))
    return several
