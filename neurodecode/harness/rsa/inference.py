"""Scores of subjects, ceilings, intervals and nulls of RDMs that stand at one place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from scipy import stats

from neurodecode.core.errors import DataError
from neurodecode.core.rdms import Rdms
from neurodecode.harness.rsa.fitted import (
    FEWEST_RESAMPLED,
    fitted_bootstrap,
    fitted_null,
    fitted_scores,
)
from neurodecode.harness.rsa.models import ModelRdm
from neurodecode.harness.rsa.options import Factor, RsaOptions
from neurodecode.linalg.rdm_bootstrap import bootstrap
from neurodecode.linalg.rdm_ceilings import ceilings
from neurodecode.linalg.rdm_compare import Method, compare
from neurodecode.linalg.rdm_inference import Variances, t_tests, variances
from neurodecode.linalg.rdm_pairs import n_conditions_of
from neurodecode.linalg.rdm_partial import residuals
from neurodecode.linalg.rdm_permutation import permutation_test
from neurodecode.linalg.stats import mean_interval

_ROUNDING = 1e-10  # of the range of ranks or values: less is no spread
_RESIDUAL: dict[str, Literal["corr", "spearman"]] = {"corr": "corr", "spearman": "spearman"}
_FEWEST_RESAMPLED = 6  # of fewer conditions most draws repeat so many that no score is left


@dataclass(frozen=True, eq=False)
class Site:
    """RDMs of all subjects in one region at one time, and models beside them.

    Parameters
    ----------
    region : str
    time : float
        NaN where there is none.
    subjects : tuple of str
    data : ndarray, shape (n_subjects, n_pairs)
        NaN at pairs that a subject lacks, in all of them. Ranks or values without what nuisance
        RDMs tell, where there are such.
    models : tuple of ModelRdm
        Without nuisance ones; theirs are without what nuisance RDMs tell.
    metric : str
        How both are compared.
    seed : int
        Of the folds of fitted models.
    """

    region: str
    time: float
    subjects: tuple[str, ...]
    data: np.ndarray
    models: tuple[ModelRdm, ...]
    metric: Method
    seed: int = 0

    @staticmethod
    def of(
        region: str,
        time: float,
        found: Rdms,
        models: Sequence[ModelRdm],
        metric: Method,
        nuisance: Sequence[str],
        seed: int = 0,
    ) -> "Site":
        """Set RDMs of one place beside those of the models.

        Raises
        ------
        DataError
            If no pair is there in all subjects; or some are not, and nuisance RDMs are to be taken
            out.
        """
        data = np.array(found.values, dtype=np.float64)
        lacking = np.isnan(data).any(axis=0)
        if lacking.all():
            raise DataError(f"{region or 'RDMs'}: no pair of conditions is there in all subjects.")
        data[:, lacking] = np.nan
        asked = [one for one in models if one.name not in nuisance]
        out = [one.values for one in models if one.name in nuisance]
        if out:
            if lacking.any():
                raise DataError(
                    f"{region or 'RDMs'}: nuisance: {lacking.sum()} pairs are missing. Leave out "
                    "the conditions that they are of."
                )
            taken = np.concatenate(out)
            data = residuals(data, taken, _RESIDUAL[metric])
            asked = [_left_over(one, taken, metric) for one in asked]
            metric = "corr"
        return Site(region, time, tuple(found.table["subject"]), data, tuple(asked), metric, seed)

    @cached_property
    def fixed(self) -> np.ndarray:
        """Which models nothing is fitted of, shape (n_models,)."""
        return np.array([one.kind == "fixed" for one in self.models])

    @cached_property
    def rdms(self) -> np.ndarray:
        """Those of fixed models, shape (n_fixed, n_pairs); NaN where the data are."""
        values = [one.values for one in self.models if one.kind == "fixed"]
        rdms = np.concatenate(values) if values else np.zeros((0, self.data.shape[1]))
        return np.where(np.isnan(self.data[0]), np.nan, rdms)

    @cached_property
    def scores(self) -> np.ndarray:
        """Agreement of each subject with each model, shape (n_subjects, n_models)."""
        found = np.empty((len(self.data), len(self.models)))
        if self.fixed.any():
            found[:, self.fixed] = compare(self.data, self.rdms, self.metric, warn=False)
        for j in np.flatnonzero(~self.fixed):
            found[:, j] = fitted_scores(self.models[j], self.data, self.metric, self.seed)
        return found


def bounds(site: Site) -> tuple[float | None, float | None]:
    """Give the lower and the upper noise ceiling; None of one subject."""
    if len(site.data) < 2:
        return None, None
    found = ceilings(site.data, site.metric)
    return found.lower, found.upper


def null_scores(sites: Sequence[Site], n_draws: int, seed: int) -> np.ndarray:
    """Score models whose conditions are dealt anew, shape (n_draws, n_sites, n_models).

    A draw deals the conditions of all models alike, at all places, so that the largest score of a
    draw is one of a world in which no model knows which condition is which. Models that are fitted
    are fitted and scored anew in each draw, which takes some 20 ms of 30 conditions.

    Parameters
    ----------
    sites : sequence of Site
        Of the same models and metric.
    n_draws, seed : int
    """
    fixed = sites[0].fixed
    found = np.full((n_draws, len(sites), len(fixed)), np.nan)
    groups: dict[int, list[int]] = {}
    for i, site in enumerate(sites):
        groups.setdefault(len(site.data), []).append(i)
    for mine in groups.values() if n_draws and fixed.any() else ():
        data = np.stack([sites[i].data for i in mine])
        # The same seed deals alike, whatever place comes first.
        permuted = permutation_test(
            sites[0].rdms, data, sites[0].metric, n_permutations=n_draws, seed=seed
        )
        places = np.ix_(np.arange(n_draws), np.array(mine), np.flatnonzero(fixed))
        found[places] = np.swapaxes(permuted.drawn, 1, 2)
    for i, site in enumerate(sites):
        for j in np.flatnonzero(~fixed):
            found[:, i, j] = fitted_null(site.models[j], site.data, site.metric, n_draws, seed)
    return found


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
    that are fitted are fitted in each draw.
    """
    n_subjects, n_models = site.scores.shape
    n_conditions = n_conditions_of(site.data.shape[1])
    ends = np.full((n_models, 2), np.nan)
    differences = np.full((n_models, n_models), np.nan)
    over: list[tuple[str, ...]] = [()] * n_models
    if "subjects" in options.resample and n_subjects > 1:
        for j in range(n_models):
            ends[j], over[j] = mean_interval(site.scores[:, j]), ("subjects",)
    asked: tuple[Factor, ...] = tuple(
        f for f in options.resample if f == "conditions" or n_subjects > 1
    )
    if "conditions" not in asked or options.n_bootstraps < 2:
        return Spread(ends, tuple(over), differences)
    draws = options.n_bootstraps
    fixed = np.flatnonzero(site.fixed)
    if len(fixed) and n_conditions >= _FEWEST_RESAMPLED:
        drawn = bootstrap(site.rdms, site.data, site.metric, over=asked, n_draws=draws, seed=seed)
        with np.errstate(invalid="ignore"):  # of one subject: no ceilings to be compared with
            found = variances(drawn)
            p = t_tests(drawn, found).differences
        ends[fixed] = _interval(site.scores[:, fixed].mean(axis=0), found)
        differences[np.ix_(fixed, fixed)] = p
        for j in fixed:
            over[j] = asked
    for j in np.flatnonzero(~site.fixed) if n_conditions >= FEWEST_RESAMPLED else ():
        drawn = fitted_bootstrap(site.models[j], site.data, site.metric, asked, draws, seed)
        with np.errstate(invalid="ignore"):
            found = variances(drawn)
        ends[j], over[j] = _interval(site.scores[:, [j]].mean(axis=0), found)[0], asked
    return Spread(ends, tuple(over), differences)


def _interval(mean: np.ndarray, found: Variances) -> np.ndarray:
    half = stats.t.ppf(0.975, found.dof) * np.sqrt(found.models)
    return np.clip(np.stack([mean - half, mean + half], axis=1), -1, 1)


def _left_over(model: ModelRdm, nuisance: np.ndarray, metric: Method) -> ModelRdm:
    left = residuals(model.values, nuisance, _RESIDUAL[metric])
    size = model.values.shape[1] if metric == "spearman" else np.ptp(model.values)
    if (np.nanstd(left, axis=1) < _ROUNDING * size).any():
        raise DataError(
            f"model {model.name!r}: nuisance RDMs tell all of it, so that nothing is left to "
            "compare. Leave out one of them."
        )
    return replace(model, values=left)
