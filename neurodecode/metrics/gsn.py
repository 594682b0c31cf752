"""Generative signal and noise: covariances of what repeats share and of what they do not.

Responses are a draw of the signal for each stimulus and a draw of the noise for each repeat, both
normal with a covariance over channels. Both are shrunk, and made covariances that could be: what
remains when the noise is taken off the covariance of means is none where repeats are few.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg.rdm import correlation
from neurodecode.linalg.rdm_compare import Method, compare
from neurodecode.metrics.ceiling import Ceiling

N_LEVELS = 51  # of shrinkage, from the diagonal alone to none
_HELD_OUT = 5  # stimuli are left out in so many parts; one of them judges
_ALIKE = 0.999  # correlation with the iterate before: nothing moves any more
_MOST = 1000
Missing = Literal["subset", "all"]


@dataclass(frozen=True, eq=False)
class SignalAndNoise:
    """Covariances of signal and noise.

    Parameters
    ----------
    mean : ndarray, shape (n_channels,)
    signal, noise : ndarray, shape (n_channels, n_channels)
        Covariances over stimuli, and over repeats of one. Neither has an eigenvalue below zero.
    ncsnr : Ceiling
        Standard deviation of the signal over that of the noise of a single repeat, by channel,
        from what was estimated before it was made a covariance.
    n_repeats : float
        That means of stimuli are of; the harmonic mean where `missing` is ``all``.
    shrinkage : tuple of float
        Of the noise, and of the means: what off-diagonal entries were multiplied by.
    missing : {"none", "subset", "all"}
        What was done about repeats that are missing.
    n_iterations : int
        Of the repair.
    """

    mean: np.ndarray
    signal: np.ndarray
    noise: np.ndarray
    ncsnr: Ceiling
    n_repeats: float
    shrinkage: tuple[float, float]
    missing: str
    n_iterations: int


def signal_and_noise(
    repeats: np.ndarray, *, missing: Missing = "subset", seed: int = 0
) -> SignalAndNoise:
    """Estimate covariances of signal and noise from repeats.

    Parameters
    ----------
    repeats : ndarray, shape (n_repeats, n_stimuli, n_channels)
        NaN of a repeat that is missing, in all of its channels.
    missing : {"subset", "all"}
        ``subset``: as many repeats of each stimulus, drawn, as the one with fewest has; ``all``:
        every repeat, means being of the harmonic mean of their numbers.
    seed : int
        Of the stimuli that are left out to choose the shrinkage, and of the subset.

    Returns
    -------
    found : SignalAndNoise

    Raises
    ------
    DataError
        If a stimulus has fewer than two repeats, or a channel does not vary.

    References
    ----------
    Kay et al. 2024, doi 10.1371/journal.pcbi.1012092 (GSN).
    """
    rng = np.random.default_rng(seed)
    several, how = _repeats_of(np.asarray(repeats, dtype=np.float64), missing, rng)
    counts = np.array([len(one) for one in several])
    k, n_stimuli = 1 / float(np.mean(1 / counts)), len(several)
    means = np.stack([one.mean(axis=0) for one in several])
    away = [one - mean for one, mean in zip(several, means, strict=True)]
    if min(np.ptp(means, axis=0).min(), np.ptp(np.concatenate(away), axis=0).min()) <= 0:
        raise DataError("gsn: a channel does not vary over stimuli or repeats. Leave it out.")
    held = rng.permutation(n_stimuli)[: max(1, n_stimuli // _HELD_OUT)]
    kept = np.setdiff1d(np.arange(n_stimuli), held)
    noise, by_noise = _shrunk(_within(away), _within([away[i] for i in kept]),
                              np.concatenate([away[i] for i in held]))  # fmt: skip
    total, by_total = _shrunk(
        np.cov(means.T, ddof=1), np.cov(means[kept].T, ddof=1), means[held] - means[kept].mean(0)
    )
    raw = np.clip(np.diag(total - noise / k), 0, None)
    ncsnr = Ceiling(np.sqrt(raw / np.diag(noise)), "snr", "single", per="channel")
    signal, repaired, n_iterations = _repaired(total, noise, k, n_stimuli)
    return SignalAndNoise(
        means.mean(axis=0), signal, repaired, ncsnr, k, (by_noise, by_total), how, n_iterations
    )


def rsa_ceiling(
    found: SignalAndNoise,
    *,
    n_repeats: float | None = None,
    method: Method = "corr",
    n_stimuli: int = 50,
    n_draws: int = 50,
    seed: int = 0,
) -> Ceiling:
    """Give how well the RDM without noise tells the RDM of means of repeats.

    Parameters
    ----------
    found : SignalAndNoise
    n_repeats : float, optional
        In the mean; those that were measured without.
    method : str
        How two RDMs are compared, as `neurodecode.linalg.rdm_compare.compare` takes it; RDMs are of
        correlation distances.
    n_stimuli, n_draws : int
        Stimuli in an RDM; the median is taken over so many draws.
    seed : int

    Returns
    -------
    ceiling : Ceiling
        One value, in ``r``, per RDM.
    """
    rng, k = np.random.default_rng(seed), n_repeats or found.n_repeats
    roots = [_root(found.signal), _root(found.noise / k)]
    scores = np.empty(n_draws)
    for i in range(n_draws):
        drawn = (rng.standard_normal((n_stimuli, len(root))) @ root.T for root in roots)
        signal, noise = drawn
        rdms = [correlation(found.mean + one) for one in (signal, signal + noise)]
        scores[i] = compare(rdms[0][None], rdms[1][None], method)[0, 0]
    of = "single" if k == 1 else "mean_k"
    return Ceiling(np.array([np.median(scores)]), "r", of, per="RDM", n_repeats=k)


def _repeats_of(
    repeats: np.ndarray, missing: Missing, rng: np.random.Generator
) -> tuple[list[np.ndarray], str]:
    """Give the repeats of each stimulus, (n, n_channels), and what was done about those missing."""
    if repeats.ndim != 3 or repeats.shape[1] < _HELD_OUT:
        raise DataError(
            f"gsn: repeats of shape {repeats.shape}: give (n_repeats, n_stimuli, n_channels), "
            f"{_HELD_OUT} stimuli at least."
        )
    finite = np.isfinite(repeats)
    there = np.asarray(finite.all(axis=2))
    if (there != finite.any(axis=2)).any():
        raise DataError("gsn: a repeat lacks some of its channels. Leave out these or that.")
    counts = there.sum(axis=0)
    if counts.min() < 2:
        raise DataError(
            f"gsn: stimulus {int(np.argmin(counts))} has {counts.min()} repeats. Leave out what "
            "was not repeated: 2 are the least."
        )
    several = [repeats[there[:, i], i] for i in range(repeats.shape[1])]
    if counts.min() == counts.max():
        return several, "none"
    if missing == "subset":
        fewest = counts.min()
        return [one[rng.permutation(len(one))[:fewest]] for one in several], "subset"
    return several, "all"


def _within(away: list[np.ndarray]) -> np.ndarray:
    """Covariance within stimuli, pooled over them."""
    E = np.concatenate(away)
    return E.T @ E / (len(E) - len(away))


def _shrunk(whole: np.ndarray, part: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, float]:
    """Multiply what is off the diagonal by the level under which what is left out is likeliest.

    All levels share eigenvectors once the diagonal is taken to be 1, so one decomposition serves.
    """
    scale = np.sqrt(np.diag(part))
    values, vectors = np.linalg.eigh(part / np.outer(scale, scale))
    squares = ((held / scale @ vectors) ** 2).mean(axis=0)
    levels = np.linspace(0, 1, N_LEVELS)
    spectra = levels[:, None] * values + (1 - levels[:, None])
    sound = spectra.min(axis=1) > 1e-10
    spectra = np.where(sound[:, None], spectra, 1.0)
    likelihood = -(np.log(spectra) + squares / spectra).sum(axis=1)
    level = float(levels[np.argmax(np.where(sound, likelihood, -np.inf))])
    return level * whole + (1 - level) * np.diag(np.diag(whole)), level


def _repaired(
    total: np.ndarray, noise: np.ndarray, k: float, n_stimuli: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Alternate between signal and noise until both are covariances that explain what was seen."""
    q = n_stimuli * k**2 * (k - 1) + n_stimuli - 1
    of_within, of_means = n_stimuli * (k - 1) * k**2 / q, (n_stimuli - 1) / q
    made_noise, made_signal = noise, np.zeros_like(noise)
    for i in range(1, _MOST + 1):
        signal = _positive(total - made_noise / k)
        made = _positive(of_within * noise + of_means * k * (total - signal))
        settled = i > 1 and _alike(signal, made_signal) and _alike(made, made_noise)
        made_signal, made_noise = signal, made
        if settled:
            return made_signal, made_noise, i
    return made_signal, made_noise, _MOST


def _positive(S: np.ndarray) -> np.ndarray:
    """Nearest matrix without eigenvalues below zero."""
    values, vectors = np.linalg.eigh((S + S.T) / 2)
    return (vectors * np.clip(values, 0, None)) @ vectors.T


def _root(S: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(S)
    return vectors * np.sqrt(np.clip(values, 0, None))


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    if not one.any() or not other.any():  # no signal at all
        return one.any() == other.any()
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1]) > _ALIKE
