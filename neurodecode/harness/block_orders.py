"""p of encoders of series, by the measured series in blocks of another order: nothing is fitted."""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError
from neurodecode.core.names import find
from neurodecode.core.series import (
    ALIKE_ROWS,
    ALIKE_SECONDS,
    is_series,
    step_of,
    stretches,
)
from neurodecode.core.truth import BrainTruth
from neurodecode.harness.noise_ceilings import Whose
from neurodecode.harness.score import Group
from neurodecode.harness.store import Store
from neurodecode.linalg.block_permutation import BlockPermutation, block_permutation
from neurodecode.linalg.permutation import permutation_p
from neurodecode.metrics.regression import r_of_targets


class BlockOrders:
    """p of the models of a study whose brains follow in time, where they are scored by `r`.

    Every model sees the same orders. Orders spread wider where who is tested trains the others'
    models: of six runs that are left out one by one, 10 % of unrelated targets would else have a p
    below .05.

    Parameters
    ----------
    store : Store
    groups : sequence of Group
    """

    def __init__(self, store: Store, groups: Sequence[Group]):
        self._store = store
        self._groups: dict[str, list[Group]] = {}
        for group in groups:
            if group.is_itself:
                self._groups.setdefault(group.model, []).append(group)
        self._memo: dict[str, float | None] = {}

    def p(self, model: str, metric: str) -> float | None:
        """Give the one-sided p of a model's mean over targets, then people; None without one."""
        if not by_orders(metric):
            return None
        if model not in self._memo:
            found = orders_of(self._store, self._groups.get(model, ()))
            self._memo[model] = None
            if found:
                score = np.mean([np.nanmean(one.score) for one in found.values()])
                drawn = np.mean([one.mean for one in found.values()], axis=0)
                self._memo[model] = permutation_p(float(score), drawn)
        return self._memo[model]


def by_orders(metric: str) -> bool:
    """Whether a metric is the correlation of targets, which orders of blocks are scored by."""
    found = find(metric, "metrics")
    return found.of_targets is r_of_targets and not found.view


def in_time(rows: pd.DataFrame, index: Mapping[str, Any]) -> bool:
    """Whether a study tells brains whose rows follow each other in time, one row a sample."""
    if index["target"]["kind"] != "brain" or index["aggregate"] or index["schedule"]:
        return False
    return is_series(*(rows[one].to_numpy() for one in ("recording", "start", "stop")))


def orders_of(store: Store, groups: Iterable[Group]) -> dict[Whose, BlockPermutation]:
    """Test each target of a model.

    Parameters
    ----------
    store : Store
    groups : iterable of Group
        Of one model itself.

    Returns
    -------
    found : dict
        By subject and number of the space, as `target_scores` has them; empty where rows are no
        series, there are several seeds, or no run is as long as two blocks.
    """
    groups, index, rows = list(groups), store.index(), store.rows()
    seeds = {group.seed for group in groups}
    if not index["n_pairings"] or len(seeds) != 1 or not in_time(rows, index):
        return {}
    if any(group.axes for group in groups):
        return {}
    truth = store.truth(rows)
    spaces = truth.spaces if isinstance(truth, BrainTruth) else None
    of_whom: dict[Whose, list[Group]] = {}
    for group in groups:
        space = 0 if spaces is None else int(spaces[group.rows[0]])
        of_whom.setdefault((group.subject, space), []).append(group)
    recording, start = rows["recording"].to_numpy(), rows["start"].to_numpy()
    step = step_of(recording, start)
    found = {}
    for whose, several in of_whom.items():
        true, pred, tested, folds = [], [], [], []
        for number, group in enumerate(several):
            order = np.argsort(group.rows)
            read = group.read()
            flat = (len(order), -1)
            true.append(np.asarray(read.true).reshape(flat)[order])
            pred.append(np.asarray(read.pred).reshape(flat)[order].astype(true[-1].dtype))
            tested.append(group.rows[order])
            folds.append(np.full(len(order), number))
        at, fold = np.concatenate(tested), np.concatenate(folds)
        runs = stretches(recording[at], start[at], step)
        try:
            found[whose] = block_permutation(
                np.concatenate(true),
                np.concatenate(pred),
                np.unique(np.stack([fold, runs]), axis=1, return_inverse=True)[1].ravel(),
                folds=fold,
                block=max(ALIKE_ROWS, ceil(ALIKE_SECONDS / step)),
                n_draws=index["n_pairings"],
                inflation=index["inflation"]["row"],
            )
        except DataError:
            return {}  # stretches are too short to be cut, or a value is not finite
    return found
