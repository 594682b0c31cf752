import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from neurodecode.linalg.stats import (
    MAX_EXACT,
    MIN_FOR_BOOTSTRAP,
    bca_interval,
    benjamini_hochberg,
    cohen_dz,
    dz_interval,
    holm,
    mean_interval,
    percentile_interval,
    sign_flip_test,
    student_interval,
    wilcoxon_test,
)

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


ALTERNATIVES = ["two-sided", "greater", "less"]
DIFFERENCES = st.lists(st.integers(-4, 6).map(float), min_size=2, max_size=9).map(np.array)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@given(differences=DIFFERENCES)
def test_the_exact_sign_flip_test_is_scipys(alternative, differences):
    expected = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", alternative=alternative
    )
    found = sign_flip_test(differences, alternative)
    # scipy doubles the smaller tail; that is the share of both, as the null is symmetric.
    assert found.p == pytest.approx(expected.pvalue, abs=1e-12)
    assert found.exact
    assert found.n_flips == 2 ** len(differences)
    assert found.smallest <= found.p or found.p == pytest.approx(found.smallest)


def test_the_sign_flip_test_by_hand():
    # Of the 8 patterns of (1, 2, 3) one has the sum 6, and one -6.
    found = sign_flip_test(np.array([1.0, 2.0, 3.0]))
    assert (found.p, found.smallest) == (0.25, 0.25)
    assert sign_flip_test(np.array([1.0, 2.0, 3.0]), "greater").p == 1 / 8
    assert sign_flip_test(np.array([1.0, 2.0, 3.0]), "less").p == 1
    # -1 + 2 + 3 = 4 is reached by 6, 4 and, from below, -6, -4.
    assert sign_flip_test(np.array([-1.0, 2.0, 3.0])).p == 0.5
    assert sign_flip_test(np.zeros(5)).p == 1
    assert sign_flip_test(np.array([0.3])).p == 1


def test_ties_that_rounding_breaks_are_ties():
    # .1 + .2 - .3 is 5.6e-17: every pattern that gives it, or its mirror image, is as far out.
    found = sign_flip_test(np.array([0.1, 0.2, -0.3]))
    assert found.p == 1


def test_drawn_sign_flips_come_near_to_all_of_them():
    differences = np.random.default_rng(1).normal(0.4, 1, size=MAX_EXACT)
    exact = sign_flip_test(differences)
    drawn = sign_flip_test(np.append(differences, 0.0), seed=3)  # a zero changes no sum
    assert exact.exact
    assert not drawn.exact
    assert drawn.smallest == 1 / 10_000
    assert abs(drawn.p - exact.p) < 4 * np.sqrt(exact.p * (1 - exact.p) / 9999)
    assert sign_flip_test(np.append(differences, 0.0), seed=3) == drawn
    assert sign_flip_test(np.append(differences, 0.0), seed=4) != drawn


@pytest.mark.parametrize("n", [8, 25])
def test_sign_flips_reject_a_true_null_as_often_as_they_say(n):
    rng, n_sets = np.random.default_rng(n), 2000 if n == 8 else 300
    skewed = rng.laplace(size=(n_sets, n))  # symmetric, and far from normal
    p = np.array([sign_flip_test(one, n_draws=999).p for one in skewed])
    sd = np.sqrt(0.05 * 0.95 / n_sets)
    assert abs(np.mean(p <= 0.05) - 0.05) < 4 * sd


def test_sign_flips_have_the_power_of_the_t_test():
    rng, n_sets = np.random.default_rng(2), 1000
    samples = rng.normal(0.8, 1, size=(n_sets, 12))
    flipped = np.mean([sign_flip_test(one).p <= 0.05 for one in samples])
    # The t test's power for d = .8 and n = 12, from the noncentral t distribution: .71.
    limit = stats.t.ppf(0.975, 11)
    power = stats.nct.sf(limit, 11, 0.8 * np.sqrt(12)) + stats.nct.cdf(
        -limit, 11, 0.8 * np.sqrt(12)
    )
    assert power == pytest.approx(0.71, abs=0.01)
    assert abs(flipped - power) < 4 * np.sqrt(power * (1 - power) / n_sets)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@settings(max_examples=30, deadline=None)
@given(differences=DIFFERENCES)
def test_wilcoxon_is_scipys(alternative, differences):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = stats.wilcoxon(differences, alternative=alternative).pvalue
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = wilcoxon_test(differences, alternative)
    assert found == (expected if np.any(differences) else 1)


def test_differences_equal_but_for_rounding_are_ties_to_wilcoxon():
    right = np.array([[20, 22, 18, 24, 21, 19], [18, 19, 18, 20, 20, 17]])
    shares = right[0] / 24 - right[1] / 24
    assert len(set(shares)) > len(set(right[0] - right[1]))
    assert wilcoxon_test(shares) == stats.wilcoxon(right[0] - right[1]).pvalue


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


def test_corrections_by_hand():
    p = np.array([0.04, 0.01, 0.03])
    # Holm: .01 × 3, .03 × 2, and .04 × 1 raised to the one before it.
    assert holm(p) == pytest.approx([0.06, 0.03, 0.06])
    # Benjamini-Hochberg: .01 × 3, .03 × 3 / 2 lowered to .04 × 1.
    assert benjamini_hochberg(p) == pytest.approx([0.04, 0.03, 0.04])
    assert holm(np.array([0.5, 0.9])).tolist() == [1, 1]
    assert holm(np.array([0.2])).tolist() == benjamini_hochberg(np.array([0.2])).tolist() == [0.2]
    assert len(holm(np.zeros(0))) == len(benjamini_hochberg(np.zeros(0))) == 0


@settings(deadline=None)  # importing statsmodels takes seconds
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12).map(np.array))
def test_corrections_are_statsmodels(p):
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    for ours, method in ((holm, "holm"), (benjamini_hochberg, "fdr_bh")):
        expected = multitest.multipletests(p, method=method)[1]
        assert ours(p) == pytest.approx(expected, rel=1e-12, abs=1e-15)
