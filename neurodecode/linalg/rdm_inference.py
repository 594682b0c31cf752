"""Variances of bootstrapped scores, and tests: of models, of their differences, of ceilings.

Resampling subjects and conditions at once counts the noise of measurement in both: the variance is
too large, and that over subjects alone too small where other stimuli are meant too. The two-factor
correction puts the three bootstraps together.

References
----------
Schütt et al. 2023, doi 10.7554/eLife.82566, the section on the two-factor bootstrap.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from neurodecode.core.errors import DataError
from neurodecode.linalg.rdm_bootstrap import Bootstrap, Draws


@dataclass(frozen=True, eq=False)
class Variances:
    """Variances of scores and of their differences.

    Parameters
    ----------
    models : ndarray, shape (n_models,)
    differences : ndarray, shape (n_models, n_models)
        Of each score less each other.
    to_lower, to_upper : ndarray, shape (n_models,)
        Of each score less a noise ceiling.
    dof : int
        Degrees of freedom: the fewer of what was resampled, less one.
    """

    models: np.ndarray
    differences: np.ndarray
    to_lower: np.ndarray
    to_upper: np.ndarray
    dof: int


@dataclass(frozen=True, eq=False)
class Significance:
    """p values, none corrected for their number.

    Parameters
    ----------
    above_zero : ndarray, shape (n_models,)
        One-sided.
    differences : ndarray, shape (n_models, n_models)
        Two-sided; 1 on the diagonal.
    to_lower : ndarray, shape (n_models,)
        Two-sided, of a score against the lower noise ceiling.
    """

    above_zero: np.ndarray
    differences: np.ndarray
    to_lower: np.ndarray


def variances(bootstrapped: Bootstrap) -> Variances:
    """Give the variance that a repetition with other subjects, conditions or both would have.

    Parameters
    ----------
    bootstrapped : Bootstrap
        Of two factors or of one. Where models were fitted twice or more a draw, what the
        assignment to folds adds is taken off.

    Returns
    -------
    variances : Variances
        Each contrast is corrected by itself, from the joint covariance of models and ceilings.

    Raises
    ------
    DataError
        If fewer than two draws have scores.
    """
    sizes = bootstrapped.n_subjects, bootstrapped.n_conditions
    both, subjects, conditions = bootstrapped.both, bootstrapped.subjects, bootstrapped.conditions
    if both is not None and subjects is not None and conditions is not None:
        usable = _usable(both)
        of_both, of_subjects, of_conditions = (
            _contrasts(each, usable) for each in (both, subjects, conditions)
        )
        n, corrected = min(sizes), two_factor(of_both, of_subjects, of_conditions, *sizes)
    elif subjects is not None:
        n, corrected = sizes[0], _one_factor(subjects, sizes[0])
    elif conditions is not None:
        n, corrected = sizes[1], _one_factor(conditions, sizes[1])
    else:
        raise DataError("Nothing was resampled, so that nothing varies.")
    n_models = len(corrected) - 3
    return Variances(
        corrected[-1, :n_models],
        corrected[:n_models, :n_models],
        corrected[n_models, :n_models],
        corrected[n_models + 1, :n_models],
        n - 1,
    )


def two_factor(
    both: np.ndarray,
    subjects: np.ndarray,
    conditions: np.ndarray,
    n_subjects: int,
    n_conditions: int,
) -> np.ndarray:
    """Put variances of three bootstraps together.

    Parameters
    ----------
    both, subjects, conditions : ndarray
        Variances of the same contrasts, resampled over both and over each alone.
    n_subjects, n_conditions : int

    Returns
    -------
    variance : ndarray
        Not below that of either factor, not above that of both resampled.

    References
    ----------
    Schütt et al. 2023, doi 10.7554/eLife.82566, equation for samples of few.
    """
    of_subjects = n_subjects / (n_subjects - 1) * subjects
    of_conditions = n_conditions / (n_conditions - 1) * conditions
    factor = n_subjects * n_conditions / ((n_subjects - 1) * (n_conditions - 1))
    variance = of_subjects + of_conditions - factor * (both - subjects - conditions)
    return np.minimum(np.maximum(variance, np.maximum(of_subjects, of_conditions)), both)


def without_folds(of_mean: np.ndarray, of_one: np.ndarray, n_repeats: int) -> np.ndarray:
    """Take off a variance what the assignment to folds adds.

    Parameters
    ----------
    of_mean : ndarray
        Variance over draws of the mean score of several cross-validations of each draw.
    of_one : ndarray
        Variance of one of them, averaged over which.
    n_repeats : int
        Cross-validations of each draw, two or more; two serve best, with more draws.

    Returns
    -------
    variance : ndarray
        As of the mean over all assignments; `of_mean` where draws are so few that it would be
        negative.

    References
    ----------
    Schütt et al. 2023, doi 10.7554/eLife.82566, the section on cross-validation.
    """
    if n_repeats < 2:
        raise DataError("One cross-validation a draw tells nothing of folds. Use two.")
    without = (n_repeats * of_mean - of_one) / (n_repeats - 1)
    return np.where(without < 0, of_mean, without)


def t_tests(bootstrapped: Bootstrap, of: Variances | None = None) -> Significance:
    """Test scores by their bootstrapped variance.

    Parameters
    ----------
    bootstrapped : Bootstrap
    of : Variances, optional
        Of `variances` without.

    Returns
    -------
    significance : Significance
        By t with as many degrees of freedom as the smaller factor has, less one. Pairs of
        conditions are never counted: they lean on each other.
    """
    found = variances(bootstrapped) if of is None else of
    scores, lower = bootstrapped.observed.scores[0], bootstrapped.observed.lower[0]
    apart = scores[:, None] - scores
    with np.errstate(invalid="ignore", divide="ignore"):
        above = stats.t.sf(scores / np.sqrt(found.models), found.dof)
        pairs = 2 * stats.t.sf(np.abs(apart) / np.sqrt(found.differences), found.dof)
        under = 2 * stats.t.sf(np.abs(scores - lower) / np.sqrt(found.to_lower), found.dof)
    np.fill_diagonal(pairs, 1)
    return Significance(above, pairs, under)


def counted_tests(draws: Draws) -> Significance:
    """Test scores by counting draws on the other side, without a distribution.

    Parameters
    ----------
    draws : Draws
        With two factors those of both, whose spread is too large: p values are too.

    Returns
    -------
    significance : Significance
        Never 0: one draw is added to each side.
    """
    usable = _usable(draws)
    scores, lower = draws.scores[usable], draws.lower[usable]
    n = len(scores) + 1
    pairs = _two_sided(scores[:, :, None] - scores[:, None, :])
    np.fill_diagonal(pairs, 1)
    return Significance(
        (1 + np.sum(scores <= 0, axis=0)) / n, pairs, _two_sided(scores - lower[:, None])
    )


def _two_sided(differences: np.ndarray) -> np.ndarray:
    n = len(differences) + 1
    sides = [1 + np.sum(differences <= 0, axis=0), 1 + np.sum(differences >= 0, axis=0)]
    return np.minimum(1, 2 * np.minimum(*sides) / n)


def _usable(draws: Draws) -> np.ndarray:
    return np.logical_or.reduce(np.isfinite(draws.scores), axis=1)


def _one_factor(draws: Draws, n: int) -> np.ndarray:
    return _contrasts(draws, _usable(draws)) * n / (n - 1)


def _contrasts(draws: Draws, usable: np.ndarray) -> np.ndarray:
    """Give variances of all differences of models, lower and upper ceiling, and zero."""
    columns = [draws.scores, draws.lower[:, None], draws.upper[:, None]]
    values = np.concatenate([np.broadcast_to(c, (len(usable), c.shape[1])) for c in columns], 1)
    if np.sum(usable) < 2:
        raise DataError(f"{np.sum(usable)} draws have scores. Draw more, or use more conditions.")
    found = _spread(values[usable])
    if draws.repeats is None:
        return found
    each = np.moveaxis(draws.repeats[usable], 1, 0)
    return without_folds(found, np.mean([_spread(one) for one in each], axis=0), len(each))


def _spread(values: np.ndarray) -> np.ndarray:
    values = np.concatenate([values, np.zeros((len(values), 1))], axis=1)
    known = np.isfinite(values)  # a draw of one subject has no ceiling; models need none
    V = np.full((values.shape[1],) * 2, np.nan)
    for i, j in np.ndindex(V.shape):
        both = known[:, i] & known[:, j]
        if both.sum() > 1:
            V[i, j] = np.var((values[:, i] - values[:, j])[both], ddof=1)
    return V
