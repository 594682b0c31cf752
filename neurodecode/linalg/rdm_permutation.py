"""Permutation of conditions: is a model related to dissimilarities at all."""

from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._namespace import as_floats
from neurodecode.linalg.permutation import permutation_p
from neurodecode.linalg.rdm_compare import Method, check_method, compare, coordinates
from neurodecode.linalg.rdm_pairs import n_conditions_of, pairs_among

_AT_ONCE = 2**22  # numbers of permuted models that are held at once


@dataclass(frozen=True, eq=False)
class Permuted:
    """Scores against those of models whose conditions are exchanged.

    Parameters
    ----------
    scores : ndarray, shape (n_models, n_regions)
        Means over subjects.
    p : ndarray, shape (n_models, n_regions)
        Of larger scores, not corrected; NaN where there is no score.
    p_max : ndarray, shape (n_models, n_regions)
        Corrected for all models and regions: against the largest of each permutation.
    drawn : ndarray, shape (n_permutations, n_models, n_regions)
    """

    scores: np.ndarray
    p: np.ndarray
    p_max: np.ndarray
    drawn: np.ndarray


def permutation_test(
    models: np.ndarray,
    rdms: np.ndarray,
    method: Method = "corr",
    *,
    n_permutations: int = 1000,
    seed: int | np.random.Generator = 0,
) -> Permuted:
    """Compare scores with those of models of which rows and columns are permuted together.

    Parameters
    ----------
    models : ndarray, shape (n_models, n_pairs)
    rdms : ndarray, shape (n_regions, n_subjects, n_pairs) or (n_subjects, n_pairs)
        Regions, times or whatever is tested at once, of the same conditions.
    method : str
        As for `neurodecode.linalg.rdm_compare.compare`, without warnings of ties. Kendall's
        take some 0.2 ms for each permutation, model and subject at 48 conditions.
    n_permutations : int
        The same for all models and regions, so that the largest of them has a null.
    seed : int or Generator

    Returns
    -------
    permuted : Permuted

    Raises
    ------
    DataError
        If a pair is NaN: it would be another pair after permuting.

    Notes
    -----
    The null is that conditions are exchangeable, for these subjects: it says nothing of others.
    Signs of subjects' scores are flipped by `neurodecode.linalg.permutation.sign_flip_test`.
    """
    check_method(method)
    models, rdms = np.atleast_2d(as_floats(models)), as_floats(rdms)
    rdms = rdms[None] if rdms.ndim == 2 else rdms
    n = n_conditions_of(models.shape[1])
    if np.isnan(models).any() or np.isnan(rdms).any():
        raise DataError(
            "A dissimilarity is NaN, and permuting would move it to another pair. Drop its "
            "conditions."
        )
    scores = np.stack([compare(models, r, method, warn=False).mean(1) for r in rdms], axis=1)
    drawn = np.empty((n_permutations, len(models), len(rdms)))
    orders = deals(n, n_permutations, seed)
    if method in ("tau-a", "tau-b"):
        for each, order in zip(drawn, orders, strict=True):
            exchanged = models[:, pairs_among(order, n)]
            each[:] = np.stack(
                [compare(exchanged, r, method, warn=False).mean(1) for r in rdms], axis=1
            )
    else:
        targets = np.stack([coordinates(each, method).mean(0) for each in rdms])
        each_model = coordinates(models, method)
        step = max(1, _AT_ONCE // each_model.size)
        for start in range(0, n_permutations, step):
            some = orders[start : start + step]
            places = np.stack([pairs_among(order, n) for order in some])
            if each_model.shape[1] > models.shape[1]:  # whitened: the diagonal stands behind
                places = np.concatenate([places, models.shape[1] + some], axis=1)
            exchanged = np.moveaxis(each_model[:, places], 1, 0)
            drawn[start : start + step] = exchanged @ targets.T
    largest = np.fmax.reduce(drawn.reshape(n_permutations, -1), axis=1)
    p, p_max = np.full((2, *scores.shape), np.nan)
    for i, j in np.argwhere(np.isfinite(scores)):
        p[i, j] = permutation_p(float(scores[i, j]), drawn[:, i, j])
        p_max[i, j] = permutation_p(float(scores[i, j]), largest)
    return Permuted(scores, p, p_max, drawn)


def deals(n_conditions: int, n_permutations: int, seed: int | np.random.Generator) -> np.ndarray:
    """Deal conditions anew, shape (n_permutations, n_conditions): whose place each takes."""
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(n_conditions) for _ in range(n_permutations)]
    return np.array(orders, dtype=np.int64).reshape(n_permutations, n_conditions)
