"""`Ceiling`: how well a perfect model could do, with its unit, and what may be divided by it."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from neurodecode.core.errors import DataError

Unit = Literal["r2", "r", "reliability", "snr"]
Of = Literal["single", "mean_k"]
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Ceiling:
    """The most that a model can reach against noisy data, one value a target.

    Parameters
    ----------
    value : ndarray, shape (n_targets,)
        Not clipped: an estimate may be negative. NaN of a target that has none.
    unit : {"r2", "r", "reliability", "snr"}
        ``reliability``: share of the variance that is signal; it bounds r squared and R², as
        ``r2`` does. ``r``: its root, which bounds a correlation. ``snr``: standard deviation of the
        signal over that of the noise.
    of : {"single", "mean_k"}
        Whether what is predicted is one repeat, or the mean of `n_repeats`.
    per : str
        What a value is of.
    n_repeats : float
        Repeats in the mean; 1 of ``single``. Where stimuli were repeated unequally often, the
        harmonic mean of how often.

    Raises
    ------
    DataError
        If a value is above 1 in a unit that ends there (percent, perhaps), or `of` and
        `n_repeats` contradict each other.
    """

    value: np.ndarray
    unit: Unit
    of: Of
    per: str = "target"
    n_repeats: float = 1.0

    def __post_init__(self):
        value = np.atleast_1d(np.asarray(self.value, dtype=np.float64))
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "n_repeats", float(self.n_repeats))
        if self.unit != "snr" and np.nanmax(value, initial=0.0) > 1 + _ROUNDING:
            raise DataError(
                f"a ceiling of {np.nanmax(value):.3g} in the unit {self.unit}, which ends at 1. Is "
                "it in percent? Divide by 100."
            )
        if not self.n_repeats >= 1 or (self.of == "single" and self.n_repeats != 1):
            raise DataError(
                f"a ceiling of: {self.of} with n_repeats {self.n_repeats:g}. A single repeat is 1, "
                "a mean of k is of 1 or more."
            )

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        mean = f", mean {np.nanmean(self.value):.3f}" if np.isfinite(self.value).any() else ""
        of = "one repeat" if self.of == "single" else f"the mean of {self.n_repeats:g}"
        return f"Ceiling({len(self)} × {self.per} in {self.unit}, of {of}{mean})"


def spearman_brown(reliability: np.ndarray, times: float | np.ndarray) -> np.ndarray:
    """Reliability of the mean of `times` as many repeats.

    Parameters
    ----------
    reliability : ndarray
    times : float or ndarray
        Below 1 for fewer repeats.

    Returns
    -------
    reliability : ndarray
        ``m r / (1 + (m - 1) r)``; NaN beyond the pole, where no reliability gives that one.

    References
    ----------
    Spearman 1910, doi 10.1111/j.2044-8295.1910.tb00206.x; Brown 1910,
    doi 10.1111/j.2044-8295.1910.tb00207.x.
    """
    reliability = np.asarray(reliability, dtype=np.float64)
    below = 1 + (times - 1) * reliability
    return np.divide(
        times * reliability, below, out=np.full(np.shape(below), np.nan), where=below > 0
    )


def for_mean_of(ceiling: Ceiling, n_repeats: float) -> Ceiling:
    """Give the ceiling of the mean of another number of repeats; of 1, that of a single one.

    Parameters
    ----------
    ceiling : Ceiling
        In any unit but ``snr`` of a mean, which is the signal's over that of averaged noise too.
    n_repeats : float

    Returns
    -------
    ceiling : Ceiling
        In the same unit.
    """
    times = n_repeats / ceiling.n_repeats
    if ceiling.unit == "snr":
        value = ceiling.value * np.sqrt(times)
    elif ceiling.unit == "r":
        value = np.sqrt(spearman_brown(ceiling.value**2, times))
    else:
        value = spearman_brown(ceiling.value, times)
    of: Of = "single" if n_repeats == 1 else "mean_k"
    return replace(ceiling, value=value, of=of, n_repeats=n_repeats)


def as_reliability(ceiling: Ceiling) -> Ceiling:
    """Give a ceiling as the share of variance that is signal: what bounds r squared and R².

    An r is squared; of an snr it is ``snr² / (snr² + 1)``, whatever it is the snr of.
    """
    value = ceiling.value
    if ceiling.unit == "r":
        value = value**2
    elif ceiling.unit == "snr":
        value = value**2 / (value**2 + 1)
    return replace(ceiling, value=value, unit="reliability")


def as_r(ceiling: Ceiling) -> Ceiling:
    """Give a ceiling as the largest correlation: the root of the reliability.

    A reliability below zero, which chance alone made, has no root: such targets become NaN.
    """
    if ceiling.unit == "r":
        return ceiling
    value = as_reliability(ceiling).value
    root = np.sqrt(value, out=np.full(value.shape, np.nan), where=value >= 0)
    return replace(ceiling, value=root, unit="r")


def normalise(
    score: np.ndarray,
    ceiling: Ceiling,
    *,
    unit: Literal["r", "r2"],
    n_repeats: float = 1,
    clip: Literal["", "algonauts"] = "",
) -> np.ndarray:
    """Divide each target's score by its ceiling, in the same unit and of as many repeats.

    Parameters
    ----------
    score : ndarray, shape (n_targets,)
    ceiling : Ceiling
    unit : {"r", "r2"}
        Of the score: a correlation, or a share of variance (R², r squared).
    n_repeats : float
        How many repeats were averaged into what the score was made against.
    clip : {"", "algonauts"}
        ``algonauts``: as the leaderboard of 2023 has it, of scores in r and a ceiling in ``r2``: a
        negative r counts 0, r is squared, a ceiling of 0 becomes 1e-14, and what is above 1 counts
        1. Both cuts bias: use it to compare with that leaderboard alone.

    Returns
    -------
    fraction : ndarray, shape (n_targets,)
        Neither clipped (but as asked) nor averaged: a mean of such ratios is ruled by ceilings near
        zero. See `neurodecode.metrics.of_ceiling.fraction_of_ceiling`.

    Raises
    ------
    DataError
        If an r is to be divided by a share of variance or the other way round, or a ceiling of
        single repeats is to bound a score against their mean.
    """
    score = np.asarray(score, dtype=np.float64)
    if clip == "algonauts":
        if unit != "r":
            raise DataError(f"clip: algonauts squares scores in r, and these are in {unit}.")
        score, unit = np.clip(score, 0, None) ** 2, "r2"
    elif clip:
        raise DataError(f"clip: {clip!r}. Give algonauts, or leave it out: nothing is clipped.")
    check_comparable(ceiling, unit, n_repeats)
    if score.shape != ceiling.value.shape:
        raise DataError(
            f"scores of {score.size} targets and a ceiling of {len(ceiling)}. Give one each."
        )
    if clip:
        return np.clip(score / np.where(ceiling.value == 0, 1e-14, ceiling.value), None, 1)
    return np.divide(
        score, ceiling.value, out=np.full(score.shape, np.nan), where=ceiling.value != 0
    )


def check_comparable(ceiling: Ceiling, unit: str, n_repeats: float) -> None:
    """Refuse a score in another unit, or of another number of repeats, than its ceiling."""
    if unit not in ("r", "r2"):
        raise DataError(f"a score in the unit {unit!r} has no noise ceiling. Give r or r2.")
    bounds = {"r": "r", "r2": "r2", "reliability": "r2", "snr": "neither"}[ceiling.unit]
    if bounds != unit:
        convert = "as_r" if unit == "r" else "as_reliability"
        raise DataError(
            f"a score in {unit} is not divided by a ceiling in {ceiling.unit}: for a model that is "
            f"as good as can be that would not be 1. Convert it by {convert}."
        )
    if not np.isclose(n_repeats, ceiling.n_repeats, rtol=1e-3):
        raise DataError(
            f"a score against the mean of {n_repeats:g} repeats is not divided by a ceiling of "
            f"{ceiling.n_repeats:g}. Convert it by for_mean_of(ceiling, {n_repeats:g})."
        )
