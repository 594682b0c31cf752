import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from neurodecode.linalg.permutation import (
    MAX_EXACT,
    benjamini_hochberg,
    holm,
    max_statistic_p,
    sign_flip_maps,
    sign_flip_test,
    wilcoxon_test,
)

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


def test_many_differences_agree_with_the_normal_p():
    values = np.random.default_rng(1).normal(0.25, 1.0, 60)
    z = values.mean() / np.sqrt(np.mean(values**2) / 60)
    assert sign_flip_test(values, "greater").p == pytest.approx(stats.norm.sf(z), abs=0.01)


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


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_flips_of_whole_maps_are_flips_of_each_value(alternative):
    rng = np.random.default_rng(0)
    values = rng.normal(0.4, 1, size=(7, 30)) * np.exp(rng.normal(size=30))
    found = sign_flip_maps(values, alternative)
    alone = [sign_flip_test(one, alternative) for one in values.T]
    np.testing.assert_allclose(found.p, [one.p for one in alone], atol=1e-12)
    assert (found.exact, found.n_flips) == (True, 2**7)
    np.testing.assert_allclose(found.t, stats.ttest_1samp(values, 0)[0], atol=1e-10)
    # By hand: t of every pattern, and the largest of each.
    signs = np.array(np.meshgrid(*[[1, -1]] * 7)).reshape(7, -1)
    t = np.asarray(stats.ttest_1samp(values[:, :, None] * signs[:, None], 0)[0])
    turn = {"greater": t, "less": -t, "two-sided": np.abs(t)}[alternative]
    by_largest = (turn.max(axis=0) >= turn[:, 0][:, None] - 1e-9).mean(axis=1)
    np.testing.assert_allclose(found.p_max, by_largest, atol=1e-12)


def test_drawn_flips_of_maps_count_the_one_that_was_found():
    values = np.abs(np.random.default_rng(0).normal(size=(16, 5))) + 1
    values[:, 2] = 0.3  # no spread, no t
    found = sign_flip_maps(values, n_draws=99)
    assert (found.exact, found.n_flips) == (False, 100)
    kept = [0, 1, 3, 4]
    np.testing.assert_allclose(found.p[kept], 0.01)
    np.testing.assert_allclose(found.p_max[kept], 0.01)
    assert np.isnan([found.t[2], found.p[2], found.p_max[2]]).all()


def test_the_largest_of_null_maps_is_significant_as_rarely_as_said():
    rng = np.random.default_rng(3)
    smallest = [
        sign_flip_maps(rng.normal(size=(8, 40)), n_draws=255).p_max.min() for _ in range(200)
    ]
    # At .05 each, 10 of 200 are expected; more than 19 come up once in 500.
    assert 2 <= np.sum(np.array(smallest) <= 0.05) <= 19


def test_correction_by_the_largest_by_hand():
    p = max_statistic_p(np.array([3.0, 1.5, np.nan, -9.0]), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(p, [2 / 4, 3 / 4, np.nan, 1])
