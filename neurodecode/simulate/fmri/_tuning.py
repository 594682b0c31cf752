"""Voxels that answer some labels more than others, and an oracle that knows how."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import softmax

from neurodecode.core.space import Space
from neurodecode.simulate.fmri._hrf import responses
from neurodecode.simulate.fmri._noise import ar1, slow, spatial_factor, whiten_in_time
from neurodecode.simulate.fmri._voxels import positions

NOISE = 15.0  # s.d. of a voxel over a run, in the scanner's unit
BASELINE = 1000.0
PEAKS = np.array([4.0, 4.5, 5.0, 5.5, 6.0])  # seconds: voxels differ in when they answer
EVOKED = 1.0  # answer to every event, whatever its label, in s.d. of the noise
DRIFT = 1.0  # s.d. of a run's drift, in s.d. of the noise
_SWEEPS = 10  # over the events of a run; their answers settle within four


@dataclass(frozen=True, eq=False)
class Tuning:
    """What stays the same over the runs of a person; amplitudes in s.d. of the noise.

    Parameters
    ----------
    space : Space
    factor : ndarray, shape (n_voxels, n_voxels)
        Lower triangular factor of the noise's correlation between voxels.
    patterns : ndarray, shape (n_labels, n_voxels)
        What a label adds to the response, of mean zero over labels.
    evoked : ndarray, shape (n_voxels,)
        The response whatever the label.
    peak : ndarray of int, shape (n_voxels,)
        Position among `PEAKS` of when each voxel answers.
    """

    space: Space
    factor: np.ndarray
    patterns: np.ndarray
    evoked: np.ndarray
    peak: np.ndarray


@dataclass(frozen=True, eq=False)
class Run:
    """When what happened in a run, and which of its volumes were kept.

    Parameters
    ----------
    onset, duration : ndarray, shape (n_events,)
        Seconds.
    codes : ndarray of int, shape (n_events,)
        Label of each event.
    t_r : float
    number : ndarray of int, shape (n_kept,)
        Number of each volume that is kept, from 0.
    n_volumes : int
    phi : float
        Correlation of the noise with the volume before.
    delay : float
        Seconds by which the series has been moved to earlier volumes.
    """

    onset: np.ndarray
    duration: np.ndarray
    codes: np.ndarray
    t_r: float
    number: np.ndarray
    n_volumes: int
    phi: float
    delay: float = 0.0

    def responses(self) -> np.ndarray:
        """Response to each event at all volumes, (n_peaks, n_events, n_volumes)."""
        times = np.arange(self.n_volumes) * self.t_r + self.delay
        return responses(self.onset, self.duration, times, PEAKS)


def draw_tuning(
    rng: np.random.Generator, space: Space, n_labels: int, effect: float, tuned: float
) -> Tuning:
    """Draw a person: neighbouring voxels are tuned alike, around a place of their own.

    Every tuned voxel spans the same range: its answers to the labels are evenly spaced, in an
    order of its own.

    Parameters
    ----------
    rng : Generator
        Of the person.
    space : Space
    n_labels : int
    effect : float
        S.d. over labels of a tuned voxel's response to what lasts, in s.d. of the noise.
    tuned : float
        Part of the voxels that are tuned, 0 to 1.
    """
    n, places = len(space), positions(space)
    factor = spatial_factor(n, places)
    smooth = factor @ rng.standard_normal((n, n_labels))
    levels = np.arange(n_labels) - (n_labels - 1) / 2
    patterns = levels[np.argsort(np.argsort(smooth, axis=1), axis=1)].T / levels.std()
    middle = rng.integers(n)
    far = np.arange(n) if places is None else np.linalg.norm(places - places[middle], axis=1)
    patterns[:, np.argsort(far, kind="stable")[max(1, round(tuned * n)) :]] = 0.0
    evoked = EVOKED * (factor @ rng.standard_normal(n))
    return Tuning(space, factor, effect * patterns, evoked, rng.integers(len(PEAKS), size=n))


def simulate_run(
    rng: np.random.Generator, tuning: Tuning, run: Run, motion: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Make the volumes of a run, and what an oracle makes of them.

    Parameters
    ----------
    rng : Generator
        Of the run's noise.
    tuning : Tuning
    run : Run
    motion : ndarray, shape (n_volumes, n_confounds) or None
        Regressors of unit variance that voxels take on, each to a degree of its own.

    Returns
    -------
    data : ndarray, shape (n_kept, n_voxels)
    log_likelihood : ndarray, shape (n_events, n_labels)
        Of the volumes, were the event of each label.
    """
    n_voxels, shapes = len(tuning.space), run.responses()
    smooth = slow(run.n_volumes)
    if motion is not None:
        smooth = np.hstack([smooth, motion])
    weights = rng.standard_normal((smooth.shape[1], n_voxels)) @ tuning.factor.T
    weights *= DRIFT / np.sqrt(smooth.shape[1])
    noise = ar1(rng, run.n_volumes, n_voxels, run.phi) @ tuning.factor.T
    amplitude = tuning.patterns[run.codes] + tuning.evoked  # (n_events, n_voxels)
    evoked = np.empty((run.n_volumes, n_voxels))
    for i in range(len(PEAKS)):
        mine = tuning.peak == i
        evoked[:, mine] = shapes[i].T @ amplitude[:, mine]
    series = (evoked + smooth @ weights + noise)[run.number]
    answers = _log_likelihood(series, smooth[run.number], shapes[:, :, run.number], tuning, run)
    return BASELINE + NOISE * series, answers


def _log_likelihood(
    series: np.ndarray, smooth: np.ndarray, shapes: np.ndarray, tuning: Tuning, run: Run
) -> np.ndarray:
    """Give the log-likelihood of each event's labels, the other events' labels being unknown.

    Noise is made white in time and space and drifts are projected out, so that what is left of a
    response is a template. Responses overlap: those of other events are taken at what the data
    say of their labels, in turn, until all agree (mean field; exact where none overlap).
    """
    nuisance, _ = np.linalg.qr(whiten_in_time(smooth, run.number, run.phi))

    def clean(values: np.ndarray) -> np.ndarray:
        white = whiten_in_time(values, run.number, run.phi)
        return white - nuisance @ (nuisance.T @ white)

    n_events, n_labels = len(run.codes), len(tuning.patterns)
    used = np.unique(tuning.peak)
    times = np.stack([clean(shapes[i].T) for i in used])  # (n_used, n_kept, n_events)
    spread = np.stack([np.where(tuning.peak == i, tuning.patterns, 0.0) for i in used])
    evoked = np.stack([np.where(tuning.peak == i, tuning.evoked, 0.0) for i in used])
    spread, evoked = (_white_in_space(tuning.factor, one) for one in (spread, evoked))
    left = _white_in_space(tuning.factor, clean(series))
    for i in range(len(used)):
        left -= times[i].sum(axis=1)[:, None] * evoked[i]
    seen = np.einsum("hte,tv,hcv->ec", times, left, spread, optimize=True)
    over_time = np.einsum("hte,gtf->ehfg", times, times, optimize=True)
    over_space = np.einsum("hcv,gdv->hcgd", spread, spread, optimize=True)
    return _settle(seen, over_time, over_space, n_events, n_labels)


def _settle(
    seen: np.ndarray,
    over_time: np.ndarray,
    over_space: np.ndarray,
    n_events: int,
    n_labels: int,
) -> np.ndarray:
    """Solve for all events' log-likelihoods, which depend on each other's."""
    alone = np.arange(n_events)
    own = over_time[alone, :, alone, :]  # (n_events, n_used, n_used)
    norms = np.einsum("ehg,hcgc->ec", own, over_space)
    p = np.full((n_events, n_labels), 1.0 / n_labels)
    answers = np.zeros((n_events, n_labels))
    for _ in range(_SWEEPS):
        for i in range(n_events):
            others = np.einsum("hfg,fd->hgd", over_time[i], p) - own[i][:, :, None] * p[i]
            answers[i] = seen[i] - np.einsum("hgd,hcgd->c", others, over_space) - 0.5 * norms[i]
            p[i] = softmax(answers[i])
    return answers


def _white_in_space(factor: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Make the last axis, voxels, white."""
    flat = values.reshape(-1, values.shape[-1])
    return solve_triangular(factor, flat.T, lower=True).T.reshape(values.shape)


def simulate_betas(
    rng: np.random.Generator, tuning: Tuning, codes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Make an estimate of the response to each event, and what an oracle makes of it.

    Parameters
    ----------
    rng : Generator
        Of the run's noise.
    tuning : Tuning
    codes : ndarray of int, shape (n_events,)

    Returns
    -------
    betas : ndarray, shape (n_events, n_voxels)
        In s.d. of their noise.
    log_likelihood : ndarray, shape (n_events, n_labels)
    """
    noise = rng.standard_normal((len(codes), len(tuning.space)))
    betas = tuning.evoked + tuning.patterns[codes] + noise @ tuning.factor.T
    left = _white_in_space(tuning.factor, betas - tuning.evoked)
    patterns = _white_in_space(tuning.factor, tuning.patterns)
    return betas, left @ patterns.T - 0.5 * (patterns**2).sum(axis=1)
