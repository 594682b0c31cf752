"""What each band of features adds to what is told: parts of one R², or what is lost without it.

Cross-validated parts may be negative, of a band that is noise or that takes away what another adds:
they are never cut off at 0 before they are summed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg.groups import group_sums


@dataclass(frozen=True, eq=False)
class VarianceParts:
    """An R² in parts that sum to it.

    Parameters
    ----------
    parts : ndarray, shape (n_bands, n_targets)
    offset : ndarray, shape (n_targets,)
        What tested rows lose by another mean than that of the training rows.
    """

    parts: np.ndarray
    offset: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """R², shape (n_targets,)."""
        return self.parts.sum(axis=0) + self.offset


def predictions_by_band(
    mean: np.ndarray, new: np.ndarray, band: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Give what each band adds to the mean of the training targets.

    Parameters
    ----------
    mean : ndarray, shape (n_features,)
        Of the training rows.
    new : ndarray, shape (n_rows, n_features)
    band : array, shape (n_features,)
        The band of each feature.
    weights : ndarray, shape (n_features, n_targets)

    Returns
    -------
    by_band : ndarray, shape (n_bands, n_rows, n_targets)
        In the order of sorted names. Predictions are the mean of the training targets and the sum.
    """
    labels = np.asarray(band)
    parts = [
        (new[:, labels == one] - mean[labels == one]) @ weights[labels == one]
        for one in np.unique(labels)
    ]
    return np.stack(parts)


def product_measure(true: np.ndarray, by_band: np.ndarray, train_mean: np.ndarray) -> VarianceParts:
    """Give each band the part of R² that its predictions have in the products of all.

    Parameters
    ----------
    true : ndarray, shape (n_rows, n_targets)
        Of rows that were left out.
    by_band : ndarray, shape (n_bands, n_rows, n_targets)
        As `predictions_by_band` gives.
    train_mean : ndarray, shape (n_targets,)
        Of the training targets.

    Returns
    -------
    parts : VarianceParts
        Of band b: Σ z_b (2 (y - ȳ) - (ŷ - ȳ)) / Σ (y - ȳ)². NaN of a target that does not vary.

    References
    ----------
    Pratt 1987; Dupré la Tour et al. 2022, doi 10.1016/j.neuroimage.2022.119728, who ask for targets
    of mean 0: of others their parts lack the offset.
    """
    sums = _Sums.of(true, by_band, train_mean, np.zeros(len(true), dtype=np.intp))
    return sums.parts(np.ones((1, 1)))[0]


def correlation_parts(true: np.ndarray, by_band: np.ndarray) -> np.ndarray:
    """Give each band its part of the correlation of targets and predictions.

    Parameters
    ----------
    true : ndarray, shape (n_rows, n_targets)
    by_band : ndarray, shape (n_bands, n_rows, n_targets)

    Returns
    -------
    parts : ndarray, shape (n_bands, n_targets)
        They sum to the correlation; NaN of targets or predictions that do not vary.
    """
    y = true - true.mean(axis=0, dtype=np.float64)
    z = by_band - by_band.mean(axis=1, dtype=np.float64, keepdims=True)
    size = np.linalg.norm(y, axis=0) * np.linalg.norm(z.sum(axis=0), axis=0)
    return np.einsum("nt,bnt->bt", y, z) / np.where(size > 0, size, np.nan)


def parts_interval(
    true: np.ndarray,
    by_band: np.ndarray,
    train_mean: np.ndarray,
    blocks: np.ndarray,
    *,
    n_draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[VarianceParts, VarianceParts]:
    """Draw blocks of tested rows anew, and say between what most parts lie.

    Parameters
    ----------
    true, by_band, train_mean
        As `product_measure` has them.
    blocks : array, shape (n_rows,)
        Rows of one block are drawn together: a run, or longer than what a series remembers.
    n_draws : int
    level : float
    seed : int

    Returns
    -------
    low, high : VarianceParts

    Raises
    ------
    DataError
        If there are fewer than two blocks.
    """
    which, weights = _drawn(blocks, n_draws, seed)
    drawn = _Sums.of(true, by_band, train_mean, which).parts(weights)
    tails = ((1 - level) / 2, (1 + level) / 2)
    parts = np.quantile([one.parts for one in drawn], tails, axis=0)
    offset = np.quantile([one.offset for one in drawn], tails, axis=0)
    return VarianceParts(parts[0], offset[0]), VarianceParts(parts[1], offset[1])


def restricted_shares(shares: np.ndarray, kept: Iterable[int]) -> np.ndarray:
    """Search the same shares among some bands: those of the others become 0.

    Parameters
    ----------
    shares : ndarray, shape (n_draws, n_bands)
    kept : iterable of int
        Positions of bands.

    Returns
    -------
    shares : ndarray, shape (n_fewer, n_bands)
        Each sums to 1, none twice.
    """
    mask = np.isin(np.arange(shares.shape[1]), list(kept))
    left = shares * mask
    sums = left.sum(axis=1, keepdims=True)
    left = (left / np.where(sums > 0, sums, 1))[sums[:, 0] > 0]
    return left[np.sort(np.unique(left.round(12), axis=0, return_index=True)[1])]


def unique_variance(full: np.ndarray, without: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Say what is lost without each band, and what is left to all together.

    Parameters
    ----------
    full : ndarray, shape (n_targets,)
        R² of all bands, on rows that chose nothing.
    without : ndarray, shape (n_bands, n_targets)
        R² of all but one, fitted anew (`restricted_shares`).

    Returns
    -------
    unique : ndarray, shape (n_bands, n_targets)
    shared : ndarray, shape (n_targets,)
        What is told, less what is unique.
    """
    unique = full - without
    return unique, full - unique.sum(axis=0)


def unique_interval(
    true: np.ndarray,
    said: np.ndarray,
    without: np.ndarray,
    blocks: np.ndarray,
    *,
    n_draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw blocks of tested rows anew, and say between what most unique parts lie.

    Parameters
    ----------
    true, said : ndarray, shape (n_rows, n_targets)
        Targets, and predictions of all bands.
    without : ndarray, shape (n_bands, n_rows, n_targets)
        Predictions of all but one.
    blocks, n_draws, level, seed
        As `parts_interval` has them.

    Returns
    -------
    low, high : ndarray, shape (n_bands, n_targets)
    """
    which, weights = _drawn(blocks, n_draws, seed)
    lost = np.stack([(one - true) ** 2 - (said - true) ** 2 for one in without], axis=1)
    total = _totals(true, which, weights)
    unique = np.tensordot(weights, group_sums(lost, which), 1) / total[:, None]
    low, high = np.quantile(unique, ((1 - level) / 2, (1 + level) / 2), axis=0)
    return low, high


def subset_scores(
    n_bands: int, score_of: Callable[[tuple[int, ...]], np.ndarray]
) -> dict[tuple[int, ...], np.ndarray]:
    """Score every set of bands: three make seven fits.

    Parameters
    ----------
    n_bands : int
        One to three.
    score_of : callable
        Gives R² of a set of bands, shape (n_targets,).

    Raises
    ------
    DataError
        If there are more than three bands.
    """
    if not 1 <= n_bands <= 3:
        raise DataError(
            f"variance parts: {n_bands} bands make {2**n_bands - 1} sets. Give up to 3 bands, or "
            "leave out one at a time (unique_variance)."
        )
    return {kept: score_of(kept) for kept in _subsets(range(n_bands)) if kept}


def commonality(
    scores: Mapping[tuple[int, ...], np.ndarray],
) -> dict[tuple[int, ...], np.ndarray]:
    """Part R² into what sets of bands tell in common, and no other band does.

    Parameters
    ----------
    scores : mapping of tuple of int to ndarray, shape (n_targets,)
        R² of every set of bands, as `subset_scores` gives.

    Returns
    -------
    parts : dict of tuple of int to ndarray, shape (n_targets,)
        They sum to the R² of all; of one band, what is unique to it.

    References
    ----------
    Mood 1971, doi 10.3102/00028312008002191; Nimon et al. 2008, doi 10.3758/BRM.40.2.457.
    """
    every = max(scores, key=len)
    parts = {}
    for mine in _subsets(every):
        if not mine:
            continue
        others, found = set(every) - set(mine), 0.0
        for some in _subsets(mine):
            together = tuple(sorted(others | set(some)))
            if together:
                found = found - (-1) ** len(some) * scores[together]
        parts[mine] = found
    return parts


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums over rows of each block, of which the parts of any draw of blocks are made."""

    # (n_blocks, n_bands + 1, 3, n_targets): z, z y, z ŷ; the last of 1, the offset
    by_band: np.ndarray
    true: np.ndarray  # (n_blocks, 3, n_targets): 1, y, y²
    train_mean: np.ndarray

    @staticmethod
    def of(
        true: np.ndarray, by_band: np.ndarray, train_mean: np.ndarray, which: np.ndarray
    ) -> "_Sums":
        # About the training mean, so that squares lose no digits.
        y, z = np.asarray(true, np.float64) - train_mean, np.asarray(by_band, np.float64)
        said = z.sum(axis=0)
        with_one = [*z, np.ones_like(y)]
        each = np.stack([np.stack([one, one * y, one * said], axis=1) for one in with_one], axis=1)
        return _Sums(
            group_sums(each, which),
            group_sums(np.stack([np.ones_like(y), y, y**2], axis=1), which),
            np.asarray(train_mean),
        )

    def parts(self, weights: np.ndarray) -> list[VarianceParts]:
        """Give parts of each draw, weights of shape (n_draws, n_blocks)."""
        found = []
        for one in weights:
            n, y, squares = np.tensordot(one, self.true, 1)
            z, z_y, z_said = np.moveaxis(np.tensordot(one, self.by_band, 1), 1, 0)
            mean = y / n  # of the tested rows, less that of the training rows
            total = squares - n * mean**2
            total = np.where(total > 1e-12 * squares, total, np.nan)
            parts = (2 * z_y - z_said - mean * z) / total
            parts[-1] *= -mean
            found.append(VarianceParts(parts[:-1], parts[-1]))
        return found


def _totals(true: np.ndarray, which: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum squares about the mean of each draw, shape (n_draws, n_targets)."""
    y = true - true.mean(axis=0, dtype=np.float64)
    n = weights @ np.bincount(which)
    sums, squares = weights @ group_sums(y, which), weights @ group_sums(y**2, which)
    total = squares - sums**2 / n[:, None]
    return np.where(total > 0, total, np.nan)


def _drawn(blocks: np.ndarray, n_draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Give numbers to blocks, and draw how often each is taken, shape (n_draws, n_blocks)."""
    which = np.unique(blocks, return_inverse=True)[1].ravel()
    n = int(which.max()) + 1
    if n < 2:
        raise DataError(
            "variance parts: tested rows are of one block, and drawing it anew says nothing. Cut "
            "them into several, each longer than what a series remembers."
        )
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_draws)
    return which, drawn.astype(np.float64)


def _subsets(of: Iterable[int]) -> Iterable[tuple[int, ...]]:
    members = list(of)
    return chain.from_iterable(combinations(members, k) for k in range(len(members) + 1))
