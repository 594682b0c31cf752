"""Tests of paired differences: over units, or over the test trials where there is one unit."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodecode.harness.dependence import interval_over, over_spread
from neurodecode.harness.paired_bootstrap import bootstrap_p
from neurodecode.linalg.permutation import Alternative, sign_flip_test, wilcoxon_test
from neurodecode.linalg.stats import (
    all_equal,
    cohen_dz,
    corrected_t_test,
    dz_interval,
    percentile_interval,
)

Test = Literal["auto", "sign_flip", "wilcoxon", "corrected_t"]
TESTS: tuple[Test, ...] = ("auto", "sign_flip", "wilcoxon", "corrected_t")
_ALPHA = 0.05  # a test that can give no smaller p says so
_NAN = float("nan")


@dataclass(frozen=True)
class Outcome:
    """What a test of paired differences gives, called as in a comparison.

    Parameters
    ----------
    p, ci_low, ci_high : float
    test : str
        Which it is, of what.
    flags : tuple of str
    dz, dz_low, dz_high : float
        NaN over trials.
    """

    p: float
    ci_low: float
    ci_high: float
    test: str
    flags: tuple[str, ...] = ()
    dz: float = _NAN
    dz_low: float = _NAN
    dz_high: float = _NAN


def over_units(
    differences: np.ndarray,
    unit: str,
    inflation: float,
    test: Test,
    alternative: Alternative,
    repeats: float = 1,
) -> Outcome:
    """Test the differences of two models over several units.

    Parameters
    ----------
    differences : ndarray, shape (n_units,)
    unit : str
        What a unit is called.
    inflation : float
        Variance of a mean over units as a multiple of that of independent ones, as
        `neurodecode.harness.dependence.inflations` gives.
    test : {"auto", "sign_flip", "wilcoxon", "corrected_t"}
        ``auto``: sign flips of independent units, else the corrected t test.
    alternative : {"two-sided", "greater", "less"}
    repeats : float
        How many times each row is tested among the units; it is part of the inflation.

    Returns
    -------
    outcome : Outcome
        The interval, and that of d_z, are as wide as the inflation asks, whatever the test. Where
        the spread of the differences tells nothing, a flag says why there is none.
    """
    if test == "auto":
        test = "corrected_t" if inflation > 1 else "sign_flip"
    flags = []
    if test in ("sign_flip", "wilcoxon") and inflation > 1:
        flags.append(f"{unit}s train each other's models, taken as independent")
    elif unit == "session" or (unit == "fold" and inflation == 1):
        flags.append(f"units are {unit}s, taken as independent")
    factor = over_spread(inflation, len(differences), repeats)
    low, high = interval_over(differences, inflation, repeats)
    if np.isnan(low):
        alike = "all differences are equal"
        flags.append(f"no interval: {alike if np.isfinite(factor) else f'{unit}s share too much'}")
    over = f"over {len(differences)} {unit}s"
    if test == "wilcoxon":
        p, said = wilcoxon_test(differences, alternative), f"Wilcoxon signed-rank test {over}"
    elif test == "corrected_t":
        p = corrected_t_test(differences, factor, alternative)
        how = f", their variance times {factor:.3g}" if 1 < factor < np.inf else ""
        said = f"t test {over}{how}"
    else:
        flips = sign_flip_test(differences, alternative)
        which = f"all {flips.n_flips}" if flips.exact else f"{flips.n_flips} drawn"
        p, said = flips.p, f"sign-flip test {over}, {which} flips"
        if flips.smallest > _ALPHA:
            flags.append(f"p cannot be below {flips.smallest:.3g}")
    dz_low, dz_high = dz_interval(differences, factor)
    return Outcome(
        p,
        low,
        high,
        f"{alternative} {said}",
        tuple(flags),
        cohen_dz(differences),
        dz_low,
        dz_high,
    )


def over_trials(
    drawn: np.ndarray, difference: float, inflation: float, trials: str, alternative: Alternative
) -> Outcome:
    """Test the difference of two models that were tested on one unit.

    Parameters
    ----------
    drawn : ndarray, shape (n_draws,)
        Difference in each draw of the test trials.
    difference : float
        That of the trials as they are.
    inflation : float
        Variance of a mean over trials as a multiple of that of independent ones.
    trials : str
        What was drawn.
    alternative : {"two-sided", "greater", "less"}

    Returns
    -------
    outcome : Outcome
        Draws vary about the difference as the inflation asks.
    """
    spread = difference + np.sqrt(inflation) * (drawn - difference)
    low, high = percentile_interval(spread)
    said = f"{alternative} paired bootstrap of {trials}, {len(drawn)} draws"
    if inflation > 1:
        said += f", their variance times {inflation:.3g}"
    flags = ("test-set only",)
    if all_equal(drawn[np.isfinite(drawn)]):  # as of two models that answer alike
        low, high, flags = _NAN, _NAN, (*flags, "no interval: all draws are equal")
    return Outcome(bootstrap_p(spread, alternative), low, high, said, flags)
