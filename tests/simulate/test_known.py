"""Likelihoods in known noise, against Gaussians whose covariances are written out."""

import numpy as np
import scipy.linalg

from neurodecode.simulate.eeg_meg._known import Whitener, rhythm_log_likelihood
from neurodecode.simulate.eeg_meg._noise import Component, draw, pink, rhythm

SFREQ, N_TIMES, N_CHANNELS = 80.0, 60, 4


def _written_out(components):
    """Covariance of a window of all channels, one after the other, by the densities' cosines."""
    freqs = np.fft.rfftfreq(16_000, 1 / SFREQ)
    lags = np.arange(N_TIMES) / SFREQ
    total = np.zeros((N_CHANNELS * N_TIMES,) * 2)
    for one in components:
        waves = np.cos(2 * np.pi * np.outer(lags, freqs))
        density = one.density(freqs) * freqs[1]
        density[[0, -1]] /= 2  # the ends belong to one half of the spectrum each
        in_time = scipy.linalg.toeplitz(waves @ density)
        total += np.kron(one.gain @ one.gain.T, in_time)
    return total


def test_the_likelihood_of_rhythms_is_that_of_the_whole_covariance():
    rng = np.random.default_rng(0)
    brain = Component(rng.normal(size=(N_CHANNELS, N_CHANNELS)), lambda f: pink(f, SFREQ))
    own = Component(0.3 * np.eye(N_CHANNELS), lambda f: np.full(np.shape(f), 2 / SFREQ))
    patterns = rng.normal(size=(N_CHANNELS, 2))
    rhythms = [
        Component(np.array([size]), lambda f, peak=peak: rhythm(f, peak, 1.5))
        for peak, size in ((10.0, 2.0), (21.0, 1.0))
    ]
    powers = np.array([[1.0, 0.4], [0.4, 1.0], [0.0, 1.0]])
    X = draw((brain, own), 10 * N_TIMES, SFREQ, rng).reshape(N_CHANNELS, 10, N_TIMES)
    X = X.swapaxes(0, 1)
    whitener = Whitener.of(brain, own, N_TIMES, SFREQ)
    found = rhythm_log_likelihood(X, patterns, rhythms, powers, whitener, SFREQ)
    told = np.empty_like(found)
    for i, power in enumerate(powers):
        hum = [Component(patterns * np.sqrt(power) * one.gain, one.density) for one in rhythms]
        factor = np.linalg.cholesky(_written_out([brain, own, *hum]))
        white = scipy.linalg.solve_triangular(factor, X.reshape(10, -1).T, lower=True)
        told[:, i] = -np.sum(white**2, axis=0) / 2 - np.log(np.diag(factor)).sum()
    # Both are up to a constant of the trial.
    np.testing.assert_allclose(found - found[:, :1], told - told[:, :1], rtol=1e-6, atol=1e-6)
