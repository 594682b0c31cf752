"""Models of RDMs whose weights are fitted: scores, nulls and bootstraps, all cross-validated.

References
----------
Schütt et al. 2023, doi 10.7554/eLife.82566.
"""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.harness.rsa.models import ModelRdm
from neurodecode.harness.rsa.options import Factor
from neurodecode.linalg.rdm_bootstrap import Bootstrap
from neurodecode.linalg.rdm_bootstrap_fitted import bootstrap_fitted
from neurodecode.linalg.rdm_compare import Method
from neurodecode.linalg.rdm_crossvalidation import crossvalidate
from neurodecode.linalg.rdm_models import LINEAR, Interpolate, Weighted
from neurodecode.linalg.rdm_pairs import n_conditions_of, pairs_among
from neurodecode.linalg.rdm_permutation import deals

MOST_DRAWS = 100  # of a bootstrap: each fits anew some forty times
FEWEST_RESAMPLED = 10  # of fewer conditions most draws lack three different ones for each fold


def fitted_scores(model: ModelRdm, data: np.ndarray, metric: Method, seed: int) -> np.ndarray:
    """Score a model whose weights are fitted, on subjects and conditions that it has not seen.

    Parameters
    ----------
    model : ModelRdm
    data : ndarray, shape (n_subjects, n_pairs)
    metric : str
        Weights of a sum are fitted by ``corr`` where it compares ranks.
    seed : int
        Of the folds of subjects and of conditions, 2 to 5 of each by number.

    Returns
    -------
    scores : ndarray, shape (n_subjects,)
        Means over folds of conditions. Of one subject weights are of its other conditions.

    Raises
    ------
    DataError
        If a fold has fewer than three conditions.
    """
    try:
        found = crossvalidate(
            [_as_model(model, model.values)], data, metric, fit_by=_fit_by(model, metric), seed=seed
        )
    except DataError as error:
        raise DataError(f"model {model.name!r}: {error} Fitted models need more.") from error
    return found.each[:, 0]


def fitted_null(
    model: ModelRdm, data: np.ndarray, metric: Method, n_draws: int, seed: int
) -> np.ndarray:
    """Fit and score a model whose conditions are dealt anew, shape (n_draws,).

    Members are dealt alike, and as fixed models are by the same seed. Folds stay those of the
    scores, so that a draw differs from what was observed in the deal alone.

    Parameters
    ----------
    model : ModelRdm
    data : ndarray, shape (n_subjects, n_pairs)
    metric : str
    n_draws, seed : int
    """
    n = n_conditions_of(data.shape[1])
    found = np.empty(n_draws)
    for draw, order in enumerate(deals(n, n_draws, seed)):
        members = _as_model(model, model.values[:, pairs_among(order, n)])
        by = _fit_by(model, metric)
        found[draw] = crossvalidate([members], data, metric, fit_by=by, seed=seed).scores[0]
    return found


def fitted_bootstrap(
    model: ModelRdm,
    data: np.ndarray,
    metric: Method,
    over: tuple[Factor, ...],
    n_draws: int,
    seed: int,
) -> Bootstrap:
    """Resample subjects and conditions, and fit and score a model in each draw.

    Parameters as those of `fitted_scores` and `neurodecode.linalg.rdm_bootstrap_fitted`; of draws
    there are at most `MOST_DRAWS`.
    """
    return bootstrap_fitted(
        [_as_model(model, model.values)],
        data,
        metric,
        over=over,
        n_draws=min(n_draws, MOST_DRAWS),
        fit_by=_fit_by(model, metric),
        seed=seed,
    )


def _as_model(model: ModelRdm, values: np.ndarray) -> Weighted | Interpolate:
    return Weighted(values) if model.kind == "weighted" else Interpolate(values)


def _fit_by(model: ModelRdm, metric: Method) -> Method | None:
    """Fit a sum by correlation where ranks are compared: those of a sum are no sum of ranks."""
    return "corr" if model.kind == "weighted" and metric not in LINEAR else None
