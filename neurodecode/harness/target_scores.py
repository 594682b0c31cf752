"""Scores of each target, from stored predictions: what a table's score is the mean of."""

from collections.abc import Iterable

import numpy as np

from neurodecode.core.truth import BrainTruth, Truth
from neurodecode.harness.noise_ceilings import Whose
from neurodecode.harness.score import Group
from neurodecode.metrics.metric import Metric

_BYTES = 2**26  # of the truth of a block of targets, of which some six copies are made


def target_scores(metric: Metric, groups: Iterable[Group], truth: Truth) -> dict[Whose, np.ndarray]:
    """Score each target: the mean over folds and seeds, then sessions, as the table's.

    Parameters
    ----------
    metric : Metric
        With `of_targets`.
    groups : iterable of Group
        Of one model itself.
    truth : Truth
        Of all rows: says whose space a group is of.

    Returns
    -------
    scores : dict
        By subject (empty where people are scored together) and number of the space: an array of
        shape (n_targets,), NaN of a target without a score.
    """
    each = (
        (group, _of_targets(metric, cell))
        for group in groups
        for _, _, cell in group.cells(all_cells=False)
    )
    return target_means(each, truth)


def target_means(each: Iterable[tuple[Group, np.ndarray]], truth: Truth) -> dict[Whose, np.ndarray]:
    """Take means over folds and seeds, then sessions, of what is computed of groups.

    Parameters
    ----------
    each : iterable of tuple of Group and ndarray, shape (…, n_targets)
        NaN is left out of means.
    truth : Truth
        Of all rows.

    Returns
    -------
    found : dict
        Arrays of that shape, by subject and number of the space, as `target_scores`.
    """
    found: dict[Whose, dict[str, list[np.ndarray]]] = {}
    spaces = truth.spaces if isinstance(truth, BrainTruth) else None
    for group, one in each:
        space = 0 if spaces is None else int(spaces[group.rows[0]])
        found.setdefault((group.subject, space), {}).setdefault(group.session, []).append(one)
    return {
        whose: _mean([_mean(several) for several in sessions.values()])
        for whose, sessions in found.items()
    }


def _of_targets(metric: Metric, group: Group) -> np.ndarray:
    assert metric.of_targets is not None  # asked of such metrics alone
    true = np.asarray(group.true).reshape(len(group.rows), -1)
    pred = np.asarray(group.pred).reshape(true.shape)
    n_targets = true.shape[1]
    size = max(1, _BYTES // (8 * len(true)))
    if len(true) < 2:
        return np.full(n_targets, np.nan)
    several = [
        metric.of_targets(true[:, start : start + size], pred[:, start : start + size])
        for start in range(0, n_targets, size)
    ]
    return np.concatenate(several)


def _mean(several: list[np.ndarray]) -> np.ndarray:
    """Mean of those that are there, target by target; NaN where none is."""
    values = np.stack(several)
    known = np.isfinite(values)
    n_known = known.sum(axis=0)
    sums = np.where(known, values, 0.0).sum(axis=0)
    return np.divide(sums, n_known, out=np.full(sums.shape, np.nan), where=n_known > 0)
