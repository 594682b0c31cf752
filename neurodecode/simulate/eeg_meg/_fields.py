"""Where, when and how strongly the brain answers to what is heard and seen: a table of waves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from neurodecode.simulate.eeg_meg._head import Sensors, Sources, beneath, forward


@dataclass(frozen=True)
class Wave:
    """One bump of current in one place.

    Parameters
    ----------
    place : str
        Electrode of the 10-05 system above it.
    direction : tuple of float, shape (3,)
        Of the current: right, front, up. What of it points outward is taken away.
    latency, width : float
        Seconds; mean and standard deviation of the bump.
    moment : float
        A m at the peak; below zero it flows back.
    depth : float
        Metres below the scalp.
    """

    place: str
    direction: tuple[float, float, float]
    latency: float
    width: float
    moment: float
    depth: float = 0.025


def _tone(near: str, far: str) -> tuple[Wave, ...]:
    """M100 and P200 of both temporal lobes; the one across from the ear is stronger and first."""
    down = (0.0, -0.5, -1.0)  # from the fissure's upper wall inward
    return (
        Wave(far, down, 0.090, 0.016, 30e-9),
        Wave(far, down, 0.180, 0.030, -15e-9),
        Wave(near, down, 0.098, 0.016, 12e-9),
        Wave(near, down, 0.188, 0.030, -6e-9),
    )


def _checkerboard(far: str) -> tuple[Wave, ...]:
    """M100 and what follows of the half of the visual cortex across from the stimulus."""
    return (
        Wave(far, (0.0, -0.3, 1.0), 0.105, 0.014, 25e-9, 0.03),
        Wave(far, (0.4, 0.2, -0.8), 0.155, 0.022, 20e-9, 0.03),
    )


def _picture(face: bool) -> tuple[Wave, ...]:
    """M100 of both halves, then M170 beneath the temporal lobe, larger for faces at the right."""
    up, front = (0.0, -0.3, 1.0), (0.0, 1.0, -0.3)
    return (
        Wave("O1", up, 0.105, 0.014, 20e-9, 0.03),
        Wave("O2", up, 0.105, 0.014, 20e-9, 0.03),
        Wave("P10", front, 0.170, 0.018, 25e-9 if face else 8e-9),
        Wave("P9", front, 0.170, 0.018, 15e-9 if face else 8e-9),
        Wave("PO4", front, 0.240, 0.040, 4e-9 if face else 12e-9, 0.035),
    )


# Latencies and moments after Hämäläinen et al. 1993, doi 10.1103/RevModPhys.65.413, and Liu et
# al. 2002 (M170), doi 10.1038/nn909; places are round figures.
CONDITIONS: Mapping[str, tuple[Wave, ...]] = {
    "auditory/left": _tone(near="T7", far="T8"),
    "auditory/right": _tone(near="T8", far="T7"),
    "visual/left": _checkerboard("O2"),
    "visual/right": _checkerboard("O1"),
    "face": _picture(face=True),
    "house": _picture(face=False),
}


def waves_of(
    conditions: Sequence[str], sensors: Sensors, times: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Give what the sensors see of each wave of one person, and how strong it is when.

    Parameters
    ----------
    conditions : sequence of str
        Names in `CONDITIONS`.
    sensors : Sensors
    times : ndarray, shape (n_times,)
        Seconds from the onset.
    rng : numpy.random.Generator
        What makes the person: sources 5 mm from where they are in others, latencies that differ
        by 5 ms, strengths by a tenth.

    Returns
    -------
    waves : ndarray, shape (n_waves, n_channels, n_times)
        In the sensors' units, an ampere metre of moment.
    moments : ndarray, shape (n_conditions, n_waves)
        A m. A place and latency that several conditions share is one wave.
    """
    shapes = [replace(wave, moment=0.0) for name in conditions for wave in CONDITIONS[name]]
    shapes = list(dict.fromkeys(shapes))
    moments = np.zeros((len(conditions), len(shapes)))
    for i, name in enumerate(conditions):
        for wave in CONDITIONS[name]:
            moments[i, shapes.index(replace(wave, moment=0.0))] += wave.moment
    placed = Sources(
        np.array([beneath([one.place], one.depth).positions[0] for one in shapes]),
        np.array([one.direction for one in shapes]),
    )
    # Jittered before it is turned along the sphere: MEG must see all of it.
    gain = forward(sensors, placed.jittered(rng, 0.005).tangential())
    later, stronger = rng.normal(0, 0.005), np.exp(rng.normal(0, 0.1))
    bumps = [np.exp(-((times - one.latency - later) ** 2) / (2 * one.width**2)) for one in shapes]
    return gain.T[:, :, None] * np.array(bumps)[:, None, :], stronger * moments
