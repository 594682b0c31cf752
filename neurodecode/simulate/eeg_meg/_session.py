"""One person on one day: how the sensors sit, what they amplify, and the noise there."""

from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.simulate import Simulation
from neurodecode.simulate.eeg_meg._head import Sensors, Sources, cortex, forward
from neurodecode.simulate.eeg_meg._noise import (
    Component,
    background,
    blinks,
    draw,
    line_noise,
    sensor_noise,
)

_N_CORTEX = 300  # dipoles of the background
_MOMENT = 8e-9  # A m each: about 7 µV at an electrode together
_SLIP = 0.03  # rad about each axis, s.d.: 3 mm on the scalp
_AMPLIFIER = 0.05  # s.d. of the logarithm of a sensor's gain
_JITTER = 0.005  # m, s.d. of where a person has what an atlas has elsewhere
_SIZE = 0.2  # s.d. of the logarithm of how strong a person's sources are


@dataclass(frozen=True, eq=False)
class Session:
    """Sensors as they sit on one person on one day, and the noise that they see.

    Parameters
    ----------
    sensors : Sensors
        Turned a little against where they are said to be; their space keeps the nominal places.
    amplifier : ndarray, shape (n_channels,)
        Gain of each.
    brain, own : Component
        The hum of the person's cortex, and white noise of the sensors.
    """

    sensors: Sensors
    amplifier: np.ndarray
    brain: Component
    own: Component

    def gain(self, sources: Sources) -> np.ndarray:
        """Give what each source is at each sensor, shape (n_channels, n_sources)."""
        return self.amplifier[:, np.newaxis] * forward(self.sensors, sources)

    def noise(self, n_times: int, sfreq: float, rng: np.random.Generator) -> np.ndarray:
        """Draw background and sensor noise, shape (n_channels, n_times)."""
        return draw((self.brain, self.own), n_times, sfreq, rng)

    def artefacts(
        self, n_times: int, sfreq: float, line: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw what is no brain: blinks, and mains hum of `line` Hz (0 for none)."""
        data = blinks(self.sensors, n_times, sfreq, rng)
        if line:
            data += line_noise(self.sensors, n_times, sfreq, line, rng)
        return data


def session_of(
    simulation: Simulation, sensors: Sensors, subject: str, session: str, sfreq: float
) -> Session:
    """Put sensors on a person.

    The person's cortex is the same in all sessions; how the sensors sit and amplify is not.
    """
    of_person = cortex(simulation.rng("cortex", subject), _N_CORTEX)
    rng = simulation.rng("session", subject, session)
    sitting = sensors.moved(_SLIP * rng.standard_normal(3))
    amplifier = np.exp(_AMPLIFIER * rng.standard_normal(len(sensors.space)))
    hum = background(sitting, of_person, _MOMENT, sfreq)
    brain = Component(amplifier[:, np.newaxis] * hum.gain, hum.density)
    return Session(sitting, amplifier, brain, sensor_noise(sensors, sfreq))


def check_line(line: float, sfreq: float) -> None:
    """Raise a ConfigError if the mains cannot stand in a recording of this rate."""
    if not 0 <= line < sfreq / 2:
        raise ConfigError(
            f"line: {line:g} Hz is not below half of the {sfreq:g} Hz of sampling. Give the mains' "
            "frequency, or 0 for none."
        )


def own_sources(
    simulation: Simulation, sources: Sources, subject: str
) -> tuple[Sources, np.ndarray]:
    """Give a person's version of sources of an atlas.

    Returns
    -------
    sources : Sources
        Some millimetres away.
    size : ndarray, shape (n_sources,)
        How strong each is, about 1.
    """
    rng = simulation.rng("sources", subject)
    placed = sources.jittered(rng, _JITTER)
    return placed, np.exp(_SIZE * rng.standard_normal(len(sources)))
