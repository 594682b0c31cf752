"""Rows left out of ridge regressions, in closed form: none is really left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._centred_rows import FEATURES, blocks, float64
from neurodecode.linalg._namespace import (
    Array,
    as_numpy,
    astype,
    like,
    namespace,
    new_empty,
)
from neurodecode.linalg.ridge import BLOCK, RidgeSolver, per_target


def left_out_errors(
    solver: RidgeSolver,
    Y: Any,
    alphas: Sequence[float] | np.ndarray,
    *,
    groups: np.ndarray | None = None,
    block: int = BLOCK,
) -> np.ndarray:
    """Give mean squared errors of rows that are told by all others; none is really left out.

    Parameters
    ----------
    solver : RidgeSolver
    Y : ndarray or Tensor, shape (n_rows, n_targets)
        Of the training rows; read in blocks of columns.
    alphas : sequence of float
        Penalties, above zero.
    groups : ndarray of int, shape (n_rows,), or None
        Rows of one group are left out together, such as repeats of a stimulus, which tell each
        other. None leaves out each row by itself.
    block : int
        Bytes of a block of targets, with all that is made of it.

    Returns
    -------
    errors : ndarray, shape (n_alphas, n_targets)

    Raises
    ------
    DataError
        If all rows are of one group.

    Notes
    -----
    With H = 11ᵀ/n + U diag(s / (s + α)) Uᵀ the residuals of rows S that are left out are those of
    all, (I - H) y, times the inverse of the block S of I - H. Both are summed from what is outside
    of U and α / (s + α) times what is inside, so that small penalties lose no digits.

    References
    ----------
    Allen 1974, doi 10.1080/00401706.1974.10489157; Golub, Heath & Wahba 1979,
    doi 10.1080/00401706.1979.10489751.
    """
    several = [_LeavingOut(solver, alpha, groups) for alpha in alphas]
    errors = np.empty((len(several), Y.shape[1]))
    for at, centred, _ in solver.targets(Y, block):
        told, rest = _parted(solver, centred)
        for i, one in enumerate(several):
            errors[i, at] = squares(one.residuals(told, rest))
    return errors / total_weight(solver)


@dataclass(frozen=True, eq=False)
class LeftOutStatistics:
    """How what is said of training rows by all others spreads, beside what it tells.

    Parameters
    ----------
    mean, sd : ndarray, shape (n_targets,)
        Of predictions of rows that were left out.
    target_mean, target_sd : ndarray, shape (n_targets,)
        Of the targets themselves.
    """

    mean: np.ndarray
    sd: np.ndarray
    target_mean: np.ndarray
    target_sd: np.ndarray


def left_out_statistics(
    solver: RidgeSolver,
    Y: Any,
    alpha: float | np.ndarray,
    *,
    groups: np.ndarray | None = None,
    block: int = BLOCK,
) -> LeftOutStatistics:
    """Give mean and spread of what is said of training rows by all others.

    Predictions vary less than what they predict. How much less, predictions of rows that were
    trained on do not say: they vary too much.

    Parameters
    ----------
    solver : RidgeSolver
    Y : ndarray or Tensor, shape (n_rows, n_targets)
        Of the training rows; read once, in blocks of columns.
    alpha : float or ndarray, shape (n_targets,)
    groups : ndarray of int, shape (n_rows,), or None
        Rows that are left out together.
    block : int
        Bytes of a block of targets, with all that is made of it.

    Returns
    -------
    statistics : LeftOutStatistics
        Over rows, which count as they did when the solver was made, with the divisor n.
    """
    found = LeftOutStatistics(*(np.empty(Y.shape[1]) for _ in range(4)))
    n, root, total = len(solver.left), solver.rows.root, total_weight(solver)
    weight = np.full(n, 1 / n) if root is None else as_numpy(root) ** 2 / total
    weight = like(weight, solver.left)
    for columns, centred, said, y_mean in _left_out(solver, Y, alpha, groups, block):
        mean = weight @ said
        found.sd[columns] = as_numpy(weight @ (said - mean) ** 2) ** 0.5
        found.target_mean[columns] = as_numpy(y_mean)
        found.mean[columns] = as_numpy(y_mean) + as_numpy(mean)
        found.target_sd[columns] = (squares(centred) / total) ** 0.5
    return found


def left_out_predictions(
    solver: RidgeSolver,
    Y: Any,
    alpha: float | np.ndarray,
    *,
    groups: np.ndarray | None = None,
    block: int = BLOCK,
) -> Array:
    """Give what is said of training rows by all others; none is really left out.

    Parameters
    ----------
    solver : RidgeSolver
    Y : ndarray or Tensor, shape (n_rows, n_targets)
        Of the training rows; read in blocks of columns.
    alpha : float or ndarray, shape (n_targets,)
    groups : ndarray of int, shape (n_rows,), or None
        Rows that are left out together.
    block : int
        Bytes of a block of targets, with all that is made of it.

    Returns
    -------
    predictions : ndarray or Tensor, shape (n_rows, n_targets)
        In the precision of the features.
    """
    made = new_empty(solver.rows.X, Y.shape)
    for columns, _, said, y_mean in _left_out(solver, Y, alpha, groups, block):
        made[:, columns] = said + astype(y_mean, said.dtype)
    return made


def _left_out(
    solver: RidgeSolver,
    Y: Any,
    alpha: float | np.ndarray,
    groups: np.ndarray | None,
    block: int,
) -> Iterator[tuple[Any, Array, Array, Array]]:
    """Say each row by all others, in blocks of columns of one penalty.

    Yields columns, their targets as `RidgeSolver.centred` gives them, predictions less the mean
    target, and that mean: apart, so that targets far from zero lose no digits.
    """
    each, root = per_target(alpha, Y.shape[1]), solver.rows.root
    several = {one: _LeavingOut(solver, one, groups) for one in np.unique(each)}
    for at, centred, y_mean in solver.targets(Y, block):
        told, rest = _parted(solver, centred)
        penalties = np.unique(each[at])
        for one in penalties:
            mine = np.flatnonzero(each[at] == one) if len(penalties) > 1 else slice(None)
            part = None if rest is None else rest[:, mine]
            said = centred[:, mine] - several[one].residuals(told[:, mine], part)
            if root is not None:
                said /= astype(root, said.dtype)[:, None]
            yield np.arange(at.start, at.stop)[mine], centred[:, mine], said, y_mean[mine]


class _LeavingOut:
    """Residuals of rows that are left out, under one penalty."""

    def __init__(self, solver: RidgeSolver, alpha: float, groups: np.ndarray | None):
        self._left, taken = solver.left, lost(solver.values, alpha)
        self._lost = astype(taken, solver.left.dtype)[:, None]
        self._inverses: list[tuple[np.ndarray, Array]] = []
        if groups is None:
            share = solver.outside + _inside(solver, taken)
            self._inverse_share = astype(1 / share, solver.left.dtype)[:, None]
        else:
            self._inverse_share = None
            for members in _members(groups):
                kept = _kept_block(solver, taken, members)
                inverse = namespace(kept).linalg.inv(kept)
                self._inverses.append((members, astype(inverse, solver.left.dtype)))

    def residuals(self, told: Array, rest: Array | None) -> Array:
        """Give residuals, shape (n_rows, n_block), of what is inside and outside of components."""
        found = self._left @ (self._lost * told)
        if rest is not None:
            found += rest
        if self._inverse_share is not None:
            found *= self._inverse_share
        for members, inverse in self._inverses:
            found[members] = inverse @ found[members]
        return found


def _inside(solver: RidgeSolver, taken: Array) -> Array:
    """Give what a penalty takes of each row, shape (n_rows,), in float64."""
    found = 0 * solver.outside
    for at in blocks(len(found), 8 * len(taken), FEATURES):
        found[at] = astype(solver.left[at], taken.dtype) ** 2 @ taken
    return found


def _kept_block(solver: RidgeSolver, taken: Array, members: np.ndarray) -> Array:
    """Blocks of I - H of groups of one size, shape (n_groups, n_members, n_members)."""
    U = astype(solver.left[members], taken.dtype)  # (n_groups, n_members, n_components)
    inside = (U * taken) @ U.mT
    if _is_whole(solver):
        return inside
    rows = solver.rows
    root = float64(np.ones(len(solver.left)), taken) if rows.root is None else rows.root
    mean = root[members] / (root**2).sum() ** 0.5
    eye = float64(np.eye(members.shape[1]), taken)
    return inside + eye - mean[:, :, None] * mean[:, None, :] - U @ U.mT


def _members(groups: np.ndarray) -> list[np.ndarray]:
    """Positions of the rows of each group, of groups of equal size: (n_groups, n_members) each."""
    groups = np.unique(groups, return_inverse=True)[1].ravel()
    sizes, order = np.bincount(groups), np.argsort(groups, kind="stable")
    if len(sizes) < 2:
        raise DataError(
            "ridge: all rows are of one group, and nothing is left to tell it. Give rows of two "
            "groups or more."
        )
    first = np.cumsum(sizes) - sizes
    return [order[first[sizes == size][:, None] + np.arange(size)] for size in np.unique(sizes)]


def _parted(solver: RidgeSolver, centred: Array) -> tuple[Array, Array | None]:
    """Part targets into what components hold, and what is outside; None where nothing can be."""
    told = solver.left.T @ centred
    return told, None if _is_whole(solver) else centred - solver.left @ told


def _is_whole(solver: RidgeSolver) -> bool:
    """Whether components and mean are all there can be."""
    return len(solver.values) >= len(solver.left) - 1


def lost(values: Array, alpha: float) -> Array:
    """Give α / (s + α), what a penalty takes of each component; float64."""
    return 0 * values + 1 if np.isinf(alpha) else float(alpha) / (values + float(alpha))


def squares(values: Array) -> np.ndarray:
    """Sum squares over rows."""
    return as_numpy(namespace(values).einsum("ij,ij->j", values, values))


def total_weight(solver: RidgeSolver) -> float:
    """Sum the weights of the rows."""
    root = solver.rows.root
    return float(len(solver.left)) if root is None else float((root**2).sum())
