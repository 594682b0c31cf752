"""Permutation of blocks of time: a test of how well series were predicted.

Samples that follow each other are alike, so they cannot change places one by one. Blocks that are
longer than that likeness can, within a run.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from neurodecode.core.errors import DataError
from neurodecode.linalg._namespace import as_floats
from neurodecode.linalg.permutation import benjamini_hochberg, max_statistic_p

_PRODUCTS = 2**21  # bytes of products of blocks at a time: draws pick from them at random
_FEWEST, _MOST = 64, 256  # targets at a time


@dataclass(frozen=True, eq=False)
class BlockPermutation:
    """Correlations of predicted and measured series, and how often blocks in disorder give such.

    Parameters
    ----------
    score : ndarray, shape (n_targets,)
        Pearson correlation, averaged over folds; 0 of a constant prediction, NaN where what was
        measured is constant.
    p : ndarray, shape (n_targets,)
        Of each target by itself: share of orders of the blocks whose score is as high.
    p_max : ndarray, shape (n_targets,)
        Corrected for all targets: share of orders whose largest score is as high.
    q : ndarray, shape (n_targets,)
        `p` after Benjamini and Hochberg, for the share of false discoveries.
    largest : ndarray, shape (n_draws,)
        Largest score of all targets in each order that was drawn.
    mean : ndarray, shape (n_draws,)
        Mean score of all targets in each.
    """

    score: np.ndarray
    p: np.ndarray
    p_max: np.ndarray
    q: np.ndarray
    largest: np.ndarray
    mean: np.ndarray


def block_permutation(
    true: np.ndarray,
    pred: np.ndarray,
    runs: np.ndarray,
    *,
    folds: np.ndarray | None = None,
    block: int = 10,
    n_draws: int = 1000,
    seed: int = 0,
    inflation: float = 1.0,
) -> BlockPermutation:
    """Test correlations of series by giving the measured one in blocks of another order.

    Parameters
    ----------
    true, pred : ndarray, shape (n_times, n_targets)
        Measured and predicted, of samples that were not trained on.
    runs : ndarray, shape (n_times,)
        Samples of a run follow each other in time. Blocks change places within it, all targets
        alike; what is left at its end stays.
    folds : ndarray, shape (n_times,), optional
        Samples that are correlated by themselves, before the mean over folds is taken; each holds
        whole runs. Without it, all samples are correlated at once.
    block : int
        Samples. Longer than what is alike in time: 20 s, of fMRI; 10 samples of 2 s.
    n_draws, seed : int
    inflation : float
        Variance of scores under the null, as a multiple of that of the orders: 2 where each fold is
        predicted by what was fitted to all others. These predictions stay as they are here, while
        folds that train each other are told well, or badly, together. Orders spread by its root.

    Returns
    -------
    found : BlockPermutation

    Raises
    ------
    DataError
        If shapes differ, values are not finite, a run is in two folds, or no run has two blocks.

    Notes
    -----
    With series z-scored and cut in m blocks, a target's products of blocks are an m × m matrix, and
    the score under an order of blocks is the sum of m of its entries: what an order costs does not
    depend on how long the blocks are.

    References
    ----------
    Lahiri 2003, Resampling methods for dependent data, section 2.5; for the largest of several,
    Nichols & Holmes 2002, doi 10.1002/hbm.1058.
    """
    true, pred, runs = as_floats(true), as_floats(pred), np.asarray(runs)
    folds = np.zeros(len(runs), int) if folds is None else np.asarray(folds)
    _check(true, pred, runs, folds)
    folds = np.unique(folds, return_inverse=True)[1]
    at = _blocks(runs, block)
    picked = _picked(at, n_draws, seed)
    n_targets, dtype = true.shape[1], np.result_type(true, pred)
    score = np.empty(n_targets)
    as_high = np.zeros(n_targets, np.int64)
    largest, total = np.full(n_draws, -np.inf), np.zeros(n_draws)
    n_products = sum(len(one) ** 2 for one in at)
    step = int(np.clip(_PRODUCTS // (dtype.itemsize * n_products), _FEWEST, _MOST))
    rest = np.setdiff1d(np.arange(len(true)), np.concatenate([one.ravel() for one in at]))
    picked = picked.astype(dtype)
    for first in range(0, n_targets, step):
        columns = slice(first, first + step)
        measured, said, defined = _standardised(true[:, columns], pred[:, columns], folds)
        products = np.concatenate([_products(said, measured, one) for one in at])
        drawn = picked @ products
        drawn += np.einsum("it,it->t", said[rest], measured[rest])
        found, drawn = drawn[0], drawn[1:]
        if inflation != 1:
            centre = drawn.mean(axis=0)
            drawn = centre + np.sqrt(inflation, dtype=dtype) * (drawn - centre)
        # The order that was found is one of those drawn from: equal sums are as high.
        as_high[columns] = (drawn >= found).sum(axis=0)
        total += drawn @ defined.astype(dtype)
        drawn[:, ~defined] = -np.inf
        np.maximum(largest, drawn.max(axis=1), out=largest)
        score[columns] = np.where(defined, found, np.nan)
    p = np.where(np.isnan(score), np.nan, (1 + as_high) / (1 + n_draws))
    q = np.full(n_targets, np.nan)
    q[~np.isnan(p)] = benjamini_hochberg(p[~np.isnan(p)])
    with np.errstate(invalid="ignore"):  # of no target at all
        mean = total / np.isfinite(score).sum()
    return BlockPermutation(score, p, max_statistic_p(score, largest), q, largest, mean)


def block_orders(runs: np.ndarray, block: int, n_draws: int, seed: int = 0) -> np.ndarray:
    """Give the orders of samples that `block_permutation` draws.

    Parameters
    ----------
    runs, block, n_draws, seed
        As of `block_permutation`.

    Returns
    -------
    orders : ndarray of int, shape (n_draws, n_times)
        ``true[orders[i]]`` is what draw i correlates with the prediction.

    Raises
    ------
    DataError
        If no run has two blocks.
    """
    at = _blocks(np.asarray(runs), block)
    orders = np.tile(np.arange(len(runs)), (n_draws, 1))
    for mine, drawn in zip(at, _drawn(at, n_draws, seed), strict=True):
        orders[:, mine.ravel()] = mine[drawn].reshape(n_draws, -1)
    return orders


def _blocks(runs: np.ndarray, block: int) -> list[np.ndarray]:
    """Give the samples of each run's whole blocks, shape (n_blocks, block)."""
    _, run = np.unique(runs, return_inverse=True)
    lengths = np.bincount(run)
    if block < 1 or lengths.max() < 2 * block:
        raise DataError(
            f"block_permutation: the longest of {len(lengths)} runs has {lengths.max()} samples, "
            f"which is less than two blocks of {block}. Take shorter blocks, if what is alike in "
            "time is shorter than these, or longer runs."
        )
    order = np.argsort(run, kind="stable")
    of_run = np.split(order, np.cumsum(lengths)[:-1])
    cut = [mine[: len(mine) // block * block].reshape(-1, block) for mine in of_run]
    return [mine for mine in cut if len(mine)]


def _drawn(at: list[np.ndarray], n_draws: int, seed: int) -> list[np.ndarray]:
    """Draw orders of the blocks of each run, shape (n_draws, n_blocks)."""
    rng = np.random.default_rng(seed)
    return [rng.permuted(np.tile(np.arange(len(one)), (n_draws, 1)), axis=1) for one in at]


def _picked(at: list[np.ndarray], n_draws: int, seed: int) -> sparse.csr_array:
    """Say which products each order sums, the one that was found first."""
    entries, offset = [], 0
    for drawn in _drawn(at, n_draws, seed):
        n = drawn.shape[1]
        orders = np.concatenate([np.arange(n)[None], drawn])
        entries.append(offset + n * np.arange(n) + orders)
        offset += n * n
    columns = np.concatenate(entries, axis=1).astype(np.int32)
    starts = np.arange(len(columns) + 1, dtype=np.int32) * columns.shape[1]
    return sparse.csr_array(
        (np.ones(columns.size, np.float32), columns.ravel(), starts), (len(columns), offset)
    )


def _products(pred: np.ndarray, true: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Products of each predicted block with each measured one, shape (n_blocks², n_targets)."""
    left = np.ascontiguousarray(pred[at].transpose(2, 0, 1))  # (n_targets, n_blocks, block)
    right = np.ascontiguousarray(true[at].transpose(2, 1, 0))
    return np.ascontiguousarray((left @ right).reshape(len(left), -1).T)


def _standardised(
    true: np.ndarray, pred: np.ndarray, folds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scale series so that products add up to the mean of the folds' correlations."""
    n_folds = int(folds.max()) + 1
    measured, said = np.empty(true.shape, true.dtype), np.empty(pred.shape, pred.dtype)
    defined = np.ones(true.shape[1], bool)
    for fold in range(n_folds):
        mine = folds == fold
        measured[mine], varies = _unit(true[mine])
        said[mine] = _unit(pred[mine])[0]
        said[mine] /= n_folds
        defined &= varies
    return measured, said, defined


def _unit(series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre columns and scale them to length 1; constant ones become 0, and are told."""
    centred = (series - series.mean(axis=0, dtype=np.float64)).astype(series.dtype, copy=False)
    length = np.sqrt(np.einsum("it,it->t", centred, centred))
    # Of a constant the rounding of its mean is left, a sum in float64.
    left = len(series) ** 1.5 * np.finfo(np.float64).eps * np.abs(series[0])
    varies = length > left
    centred *= np.where(varies, 1 / np.where(varies, length, 1), 0).astype(series.dtype)
    return centred, varies


def _check(true: np.ndarray, pred: np.ndarray, runs: np.ndarray, folds: np.ndarray) -> None:
    if true.ndim != 2 or true.shape != pred.shape or {len(runs), len(folds)} != {len(true)}:
        raise DataError(
            f"block_permutation: measured has shape {true.shape}, predicted {pred.shape}, with "
            f"{len(runs)} runs and {len(folds)} folds. Give one row a sample, of all."
        )
    for name, one in (("measured", true), ("predicted", pred)):
        if not np.isfinite(one).all():
            row, target = (int(i[0]) for i in np.nonzero(~np.isfinite(one)))
            raise DataError(
                f"block_permutation: sample {row} of target {target}, as {name}, is not finite. "
                "Leave out samples or targets that hold NaN."
            )
    for run in np.unique(runs):
        if len(np.unique(folds[runs == run])) > 1:
            raise DataError(
                f"block_permutation: run {run} is in several folds, so its blocks would move from "
                "one to another. Give each stretch of a fold a run of its own."
            )
