"""The design of a run of volumes: what each event should evoke, drifts, and whether they mix."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from neurodecode.core.errors import DataError

HrfModel = Literal[
    "glover",
    "glover + derivative",
    "glover + derivative + dispersion",
    "spm",
    "spm + derivative",
    "spm + derivative + dispersion",
]
HRF_LENGTH = 32.0  # seconds, of nilearn's kernels
SEEN_AFTER = 2.0  # seconds from an event until its response has risen at all
INFLATED = 10.0  # variance inflation that a reader should know of
_SINGULAR = 1e-8  # of the largest singular value of unit columns: double precision has no more
_SAME = 1e-10  # below 1 of the cosine of two responses
_LOADS = 1e-6  # of a direction that no volume determines: less is rounding
_SHOWN = 6


def response(
    onset: np.ndarray, duration: np.ndarray, times: np.ndarray, hrf_model: HrfModel = "glover"
) -> np.ndarray:
    """Give the response that events of one kind should evoke, nilearn's `compute_regressor`.

    Parameters
    ----------
    onset, duration : ndarray, shape (n_events,)
        Seconds; a duration of 0 is an impulse.
    times : ndarray, shape (n_times,)
        Of the volumes, in seconds of the same clock, evenly spaced.
    hrf_model : str

    Returns
    -------
    response : ndarray, shape (n_times, 1 to 3)
        The response, then its derivatives where the model has them.
    """
    from nilearn.glm.first_level import compute_regressor

    events = np.stack([onset, duration, np.ones(len(onset))])
    return compute_regressor(events, hrf_model, times)[0]


def drifts(
    times: np.ndarray,
    drift_model: Literal["cosine", "polynomial"] | None,
    high_pass: float,
    drift_order: int,
) -> np.ndarray:
    """Give slow regressors and the constant, as nilearn's design matrices have them.

    Parameters
    ----------
    times : ndarray, shape (n_times,)
        Seconds.
    drift_model, high_pass, drift_order
        As in ``nilearn.glm.first_level.FirstLevelModel``.

    Returns
    -------
    drifts : ndarray, shape (n_times, n_drifts + 1)
    """
    from nilearn.glm.first_level import make_first_level_design_matrix

    return make_first_level_design_matrix(
        times, drift_model=drift_model, high_pass=high_pass, drift_order=drift_order
    ).to_numpy()


def check_times(onset: np.ndarray, duration: np.ndarray, times: np.ndarray) -> None:
    """Hold events to the run in which their responses are looked for.

    Parameters
    ----------
    onset, duration : ndarray, shape (n_events,)
        Seconds from the first volume.
    times : ndarray, shape (n_times,)
        Of the volumes.

    Raises
    ------
    DataError
        If a time is unknown, the run is shorter than a response, or an event has none in it.
    """
    if not (np.isfinite(onset).all() and np.isfinite(duration).all() and (duration >= 0).all()):
        wrong = int(np.flatnonzero(~(np.isfinite(onset) & (duration >= 0)))[0])
        raise DataError(
            f"glm: event {wrong + 1} has onset {onset[wrong]:g} s and duration "
            f"{duration[wrong]:g} s. Give both, in seconds; 0 is the duration of an impulse."
        )
    seconds = float(times[-1] - times[0]) + float(times[1] - times[0]) if len(times) > 1 else 0.0
    if seconds < HRF_LENGTH:
        raise DataError(
            f"glm: the run lasts {seconds:g} s and a response {HRF_LENGTH:g} s, so none is seen "
            "whole. Correct the t_r, join the runs, or average volumes: block_mean."
        )
    last = float(times[-1])
    outside = np.flatnonzero((onset > last - SEEN_AFTER) | (onset + duration < 0))
    if len(outside):
        first = int(outside[0])
        raise DataError(
            f"glm: the response to {len(outside)} of {len(onset)} events is outside the run, whose "
            f"last volume is at {last:g} s: the first is event {first + 1} at {onset[first]:g} s. "
            "Correct the events, or leave these out of their table."
        )


def check_distinct(responses: Sequence[np.ndarray], onset: np.ndarray) -> None:
    """Hold each event to a response of its own.

    Parameters
    ----------
    responses : sequence of ndarray, shape (n_times, n_basis)
        One an event.
    onset : ndarray, shape (n_events,)
        Seconds, for messages.

    Raises
    ------
    DataError
        If two events evoke the same.
    """
    columns = np.stack([one[:, 0] for one in responses])
    columns /= np.linalg.norm(columns, axis=1, keepdims=True)
    same = np.argwhere(np.triu(columns @ columns.T > 1 - _SAME, k=1))
    if len(same):
        i, j = map(int, same[0])
        raise DataError(
            f"glm: events {i + 1} (at {onset[i]:g} s) and {j + 1} (at {onset[j]:g} s) evoke the "
            f"same response, so their betas cannot be told apart ({len(same)} such pairs). Leave "
            "one of them out of the events, or join them: by: block."
        )


def check_apart(
    responses: Sequence[np.ndarray], nuisance: np.ndarray, onset: np.ndarray, first: int = 0
) -> float:
    """Hold the design to what its volumes can tell apart.

    Parameters
    ----------
    responses : sequence of ndarray, shape (n_times, n_basis)
        One an event.
    nuisance : ndarray, shape (n_times, n_nuisance)
        Drifts and confounds.
    onset : ndarray, shape (n_events,)
        Seconds, for messages.
    first : int
        Position of the first of these events among all, for messages.

    Returns
    -------
    inflation : float
        The largest factor by which the variance of a beta grows because responses overlap.

    Raises
    ------
    DataError
        If there are not more volumes than regressors, or a response is a mixture of others.
    """
    n_times, n_basis = responses[0].shape
    design = np.hstack([*responses, nuisance])
    if design.shape[1] >= n_times:
        raise DataError(
            f"glm: {design.shape[1]} regressors ({len(responses)} events) for {n_times} volumes. "
            "Take fewer confounds, one model an event (method: lss), or join events: by: block."
        )
    size = np.linalg.norm(design, axis=0)
    unit = design / np.where(size > 0, size, 1)
    _, values, axes = np.linalg.svd(unit, full_matrices=False)
    wanted = np.arange(len(responses)) * n_basis
    undetermined = np.abs(axes[values <= _SINGULAR * values[0]])  # directions that no volume tells
    lost = np.flatnonzero((undetermined[:, wanted] > _LOADS).any(axis=0))
    if len(lost):
        listed = ", ".join(f"{first + i + 1} (at {onset[i]:g} s)" for i in map(int, lost[:_SHOWN]))
        more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
        raise DataError(
            f"glm: the responses to {len(lost)} of {len(responses)} events are mixtures of other "
            f"regressors, so their betas are not determined: events {listed}{more}. Events that "
            "follow each other without a gap do this, and confounds that follow the task. Leave "
            "some of them out, or join events: by: block."
        )
    kept = values > _SINGULAR * values[0]
    variance = ((axes[kept][:, wanted] / values[kept, None]) ** 2).sum(axis=0)
    centred = unit[:, wanted] - unit[:, wanted].mean(axis=0)
    return float((variance * (centred**2).sum(axis=0)).max())
