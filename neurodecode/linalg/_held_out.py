"""Rows left out, told under many penalties at once by mixtures of few predictions.

What a penalty leaves of a component, s / (s + α), changes slowly with ln s: the curves of any
number of penalties over seven decades are mixtures of about nine. So nine predictions are made,
their products with one another and with what is true are summed, and each penalty's squared error
is a quadratic form of those.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodecode.linalg._namespace import Array, as_numpy, astype, like, namespace, new_empty

Score = Literal["r2", "r", "mse"]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What left-out rows hold of each component, and what penalties leave of it.

    Parameters
    ----------
    seen : ndarray or Tensor, shape (n_seen, n_components)
        Left-out rows about their mean, each component in units in which no penalty leaves it as it
        is; in a basis of their own where they are more than components.
    basis : ndarray or Tensor, shape (n_rows, n_seen), or None
        That basis.
    mean : ndarray or Tensor, shape (n_components,)
        Mean of the left-out rows.
    curves : ndarray or Tensor, shape (n_curves, n_components)
        What curves leave of each component.
    mixtures : ndarray, shape (n_alphas, n_curves)
        Each penalty's curve as a mixture of those.
    n_rows : int
    """

    seen: Array
    basis: Array | None
    mean: Array
    curves: Array
    mixtures: np.ndarray
    n_rows: int

    @staticmethod
    def of(values: Array, seen: Array, alphas: np.ndarray, tol: float) -> "HeldOut":
        """Prepare left-out rows for all penalties.

        Parameters
        ----------
        values : ndarray or Tensor, shape (n_components,)
            Squared singular values of the training rows, in float64.
        seen : ndarray or Tensor, shape (n_rows, n_components)
            Components of left-out rows, times their singular values.
        alphas : ndarray, shape (n_alphas,)
        tol : float
            By how much a mixture may differ from what a penalty leaves, relative to the most that
            it leaves of any component; 0 makes each penalty a curve of its own.
        """
        seen = seen / astype(values, seen.dtype)
        curves, mixtures = _mixed(as_numpy(values), alphas, tol)
        mean = seen.mean(0)
        seen, basis, n_rows = seen - mean, None, len(seen)
        if n_rows > seen.shape[1]:
            basis, seen = namespace(seen).linalg.qr(seen)
        return HeldOut(seen, basis, mean, like(curves, seen), mixtures, n_rows)

    def scores(self, told: Array, true: Array, score: Score) -> np.ndarray:
        """Score predictions under each penalty.

        Parameters
        ----------
        told : ndarray or Tensor, shape (n_targets, n_components)
            Products of training rows' left singular vectors and targets.
        true : ndarray or Tensor, shape (n_rows, n_targets)
            Targets of the left-out rows, about the mean of the training rows.
        score : {"r2", "r", "mse"}

        Returns
        -------
        scores : ndarray, shape (n_alphas, n_targets)
            NaN or infinite where a target does not vary.
        """
        xp, n_curves = namespace(told), len(self.curves)
        true_mean = xp.mean(true, 0, dtype=xp.float64)
        about = true - astype(true_mean, true.dtype)
        total = as_numpy(xp.einsum("ij,ij->j", about, about)).astype(np.float64)
        inside = about if self.basis is None else self.basis.T @ about
        several = new_empty(told, (len(told), n_curves + 1, len(self.seen)))
        for i, curve in enumerate(self.curves):
            several[:, i] = told @ (self.seen * curve).T
        several[:, n_curves] = inside.T
        products = as_numpy(several @ several.mT).astype(np.float64)  # of curves and truth
        among = products[:, :n_curves, :n_curves].reshape(len(told), -1)
        pairs = (self.mixtures[:, :, None] * self.mixtures[:, None, :]).reshape(
            len(self.mixtures), -1
        )
        power = pairs @ among.T
        common = self.mixtures @ products[:, :n_curves, n_curves].T
        if score == "r":
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.where(power > 0, common / np.sqrt(np.clip(power, 0, None) * total), 0.0)
        means = self.mixtures @ as_numpy(self.curves * self.mean @ told.T).astype(np.float64)
        error = total - 2 * common + power + self.n_rows * (means - as_numpy(true_mean)) ** 2
        if score == "mse":
            return error / self.n_rows
        with np.errstate(invalid="ignore", divide="ignore"):
            return 1 - error / total


def _mixed(values: np.ndarray, alphas: np.ndarray, tol: float) -> tuple[np.ndarray, np.ndarray]:
    """Give few curves and the mixtures that make each penalty's; as many as tell them apart."""
    each = values / (values + alphas[:, None])  # (n_alphas, n_components); 0 of an infinite one
    if len(values) == 0:  # features that do not vary
        return each[:0], np.zeros((len(alphas), 0))
    finite = np.isfinite(alphas)
    most = np.where(finite, each.max(axis=1), 1.0)[:, None]  # correlations see no scale
    left, sizes, curves = np.linalg.svd(each / most, full_matrices=False)
    mixtures = left * sizes
    for n in range(1, int(finite.sum()) if tol > 0 else 0):
        if np.abs(mixtures[:, :n] @ curves[:n] - each / most).max() <= tol:
            return curves[:n], most * mixtures[:, :n]
    return each[finite], np.eye(len(alphas))[:, finite]
