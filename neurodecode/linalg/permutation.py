"""p values from permutations, of labels and of signs, and their correction for several tests."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

Alternative = Literal["two-sided", "greater", "less"]
MAX_EXACT = 20  # differences of which all sign flips are looked at: a million sums, in 10 ms
_ROUNDING = 1e-12  # of the sum of sizes: sums that are nearer are equal but for rounding


def permutation_p(observed: float, drawn: np.ndarray) -> float:
    """Share of draws under the null that are at least as large, the observed one among them.

    Parameters
    ----------
    observed : float
    drawn : ndarray, shape (n_draws,)
        Larger is further from the null.

    Returns
    -------
    p : float
        Never 0: the observed value is one of the permutations.

    References
    ----------
    Phipson & Smyth 2010, doi 10.2202/1544-6115.1585, eq. 2.
    """
    # Draws that differ from the observed value by rounding alone are as large.
    as_large = np.sum(drawn >= observed - 1e-12 * max(1.0, abs(observed)))
    return float((1 + as_large) / (1 + len(drawn)))


@dataclass(frozen=True)
class SignFlips:
    """Outcome of a sign-flip test.

    Parameters
    ----------
    p : float
    n_flips : int
        Sign patterns that were looked at.
    exact : bool
        Whether these are all there are.
    smallest : float
        Smallest p that so many differences, or so many draws, can give.
    """

    p: float
    n_flips: int
    exact: bool
    smallest: float


def sign_flip_test(
    differences: np.ndarray,
    alternative: Alternative = "two-sided",
    seed: int = 0,
    n_draws: int = 9999,
) -> SignFlips:
    """Test whether paired differences lie around zero, by flipping their signs.

    Under the null the two of a pair could have been each other's, so every pattern of signs is as
    likely: p is the share of patterns whose mean is as far out as the one that was found.

    Parameters
    ----------
    differences : ndarray, shape (n,), n > 0
        One a unit, such as a subject.
    alternative : {"two-sided", "greater", "less"}
        Of the mean difference, against zero.
    seed, n_draws : int
        Used above 20 differences, where patterns are drawn and the one found is counted in.

    Returns
    -------
    flips : SignFlips

    References
    ----------
    Fisher 1935, The Design of Experiments, section 21. The drawn p: Phipson & Smyth 2010, doi
    10.2202/1544-6115.1585.
    """
    differences = np.asarray(differences, dtype=np.float64)
    n = len(differences)
    exact = n <= MAX_EXACT
    if exact:
        sums = np.zeros(1)
        for one in np.abs(differences):
            sums = np.concatenate([sums + one, sums - one])
    else:
        rng = np.random.default_rng(seed)
        # One draw at a time: of 10,000 units all patterns at once would take a gigabyte.
        sums = np.array([differences @ rng.choice((-1.0, 1.0), n) for _ in range(n_draws)])
    found = differences.sum()
    if alternative == "two-sided":
        sums, found = np.abs(sums), abs(found)
    elif alternative == "less":
        sums, found = -sums, -found
    as_far = int(np.sum(sums >= found - _ROUNDING * np.abs(differences).sum()))
    if exact:
        sides = 2 if alternative == "two-sided" else 1
        return SignFlips(as_far / len(sums), len(sums), True, min(1.0, sides / len(sums)))
    return SignFlips((1 + as_far) / (1 + n_draws), n_draws, False, 1 / (1 + n_draws))


@dataclass(frozen=True, eq=False)
class SignFlipMaps:
    """Outcome of a sign-flip test of many values a unit, such as the voxels of a map.

    Parameters
    ----------
    t : ndarray, shape (n_values,)
        One-sample t; NaN where all units are equal.
    p : ndarray, shape (n_values,)
        Of each value by itself.
    p_max : ndarray, shape (n_values,)
        Corrected for all values: share of sign patterns whose largest t is as far out.
    n_flips : int
    exact : bool
        Whether these are all patterns there are.
    """

    t: np.ndarray
    p: np.ndarray
    p_max: np.ndarray
    n_flips: int
    exact: bool


def sign_flip_maps(
    values: np.ndarray,
    alternative: Alternative = "greater",
    seed: int = 0,
    n_draws: int = 9999,
) -> SignFlipMaps:
    """Test whether maps of several units lie above zero, whole maps flipped at once.

    Parameters
    ----------
    values : ndarray, shape (n_units, n_values), n_units > 1
        One map a unit, such as a subject: a score less chance, or a difference.
    alternative : {"two-sided", "greater", "less"}
    seed, n_draws : int
        Used where there are more than `n_draws` patterns: these are drawn then, and the one that
        was found is counted in.

    Returns
    -------
    flips : SignFlipMaps

    Notes
    -----
    t instead of the mean, so that values that vary most do not alone decide the maximum.

    References
    ----------
    Nichols & Holmes 2002, doi 10.1002/hbm.1058.
    """
    values = np.asarray(values, dtype=np.float64)
    n, n_values = values.shape
    exact = 2**n <= n_draws + 1
    if exact:
        signs = 1.0 - 2.0 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
    else:
        signs = np.random.default_rng(seed).choice((-1.0, 1.0), (1 + n_draws, n))
        signs[0] = 1
    t, as_far = np.empty(n_values), np.zeros(n_values)
    largest = np.full(len(signs), -np.inf)
    step = max(1, 2**22 // len(signs))
    for first in range(0, n_values, step):
        at = slice(first, first + step)
        mine = values[:, at]
        mean = signs @ mine / n
        equal = np.ptp(mine, axis=0) <= _ROUNDING * np.abs(mine).max(axis=0)
        # Flipping leaves squares as they are: the spread follows from the mean.
        left = np.maximum((mine**2).mean(axis=0) - mean**2, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = mean / np.sqrt(left / (n - 1))
        t[at] = np.where(equal, np.nan, found[0])
        found = {"greater": found, "less": -found, "two-sided": np.abs(found)}[alternative]
        near = found[0] - _ROUNDING * np.maximum(1, np.abs(found[0]))
        as_far[at] = (found >= near).sum(axis=0)
        if not equal.all():
            np.maximum(largest, found[:, ~equal].max(axis=1), out=largest)
    looked = {"greater": t, "less": -t, "two-sided": np.abs(t)}[alternative]
    p = np.where(np.isnan(t), np.nan, as_far / len(signs))
    return SignFlipMaps(t, p, max_statistic_p(looked, largest[1:]), len(signs), exact)


def max_statistic_p(observed: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """Correct p for looking at many values, by the largest of them under the null.

    Parameters
    ----------
    observed : ndarray, shape (n_values,)
        Larger is further from the null; NaN stays.
    largest : ndarray, shape (n_draws,)
        Largest of all values in each draw under the null.

    Returns
    -------
    p : ndarray, shape (n_values,)
        Never 0: what was observed is one of the draws.

    References
    ----------
    Westfall & Young 1993, Resampling-based multiple testing; Nichols & Holmes 2002, doi
    10.1002/hbm.1058.
    """
    near = observed - _ROUNDING * np.maximum(1, np.abs(observed))
    as_large = len(largest) - np.searchsorted(np.sort(largest), near)
    return np.where(np.isnan(observed), np.nan, (1 + as_large) / (1 + len(largest)))


def wilcoxon_test(differences: np.ndarray, alternative: Alternative = "two-sided") -> float:
    """Give p of Wilcoxon's signed-rank test, as `scipy.stats.wilcoxon` does by default.

    Differences that are equal but for rounding are ties, and zeros are left out: shares such as
    20/24 - 18/24 and 22/24 - 20/24 are no equal floats.

    Parameters
    ----------
    differences : ndarray, shape (n,), n > 0
        Where all are zero, p is 1.
    alternative : {"two-sided", "greater", "less"}

    Returns
    -------
    p : float

    References
    ----------
    Wilcoxon 1945, doi 10.2307/3001968.
    """
    if not np.any(differences):
        return 1.0
    ranked = np.round(differences / np.max(np.abs(differences)), 12)
    return float(stats.wilcoxon(ranked, alternative=alternative)[1])  # pyright: ignore[reportArgumentType]


def holm(p: np.ndarray) -> np.ndarray:
    """Adjust p values so that one false rejection among all of them stays as rare as asked.

    Parameters
    ----------
    p : ndarray, shape (n,)

    Returns
    -------
    adjusted : ndarray, shape (n,)

    References
    ----------
    Holm 1979, Scandinavian Journal of Statistics 6, 65-70.
    """
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(np.asarray(p)[order] * np.arange(len(p), 0, -1))
    return _back(np.minimum(stepped, 1), order)


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Adjust p values so that the share of false ones among the rejected stays as low as asked.

    Parameters
    ----------
    p : ndarray, shape (n,)
        Independent, or positively dependent.

    Returns
    -------
    adjusted : ndarray, shape (n,)

    References
    ----------
    Benjamini & Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x.
    """
    order = np.argsort(p, kind="stable")
    steps = np.asarray(p)[order] * len(p) / np.arange(1, len(p) + 1)
    return _back(np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1), order)


def _back(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    placed = np.empty(len(values))
    placed[order] = values
    return placed
