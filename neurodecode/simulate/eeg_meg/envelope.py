"""A speech-like envelope that the brain follows, in continuous EEG."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.simulate import ORACLE, Simulation
from neurodecode.simulate.eeg_meg._head import Sources, beneath, cortex, electrodes, forward
from neurodecode.simulate.eeg_meg._noise import background, cross_spectrum, draw, sensor_noise
from neurodecode.simulate.eeg_meg._noise import series as draw_series
from neurodecode.simulate.eeg_meg._tracking import (
    MODULATIONS,
    modulations,
    response_function,
    wiener,
)

ELECTRODES = (
    "Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7",
    "C3", "Cz", "C4", "T8", "P7", "P3", "Pz", "P4",
)  # fmt: skip
_HUM = 15e-9  # A m, s.d. of each of the dipoles that make the background
_N_HUM = 200
_FOLLOWS = 10e-9  # A m, s.d. of a source that follows, where the effect is 1
_BEYOND = 1.0  # s at either end that are made and cut off: filters need them


@dataclass(frozen=True, kw_only=True)
class Envelope(Simulation):
    """Continuous EEG of people who listen to stories, one a run, the same for all.

    Two sources, one in each temporal lobe, answer to the envelope with peaks at 50, 100 and
    200 ms; everything else is the hum of the brain and the noise of the amplifier. The track
    ``envelope`` is a Gaussian series of mean zero and variance one, as is the logarithm of a
    speech envelope, about.

    Parameters
    ----------
    effect : float
        S.d. of each source that follows the envelope, in units of 10 nAm.
    duration : float
        Seconds of one recording.
    channels : tuple of str
        Electrodes of the 10-05 system.
    sfreq : float
        Hz.

    Notes
    -----
    All is linear and Gaussian, so the oracle's answer, a Wiener filter of the true response and
    cross-spectrum, is the best that can be: no other has a smaller squared error.
    """

    duration: float = 240.0
    channels: tuple[str, ...] = ELECTRODES
    sfreq: float = 64.0

    modality: ClassVar[str] = "eeg"
    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        if len(self.channels) < 2:
            raise ConfigError(f"channels: {self.channels}: give two electrodes or more.")
        if self.sfreq < 3 * MODULATIONS[1]:
            raise ConfigError(
                f"sfreq: {self.sfreq:g} Hz does not hold an envelope of up to {MODULATIONS[1]:g} "
                f"Hz. Give {3 * MODULATIONS[1]:g} or more."
            )
        if self.duration < 10:
            raise ConfigError(f"duration: {self.duration:g} s. Give 10 or more.")

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give electrodes, rate and length, the story as one event, and its envelope."""
        n_times = round(self.duration * self.sfreq)
        story = f"story-{session}-{run}"
        events = pd.DataFrame(
            {"onset": [0.0], "duration": [self.duration], "label": ["speech"], "stimulus": [story]}
        )
        tracks = {
            "envelope": self._inside(self._envelope(session, run)),
            f"{ORACLE}envelope": np.full(n_times, np.nan, dtype=np.float32),
        }
        return Signal(
            data=None,
            space=electrodes(self.channels).space,
            axes=("channel", "time"),
            sfreq=self.sfreq,
            events=events,
            n_times=n_times,
            tracks=tracks,
        )

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make one recording, with the oracle's envelope."""
        header = self.header(subject, session, run)
        speech = self._envelope(session, run)
        n_made = len(speech)
        freqs = np.fft.rfftfreq(n_made, 1 / self.sfreq)
        sensors = electrodes(self.channels, reference=self.channels)
        hum = cortex(self.rng("hum", subject), _N_HUM)
        noise = (background(sensors, hum, _HUM, self.sfreq), sensor_noise(sensors, self.sfreq))
        response = self._response(subject, n_made)  # (n_channels, n_freqs)
        data = np.fft.irfft(response * np.fft.rfft(speech), n_made)
        data += draw(noise, n_made, self.sfreq, self.rng("noise", subject, session, run))
        told = wiener(data, response, modulations(freqs), cross_spectrum(noise, freqs))
        tracks = {**header.tracks, f"{ORACLE}envelope": self._inside(told)}
        return replace(header, data=self._inside(data), n_times=None, tracks=tracks)

    def _envelope(self, session: str, run: str) -> np.ndarray:
        n_made = round(self.duration * self.sfreq) + 2 * round(_BEYOND * self.sfreq)
        rng = self.rng("speech", session, run)
        return draw_series(modulations, 1, n_made, self.sfreq, rng)[0]

    def _inside(self, made: np.ndarray) -> np.ndarray:
        beyond = round(_BEYOND * self.sfreq)
        return np.ascontiguousarray(made[..., beyond:-beyond], dtype=np.float32)

    def _response(self, subject: str, n_made: int) -> np.ndarray:
        """Response of each channel to the envelope, as a spectrum, in V."""
        rng = self.rng("response", subject)
        temporal = beneath(["T7", "T8"], depth=0.025)
        # Currents of auditory cortex run along the lateral fissure's wall, up and forward.
        moments = np.array([[0.0, 0.4, 0.9], [0.0, 0.4, 0.9]])
        sources = Sources(temporal.positions, moments).tangential().jittered(rng, 0.005)
        times = np.fft.fftfreq(n_made, 1 / n_made) / self.sfreq  # the second half is before 0
        sides = [response_function(times, delay) for delay in rng.normal(0, 0.008, size=2)]
        spectra = np.fft.rfft(sides) / self._gain()
        strength = np.array([[0.8], [1.0]])  # the right one leads
        return forward(electrodes(self.channels, self.channels), sources) @ (
            _FOLLOWS * self.effect * strength * spectra
        )

    def _gain(self) -> float:
        """S.d. of what a response to the envelope is, before it is scaled."""
        n = round(100 * self.sfreq)
        times = np.fft.fftfreq(n, 1 / n) / self.sfreq
        freqs = np.fft.rfftfreq(n, 1 / self.sfreq)
        power = np.abs(np.fft.rfft(response_function(times))) ** 2 * modulations(freqs)
        return float(np.sqrt(power.sum() * self.sfreq / n))
