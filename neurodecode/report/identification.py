"""Which region a geometry is of: regions of one person told by those of the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.rdms import Rdms
from neurodecode.linalg.rdm_identification import (
    Identified,
    accuracy_variance,
    chosen_descriptor,
    identification_test,
)
from neurodecode.linalg.rdm_identification import identify_regions as identified
from neurodecode.linalg.topology import geo_topological, quantile_grid

Descriptor = tuple[float, float] | Literal["chosen"]
GEOMETRY = (0.0, 1.0)
_COMPARISONS = ("corr", "corr_cov", "spearman", "rho-a")


@dataclass(frozen=True, eq=False)
class RegionIdentification:
    """How well regions were told, by each descriptor.

    Parameters
    ----------
    table : DataFrame
        A row a descriptor: ``descriptor accuracy low high chance p``. The interval of 95 % is over
        subjects and stimuli, of descriptors as they were chosen, and rather too wide
        (`neurodecode.linalg.rdm_identification.accuracy_variance`); p is of permuted regions,
        corrected for the number of descriptors.
    regions : DataFrame
        ``descriptor region sensitivity specificity``: in how many subjects a region was told right,
        and how many others were not taken for it.
    confusion : dict of str to DataFrame
        Rows are true regions, columns what they were taken for, of each descriptor.
    chosen : dict of str to tuple of two floats
        Quantiles that each subject was tested with, where they were chosen.
    """

    table: pd.DataFrame
    regions: pd.DataFrame
    confusion: dict[str, pd.DataFrame]
    chosen: dict[str, tuple[float, float]]

    def __repr__(self) -> str:
        each = zip(self.table["descriptor"], self.table["accuracy"], strict=True)
        told = "; ".join(f"{name} {accuracy:.3f}" for name, accuracy in each)
        return f"RegionIdentification({told}; chance {self.table['chance'][0]:.3f})"


def identify_regions(
    rdms: Rdms,
    comparison: Literal["corr", "corr_cov", "spearman", "rho-a"] = "corr",
    *,
    descriptors: Sequence[Descriptor] = (GEOMETRY,),
    n_bootstraps: int = 200,
    n_permutations: int = 1000,
    step: float = 0.1,
    seed: int = 0,
) -> RegionIdentification:
    """Take each region of a person for that of the others whose mean RDM it is most like.

    Parameters
    ----------
    rdms : Rdms
        Of two regions or more, each in two persons or more, without time; such as
        ``results.rdms()``, whose models are left out.
    comparison : str
    descriptors : sequence of two floats or "chosen"
        What of RDMs is compared: quantiles as of
        `neurodecode.linalg.topology.geo_topological`, (0, 1) being all of the geometry; or, for
        each person, those by which regions of the others are told best.
    n_bootstraps, n_permutations : int
        0 for no interval, or no p.
    step : float
        Of the grid of quantiles that are chosen from.
    seed : int

    Returns
    -------
    found : RegionIdentification

    Raises
    ------
    ConfigError
        If a comparison or descriptor cannot be meant.
    DataError
        If regions or persons are too few, a person lacks a region, or pairs are missing.

    Notes
    -----
    Intervals are Wilson's (1927), of as many trials as the bootstrapped variance is that of.
    Simulated regions were told no better by descriptors between geometry and topology than by
    RDMs, and worse by neighbours alone: none of them claims a gain.

    References
    ----------
    Lin & Kriegeskorte 2024, doi 10.1073/pnas.2317881121.
    """
    if comparison not in _COMPARISONS:
        raise ConfigError(
            f"comparison: {comparison!r} tells no regions.{nearest(comparison, _COMPARISONS)}"
        )
    subjects, regions, values = _by_region(rdms)
    names = [_name(one) for one in descriptors]
    if not names or len(set(names)) < len(names):
        raise ConfigError("descriptors: give one or more, each once, as in [(0, 1), (0, 0.5)].")
    told, chosen, ends = {}, {}, {}
    for name, one in zip(names, descriptors, strict=True):
        if one == "chosen":
            told[name], bounds = _chosen(values, comparison, step)
            chosen = dict(zip(subjects, bounds, strict=True))
        else:
            bounds = [(float(one[0]), float(one[1]))] * len(subjects)
            told[name] = identified(_made(values, *bounds[0]), comparison)
        ends[name] = bounds
    p = identification_test(told, n_permutations, seed) if n_permutations else {}
    rows = []
    for name in names:
        low, high = np.nan, np.nan
        if n_bootstraps:
            several = list(dict.fromkeys(ends[name]))
            variance, dof = accuracy_variance(
                values,
                [partial(geo_topological, low=one[0], high=one[1]) for one in several],
                comparison,
                of_subject=np.array([several.index(one) for one in ends[name]]),
                n_draws=n_bootstraps,
                seed=seed,
            )
            low, high = _interval(told[name], variance, dof)
        rows.append((name, told[name].accuracy, low, high, 1 / len(regions), p.get(name, np.nan)))
    columns = ["descriptor", "accuracy", "low", "high", "chance", "p"]
    by_region = ["descriptor", "region", "sensitivity", "specificity"]
    each = [
        (name, region, sensitivity, specificity)
        for name in names
        for region, sensitivity, specificity in zip(
            regions, told[name].sensitivity, told[name].specificity, strict=True
        )
    ]
    return RegionIdentification(
        pd.DataFrame(rows, columns=pd.Index(columns)),
        pd.DataFrame(each, columns=pd.Index(by_region)),
        {name: pd.DataFrame(one.confusion, regions, regions) for name, one in told.items()},
        chosen,
    )


def _by_region(rdms: Rdms) -> tuple[list[str], list[str], np.ndarray]:
    """Give RDMs as (n_subjects, n_regions, n_pairs), and whose they are."""
    table = pd.DataFrame(rdms.table[rdms.table["region"] != "model"])
    subjects, regions = (list(dict.fromkeys(table[one])) for one in ("subject", "region"))
    if np.isfinite(table["time"].to_numpy(np.float64)).any():
        raise DataError("identify_regions: RDMs have times. Select one: rdms.select(time=0.1).")
    if len(subjects) < 2 or len(regions) < 2:
        raise DataError(
            f"identify_regions: {len(subjects)} subjects and {len(regions)} regions. Regions are "
            "told by those of others: two of each are the fewest."
        )
    whose = zip(table["subject"], table["region"], strict=True)
    place = dict(zip(whose, table.index.to_numpy(), strict=True))
    lacking = [(s, r) for s in subjects for r in regions if (s, r) not in place]
    if lacking:
        raise DataError(
            f"identify_regions: subject {lacking[0][0]} has no {lacking[0][1]}. Select regions "
            "that all have, or leave this subject out."
        )
    values = np.stack([[rdms.values[place[s, r]] for r in regions] for s in subjects])
    if not np.isfinite(values).all():
        raise DataError(
            "identify_regions: dissimilarities are missing. Take conditions that all have: "
            "rdms.ordered(conditions)."
        )
    return subjects, regions, values.astype(np.float64)


def _chosen(
    values: np.ndarray, comparison: Literal["corr", "corr_cov", "spearman", "rho-a"], step: float
) -> tuple[Identified, list[tuple[float, float]]]:
    if len(values) < 3:
        raise DataError(
            f"descriptors: chosen by the others, and there are {len(values)} subjects. Three are "
            "the fewest."
        )
    bounds = quantile_grid(step)
    members = np.stack([_made(values, *one) for one in bounds])
    found, which = chosen_descriptor(members, comparison)
    return found, [(float(low), float(high)) for low, high in bounds[which]]


def _made(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return geo_topological(values.reshape(-1, values.shape[-1]), low, high).reshape(values.shape)


def _name(one: Descriptor) -> str:
    if isinstance(one, str):
        if one != "chosen":
            raise ConfigError(
                f"descriptors: {one!r}: give two quantiles, as in (0, 0.5), or chosen."
            )
        return one
    return "geometry" if tuple(one) == GEOMETRY else "{:g} to {:g}".format(*one)


def _interval(found: Identified, variance: float, dof: int) -> tuple[float, float]:
    """Give Wilson's interval of a share of as many trials as its variance is that of.

    There are at most as many as regions were told.
    """
    share, n = found.accuracy, float(found.taken_for.size)
    if variance > 0:
        n = min(n, max(share * (1 - share), 0.25 / n) / variance)
    z = stats.t.ppf(0.975, dof)
    centre, room = (share + z**2 / (2 * n)) / (1 + z**2 / n), share * (1 - share) / n
    half = z * np.sqrt(room + (z / (2 * n)) ** 2) / (1 + z**2 / n)
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))
