"""Models of RDMs that are fitted: scores, nulls and bootstraps, all cross-validated.

References
----------
Schütt et al. 2023, doi 10.7554/eLife.82566.
"""

from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.harness.rsa.models import ModelRdm
from neurodecode.harness.rsa.options import Factor
from neurodecode.linalg.rdm_bootstrap import Bootstrap
from neurodecode.linalg.rdm_bootstrap_fitted import bootstrap_fitted
from neurodecode.linalg.rdm_compare import Method
from neurodecode.linalg.rdm_crossvalidation import Folds
from neurodecode.linalg.rdm_models import LINEAR, Fixed, Interpolate, Select, Weighted
from neurodecode.linalg.rdm_pairs import n_conditions_of, pairs_among
from neurodecode.linalg.rdm_permutation import deals

_FORMS = {"weighted": Weighted, "interpolated": Interpolate, "selected": Select}
MOST_DRAWS = 100  # of a bootstrap, which tell a standard error to 7 %; each fits a hundred times
FEWEST_RESAMPLED = 10  # of fewer conditions most draws lack three different ones for each fold


@dataclass(frozen=True, eq=False)
class Fit:
    """What was fitted, and how it scores on others.

    Parameters
    ----------
    scores : ndarray, shape (n_subjects,)
        Means over folds of conditions. Of one subject weights are of its other conditions.
    shares : ndarray, shape (n_members,)
        Weights that sum to 1, mean over folds: of selected members how often each is. NaN where no
        weight is above zero in any fold.
    alone : ndarray, shape (n_members,)
        Mean scores of the members in the same folds, which have fewer pairs than all conditions.
    """

    scores: np.ndarray
    shares: np.ndarray
    alone: np.ndarray


def fitted(model: ModelRdm, data: np.ndarray, metric: Method, seed: int) -> Fit:
    """Score a model that is fitted, on subjects and conditions that it has not seen.

    Parameters
    ----------
    model : ModelRdm
    data : ndarray, shape (n_subjects, n_pairs)
        NaN at pairs of conditions that a subject lacks.
    metric : str
        Weights are fitted by ``corr`` where it compares ranks, and members are selected by
        ``rho-a`` where it is Kendall's.
    seed : int
        Of the folds of subjects and of conditions, 2 to 5 of each by number.

    Returns
    -------
    fit : Fit

    Raises
    ------
    DataError
        If a fold has fewer than three conditions, or a subject is scored in none.
    """
    folds, members = _folds(model, data, metric, seed), _as_model(model, model.values)
    each = folds.scores([members])[2][:, 0]
    if np.isnan(each).any():
        raise DataError(
            f"model {model.name!r}: {np.isnan(each).sum()} of {len(each)} subjects are scored in "
            "no fold: they, or those whom weights are fitted to, have fewer than three of its "
            "conditions. Leave out who has fewest, or compare the members of the model."
        )
    weights = folds.weights(members)
    total = weights.sum(axis=1, keepdims=True)
    shares = weights[total[:, 0] > 0] / total[total[:, 0] > 0]
    shares = shares.mean(axis=0) if len(shares) else np.full(len(model.values), np.nan)
    alone = folds.scores([Fixed(one) for one in model.values])[2].mean(axis=0)
    return Fit(each, shares, alone)


def fitted_null(
    model: ModelRdm, data: np.ndarray, metric: Method, n_draws: int, seed: int
) -> np.ndarray:
    """Fit and score a model whose conditions are dealt anew, shape (n_draws,).

    Members are dealt alike, and as fixed models are by the same seed, but for subjects who lack
    conditions: these are dealt among all. Folds stay those of the scores, so that a draw differs
    from what was observed in the deal alone.

    Parameters
    ----------
    model : ModelRdm
    data : ndarray, shape (n_subjects, n_pairs)
    metric : str
    n_draws, seed : int
    """
    n = n_conditions_of(data.shape[1])
    found = np.empty(n_draws)
    folds = _folds(model, data, metric, seed)
    for draw, order in enumerate(deals(n, n_draws, seed)):
        members = _as_model(model, model.values[:, pairs_among(order, n)])
        found[draw] = np.mean(folds.scores([members])[2])
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
        with_ceilings=False,
        seed=seed,
    )


def _folds(model: ModelRdm, data: np.ndarray, metric: Method, seed: int) -> Folds:
    try:
        return Folds.of(data, metric, fit_by=_fit_by(model, metric), seed=seed)
    except DataError as error:
        raise DataError(f"model {model.name!r}: {error} Fitted models need more.") from error


def _as_model(model: ModelRdm, values: np.ndarray) -> Weighted | Interpolate | Select:
    return {"weighted": Weighted, "interpolated": Interpolate, "selected": Select}[model.kind](
        values
    )


def _fit_by(model: ModelRdm, metric: Method) -> Method | None:
    """Fit by correlation where ranks are compared, but for what is selected.

    Ranks of a sum are no sum of ranks; and what is between two models would be looked for in a
    hundred steps, each ranked anew, in each fold of each draw.
    """
    if metric in LINEAR:
        return None
    if model.kind == "selected":
        return "rho-a" if metric == "tau-a" else None
    return "corr"
