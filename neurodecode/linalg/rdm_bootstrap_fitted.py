"""Bootstrap of models that are fitted: each draw is cross-validated.

References
----------
Schütt et al. 2023, doi 10.7554/eLife.82566.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import exp

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._namespace import as_floats
from neurodecode.linalg.rdm_bootstrap import Bootstrap, Draws, Factor, check_over
from neurodecode.linalg.rdm_compare import Method, check_method
from neurodecode.linalg.rdm_crossvalidation import (
    Folds,
    default_condition_folds,
    default_subject_folds,
)
from neurodecode.linalg.rdm_incomplete import own_conditions
from neurodecode.linalg.rdm_models import Fixed, Model
from neurodecode.linalg.rdm_pairs import n_conditions_of, squares, vectors

_OTHERS = 1 - exp(-1)  # share of subjects or conditions that a draw has, of many


def bootstrap_fitted(
    models: Sequence[Model],
    rdms: np.ndarray,
    method: Method = "corr",
    *,
    over: tuple[Factor, ...] = ("subjects", "conditions"),
    n_draws: int = 500,
    n_repeats: int = 2,
    n_subject_folds: int | None = None,
    n_condition_folds: int | None = None,
    fit_by: Method | None = None,
    with_ceilings: bool = True,
    seed: int = 0,
) -> Bootstrap:
    """Fit models to resampled subjects and conditions and score them on others of the same draw.

    Parameters
    ----------
    models : sequence of Model
    rdms : ndarray, shape (n_subjects, n_pairs)
        NaN where a subject has no such pair.
    method : str
        As for `neurodecode.linalg.rdm_compare.compare`.
    over : tuple of {"subjects", "conditions"}
    n_draws : int
    n_repeats : int
        Assignments to folds of each draw. From two on `neurodecode.linalg.rdm_inference.variances`
        takes off what the assignment adds.
    n_subject_folds, n_condition_folds : int, optional
        By the number that a draw has, 2 to 5, without.
    fit_by : str, optional
        Comparison that weights are fitted by, as for `crossvalidate`.
    with_ceilings : bool
        Whether noise ceilings are computed for each draw, which takes as long as the models; NaN
        without.
    seed : int

    Returns
    -------
    bootstrap : Bootstrap
        Draws of fewer subjects than folds, or of fewer than three conditions a fold, are NaN. Its
        `n_conditions` is that of the subject who has the fewest.

    Raises
    ------
    DataError
        As for `neurodecode.linalg.rdm_bootstrap.bootstrap` and `crossvalidate`.

    Notes
    -----
    Copies of a subject or condition are in one fold, and pairs of a condition with its copy are
    left out. It takes some milliseconds for each draw, factor, repeat, fold and model.
    """
    check_method(method)
    rdms = np.atleast_2d(as_floats(rdms))
    sizes = {"subjects": len(rdms), "conditions": n_conditions_of(rdms.shape[1])}
    fewest = int(own_conditions(rdms).sum(axis=1).min())
    check_over(over, sizes["subjects"], fewest)
    if n_subject_folds is None:
        n_subject_folds = default_subject_folds(int(_OTHERS * sizes["subjects"]))
    if n_condition_folds is None:
        n_condition_folds = default_condition_folds(int(_OTHERS * fewest))
    rng = np.random.default_rng(seed)
    drawn = {name: rng.integers(n, size=(n_draws, n)) for name, n in sizes.items()}
    every = {name: np.arange(n)[None] for name, n in sizes.items()}

    def scored(*resampled: str) -> Draws:
        whom = drawn["subjects"] if "subjects" in resampled else every["subjects"]
        what = drawn["conditions"] if "conditions" in resampled else every["conditions"]
        repeats = np.full((max(len(whom), len(what)), n_repeats, len(models) + 2), np.nan)
        for draw, each in enumerate(repeats):
            people, places = np.sort(whom[draw % len(whom)]), np.sort(what[draw % len(what)])
            few = len(np.unique(people)) < n_subject_folds
            if few or len(np.unique(places)) < 3 * n_condition_folds:
                continue
            for values in each:
                folds = Folds.of(
                    _among(rdms[people], places),
                    method,
                    n_subject_folds=n_subject_folds,
                    n_condition_folds=n_condition_folds,
                    subjects=people,
                    conditions=places,
                    fit_by=fit_by,
                    seed=int(rng.integers(2**32)),
                )
                bounds = folds.bounds() if with_ceilings else (np.nan, np.nan)
                values[:] = *folds.scores([_resampled(m, places) for m in models])[0], *bounds
        mean = repeats.mean(1)
        return Draws(mean[:, :-2], mean[:, -2], mean[:, -1], repeats if n_repeats > 1 else None)

    observed = scored()
    if np.isnan(observed.scores).any():
        raise DataError(
            f"{sizes['subjects']} subjects and {sizes['conditions']} conditions are too few for "
            f"{n_subject_folds} and {n_condition_folds} folds. Use fewer folds."
        )
    return Bootstrap(
        observed,
        scored("subjects", "conditions") if len(over) > 1 else None,
        scored("subjects") if "subjects" in over else None,
        scored("conditions") if "conditions" in over else None,
        sizes["subjects"],
        fewest,
    )


def _among(rdms: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Give the matrices of conditions that are drawn; NaN between copies of one."""
    matrices = squares(rdms)[:, places][:, :, places]
    matrices[:, places[:, None] == places] = np.nan
    return vectors(matrices)


def _resampled(model: Model, places: np.ndarray) -> Model:
    rdms = _among(np.asarray(model.rdms, dtype=np.float64), places)
    if isinstance(model, Fixed):
        return Fixed(rdms[0])
    return replace(model, rdms=rdms)
