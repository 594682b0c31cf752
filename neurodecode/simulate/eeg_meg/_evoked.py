"""Responses that follow an event in time: waves of sources, added up where they overlap."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurodecode.simulate import Simulation
from neurodecode.simulate.eeg_meg._head import Sources, beneath
from neurodecode.simulate.eeg_meg._session import Session, own_sources

_LATE = 0.05  # s.d. of the logarithm of a person's latencies


@dataclass(frozen=True)
class Wave:
    """What sources beneath some electrodes do together after an event.

    Parameters
    ----------
    electrodes : tuple of str
        Above the sources.
    latency, width : float
        Seconds after the event, and s.d. of the bell shape.
    moment : float
        Ampere metres of each source at the peak; below zero for a wave that is negative above.
    """

    electrodes: tuple[str, ...]
    latency: float
    width: float
    moment: float


def responses(
    simulation: Simulation,
    today: Session,
    subject: str,
    waves: Sequence[Wave],
    times: np.ndarray,
) -> np.ndarray:
    """Give each wave at the sensors, as this person has it.

    Parameters
    ----------
    times : ndarray, shape (n_times,)
        Seconds after the event.

    Returns
    -------
    responses : ndarray, shape (n_waves, n_channels, n_times)
        In the sensors' units.
    """
    late = np.exp(_LATE * simulation.rng("latency", subject).standard_normal())
    atlas = [beneath(wave.electrodes) for wave in waves]
    places, moments = (
        np.concatenate([getattr(one, name) for one in atlas]) for name in ("positions", "moments")
    )
    placed, size = own_sources(simulation, Sources(places, moments), subject)
    gain = today.gain(placed) * size  # (n_channels, n_sources)
    ends = np.cumsum([len(wave.electrodes) for wave in waves])
    found = np.empty((len(waves), len(gain), len(times)))
    for i, (wave, end) in enumerate(zip(waves, ends, strict=True)):
        pattern = gain[:, end - len(wave.electrodes) : end].sum(axis=1) * wave.moment
        course = np.exp(-0.5 * ((times - wave.latency * late) / wave.width) ** 2)
        found[i] = pattern[:, np.newaxis] * course
    return found


def mean_sizes(
    labels: Sequence[str], bearer: str, common: Sequence[Wave], own: Sequence[Wave], effect: float
) -> np.ndarray:
    """Give the mean size of each wave under each label, shape (n_labels, n_waves).

    Parameters
    ----------
    labels : sequence of str
    bearer : str
        The label whose events evoke the waves of `own` too.
    common, own : sequence of Wave
        Those of every event, of size 1, and those of one label alone.
    effect : float
        Mean size of the latter.
    """
    sizes = np.array([[1.0] * len(common) + [0.0] * len(own)] * len(labels))
    sizes[list(labels).index(bearer), len(common) :] = effect
    return sizes


def added(n_times: int, starts: np.ndarray, each: np.ndarray) -> np.ndarray:
    """Add up what follows each event, shape (n_channels, n_times).

    Parameters
    ----------
    n_times : int
        Of the recording.
    starts : ndarray of int, shape (n_events,)
        Samples at which responses begin.
    each : ndarray, shape (n_events, n_channels, n_response)
    """
    total = np.zeros((each.shape[1], n_times))
    for start, one in zip(starts, each, strict=True):
        total[:, start : start + each.shape[2]] += one
    return total
