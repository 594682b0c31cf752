"""How far the scores of a study lean on each other, because who is tested also trains the others.

Where subject A trains the model that B is tested on, and B the model of A, both scores hold what A
and B have in common by chance. Means of such scores vary more than their spread tells.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.linalg.stats import all_equal, mean_interval


def mutual_training(folds: Sequence[Fold], rows: Rows, unit: str) -> float:
    """Give the part of a tested unit's training that comes from units trained on it in turn.

    Parameters
    ----------
    folds : sequence of Fold
        Of one seed.
    rows : Rows
    unit : {"subject", "session", "fold", "row"}
        ``fold``: what is tested together; ``row``: each row by itself.

    Returns
    -------
    share : float
        Mean over tested units, from 0 (all train on rows of their own alone, or on what came
        before) to 1 (each unit is tested on the others' model and trains it: leave-one-out).

    Notes
    -----
    Let every unit's data be a vector of noise, ``u_i``, and a model the sum of those it was trained
    on. The score of unit i is then the mean of ``u_i' u_k`` over the n - 1 others; scores i and k
    share a term, so they correlate by ``1 / (n - 1)``, and the variance of the mean of n scores is
    twice that of independent ones: ``1 + share`` times in general. This holds where there is
    nothing to find; what there is to find makes models more alike and scores less dependent.
    Nadeau & Bengio 2003, doi 10.1023/A:1024068626366, arrive at ``1 + n_test / n_train *
    n_folds``, which is the same for many folds.
    """
    if unit in ("row", "fold"):
        return _of_rows(folds) if unit == "row" else _of_units(folds, _tested_in(folds))
    columns = ("subject", "session") if unit == "session" else ("subject",)
    return _of_units(folds, rows.codes(*columns))


def _of_rows(folds: Sequence[Fold]) -> float:
    """Rows of one fold are trained alike, so pairs of folds are counted: not pairs of rows."""
    tested_in = _tested_in(folds)
    trained, n_pairs = np.zeros((len(folds), len(folds))), 0.0
    for f, fold in enumerate(folds):
        train = fold.index("train", "val")
        there = tested_in[train]
        trained[f] = np.bincount(there[there >= 0], minlength=len(folds))
        n_pairs += len(fold.index("test")) * len(train)
    return float(np.sum(trained * trained.T) / n_pairs)


def _of_units(folds: Sequence[Fold], unit: np.ndarray) -> float:
    n_units = int(unit.max()) + 1
    trained = np.zeros((n_units, n_units))  # row: who is tested; column: whose rows train
    n_train = np.zeros(n_units)  # with rows that are never tested
    tested_in = _tested_in(folds)
    for fold in folds:
        train = fold.index("train", "val")
        counts = np.bincount(unit[train[tested_in[train] >= 0]], minlength=n_units)
        tested = np.unique(unit[fold.index("test")])
        trained[tested] += counts
        n_train[tested] += len(train)
    others = trained * (1 - np.eye(n_units))
    of_mutual = np.sum(others * (others.T > 0), axis=1)
    return float(np.mean(of_mutual[n_train > 0] / n_train[n_train > 0]))


def _tested_in(folds: Sequence[Fold]) -> np.ndarray:
    """Fold that tests each row; -1: none."""
    found = np.full(len(folds[0].role), -1)
    for f, fold in enumerate(folds):
        found[fold.index("test")] = f
    return found


def over_spread(inflation: float, n_units: int, repeats: float = 1) -> float:
    """Give how many times the variance of a mean is what the spread of its scores tells.

    Parameters
    ----------
    inflation : float
        Variance of the mean, as a multiple of that of as many independent scores, as `inflations`
        gives.
    n_units : int
    repeats : float
        How many times each row is tested among the units; it is part of the inflation.

    Returns
    -------
    factor : float
        Infinite where scores hold hardly more than what they share, as those of two people who
        train each other's models do.

    Notes
    -----
    Scores that correlate by ``r`` on average have a mean whose variance is ``1 + (n - 1) r`` times
    that of independent ones, and a spread of ``1 - r`` times theirs: three people who each train
    the others' models have a spread of half the variance of their scores. Seeds are left out of r:
    of 4 folds of 4 seeds, intervals then hold chance in 96 % for accuracies and 91 % for
    correlations; with them in 99 and 97 %. Of 2 folds of 5 seeds, in 98 and 87 %. (1,500 studies
    each of independent normal features, linear models.)
    """
    if n_units < 2:
        return inflation
    alone = 1 - (inflation / repeats - 1) / (n_units - 1)
    return inflation / alone if alone > 1e-9 else float("inf")


def interval_over(values: np.ndarray, inflation: float, repeats: float = 1) -> tuple[float, float]:
    """Give the 95 % interval of a mean over units that may train each other's models.

    Parameters
    ----------
    values : ndarray, shape (n_units,)
    inflation, repeats : float
        As in `over_spread`.

    Returns
    -------
    low, high : float
        NaN where the spread of the values tells nothing of how their mean varies: of one alone, of
        values that are all equal, and where `over_spread` is infinite.
    """
    factor = over_spread(inflation, len(values), repeats)
    if len(values) < 2 or all_equal(values) or not np.isfinite(factor):
        return float("nan"), float("nan")
    return widened(mean_interval(values), float(np.mean(values)), factor)


def widened(interval: tuple[float, float], centre: float, inflation: float) -> tuple[float, float]:
    """Give an interval for scores that lean on each other, about the same centre.

    Parameters
    ----------
    interval : tuple of float
        As if scores were independent.
    centre : float
    inflation : float
        How many times the variance is what the interval tells.
    """
    low, high = (centre + np.sqrt(inflation) * (end - centre) for end in interval)
    return float(low), float(high)


def inflations(folds: Sequence[Any], rows: Rows, within: Sequence[str]) -> dict[str, float]:
    """Give how many times the variance of a mean score is that of independent scores.

    Parameters
    ----------
    folds : sequence of PlannedFold
    rows : Rows
    within : sequence of str
        What is scored together.

    Returns
    -------
    inflations : dict of str to float
        ``unit``: of the mean over a table's units; ``row``: of the mean over rows, where there is
        one unit. ``repeats``: how many times each row is tested among the units; above 1 where
        units are folds that each seed draws anew.

    Notes
    -----
    Folds of another seed test the same rows again, so they tell hardly more than those of one seed:
    their number is taken back.
    """
    unit = unit_of(within)
    seeds = dict.fromkeys(planned.seed for planned in folds)
    of_seeds = [[one.fold for one in folds if one.seed == seed] for seed in seeds]
    repeats = len(seeds) if unit == "fold" and _differ(of_seeds) else 1
    found = {"repeats": float(repeats)}
    for name, asked in (("unit", unit), ("row", "row")):
        shares = [0.0 if asked == "study" else mutual_training(f, rows, asked) for f in of_seeds]
        found[name] = 1 + float(np.mean(shares))
    return found | {"unit": repeats * found["unit"]}


def _differ(of_seeds: Sequence[Sequence[Fold]]) -> bool:
    """Whether seeds test other rows together."""
    tested = [{one.index("test").tobytes() for one in folds} for folds in of_seeds]
    return any(one != tested[0] for one in tested)


def unit_of(within: Sequence[str]) -> str:
    """Give what a table has one score of: subject, session or fold, or the study as a whole."""
    return next((unit for unit in ("subject", "session", "fold") if unit in within), "study")
