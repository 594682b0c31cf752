"""Choosing penalties of ridge regressions by rows left out or by GCV, from one decomposition."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg._centred_rows import float64, with_products
from neurodecode.linalg._namespace import Array, as_numpy, astype
from neurodecode.linalg.ridge import BLOCK, RidgeSolver, spectrum
from neurodecode.linalg.ridge_left_out import left_out_errors, lost, squares, total_weight

_TIE = 1e-10  # relative: of penalties whose errors differ by less, the largest
_FREEDOM = 1e-3  # of the rows: with less of it left, GCV divides nothing by nothing


def check_alphas(alphas: Sequence[float] | np.ndarray, who: str) -> np.ndarray:
    """Hold penalties to choose from to numbers above zero, infinity among them.

    Parameters
    ----------
    alphas : sequence of float
    who : str
        Named in errors.

    Returns
    -------
    alphas : ndarray of float64, shape (n_alphas,)

    Raises
    ------
    ConfigError
        If one is none, or there is none.
    """
    values = np.asarray(alphas, dtype=np.float64)
    if values.ndim != 1 or len(values) == 0 or not (values > 0).all():
        raise ConfigError(f"{who}: alphas are {alphas!r}. Give a list of numbers above zero.")
    return values


def chosen(
    solver: RidgeSolver,
    Y: Any,
    alphas: Sequence[float] | np.ndarray,
    *,
    sharing: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    block: int = BLOCK,
) -> np.ndarray:
    """Choose the penalty under which rows are best told by all others.

    Parameters
    ----------
    solver : RidgeSolver
    Y : ndarray or Tensor, shape (n_rows, n_targets)
        Of the training rows; read in blocks of columns.
    alphas : sequence of float
        Penalties, above zero; an infinite one says nothing of any row.
    sharing : ndarray of int, shape (n_targets,), or None
        Targets of one number share a penalty, such as those of a token; None: all share one.
    groups : ndarray of int, shape (n_rows,), or None
        Rows that are left out together, such as repeats of a stimulus; None: each by itself.
    block : int
        Bytes of a block of targets, with all that is made of it.

    Returns
    -------
    alpha : ndarray, shape (n_targets,)
    """
    n_targets = Y.shape[1]
    if sharing is None and n_targets > len(solver.left):
        few = condensed(solver, Y, block=block)
        if few.shape[1] == 0:  # all targets are constant, which every penalty says alike
            return np.full(n_targets, np.max(alphas))
        errors = left_out_errors(solver, few, alphas, groups=groups, block=block)
        return np.full(n_targets, least(errors, alphas)[:1])
    errors = left_out_errors(solver, Y, alphas, groups=groups, block=block)
    return least(errors, alphas, sharing)


def condensed(solver: RidgeSolver, Y: Any, *, block: int = BLOCK) -> Array:
    """Give few targets that have the same products between rows as many have.

    Errors that are linear in the targets have the same sum of squares over both, so a penalty that
    all share can be chosen by them.

    Parameters
    ----------
    solver : RidgeSolver
    Y : ndarray or Tensor, shape (n_rows, n_targets)
        Of the training rows; read once, in blocks of columns.
    block : int
        Bytes of a block of targets, with all that is made of it.

    Returns
    -------
    few : ndarray or Tensor, shape (n_rows, n_few)
        Centred; at most as many as rows.
    """
    n = len(solver.left)
    products = float64(np.zeros((n, n), order="F"), solver.left)
    for _, centred, _ in solver.targets(Y, block):
        products = with_products(products, astype(centred, products.dtype))
    values, vectors = spectrum(products, float(np.finfo(np.float64).eps))
    del products
    vectors *= values**0.5
    if solver.rows.root is not None:  # they will be weighted as any targets are
        vectors /= solver.rows.root[:, None]
    return astype(vectors, solver.left.dtype)


def generalized_errors(
    solver: RidgeSolver, Y: Any, alphas: Sequence[float] | np.ndarray, *, block: int = BLOCK
) -> np.ndarray:
    """Give errors of generalized cross-validation: leave-one-out with all leverages at their mean.

    Parameters
    ----------
    solver : RidgeSolver
    Y : ndarray or Tensor, shape (n_rows, n_targets)
    alphas : sequence of float
        Penalties, above zero.
    block : int
        Bytes of a block of targets, with all that is made of it.

    Returns
    -------
    errors : ndarray, shape (n_alphas, n_targets)
        n RSS / (n - df)²; infinite where less than a thousandth of the rows is left to judge by.

    References
    ----------
    Golub, Heath & Wahba 1979, doi 10.1080/00401706.1979.10489751.
    """
    gcv = GeneralizedErrors.of(solver.values, alphas, len(solver.left))
    errors = np.empty((len(gcv.taken), Y.shape[1]))
    for at, centred, _ in solver.targets(Y, block):
        errors[:, at] = gcv.errors(solver.left.T @ centred, squares(centred))
    return errors * (len(solver.left) / total_weight(solver))


@dataclass(frozen=True, eq=False)
class GeneralizedErrors:
    """What generalized cross-validation makes of products of targets and components.

    Parameters
    ----------
    taken : ndarray, shape (n_alphas, n_components)
        What each penalty takes of each component.
    free : ndarray, shape (n_alphas,)
        Rows less degrees of freedom, of which the mean is one.
    n_rows : int
    """

    taken: np.ndarray
    free: np.ndarray
    n_rows: int

    @staticmethod
    def of(values: Array, alphas: Sequence[float] | np.ndarray, n_rows: int) -> "GeneralizedErrors":
        """Prepare for squared singular values, shape (n_components,)."""
        taken = np.stack([as_numpy(lost(values, alpha)) for alpha in alphas])
        free = n_rows - 1 - taken.shape[1] + taken.sum(axis=1)
        return GeneralizedErrors(taken, free, n_rows)

    def errors(self, told: Array, square: np.ndarray) -> np.ndarray:
        """Give n RSS / (n - df)², shape (n_alphas, n_targets).

        Parameters
        ----------
        told : ndarray or Tensor, shape (n_components, n_targets)
            Products of left singular vectors and centred targets.
        square : ndarray, shape (n_targets,)
            Sums of squares of centred targets.
        """
        inside = as_numpy(told).astype(np.float64) ** 2
        rest = np.clip(square - inside.sum(axis=0), 0, None)
        errors = self.taken**2 @ inside + (rest if len(inside) < self.n_rows - 1 else 0.0)
        errors *= (self.n_rows / np.clip(self.free, 1e-300, None) ** 2)[:, None]
        errors[self.free < _FREEDOM * self.n_rows] = np.inf
        return errors


def least(
    errors: np.ndarray, alphas: Sequence[float] | np.ndarray, sharing: np.ndarray | None = None
) -> np.ndarray:
    """Give each target the penalty of the least error, of those that do alike the largest.

    Parameters
    ----------
    errors : ndarray, shape (n_alphas, n_targets)
    alphas : sequence of float
    sharing : ndarray of int, shape (n_targets,), or None
        Targets of one number share the penalty of their least mean error; None: all share one.

    Returns
    -------
    alpha : ndarray, shape (n_targets,)

    Raises
    ------
    DataError
        If an error is NaN, as those of targets that are, or no penalty can be judged.
    """
    sharing = np.zeros(errors.shape[1], dtype=np.intp) if sharing is None else sharing
    values = np.asarray(alphas, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    sums = np.stack([np.bincount(sharing, weights=errors[i]) for i in order])
    if np.isnan(sums).any():
        raise DataError("ridge: a target is not finite. Leave out its row, or the target.")
    if np.isinf(sums.min(axis=0)).any():
        raise DataError(
            f"ridge: penalties up to {values.max():g} leave nothing to judge them by. Give larger "
            "ones."
        )
    alike = sums <= sums.min(axis=0) * (1 + _TIE)
    return values[order][np.argmax(alike, axis=0)][sharing]
