"""The oracle of linear worlds, against the same posterior written out with whole covariances."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import multivariate_normal

from neurodecode.simulate._mixing import Kinds, mixing, of_groups, posterior

N_VOXELS, N_FEATURES = 12, 5


def world(effect=0.6, n_kinds=3, ranks=(0, 2, 5)):
    rng = np.random.default_rng(3)
    voxels = mixing(rng, rng.standard_normal((N_VOXELS, N_FEATURES)), effect)
    roots = [rng.standard_normal((N_FEATURES, rank)) for rank in ranks[:n_kinds]]
    kinds = Kinds(
        tuple("abc"[:n_kinds]),
        rng.standard_normal((n_kinds, N_FEATURES)),
        np.stack([root @ root.T for root in roots]),
    )
    features = rng.standard_normal((40, N_FEATURES))
    return voxels, kinds, voxels.answers(features, rng).astype(np.float64)


def test_the_posterior_equals_the_one_with_whole_covariances():
    voxels, kinds, answers = world()
    noise = np.eye(N_VOXELS) + voxels.shared @ voxels.shared.T
    told, guess = posterior(voxels, kinds, answers)
    expected, means = [], []
    for mean, covariance in zip(kinds.means, kinds.covariances, strict=True):
        of_answers = voxels.weights @ covariance @ voxels.weights.T + noise
        centre = voxels.weights @ mean
        expected.append(multivariate_normal(centre, of_answers).logpdf(answers))
        gain = covariance @ voxels.weights.T @ np.linalg.inv(of_answers)
        means.append(mean + (answers - centre) @ gain.T)
    expected = np.stack(expected, axis=1)
    # Up to a constant of the trial; 1e-9 is rounding of numbers near 100.
    constant = (told - expected).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(told, expected + constant, atol=1e-9)
    share = softmax(expected, axis=1)
    np.testing.assert_allclose(guess, np.einsum("tk,ktf->tf", share, means), atol=1e-9)


def test_without_an_effect_the_oracle_answers_the_prior():
    voxels, kinds, answers = world(effect=0.0)
    told, guess = posterior(voxels, kinds, answers)
    assert np.ptp(told, axis=1).max() == 0
    np.testing.assert_allclose(guess, np.tile(kinds.means.mean(axis=0), (40, 1)), atol=1e-12)


def test_noise_has_the_covariance_that_the_oracle_knows():
    voxels, _, _ = world()
    n_trials = 40_000
    noise = voxels.answers(np.zeros((n_trials, N_FEATURES)), np.random.default_rng(0))
    expected = np.eye(N_VOXELS) + voxels.shared @ voxels.shared.T
    # s.e. of a covariance: sqrt((s_ii s_jj + s_ij²) / n); 5 of the largest.
    error = 5 * np.sqrt(2 * expected.max() ** 2 / n_trials)
    np.testing.assert_allclose(np.cov(noise.T), expected, atol=error)


def test_an_effect_is_the_size_of_a_middling_voxels_answers():
    rng = np.random.default_rng(0)
    voxels = mixing(rng, rng.standard_normal((20_000, N_FEATURES)), 0.5)
    length = np.linalg.norm(voxels.weights, axis=1)
    # Gains are gamma(2) of mean 1: s.e. of the mean .5 * sqrt(1/2) / sqrt(20000) = .0025.
    assert length.mean() == pytest.approx(0.5, abs=0.0125)


def test_kinds_with_one_label_are_joined():
    likelihood = np.log(np.array([[0.2, 0.4, 0.9]]))
    labels, joined = of_groups(likelihood, ["x", "y", "x"])
    assert labels == ["x", "y"]
    np.testing.assert_allclose(np.exp(joined), [[0.55, 0.4]])


def test_kinds_measured_from_a_sample():
    features = np.array([[0.0, 0], [2, 0], [5, 5]])
    kinds = Kinds.measured(features, ["b", "b", "a"])
    assert kinds.names == ("b", "a")
    np.testing.assert_array_equal(kinds.means, [[1, 0], [5, 5]])
    np.testing.assert_array_equal(kinds.covariances, [[[1, 0], [0, 0]], np.zeros((2, 2))])
