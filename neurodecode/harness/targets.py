"""A table of the targets of an encoder: what each is, its score, its ceiling; kept in a file."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest
from neurodecode.core.names import find
from neurodecode.core.truth import BrainTruth
from neurodecode.harness.band_parts import parts_of_targets
from neurodecode.harness.block_orders import by_orders, orders_of
from neurodecode.harness.noise_ceilings import NoiseCeiling, Whose, noise_ceilings
from neurodecode.harness.score import collect_groups
from neurodecode.harness.store import Store
from neurodecode.harness.target_scores import target_scores
from neurodecode.linalg.block_permutation import BlockPermutation
from neurodecode.metrics.ceiling import Ceiling, as_r

FOLDER = "targets"
PART = "r2_"  # before the name of a band, in a table of targets
FORMAT = 4  # of its files; raised where scores or ceilings are computed otherwise


def targets_of(store: Store, metric: str, model: str) -> pd.DataFrame:
    """Give a row a target: what it is, score, ceiling, fraction, parts of R², and choices.

    Parameters
    ----------
    store : Store
        Of results whose target is the brain.
    metric : str
        Whose score is a mean over targets.
    model : str

    Returns
    -------
    targets : DataFrame
        As `neurodecode.report.results.Results.targets` has it. It is kept in ``targets/``, and
        made anew where predictions, truth or question are others.
    """
    index = store.index()
    jobs = [
        job
        for job in store.answers(index)
        if job["model"] == model and job["draw"] is None and job["permutation"] is None
    ]
    asked = [
        index[name] for name in ("truth", "within", "aggregate", "noise_ceiling", "n_pairings")
    ]
    made_from = [FORMAT, metric, asked, [[job["key"], job["ceiling"]] for job in jobs]]
    name = f"{FOLDER}/{digest(made_from)[:16]}.parquet"
    if (store.folder / name).is_file():
        return pd.read_parquet(store.folder / name)
    truth = store.truth(store.rows())
    assert isinstance(truth, BrainTruth)  # what is written of a brain
    collected = collect_groups(store, only=lambda job: job["model"] == model)
    groups = [one for one in collected if one.is_itself]
    judged = find(metric, "metrics")
    scores = target_scores(judged, groups, truth)
    tested = orders_of(store, groups) if by_orders(metric) else {}
    ceilings = noise_ceilings(store)
    known: Mapping[Whose, NoiseCeiling] = {} if isinstance(ceilings, str) else ceilings
    parts = parts_of_targets(store, model, truth) if metric == "r2" else {}
    frames = [
        _table(
            store, whose, score, tested.get(whose), known.get(whose), judged.bounded_by, jobs,
            parts.get(whose, pd.DataFrame()),
        )
        for whose, score in scores.items()
    ]  # fmt: skip
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    (store.folder / FOLDER).mkdir(exist_ok=True)
    store.write_frame(name, table)
    return table


def _table(
    store: Store,
    whose: Whose,
    score: np.ndarray,
    tested: BlockPermutation | None,
    ceiling: NoiseCeiling | None,
    unit: str,
    jobs: list[dict[str, Any]],
    parts: pd.DataFrame,
) -> pd.DataFrame:
    subject, space = whose
    table = store.target_space(space).table()
    table.insert(0, "target", np.arange(len(table)))
    table.insert(0, "space", space)
    table.insert(0, "subject", subject)
    table["score"] = score
    if tested is not None:
        table["p"], table["p_max"], table["q"] = tested.p, tested.p_max, tested.q
    if unit:
        of = Ceiling(np.full(len(score), np.nan), "reliability", "single")
        of = of if ceiling is None else ceiling.scored
        bound = (as_r(of) if unit == "r" else of).value
        table["ceiling"] = bound
        table["fraction"] = np.divide(
            score, bound, out=np.full(len(score), np.nan), where=np.nan_to_num(bound) > 0
        )
    for name in parts:
        table[f"{PART}{name}"] = parts[name].to_numpy()
    for name, chosen in _choices(store, subject, space, len(score), jobs).items():
        table[name] = chosen
    return table


def _choices(
    store: Store, subject: str, space: int, n_targets: int, jobs: list[dict[str, Any]]
) -> dict[str, np.ndarray]:
    """Give what was chosen most often for each target over folds and seeds; of ties the least.

    Folds that test others' rows chose for others' targets.
    """
    table = store.rows()
    truth: Any = store.truth(table)
    mine = table.assign(space=truth.spaces)
    mine = mine[mine["space"] == space]
    if subject:
        mine = mine[mine["subject"].astype(str) == subject]
    own = set(mine["uid"])
    found: dict[str, list[np.ndarray]] = {}
    classes = tuple(store.index()["target"]["classes"])
    for job in jobs:
        chosen = store.choices(job["key"])
        if not chosen or not own & set(store.predictions(job["key"], classes).uid):
            continue
        for name, one in chosen.items():
            if one.shape == (n_targets,):
                found.setdefault(name, []).append(one)
    return {name: _most_frequent(np.stack(several)) for name, several in found.items()}


def _most_frequent(several: np.ndarray) -> np.ndarray:
    """Mode over the first axis."""
    values = np.unique(several)
    counts = np.stack([(several == value).sum(axis=0) for value in values])
    return values[np.argmax(counts, axis=0)]
