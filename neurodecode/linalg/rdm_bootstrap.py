"""Bootstrap of model scores and noise ceilings over subjects, conditions or both.

References
----------
Schütt et al. 2023, doi 10.7554/eLife.82566; Nili et al. 2014, doi 10.1371/journal.pcbi.1003553.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._namespace import as_floats
from neurodecode.linalg._rdm_weighted import (
    kendall_of_draw,
    pair_weights,
    products,
    weighted_ranks,
)
from neurodecode.linalg.rdm_ceilings import ceilings_of_products
from neurodecode.linalg.rdm_compare import Method, aligned, check_method
from neurodecode.linalg.rdm_pairs import n_conditions_of

Factor = Literal["subjects", "conditions"]
_FEWEST = 3  # conditions of a draw that are not the same; fewer have no comparison


@dataclass(frozen=True, eq=False)
class Draws:
    """Scores of resampled data.

    Parameters
    ----------
    scores : ndarray, shape (n_draws, n_models)
        Means over subjects; NaN where a draw has fewer than three conditions.
    lower, upper : ndarray, shape (n_draws,)
        Noise ceilings of the same data; NaN where they are of one subject.
    repeats : ndarray, shape (n_draws, n_repeats, n_models + 2), optional
        Scores and ceilings of each assignment to folds, of models that are fitted.
    """

    scores: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    repeats: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Scores as they are and resampled.

    Parameters
    ----------
    observed : Draws
        Of one: the data as they are.
    both, subjects, conditions : Draws or None
        Resampled over both, and over each alone by the same draws; None of what is not resampled.
    n_subjects, n_conditions : int
        How many can be drawn.
    """

    observed: Draws
    both: Draws | None
    subjects: Draws | None
    conditions: Draws | None
    n_subjects: int
    n_conditions: int


def bootstrap(
    models: np.ndarray,
    rdms: np.ndarray,
    method: Method = "corr",
    *,
    over: tuple[Factor, ...] = ("subjects", "conditions"),
    n_draws: int = 1000,
    subjects: np.ndarray | None = None,
    conditions: np.ndarray | None = None,
    seed: int | np.random.Generator = 0,
) -> Bootstrap:
    """Score models on resampled subjects and conditions.

    Parameters
    ----------
    models : ndarray, shape (n_models, n_pairs)
        Fixed ones; for others there is `neurodecode.linalg.rdm_bootstrap_fitted`.
    rdms : ndarray, shape (n_subjects, n_pairs)
        NaN at the same pairs of all and of models.
    method : str
        As for `neurodecode.linalg.rdm_compare.compare`, without warnings of ties. Kendall's are
        counted draw by draw: some 0.2 ms each at 48 conditions.
    over : tuple of {"subjects", "conditions"}
        What is resampled: what a claim is to hold for others of.
    n_draws : int
    subjects, conditions : ndarray, shape (n_subjects,) and (n_conditions,), optional
        Labels of what is drawn together: sessions of a subject, pictures of a category.
    seed : int or Generator

    Returns
    -------
    bootstrap : Bootstrap
        `neurodecode.linalg.rdm_inference` makes variances and tests of it.

    Raises
    ------
    DataError
        If nothing is resampled, or of one subject or fewer than three conditions.

    Notes
    -----
    Pairs of a condition with its own copy are left out, as their distance is zero whatever the
    brain does. A subject's ceiling is of pools of other subjects, not of its own copies; subjects
    count as often as they are drawn, in pools and in means.
    """
    check_method(method)
    models, rdms, kept = aligned(models, rdms)
    n = n_conditions_of(len(kept))
    who = _numbered(subjects, len(rdms), "subjects")
    what = _numbered(conditions, n, "conditions")
    n_who, n_what = who.max() + 1, what.max() + 1
    check_over(over, n_who, n_what)
    rng = np.random.default_rng(seed)
    by_subject = _drawn(rng, n_draws, n_who)[:, who]
    by_condition = _drawn(rng, n_draws, n_what)[:, what]
    one_subject, one_condition = np.ones((1, len(rdms))), np.ones((1, n))
    given = (as_floats(models), as_floats(rdms), who, method)
    observed = resampled(*given, one_subject, one_condition)
    found: dict[str, Draws | None] = {"both": None, "subjects": None, "conditions": None}
    if "conditions" in over:
        found["conditions"] = resampled(*given, one_subject, by_condition)
    if "subjects" in over:
        found["subjects"] = resampled(*given, by_subject, one_condition)
    if len(over) > 1:
        found["both"] = resampled(*given, by_subject, by_condition)
    return Bootstrap(observed, **found, n_subjects=int(n_who), n_conditions=int(n_what))


def check_over(over: tuple[Factor, ...], n_subjects: int, n_conditions: int) -> None:
    """Hold what is resampled to what there is enough of.

    Raises
    ------
    DataError
        If nothing is resampled, or of one subject or fewer than three conditions.
    """
    if not over or set(over) - {"subjects", "conditions"}:
        raise DataError(f"over is {over!r}. Resample 'subjects', 'conditions' or both.")
    for factor, most, least in (("subjects", n_subjects, 2), ("conditions", n_conditions, _FEWEST)):
        if factor in over and most < least:
            raise DataError(f"{most} {factor} are resampled, and {least} are the fewest.")


def resampled(
    models: np.ndarray,
    rdms: np.ndarray,
    who: np.ndarray,
    method: Method,
    subject_counts: np.ndarray,
    condition_counts: np.ndarray,
) -> Draws:
    """Score models on data in which subjects and conditions are there so often.

    Parameters
    ----------
    models : ndarray, shape (n_models, n_pairs)
    rdms : ndarray, shape (n_subjects, n_pairs)
    who : ndarray of int, shape (n_subjects,)
        Whose each matrix is.
    method : str
    subject_counts : ndarray, shape (n_draws or 1, n_subjects)
    condition_counts : ndarray, shape (n_draws or 1, n_conditions)

    Returns
    -------
    draws : Draws
    """
    V = np.concatenate([models, rdms]).astype(np.float64)
    n_models = len(models)
    others = (who[:, None] != who).astype(np.float64)
    share = subject_counts / subject_counts.sum(1, keepdims=True)
    if method in ("spearman", "rho-a", "tau-a", "tau-b"):
        parts = _of_ranks(V, n_models, method, others, subject_counts, condition_counts)
    else:
        K = products(V, condition_counts, method, n_models)
        with np.errstate(invalid="ignore", divide="ignore"):
            bounds = ceilings_of_products(K[:, n_models:, n_models:], others, subject_counts)
        parts = K[:, :n_models, n_models:], *bounds
    with np.errstate(invalid="ignore"):
        scores, lower, upper = (_mean(part, share) for part in parts)
    if not others.any():
        lower = np.full_like(lower, np.nan)
        upper = lower.copy()
    few = np.count_nonzero(condition_counts, axis=1) < _FEWEST
    for each in (scores, lower, upper):
        each[np.broadcast_to(few, len(each))] = np.nan
    return Draws(scores, lower, upper)


def _of_ranks(
    V: np.ndarray,
    n_models: int,
    method: Method,
    others: np.ndarray,
    subject_counts: np.ndarray,
    condition_counts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give scores and ceilings of ranks; pools are ranked again, so each draw is looked at."""
    kept = ~np.isnan(V[0])
    V = V[:, kept]
    models, rdms = V[:n_models], V[n_models:]
    n_draws = max(len(subject_counts), len(condition_counts))
    every = [np.broadcast_to(c, (n_draws, c.shape[1])) for c in (subject_counts, condition_counts)]
    scores = np.full((len(condition_counts), n_models, len(rdms)), np.nan)
    lower, upper = np.full((2, n_draws, len(rdms)), np.nan)
    ranks, weights = np.empty(0), np.empty(0)
    for draw, (by_subject, by_condition) in enumerate(zip(*every, strict=True)):
        if draw < len(condition_counts):
            weights = pair_weights(by_condition[None], kept)
            if np.count_nonzero(by_condition) < _FEWEST:
                continue
            ranks = weighted_ranks(rdms, weights)[0]
            scores[draw] = _ranked(models, rdms, weights, method)
        if not np.count_nonzero(by_condition) < _FEWEST:
            pools = np.concatenate([others * by_subject, by_subject[None]]) @ ranks
            found = _ranked(pools, rdms, weights, method)
            lower[draw], upper[draw] = np.diag(found), found[-1]
    lower[:, ~others.any(1)] = np.nan
    return scores, lower, upper


def _ranked(one: np.ndarray, other: np.ndarray, weights: np.ndarray, method: Method) -> np.ndarray:
    if method in ("tau-a", "tau-b"):
        return kendall_of_draw(one, other, weights[0], method)
    left, right = (weighted_ranks(rows, weights)[0] for rows in (one, other))
    left, right = left * np.sqrt(weights), right * np.sqrt(weights)
    if method == "rho-a":
        total = weights.sum()
        return left @ right.T * (12 / (total**3 - total))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (left @ right.T) / np.sqrt(np.outer(np.vecdot(left, left), np.vecdot(right, right)))


def _mean(parts: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Average over subjects as often as they are drawn; of those who are not, NaN says nothing."""
    weights = share if parts.ndim == 2 else share[:, None, :]
    counted = np.where(weights > 0, parts, 0)
    return np.sum(counted * weights, axis=-1)


def _drawn(rng: np.random.Generator, n_draws: int, n: int) -> np.ndarray:
    return rng.multinomial(n, np.full(n, 1 / n), size=n_draws).astype(np.float64)


def _numbered(labels: np.ndarray | None, n: int, what: str) -> np.ndarray:
    if labels is None:
        return np.arange(n)
    if np.shape(labels) != (n,):
        raise DataError(f"There are {n} {what} and labels of the shape {np.shape(labels)}.")
    return np.unique(np.asarray(labels), return_inverse=True)[1]
