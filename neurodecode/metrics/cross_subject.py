"""Ceilings from other people: how well one brain is told from brains that saw the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import curve_fit

from neurodecode.core.errors import DataError
from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_cv import cross_validated
from neurodecode.metrics.ceiling import Ceiling
from neurodecode.metrics.regression import r2_of_targets, r_of_targets

Split = tuple[np.ndarray, np.ndarray]
_SCORES = {"r": r_of_targets, "r2": r2_of_targets}
_FEWEST = 4
_ALPHAS = tuple(float(one) for one in np.logspace(0, 6, 13))


@dataclass(frozen=True, eq=False)
class Extrapolated:
    """A ceiling for any number of people to tell from.

    Parameters
    ----------
    ceiling : Ceiling
        Of endlessly many; one value a subject.
    low, high : float
        95 % interval over draws of who tells.
    n_sources : ndarray of int, shape (n_sizes,)
    scores : ndarray, shape (n_sizes, n_draws)
        Mean over targets for each number of people that tell, and each draw of them.
    tau : float
        People after which 63 % of the ceiling is reached.
    """

    ceiling: Ceiling
    low: float
    high: float
    n_sources: np.ndarray
    scores: np.ndarray
    tau: float


def cross_subject(
    brains: Sequence[np.ndarray],
    subject: int,
    splits: Sequence[Split],
    *,
    alphas: Sequence[float] = _ALPHAS,
    unit: Literal["r", "r2"] = "r",
) -> Ceiling:
    """Tell one subject's targets from those of all others by ridge, on the splits of the models.

    It bounds models of what people have in common, and not those that know the person.

    Parameters
    ----------
    brains : sequence of ndarray, shape (n_rows, n_targets of that subject)
        Rows are the same stimuli, or the same times of a film, for everybody.
    subject : int
        Whose targets are told.
    splits : sequence of (train, test)
        Positions of rows, as the models' own. The penalty of each target is chosen by leaving the
        test rows of the other splits out of the training rows.
    alphas : sequence of float
        Penalties; one alone needs no choice.
    unit : {"r", "r2"}
        Of the score.

    Returns
    -------
    ceiling : Ceiling
        Mean score over splits, of a single row, a value a target; in the unit of the score.

    Raises
    ------
    DataError
        If rows differ in number, there is nobody else, or penalties cannot be chosen.
    """
    others = [i for i in range(len(brains)) if i != subject]
    _check(brains, others, splits, alphas)
    scores = _told(brains, subject, others, splits, alphas, unit)
    return Ceiling(scores, unit, "single")


def extrapolated(
    brains: Sequence[np.ndarray],
    subject: int,
    splits: Sequence[Split],
    *,
    alphas: Sequence[float] = _ALPHAS,
    unit: Literal["r", "r2"] = "r",
    n_draws: int = 10,
    n_bootstrap: int = 200,
    seed: int = 0,
) -> Extrapolated:
    """Extrapolate `cross_subject` to endlessly many people who tell.

    Scores of two and more people, drawn of those there are, are followed by
    ``v0 (1 - exp(-q / tau))``; v0 is the ceiling. Where noise alone is averaged out, scores rise
    longer than that curve does, and the ceiling is a little low.

    Parameters
    ----------
    brains, subject, splits, alphas, unit
        As `cross_subject` takes them.
    n_draws : int
        Choices of who tells, of each number of people.
    n_bootstrap : int
        Draws of these choices for the interval.
    seed : int

    Returns
    -------
    found : Extrapolated

    Raises
    ------
    DataError
        If there are fewer than four people, or scores do not follow such a curve to a ceiling from
        0 to 1.

    References
    ----------
    Schrimpf et al. 2021, doi 10.1073/pnas.2105646118.
    """
    if len(brains) < _FEWEST:
        raise DataError(
            f"extrapolated: {len(brains)} people give no curve to extrapolate. {_FEWEST} are the "
            "least; use cross_subject."
        )
    others = np.array([i for i in range(len(brains)) if i != subject])
    _check(brains, others.tolist(), splits, alphas)
    rng = np.random.default_rng(seed)
    sizes = np.arange(2, len(others) + 1)
    scores = np.empty((len(sizes), n_draws))
    known: dict[tuple[int, ...], float] = {}
    for i, q in enumerate(sizes):
        for j in range(n_draws):
            drawn = tuple(np.sort(rng.permutation(others)[:q]).tolist())
            if drawn not in known:
                told = _told(brains, subject, drawn, splits, alphas, unit)
                known[drawn] = float(np.nanmean(told))
            scores[i, j] = known[drawn]
    limit, tau = _limit(sizes, scores.mean(axis=1))
    if not 0 <= limit <= 1:
        raise DataError(
            f"extrapolated: scores of {scores.mean(axis=1).round(3).tolist()} for 2 to "
            f"{len(others)} people lead to a ceiling of {limit:.3g}, which is none. Use "
            "cross_subject."
        )
    several = []
    for _ in range(n_bootstrap):
        again = rng.integers(n_draws, size=scores.shape)
        several.append(_limit(sizes, np.take_along_axis(scores, again, axis=1).mean(axis=1))[0])
    low, high = np.nanpercentile(several, [2.5, 97.5])
    ceiling = Ceiling(np.array([limit]), unit, "single", per="subject")
    return Extrapolated(ceiling, float(low), float(high), sizes, scores, tau)


def _told(
    brains: Sequence[np.ndarray],
    subject: int,
    others: Sequence[int],
    splits: Sequence[Split],
    alphas: Sequence[float],
    unit: str,
) -> np.ndarray:
    """Mean score over splits of each target, told from the others' targets side by side."""
    X = np.concatenate([np.asarray(brains[i], dtype=np.float64) for i in others], axis=1)
    Y = np.asarray(brains[subject], dtype=np.float64)
    several = []
    for number, (train, test) in enumerate(splits):
        alpha: float | np.ndarray = float(alphas[0])
        solver = RidgeSolver.of(X[train], standardise=True)
        if len(alphas) > 1:
            # A penalty is in the unit of the features: those of the fit.
            Z = (X[train] - solver.rows.mean) * solver.rows.gain
            alpha = cross_validated(Z, Y[train], alphas, _inner(splits, number)).alpha
        several.append(_SCORES[unit](Y[test], np.asarray(solver.predict(X[test], Y[train], alpha))))
    known = np.isfinite(several)
    sums = np.where(known, several, 0.0).sum(axis=0)
    return np.divide(sums, known.sum(axis=0), out=np.full(sums.shape, np.nan), where=known.any(0))


def _inner(splits: Sequence[Split], number: int) -> list[Split]:
    """Positions within the training rows of a split: the test rows of each other are left out.

    So are the rows that the other does not train on either, such as those of a guard gap.
    """
    train = splits[number][0]
    found = []
    for i, (others, test) in enumerate(splits):
        kept, left_out = np.isin(train, others) & ~np.isin(train, test), np.isin(train, test)
        if i != number and left_out.any() and kept.any():
            found.append((np.flatnonzero(kept), np.flatnonzero(left_out)))
    return found


def _limit(sizes: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Fit ``v0 (1 - exp(-q / tau))``; NaN where it does not settle."""

    def curve(q: np.ndarray, v0: float, tau: float) -> np.ndarray:
        return v0 * (1 - np.exp(-q / tau))

    try:
        (v0, tau), _ = curve_fit(
            curve, sizes, values, p0=(max(values[-1], 1e-3), 1.0),
            bounds=([-np.inf, 1e-3], [np.inf, 1e3]),
        )  # fmt: skip
    except RuntimeError:
        return float("nan"), float("nan")
    return float(v0), float(tau)


def _check(
    brains: Sequence[np.ndarray],
    others: Sequence[int],
    splits: Sequence[Split],
    alphas: Sequence[float],
) -> None:
    n_rows = {len(one) for one in brains}
    if len(n_rows) != 1:
        raise DataError(
            f"cross_subject: brains of {sorted(n_rows)} rows. Give the rows that all people saw, "
            "in one order."
        )
    if not others:
        raise DataError("cross_subject: there is nobody else to tell from. 2 people are the least.")
    if not splits:
        raise DataError("cross_subject: there is no split. Give those of the models.")
    if len(alphas) > 1 and any(not _inner(splits, i) for i in range(len(splits))):
        raise DataError(
            "cross_subject: a penalty is chosen on the test rows of other splits, and there are "
            "none among the training rows. Give two splits or more, or one penalty."
        )
