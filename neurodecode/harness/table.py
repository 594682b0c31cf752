"""The table that can be believed: score, interval, chance, null and flags of each model."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest
from neurodecode.core.errors import DataError
from neurodecode.core.files import read_json, write_json
from neurodecode.core.names import find
from neurodecode.harness.band_parts import PARTS, parts_of_groups
from neurodecode.harness.block_orders import BlockOrders
from neurodecode.harness.bounded import Bounds
from neurodecode.harness.chance_pairings import ChancePairings
from neurodecode.harness.dependence import interval_over, unit_of, widened
from neurodecode.harness.paired_bootstrap import bootstrap_scores, drawn_with
from neurodecode.harness.plan import MIN_FOR_SIGN_FLIPS
from neurodecode.harness.repeat_curves import CURVES, repeat_curves
from neurodecode.harness.score import NO_DRAW, Group, collect_groups, unmoved
from neurodecode.harness.scorer import Scorer, score_groups
from neurodecode.harness.store import Store
from neurodecode.harness.table_row import TableRow
from neurodecode.harness.views import Views
from neurodecode.linalg.permutation import permutation_p, sign_flip_test
from neurodecode.linalg.stats import all_equal, percentile_interval, unbiased_interval

_BOUNDS = {
    "baseline.clock": "clock", "baseline.history": "history", "baseline.covariates": "covariates",
}  # fmt: skip

TABLE_FORMAT = 10  # of table.json; raised where what stands beside it is computed otherwise


def score_results(store: Store) -> list[TableRow]:
    """Score the stored predictions; write ``scores.parquet`` and ``table.json``.

    Where stimuli were repeated, ``curves.parquet`` has the curves of retrieval over repeats; of
    encoders with bands of features ``parts.parquet`` has what each band adds to R².

    Parameters
    ----------
    store : Store

    Returns
    -------
    rows : list of TableRow
    """
    made_from = _made_from(store)
    groups = list(collect_groups(store))
    scores = score_groups(store, groups)
    store.write_frame("scores.parquet", scores)
    for name, frame in (
        (CURVES, repeat_curves(store, groups, Scorer.of(store))),
        (PARTS, parts_of_groups(store)),
    ):
        if frame is not None:
            store.write_frame(name, frame)
        else:
            (store.folder / name).unlink(missing_ok=True)  # of what was asked before
    # Of generalization across time the table has what was trained and tested at the same time.
    scores = _select(scores, scores["train_time"].isna() | (scores["train_time"] == scores["time"]))
    rows = _table(store, groups, scores)
    table = {"made_from": made_from, "rows": [asdict(row) for row in rows]}
    write_json(store.folder / "table.json", table)
    return rows


def table_rows(store: Store) -> list[TableRow]:
    """Read the table of a results folder; made again where it is not of the predictions there."""
    path = store.folder / "table.json"
    try:
        table = read_json(path) if path.is_file() else {}
    except DataError:
        table = {}  # it can be made again
    if table.get("made_from") != _made_from(store):
        return score_results(store)
    return [TableRow(**{**row, "flags": tuple(row["flags"])}) for row in table["rows"]]


def _made_from(store: Store) -> str:
    """Digest of what a table is made from: the question, and the jobs that are there."""
    index = store.index()
    # Weights that were absent when it was made may have come.
    seen = Views.of_index(index, store.folder).states()
    return digest([TABLE_FORMAT, index, seen, [store.has(job["key"]) for job in index["jobs"]]])


def _table(store: Store, groups: list[Group], scores: pd.DataFrame) -> list[TableRow]:
    index = store.index()
    unit = unit_of(index["within"])
    if index["inflation"]["repeats"] > 1:  # folds of one name test other rows with another seed
        names = scores["fold"].astype(str) + " (seed " + scores["seed"].astype(str) + ")"
        scores = scores.assign(fold=names)
    drawn = drawn_with(store.rows(), store.schedule(), index["target"]["kind"])
    blocks = np.unique(drawn, return_inverse=True)[1]
    scorer = Scorer.of(store)
    n_open = Counter(
        job["model"] for job in index["jobs"] if "error" not in job and not store.has(job["key"])
    )
    unconverged = {
        job["model"]
        for job in index["jobs"]
        if job["draw"] is None
        and job["permutation"] is None
        and store.training(job["key"]).get("converged") is False
    }
    no_null = unmoved(groups)
    pairings = ChancePairings(
        groups,
        store.rows(),
        scorer,
        index["metrics"],
        0 if index["n_permutations"] else index["n_pairings"],
        unit,
        index["inflation"]["row"],
    )
    orders = BlockOrders(store, groups)
    bounded = Bounds(store, groups)
    rows = []
    for metric in index["metrics"]:
        mine = _select(scores, scores["metric"] == metric)
        draws = _Draws(metric, groups, blocks, scorer)
        bounds = {
            model["name"]: _select(mine, _itself(mine, model["name"]) & (mine["note"] == ""))
            for model in index["models"]
            if model["role"] == "control" and _bound(model["name"])
        }
        rows += [
            _row(
                store,
                index,
                model["name"],
                model["role"],
                metric,
                unit,
                mine,
                bounds,
                draws,
                pairings,
                orders,
                bounded,
                n_open[model["name"]],
                converged=model["name"] not in unconverged,
                has_null=model["name"] not in no_null,
            )
            for model in index["models"]
        ]
    return rows


def _row(
    store: Store,
    index: dict[str, Any],
    model: str,
    role: str,
    metric: str,
    unit: str,
    scores: pd.DataFrame,
    bounds: dict[str, pd.DataFrame],
    draws: "_Draws",
    pairings: ChancePairings,
    orders: BlockOrders,
    bounded: Bounds,
    n_open: int,
    *,
    converged: bool,
    has_null: bool,
) -> TableRow:
    mine = _select(scores, _itself(scores, model))
    known = _select(mine, mine["note"] == "")
    flags = {flag for fold in index["folds"] for flag in fold["flags"]}
    if len(known) == 0:
        note = _why_empty(index, model, mine)
        nan = float("nan")
        return TableRow(
            index["name"], model, metric, nan, nan, nan, nan, None, None, None, 0, unit, 0,
            tuple(sorted(flags)), {}, note, role, index["evaluation"], _tested(index),
        )  # fmt: skip
    per_unit = unit_means(known, unit, "score")
    judged = find(metric, "metrics")
    # Student t knows no bounds; the mean of scores lies within those of the metric.
    low, high = np.clip(
        _interval(model, per_unit, draws, index["inflation"]), *judged.range
    ).tolist()
    own = (scores["model"] == model) & (scores["note"] == "")
    nulls = _select(scores, own & (scores["draw"] != NO_DRAW))
    shuffled = [float(unit_means(one, unit, "score").mean()) for _, one in nulls.groupby("draw")]
    p, p_of = None, ""
    if role == "model" and not index["n_permutations"]:
        p, p_of = pairings.p(model, metric), "pairings"
        if p is None:
            p, p_of = orders.p(model, metric), "blocks"
    elif role == "model":
        permuted = _select(scores, own & (scores["permutation"] != NO_DRAW))
        # Units that train each other's models cannot be tested by flips of their signs.
        flips = index["inflation"]["unit"] == 1
        p, p_of = _p(judged, known, per_unit, permuted, unit, flips=flips)
    if role == "model":
        better_is = 1 if judged.direction == "up" else -1
        for control, bound in bounds.items():
            if len(bound) and not _beats(
                model, control, per_unit, unit_means(bound, unit, "score"), draws, better_is,
                index["inflation"],
            ):  # fmt: skip
                flags.add(_bound(control))
    flags |= {flag for key in _own_jobs(index, model) for flag in store.flags(key)}
    if len(per_unit) == 1:
        flags.add("test-set only")
    if role == "model" and np.isnan(low):
        flags.add("no_interval")
    if len(known) < len(mine):
        flags.add(f"{len(mine) - len(known)} of {len(mine)} groups not computed")
    failed = sum("error" in job for job in index["jobs"] if job["model"] == model)
    if failed:
        flags.add(f"jobs failed: {failed}")
    if not converged:
        flags.add("not_converged")
    if not has_null:
        flags.add("no_null")
    if n_open:
        flags.add(f"jobs not run yet: {n_open}")
    bound = bounded.of(model, judged)
    return TableRow(
        experiment=index["name"],
        model=model,
        metric=metric,
        mean=float(per_unit.mean()),
        ci_low=low,
        ci_high=high,
        chance=float(unit_means(known, unit, "chance").mean()),
        shuffled_mean=float(np.mean(shuffled)) if shuffled else None,
        shuffled_sd=float(np.std(shuffled, ddof=1)) if len(shuffled) > 1 else None,
        p=p,
        n_units=len(per_unit),
        unit=unit,
        n_trials=draws.n_trials(model),
        flags=tuple(sorted(flags)),
        per_unit={str(name): float(value) for name, value in per_unit.items()},
        role=role,
        evaluation=index["evaluation"],
        tested=_tested(index),
        shown_as=_shown_as(judged, known, index["gallery"]),
        p_of="" if p is None else p_of,
        ceiling=bound.ceiling,
        of_ceiling=bound.fraction,
        of_ceiling_low=bound.low,
        of_ceiling_high=bound.high,
        ceiling_by=bound.by,
        ceiling_unit=bound.unit,
        ceiling_of=bound.of,
        n_above=bound.n_above,
        n_targets=bound.n_targets,
        ceiling_note=bound.note,
    )


def _shown_as(metric: Any, known: pd.DataFrame, gallery: str) -> str:
    """Name a metric of retrieval by its gallery, whose size and content are part of what it is."""
    if metric.retrieval is None:
        return metric.name
    sizes = known["n_candidates"].to_numpy()
    size = f"{sizes.min()}" if sizes.min() == sizes.max() else f"{sizes.min()}-{sizes.max()}"
    if metric.retrieval.direction == "image_to_brain":
        return f"{metric.name}@{size}/brain"
    return f"{metric.name}@{size}/{'prototype' if gallery == 'prototype' else 'image'}"


def _tested(index: dict[str, Any]) -> str:
    """Say what a test row is: a trial, or one of the windows that slide over recordings."""
    return "trial" if index["schedule"] is None else "window"


def unit_means(scores: pd.DataFrame, unit: str, column: str) -> pd.Series:
    """Mean over folds and seeds, then sessions, a value a unit.

    Parameters
    ----------
    scores : DataFrame
        Rows of one model and metric, as `neurodecode.harness.score.score_groups` gives.
    unit : str
        ``subject``, ``session``, ``fold`` or ``study``.
    column : str
        ``score`` or ``chance``.

    Returns
    -------
    means : Series
        Indexed by unit, sorted.
    """
    if unit == "study":
        return pd.Series({"all": scores[column].mean()})
    sessions: Any = scores.groupby([unit, "session"], sort=True)[column].mean()
    return sessions.groupby(level=0, sort=True).mean()


def _p(
    metric: Any,
    known: pd.DataFrame,
    per_unit: pd.Series,
    permuted: pd.DataFrame,
    unit: str,
    *,
    flips: bool,
) -> tuple[float | None, str]:
    """One-sided p value of a score better than its null, and of what; None where there is none."""
    better_is = 1 if metric.direction == "up" else -1
    if len(permuted):
        means = [
            unit_means(one, unit, "score").mean() for _, one in permuted.groupby("permutation")
        ]
        p = permutation_p(better_is * float(per_unit.mean()), better_is * np.array(means))
        return p, "labels"
    chance = unit_means(known, unit, "chance")
    difference = better_is * (per_unit - chance).to_numpy()
    if not flips or len(difference) < MIN_FOR_SIGN_FLIPS or not np.isfinite(difference).all():
        return None, ""
    return sign_flip_test(difference, "greater").p, "signs"


def _interval(
    model: str, per_unit: pd.Series, draws: "_Draws", inflation: dict[str, float]
) -> tuple[float, float]:
    mean = float(per_unit.mean())
    if len(per_unit) > 1:
        return interval_over(per_unit.to_numpy(), inflation["unit"], inflation["repeats"])
    drawn = draws.of(model)
    if all_equal(drawn[np.isfinite(drawn)]):  # as where all trials are told right
        return float("nan"), float("nan")
    return widened(unbiased_interval(drawn, mean), mean, inflation["row"])


def _beats(
    model: str,
    control: str,
    mine: pd.Series,
    bound: pd.Series,
    draws: "_Draws",
    better_is: int,
    inflation: dict[str, float],
) -> bool:
    """Whether the paired difference to a bound is above zero with its 95 % interval."""
    difference = better_is * (mine - bound).dropna().to_numpy()
    mean = float(difference.mean()) if len(difference) else float("nan")
    if len(difference) >= MIN_FOR_SIGN_FLIPS and all_equal(difference):
        low = mean  # no interval, but as many flips of a sign are seldom all one way
    elif len(difference) > 1:
        low, _ = interval_over(difference, inflation["unit"], inflation["repeats"])
    else:
        own, theirs = draws.of(model), draws.of(control)
        n_draws = min(len(own), len(theirs))  # the same draws, of which times have fewer
        drawn = percentile_interval(better_is * (own[:n_draws] - theirs[:n_draws]))
        low, _ = widened(drawn, mean, inflation["row"])
    return bool(low > 0)


def _own_jobs(index: dict[str, Any], model: str) -> list[str]:
    """Keys of the jobs of a model itself, not of its null."""
    return [
        job["key"]
        for job in index["jobs"]
        if job["model"] == model and job["draw"] is None and job["permutation"] is None
    ]


def _bound(control: str) -> str:
    """Flag of a model that is not clearly better than a control; empty where that tells nothing.

    Two of a kind are told apart by their arguments, which follow the name.
    """
    return _BOUNDS.get(control.partition("(")[0], "")


def _select(scores: pd.DataFrame, keep: Any) -> pd.DataFrame:
    return cast("pd.DataFrame", scores.loc[keep])


def _itself(scores: pd.DataFrame, model: str) -> Any:
    """Mask of a model's own scores, not those of its shuffled null."""
    of_null = (scores["draw"] != NO_DRAW) | (scores["permutation"] != NO_DRAW)
    return (scores["model"] == model) & ~of_null


def _why_empty(index: dict[str, Any], model: str, mine: pd.DataFrame) -> str:
    if model in index["refused"]:
        return f"not run: {index['refused'][model]}"
    errors = [job["error"] for job in index["jobs"] if job["model"] == model and "error" in job]
    if errors:
        return f"failed: {errors[0]}"
    return f"not computed: {mine['note'].iloc[0]}" if len(mine) else "not run yet"


class _Draws:
    """Bootstrap over the blocks of the test rows; all models see the same draws."""

    def __init__(self, metric: str, groups: Sequence[Group], blocks: np.ndarray, scorer: Scorer):
        self._metric, self._scorer, self._blocks = find(metric, "metrics"), scorer, blocks
        self._groups: dict[str, list[Group]] = {}
        for group in groups:
            if group.is_itself:
                self._groups.setdefault(group.model, []).append(group)
        self._memo: dict[str, np.ndarray] = {}

    def n_trials(self, model: str) -> int:
        return len(np.unique(np.concatenate([g.rows for g in self._groups[model]])))

    def of(self, model: str) -> np.ndarray:
        """Score in each of the draws."""
        if model not in self._memo:
            self._memo[model] = bootstrap_scores(
                self._groups[model], self._blocks, self._metric, self._scorer
            )[0]
        return self._memo[model]
