"""How latent features of pictures stand in the signal: locked in time, and in power alone."""

from dataclasses import dataclass

import numpy as np

from neurodecode.simulate.eeg_meg._known import Whitener

_BURST_WIDTH = 0.12  # s
_STEPS = 12  # of Gauss and Newton
_AT_ONCE = 64  # trials; templates of each are n_channels × n_templates × n_times numbers


@dataclass(frozen=True, eq=False)
class Responses:
    """What one unit of each latent feature is at the sensors.

    Parameters
    ----------
    evoked, induced : ndarray, shape (n_channels, n_latents)
        Patterns, in the sensors' unit.
    latency, width : ndarray, shape (n_latents,)
        Seconds, of the evoked bumps.
    burst, freq : ndarray, shape (n_latents,)
        Middle of the induced bursts, in seconds, and their frequency in Hz.

    Notes
    -----
    A feature z_k is an evoked bump of size z_k, and a burst of size log(1 + exp(z_k)) whose phase
    is drawn trial by trial: its mean over trials is zero at all times.
    """

    evoked: np.ndarray
    induced: np.ndarray
    latency: np.ndarray
    width: np.ndarray
    burst: np.ndarray
    freq: np.ndarray

    def templates(self, times: np.ndarray, late: np.ndarray, phase: np.ndarray) -> np.ndarray:
        """Give time courses of all bumps, then all bursts, of each trial.

        Parameters
        ----------
        times : ndarray, shape (n_times,)
            Seconds from the onset.
        late : ndarray, shape (n_trials,)
            Seconds by which a trial's bumps are late.
        phase : ndarray, shape (n_trials, n_latents)
            Radians.

        Returns
        -------
        courses : ndarray, shape (n_trials, 2 * n_latents, n_times)
        """
        since = times - self.latency[:, None] - late[:, None, None]
        bumps = np.exp(-(since**2) / (2 * self.width[:, None] ** 2))
        envelope = np.exp(-((times - self.burst[:, None]) ** 2) / (2 * _BURST_WIDTH**2))
        wave = np.cos(2 * np.pi * self.freq[:, None] * times + phase[..., None])
        return np.concatenate([bumps, envelope * wave], axis=1)

    @property
    def patterns(self) -> np.ndarray:
        """Patterns of all bumps, then all bursts, shape (n_channels, 2 * n_latents)."""
        return np.concatenate([self.evoked, self.induced], axis=1)


def strengths(z: np.ndarray) -> np.ndarray:
    """Sizes of all bumps, then all bursts, shape (…, 2 * n_latents)."""
    return np.concatenate([z, np.logaddexp(0, z)], axis=-1)


def most_likely_latents(
    X: np.ndarray, responses: Responses, courses: np.ndarray, whitener: Whitener,
    groups: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Latent features of largest posterior density: of each trial, or of trials that share them.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_channels, n_times)
    responses : Responses
    courses : ndarray, shape (n_trials, 2 * n_latents, n_times) or (1, 2 * n_latents, n_times)
        As `Responses.templates` gives them, with each trial's own delay and phases.
    whitener : Whitener
        Of the noise.
    groups : ndarray of int, shape (n_trials,) or None
        Trials that show one picture, numbered from 0; None: each trial by itself.

    Returns
    -------
    z : ndarray, shape (n_groups, n_latents)

    Notes
    -----
    Features are independent and standard normal before anything is seen. Where there are no
    bursts, this is also their posterior mean.
    """
    groups = np.arange(len(X)) if groups is None else groups
    used = np.flatnonzero(responses.patterns.any(axis=0))
    n_latents = responses.evoked.shape[1]
    if len(used) == 0:  # nothing is planted
        return np.zeros((groups.max() + 1, n_latents))
    gram = np.zeros((groups.max() + 1, len(used), len(used)))
    matched = np.zeros((len(gram), len(used)))
    patterns = whitener.space @ responses.patterns[:, used]  # (n_channels, n_used)
    design = _design(courses[:_AT_ONCE, used], patterns, whitener)
    for begin in range(0, len(X), _AT_ONCE):
        here = slice(begin, begin + _AT_ONCE)
        if begin and len(courses) > 1:
            design = _design(courses[here][:, used], patterns, whitener)
        white = whitener(X[here]).reshape(-1, design.shape[2], 1)
        np.add.at(gram, groups[here], design @ np.swapaxes(design, 1, 2))
        np.add.at(matched, groups[here], (design @ white)[..., 0])
    return latents_of_evidence(gram, matched, used, n_latents)


def latents_of_evidence(
    gram: np.ndarray, matched: np.ndarray, used: np.ndarray, n_latents: int, prior: float = 1.0
) -> np.ndarray:
    """Latent features of largest posterior density, given all that trials say of strengths.

    Parameters
    ----------
    gram : ndarray, shape (n_groups, n_used, n_used)
        Products of whitened templates, summed over the trials of each group.
    matched : ndarray, shape (n_groups, n_used)
        Their products with whitened trials, likewise.
    used : ndarray of int, shape (n_used,)
        Which of all bumps, then bursts, these are.
    n_latents : int
    prior : float
        How much the prior weighs, as a part of what it weighs in one group's posterior. One over n
        gives answers to single trials whose mean over n of them is the posterior mean given all,
        where there are no bursts and templates do not vary.

    Returns
    -------
    z : ndarray, shape (n_groups, n_latents)
    """
    z = np.zeros((len(gram), n_latents))
    for _ in range(_STEPS if np.any(used >= n_latents) else 1):
        misfit = np.einsum("gab,gb->ga", gram, strengths(z)[:, used]) - matched
        slopes = _slopes(z)[:, used]  # (n_groups, n_used, n_latents)
        downhill = prior * z + np.einsum("gal,ga->gl", slopes, misfit)
        curved = prior * np.eye(n_latents) + np.swapaxes(slopes, 1, 2) @ gram @ slopes
        z = z - np.linalg.solve(curved, downhill[..., None])[..., 0]
    return z


def _design(courses: np.ndarray, patterns: np.ndarray, whitener: Whitener) -> np.ndarray:
    """Give whitened templates of trials, shape (n_trials, n_used, n_channels * n_times).

    Parameters
    ----------
    courses : ndarray, shape (n_trials, n_used, n_times)
    patterns : ndarray, shape (n_channels, n_used)
        Of channels mixed as the whitener mixes them.
    whitener : Whitener
    """
    timed = courses @ np.swapaxes(whitener.time, 1, 2)[:, None]
    templates = np.moveaxis(timed * patterns[:, None, :, None], 0, 2)
    return templates.reshape(*templates.shape[:2], -1)


def _slopes(z: np.ndarray) -> np.ndarray:
    """Give derivatives of `strengths` in each latent, shape (n, 2 * n_latents, n_latents)."""
    eye = np.broadcast_to(np.eye(z.shape[1]), (len(z), z.shape[1], z.shape[1]))
    return np.concatenate([eye, eye * (1 / (1 + np.exp(-z)))[:, None, :]], axis=1)
