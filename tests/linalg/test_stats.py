import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from neurodecode.linalg.stats import (
    MIN_FOR_BOOTSTRAP,
    bca_interval,
    cohen_dz,
    corrected_t_test,
    dz_interval,
    mean_correlation_interval,
    mean_interval,
    percentile_interval,
    student_interval,
    unbiased_interval,
    within_one,
)

ALTERNATIVES = ("two-sided", "greater", "less")
LEVELS = st.floats(0.5, 0.99)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 40), level=LEVELS)
def test_student_interval_is_scipys(seed, n, level):
    values = np.random.default_rng(seed).normal(3, 2, size=n)
    expected = stats.t.interval(level, n - 1, loc=np.mean(values), scale=stats.sem(values))
    np.testing.assert_allclose(student_interval(values, level), expected, rtol=1e-12, atol=1e-12)


def test_student_interval_by_hand():
    # 1, 2, 3: mean 2, s.d. 1; the .975 quantile of t with 2 degrees of freedom is 4.302653 in
    # every printed table, and 4.302653 / sqrt(3) = 2.484138.
    low, high = student_interval(np.array([1.0, 2.0, 3.0]))
    assert low == pytest.approx(2 - 2.484138, abs=1e-6)
    assert high == pytest.approx(2 + 2.484138, abs=1e-6)


def test_student_interval_covers_as_often_as_it_says():
    n_draws = 4000
    draws = np.random.default_rng(0).normal(size=(n_draws, 5))
    low, high = np.transpose([student_interval(values) for values in draws])
    sd = np.sqrt(0.95 * 0.05 / n_draws)  # of a share of `n_draws` independent hits
    assert abs(np.mean((low < 0) & (high > 0)) - 0.95) < 4 * sd


def test_a_percentile_bootstrap_of_four_values_does_not():
    # Why few subjects get Student t; the .81 stands in the docstring of `mean_interval`.
    n_draws, rng = 2000, np.random.default_rng(0)
    hits = 0
    for values in rng.normal(size=(n_draws, 4)):
        low, high = percentile_interval(rng.choice(values, size=(1000, 4)).mean(axis=1))
        hits += low < 0 < high
    assert abs(hits / n_draws - 0.81) < 4 * np.sqrt(0.81 * 0.19 / n_draws)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_bca_interval_is_scipys(level):
    values = np.random.default_rng(1).exponential(size=30)
    scipys = stats.bootstrap(
        (values,),
        np.mean,
        confidence_level=level,
        n_resamples=9999,
        method="BCa",
        rng=np.random.default_rng(7),
    ).confidence_interval
    assert bca_interval(values, level, seed=7) == (scipys.low, scipys.high)
    low, high = bca_interval(values, level)
    assert high - values.mean() > values.mean() - low  # the long tail's side is the longer one


def test_the_mean_interval_turns_to_the_bootstrap_at_twenty_values():
    values = np.random.default_rng(2).exponential(size=MIN_FOR_BOOTSTRAP)
    assert MIN_FOR_BOOTSTRAP == 20
    assert mean_interval(values) == bca_interval(values)
    assert mean_interval(values[:-1]) == student_interval(values[:-1])


@pytest.mark.parametrize("values", [[], [0.7]])
def test_fewer_than_two_values_have_no_interval(values):
    assert np.isnan(mean_interval(np.array(values))).all()


@pytest.mark.parametrize("n", [2, 19, 20, 50])
def test_equal_values_have_an_interval_of_no_width(n):
    assert mean_interval(np.full(n, 0.1)) == pytest.approx((0.1, 0.1), abs=1e-15)
    assert mean_interval(np.zeros(n)) == (0, 0)


def test_values_equal_but_for_rounding_have_an_interval_too():
    # Jackknife values that all round to the same number make scipy's acceleration 0/0.
    values = np.full(31, 0.5)
    values[-1] = np.nextafter(0.5, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mean_interval(values) == pytest.approx((0.5, 0.5), abs=1e-15)


def test_the_percentile_interval_leaves_out_what_is_no_number():
    # Of 0, 1, … 100 the 2.5th percentile is 2.5, by linear interpolation.
    values = np.array([np.nan, *range(101), np.inf])
    assert percentile_interval(values) == pytest.approx((2.5, 97.5))
    assert percentile_interval(values, level=0.5) == pytest.approx((25, 75))
    assert np.isnan(percentile_interval(np.array([np.nan]))).all()


def test_dz_by_hand():
    # Mean 2, s.d. 1.
    assert cohen_dz(np.array([1.0, 2.0, 3.0])) == 2
    assert np.isnan(cohen_dz(np.array([1.0])))
    assert np.isnan(cohen_dz(np.full(4, 0.1)))
    assert np.isnan(dz_interval(np.full(4, 0.1))).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 60), st.floats(-2, 2), st.integers(0, 2**32 - 1))
def test_the_interval_of_dz_inverts_scipys_noncentral_t(n, effect, seed):
    differences = np.random.default_rng(seed).normal(effect, 1, size=n)
    low, high = dz_interval(differences)
    d, root = cohen_dz(differences), np.sqrt(n)
    assert low < d < high
    for end, tail in ((low, stats.nct.sf), (high, stats.nct.cdf)):
        found = tail(d * root, n - 1, end * root)
        assert np.isnan(found) or found == pytest.approx(0.025, abs=1e-6)  # scipy gives some NaN


def test_the_interval_of_a_large_dz_is_that_of_the_standard_deviation_alone():
    # Where the mean is sure, d / δ is the s.d. over that of the sample: the root of a chi square.
    differences = np.random.default_rng(1).normal(1e6, 1, size=5)
    d = cohen_dz(differences)
    expected = d * np.sqrt(stats.chi2.ppf([0.025, 0.975], 4) / 4)
    assert dz_interval(differences) == pytest.approx(tuple(expected), rel=1e-5)


def test_the_interval_of_dz_is_mirrored():
    differences = np.random.default_rng(0).normal(0.5, 1, size=10)
    low, high = dz_interval(differences)
    assert dz_interval(-differences) == pytest.approx((-high, -low))


def test_the_interval_of_dz_covers_as_often_as_it_says():
    rng, n_sets = np.random.default_rng(5), 400
    hits = 0
    for differences in rng.normal(0.6, 1, size=(n_sets, 9)):
        low, high = dz_interval(differences)
        hits += low < 0.6 < high
    assert abs(hits / n_sets - 0.95) < 4 * np.sqrt(0.95 * 0.05 / n_sets)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(2, 60), st.floats(-2, 2), st.floats(1, 4), st.sampled_from(ALTERNATIVES),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_the_corrected_t_test_is_scipys_of_a_larger_variance(n, effect, inflation, side, seed):
    differences = np.random.default_rng(seed).normal(effect, 1, size=n)
    expected = stats.ttest_1samp(differences, 0, alternative=side)
    plain = corrected_t_test(differences, 1.0, side)
    assert plain == pytest.approx(expected.pvalue, rel=1e-9)
    t = expected.statistic / np.sqrt(inflation)
    tails = {"greater": stats.t.sf(t, n - 1), "less": stats.t.cdf(t, n - 1)}
    tails["two-sided"] = 2 * min(tails.values())
    assert corrected_t_test(differences, inflation, side) == pytest.approx(tails[side], rel=1e-9)


def test_the_corrected_t_test_of_equal_differences():
    assert corrected_t_test(np.zeros(4), 2.0) == 1
    # Without spread there is no t: 0 would be a p of nothing. Also where rounding alone differs.
    assert np.isnan(corrected_t_test(np.full(4, 0.25), 2.0))
    assert np.isnan(corrected_t_test(np.array([0.3 - 0.1, 0.2]), 2.0, "greater"))
    assert np.isnan(corrected_t_test(np.array([0.1, 0.2]), np.inf))
    assert np.isnan(dz_interval(np.array([0.1, 0.2]), np.inf)).all()


def test_the_interval_of_dz_of_an_inflated_variance_agrees_with_the_test():
    # Its end is at zero where p, of one side, is .025.
    differences = np.random.default_rng(3).normal(1.0, 1, size=12)
    found = optimize.brentq(
        lambda v: corrected_t_test(differences, v, "greater") - 0.025, 0.01, 100.0
    )
    assert dz_interval(differences, found)[0] == pytest.approx(0, abs=1e-6)


def test_what_drawing_does_to_a_score_is_taken_off_its_interval():
    rng = np.random.default_rng(0)
    truth, said = rng.normal(size=(2, 60))

    def r2(rows):
        y = truth[rows]
        return 1 - np.sum((y - 0.1 * said[rows]) ** 2) / np.sum((y - y.mean()) ** 2)

    draws = np.array([r2(rng.integers(60, size=60)) for _ in range(1000)])
    found = r2(np.arange(60))
    low, high = unbiased_interval(draws, found)
    assert np.mean(draws) < found  # drawn rows vary less about their own mean
    assert low < found < high
    assert high - low == pytest.approx(np.subtract(*percentile_interval(draws)[::-1]))
    means = np.array([truth[rng.integers(60, size=60)].mean() for _ in range(1000)])
    assert unbiased_interval(means, truth.mean()) == percentile_interval(means)


@pytest.mark.parametrize("far", [-71.0, -500.0])
def test_one_draw_far_below_all_others_does_not_push_the_score_out(far):
    # R² of a fold of eight stimuli: one draw of next to no variance carries mean and error of all.
    draws = np.append(np.random.default_rng(0).normal(0.38, 0.04, size=999), far)
    low, high = unbiased_interval(draws, 0.5)
    assert low < 0.5 < high
    # As wide as 999 normal draws are: 2 · 1.96 · 0.04.
    assert high - low == pytest.approx(0.157, abs=0.02)


def test_intervals_of_correlations_are_symmetric_in_z_and_cover_more():
    """Of four, high ones, plain t covers .88 where it says .95, and ends above 1."""
    rng = np.random.default_rng(0)
    drawn = np.tanh(rng.normal(1.2, 0.5, (20_000, 4)))
    truth = np.tanh(rng.normal(1.2, 0.5, 10**6)).mean()
    mean, half = drawn.mean(1), stats.t.ppf(0.975, 3) * drawn.std(1, ddof=1) / 2
    plain, ends = np.stack([mean - half, mean + half], 1), within_one(mean, half)
    assert mean_correlation_interval(drawn[0]) == pytest.approx(tuple(ends[0]))
    assert np.abs(ends).max() < 1 < plain.max()
    before, covered = (np.mean((e[:, 0] < truth) & (truth < e[:, 1])) for e in (plain, ends))
    # Standard errors of twenty thousand are .002.
    assert before < 0.885 and 0.915 < covered < 0.95


def test_an_interval_at_one_is_there_alone():
    assert within_one(np.array([1.0, -1.0]), np.zeros(2)).tolist() == [[1, 1], [-1, -1]]
    assert np.isnan(within_one(np.array([0.5]), np.array([np.nan]))).all()
    small = within_one(np.array([0.0]), np.array([1e-3]))
    assert small[0] == pytest.approx([-1e-3, 1e-3], rel=1e-5)
