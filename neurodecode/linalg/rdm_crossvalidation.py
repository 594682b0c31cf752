"""Scores of fitted models on subjects and conditions that they were not fitted to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._namespace import as_floats
from neurodecode.linalg.rdm_ceilings import pool
from neurodecode.linalg.rdm_compare import Method, compare
from neurodecode.linalg.rdm_models import Model, fit
from neurodecode.linalg.rdm_pairs import n_conditions_of, pairs_among

_FEWEST = 3  # conditions of a test fold: three pairs, the fewest that can correlate


@dataclass(frozen=True, eq=False)
class CrossValidated:
    """Scores of left-out blocks.

    Parameters
    ----------
    scores : ndarray, shape (n_models,)
        Mean over folds. Where no weight above zero serves, a model says nothing, and scores 0.
    lower, upper : float
        Noise ceilings of the same blocks: the pool of the training subjects, and of all.
    folds : ndarray, shape (n_folds, n_models)
        Fold by fold, those of conditions within those of subjects.
    each : ndarray, shape (n_subjects, n_models)
        Of each subject, mean over the folds of conditions.
    """

    scores: np.ndarray
    lower: float
    upper: float
    folds: np.ndarray
    each: np.ndarray


def crossvalidate(
    models: Sequence[Model],
    rdms: np.ndarray,
    method: Method = "corr",
    *,
    n_subject_folds: int | None = None,
    n_condition_folds: int | None = None,
    subjects: np.ndarray | None = None,
    conditions: np.ndarray | None = None,
    fit_by: Method | None = None,
    seed: int = 0,
) -> CrossValidated:
    """Fit on some subjects and conditions, and score on other subjects among other conditions.

    Parameters
    ----------
    models : sequence of Model
    rdms : ndarray, shape (n_subjects, n_pairs)
        NaN at the same pairs of all.
    method : str
        As for `neurodecode.linalg.rdm_compare.compare`.
    n_subject_folds, n_condition_folds : int, optional
        2 to 5 by number without, as rsatoolbox chooses. One fold leaves none out.
    subjects, conditions : ndarray, shape (n_subjects,) and (n_conditions,), optional
        Labels of what stays together in a fold: sessions of a subject, pictures of a category.
    fit_by : str, optional
        Comparison that weights are fitted by, where it is not that of the score: a sum that is
        scored by ranks is fitted by ``corr``.
    seed : int
        Of who goes into which fold.

    Returns
    -------
    scored : CrossValidated

    Raises
    ------
    DataError
        If there are more folds than subjects, or a test fold would have fewer than three
        conditions.
    """
    rdms = np.atleast_2d(as_floats(rdms))
    n = n_conditions_of(rdms.shape[1])
    subjects = np.arange(len(rdms)) if subjects is None else np.asarray(subjects)
    conditions = np.arange(n) if conditions is None else np.asarray(conditions)
    rng = np.random.default_rng(seed)
    by_subject = _folds(subjects, n_subject_folds, default_subject_folds, "subjects", rng)
    by_condition = _folds(conditions, n_condition_folds, default_condition_folds, "conditions", rng)
    folds, bounds = [], []
    each = np.zeros((len(rdms), len(models)))
    for tested in by_subject:
        trained = ~tested if len(by_subject) > 1 else tested
        for block in by_condition:
            rest = ~block if len(by_condition) > 1 else block
            if block.sum() < _FEWEST or rest.sum() < _FEWEST:
                raise DataError(
                    f"A fold of {len(by_condition)} tests {block.sum()} conditions and trains on "
                    f"{rest.sum()}; three are the fewest. Use fewer folds of conditions."
                )
            at_test = pairs_among(np.flatnonzero(block), n)
            at_train = pairs_among(np.flatnonzero(rest), n)
            test = rdms[tested][:, at_test]
            scores = np.empty((len(test), len(models)))
            for j, model in enumerate(models):
                weights = fit(model, rdms[trained][:, at_train], fit_by or method, pairs=at_train)
                said = weights @ np.asarray(model.rdms)[:, at_test]
                scores[:, j] = _scores(said, test, method) if weights.any() else 0
            each[tested] += scores / len(by_condition)
            folds.append(scores.mean(0))
            pools = (pool(rows[:, at_test], method) for rows in (rdms[trained], rdms))
            bounds.append([_scores(pooled, test, method).mean() for pooled in pools])
    lower, upper = np.mean(bounds, axis=0)
    return CrossValidated(np.mean(folds, axis=0), float(lower), float(upper), np.array(folds), each)


def default_subject_folds(n: int) -> int:
    """Give a number of folds of subjects: 2 below 6, then 3, 4 from 12, 5 from 20."""
    return 1 if n < 2 else 2 + int(np.searchsorted([6, 12, 20], n, side="right"))


def default_condition_folds(n: int) -> int:
    """Give a number of folds of conditions: 2 below 12, then 3, 4 from 24, 5 from 40."""
    return 2 + int(np.searchsorted([12, 24, 40], n, side="right"))


def _scores(said: np.ndarray, test: np.ndarray, method: Method) -> np.ndarray:
    said = np.where(np.isnan(test[0]), np.nan, said)
    return compare(said[None], test, method, warn=False)[0]


def _folds(labels, n_folds, default, what, rng) -> list[np.ndarray]:
    groups = np.unique(labels)
    n_folds = default(len(groups)) if n_folds is None else n_folds
    if not 1 <= n_folds <= len(groups):
        raise DataError(f"There are {n_folds} folds for {len(groups)} {what}. Use at most as many.")
    return [np.isin(labels, part) for part in np.array_split(rng.permutation(groups), n_folds)]
