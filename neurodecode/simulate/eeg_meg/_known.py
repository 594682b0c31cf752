"""What an oracle makes of trials in noise that it knows: templates told apart, amplitudes found."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg


@dataclass(frozen=True, eq=False)
class Whitener:
    """Makes noise white whose covariance is one over channels times one over samples.

    Parameters
    ----------
    space : ndarray, shape (n_channels, n_channels)
        One over the unit of the noise.
    time : ndarray, shape (n_times, n_times)
        Unitless.
    """

    space: np.ndarray
    time: np.ndarray

    @staticmethod
    def of(covariance: np.ndarray, autocorrelation: np.ndarray) -> "Whitener":
        """Give the whitener of noise.

        Parameters
        ----------
        covariance : ndarray, shape (n_channels, n_channels)
            Of channels at one sample.
        autocorrelation : ndarray, shape (n_times,)
            Of every channel, from lag 0, where it is 1.
        """
        return Whitener(
            _inverse_factor(covariance), _inverse_factor(scipy.linalg.toeplitz(autocorrelation))
        )

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Whiten trials, shape (…, n_channels, n_times)."""
        return self.space @ X @ self.time.T


def template_log_likelihood(
    X: np.ndarray, templates: np.ndarray, whitener: Whitener
) -> np.ndarray:
    """Log-likelihood of trials that are one of several templates in known noise.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_channels, n_times)
    templates : ndarray, shape (n_templates, n_channels, n_times)
    whitener : Whitener

    Returns
    -------
    log_likelihood : ndarray, shape (n_trials, n_templates)
        Up to a constant of the trial.
    """
    white = whitener(templates).reshape(len(templates), -1)
    return whitener(X).reshape(len(X), -1) @ white.T - np.sum(white**2, axis=1) / 2


def whitened_band(data: np.ndarray, density: np.ndarray, in_band: np.ndarray) -> np.ndarray:
    """Give one band of series alone, its spectrum flat, as complex numbers at its own rate.

    Parameters
    ----------
    data : ndarray, shape (n_channels, n_times)
    density : ndarray, shape (n_freqs,)
        Power density at ``numpy.fft.rfftfreq``, its mean the variance of a series.
    in_band : ndarray of bool, shape (n_freqs,)

    Returns
    -------
    band : ndarray of complex, shape (n_channels, n_samples)
        As many samples as frequencies. Of noise that has this density they are independent, and
        their covariance over channels is that of `data`.
    """
    white = np.fft.rfft(data)[:, in_band] / np.sqrt(density[in_band])
    return np.fft.ifft(white) * np.sqrt(in_band.sum() / data.shape[1])


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


def _inverse_factor(covariance: np.ndarray) -> np.ndarray:
    """W such that W C Wᵀ is one, of the smallest eigenvalues that rounding leaves."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > values[-1] * 1e-12
    return (vectors[:, kept] / np.sqrt(values[kept])).T
