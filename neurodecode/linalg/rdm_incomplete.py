"""Dissimilarities of subjects who have different sets of conditions.

A matrix is of the union of conditions, NaN at pairs that a subject lacks. Each subject is compared
with models on the conditions that it has; pools bring what overlaps to one scale.

References
----------
Schütt et al. 2023, doi 10.7554/eLife.82566 (pools of partial matrices, brought to one scale in
turns).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from neurodecode.linalg.rdm_bootstrap import Bootstrap, Draws, Factor, check_over, scores_of_draws
from neurodecode.linalg.rdm_ceilings import Ceilings
from neurodecode.linalg.rdm_compare import RANKED, Method, compare
from neurodecode.linalg.rdm_pairs import pairs_among, squares

FEWEST = 4  # conditions that a subject has, or shares with a pool: six pairs
_MOST_TURNS = 200  # of scaling: a few where subjects share much
_CLOSE = 1e-10
_DIGITS = 9  # of a pool of ranks: what is less apart is tied but for rounding
_AT_ONCE = 2**22  # numbers of permuted models that are held at once


@dataclass(frozen=True, eq=False)
class Part:
    """Subjects who have the same conditions.

    Parameters
    ----------
    rows : ndarray of int, shape (n_rows,)
        Which subjects.
    conditions : ndarray of int, shape (n_own,)
        Which of all conditions they have, in order.
    rdms : ndarray, shape (n_rows, n_own_pairs)
    models : ndarray, shape (n_models, n_own_pairs)
        NaN where `rdms` are.
    """

    rows: np.ndarray
    conditions: np.ndarray
    rdms: np.ndarray
    models: np.ndarray


def own_conditions(rdms: np.ndarray) -> np.ndarray:
    """Tell which conditions have a dissimilarity, shape (n_subjects, n_conditions)."""
    return np.any(squares(np.isfinite(rdms)), axis=-1).reshape(len(rdms), -1)


def pool_incomplete(rdms: np.ndarray, method: Method) -> np.ndarray:
    """Give the one matrix that says best what subjects of different pairs say.

    Parameters
    ----------
    rdms : ndarray, shape (n_subjects, n_pairs)
        NaN where a subject has none.
    method : str
        Ranks are those among a subject's own pairs. Of ``cosine`` and ``cosine_cov`` subjects
        differ by a factor, else by a factor and a constant.

    Returns
    -------
    pooled : ndarray, shape (n_pairs,)
        NaN where nobody has a pair. Where all have all, that of `pool` but for its scale and
        level, which no comparison sees (of whitened ones, but for their lengths too).

    Notes
    -----
    A subject whose pairs are all large ones says nothing of how large: its mean and deviation are
    set to those that the pool has at its pairs, and the pool is averaged again, until it stands.
    """
    known = np.isfinite(rdms)
    values = np.where(known, rdms, 0.0).astype(np.float64)
    if method in RANKED:
        for one, has in zip(values, known, strict=True):
            one[has] = rankdata(one[has])
    counted = known.sum(axis=0)
    centred = method not in ("cosine", "cosine_cov")
    unit, n = np.zeros_like(values), np.maximum(known.sum(axis=1), 1)[:, None]
    level = (values.sum(axis=1, keepdims=True) / n) if centred else 0.0
    unit = np.where(known, values - level, 0.0)
    length = np.sqrt(np.sum(unit**2, axis=1, keepdims=True) / n)
    unit /= np.where(length > 0, length, 1.0)
    pooled = unit.sum(axis=0) / np.maximum(counted, 1)
    for _ in range(_MOST_TURNS if not known.all() else 0):
        there = np.where(known, pooled, 0.0)
        mean = (there.sum(axis=1, keepdims=True) / n) if centred else 0.0
        spread = np.sqrt(np.sum(np.where(known, there - mean, 0) ** 2, axis=1, keepdims=True) / n)
        said = np.where(known, unit * spread + mean, 0.0).sum(axis=0) / np.maximum(counted, 1)
        said -= said[counted > 0].mean() if centred else 0.0
        size = np.sqrt(np.mean(said[counted > 0] ** 2))
        if size == 0:
            break
        said = np.where(counted > 0, said / size, 0.0)
        moved = np.abs(said - pooled).max()
        pooled = said
        if moved < _CLOSE:
            break
    if method in RANKED:
        pooled = np.round(pooled, _DIGITS)
    return np.where(counted > 0, pooled, np.nan)


def ceilings_incomplete(rdms: np.ndarray, method: Method) -> Ceilings:
    """Bound what a model can score, on the pairs that others have too.

    Parameters
    ----------
    rdms : ndarray, shape (n_subjects, n_pairs)
        NaN where a subject has none.
    method : str

    Returns
    -------
    ceilings : Ceilings
        NaN of a subject who shares fewer than four conditions with the others; `lower` and `upper`
        are means over those who share more, NaN where nobody does.
    """
    each = np.full((2, len(rdms)), np.nan)
    whole = pool_incomplete(rdms, method)
    for i, own in enumerate(rdms):
        others = pool_incomplete(np.delete(rdms, i, axis=0), method)
        shared = np.isfinite(own) & np.isfinite(others)
        if own_conditions(np.where(shared, 1.0, np.nan)[None]).sum() < FEWEST:
            continue
        pools = np.where(shared, np.stack([others, whole]), np.nan)
        each[:, i] = compare(pools, np.where(shared, own, np.nan)[None], method, warn=False)[:, 0]
    known = np.isfinite(each).all(axis=0)
    lower, upper = each[:, known].mean(axis=1) if known.any() else (np.nan, np.nan)
    return Ceilings(float(lower), float(upper), each[0], each[1])


def permuted_scores(parts: Sequence[Part], orders: np.ndarray, method: Method) -> np.ndarray:
    """Score models whose conditions are dealt anew among those that each subject has.

    Parameters
    ----------
    parts : sequence of Part
    orders : ndarray of int, shape (n_draws, n_conditions)
        Of `neurodecode.linalg.rdm_permutation.deals`, of all conditions.
    method : str

    Returns
    -------
    scores : ndarray, shape (n_draws, n_models)
        Means over subjects.

    Notes
    -----
    A deal leads from each condition to another; a subject who lacks this one goes on from it to
    the next, until there is one that it has. So each subject's deal is of its own conditions, all
    equally likely, and what two subjects share is dealt alike as far as it can be.
    """
    n_models = len(parts[0].models)
    total = np.zeros((len(orders), n_models))
    for part in parts:
        mine = _among(orders, part.conditions)
        size = max(1, n_models * part.rdms.shape[1])
        step = max(1, _AT_ONCE // size)
        lacking = np.isnan(part.rdms[0])
        for start in range(0, len(orders), step):
            some = mine[start : start + step]
            places = np.stack([pairs_among(one, len(part.conditions)) for one in some])
            dealt = np.where(lacking, np.nan, part.models[:, places])
            scores = compare(dealt.reshape(-1, len(lacking)), part.rdms, method, warn=False)
            total[start : start + step] += scores.sum(axis=1).reshape(n_models, -1).T
    return total / sum(len(part.rows) for part in parts)


def bootstrap_incomplete(
    parts: Sequence[Part],
    n_conditions: int,
    method: Method,
    *,
    over: tuple[Factor, ...] = ("subjects", "conditions"),
    n_draws: int = 1000,
    seed: int = 0,
) -> Bootstrap:
    """Score models on resampled subjects and conditions, of which each subject has its own.

    Parameters
    ----------
    parts : sequence of Part
    n_conditions : int
        Of all subjects together, which are drawn.
    method, over, n_draws, seed
        As for `neurodecode.linalg.rdm_bootstrap.bootstrap`.

    Returns
    -------
    bootstrap : Bootstrap
        Without ceilings: NaN. A subject who has fewer than three conditions of a draw says nothing
        in it. Its `n_conditions` is that of the subject who has fewest.

    Raises
    ------
    DataError
        As for `bootstrap`.
    """
    n_subjects = sum(len(part.rows) for part in parts)
    fewest = min(len(part.conditions) for part in parts)
    check_over(over, n_subjects, fewest)
    rng = np.random.default_rng(seed)
    drawn = {
        name: rng.multinomial(n, np.full(n, 1 / n), size=n_draws).astype(np.float64)
        for name, n in (("subjects", n_subjects), ("conditions", n_conditions))
    }
    one_subject, one_condition = np.ones((1, n_subjects)), np.ones((1, n_conditions))

    def each(counts: np.ndarray) -> np.ndarray:
        found = np.empty((len(counts), len(parts[0].models), n_subjects))
        for part in parts:
            own = counts[:, part.conditions]
            found[:, :, part.rows] = scores_of_draws(part.models, part.rdms, method, own)
        return found

    def mean(scores: np.ndarray, counts: np.ndarray) -> Draws:
        weights = counts[:, None] * np.isfinite(scores)
        total = weights.sum(axis=-1)
        summed = np.sum(np.where(weights > 0, scores, 0) * weights, axis=-1)
        found = np.where(total > 0, summed / np.where(total > 0, total, 1), np.nan)
        none = np.full(len(found), np.nan)
        return Draws(found, none, none)

    as_they_are = each(one_condition)
    by_condition = each(drawn["conditions"]) if "conditions" in over else as_they_are
    return Bootstrap(
        mean(as_they_are, one_subject),
        mean(by_condition, drawn["subjects"]) if len(over) > 1 else None,
        mean(as_they_are, drawn["subjects"]) if "subjects" in over else None,
        mean(by_condition, one_subject) if "conditions" in over else None,
        n_subjects,
        fewest,
    )


def _among(orders: np.ndarray, conditions: np.ndarray) -> np.ndarray:
    """Follow deals from each of some conditions to the next of them, by their places."""
    place = np.full(orders.shape[1], -1)
    place[conditions] = np.arange(len(conditions))
    to = orders[:, conditions]
    while (outside := place[to] < 0).any():
        to = np.where(outside, np.take_along_axis(orders, to, axis=1), to)
    return place[to]
