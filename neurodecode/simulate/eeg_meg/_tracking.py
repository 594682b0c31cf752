"""Series that a brain follows, how it does, and what the best linear filter makes of it."""

import numpy as np

MODULATIONS = (1.0, 8.0)  # Hz, what a speech envelope has most of
_PEAKS = ((0.05, -0.25, 0.018), (0.1, 1.0, 0.022), (0.2, -0.8, 0.04))  # s, height, width in s


def modulations(freqs: np.ndarray) -> np.ndarray:
    """Power density of a speech-like envelope: 1/f from 1 to 8 Hz, nothing else.

    Parameters
    ----------
    freqs : ndarray, shape (n_freqs,)
        Hz.

    Returns
    -------
    density : ndarray, shape (n_freqs,)
        By hertz; its integral is 1.

    References
    ----------
    Voss & Clarke 1975, doi 10.1038/258317a0; Ding et al. 2017,
    doi 10.1016/j.neubiorev.2017.02.011.
    """
    low, high = MODULATIONS
    inside = (freqs >= low) & (freqs <= high)
    return np.where(inside, 1 / np.maximum(freqs, low), 0.0) / np.log(high / low)


def response_function(times: np.ndarray, delay: float = 0.0) -> np.ndarray:
    """Temporal response function: what a brief rise of the envelope does to a source.

    Parameters
    ----------
    times : ndarray, shape (n_times,)
        Seconds after the rise; nothing precedes it.
    delay : float
        Seconds by which all peaks are later.

    Returns
    -------
    response : ndarray, shape (n_times,)
        Peaks at 50, 100 and 200 ms, the second 1 high (Lalor & Foxe 2010,
        doi 10.1111/j.1460-9568.2009.07055.x).
    """
    peaks = [
        height * np.exp(-((times - at - delay) ** 2) / (2 * width**2))
        for at, height, width in _PEAKS
    ]
    return np.where(times >= 0, np.sum(peaks, axis=0), 0.0)


def wiener(
    data: np.ndarray, response: np.ndarray, density: np.ndarray, noise: np.ndarray
) -> np.ndarray:
    """Give the least squares estimate of a series from what many channels make of it.

    Parameters
    ----------
    data : ndarray, shape (n_channels, n_times)
    response : ndarray of complex, shape (n_channels, n_freqs)
        Of each channel to the series, at ``numpy.fft.rfftfreq``.
    density : ndarray, shape (n_freqs,)
        Of the series.
    noise : ndarray, shape (n_freqs, n_channels, n_channels)
        Cross-spectral density of the noise, real.

    Returns
    -------
    estimate : ndarray, shape (n_times,)

    Notes
    -----
    With g the response, S the density and N the noise, the estimate at each frequency is
    S gᴴ (g gᴴ S + N)⁻¹ x = S gᴴ N⁻¹ x / (1 + S gᴴ N⁻¹ g).
    """
    spectrum = np.fft.rfft(data)
    estimate = np.zeros(spectrum.shape[1], dtype=complex)
    there = np.flatnonzero(density > 0)  # elsewhere there is nothing to find
    g = response[:, there].T[..., None]  # (n_there, n_channels, 1)
    known = np.linalg.solve(noise[there].astype(complex), g)[..., 0]
    matched = np.sum(known.conj() * spectrum[:, there].T, axis=1)
    power = np.sum(known.conj() * g[..., 0], axis=1).real
    estimate[there] = density[there] * matched / (1 + density[there] * power)
    return np.fft.irfft(estimate, data.shape[1])
