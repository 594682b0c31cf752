"""What an oracle makes of trials in noise that it knows: waves and power weighed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from neurodecode.simulate.eeg_meg._noise import Component


@dataclass(frozen=True, eq=False)
class Whitener:
    """Makes trials of known noise white: independent numbers of variance one.

    Parameters
    ----------
    space : ndarray, shape (n_channels, n_channels)
        Channels to mixtures of them whose noises are independent.
    time : ndarray, shape (n_channels, n_times, n_times)
        Samples of each mixture to independent ones.
    """

    space: np.ndarray
    time: np.ndarray

    @staticmethod
    def of(brain: Component, sensor: Component, n_times: int, sfreq: float) -> "Whitener":
        """Give the whitener of a window of two noises together.

        Parameters
        ----------
        brain, sensor : Component
            The second of full rank, as the sensors' own noise is.
        n_times : int
        sfreq : float
            Hz.

        Notes
        -----
        Generalised eigenvectors of the two covariances over channels make both diagonal; what is
        left is one series a mixture, whose autocovariance is that of the sum of two densities.
        """
        values, vectors = scipy.linalg.eigh(brain.gain @ brain.gain.T, sensor.gain @ sensor.gain.T)
        of_brain, of_sensor = (
            scipy.linalg.toeplitz(_autocovariance(one, n_times, sfreq)) for one in (brain, sensor)
        )
        covariances = np.clip(values, 0, None)[:, None, None] * of_brain + of_sensor
        factors = np.linalg.cholesky(covariances)
        return Whitener(vectors.T, np.linalg.inv(factors))

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Whiten trials, shape (n_trials, n_channels, n_times)."""
        mixed = np.swapaxes(self.space @ X, 0, 1)  # (n_channels, n_trials, n_times)
        return np.swapaxes(mixed @ np.swapaxes(self.time, 1, 2), 0, 1)


def wave_log_likelihood(
    X: np.ndarray,
    waves: np.ndarray,
    strengths: np.ndarray,
    variability: float,
    whitener: Whitener,
) -> np.ndarray:
    """Log-likelihood of trials that are sums of waves of known mean strength in known noise.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_channels, n_times)
    waves : ndarray, shape (n_waves, n_channels, n_times)
    strengths : ndarray, shape (n_hypotheses, n_waves)
        Mean of each wave.
    variability : float
        S.d. of every wave about its mean, in the same unit.
    whitener : Whitener

    Returns
    -------
    log_likelihood : ndarray, shape (n_trials, n_hypotheses)
        Up to a constant of the trial.

    Notes
    -----
    With D the whitened waves, G = D Dᵀ and strengths a ~ N(m, v² I), projections d = D x have
    mean G m and covariance G (v² G + I); so the log-likelihood is dᵀ w - mᵀ G w / 2 with
    w = (v² G + I)⁻¹ m.
    """
    white = whitener(waves).reshape(len(waves), -1)
    projections = whitener(X).reshape(len(X), -1) @ white.T  # (n_trials, n_waves)
    gram = white @ white.T
    weights = np.linalg.solve(variability**2 * gram + np.eye(len(gram)), strengths.T)
    return projections @ weights - np.sum(strengths.T * (gram @ weights), axis=0) / 2


def rhythm_log_likelihood(
    X: np.ndarray,
    patterns: np.ndarray,
    rhythms: Sequence[Component],
    powers: np.ndarray,
    whitener: Whitener,
    sfreq: float,
) -> np.ndarray:
    """Log-likelihood of trials in which sources hum with known power, in known noise.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_channels, n_times)
    patterns : ndarray, shape (n_channels, n_sources)
        Each source at the sensors, a unit of its moment.
    rhythms : sequence of Component
        That every source has, each of one series; the gain is the moment at power 1.
    powers : ndarray, shape (n_hypotheses, n_sources)
        Of each source, as a part of what it is at rest.
    whitener : Whitener
    sfreq : float
        Hz.

    Returns
    -------
    log_likelihood : ndarray, shape (n_trials, n_hypotheses)
        Up to a constant of the trial.

    Notes
    -----
    A source's series is a mixture of few independent ones, by a root of its autocovariance. With B
    their templates, whitened, and D their amplitudes, whitened trials have the covariance
    I + B D² B', whose inverse and determinant need no matrix larger than B'B (Bishop 2006, Pattern
    Recognition and Machine Learning, eq. C.7 and C.14).
    """
    n_times = X.shape[2]
    series = sum(one.gain.item() ** 2 * _autocovariance(one, n_times, sfreq) for one in rhythms)
    values, vectors = np.linalg.eigh(scipy.linalg.toeplitz(series))
    kept = values > 1e-10 * values[-1]
    root = vectors[:, kept] * np.sqrt(values[kept])  # (n_times, n_kept)
    mixed, timed = whitener.space @ patterns, whitener.time @ root  # per mixture of channels
    n_templates = mixed.shape[1] * root.shape[1]
    over_time = np.swapaxes(timed, 1, 2) @ timed
    gram = np.einsum("ca,ckl,cb->akbl", mixed, over_time, mixed, optimize=True)
    gram = gram.reshape(n_templates, n_templates)
    seen_of = np.swapaxes(whitener(X), 0, 1) @ timed  # (n_channels, n_trials, n_kept)
    projections = np.einsum("ca,cik->iak", mixed, seen_of, optimize=True).reshape(len(X), -1)
    answers = np.empty((len(X), len(powers)))
    for i, power in enumerate(powers):
        amplitude = np.sqrt(np.repeat(power, root.shape[1]))
        inner = np.eye(n_templates) + amplitude[:, None] * gram * amplitude
        seen = projections * amplitude
        solved = np.linalg.solve(inner, seen.T).T
        answers[:, i] = (np.sum(seen * solved, axis=1) - np.linalg.slogdet(inner)[1]) / 2
    return answers


def whitened_band(
    data: np.ndarray, density: np.ndarray, in_band: np.ndarray, sfreq: float
) -> np.ndarray:
    """Give one band of series alone, its spectrum flat, as complex numbers at its own rate.

    Parameters
    ----------
    data : ndarray, shape (n_channels, n_times)
    density : ndarray, shape (n_freqs,)
        Of the noise at ``numpy.fft.rfftfreq``, by hertz.
    in_band : ndarray of bool, shape (n_freqs,)
    sfreq : float
        Hz.

    Returns
    -------
    band : ndarray of complex, shape (n_channels, n_samples)
        As many samples as frequencies. Of noise that has this density they are independent, and
        their covariance over channels is that of the whole noise.
    """
    white = np.fft.rfft(data)[:, in_band] / np.sqrt(density[in_band])
    return np.fft.ifft(white) * np.sqrt(2 * in_band.sum() / (data.shape[1] * sfreq))


def power_log_likelihood(pieces: Sequence[np.ndarray], covariances: np.ndarray) -> np.ndarray:
    """Log-likelihood of independent complex Gaussian samples under several covariances.

    Parameters
    ----------
    pieces : sequence of ndarray, shape (n_channels, n_samples)
        One a trial.
    covariances : ndarray, shape (n_trials, n_hypotheses, n_channels, n_channels)

    Returns
    -------
    log_likelihood : ndarray, shape (n_trials, n_hypotheses)
        Up to a constant of the trial.
    """
    answers = np.empty(covariances.shape[:2])
    for i, (piece, hypotheses) in enumerate(zip(pieces, covariances, strict=True)):
        solved = np.linalg.solve(hypotheses.astype(complex), piece)
        distance = np.sum(piece.conj() * solved, axis=(1, 2)).real
        answers[i] = -piece.shape[1] * np.linalg.slogdet(hypotheses)[1] - distance
    return answers


def _autocovariance(component: Component, n_times: int, sfreq: float) -> np.ndarray:
    """Of one source, shape (n_times,): the inverse transform of its density."""
    n = 2 * max(n_times, round(100 * sfreq))  # fine enough for what is slow
    density = component.density(np.fft.rfftfreq(n, 1 / sfreq))
    return np.fft.irfft(density * sfreq / 2, n)[:n_times]
