"""Scores of many targets as one fraction of what noise lets be told."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.metrics.ceiling import Ceiling, as_reliability, check_comparable, normalise

THRESHOLD = 0.1  # reliability of what is scored, fixed before anything is looked at


@dataclass(frozen=True)
class Fraction:
    """A score as a fraction of its ceiling, over the targets that have something to be told.

    Parameters
    ----------
    value : float
        NaN where no target is above the threshold.
    score, ceiling : float
        Means over these targets, in the unit of the score.
    n_above, n_targets : int
        Targets above the threshold, of how many.
    threshold : float
        In reliability.
    how : {"ratio_of_sums", "median"}
    """

    value: float
    score: float
    ceiling: float
    n_above: int
    n_targets: int
    threshold: float
    how: str


def fraction_of_ceiling(
    score: np.ndarray,
    ceiling: Ceiling,
    *,
    unit: Literal["r", "r2"],
    n_repeats: float = 1,
    how: Literal["ratio_of_sums", "median"] = "ratio_of_sums",
    threshold: float = THRESHOLD,
    selected_by: Ceiling | None = None,
) -> Fraction:
    """Give the scores of targets as one fraction of their ceilings; nothing is clipped.

    Parameters
    ----------
    score : ndarray, shape (n_targets,)
        NaN of a target that has none.
    ceiling : Ceiling
    unit, n_repeats
        As `neurodecode.metrics.ceiling.normalise` takes them.
    how : {"ratio_of_sums", "median"}
        The sum of scores over the sum of ceilings, or the median of the ratios. A mean of ratios is
        not offered: it is ruled by ceilings near zero.
    threshold : float
        Targets of a larger reliability count.
    selected_by : Ceiling, optional
        By which they are selected: an estimate from other stimuli or repeats. Selected by itself, a
        ceiling is too high over what was selected, since chance helped to select it.

    Returns
    -------
    fraction : Fraction

    Raises
    ------
    DataError
        If units differ, or numbers of repeats.
    """
    score = np.asarray(score, dtype=np.float64)
    ratios = normalise(score, ceiling, unit=unit, n_repeats=n_repeats)
    counted = above(selected_by or ceiling, threshold) & np.isfinite(score)
    counted &= np.isfinite(ceiling.value)
    sums = score[counted].sum(), ceiling.value[counted].sum()
    n_above = int(counted.sum())
    if how == "median":
        value = float(np.median(ratios[counted])) if n_above else float("nan")
    elif how == "ratio_of_sums":
        value = float(sums[0] / sums[1]) if n_above and sums[1] != 0 else float("nan")
    else:
        raise DataError(f"how: {how!r}. Give ratio_of_sums or median.")
    mean = [float(one / n_above) if n_above else float("nan") for one in sums]
    return Fraction(value, mean[0], mean[1], n_above, len(score), threshold, how)


def above(ceiling: Ceiling, threshold: float) -> np.ndarray:
    """Mask of the targets whose reliability is above a threshold, shape (n_targets,)."""
    return np.nan_to_num(as_reliability(ceiling).value, nan=-np.inf) > threshold


def algonauts_score(r: np.ndarray, ceiling: Ceiling, n_repeats: float = 1) -> float:
    """Give the score of the Algonauts 2023 leaderboard: biased, for comparison with it alone.

    Negative correlations count 0 and ratios above 1 count 1, so noise is not averaged out: a model
    that tells nothing scores above zero.

    Parameters
    ----------
    r : ndarray, shape (n_targets,)
        Correlations over test pictures, of all subjects one after the other.
    ceiling : Ceiling
        In ``r2``, as a fraction: their files hold fractions.
    n_repeats : float
        In the mean that r was made against.

    Returns
    -------
    score : float
        Median over targets, of a largest 1 (the leaderboard shows 100).

    References
    ----------
    Gifford et al. 2023, doi 10.48550/arXiv.2301.03198.
    """
    check_comparable(ceiling, "r2", n_repeats)
    return float(np.median(normalise(r, ceiling, unit="r", n_repeats=n_repeats, clip="algonauts")))
