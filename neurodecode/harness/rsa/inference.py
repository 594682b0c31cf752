"""Ceilings, intervals and nulls of RDMs that stand at one place."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from neurodecode.core.errors import DataError
from neurodecode.harness.rsa.fitted import FEWEST_RESAMPLED, fitted_bootstrap, fitted_null
from neurodecode.harness.rsa.options import Factor, RsaOptions
from neurodecode.harness.rsa.site import Site
from neurodecode.linalg.rdm_bootstrap import Bootstrap, bootstrap
from neurodecode.linalg.rdm_ceilings import ceilings
from neurodecode.linalg.rdm_incomplete import (
    bootstrap_incomplete,
    ceilings_incomplete,
    permuted_scores,
)
from neurodecode.linalg.rdm_inference import Variances, t_tests, variances
from neurodecode.linalg.rdm_permutation import deals, permutation_test
from neurodecode.linalg.stats import mean_correlation_interval, within_one

_FEWEST_RESAMPLED = 6  # of fewer conditions most draws repeat so many that no score is left


def bounds(site: Site) -> tuple[float | None, float | None]:
    """Give the lower and the upper noise ceiling; None of one subject.

    Where subjects differ in their conditions, they are of what each shares with others.
    """
    if len(site.subjects) < 2:
        return None, None
    if site.pooled:  # each subject beside others whose RDMs are made as its own is
        each = np.empty((2, len(site.subjects)))
        for part, rdms in zip(site.parts, site.pooled, strict=True):
            found = ceilings(rdms, site.metric)
            each[:, part.rows] = found.each_lower[part.rows], found.each_upper[part.rows]
        return float(each[0].mean()), float(each[1].mean())
    if len(site.parts) == 1:
        found = ceilings(site.parts[0].rdms, site.metric)
    else:
        found = ceilings_incomplete(site.data, site.metric)
        if np.isnan(found.lower):
            return None, None
    return found.lower, found.upper


def null_scores(sites: Sequence[Site], n_draws: int, seed: int) -> np.ndarray:
    """Score models whose conditions are dealt anew, shape (n_draws, n_sites, n_models).

    A draw deals the conditions of all models alike, at all places, so that the largest score of a
    draw is one of a world in which no model knows which condition is which. Models that are fitted
    are fitted and scored anew in each draw: some 5 ms of 30 conditions, 20 of 92 and ten members.

    Parameters
    ----------
    sites : sequence of Site
        Of the same models and metric.
    n_draws, seed : int
    """
    fixed = sites[0].fixed
    found = np.full((n_draws, len(sites), len(fixed)), np.nan)
    orders = deals(sites[0].n_conditions, n_draws, seed)
    groups: dict[int, list[int]] = {}
    for i, site in enumerate(sites):
        if n_draws:
            _hold_to_whole_conditions(site)
        if _complete(site):
            groups.setdefault(len(site.subjects), []).append(i)
        elif n_draws and fixed.any():
            found[:, i, fixed] = permuted_scores(site.fixed_parts, orders, site.metric)
    for mine in groups.values() if n_draws and fixed.any() else ():
        models = sites[mine[0]].fixed_parts[0].models
        data = np.stack([sites[i].parts[0].rdms for i in mine])
        # The same seed deals alike, whatever place comes first.
        permuted = permutation_test(
            models, data, sites[0].metric, n_permutations=n_draws, seed=seed
        )
        places = np.ix_(np.arange(n_draws), np.array(mine), np.flatnonzero(fixed))
        found[places] = np.swapaxes(permuted.drawn, 1, 2)
    for i, site in enumerate(sites):
        for j in np.flatnonzero(~fixed):
            found[:, i, j] = fitted_null(site.fitted(j), site.data, site.metric, n_draws, seed)
    return found


def _hold_to_whole_conditions(site: Site) -> None:
    """Raise where a single pair is missing, which dealing conditions would move to another."""
    n_lacking = sum(int(np.isnan(part.rdms).any(axis=0).sum()) for part in site.parts)
    if n_lacking:
        raise DataError(
            f"n_permutations: {n_lacking} pairs of conditions are missing, and permuting would "
            "move them to others. Leave out the conditions that they are of, or say "
            "n_permutations: 0."
        )


def _complete(site: Site) -> bool:
    """Tell whether all subjects have all pairs of all conditions, made alike."""
    part, *others = site.parts
    return (
        not others and len(part.conditions) == site.n_conditions and not np.isnan(part.rdms).any()
    )


@dataclass(frozen=True, eq=False)
class Spread:
    """Intervals of models at a place, and p of their differences.

    Parameters
    ----------
    ends : ndarray, shape (n_models, 2)
        95 % interval.
    over : tuple of tuple of str, n_models long
        What each was resampled over.
    differences : ndarray, shape (n_models, n_models)
        p of each pair of fixed models, two-sided, not corrected; NaN where there is none.
    """

    ends: np.ndarray
    over: tuple[tuple[str, ...], ...]
    differences: np.ndarray


def spread(site: Site, options: RsaOptions, seed: int) -> Spread:
    """Give the 95 % interval of each model's mean score, by the factors that are resampled.

    Subjects alone have Student's t, or a bootstrap from twenty on, as in other tables; where
    conditions are resampled too, the variance is that of the two-factor bootstrap, in which models
    that are fitted are fitted in each draw. Intervals of t are symmetric in Fisher's z.
    """
    n_subjects, n_models = site.scores.shape
    n_conditions = min(site.counts.values())
    ends = np.full((n_models, 2), np.nan)
    differences = np.full((n_models, n_models), np.nan)
    over: list[tuple[str, ...]] = [()] * n_models
    if "subjects" in options.resample and n_subjects > 1:
        for j in range(n_models):
            ends[j], over[j] = mean_correlation_interval(site.scores[:, j]), ("subjects",)
    asked: tuple[Factor, ...] = tuple(
        f for f in options.resample if f == "conditions" or n_subjects > 1
    )
    if "conditions" not in asked or options.n_bootstraps < 2:
        return Spread(ends, tuple(over), differences)
    draws = options.n_bootstraps
    fixed = np.flatnonzero(site.fixed)
    if len(fixed) and n_conditions >= _FEWEST_RESAMPLED:
        drawn = _drawn(site, asked, draws, seed)
        with np.errstate(invalid="ignore"):  # of one subject: no ceilings to be compared with
            found = variances(drawn)
            p = t_tests(drawn, found).differences
        ends[fixed] = _interval(site.scores[:, fixed].mean(axis=0), found)
        differences[np.ix_(fixed, fixed)] = p
        for j in fixed:
            over[j] = asked
    for j in np.flatnonzero(~site.fixed) if n_conditions >= FEWEST_RESAMPLED else ():
        drawn = fitted_bootstrap(site.fitted(j), site.data, site.metric, asked, draws, seed)
        with np.errstate(invalid="ignore"):
            found = variances(drawn)
        ends[j], over[j] = _interval(site.scores[:, [j]].mean(axis=0), found)[0], asked
    return Spread(ends, tuple(over), differences)


def _drawn(site: Site, over: tuple[Factor, ...], n_draws: int, seed: int) -> Bootstrap:
    part, metric = site.fixed_parts[0], site.metric
    if len(site.parts) == 1:
        return bootstrap(part.models, part.rdms, metric, over=over, n_draws=n_draws, seed=seed)
    return bootstrap_incomplete(
        site.fixed_parts, site.n_conditions, metric, over=over, n_draws=n_draws, seed=seed
    )


def _interval(mean: np.ndarray, found: Variances) -> np.ndarray:
    return within_one(mean, stats.t.ppf(0.975, found.dof) * np.sqrt(found.models))
