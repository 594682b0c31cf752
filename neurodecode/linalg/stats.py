"""Intervals of means and of effects, and t tests."""

import warnings

import numpy as np
from scipy import integrate, optimize, special, stats

from neurodecode.linalg.permutation import Alternative

LEVEL = 0.95
MIN_FOR_BOOTSTRAP = 20
_CHANCE = 4.0  # standard errors by which the mean of draws may be off by chance
_ROUNDING = 1e-12  # of the largest size: nearer values are equal but for rounding


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


def mean_correlation_interval(values: np.ndarray) -> tuple[float, float]:
    """Interval of a mean of correlations over units, within -1 to 1.

    Parameters
    ----------
    values : ndarray, shape (n,)

    Returns
    -------
    low, high : float
        As of `mean_interval`; that of Student's t by `within_one`.
    """
    low, high = mean_interval(values)
    if len(values) < 2 or len(values) >= MIN_FOR_BOOTSTRAP:
        return low, high
    ends = within_one(np.mean(values), (high - low) / 2)
    return float(ends[0]), float(ends[1])


def within_one(mean: np.ndarray | np.floating, half: np.ndarray | float) -> np.ndarray:
    """Bend an interval that is symmetric about a correlation, so that it ends within -1 to 1.

    Parameters
    ----------
    mean : ndarray, shape (...,)
    half : ndarray, shape (...,)
        Half the width of the symmetric interval.

    Returns
    -------
    ends : ndarray, shape (..., 2)
        Symmetric in Fisher's z, where it is ``half / (1 - mean²)`` wide to each side (the delta
        method); the mean alone where that is 1 or -1.

    Notes
    -----
    Of four people whose z have a mean of 1.2 and a spread of .5, plain t covers .875 where it says
    .95, and .60 of its ends are above 1; bent so, it covers .92.

    References
    ----------
    Fisher 1921, "On the probable error of a coefficient of correlation", Metron 1.
    """
    room = 1 - np.square(mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        z, width = np.arctanh(mean), half / room
        ends = np.tanh(np.stack([z - width, z + width], axis=-1))
    return np.where(room[..., None] > 0, ends, np.stack([mean, mean], axis=-1))


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
    if all_equal(values):
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


def unbiased_interval(
    values: np.ndarray, found: float, level: float = LEVEL
) -> tuple[float, float]:
    """Give the central part of bootstrap values, less what drawing alone does to a score.

    A score that is no mean over rows is another one on drawn rows: their variance is smaller, and
    `r2` about it lower. What the mean of the draws is off by, beyond four of its standard errors,
    is taken off; of a score that is a mean, nothing is. Where the median is off by less, or the
    interval would not hold the score, what the median is off by is taken off: draws of next to no
    variance, whose `r2` lies far below all others, then carry the mean and its error.

    Parameters
    ----------
    values : ndarray, shape (n_draws,)
        NaN where a draw has none.
    found : float
        Score of the rows themselves.
    level : float

    Returns
    -------
    low, high : float

    References
    ----------
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 10.2.
    """
    values = values[np.isfinite(values)]
    low, high = percentile_interval(values, level)
    if len(values) < 2:
        return low, high
    bias, of_middle = float(np.mean(values)) - found, float(np.median(values)) - found
    if abs(bias) <= _CHANCE * np.std(values) / np.sqrt(len(values)):
        bias = 0.0
    if abs(of_middle) < abs(bias) or not low - bias <= found <= high - bias:
        bias = of_middle
    return low - bias, high - bias


def cohen_dz(differences: np.ndarray) -> float:
    """Give the mean of paired differences in their own standard deviations; NaN without spread.

    References
    ----------
    Cohen 1988, Statistical Power Analysis, section 2.3.5; Lakens 2013, doi
    10.3389/fpsyg.2013.00863, equation 6.
    """
    if len(differences) < 2 or all_equal(differences):
        return float("nan")
    return float(np.mean(differences) / np.std(differences, ddof=1))


def corrected_t_test(
    differences: np.ndarray, inflation: float, alternative: Alternative = "two-sided"
) -> float:
    """Give p of a paired t test whose mean varies more than independent differences tell.

    Parameters
    ----------
    differences : ndarray, shape (n,), n > 1
        Where all are zero, p is 1.
    inflation : float
        Variance of the mean, as a multiple of what the spread of the differences tells; 1: the
        paired t test.
    alternative : {"two-sided", "greater", "less"}

    Returns
    -------
    p : float
        NaN where all are equal and not zero, or the inflation is infinite: there is no t.

    References
    ----------
    Nadeau & Bengio 2003, doi 10.1023/A:1024068626366, section 3.
    """
    if not np.any(differences):
        return 1.0
    if all_equal(differences) or not np.isfinite(inflation):
        return float("nan")
    n = len(differences)
    t = np.mean(differences) / (np.sqrt(inflation / n) * np.std(differences, ddof=1))
    greater, less = (float(stats.t.sf(one, n - 1)) for one in (t, -t))
    return {"greater": greater, "less": less, "two-sided": 2 * min(greater, less)}[alternative]


def dz_interval(
    differences: np.ndarray, inflation: float = 1.0, level: float = LEVEL
) -> tuple[float, float]:
    """Give an interval of `cohen_dz` from the noncentral t distribution; NaN without spread.

    Its ends are those effects under which a t as high, or as low, as the one found comes up with
    probability ``(1 - level) / 2``. It supposes differences that are normally distributed.

    Parameters
    ----------
    differences : ndarray, shape (n,)
    inflation : float
        As in `corrected_t_test`.
    level : float

    Returns
    -------
    low, high : float

    References
    ----------
    Cumming & Finch 2001, doi 10.1177/0013164401614002.
    """
    d = cohen_dz(differences)
    if np.isnan(d) or not np.isfinite(inflation):
        return float("nan"), float("nan")
    freedom, root = len(differences) - 1, np.sqrt(len(differences) / inflation)
    tail = (1 - level) / 2
    low, high = (_noncentrality(d * root, freedom, p) for p in (1 - tail, tail))
    return float(low / root), float(high / root)


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


def all_equal(values: np.ndarray) -> bool:
    """Whether values, shape (n,), are equal but for rounding; none are."""
    if len(values) == 0:
        return True
    return bool(np.ptp(values) <= _ROUNDING * np.max(np.abs(values)))
