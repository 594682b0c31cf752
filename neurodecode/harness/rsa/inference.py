"""Scores of subjects, ceilings, intervals and nulls of RDMs that stand at one place."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import rankdata

from neurodecode.core.errors import DataError
from neurodecode.core.rdms import Rdms
from neurodecode.harness.rsa.models import ModelRdm
from neurodecode.harness.rsa.options import RsaOptions
from neurodecode.linalg.rdm_compare import WHITENED, Method, compare, coordinates
from neurodecode.linalg.rdm_pairs import n_conditions_of, pairs_among
from neurodecode.linalg.stats import mean_interval

_RANKS = ("spearman", "rho-a", "tau-a")


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
    models : tuple of str
        Without nuisance ones.
    rdms : ndarray, shape (n_models, n_pairs)
        Without what nuisance RDMs tell.
    metric : str
        How both are compared.
    """

    region: str
    time: float
    subjects: tuple[str, ...]
    data: np.ndarray
    models: tuple[str, ...]
    rdms: np.ndarray
    metric: Method

    @staticmethod
    def of(
        region: str,
        time: float,
        found: Rdms,
        models: Sequence[ModelRdm],
        metric: Method,
        nuisance: Sequence[str],
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
        rdms = np.concatenate([one.values for one in asked])
        out = [one.values for one in models if one.name in nuisance]
        if out:
            if lacking.any():
                raise DataError(
                    f"{region or 'RDMs'}: nuisance: {lacking.sum()} pairs are missing. Leave out "
                    "the conditions that they are of."
                )
            data, rdms = (_residuals(one, np.concatenate(out), metric) for one in (data, rdms))
            metric = "corr"
        names = tuple(one.name for one in asked)
        return Site(region, time, tuple(found.table["subject"]), data, names, rdms, metric)

    @cached_property
    def kept(self) -> np.ndarray:
        """Which pairs there are, shape (n_pairs,)."""
        return ~np.isnan(self.data[0])

    @cached_property
    def scores(self) -> np.ndarray:
        """Agreement of each subject with each model, shape (n_subjects, n_models)."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*rewards ties")  # the table has a flag for it
            return compare(self.data, self.within(self.rdms), self.metric)

    def within(self, rdms: np.ndarray) -> np.ndarray:
        """Give RDMs NaN where the data are."""
        return rdms if self.kept.all() else np.where(self.kept, rdms, np.nan)


def ceilings(site: Site) -> tuple[float | None, float | None]:
    """Give the lower and the upper noise ceiling; None of one subject.

    The mean of all subjects but one tells that one as well as a model can that was fitted to the
    others; the mean of all, as well as none can. Both depend on how many subjects there are.

    References
    ----------
    Nili et al. 2014, doi 10.1371/journal.pcbi.1003553.
    """
    n = len(site.data)
    if n < 2:
        return None, None
    each = _poolable(site.data, site.metric)
    total = each.sum(axis=0)
    upper = compare(site.data, total[None] / n, site.metric).mean()
    others = (total - each) / (n - 1)
    lower = [compare(site.data[[i]], others[[i]], site.metric)[0, 0] for i in range(n)]
    return float(np.mean(lower)), float(upper)


def null_scores(sites: Sequence[Site], n_draws: int, seed: int) -> np.ndarray:
    """Score models whose conditions are dealt anew, shape (n_draws, n_sites, n_models).

    A draw deals the conditions of all models alike, at all places, so that the largest score of a
    draw is one of a world in which no model knows which condition is which.

    Parameters
    ----------
    sites : sequence of Site
        Of the same models and metric.
    n_draws, seed : int
    """
    rng = np.random.default_rng(seed)
    n_conditions = n_conditions_of(sites[0].data.shape[1])
    found = np.empty((n_draws, len(sites), len(sites[0].models)))
    if n_draws == 0:
        return found
    permutations = [
        pairs_among(rng.permutation(n_conditions), n_conditions) for _ in range(n_draws)
    ]
    groups: dict[bytes, list[int]] = {}
    for i, site in enumerate(sites):
        groups.setdefault(site.kept.tobytes(), []).append(i)
    for mine in groups.values():
        first = sites[mine[0]]
        if first.metric == "tau-a":  # no inner product
            for draw, pairs in enumerate(permutations):
                moved = first.within(first.rdms[:, pairs])
                for i in mine:
                    found[draw, i] = compare(sites[i].data, moved, first.metric).mean(axis=0)
            continue
        # The mean of inner products is the inner product with the mean.
        data = np.stack([coordinates(sites[i].data, first.metric).mean(axis=0) for i in mine])
        whole = first.kept.all() and first.metric not in WHITENED
        models = coordinates(first.rdms, first.metric) if whole else first.rdms
        for draw, pairs in enumerate(permutations):
            moved = models[:, pairs]
            if not whole:
                moved = coordinates(first.within(moved), first.metric)
            found[draw, mine] = data @ moved.T
    return found


def intervals(site: Site, options: RsaOptions, seed: int) -> list[tuple[float, float]]:
    """Give the 95 % interval of each model's mean score over subjects."""
    del options, seed
    return [mean_interval(site.scores[:, j]) for j in range(len(site.models))]


def _poolable(data: np.ndarray, metric: str) -> np.ndarray:
    """Bring subjects' RDMs to one scale, as the comparison takes them."""
    kept = ~np.isnan(data[0])
    found, mine = np.full(data.shape, np.nan), data[:, kept]
    if metric in _RANKS:
        found[:, kept] = rankdata(mine, axis=1)
        return found
    if metric in ("corr", "corr_cov"):
        mine = mine - mine.mean(axis=1, keepdims=True)
    found[:, kept] = mine / np.sqrt((mine**2).mean(axis=1, keepdims=True))
    return found


def _residuals(rdms: np.ndarray, nuisance: np.ndarray, metric: str) -> np.ndarray:
    """Take nuisance RDMs, and a constant, out of RDMs by least squares; of ranks ranks."""
    if metric == "spearman":
        rdms, nuisance = rankdata(rdms, axis=1), rankdata(nuisance, axis=1)
    design = np.concatenate([np.ones((1, nuisance.shape[1])), nuisance]).T
    return rdms - (design @ np.linalg.lstsq(design, rdms.T, rcond=None)[0]).T
