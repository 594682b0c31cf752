"""Whether one model tells targets better than others, by resampling blocks of the tested rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg.permutation import benjamini_hochberg

_DRAWS = 64  # that are held at a time


@dataclass(frozen=True, eq=False)
class Comparison:
    """How much better a model is than the best of others, for each group of targets.

    Parameters
    ----------
    difference : ndarray, shape (n_groups,)
        Of mean correlations, to whichever of the others is nearest.
    p : ndarray, shape (n_groups,)
        That it is no better than one of them, one-sided.
    q : ndarray, shape (n_groups,)
        The same over all groups, by Benjamini and Hochberg: reject where it is at most the rate of
        false discoveries that is allowed.
    n_candidates : int
        Groups that were looked at.
    """

    difference: np.ndarray
    p: np.ndarray
    q: np.ndarray
    n_candidates: int


def beats_all(
    said: np.ndarray,
    others: Sequence[np.ndarray],
    true: np.ndarray,
    blocks: np.ndarray,
    *,
    folds: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    n_draws: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Compare predictions of tested rows with those of other models, blocks of rows drawn anew.

    Rows that follow each other are alike, so single ones are no draws of their own. Nothing is
    fitted anew: rows that are drawn twice are never both trained on and tested. All models see the
    same draws. A target is told better only if it is told better than by each of the others.

    Parameters
    ----------
    said : ndarray, shape (n_rows, n_targets)
        Of rows that were left out, by the model in question.
    others : sequence of ndarray, shape (n_rows, n_targets)
    true : ndarray, shape (n_rows, n_targets)
    blocks : array, shape (n_rows,)
        Rows of one block are drawn together: longer than neighbours are alike.
    folds : array, shape (n_rows,), or None
        Means of each fold are taken off, since those of training rows lean away from them.
    groups : ndarray of int, shape (n_targets,), or None
        Targets whose correlations are averaged, such as the windows of an electrode. The largest of
        them would be a selection. None: each is its own.
    n_draws, seed : int

    Returns
    -------
    comparison : Comparison

    Raises
    ------
    DataError
        If shapes differ, a number is not finite, or there are fewer than ten blocks.

    References
    ----------
    Kunsch 1989, doi 10.1214/aos/1176347265 (blocks); Berger 1982, doi
    10.1080/00401706.1982.10487790 (better than each of several); Benjamini & Hochberg 1995, doi
    10.1111/j.2517-6161.1995.tb02031.x.
    """
    true = np.asarray(true, dtype=np.float64)
    models = [np.asarray(one, dtype=np.float64) for one in (said, *others)]
    number = np.unique(np.asarray(blocks), return_inverse=True)[1]
    _check(models, true, number)
    if folds is not None:
        true = _centred(true, folds)
        models = [_centred(one, folds) for one in models]
    of = np.arange(true.shape[1]) if groups is None else np.asarray(groups)
    averaging = (of[:, None] == np.unique(of)) / np.bincount(np.unique(of, return_inverse=True)[1])
    sums = [_block_sums(one, true, number) for one in models]
    once = np.ones((1, number.max() + 1))
    observed = _differences(sums, once, averaging)[0]  # (n_others, n_groups)
    rng = np.random.default_rng(seed)
    n_blocks, at_most = int(number.max()) + 1, np.ones(observed.shape)
    for first in range(0, n_draws, _DRAWS):
        n = min(_DRAWS, n_draws - first)
        counts = rng.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), size=n)
        at_most += (_differences(sums, counts, averaging) <= 0).sum(axis=0)
    p = (at_most / (n_draws + 1)).max(axis=0)
    return Comparison(observed.min(axis=0), p, benjamini_hochberg(p), len(p))


def _differences(
    sums: Sequence[np.ndarray], counts: np.ndarray, averaging: np.ndarray
) -> np.ndarray:
    """Give the mean r of the first model less each other's, (n_draws, n_others, n_groups)."""
    r = [_correlations(one, counts) @ averaging for one in sums]
    return np.stack([r[0] - other for other in r[1:]], axis=1)


def _block_sums(said: np.ndarray, true: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Sum over the rows of each block what correlations need, (6, n_blocks, n_targets)."""
    terms = np.stack([np.ones_like(true), said, true, said * true, said**2, true**2])
    order = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[order], np.arange(number.max() + 1))
    return np.add.reduceat(terms[:, order], starts, axis=1)


def _correlations(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Give r of each target where blocks come so often, (n_draws, n_targets)."""
    n, x, y, xy, xx, yy = np.tensordot(counts.astype(np.float64), sums, axes=(1, 1)).swapaxes(0, 1)
    spread = np.maximum(xx - x**2 / n, 0) * np.maximum(yy - y**2 / n, 0)
    # A prediction that does not vary tells nothing.
    return np.divide(xy - x * y / n, np.sqrt(spread), out=np.zeros_like(n), where=spread > 0)


def _centred(values: np.ndarray, folds: np.ndarray) -> np.ndarray:
    made = values.copy()
    for fold in np.unique(folds):
        mine = np.asarray(folds) == fold
        made[mine] -= made[mine].mean(axis=0)
    return made


def _check(models: Sequence[np.ndarray], true: np.ndarray, number: np.ndarray) -> None:
    if len(models) < 2 or any(one.shape != true.shape for one in models) or true.ndim != 2:
        shapes = ", ".join(str(one.shape) for one in models)
        raise DataError(
            f"beats_all: predictions of shapes {shapes} for targets of shape {true.shape}. Give "
            "two models at least, rows by targets each."
        )
    if len(number) != len(true) or number.max(initial=-1) < 9:
        raise DataError(
            f"beats_all: {len(number)} rows in {number.max(initial=-1) + 1} blocks for {len(true)} "
            "rows. Give a block of each row, and ten of them at least."
        )
    if not all(np.isfinite(one).all() for one in (*models, true)):
        raise DataError("beats_all: a value is not finite. Leave out its row or its target.")
