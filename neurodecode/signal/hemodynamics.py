"""The canonical responses of blood flow, sampled."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import gamma

LENGTH = 32.0  # seconds after which a response has ended


@dataclass(frozen=True)
class DoubleGamma:
    """Constants of a response: a rise, less an undershoot.

    Parameters
    ----------
    delay, undershoot : float
        Seconds.
    dispersion, undershoot_dispersion : float
    ratio : float
        Of the undershoot to the rise.
    """

    delay: float
    undershoot: float
    dispersion: float
    undershoot_dispersion: float
    ratio: float


# Constants of nilearn's ``spm_hrf`` and ``glover_hrf``.
MODELS = {
    "spm": DoubleGamma(6.0, 16.0, 1.0, 1.0, 0.167),
    "glover": DoubleGamma(6.0, 12.0, 0.9, 0.9, 0.48),
}


def response(model: str, seconds: float, oversampling: int = 50) -> np.ndarray:
    """Sample the response to an impulse.

    Parameters
    ----------
    model : {"spm", "glover"}
    seconds : float
        From a volume to the next.
    oversampling : int
        Points a volume.

    Returns
    -------
    h : ndarray, shape (n_points,)
        Of 32 s; its sum is 1.

    References
    ----------
    Friston et al. 1998, doi 10.1006/nimg.1997.0306; Glover 1999, doi 10.1006/nimg.1998.0419.
    """
    one, step = MODELS[model], seconds / oversampling
    times = np.linspace(0, LENGTH, round(LENGTH / step))
    rise = gamma.pdf(times, one.delay / one.dispersion, loc=step, scale=one.dispersion)
    fall = gamma.pdf(
        times, one.undershoot / one.undershoot_dispersion, loc=step, scale=one.undershoot_dispersion
    )
    h = rise - one.ratio * fall
    return h / h.sum()


def held_response(model: str, seconds: float, oversampling: int = 50) -> np.ndarray:
    """Give the response to what lasts a volume, at the beginnings of that volume and later ones.

    Filtering volumes with it is what comes out where each is held for its points, these are
    convolved with the response to an impulse, and every `oversampling`-th is kept. Sampling the
    response once a volume is another filter.

    Parameters
    ----------
    model, seconds, oversampling
        As in `response`.

    Returns
    -------
    kernel : ndarray, shape (n_volumes,)
        Its sum is 1.
    """
    h = response(model, seconds, oversampling)
    risen = np.cumsum(h)  # at each point, of what began at the first and has not ended
    last = int(np.ceil(len(h) / oversampling)) + 1
    at = np.minimum(np.arange(last) * oversampling, len(h) - 1)
    return np.diff(risen[at], prepend=0.0)
