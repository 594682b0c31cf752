"""The response of blood flow to events, in closed form."""

import numpy as np
from scipy.special import gammainc

UNDERSHOOT_AFTER = 10.0  # seconds from the peak's gamma to that of the undershoot, SPM's 16 - 6
UNDERSHOOT = 0.167  # of the undershoot to the peak, SPM's


def responses(
    onset: np.ndarray, duration: np.ndarray, times: np.ndarray, peaks: np.ndarray
) -> np.ndarray:
    """Give the response to each event, for each of several shapes of the response.

    The double gamma of SPM, whose impulse has its peak after 5 s; other peaks move both gammas.
    What lasts is an integral over the impulses, and the integral of a gamma density is known, so
    nothing is sampled finely here.

    Parameters
    ----------
    onset, duration : ndarray, shape (n_events,)
        Seconds; a duration above zero.
    times : ndarray, shape (n_times,)
        Seconds of the same clock.
    peaks : ndarray, shape (n_shapes,)
        Seconds from an impulse to the peak of its response.

    Returns
    -------
    responses : ndarray, shape (n_shapes, n_events, n_times)
        An event that lasts for ever ends at 1.

    References
    ----------
    Friston et al. 1998, doi 10.1006/nimg.1997.0306; constants of `nilearn`'s ``spm_hrf``.
    """
    since = np.asarray(times)[None, :] - np.asarray(onset)[:, None]  # (n_events, n_times)
    until = since - np.asarray(duration)[:, None]
    return np.stack([_risen(since, peak) - _risen(until, peak) for peak in peaks])


def _risen(seconds: np.ndarray, peak: float) -> np.ndarray:
    """Response to what began `seconds` ago and has not ended: the integral of the double gamma."""
    seconds = np.maximum(seconds, 0.0)
    shape = peak + 1.0  # a gamma density of unit scale is largest at its shape less one
    risen = gammainc(shape, seconds) - UNDERSHOOT * gammainc(shape + UNDERSHOOT_AFTER, seconds)
    return risen / (1.0 - UNDERSHOOT)
