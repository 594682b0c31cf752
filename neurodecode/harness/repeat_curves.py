"""How retrieval grows with the repeats of a stimulus whose answers are averaged.

It is computed from stored answers to single trials: nothing is fitted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest
from neurodecode.core.names import find
from neurodecode.harness.score import Group, collect_groups
from neurodecode.harness.scorer import Scorer
from neurodecode.harness.store import Store
from neurodecode.linalg.groups import group_means
from neurodecode.metrics._pictures import distinct, flat
from neurodecode.metrics.metric import Metric

CURVES = "curves.parquet"
N_SUBSETS = 5  # that are drawn of the repeats of each stimulus
_COLUMNS = (
    "model", "metric", "seed", "fold", "subject", "session", "n_repeats", "score", "chance",
    "n_candidates", "n_stimuli",
)  # fmt: skip


def repeat_curves(store: Store, groups: Sequence[Group], scorer: Scorer) -> pd.DataFrame | None:
    """Score the mean of 1, 2, 4, … and all repeats of each stimulus, by every metric of retrieval.

    Parameters
    ----------
    store : Store
    groups : sequence of Group
        As they are scored; read again where rows are answered together.
    scorer : Scorer

    Returns
    -------
    curves : DataFrame or None
        ``model metric seed fold subject session n_repeats score chance n_candidates n_stimuli``;
        `score` is the mean over random subsets of the repeats, and a stimulus of fewer counts with
        all it has. None where answers are no vectors or not to single trials, or no stimulus is
        repeated among the rows that are scored together.
    """
    index = store.index()
    averaged = (index["aggregate"] or {}).get("of") == "inputs"
    judged: list[Metric] = [find(name, "metrics") for name in index["metrics"]]
    judged = [one for one in judged if one.retrieval is not None and not one.view]
    if scorer.galleries is None or averaged or not judged:
        return None
    seeing = {one["name"] for one in index["models"] if one["role"] != "control"}
    alone = groups if index["aggregate"] is None else collect_groups(store, single=True)
    groups = [one for one in alone if one.is_itself and one.model in seeing and not one.axes]
    points = [point for group in groups for point in _curve(group, store.rows(), judged, scorer)]
    return pd.DataFrame(points, columns=list(_COLUMNS)) if points else None


def _curve(
    group: Group, rows: pd.DataFrame, judged: Sequence[Metric], scorer: Scorer
) -> Iterator[tuple[Any, ...]]:
    group = group.read()
    shown = distinct(flat(group.true))[1]
    most = int(np.bincount(shown).max())
    if most < 2:
        return
    doublings = [2**i for i in range(most.bit_length()) if 2**i < most]
    uids = [str(one) for one in rows["uid"].iloc[group.rows]]
    for n_repeats in (*doublings, most):
        rng = np.random.default_rng([int(digest(uids)[:16], 16), n_repeats])
        n_subsets = 1 if n_repeats == most else N_SUBSETS
        drawn = [_of_repeats(group, shown, n_repeats, rng) for _ in range(n_subsets)]
        several = [scorer.scores(judged, one) for one in drawn]
        for metric, found in zip(judged, zip(*several, strict=True), strict=True):
            if any(one.note for one in found):
                continue  # the table says why
            yield (
                group.model, metric.name, group.seed, group.fold, group.subject, group.session,
                n_repeats, float(np.mean([one.value for one in found])), found[0].chance,
                found[0].n_candidates, int(shown.max()) + 1,
            )  # fmt: skip


def _of_repeats(group: Group, shown: np.ndarray, n_repeats: int, rng: np.random.Generator) -> Group:
    """Give a row a stimulus, whose answer is the mean of so many of its rows, drawn at random."""
    order = np.lexsort((rng.random(len(shown)), shown))
    sizes = np.bincount(shown)
    begins = np.cumsum(sizes) - sizes
    taken = order[np.arange(len(shown)) - begins[shown[order]] < n_repeats]
    mean = group_means(group.pred[taken], shown[taken])
    return replace(group.take(order[begins]), pred=mean)
