"""Choosing penalties of ridge regressions: rows left out in closed form, GCV, and folds."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.maps import release
from neurodecode.linalg._centred_rows import blocks, float64
from neurodecode.linalg._namespace import Array, as_numpy, astype, like, namespace
from neurodecode.linalg.ridge import BLOCK, MADE, RidgeSolver, per_target

_TIE = 1e-10  # relative: of penalties whose errors differ by less, the largest
_FREEDOM = 1e-3  # of the rows: with less of it left, GCV divides nothing by nothing


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
            errors[i, at] = _squares(one.residuals(told, rest))
    return errors / _total(solver)


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
    n = len(solver.left)
    lost = np.stack(
        [as_numpy(_lost(solver, alpha)) for alpha in alphas]
    )  # (n_alphas, n_components)
    free = n - 1 - lost.shape[1] + lost.sum(axis=1)
    errors = np.empty((len(lost), Y.shape[1]))
    for at, centred, _ in solver.targets(Y, block):
        told = solver.left.T @ centred
        inside = as_numpy(astype(told, solver.values.dtype)) ** 2
        rest = np.clip(_squares(centred) - inside.sum(axis=0), 0, None)
        errors[:, at] = lost**2 @ inside + (rest if len(inside) < n - 1 else 0.0)
    errors *= (n * n / _total(solver) / np.clip(free, 1e-300, None) ** 2)[:, None]
    errors[free < _FREEDOM * n] = np.inf
    return errors


def fold_errors(
    X: Any,
    Y: Any,
    alphas: Sequence[float] | np.ndarray,
    splits: Iterable[tuple[np.ndarray, np.ndarray]],
    *,
    block: int = BLOCK,
    **options: Any,
) -> np.ndarray:
    """Give mean squared errors of folds that are told by the other rows.

    Rows that follow each other in time are near copies: leave out whole runs of them, and neither
    single rows nor GCV.

    Parameters
    ----------
    X : ndarray or Tensor, shape (n_rows, n_features)
    Y : ndarray or Tensor, shape (n_rows, n_targets)
    alphas : sequence of float
    splits : iterable of (train, test)
        Positions of rows.
    block : int
        Bytes of a block of targets, with all that is made of it.
    **options
        Of `RidgeSolver.of`: how each fold's training rows are decomposed.

    Returns
    -------
    errors : ndarray, shape (n_alphas, n_targets)
        Over all rows that were left out.

    Raises
    ------
    DataError
        If there is no split.
    """
    errors, n_tested = np.zeros((len(alphas), Y.shape[1])), 0
    for train, test in splits:
        solver = RidgeSolver.of(X[train], **options)
        seen = solver.components(X[test])
        n_tested += len(test)
        divided = [astype(solver.divided(alpha), seen.dtype) for alpha in alphas]
        for at in blocks(Y.shape[1], MADE * len(Y) * seen.itemsize, block):
            read = like(Y[:, at], seen)
            release(Y)
            centred, mean = solver.centred(read[train])
            told, true = solver.left.T @ centred, read[test] - astype(mean, seen.dtype)
            for i, one in enumerate(divided):
                errors[i, at] += _squares(true - seen @ (one * told))
    if n_tested == 0:
        raise DataError("ridge: there is no fold to leave out. Give two folds or more.")
    return errors / n_tested


def least(
    errors: np.ndarray, alphas: Sequence[float] | np.ndarray, groups: np.ndarray | None = None
) -> np.ndarray:
    """Give each target the penalty of the least error, of those that do alike the largest.

    Parameters
    ----------
    errors : ndarray, shape (n_alphas, n_targets)
    alphas : sequence of float
    groups : ndarray of int, shape (n_targets,), or None
        Targets of one group, such as the numbers of a token, share a penalty: that of their least
        mean error. None gives all targets one.

    Returns
    -------
    alpha : ndarray, shape (n_targets,)
    """
    groups = np.zeros(errors.shape[1], dtype=np.intp) if groups is None else groups
    values = np.asarray(alphas, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    sums = np.stack([np.bincount(groups, weights=errors[i]) for i in order])
    alike = sums <= sums.min(axis=0) * (1 + _TIE)
    return values[order][np.argmax(alike, axis=0)][groups]


def left_out_statistics(
    solver: RidgeSolver,
    Y: Any,
    alpha: float | np.ndarray,
    *,
    groups: np.ndarray | None = None,
    block: int = BLOCK,
) -> tuple[np.ndarray, np.ndarray]:
    """Give mean and spread of what is said of training rows by all others.

    Predictions vary less than what they predict. How much less, predictions of rows that were
    trained on do not say: they vary too much.

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
    mean, sd : ndarray, shape (n_targets,)
        Over rows, with the divisor n.
    """
    each = per_target(alpha, Y.shape[1])
    several = {one: _LeavingOut(solver, one, groups) for one in np.unique(each)}
    mean, sd = np.empty(Y.shape[1]), np.empty(Y.shape[1])
    root = solver.rows.root
    for at, centred, y_mean in solver.targets(Y, block):
        told, rest = _parted(solver, centred)
        for one in np.unique(each[at]):
            mine = np.flatnonzero(each[at] == one)
            part = None if rest is None else rest[:, mine]
            said = centred[:, mine] - several[one].residuals(told[:, mine], part)
            if root is not None:
                said = said / astype(root, said.dtype)[:, None]
            said = as_numpy(said)
            columns = at.start + mine
            mean[columns] = as_numpy(y_mean)[mine] + said.mean(axis=0, dtype=np.float64)
            sd[columns] = said.std(axis=0, dtype=np.float64)
    return mean, sd


class _LeavingOut:
    """Residuals of rows that are left out, under one penalty."""

    def __init__(self, solver: RidgeSolver, alpha: float, groups: np.ndarray | None):
        self._left, lost = solver.left, _lost(solver, alpha)
        self._lost = astype(lost, solver.left.dtype)[:, None]
        self._inverses: list[tuple[np.ndarray, Array]] = []
        if groups is None:
            share = solver.outside + astype(solver.left, lost.dtype) ** 2 @ lost
            self._inverse_share = astype(1 / share, solver.left.dtype)[:, None]
        else:
            self._inverse_share = None
            for members in _members(groups):
                kept = _kept_block(solver, lost, members)
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


def _kept_block(solver: RidgeSolver, lost: Array, members: np.ndarray) -> Array:
    """Blocks of I - H of groups of one size, shape (n_groups, n_members, n_members)."""
    U = astype(solver.left[members], lost.dtype)  # (n_groups, n_members, n_components)
    inside = (U * lost) @ U.mT
    if _is_whole(solver):
        return inside
    rows = solver.rows
    root = float64(np.ones(len(solver.left)), lost) if rows.root is None else rows.root
    mean = root[members] / (root**2).sum() ** 0.5
    eye = float64(np.eye(members.shape[1]), lost)
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


def _lost(solver: RidgeSolver, alpha: float) -> Array:
    """Give α / (s + α), what a penalty takes of each component; float64."""
    if np.isinf(alpha):
        return 0 * solver.values + 1
    return float(alpha) * solver.divided(alpha)[:, 0]


def _squares(values: Array) -> np.ndarray:
    """Sum squares over rows."""
    return as_numpy(namespace(values).einsum("ij,ij->j", values, values))


def _total(solver: RidgeSolver) -> float:
    """Sum the weights of the rows."""
    root = solver.rows.root
    return float(len(solver.left)) if root is None else float((root**2).sum())
