"""How agreement with the brain grows with the size of models, and layers chosen honestly."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.rdm_bootstrap import bootstrap
from neurodecode.linalg.rdm_compare import Method, compare
from neurodecode.linalg.rdm_inference import two_factor


@dataclass(frozen=True, eq=False)
class NestedLayers:
    """Scores of models whose layer was chosen by the other subjects.

    Parameters
    ----------
    scores : ndarray, shape (n_subjects,)
    chosen : tuple of str
        The layer that each subject was tested with.
    best : float
        Score of the layer that is best over all subjects: too high, for it was chosen by those
        that it is of.
    """

    scores: np.ndarray
    chosen: tuple[str, ...]
    best: float


def nested_layers(
    rdms: np.ndarray, layers: Mapping[str, np.ndarray], method: Method = "rho-a"
) -> NestedLayers:
    """Choose a layer by all subjects but one, and score it on that one.

    Parameters
    ----------
    rdms : ndarray, shape (n_subjects, n_pairs)
    layers : mapping of str to ndarray, shape (n_pairs,)
    method : str
        As for `neurodecode.linalg.rdm_compare.compare`.

    Returns
    -------
    nested : NestedLayers

    Raises
    ------
    DataError
        If there are fewer than two subjects.
    """
    if len(rdms) < 2:
        raise DataError("nested_layers: one subject leaves none that a layer could be chosen by.")
    names = tuple(layers)
    each = compare(rdms, np.stack(list(layers.values())), method, warn=False)
    others = (each.sum(axis=0) - each) / (len(each) - 1)
    taken = others.argmax(axis=1)
    scores = each[np.arange(len(each)), taken]
    return NestedLayers(scores, tuple(names[i] for i in taken), float(each.mean(axis=0).max()))


@dataclass(frozen=True, eq=False)
class Scaling:
    """Slope of agreement on the logarithm of size.

    Parameters
    ----------
    slope : float
        Score for ten times the parameters.
    low, high : float
        95 % interval, over subjects and conditions.
    p : float
        Two-sided, against no slope.
    scores : ndarray, shape (n_models,)
        Means over subjects.
    log_size : ndarray, shape (n_models,)
    """

    slope: float
    low: float
    high: float
    p: float
    scores: np.ndarray
    log_size: np.ndarray


def model_scaling(
    rdms: np.ndarray,
    models: np.ndarray,
    n_parameters: np.ndarray,
    method: Method = "corr",
    *,
    n_draws: int = 1000,
    seed: int = 0,
) -> Scaling:
    """Regress the agreement of models with the brain on how large they are.

    The slope is taken anew in each draw of subjects, of conditions and of both, and its variance
    put together as that of a score is. Models are fixed: the interval holds for these ones. Take
    one RDM a model, of a layer that was named before, or chosen by others (`nested_layers`).

    Parameters
    ----------
    rdms : ndarray, shape (n_subjects, n_pairs)
    models : ndarray, shape (n_models, n_pairs)
    n_parameters : ndarray, shape (n_models,)
    method : str
        As for `neurodecode.linalg.rdm_compare.compare`.
    n_draws, seed : int

    Returns
    -------
    scaling : Scaling

    Raises
    ------
    ConfigError
        If there are fewer than three models, or all are of one size.
    DataError
        If there are too few subjects or conditions to draw from.

    References
    ----------
    Schütt et al. 2023, doi 10.7554/eLife.82566 (the two-factor bootstrap).
    """
    sizes = np.asarray(n_parameters, dtype=np.float64)
    if len(sizes) != len(models) or len(sizes) < 3 or sizes.min() <= 0 or np.ptp(sizes) == 0:
        raise ConfigError(
            f"model_scaling: {len(sizes)} sizes for {len(models)} models; a slope needs three "
            "models or more, each with a number of parameters, that differ in it."
        )
    log_size = np.log10(sizes)
    centred = log_size - log_size.mean()
    weights = centred / (centred @ centred)
    drawn = bootstrap(models, rdms, method, n_draws=n_draws, seed=seed)
    assert drawn.both is not None  # both factors are drawn without another word
    assert drawn.subjects is not None
    assert drawn.conditions is not None
    slopes = [each.scores @ weights for each in (drawn.both, drawn.subjects, drawn.conditions)]
    usable = np.isfinite(np.stack(slopes)).all(axis=0)
    both, subjects, conditions = (one[usable].var(ddof=1) for one in slopes)
    sizes_drawn = drawn.n_subjects, drawn.n_conditions
    variance = two_factor(both, subjects, conditions, *sizes_drawn)
    scores = drawn.observed.scores[0]
    slope, error = float(scores @ weights), float(np.sqrt(variance))
    dof = min(drawn.n_subjects, drawn.n_conditions) - 1
    half = float(stats.t.ppf(0.975, dof)) * error
    p = float(2 * stats.t.sf(abs(slope) / error, dof)) if error > 0 else float("nan")
    return Scaling(slope, slope - half, slope + half, p, scores, log_size)
