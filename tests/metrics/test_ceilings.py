"""Noise ceilings on repeats of known signal-to-noise, and the units that they are divided in.

Expected figures are those of 200 to 4000 simulated targets, seed 0 unless a test says so, within
three standard errors of the mean over targets. "Published" are the tables of the project's
specification of encoding models, made by a prototype with other draws.
"""

import numpy as np
import pytest

from neurodecode.core.errors import DataError
from neurodecode.metrics.ceiling import (
    Ceiling,
    as_r,
    as_reliability,
    for_mean_of,
    normalise,
    spearman_brown,
)
from neurodecode.metrics.ceilings import (
    anova_nc,
    explainable_variance,
    nc_r2,
    ncsnr_nsd,
    split_half,
)
from neurodecode.metrics.of_ceiling import algonauts_score, fraction_of_ceiling
from neurodecode.metrics.regression import correlations


def repeats(n_stimuli, k, snr, n_targets, seed=0):
    """Repeats whose signal and noise have variances that sum to 1."""
    rng = np.random.default_rng(seed)
    signal, noise = snr / np.hypot(1, snr), 1 / np.hypot(1, snr)
    shown = signal * rng.standard_normal((n_stimuli, n_targets))
    return shown + noise * rng.standard_normal((k, n_stimuli, n_targets))


def standardised(Y):
    return (Y - Y.mean(axis=(0, 1))) / Y.std(axis=(0, 1))


def assert_mean(values, expected, n_errors=3.0):
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    assert abs(np.mean(values) - expected) < n_errors * error, (np.mean(values), error)


# Of the mean of three repeats; snr² / (snr² + 1 / 3).
TRUE = {0.0: 0.0, 0.2: 0.107, 0.5: 0.429}


@pytest.mark.parametrize(
    ("n", "snr", "published"), [(50, 0.0, 0.074), (100, 0.2, 0.113), (100, 0.5, 0.411)]
)
def test_ncsnr_has_the_published_bias(n, snr, published):
    Y = standardised(repeats(n, 3, snr, 2000))
    found = nc_r2(ncsnr_nsd(Y), np.full(n, 3))
    assert (found.unit, found.of, found.n_repeats) == ("r2", "mean_k", pytest.approx(3))
    # The published figure has an error of its own, of about the same size.
    assert_mean(found.value, published, 3 * np.sqrt(2))


def test_of_many_stimuli_ncsnr_is_within_2_thousandths_of_what_it_says():
    for snr in (0.2, 0.5):
        Y = standardised(repeats(1000, 3, snr, 400))
        found = nc_r2(ncsnr_nsd(Y), np.full(1000, 3)).value
        error = np.std(found) / np.sqrt(len(found))
        # An analysis of 1000 stimuli is .4 % low of .429 as well: the total includes the signal.
        assert abs(found.mean() - TRUE[snr]) < 0.004 + 3 * error


@pytest.mark.parametrize(
    ("n", "snr", "published"), [(50, 0.0, -0.037), (100, 0.2, 0.087), (1000, 0.2, 0.106)]
)
def test_the_analysis_of_variance_is_not_clipped(n, snr, published):
    found = anova_nc(repeats(n, 3, snr, 2000 if n < 1000 else 300))
    assert (found.unit, found.of, found.n_repeats) == ("reliability", "mean_k", 3)
    assert_mean(found.value, published, 3 * np.sqrt(2))
    if snr == 0:
        assert np.mean(found.value < 0) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(("true", "published"), [(0.0385, 0.0374), (0.2, 0.1991), (0.5, 0.4965)])
def test_corrected_explainable_variance_is_of_one_repeat_and_nearly_unbiased(true, published):
    Y = repeats(100, 3, np.sqrt(true / (1 - true)), 2000)
    found = explainable_variance(Y)
    assert (found.unit, found.of, found.n_repeats) == ("r2", "single", 1)
    assert_mean(found.value, published, 3 * np.sqrt(2))
    of_three = for_mean_of(found, 3).value
    np.testing.assert_allclose(of_three, 3 * found.value / (1 + 2 * found.value))


def test_without_correction_noise_explains_one_over_the_number_of_repeats():
    found = explainable_variance(repeats(200, 4, 0, 500), corrected=False)
    assert_mean(found.value, 1 / 4)


def test_a_drift_that_runs_share_counts_as_signal():
    # As published: .198 for half a cosine of the variance that this one has, 300 samples, k = 3.
    t = np.linspace(0, np.pi, 300)
    drift = np.cos(t)[:, None] * np.sqrt(0.5)
    found = explainable_variance(repeats(300, 3, 0, 500) + drift)
    assert_mean(found.value, 0.2, 5)


def test_correlations_are_averaged_before_they_are_stepped_up():
    Y = repeats(100, 3, 0.2, 2000)
    found = split_half(Y, "all")
    assert (found.unit, found.of, found.n_repeats) == ("reliability", "mean_k", 3)
    error = 1.253 * np.std(found.value) / np.sqrt(2000)  # of a median
    assert abs(np.median(found.value) - 0.107) < 3 * error
    # One split by itself, as published: .051 for a true .107, and -.154 for none at all.
    assert split_half(Y, 1).value.mean() == pytest.approx(0.051, abs=0.02)
    assert split_half(repeats(50, 3, 0, 2000), 1).value.mean() == pytest.approx(-0.154, abs=0.05)


@pytest.mark.parametrize("k", [2, 5])
def test_halves_of_any_number_of_repeats_give_the_reliability_of_their_mean(k):
    true = 0.25 / (0.25 + 1 / k)
    found = split_half(repeats(2000, k, 0.5, 100), 20)
    assert found.n_repeats == k
    assert_mean(found.value, true, 4)


def test_all_splits_are_each_pair_of_halves_once():
    # Four repeats have three pairs of halves; a correlation of each by hand.
    Y = repeats(30, 4, 1, 1)
    r = [
        np.corrcoef(Y[list(one)].mean(axis=0).T, Y[list(other)].mean(axis=0).T)[0, 1]
        for one, other in (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))
    ]
    expected = spearman_brown(np.tanh(np.mean(np.arctanh(r))), 2)
    assert split_half(Y, "all").value[0] == pytest.approx(expected)


def test_missing_repeats_count_for_nothing():
    Y = repeats(2000, 4, 0.5, 60)
    Y[2:, ::2] = np.nan  # half of the stimuli have two repeats, the others four
    harmonic = 1 / np.mean([1 / 2, 1 / 4])
    found = anova_nc(Y)
    assert found.n_repeats == pytest.approx(harmonic)
    assert_mean(found.value, 0.25 / (0.25 + 1 / harmonic), 4)
    assert nc_r2(np.array([0.5]), np.repeat([2, 4], 1000)).n_repeats == pytest.approx(harmonic)


def test_stimuli_shown_once_inform_the_total_alone():
    Y = repeats(3000, 2, 1, 60)
    Y[1, 1000:] = np.nan
    found = anova_nc(Y)  # two thirds are single: one over the mean of 1/2, 1, 1
    assert found.n_repeats == pytest.approx(1.2)
    assert_mean(found.value, 1 / (1 + 1 / 1.2), 4)


def test_counts_of_nsd_weigh_stimuli_by_one_over_their_repeats():
    counts = np.repeat([1, 2, 3], [5, 3, 2])
    share = (5 + 3 / 2 + 2 / 3) / 10
    assert nc_r2(np.array([0.7]), counts).value[0] == pytest.approx(0.49 / (0.49 + share))


@pytest.mark.parametrize("function", [anova_nc, ncsnr_nsd, explainable_variance, split_half])
def test_a_constant_target_has_no_ceiling(function):
    Y = repeats(20, 3, 1, 3)
    Y[:, :, 1] = 0.1
    found = function(Y).value
    np.testing.assert_array_equal(np.isnan(found), [False, True, False])


@pytest.mark.parametrize("function", [anova_nc, ncsnr_nsd, explainable_variance, split_half])
def test_one_repeat_has_no_ceiling(function):
    with pytest.raises(DataError, match="2 repeats"):
        function(repeats(20, 1, 1, 3))


def test_repeats_of_which_each_stimulus_has_one_tell_nothing():
    Y = repeats(20, 2, 1, 3)
    Y[0, ::2], Y[1, 1::2] = np.nan, np.nan
    with pytest.raises(DataError, match="no stimulus has two repeats"):
        anova_nc(Y)


# 4.1 of the specification: a model whose true correlation with the signal is .6, k = 3.
@pytest.mark.parametrize(
    ("snr", "wrong_r", "wrong_r2"), [(0.3, 1.303, 0.170), (0.6, 0.831, 0.260), (1.0, 0.692, 0.313)]
)
def test_a_score_in_its_own_unit_gives_the_fraction_and_in_the_other_not(snr, wrong_r, wrong_r2):
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((4000, 300))
    model = 0.6 * signal + 0.8 * rng.standard_normal(signal.shape)
    true = snr * signal + rng.standard_normal(signal.shape) / np.sqrt(3)
    nc = nc_r2(np.full(300, snr), np.full(4000, 3))
    r = correlations(true, model)
    assert_mean(normalise(r, as_r(nc), unit="r", n_repeats=3), 0.6)
    assert np.mean(normalise(r**2, nc, unit="r2", n_repeats=3)) == pytest.approx(0.36, abs=0.003)
    # What the refused divisions would have said.
    assert np.mean(r / nc.value) == pytest.approx(wrong_r, abs=0.006)
    assert np.mean(r**2 / as_r(nc).value) == pytest.approx(wrong_r2, abs=0.004)
    with pytest.raises(DataError, match="a score in r is not divided by a ceiling in r2"):
        normalise(r, nc, unit="r", n_repeats=3)
    with pytest.raises(DataError, match="a score in r2 is not divided by a ceiling in r:"):
        normalise(r**2, as_r(nc), unit="r2", n_repeats=3)


def test_a_ceiling_of_one_repeat_does_not_bound_a_mean():
    single = explainable_variance(repeats(50, 3, 1, 2))
    with pytest.raises(DataError, match=r"mean of 3 repeats is not divided by a ceiling of 1"):
        normalise(np.ones(2), single, unit="r2", n_repeats=3)
    found = normalise(np.ones(2), for_mean_of(single, 3), unit="r2", n_repeats=3)
    np.testing.assert_allclose(found, 1 / for_mean_of(single, 3).value)


def test_a_ratio_of_signal_to_noise_is_no_ceiling_of_a_score():
    with pytest.raises(DataError, match="ceiling in snr"):
        normalise(np.ones(1), Ceiling(np.ones(1), "snr", "single"), unit="r2")
    # (0.5² / (0.5² + 1)); of the mean of four its noise is half as large.
    half = Ceiling(np.array([0.5]), "snr", "single")
    assert as_reliability(half).value[0] == pytest.approx(0.2)
    assert for_mean_of(half, 4).value[0] == pytest.approx(1.0)
    assert as_r(half).value[0] == pytest.approx(np.sqrt(0.2))


def test_percent_is_refused():
    with pytest.raises(DataError, match="percent"):
        Ceiling(np.array([12.0, 34.2]), "r2", "mean_k", n_repeats=3)


def test_a_single_repeat_is_one():
    with pytest.raises(DataError, match="A single repeat is 1"):
        Ceiling(np.array([0.2]), "r2", "single", n_repeats=3)


def test_a_negative_reliability_has_no_root_and_stays_what_it_is():
    below = Ceiling(np.array([-0.1, 0.25]), "reliability", "single")
    np.testing.assert_allclose(as_r(below).value, [np.nan, 0.5])
    np.testing.assert_allclose(as_reliability(below).value, [-0.1, 0.25])


def test_spearman_brown_ends_at_its_pole():
    np.testing.assert_allclose(spearman_brown(np.array([0.5, -0.4]), 4), [0.8, np.nan])
    np.testing.assert_allclose(spearman_brown(spearman_brown(np.array([0.3]), 5), 1 / 5), [0.3])


def test_a_fraction_is_a_ratio_of_sums_over_reliable_targets():
    ceiling = Ceiling(np.array([0.5, 0.2, 0.05, np.nan, 0.4]), "r2", "single")
    score = np.array([0.4, -0.1, 0.3, 0.2, np.nan])
    found = fraction_of_ceiling(score, ceiling, unit="r2")
    assert found.value == pytest.approx((0.4 - 0.1) / (0.5 + 0.2))  # nothing is clipped
    assert (found.n_above, found.n_targets, found.threshold) == (2, 5, 0.1)
    median = fraction_of_ceiling(score, ceiling, unit="r2", how="median")
    assert median.value == pytest.approx(np.median([0.8, -0.5]))


def test_a_mean_of_ratios_is_not_offered():
    with pytest.raises(DataError, match="ratio_of_sums or median"):
        fraction_of_ceiling(np.ones(1), Ceiling(np.ones(1), "r2", "single"), unit="r2", how="mean")


def test_what_is_selected_by_its_own_ceiling_is_no_measure_of_it():
    # 4.9, as published: the best 5 % have .338 there and .042 on fresh repeats, true .063; of 100
    # stimuli of three, unselected, .04 is what an analysis of variance gives on average.
    snr = np.sqrt(0.063 / 0.937 / 3)
    Y, fresh = (repeats(100, 3, snr, 2000, seed) for seed in (0, 1))
    own, other = anova_nc(Y), anova_nc(fresh)
    threshold = float(np.quantile(own.value, 0.95))
    chosen = own.value > threshold
    assert own.value[chosen].mean() == pytest.approx(0.338, abs=0.02)
    assert_mean(other.value[chosen], other.value.mean())
    found = fraction_of_ceiling(
        np.full(2000, 0.03), other, unit="r2", n_repeats=3, threshold=threshold, selected_by=own
    )
    assert found.ceiling == pytest.approx(other.value[chosen].mean())


def test_the_leaderboard_of_algonauts_cuts_both_ends():
    nc = Ceiling(np.array([0.25, 0.5, 0.0, 0.16]), "r2", "single")
    r = np.array([-0.3, 0.5, 0.1, 0.9])
    # Negative: 0; .25 / .5; a ceiling of 1e-14 and one that is passed count 1.
    expected = [0, 0.5, 1, 1]
    found = normalise(r, nc, unit="r", clip="algonauts")
    np.testing.assert_allclose(found, expected)
    assert algonauts_score(r, nc) == pytest.approx(0.75)
    with pytest.raises(DataError, match="in r2"):
        normalise(r, nc, unit="r2", clip="algonauts")
