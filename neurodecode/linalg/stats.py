"""Intervals of means and effects, tests of paired differences, corrections for several tests."""

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import integrate, optimize, special, stats

Alternative = Literal["two-sided", "greater", "less"]
LEVEL = 0.95
MIN_FOR_BOOTSTRAP = 20
MAX_EXACT = 20  # differences of which all sign flips are looked at: a million sums, in 10 ms
_ROUNDING = 1e-12  # of the sum of sizes: sums that are nearer are equal but for rounding


def mean_interval(values: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """Interval of a mean over units: Student t below 20 values, bootstrap from there on.

    Parameters
    ----------
    values : ndarray, shape (n,)
        One a unit, such as a subject.
    level : float

    Returns
    -------
    low, high : float
        NaN where there are fewer than two values.

    Notes
    -----
    A percentile bootstrap of four values covers .81 where it says .95; Student t keeps its level.
    """
    if len(values) < 2:
        return float("nan"), float("nan")
    if len(values) < MIN_FOR_BOOTSTRAP:
        return student_interval(values, level)
    return bca_interval(values, level)


def student_interval(values: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """Student t interval of a mean.

    Parameters
    ----------
    values : ndarray, shape (n,), n > 1
    level : float

    Returns
    -------
    low, high : float
    """
    half = stats.t.ppf((1 + level) / 2, len(values) - 1) * np.std(values, ddof=1)
    half /= np.sqrt(len(values))
    return float(np.mean(values) - half), float(np.mean(values) + half)


def bca_interval(
    values: np.ndarray, level: float = LEVEL, seed: int = 0, n_draws: int = 9999
) -> tuple[float, float]:
    """Bias-corrected and accelerated bootstrap interval of a mean.

    Parameters
    ----------
    values : ndarray, shape (n,), n > 1
    level : float
    seed : int
    n_draws : int

    Returns
    -------
    low, high : float

    References
    ----------
    Efron 1987, doi 10.1080/01621459.1987.10478410.
    """
    # Equal but for rounding: the acceleration would be 0/0.
    if _equal(values):
        return float(values[0]), float(values[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        found = stats.bootstrap(
            (np.asarray(values),),
            np.mean,
            confidence_level=level,
            n_resamples=n_draws,
            method="BCa",
            rng=np.random.default_rng(seed),
        ).confidence_interval
    return float(found.low), float(found.high)


def percentile_interval(values: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """Both ends of the central part of bootstrap values; NaN where none is a number."""
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return float("nan"), float("nan")
    tail = 50 * (1 - level)
    return float(np.percentile(values, tail)), float(np.percentile(values, 100 - tail))


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


def cohen_dz(differences: np.ndarray) -> float:
    """Give the mean of paired differences in their own standard deviations; NaN without spread.

    References
    ----------
    Cohen 1988, Statistical Power Analysis, section 2.3.5; Lakens 2013, doi
    10.3389/fpsyg.2013.00863, equation 6.
    """
    if len(differences) < 2 or _equal(differences):
        return float("nan")
    return float(np.mean(differences) / np.std(differences, ddof=1))


def dz_interval(differences: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """Give an interval of `cohen_dz` from the noncentral t distribution; NaN without spread.

    Its ends are those effects under which a t as high, or as low, as the one found comes up with
    probability ``(1 - level) / 2``. It supposes differences that are normally distributed.

    Parameters
    ----------
    differences : ndarray, shape (n,)
    level : float

    Returns
    -------
    low, high : float

    References
    ----------
    Cumming & Finch 2001, doi 10.1177/0013164401614002.
    """
    d = cohen_dz(differences)
    if np.isnan(d):
        return d, d
    n = len(differences)
    tail = (1 - level) / 2
    low, high = (_noncentrality(d * np.sqrt(n), n - 1, p) for p in (1 - tail, tail))
    return float(low / np.sqrt(n)), float(high / np.sqrt(n))


def _noncentrality(t: float, freedom: int, probability: float) -> float:
    """Noncentrality at which a noncentral t is below `t` with the probability."""
    # Integrated over the s.d. of the sample, which goes like the root of a chi square, because
    # scipy's nct.cdf is NaN for some large t of few differences.
    half = freedom / 2
    ends = np.sqrt(stats.chi2.ppf((1e-12, 1 - 1e-12), freedom) / freedom)
    constant = np.log(2) + half * np.log(half) - special.gammaln(half)

    def density(sd: float, nc: float) -> float:
        chi = np.exp(constant + (freedom - 1) * np.log(sd) - half * sd**2)
        return float(special.ndtr(t * sd - nc) * chi)

    def excess(nc: float) -> float:
        step = np.clip(nc / t, *ends) if t else ends[0]  # where the normal part rises
        parts = ((ends[0], step), (step, ends[1]))
        below = [integrate.quad(density, *part, args=(nc,))[0] for part in parts]
        return sum(below) - probability

    width = 4 * np.sqrt(1 + t**2 / freedom)
    low, high = t - width, t + width
    while excess(low) < 0:
        low -= width
    while excess(high) > 0:
        high += width
    return float(optimize.brentq(excess, low, high))  # pyright: ignore[reportArgumentType] (no full_output)


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


def _equal(values: np.ndarray) -> bool:
    """Whether values are equal but for rounding."""
    return bool(np.ptp(values) <= _ROUNDING * np.max(np.abs(values)))
