"""Scores of series, against scipy."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from neurodecode.core.errors import DataError
from neurodecode.metrics.series import r_over_time


def test_it_is_the_mean_of_pearson_s_r_over_windows_and_targets():
    rng = np.random.default_rng(0)
    true, pred = rng.normal(size=(2, 5, 3, 40))
    both = zip(true.reshape(15, 40), pred.reshape(15, 40), strict=True)
    each = [pearsonr(a, b).statistic for a, b in both]
    assert r_over_time(true, pred) == pytest.approx(np.mean(each), rel=1e-12)
    # Where a series stands and how large it is are nothing that a correlation knows.
    assert r_over_time(true, 1e-6 * true + 3) == pytest.approx(1)


def test_what_does_not_vary():
    rng = np.random.default_rng(0)
    true = rng.normal(size=(2, 1, 40))
    true[1] = 7.0
    assert r_over_time(true, true) == pytest.approx(1)  # the second window tells nothing
    said = rng.normal(size=(2, 1, 40))
    said[0] = 1.0
    assert r_over_time(true, said) == 0
    with pytest.raises(DataError, match="constant in every window"):
        r_over_time(np.ones((2, 1, 40)), said)
    with pytest.raises(DataError, match=r"shape \(2, 1, 30\) for truth of shape \(2, 1, 40\)"):
        r_over_time(true, said[..., :30])


def test_other_kinds_of_target_are_refused_in_words():
    said = r_over_time.evaluate(
        np.zeros((4, 2)), np.zeros((4, 2)), scores=None, score_kind="", kind="vector"
    )
    assert said == "r_over_time judges series, and the target is a vector"
