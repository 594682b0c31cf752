"""What pictures evoke and induce in EEG: a vector of features that can be told, and retrieved."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal, table_column
from neurodecode.core.stimuli import Stimuli
from neurodecode.simulate import ORACLE, Simulation, check_counts
from neurodecode.simulate._concepts import Concepts, vectors_of
from neurodecode.simulate.eeg_meg._codes import Responses, most_likely_latents, strengths
from neurodecode.simulate.eeg_meg._head import Sensors, Sources, cortex, electrodes, forward
from neurodecode.simulate.eeg_meg._known import Whitener
from neurodecode.simulate.eeg_meg._noise import Component, background, draw, sensor_noise

ELECTRODES = (
    "Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8",
    "P7", "P3", "Pz", "P4", "P8", "PO7", "PO3", "POz", "PO4", "PO8", "O1", "O2",
)  # fmt: skip
_HUM = 15e-9  # A m, s.d. of each of the dipoles that make the background
_N_HUM = 200
_SIZE = 0.75e-6  # V over electrodes in the mean square, of a feature of 1, where `evoked` is 1
_MARGIN = 1.0  # s before the first onset
_ANSWER = f"{ORACLE}latent"
_SPAN = (-0.2, 0.8)  # s from the onset: what answers lie in, and what the oracle weighs


@dataclass(frozen=True, kw_only=True)
class Images(Simulation):
    """Continuous EEG of people who see pictures of concepts; tested concepts are never trained on.

    A picture has 12 latent features, independent and standard normal: 60 % of their variance is
    the concept's, 40 % its own. The table ``latent`` holds a mixture of them for each picture, as
    what a network says of it. Each feature stands in the signal twice: as a bump that is
    locked to the onset, and as a burst of a rhythm whose phase is drawn trial by trial, so that
    no mean over trials holds it. Columns ``stimulus``, ``concept``, ``repeat`` and ``split``.

    Parameters
    ----------
    effect : float
        What `evoked` and `induced` are multiplied by.
    evoked, induced : float
        S.d. of a bump at its peak, and size of a burst, in units of 0.75 µV over electrodes in the
        mean square.
    jitter : float
        S.d., in seconds, of how late the bumps of a trial are.
    n_concepts, n_pictures, n_repeats : int
        Concepts that are trained on, pictures of each, and how often a recording shows each.
    n_tested, n_tested_repeats : int
        Pictures that are tested, each the only one of its concept.
    n_features : int
        Entries of the vector that stands for a picture.
    spacing : float
        Seconds between onsets.
    channels : tuple of str
        Electrodes of the 10-05 system, referenced to their mean.
    sfreq : float
        Hz.

    Notes
    -----
    The oracle knows sources, noise, delays and phases, and answers each trial by itself with the
    features of largest posterior density, which without bursts are their mean.
    """

    evoked: float = 1.0
    induced: float = 0.0
    jitter: float = 0.0
    n_concepts: int = 40
    n_pictures: int = 3
    n_repeats: int = 2
    n_tested: int = 40
    n_tested_repeats: int = 4
    n_latents: int = 12
    n_features: int = 48
    spacing: float = 1.0
    channels: tuple[str, ...] = ELECTRODES
    sfreq: float = 100.0

    modality: ClassVar[str] = "eeg"
    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        for name in ("evoked", "induced", "jitter"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is below zero.")
        check_counts(self, "n_concepts", "n_pictures", "n_repeats")
        check_counts(self, "n_tested", "n_tested_repeats", "n_latents")
        if self.n_features < self.n_latents:
            raise ConfigError(
                f"n_features: {self.n_features} cannot hold {self.n_latents} latent features."
            )
        if self.spacing < 0.5:
            raise ConfigError(f"spacing: {self.spacing:g} s. Give .5 or more.")
        if self.sfreq < 80:
            raise ConfigError(f"sfreq: {self.sfreq:g} Hz does not hold bursts of 30 Hz. Give 80.")

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give electrodes, rate and length, what was shown when, and its features."""
        shown = self._schedule(subject, session, run)
        onset = _MARGIN + self.spacing * np.arange(len(shown))
        at = {table_column("latent"): shown.pop("picture"),
              table_column(_ANSWER): np.arange(len(shown))}  # fmt: skip
        vectors = (self._latents() @ self._basis()).astype(np.float32)
        unknown = np.full((len(shown), self.n_features), np.nan, dtype=np.float32)
        return Signal(
            data=None,
            space=electrodes(self.channels).space,
            axes=("channel", "time"),
            sfreq=self.sfreq,
            events=shown.assign(onset=onset, duration=0.5, label="picture", **at),
            n_times=round((2 * _MARGIN + self.spacing * len(shown)) * self.sfreq),
            tables={"latent": vectors, _ANSWER: unknown},
        )

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make one recording, with the oracle's features."""
        header = self.header(subject, session, run)
        data, trials = self._made(subject, session, run)
        told = most_likely_latents(*trials) @ self._basis()
        tables = {**header.tables, _ANSWER: told.astype(np.float32)}
        return replace(header, data=data.astype(np.float32), n_times=None, tables=tables)

    def _made(self, subject: str, session: str, run: str):
        """Give the recording, and what the oracle weighs: trials, responses, courses, whitener."""
        shown = self._schedule(subject, session, run)
        n_trials, first = len(shown), round(_SPAN[0] * self.sfreq)
        times = np.arange(first, round(_SPAN[1] * self.sfreq)) / self.sfreq
        onset = np.round((_MARGIN + self.spacing * np.arange(n_trials)) * self.sfreq).astype(int)
        sensors = electrodes(self.channels, reference=self.channels)
        responses = self._responses(subject, sensors)
        noise = self._noise(subject, sensors)
        rng = self.rng("trials", subject, session, run)
        late = self.jitter * rng.standard_normal(n_trials)
        phase = rng.uniform(0, 2 * np.pi, (n_trials, self.n_latents))
        if not self.jitter and not responses.induced.any():
            late, phase = late[:1], phase[:1]  # all trials are alike
        courses = responses.templates(times, late, phase)
        size = strengths(self._latents()[shown["picture"]])  # (n_trials, 2 * n_latents)
        n_times = round((2 * _MARGIN + self.spacing * n_trials) * self.sfreq)
        data = draw(noise, n_times, self.sfreq, self.rng("noise", subject, session, run))
        for i, begin in enumerate(onset + first):
            course = courses[i if len(courses) > 1 else 0]
            data[:, begin : begin + len(times)] += (responses.patterns * size[i]) @ course
        X = np.stack([data[:, begin : begin + len(times)] for begin in onset + first])
        whitener = Whitener.of(*noise, len(times), self.sfreq)
        return data, (X, responses, courses, whitener)

    def stimuli(self) -> Stimuli:
        """Give the pictures, blends of colours that show the latent features."""
        return self._concepts().stimuli()

    def _concepts(self) -> Concepts:
        return Concepts(
            self.n_concepts, self.n_pictures, self.n_tested, 0, self.n_latents, self.rng
        )

    def _schedule(self, subject: str, session: str, run: str) -> pd.DataFrame:
        """Give what one recording shows, in order."""
        rng = self.rng("schedule", subject, session, run)
        return self._concepts().showings(self.n_repeats, self.n_tested_repeats, rng)

    def _latents(self) -> np.ndarray:
        """Latent features of all pictures, the same for all people: (n_pictures, n_latents)."""
        return self._concepts().latents()

    def _basis(self) -> np.ndarray:
        """Latent features to entries of the vector, shape (n_latents, n_features); orthonormal."""
        return vectors_of(self.rng("basis"), self.n_latents, self.n_features)

    def _responses(self, subject: str, sensors: Sensors) -> Responses:
        """How this person answers; when and at which frequency is the same for all."""
        shared, n = self.rng("responses"), self.n_latents
        sources = cortex(shared, 2 * n)
        own = self.rng("sources", subject)
        placed = Sources(sources.positions, sources.moments).jittered(own, 0.005)
        patterns = forward(sensors, placed)
        # Sources differ in depth and direction; each is as strong as its feature needs.
        patterns = patterns / np.sqrt(np.mean(patterns**2, axis=0)) * _SIZE * self.effect
        return Responses(
            evoked=self.evoked * patterns[:, :n],
            induced=self.induced * patterns[:, n:],
            latency=shared.uniform(0.08, 0.4, n),
            width=shared.uniform(0.02, 0.05, n),
            burst=shared.uniform(0.2, 0.5, n),
            freq=shared.uniform(9, 30, n),
        )

    def _noise(self, subject: str, sensors: Sensors) -> tuple[Component, Component]:
        hum = cortex(self.rng("hum", subject), _N_HUM)
        return background(sensors, hum, _HUM, self.sfreq), sensor_noise(sensors, self.sfreq)
