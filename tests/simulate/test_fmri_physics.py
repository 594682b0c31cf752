"""Noise, response and voxels of simulated fMRI are what their docstrings say."""

import numpy as np
import pytest

from neurodecode.core.errors import ConfigError
from neurodecode.simulate.fmri._hrf import responses
from neurodecode.simulate.fmri._noise import ar1, slow, spatial_factor, whiten_in_time
from neurodecode.simulate.fmri._tuning import NOISE, Run, Tuning, draw_tuning, simulate_run
from neurodecode.simulate.fmri._voxels import positions, voxel_space


def test_response_to_an_impulse_is_nilearns():
    from nilearn.glm.first_level import spm_hrf

    oversampling, t_r = 50, 2.0
    step = t_r / oversampling
    theirs = spm_hrf(t_r, oversampling) / step
    times = np.linspace(0, 32, len(theirs))
    ours = responses(np.zeros(1), np.array([1e-4]), times, np.array([5.0]))[0, 0] / 1e-4
    # Theirs begins one step late (loc=dt) and sums to 1 over 32 s, where ours does for ever.
    np.testing.assert_allclose(ours, theirs, atol=1.2 * np.abs(np.diff(theirs)).max())


@pytest.mark.parametrize("peak", [4.5, 5.0, 7.5])
def test_response_peaks_where_it_says(peak):
    times = np.arange(0, 30, 0.01)
    response = responses(np.array([2.0]), np.array([0.01]), times, np.array([peak]))[0, 0]
    # The undershoot has hardly begun: the peak is that of the first gamma to within 20 ms.
    assert times[response.argmax()] == pytest.approx(2.0 + peak, abs=0.03)


def test_response_to_what_lasts_ends_at_one_and_nothing_comes_before_the_event():
    response = responses(np.array([10.0]), np.array([500.0]), np.array([9.0, 10.0, 400.0]), [5.0])
    np.testing.assert_allclose(response[0, 0], [0, 0, 1], atol=1e-9)


def test_ar1_has_its_coefficient_and_unit_variance():
    phi, n_times = 0.6, 20_000
    noise = ar1(np.random.default_rng(0), n_times, 4, phi)
    found = np.einsum("tv,tv->v", noise[1:], noise[:-1]) / np.einsum("tv,tv->v", noise, noise)
    # Standard error of an AR(1) coefficient: sqrt((1 - phi^2) / n) = .0057.
    np.testing.assert_allclose(found, phi, atol=4 * np.sqrt((1 - phi**2) / n_times))
    assert noise[0].shape == (4,)
    first = np.stack([ar1(np.random.default_rng(i), 2, 1, phi)[:, 0] for i in range(4000)])
    # Stationary from the first sample: variance 1 with standard error sqrt(2 / 4000).
    np.testing.assert_allclose(first.var(axis=0), 1, atol=4 * np.sqrt(2 / 4000))


def test_whitening_in_time_undoes_the_noise_where_volumes_are_missing():
    phi, number = 0.5, np.array([0, 1, 2, 5, 6, 9])
    apart = np.abs(number[:, None] - number)
    factor = np.linalg.cholesky(phi**apart)
    np.testing.assert_allclose(whiten_in_time(factor, number, phi), np.eye(6), atol=1e-12)


def test_noise_is_shared_by_neighbours():
    space = voxel_space(np.random.default_rng(0), 30, (8, 8, 4), 3.0, "here")
    places = positions(space)
    correlation = (lambda f: f @ f.T)(spatial_factor(30, places))
    far = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.testing.assert_allclose(np.diag(correlation), 1)
    order = np.argsort(far[0])
    assert (np.diff(correlation[0, order]) <= 1e-12).all()


def test_drifts_are_a_constant_and_slow():
    drifts = slow(100)
    assert np.ptp(drifts[:, 0]) == 0
    np.testing.assert_allclose(drifts[:, 1:].mean(axis=0), 0, atol=1e-12)


def test_people_have_voxels_of_their_own():
    one, other = (voxel_space(np.random.default_rng(i), 40, (9, 9, 5), 3.0, "here") for i in (0, 1))
    assert len(one) == len(other) == 40 and one != other
    assert one.to_image(np.arange(40.0)).shape == (9, 9, 5)


def test_too_many_voxels_for_an_image():
    with pytest.raises(ConfigError, match=r"sub-1: 100 voxels in an image of shape \(4, 4, 4\)"):
        voxel_space(np.random.default_rng(0), 100, (4, 4, 4), 3.0, "sub-1")


def test_planted_tuning_is_recovered_by_least_squares():
    """Of the true responses: every voxel's pattern within its standard errors."""
    rng = np.random.default_rng(0)
    space = voxel_space(rng, 40, (8, 8, 4), 3.0, "here")
    tuning = draw_tuning(rng, space, 3, effect=1.0, tuned=0.5, variability=0.0)
    codes = np.tile(np.arange(3), 20)
    onset = 5.0 + 20.0 * np.arange(60)
    n = 620
    run = Run(onset, np.full(60, 8.0), codes, 2.0, np.arange(n), n, phi=0.3)
    data, _ = simulate_run(rng, tuning, run)
    shapes = run.responses()
    worst = 0.0
    for voxel in range(40):
        each = shapes[tuning.peak[voxel]]  # (n_events, n_volumes)
        by_label = np.stack([each[codes == c].sum(axis=0) for c in range(3)], axis=1)
        design = np.hstack([by_label, slow(n)])
        white, seen = (whiten_in_time(one, run.number, 0.3) for one in (design, data[:, voxel]))
        found = np.linalg.lstsq(white, seen / NOISE, rcond=None)[0][:3]
        error = np.sqrt(np.diag(np.linalg.inv(white.T @ white)))[:3]
        planted = tuning.evoked[voxel] + tuning.patterns[:, voxel]
        worst = max(worst, np.abs((found - planted) / error).max())
    # The largest of 120 normal deviates: above 4.2 once in 300 times.
    assert 1.5 < worst < 4.2


def test_tuned_voxels_are_a_part_of_all_and_span_the_same_range():
    rng = np.random.default_rng(0)
    space = voxel_space(rng, 50, (8, 8, 4), 3.0, "here")
    tuning: Tuning = draw_tuning(rng, space, 4, effect=0.5, tuned=0.4, variability=0.0)
    deviation = tuning.patterns.std(axis=0)
    assert (deviation > 0).sum() == 20
    np.testing.assert_allclose(deviation[deviation > 0], 0.5)
    np.testing.assert_allclose(tuning.patterns.mean(axis=0), 0, atol=1e-12)
