"""Voxels that answer some labels more than others, and an oracle that knows how."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp, softmax

from neurodecode.core.space import Space
from neurodecode.simulate.fmri._hrf import responses
from neurodecode.simulate.fmri._noise import ar1, slow, spatial_factor, whiten_in_time
from neurodecode.simulate.fmri._voxels import positions

NOISE = 15.0  # s.d. of a voxel over a run, in the scanner's unit
BASELINE = 1000.0
PEAKS = np.array([4.0, 4.5, 5.0, 5.5, 6.0])  # seconds: voxels differ in when they answer
EVOKED = 1.0  # answer to every event, whatever its label, in s.d. of the noise
DRIFT = 1.0  # s.d. of a run's drift, in s.d. of the noise
_SCALINGS = 200  # a run's posteriors add up to within a hundredth by then
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
    variability : float
        S.d. of what an event has of each label's pattern, beside that of its own label.
    """

    space: Space
    factor: np.ndarray
    patterns: np.ndarray
    evoked: np.ndarray
    peak: np.ndarray
    variability: float

    def draw(self, rng: np.random.Generator, codes: np.ndarray) -> np.ndarray:
        """Draw the response to events of these labels, shape (n_events, n_voxels)."""
        n_labels = len(self.patterns)
        mixed = np.eye(n_labels)[codes]
        mixed += self.variability * rng.standard_normal((len(codes), n_labels))
        return self.evoked + mixed @ self.patterns


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
    rng: np.random.Generator,
    space: Space,
    n_labels: int,
    *,
    effect: float,
    tuned: float,
    variability: float,
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
    variability : float
        See `Tuning`.
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
    peak = rng.integers(len(PEAKS), size=n)
    return Tuning(space, factor, effect * patterns, evoked, peak, variability)


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
    amplitude = tuning.draw(rng, run.codes)
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
    say of them, in turn, until all agree (mean field; exact where none overlap).
    """
    nuisance, _ = np.linalg.qr(whiten_in_time(smooth, run.number, run.phi))

    def clean(values: np.ndarray) -> np.ndarray:
        white = whiten_in_time(values, run.number, run.phi)
        return white - nuisance @ (nuisance.T @ white)

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
    return _settle(seen, over_time, over_space, tuning.variability)


def _settle(
    seen: np.ndarray, over_time: np.ndarray, over_space: np.ndarray, variability: float
) -> np.ndarray:
    """Solve for all events' log-likelihoods, which depend on what the others have of each label.

    Parameters
    ----------
    seen : ndarray, shape (n_events, n_labels)
        Products of the data with the templates.
    over_time : ndarray, shape (n_events, n_peaks, n_events, n_peaks)
    over_space : ndarray, shape (n_peaks, n_labels, n_peaks, n_labels)
        Products of templates with each other are sums of products of these two.
    variability : float
    """
    n_events, n_labels = seen.shape
    own = over_time[np.arange(n_events), :, np.arange(n_events), :]  # (n_events, n_peaks, n_peaks)
    products = np.einsum("ehg,hcgd->ecd", own, over_space)
    found = np.full((n_events, n_labels), 1.0 / n_labels)  # of each label in each event
    answers = np.zeros((n_events, n_labels))
    for _ in range(_SWEEPS):
        for i in range(n_events):
            others = np.einsum("hfg,fd->hgd", over_time[i], found)
            others -= own[i][:, :, None] * found[i]
            left = seen[i] - np.einsum("hgd,hcgd->c", others, over_space)
            answers[i], found[i] = _weigh(left, products[i], variability)
    return answers


def _weigh(
    seen: np.ndarray, products: np.ndarray, variability: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weigh the labels of one event; what it has of each is normal around 1 or 0.

    Parameters
    ----------
    seen : ndarray, shape (n_labels,)
        Products of the data with the templates, both white.
    products : ndarray, shape (n_labels, n_labels)
        Of the templates with each other.

    Returns
    -------
    log_likelihood : ndarray, shape (n_labels,)
        Of the data, were the event of each label.
    found : ndarray, shape (n_labels,)
        What it has of each, on average over what the data say.
    """
    n_labels = len(seen)
    left = seen[:, None] - products  # column: what an event of that label leaves to be explained
    beside = variability**2 * np.linalg.solve(np.eye(n_labels) + variability**2 * products, left)
    answers = seen - 0.5 * np.diag(products) + 0.5 * (left * beside).sum(axis=0)
    return answers, (np.eye(n_labels) + beside) @ softmax(answers)


def knowing_balance(log_likelihood: np.ndarray) -> np.ndarray:
    """Let an oracle know that a run has each label as often.

    A model learns as much, where its preparation takes a run's mean out: what all events of the
    run have of one label tells of none of them. Each label's log-likelihoods are shifted until the
    posteriors of the events add up to the label's share (Sinkhorn's scaling).

    Parameters
    ----------
    log_likelihood : ndarray, shape (n_events, n_labels)

    Returns
    -------
    log_likelihood : ndarray, shape (n_events, n_labels)
    """
    n_events, n_labels = log_likelihood.shape
    known = log_likelihood - log_likelihood.max(axis=1, keepdims=True)
    for _ in range(_SCALINGS):
        known = known - logsumexp(known, axis=1, keepdims=True)
        known = known - logsumexp(known, axis=0) + np.log(n_events / n_labels)
    return known


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
    betas = tuning.draw(rng, codes) + noise @ tuning.factor.T
    left = _white_in_space(tuning.factor, betas - tuning.evoked)
    patterns = _white_in_space(tuning.factor, tuning.patterns)
    products = patterns @ patterns.T
    weighed = [_weigh(one, products, tuning.variability)[0] for one in left @ patterns.T]
    return betas, np.array(weighed)
