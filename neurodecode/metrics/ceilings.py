"""Noise ceilings from repeats: how much of what is measured could be told at all.

Repeats of a stimulus differ by noise alone, so what they share is signal. Every function takes
``repeats`` of shape (n_repeats, n_stimuli, n_targets), NaN where a repeat is missing, and says in
which unit its ceiling is and whether of one repeat or of their mean: `neurodecode.metrics.ceiling`.
For a time series stimuli are its samples, and repeats are runs that show the same.
"""

from itertools import combinations
from typing import Any, Literal

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.metrics.ceiling import Ceiling, spearman_brown


def ncsnr_nsd(repeats: np.ndarray) -> Ceiling:
    """Signal-to-noise ratio as the Natural Scenes Dataset and GLMsingle give it.

    Parameters
    ----------
    repeats : ndarray, shape (n_repeats, n_stimuli, n_targets)
        Standardised within session over all trials: the variance of all repeats is taken to be 1.

    Returns
    -------
    ceiling : Ceiling
        In ``snr``, of a single repeat. The variance of the signal, what noise leaves of 1, is cut
        at zero, so a target without signal has some: 0.074 on average of 50 stimuli of 3.

    References
    ----------
    Allen et al. 2022, doi 10.1038/s41593-021-00962-x; Prince et al. 2022, doi 10.7554/eLife.77599.
    """
    noise = _noise(_three_axes(repeats))
    signal = np.clip(1 - noise, 0, None)
    return Ceiling(np.sqrt(_ratio(signal, noise)), "snr", "single")


def nc_r2(ncsnr: Ceiling | np.ndarray, counts: np.ndarray) -> Ceiling:
    """Noise ceiling of the mean over repeats, of stimuli that were repeated so often.

    Parameters
    ----------
    ncsnr : Ceiling or ndarray, shape (n_targets,)
        Of a single repeat, as `ncsnr_nsd` gives.
    counts : ndarray of int, shape (n_stimuli,)
        How often each tested stimulus was shown.

    Returns
    -------
    ceiling : Ceiling
        In ``r2``, a fraction (files of NSD hold percent): ``ncsnr² / (ncsnr² + m)``, m the mean of
        one over the counts.

    Raises
    ------
    DataError
        If the ratio is of no single repeat, or a stimulus was never shown.
    """
    counts = np.asarray(counts, dtype=np.float64)
    if isinstance(ncsnr, Ceiling) and (ncsnr.unit != "snr" or ncsnr.of != "single"):
        raise DataError(f"nc_r2 takes the snr of a single repeat, and this is {ncsnr!r}.")
    if len(counts) == 0 or counts.min() < 1:
        raise DataError("counts: give how often each tested stimulus was shown, once or more.")
    value = ncsnr.value if isinstance(ncsnr, Ceiling) else np.asarray(ncsnr, dtype=np.float64)
    share = float(np.mean(1 / counts))
    return Ceiling(value**2 / (value**2 + share), "r2", **_of_harmonic_mean(np.array([share])))


def anova_nc(repeats: np.ndarray) -> Ceiling:
    """Share of the variance of mean responses that is signal, by a one-way analysis of variance.

    Nothing is assumed of the total variance, and nothing is clipped: without signal the estimate
    lies about as often below zero as above.

    Parameters
    ----------
    repeats : ndarray, shape (n_repeats, n_stimuli, n_targets)
        Stimuli may have unequal numbers of repeats; those of one inform the total alone.

    Returns
    -------
    ceiling : Ceiling
        ``reliability`` of the mean over repeats. It is a ratio of estimates, so of few stimuli it
        is a little low: .087 for a true .107 of 100 stimuli of 3.

    Notes
    -----
    The variance within a stimulus is pooled over stimuli, weighted by their repeats less 1. That of
    their means is the signal's and the noise's over the harmonic mean of the numbers of repeats.
    Searle, Casella & McCulloch 1992, Variance Components, section 3.6 (unweighted means).
    """
    repeats = _three_axes(repeats)
    noise, shares = _noise(repeats), _shares(repeats)
    total = _variance(_means(repeats))
    return Ceiling(
        _ratio(total - noise * shares, total), "reliability", **_of_harmonic_mean(shares)
    )


def explainable_variance(repeats: np.ndarray, *, corrected: bool = True) -> Ceiling:
    """Share of one repeat's variance that all repeats have in common: for time series.

    Each repeat is standardised over time first. What drifts the same way in every run counts as
    signal: high-pass filter before.

    Parameters
    ----------
    repeats : ndarray, shape (n_repeats, n_times, n_targets)
        Samples that one of the repeats lacks are left out of all.
    corrected : bool
        Whether what noise adds to the variance of the mean is taken off; without it, the ceiling
        of pure noise is one over the number of repeats.

    Returns
    -------
    ceiling : Ceiling
        In ``r2``, of a single repeat; `neurodecode.metrics.ceiling.for_mean_of` converts it.

    References
    ----------
    Schoppe et al. 2016, doi 10.3389/fncom.2016.00010; Dupré la Tour, Visconti di Oleggio Castello &
    Gallant 2025, doi 10.1162/imag_a_00575 (voxelwise tutorials).
    """
    repeats = _three_axes(repeats)
    known = np.isfinite(repeats)
    there = known.any(axis=(0, 1))  # targets of no sample have no ceiling
    repeats = repeats[:, known[..., there].all(axis=(0, 2))]
    n_repeats, n_times, _ = repeats.shape
    if n_repeats < 2 or n_times < 3:
        raise DataError(
            f"explainable_variance: {n_repeats} repeats share {n_times} samples. 2 repeats and 3 "
            "samples are the least."
        )
    spread = repeats.std(axis=1, ddof=1, keepdims=True)
    varies = spread > 1e-12 * np.abs(repeats).max(axis=1, keepdims=True)
    scaled = np.divide(
        repeats - repeats.mean(axis=1, keepdims=True), spread,
        out=np.full(repeats.shape, np.nan), where=varies,
    )  # fmt: skip
    shared = scaled.mean(axis=0).var(axis=0, ddof=1)
    if corrected:
        shared = shared - (1 - shared) / (n_repeats - 1)
    return Ceiling(shared, "r2", "single")


def split_half(repeats: np.ndarray, n_splits: int | Literal["all"] = 100, seed: int = 0) -> Ceiling:
    """Reliability of the mean over repeats, from correlations of the means of two halves.

    Correlations are averaged over splits, as Fisher's z, before they are stepped up by the formula
    of Spearman and Brown: of single noisy ones it would be biased down.

    Parameters
    ----------
    repeats : ndarray, shape (n_repeats, n_stimuli, n_targets)
        Whole repeats are dealt to the halves. Let them be runs or sessions, averaged within: halves
        of one run share its noise. A stimulus without a repeat in both halves is left out of that
        split.
    n_splits : int or "all"
        Random splits, or every one there is. Of an odd number of repeats one is left out of each.
    seed : int

    Returns
    -------
    ceiling : Ceiling
        ``reliability`` of the mean of all repeats.
    """
    repeats = _three_axes(repeats)
    n_repeats = len(repeats)
    half = n_repeats // 2
    total = np.zeros(repeats.shape[2])
    halves = _halves(n_repeats, n_splits, seed)
    for one, other in halves:
        r = _correlation(_means(repeats[one]), _means(repeats[other]))
        # A correlation of 1 has no z: noise-free data stay at what rounding leaves.
        total += np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
    r = np.tanh(total / len(halves))
    stepped = spearman_brown(r, n_repeats / half)
    return Ceiling(stepped, "reliability", **_of_harmonic_mean(_shares(repeats)))


def _halves(
    n_repeats: int, n_splits: int | Literal["all"], seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Give pairs of disjoint halves of equal size; an odd repeat is in neither."""
    if n_repeats < 2:
        raise DataError(f"split_half: {n_repeats} repeat cannot be split. 2 are the least.")
    half, every = n_repeats // 2, np.arange(n_repeats)
    if n_splits == "all":
        several = []
        for one in combinations(range(n_repeats), half):
            rest = np.setdiff1d(every, one)
            several += [
                (np.array(one), np.array(other))
                for other in combinations(rest.tolist(), half)
                if one[0] < other[0]  # a pair once, whichever half comes first
            ]
        return several
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(n_repeats) for _ in range(n_splits)]
    return [(order[:half], order[half : 2 * half]) for order in drawn]


def _three_axes(repeats: np.ndarray) -> np.ndarray:
    repeats = np.asarray(repeats, dtype=np.float64)
    if repeats.ndim == 2:
        repeats = repeats[:, :, None]
    if repeats.ndim != 3 or len(repeats) < 2 or repeats.shape[1] < 2:
        raise DataError(
            f"repeats of shape {repeats.shape}: give (n_repeats, n_stimuli, n_targets), 2 repeats "
            "and 2 stimuli at least."
        )
    finite = np.isfinite(repeats)
    low, high = (
        function(np.where(finite, repeats, fill), axis=(0, 1))
        for function, fill in ((np.min, np.inf), (np.max, -np.inf))
    )
    # What is equal but for rounding has no ceiling.
    varies = high - low > 1e-13 * np.maximum(np.abs(low), np.abs(high))
    return repeats if varies.all() else np.where(varies, repeats, np.nan)


def _counts(repeats: np.ndarray) -> np.ndarray:
    """Repeats of each stimulus and target that are there, shape (n_stimuli, n_targets)."""
    return np.isfinite(repeats).sum(axis=0)


def _shares(repeats: np.ndarray) -> np.ndarray:
    """Mean over stimuli of one over their repeats: what of the noise is in means, a target each."""
    counts = _counts(repeats)
    known = counts > 0
    each = np.divide(1.0, counts, out=np.zeros(counts.shape), where=known)
    return _ratio(each.sum(axis=0), known.sum(axis=0))


def _variance(means: np.ndarray) -> np.ndarray:
    """Variance over stimuli that have a mean, of each target."""
    known = np.isfinite(means)
    n = known.sum(axis=0)
    centre = np.where(known, means, 0.0).sum(axis=0) / np.maximum(n, 1)
    squares = np.where(known, (means - centre) ** 2, 0.0).sum(axis=0)
    return _ratio(squares, np.clip(n - 1, 0, None))


def _means(repeats: np.ndarray) -> np.ndarray:
    """Mean over the repeats that are there; NaN where there is none."""
    counts = _counts(repeats)
    sums = np.where(np.isfinite(repeats), repeats, 0.0).sum(axis=0)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def _noise(repeats: np.ndarray) -> np.ndarray:
    """Variance within stimuli, pooled over those that have several repeats, of each target."""
    away = repeats - _means(repeats)
    freedom = np.clip(_counts(repeats) - 1, 0, None).sum(axis=0)
    if not (freedom > 0).any():
        raise DataError("no stimulus has two repeats, so nothing tells noise from signal.")
    squares = np.nansum(away**2, axis=(0, 1))
    return np.divide(squares, freedom, out=np.full(squares.shape, np.nan), where=freedom > 0)


def _correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Correlation of equal columns over rows where both are finite; NaN of a constant one."""
    both = np.isfinite(one) & np.isfinite(other)
    n = np.maximum(both.sum(axis=0), 1)
    one, other = (np.where(both, x, 0.0) for x in (one, other))
    one, other = (np.where(both, x - x.sum(axis=0) / n, 0.0) for x in (one, other))
    below = np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0))
    return _ratio((one * other).sum(axis=0), below)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Divide, NaN where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below > 0)


def _of_harmonic_mean(shares: np.ndarray) -> dict[str, Any]:
    """Say what a ceiling of means is of: `shares` are means of one over the numbers of repeats."""
    n_repeats = round(1 / float(np.nanmean(shares)), 9) if np.isfinite(shares).any() else 1.0
    return {"of": "single" if n_repeats == 1 else "mean_k", "n_repeats": n_repeats}
