"""Comparisons under weights of conditions: what resampled conditions would give.

A condition that is drawn w_i times makes w_i w_j copies of each of its pairs with another, and
pairs with itself, whose distance is zero by construction: they are left out. So the comparison of
resampled matrices is a weighted one, and those of all draws are products of one matrix of weights.
"""

import numpy as np

from neurodecode.linalg.kendall import kendall
from neurodecode.linalg.rdm_compare import WHITENED, Method, found_pairs
from neurodecode.linalg.rdm_pairs import n_conditions_of, pair_indices, squares

_ROUNDING = 1e-12  # of the sum of squares
_AT_ONCE = 2**22  # weights that are held at once: 32 MB


def blocks(counts: np.ndarray) -> list[slice]:
    """Divide draws so that the weights of pairs of each part are held at once."""
    n = counts.shape[1]
    step = max(1, _AT_ONCE // (n * (n - 1) // 2))
    return [slice(start, start + step) for start in range(0, len(counts), step)]


def pair_weights(counts: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Give how often each pair is there.

    Parameters
    ----------
    counts : ndarray, shape (n_draws, n_conditions)
    kept : ndarray of bool, shape (n_pairs,)

    Returns
    -------
    weights : ndarray of float64, shape (n_draws, n_kept)
    """
    first, second = (each[kept] for each in pair_indices(counts.shape[1]))
    counts = counts.astype(np.float64)
    return counts[:, first] * counts[:, second]


def products(V: np.ndarray, counts: np.ndarray, method: Method, n_models: int) -> np.ndarray:
    """Compare models and subjects with subjects, draw by draw.

    Parameters
    ----------
    V : ndarray, shape (n, n_pairs)
        Models, then subjects.
    counts : ndarray, shape (n_draws, n_conditions)
    method : str
        Without Kendall's.
    n_models : int

    Returns
    -------
    similarity : ndarray, shape (n_draws, n, n)
        Of models with models the diagonal alone.
    """
    found = np.empty((len(counts), len(V), len(V)))
    kept = found_pairs(V)
    for block in blocks(counts):
        drawn = counts[block]
        weights = pair_weights(drawn, kept)
        if method in ("spearman", "rho-a"):
            K = _of_ranks(V[:, kept], weights)
        else:
            K = _of_values(V, kept, weights, drawn, method, n_models)
        total = weights.sum(1)
        with np.errstate(invalid="ignore", divide="ignore"):
            if method == "rho-a":
                found[block] = K * (12 / (total**3 - total))[:, None, None]
            else:
                length = np.sqrt(np.einsum("bii->bi", K))
                found[block] = K / (length[:, :, None] * length[:, None, :])
    return found


def weighted_ranks(X: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rank entries that are there several times, ties at their mean.

    Parameters
    ----------
    X : ndarray, shape (n, n_pairs)
    weights : ndarray, shape (n_draws, n_pairs)
        Whole numbers. Entries of none have a rank that means nothing.

    Returns
    -------
    ranks : ndarray, shape (n_draws, n, n_pairs)
        Less their mean.
    """
    order = np.argsort(X, axis=1)
    ordered = np.take_along_axis(X, order, 1)
    new = np.ones(X.shape, bool)  # where a value is not that before
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    w = weights[:, order]  # (n_draws, n, n_pairs)
    upto = np.cumsum(w, axis=-1)
    if new.all():
        middle = upto - (w - 1) / 2
    else:  # counts only grow, so that the last start of a group is the largest
        last = np.roll(new, -1, axis=1)
        before = np.maximum.accumulate(np.where(new, upto - w, -1), axis=-1)
        to_end = np.where(last, upto, np.inf)[..., ::-1]
        middle = (before + np.minimum.accumulate(to_end, axis=-1)[..., ::-1] + 1) / 2
    ranks = np.empty_like(middle)
    np.put_along_axis(ranks, np.broadcast_to(order, middle.shape), middle, -1)
    return ranks - (weights.sum(1)[:, None, None] + 1) / 2


def ranked_ceilings(
    rdms: np.ndarray,
    others: np.ndarray,
    subject_counts: np.ndarray,
    counts: np.ndarray,
    kept: np.ndarray,
    method: Method,
) -> np.ndarray:
    """Score each subject with mean ranks of others, and of all, draw by draw.

    Parameters
    ----------
    rdms : ndarray, shape (n_subjects, n_kept)
    others : ndarray, shape (n_subjects, n_subjects)
    subject_counts : ndarray, shape (n_draws or 1, n_subjects)
    counts : ndarray, shape (n_draws or 1, n_conditions)
    kept : ndarray of bool, shape (n_pairs,)
    method : {"spearman", "rho-a", "tau-a", "tau-b"}

    Returns
    -------
    bounds : ndarray, shape (2, n_draws, n_subjects)
        Lower and upper. Pools are ranked again, so each draw is looked at: their order is its own.
    """
    n_draws = max(len(subject_counts), len(counts))
    bounds = np.empty((2, n_draws, len(rdms)))
    step = max(1, _AT_ONCE // rdms.size)
    weights = ranks = w = seen = np.empty(0)
    for draw in range(n_draws):
        if draw < len(counts):
            if draw % step == 0:
                weights = pair_weights(counts[draw : draw + step], kept)
                ranks = weighted_ranks(rdms, weights)
            w, seen = weights[draw % step], ranks[draw % step]
        by_subject = subject_counts[draw % len(subject_counts)]
        pools = np.concatenate([others * by_subject, by_subject[None]]) @ seen
        if method in ("tau-a", "tau-b"):
            for i, own in enumerate(rdms[:, None]):
                bounds[:, draw, i] = kendall_of_draw(pools[[i, -1]], own, w, method)[:, 0]
            continue
        of_pools = weighted_ranks(pools, w[None])[0]
        weighed = w * seen
        bounds[0, draw] = np.vecdot(of_pools[:-1], weighed)
        bounds[1, draw] = weighed @ of_pools[-1]
        if method == "rho-a":
            total = w.sum()
            bounds[:, draw] *= 12 / (total**3 - total) if total > 1 else np.nan
            continue
        length = np.sqrt(np.vecdot(of_pools, w * of_pools))
        own = np.sqrt(np.vecdot(seen, weighed))
        with np.errstate(invalid="ignore", divide="ignore"):
            bounds[:, draw] /= np.stack([length[:-1] * own, length[-1] * own])
    return bounds


def kendall_of_draw(
    one: np.ndarray, other: np.ndarray, weights: np.ndarray, method: Method
) -> np.ndarray:
    """Correlate by Kendall's tau what one draw of conditions has.

    Parameters
    ----------
    one, other : ndarray, shape (n_one, n_pairs) and (n_other, n_pairs)
    weights : ndarray, shape (n_pairs,)
    method : {"tau-a", "tau-b"}

    Returns
    -------
    tau : ndarray, shape (n_one, n_other)
    """
    copies = np.repeat(np.arange(len(weights)), weights.astype(np.int64))
    return kendall(one[:, copies], other[:, copies], "a" if method == "tau-a" else "b")


def _of_ranks(V: np.ndarray, weights: np.ndarray) -> np.ndarray:
    K = np.empty((len(weights), len(V), len(V)))
    step = max(1, _AT_ONCE // V.size)
    for start in range(0, len(weights), step):
        w = weights[start : start + step]
        ranks = weighted_ranks(V, w)
        K[start : start + step] = (ranks * w[:, None]) @ ranks.mT
    return K


def _of_values(
    V: np.ndarray,
    kept: np.ndarray,
    weights: np.ndarray,
    counts: np.ndarray,
    method: Method,
    n_models: int,
) -> np.ndarray:
    """Give weighted moments of values, of one product of weights with products of vectors."""
    inside = V[:, kept]
    if method in ("corr", "corr_cov"):  # weighted means are taken off below; these save digits
        inside = inside - inside.mean(1, keepdims=True)
    one, other = _wanted(len(V), n_models)
    K = np.zeros((len(weights), len(V), len(V)))
    step = max(1, _AT_ONCE // inside.shape[1])
    for start in range(0, len(one), step):
        some = slice(start, start + step)
        K[:, one[some], other[some]] = weights @ (inside[one[some]] * inside[other[some]]).T
    means = np.zeros((len(weights), len(V)))
    raw = np.einsum("bii->bi", K).copy()
    if method in ("corr", "corr_cov"):
        total = weights.sum(1)
        with np.errstate(invalid="ignore"):
            means = weights @ inside.T / total[:, None]
        K[:, one, other] -= total[:, None] * means[:, one] * means[:, other]
    if method in WHITENED:
        K[:, one, other] -= _free(inside, kept, counts, means, one, other)
    K[:, other, one] = K[:, one, other]
    own = np.einsum("bii->bi", K)
    # What centring leaves of a model that is constant in a draw is rounding.
    own[own <= _ROUNDING * raw] = np.nan
    return K


def _wanted(n: int, n_models: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the pairs of vectors to compare: all but models with other models."""
    one, other = np.triu_indices(n)
    wanted = (other >= n_models) | (one == other)
    return one[wanted], other[wanted]


def _free(
    inside: np.ndarray,
    kept: np.ndarray,
    counts: np.ndarray,
    means: np.ndarray,
    one: np.ndarray,
    other: np.ndarray,
) -> np.ndarray:
    """Give what terms f_i + f_j, which distances leave free, take off the products.

    As in `neurodecode.linalg.rdm_compare`, of copies of conditions: equal ones have equal terms,
    and pairs among them are not there. By the normal equations, products of the second moments of
    least norm are those of distances less ``sum_i w_i f_i r_i``, r_i = sum_j w_j d_ij.
    """
    n = n_conditions_of(len(kept))
    there = squares(kept.astype(np.float64))
    D = np.zeros((len(inside), len(kept)))
    D[:, kept] = inside
    w = counts.astype(np.float64)
    n_found = w @ there  # (n_draws, n_conditions)
    r = np.moveaxis(np.tensordot(w, squares(D), (1, 1)), 2, 1) - n_found[..., None] * means[:, None]
    least = there * w[:, None, :]
    least[:, np.arange(n), np.arange(n)] = n_found + 2
    f = np.linalg.solve(least, r)  # (n_draws, n_conditions, n_vectors)
    return ((w[..., None] * f).mT @ r)[:, one, other]
