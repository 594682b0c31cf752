"""Generative signal and noise on responses of known covariances."""

import numpy as np
import pytest

from neurodecode.core.errors import DataError
from neurodecode.metrics.gsn import _shrunk, rsa_ceiling, signal_and_noise


def world(n_channels=30, n_stimuli=80, k=3, seed=0, noise=1.0):
    """Signal of a few directions, noise with shared directions of its own."""
    rng = np.random.default_rng(seed)
    S = rng.standard_normal((n_channels, 5))
    N = rng.standard_normal((n_channels, 4))
    signal = S @ S.T / 5 + 0.1 * np.eye(n_channels)
    of_noise = noise * (2 * N @ N.T / 4 + np.eye(n_channels))
    shown = rng.multivariate_normal(np.ones(n_channels), signal, n_stimuli)
    away = rng.multivariate_normal(np.zeros(n_channels), of_noise, (k, n_stimuli))
    return shown + away, signal, of_noise


def off(found, true):
    return np.linalg.norm(found - true) / np.linalg.norm(true)


def test_the_signal_is_less_biased_than_the_covariance_of_means():
    # 30 channels, 80 stimuli of 3. Mean of 30 draws of one world, seed 0: the covariance of means
    # is off by .50 of the signal's norm, and this by .13, most of which shrinkage makes.
    rng = np.random.default_rng(0)
    _, signal, noise = world(noise=0.5)
    found, naive = [], []
    for _ in range(30):
        shown = rng.multivariate_normal(np.zeros(30), signal, 80)
        Y = shown + rng.multivariate_normal(np.zeros(30), noise, (3, 80))
        found.append(signal_and_noise(Y).signal)
        naive.append(np.cov(Y.mean(axis=0).T))
    assert off(np.mean(found, axis=0), signal) < 0.16
    assert off(np.mean(naive, axis=0), signal) > 0.45
    # A single estimate, too, is nearer: .37 and .65.
    each = [np.mean([off(one, signal) for one in several]) for several in (found, naive)]
    assert each[0] < 0.65 * each[1]


def test_of_many_stimuli_both_covariances_come_back():
    Y, signal, noise = world(n_stimuli=4000, n_channels=12)
    found = signal_and_noise(Y)
    assert off(found.signal, signal) < 0.08
    assert off(found.noise, noise) < 0.05
    np.testing.assert_allclose(
        found.ncsnr.value, np.sqrt(np.diag(signal) / np.diag(noise)), rtol=0.1
    )
    assert (found.ncsnr.unit, found.ncsnr.of) == ("snr", "single")
    np.testing.assert_allclose(found.mean, 1, atol=0.1)


def test_both_are_covariances_even_of_few_repeats():
    Y, *_ = world(n_stimuli=40, k=2, noise=4.0)
    found = signal_and_noise(Y)
    for one in (found.signal, found.noise):
        np.testing.assert_allclose(one, one.T, atol=1e-12)
        assert np.linalg.eigvalsh(one).min() > -1e-10
    assert found.n_iterations > 1


def test_without_signal_there_is_hardly_any():
    rng = np.random.default_rng(0)
    found = signal_and_noise(rng.standard_normal((3, 100, 20)))
    assert np.trace(found.signal) < 0.1 * np.trace(found.noise)
    assert found.shrinkage[0] < 0.2  # independent noise: the diagonal alone


def test_the_level_of_shrinkage_is_that_of_the_gaussian_likelihood():
    rng = np.random.default_rng(0)
    _, _, cov = world(n_channels=6)
    part = np.cov(rng.multivariate_normal(np.zeros(6), cov, 30).T)
    held = rng.multivariate_normal(np.zeros(6), cov, 20)
    _, level = _shrunk(part, part, held)

    def likelihood(at):
        S = at * part + (1 - at) * np.diag(np.diag(part))
        return -len(held) * np.linalg.slogdet(S)[1] - np.sum(held @ np.linalg.inv(S) * held)

    levels = np.linspace(0, 1, 51)
    assert level == pytest.approx(levels[np.argmax([likelihood(one) for one in levels])])


@pytest.mark.parametrize(("missing", "expected"), [("subset", 2), ("all", 2.4)])
def test_missing_repeats_are_a_subset_or_all_and_it_is_said(missing, expected):
    Y, signal, _ = world(n_stimuli=600, n_channels=10)
    Y[2, ::2] = np.nan  # 2 and 3: harmonic mean 2.4
    found = signal_and_noise(Y, missing=missing)
    assert found.missing == missing
    assert found.n_repeats == pytest.approx(expected)
    assert off(found.signal, signal) < 0.3
    assert signal_and_noise(world()[0]).missing == "none"


def test_a_stimulus_shown_once_is_refused():
    Y, *_ = world()
    Y[1:, 7] = np.nan
    with pytest.raises(DataError, match="stimulus 7 has 1 repeats"):
        signal_and_noise(Y)


def test_the_ceiling_of_an_rdm_grows_with_repeats():
    found = signal_and_noise(world(n_stimuli=300)[0])
    three, many = rsa_ceiling(found), rsa_ceiling(found, n_repeats=300)
    assert (three.unit, three.of, three.per, three.n_repeats) == ("r", "mean_k", "RDM", 3)
    assert 0.3 < three.value[0] < many.value[0] < 1
    assert many.value[0] > 0.97
