"""Noise at the sensors of which everything is known: where it comes from, and its spectrum.

What is stationary and Gaussian is a sum of components, each a gain from sources to sensors and
one spectrum, so that the cross-spectrum which whitens it is a sum of as many terms. Line noise and
blinks are neither; they are added for their own sake.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from neurodecode.simulate.eeg_meg._head import Sensors, Sources, beneath, forward

KNEE = 0.5  # Hz, below which noise grows no more
# White noise of the sensors, by type: V, T and T/m, each by the square root of a hertz.
_WHITE = {"eeg": 1e-7, "mag": 3e-15, "grad": 3e-13}
_BLINK_MOMENT = 3e-7  # A m: about 0.1 mV at Fp1
_BLINK_EVERY = 4.0  # s from one to the next on average, never less than one
_LINE = {"eeg": 1e-6, "mag": 1e-13, "grad": 1e-12}  # amplitude by type, in the sensor's unit


@dataclass(frozen=True, eq=False)
class Component:
    """Independent Gaussian sources of one spectrum.

    Parameters
    ----------
    gain : ndarray, shape (n_channels, n_sources)
        What a source of unit variance is at the sensors.
    density : callable
        Frequencies in Hz to the power of a source at each, by hertz; its integral is 1.
    """

    gain: np.ndarray
    density: Callable[[np.ndarray], np.ndarray]


def pink(freqs: np.ndarray, sfreq: float) -> np.ndarray:
    """Density that falls as one over the frequency, as EEG about does, flat below `KNEE`.

    Parameters
    ----------
    freqs : ndarray, shape (n_freqs,)
        Hz.
    sfreq : float
        Hz; the integral up to half of it is 1.
    """

    def shape(at: np.ndarray) -> np.ndarray:
        return (at**2 + KNEE**2) ** -0.5

    grid = np.arange(0, sfreq / 2, 0.01)
    return shape(np.asarray(freqs, dtype=np.float64)) / (shape(grid).sum() * 0.01)


def rhythm(freqs: np.ndarray, peak: float, width: float) -> np.ndarray:
    """Density of a rhythm whose frequency and amplitude waver.

    Parameters
    ----------
    freqs : ndarray, shape (n_freqs,)
        Hz.
    peak, width : float
        Hz; mean and standard deviation of the peak's bell shape.
    """
    bell = np.exp(-0.5 * ((np.asarray(freqs) - peak) / width) ** 2)
    return bell / (width * np.sqrt(2 * np.pi))


def background(sensors: Sensors, sources: Sources, moment: float, sfreq: float) -> Component:
    """Give the hum of many dipoles as sensors see it.

    Parameters
    ----------
    sensors : Sensors
    sources : Sources
    moment : float
        Standard deviation of each dipole's time course, ampere metres.
    sfreq : float
        Hz.

    Returns
    -------
    component : Component
        Its gain is the symmetric root of the sources' covariance at the sensors, so that as many
        series are drawn as there are sensors, however many sources.
    """
    gain = forward(sensors, sources) * moment
    values, vectors = np.linalg.eigh(gain @ gain.T)
    root = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    return Component(root, lambda freqs: pink(freqs, sfreq))


def sensor_noise(sensors: Sensors, sfreq: float) -> Component:
    """Give white noise of each sensor's own, of a size that is usual for its type."""
    size = np.array([_WHITE[one] for one in sensors.space.types]) * np.sqrt(sfreq / 2)
    return Component(np.diag(size), lambda freqs: np.full(np.shape(freqs), 2 / sfreq))


def series(
    density: Callable[[np.ndarray], np.ndarray],
    n_series: int,
    n_times: int,
    sfreq: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw independent Gaussian series of a density; shape (n_series, n_times)."""
    # Twice as long as asked: series drawn by Fourier coefficients end where they began.
    n_drawn = 2 * n_times
    freqs = np.fft.rfftfreq(n_drawn, 1 / sfreq)
    size = np.sqrt(density(freqs) * sfreq * n_drawn / 4)
    drawn = rng.standard_normal((2, n_series, len(freqs)))
    spectra = size * (drawn[0] + 1j * drawn[1])
    spectra[:, 0] = size[0] * np.sqrt(2) * drawn[0, :, 0]
    spectra[:, -1] = size[-1] * np.sqrt(2) * drawn[0, :, -1]
    return np.fft.irfft(spectra, n_drawn, axis=1)[:, :n_times]


def draw(
    components: Sequence[Component], n_times: int, sfreq: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw the sum of components at the sensors; shape (n_channels, n_times)."""
    total = np.zeros((len(components[0].gain), n_times))
    for one in components:
        total += one.gain @ series(one.density, one.gain.shape[1], n_times, sfreq, rng)
    return total


def cross_spectrum(components: Sequence[Component], freqs: np.ndarray) -> np.ndarray:
    """Give the cross-spectral density of a sum of components.

    Returns
    -------
    density : ndarray, shape (n_freqs, n_channels, n_channels)
        One-sided, real: sources have no delays. Its integral over frequency is the covariance.
    """
    n_channels = len(components[0].gain)
    total = np.zeros((len(freqs), n_channels, n_channels))
    for one in components:
        total += one.density(np.asarray(freqs))[:, np.newaxis, np.newaxis] * (one.gain @ one.gain.T)
    return total


def line_noise(
    sensors: Sensors, n_times: int, sfreq: float, freq: float, rng: np.random.Generator
) -> np.ndarray:
    """Give mains hum, stronger at some sensors than at others; shape (n_channels, n_times)."""
    size = np.array([_LINE[one] for one in sensors.space.types])
    size = size * np.exp(0.5 * rng.standard_normal(len(size)))
    phase = rng.uniform(0, 2 * np.pi)
    times = np.arange(n_times) / sfreq
    return size[:, np.newaxis] * np.sin(2 * np.pi * freq * times + phase)


def blinks(sensors: Sensors, n_times: int, sfreq: float, rng: np.random.Generator) -> np.ndarray:
    """Give blinks, about 0.3 s long and 0.1 mV high at the forehead.

    Parameters
    ----------
    sensors : Sensors
    n_times : int
    sfreq : float
        Hz.
    rng : numpy.random.Generator

    Returns
    -------
    data : ndarray, shape (n_channels, n_times)
        In the sensors' units.
    """
    # Eyes are outside of the sphere: dipoles inside the forehead stand for them.
    gain = forward(sensors, beneath(["Fp1", "Fp2"])).sum(axis=1) * _BLINK_MOMENT
    shape = np.hanning(round(0.3 * sfreq) + 2)[1:-1]
    course = np.zeros(n_times + len(shape))
    at = rng.exponential(_BLINK_EVERY - 1) + 1
    while at * sfreq < n_times:
        start = int(at * sfreq)
        course[start : start + len(shape)] += np.exp(0.3 * rng.standard_normal()) * shape
        at += rng.exponential(_BLINK_EVERY - 1) + 1
    return gain[:, np.newaxis] * course[:n_times]
