"""The table of an analysis: each model's agreement with the brain, where, and how sure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest
from neurodecode.core.errors import DataError
from neurodecode.core.files import read_json, write_json
from neurodecode.core.rdms import Rdms
from neurodecode.harness.rsa.descriptor import Quantiles, quantiles_of
from neurodecode.harness.rsa.inference import bounds, null_scores, spread
from neurodecode.harness.rsa.options import CHOSEN, RsaOptions
from neurodecode.harness.rsa.reliability import RELIABILITY, stored_reliability
from neurodecode.harness.rsa.run import stored_models, stored_rdms
from neurodecode.harness.rsa.site import Site
from neurodecode.harness.run import Progress, silent
from neurodecode.harness.store import Store
from neurodecode.harness.table_row import TableRow
from neurodecode.linalg.permutation import benjamini_hochberg, permutation_p
from neurodecode.linalg.rdm_compare import tied_share
from neurodecode.linalg.stats import mean_correlation_interval

TABLE_FORMAT = 4  # of table.json; raised where numbers are computed otherwise
NOT_AT_ZERO = ("cosine", "cosine_cov")  # comparisons that do not centre: chance is that of the null
DIFFERENCES = "differences.parquet"  # of models, two by two
_PAIR = ("metric", "region", "time", "model", "other", "difference", "p")
CEILING_OF = "ceiling_of_"  # flag, with the number of subjects
CONDITIONS_DIFFER = "own_conditions_"  # flag, with the fewest and the most of a subject
_TIES = 0.01  # share of tied pairs from which spearman is flagged
_FEW_CONDITIONS = 7  # below, permutations are so few that no p is small
_FEW = 20  # subjects, below which ceilings depend on how many there are


@dataclass(frozen=True)
class RsaRow(TableRow):
    """One model under one comparison, in one region and at one time.

    `mean` is over subjects, each compared by itself; `n_trials` counts conditions, and
    `shuffled_mean` and `shuffled_sd` are of permuted condition labels.

    Parameters
    ----------
    region : str
        Empty where there is one.
    time : float or None
        Seconds.
    ceiling_low, ceiling_high : float or None
        Mean agreement of a subject with the mean of the others, and with the mean of all, itself
        among them: the best model lies between.
    p_uncorrected : float or None
        Of this row alone; `p` is corrected over models, regions and times.
    conditions_per_unit : mapping of str to int
        How many conditions each subject has, where they differ in them.
    weights : mapping of str to float
        Of a fitted model's members, mean over folds; they sum to 1.
    member_scores : mapping of str to float
        Of the same members in the folds in which the model is scored: what it is to be held
        against, as folds have fewer pairs than all conditions.
    quantiles_per_unit : mapping of str to two floats
        Between which each subject's RDMs are geo-topological, where they were chosen by the others.
    """

    region: str = ""
    time: float | None = None
    ceiling_low: float | None = None
    ceiling_high: float | None = None
    p_uncorrected: float | None = None
    conditions_per_unit: Mapping[str, int] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    member_scores: Mapping[str, float] = field(default_factory=dict)
    quantiles_per_unit: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def rsa_rows(store: Store) -> list[TableRow]:
    """Read the table of an analysis; made again where it is not of the RDMs that are there."""
    path = store.folder / "table.json"
    try:
        table = read_json(path) if path.is_file() else {}
    except DataError:
        table = {}  # it can be made again
    if table.get("made_from") != _made_from(store):
        return list(score_rsa(store))
    return [RsaRow(**{**row, "flags": tuple(row["flags"])}) for row in table["rows"]]


def score_rsa(store: Store, progress: Progress = silent) -> list[RsaRow]:
    """Compare stored RDMs; write ``scores.parquet`` and ``table.json``.

    Every subject's score is kept, for each model, comparison, region and time.

    Parameters
    ----------
    store : Store
    progress : callable
        As `neurodecode.core.progress.progress`: bootstraps of ranks take a while.

    Returns
    -------
    rows : list of RsaRow
    """
    made_from, index = _made_from(store), store.index()
    asked: Any = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in index["options"].items()
    }
    options = RsaOptions(**asked)
    data, models = stored_rdms(store, index), stored_models(store, index)
    reliability = stored_reliability(store, index)
    rows: list[RsaRow] = []
    frames = []
    pairs: list[dict[str, Any]] = []
    for metric in options.comparison:
        quantiles = quantiles_of(data, metric, options)
        sites = [
            Site.of(region, time, rdms, models, metric, options, index["seed"], quantiles)
            for region, time, rdms in data.sites()
        ]
        chosen = quantiles if options.geo_topological == CHOSEN else {}
        found = _of_metric(metric, sites, options, index, data, progress, pairs)
        rows += [_with_quantiles(row, chosen) for row in found]
        frames += [_frame(metric, site, chosen) for site in sites]
        mine = reliability[reliability["metric"] == metric]
        whole = mine[mine["model"] == RELIABILITY]
        rows += _reliable(pd.DataFrame(whole), index, len(data.conditions))
        frames.append(mine)
    scores = pd.concat(frames, ignore_index=True)
    store.write_frame("scores.parquet", scores)
    store.write_frame(DIFFERENCES, _corrected(pd.DataFrame(pairs, columns=[*_PAIR])))
    write_json(
        store.folder / "table.json",
        {"made_from": made_from, "rows": [asdict(row) for row in rows]},
    )
    return rows


def _made_from(store: Store) -> str:
    index = store.index()
    return digest([TABLE_FORMAT, index, [store.has(job["key"]) for job in index["jobs"]]])


def _of_metric(
    metric: str,
    sites: Sequence[Site],
    options: RsaOptions,
    index: dict[str, Any],
    data: Rdms,
    progress: Progress,
    pairs: list[dict[str, Any]],
) -> Iterator[RsaRow]:
    seed = index["seed"]
    drawn = null_scores(sites, options.n_permutations, seed)  # (n_draws, n_sites, n_models)
    observed = np.array([site.scores.mean(axis=0) for site in sites])
    p, corrected = _p(observed, drawn, options.correction)
    failed = sum("error" in job for job in index["jobs"])
    for i, site in enumerate(progress(iter(sites), metric, len(sites), "place")):
        low, high = bounds(site)
        varied = spread(site, options, seed)
        pairs += _pairs(metric, site, varied.differences)
        flags = _flags(metric, site, failed)
        if index["simulated"]:
            flags.add("simulated")
        if options.descriptor:
            flags.add(options.descriptor)
        for j, model in enumerate(site.models):
            mine = drawn[:, i, j]
            tied = metric == "spearman" and (
                bool(options.geo_topological) or tied_share(model.values).max() > _TIES
            )
            null = float(mine.mean()) if len(mine) else None
            own = {*flags, *_limits(site, varied.over[j]), *(("ties",) if tied else ())}
            chance = 0.0
            if metric in NOT_AT_ZERO:
                chance = float("nan") if null is None else null
            yield RsaRow(
                experiment=index["name"],
                model=model.name,
                metric=metric,
                mean=float(observed[i, j]),
                ci_low=float(varied.ends[j, 0]),
                ci_high=float(varied.ends[j, 1]),
                chance=chance,
                shuffled_mean=null,
                shuffled_sd=float(mine.std(ddof=1)) if len(mine) > 1 else None,
                p=None if p is None or not len(mine) else float(corrected[i, j]),
                n_units=len(site.subjects),
                unit="subject",
                n_trials=len(data.conditions),
                flags=tuple(sorted(own)),
                per_unit=dict(zip(site.subjects, site.scores[:, j].tolist(), strict=True)),
                tested="condition",
                p_of="conditions" if p is not None and len(mine) else "",
                region=site.region,
                time=None if np.isnan(site.time) else site.time,
                ceiling_low=low,
                ceiling_high=high,
                p_uncorrected=None if p is None or not len(mine) else float(p[i, j]),
                conditions_per_unit=site.counts if site.differ else {},
                weights=site.shares(j),
                member_scores=site.alone(j),
            )


def _pairs(metric: str, site: Site, p: np.ndarray) -> Iterator[dict[str, Any]]:
    """Give each pair of models whose difference has a p."""
    mean = site.scores.mean(axis=0)
    for i, j in zip(*np.triu_indices(len(mean), 1), strict=True):
        if np.isfinite(p[i, j]):
            yield {
                "metric": metric, "region": site.region, "time": site.time,
                "model": site.models[i].name, "other": site.models[j].name,
                "difference": float(mean[i] - mean[j]), "p": float(p[i, j]),
            }  # fmt: skip


def _corrected(pairs: pd.DataFrame) -> pd.DataFrame:
    """Add p corrected for the rate of false discoveries, over all pairs of a comparison."""
    corrected = np.full(len(pairs), np.nan)
    for metric in dict.fromkeys(pairs["metric"]):
        mine = (pairs["metric"] == metric).to_numpy()
        corrected[mine] = benjamini_hochberg(pairs["p"].to_numpy(np.float64)[mine])
    return pairs.assign(p_corrected=corrected)


def _p(
    observed: np.ndarray, drawn: np.ndarray, correction: str
) -> tuple[np.ndarray | None, np.ndarray]:
    """One-sided p of each site and model, alone and corrected over all."""
    if len(drawn) == 0:
        return None, observed

    flat = drawn.reshape(len(drawn), -1)
    there = np.isfinite(flat).all(axis=0)

    def each(values: np.ndarray, null: np.ndarray) -> np.ndarray:
        p = np.full(values.size, np.nan)
        for i in np.flatnonzero(there):
            p[i] = permutation_p(float(values.flat[i]), null[:, i])
        return p.reshape(values.shape)

    alone = each(observed, flat)
    if correction == "none" or not there.any():
        return alone, alone
    if correction == "bh":
        corrected = alone.ravel().copy()
        corrected[there] = benjamini_hochberg(corrected[there])
        return alone, corrected.reshape(alone.shape)
    # Some models spread more than others under permutation; in units of that none drowns the rest.
    spread = flat.std(axis=0)
    scale = np.where(spread > 0, spread, np.inf)
    largest = ((flat - flat.mean(axis=0)) / scale)[:, there].max(axis=1)
    excess = (observed - flat.mean(axis=0).reshape(observed.shape)) / scale.reshape(observed.shape)
    return alone, each(excess, np.tile(largest[:, None], excess.size))


def _flags(metric: str, site: Site, failed: int) -> set[str]:
    n = len(site.subjects)
    flags = set()
    if metric == "cosine":
        flags.add("plain_cosine")
    if 1 < n < _FEW:
        flags.add(f"{CEILING_OF}{n}")
    fewest, most = min(site.counts.values()), max(site.counts.values())
    if fewest < _FEW_CONDITIONS:
        flags.add("few_conditions")
    if site.differ:
        flags.add(f"{CONDITIONS_DIFFER}{fewest}_to_{most}")
    if failed:
        flags.add(f"jobs failed: {failed}")
    return flags


def _limits(site: Site, over: Sequence[str]) -> Iterator[str]:
    """Say what an interval is not over."""
    if len(site.subjects) == 1:
        yield "one_subject"
    elif "subjects" not in over:
        yield "these_subjects"
    if "conditions" not in over:
        yield "these_conditions"


def _with_quantiles(row: RsaRow, chosen: Mapping[str, Quantiles]) -> RsaRow:
    return replace(row, quantiles_per_unit={k: v for k, v in chosen.items() if k in row.per_unit})


def _frame(metric: str, site: Site, chosen: Mapping[str, Quantiles]) -> pd.DataFrame:
    n_subjects, n_models = site.scores.shape
    ends = {
        name: np.repeat([chosen[one][i] for one in site.subjects], n_models)
        for i, name in enumerate(("quantile_low", "quantile_high"))
        if chosen
    }
    return pd.DataFrame(
        {
            "model": np.tile([one.name for one in site.models], n_subjects),
            "metric": metric,
            "subject": np.repeat(site.subjects, n_models),
            "region": site.region,
            "time": site.time,
            "n_conditions": np.repeat(list(site.counts.values()), n_models),
            **ends,
            "score": site.scores.ravel(),
        }
    )


def _reliable(found: pd.DataFrame, index: dict[str, Any], n_conditions: int) -> Iterator[RsaRow]:
    """Rows of the reliability of RDMs: what the same brain says of itself."""
    places: Any = found.groupby(["region", "time"], sort=False, dropna=False)
    for (region, time), mine in places:
        scores = mine["score"].to_numpy()
        low, high = mean_correlation_interval(scores)
        yield RsaRow(
            experiment=index["name"],
            model=RELIABILITY,
            metric=str(mine["metric"].iloc[0]),
            mean=float(scores.mean()),
            ci_low=low,
            ci_high=high,
            chance=0.0,
            shuffled_mean=None,
            shuffled_sd=None,
            p=None,
            n_units=len(scores),
            unit="subject",
            n_trials=n_conditions,
            flags=("simulated",) if index["simulated"] else (),
            per_unit=dict(zip(mine["subject"], scores.tolist(), strict=True)),
            role="ceiling",
            tested="condition",
            region=str(region),
            time=None if np.isnan(time) else float(time),
        )
