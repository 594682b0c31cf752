"""Bootstrap of model scores and noise ceilings over subjects, conditions or both.

References
----------
Schütt et al. 2023, doi 10.7554/eLife.82566; Nili et al. 2014, doi 10.1371/journal.pcbi.1003553.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._namespace import as_floats
from neurodecode.linalg._rdm_weighted import (
    kendall_of_draw,
    pair_weights,
    products,
    ranked_ceilings,
)
from neurodecode.linalg.rdm_ceilings import ceilings_of_products
from neurodecode.linalg.rdm_compare import RANKED, Method, aligned, check_method
from neurodecode.linalg.rdm_pairs import n_conditions_of

Factor = Literal["subjects", "conditions"]
_FEWEST = 3  # conditions of a draw that are not the same; fewer have no comparison


@dataclass(frozen=True, eq=False)
class Draws:
    """Scores of resampled data.

    Parameters
    ----------
    scores : ndarray, shape (n_draws, n_models)
        Means over subjects; NaN where a draw has fewer than three conditions, or a model is the
        same for all of those that it has.
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
    (observed,) = resampled(*given, [one_subject], one_condition)
    of_subjects = of_conditions = of_both = None
    if "subjects" in over:
        (of_subjects,) = resampled(*given, [by_subject], one_condition)
    if "conditions" in over:
        ways = [one_subject, by_subject] if len(over) > 1 else [one_subject]
        of_conditions, *more = resampled(*given, ways, by_condition)
        of_both = more[0] if more else None
    return Bootstrap(
        observed,
        of_both,
        of_subjects,
        of_conditions,
        n_subjects=int(n_who),
        n_conditions=int(n_what),
    )


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
    subject_counts: Sequence[np.ndarray],
    condition_counts: np.ndarray,
) -> list[Draws]:
    """Score models on data in which subjects and conditions are there so often.

    Parameters
    ----------
    models : ndarray, shape (n_models, n_pairs)
    rdms : ndarray, shape (n_subjects, n_pairs)
    who : ndarray of int, shape (n_subjects,)
        Whose each matrix is.
    method : str
    subject_counts : sequence of ndarray, shape (n_draws or 1, n_subjects)
        One way to draw subjects or several, of the same draws of conditions.
    condition_counts : ndarray, shape (n_draws or 1, n_conditions)

    Returns
    -------
    draws : list of Draws
        One for each of `subject_counts`.
    """
    V = np.concatenate([models, rdms]).astype(np.float64)
    n_models, kept = len(models), ~np.isnan(V[0])
    others = (who[:, None] != who).astype(np.float64)
    few = np.count_nonzero(condition_counts, axis=1) < _FEWEST
    each, K = _compared(V, n_models, method, condition_counts)
    found = []
    for counts in subject_counts:
        with np.errstate(invalid="ignore", divide="ignore"):
            if method in RANKED:
                bounds = ranked_ceilings(
                    V[n_models:, kept], others, counts, condition_counts, kept, method
                )
            else:
                bounds = ceilings_of_products(K[:, n_models:, n_models:], others, counts)
            share = counts / counts.sum(1, keepdims=True)
            parts = [_mean(part, share) for part in (each, *bounds)]
        for part in parts:
            part[np.broadcast_to(few, len(part))] = np.nan
        # Where one subject is drawn, or there is one, its ceiling would be of nobody.
        alone = ~((counts > 0) @ others.astype(bool)).any(1)
        for part in parts[1:]:
            part[np.broadcast_to(alone, len(part))] = np.nan
        found.append(Draws(*parts))
    return found


def scores_of_draws(
    models: np.ndarray, rdms: np.ndarray, method: Method, condition_counts: np.ndarray
) -> np.ndarray:
    """Score each subject by itself on conditions that are there so often.

    Parameters
    ----------
    models : ndarray, shape (n_models, n_pairs)
    rdms : ndarray, shape (n_subjects, n_pairs)
    method : str
    condition_counts : ndarray, shape (n_draws, n_conditions)

    Returns
    -------
    scores : ndarray, shape (n_draws, n_models, n_subjects)
        NaN where a draw has fewer than three conditions.
    """
    V = np.concatenate([models, rdms]).astype(np.float64)
    scores = _compared(V, len(models), method, condition_counts)[0].copy()
    scores[np.count_nonzero(condition_counts, axis=1) < _FEWEST] = np.nan
    return scores


def _compared(
    V: np.ndarray, n_models: int, method: Method, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compare models with subjects in each draw; and all with all, but of Kendall's nothing."""
    if method in ("tau-a", "tau-b"):
        kept = ~np.isnan(V[0])
        one, other = V[:n_models, kept], V[n_models:, kept]
        weights = pair_weights(counts, kept)
        return np.stack([kendall_of_draw(one, other, w, method) for w in weights]), np.empty(0)
    K = products(V, counts, method, n_models)
    return K[:, :n_models, n_models:], K


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
