"""Epochs of EEG or MEG of people who see pictures: a world of sensors, of which all is known."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal, table_column
from neurodecode.core.space import Space
from neurodecode.core.stimuli import Stimuli
from neurodecode.simulate import ORACLE, Simulation, check_counts
from neurodecode.simulate._concepts import Concepts, vectors_of
from neurodecode.simulate.eeg_meg._codes import Responses, latents_of_evidence, strengths
from neurodecode.simulate.eeg_meg._sensor_world import (
    UNIT,
    Modality,
    SensorNoise,
    bells,
    check_n_channels,
    layout,
    places,
)

_ANSWER = f"{ORACLE}latent"
_BEFORE = 0.2  # s that an epoch has before the onset
_AT_ONCE = 256  # trials
_SOA = 1.0  # s from one onset to the next


@dataclass(frozen=True, kw_only=True)
class PictureEpochs(Simulation):
    """Epochs of people who see pictures of concepts; tested concepts are never trained on.

    This is a world of sensors, and no model of a head: a pattern is a bell over the sensors, where
    `eeg_meg.images` has dipoles in a sphere. MEG differs from EEG by its layout and its unit alone.

    A picture has 12 latent features, independent and standard normal: 60 % of their variance is
    the concept's, 40 % its own. The table ``latent`` holds an orthonormal mixture of them for each
    picture, as what a network says of it; the picture itself, `stimuli`, is a blend of colours that
    shows them. Each feature stands in the signal twice: as a bump that is locked to the onset, and
    as a burst of a rhythm whose phase is drawn trial by trial, so that no mean over trials holds
    it. Columns ``stimulus``, ``concept``, ``repeat`` (in this recording) and ``split``.

    Parameters
    ----------
    effect : float
        What `evoked` and `induced` are multiplied by.
    evoked : float
        Size of a bump at its peak, at the sensor nearest to it, of a feature of 1; in units of
        3 µV, or 100 fT.
    induced : float
        Size of a burst likewise; a feature z has one of log(1 + exp(z)).
    noise : float
        S.d. of what is new in each sample of the noise, in those units. It is autoregressive, .8
        from sample to sample, and neighbours share it.
    jitter : float
        S.d., in seconds, of how late the bumps of a trial are; bumps have widths of .02 to .05 s.
    displacement : float
        How far a person's patterns are from where people have them on average, s.d. along each
        axis in radii of the head: .1 is about a centimetre.
    modality : {"eeg", "meg"}
        Electrodes of the 10-10 system, or magnetometers of a helmet.
    layout : {"shared", "own"}
        Whether all have the same sensors in the same places, or each person others, some
        millimetres away from their nominal places.
    n_channels : int
        Up to 61 electrodes, or 102 magnetometers.
    n_concepts, n_pictures, n_repeats : int
        Concepts that are trained on, pictures of each, and how often a recording shows each.
    n_tested, n_tested_repeats : int
        Pictures that are tested, each the only one of its concept.
    n_exemplars : int
        Other pictures of each tested concept, which nobody is shown; they stand among the stimuli.
    n_latents, n_features : int
        Features of a picture, and entries of the vector that stands for it.
    n_times, sfreq : int, float
        Samples of an epoch, and Hz; epochs begin .2 s before the onset.

    Notes
    -----
    The oracle knows patterns, noise, delays and phases. It answers each trial by itself, with the
    prior weighed so that the mean of its answers over the repeats of a tested picture in a
    recording, where nothing is induced, is the posterior mean given them all. Where there are
    bursts an answer is the mode of the posterior.

    How wide patterns and the noise's correlation are was chosen so that ridge regression on the
    mean over repeats and the oracle find as many of 200 new pictures as is wanted of a mid-range
    task (ridge two thirds, the oracle nine tenths, at evoked 1 and noise 1.8). No score of a
    network was looked at.
    """

    evoked: float = 1.0
    induced: float = 0.0
    noise: float = 1.8
    jitter: float = 0.0
    displacement: float = 0.1
    modality: Modality = "eeg"
    layout: Literal["shared", "own"] = "shared"
    n_channels: int = 24
    n_concepts: int = 150
    n_pictures: int = 10
    n_repeats: int = 4
    n_tested: int = 200
    n_tested_repeats: int = 16
    n_exemplars: int = 4
    n_latents: int = 12
    n_features: int = 48
    n_times: int = 100
    sfreq: float = 100.0

    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        for name in ("evoked", "induced", "jitter", "displacement", "n_exemplars"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is below zero.")
        if not self.noise > 0:
            raise ConfigError(f"noise: {self.noise} is not above zero.")
        check_counts(self, "n_concepts", "n_pictures", "n_repeats", "n_tested")
        check_counts(self, "n_tested_repeats", "n_latents", "n_channels")
        if self.modality not in get_args(Modality):
            raise ConfigError(f"modality: {self.modality!r} is neither eeg nor meg.")
        if self.layout not in ("shared", "own"):
            raise ConfigError(f"layout: {self.layout!r} is neither shared nor own.")
        if self.n_features < self.n_latents:
            raise ConfigError(
                f"n_features: {self.n_features} cannot hold {self.n_latents} latent features."
            )
        if self.sfreq < 80:
            raise ConfigError(f"sfreq: {self.sfreq:g} Hz does not hold bursts of 30 Hz. Give 80.")
        if not 0.5 <= self.n_times / self.sfreq <= _SOA:
            raise ConfigError(
                f"n_times: {self.n_times} samples are {self.n_times / self.sfreq:g} s. Give .5 to "
                f"{_SOA:g} s, which is when the next picture comes."
            )

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give sensors, rate and length, what was shown when, and its features."""
        shown = self._showings(subject, session, run)
        at = {table_column("latent"): shown.pop("picture"),
              table_column(_ANSWER): np.arange(len(shown))}  # fmt: skip
        onset = _SOA * (1 + np.arange(len(shown)))
        vectors = (self._concepts().latents() @ self._basis()).astype(np.float32)
        unknown = np.full((len(shown), self.n_features), np.nan, dtype=np.float32)
        return Signal(
            data=None,
            space=self._space(subject),
            axes=("channel", "time"),
            sfreq=self.sfreq,
            events=shown.assign(onset=onset, duration=0.5, label="picture", **at),
            tmin=-_BEFORE,
            n_times=self.n_times,
            tables={"latent": vectors, _ANSWER: unknown},
            entries=True,
        )

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make one recording, with the oracle's features."""
        header = self.header(subject, session, run)
        data, gram, matched = self._made(subject, session, run)
        every = np.arange(2 * self.n_latents)
        prior = 1 / self.n_tested_repeats
        told = latents_of_evidence(gram, matched, every, self.n_latents, prior)
        tables = {**header.tables, _ANSWER: (told @ self._basis()).astype(np.float32)}
        return replace(header, data=data, n_times=None, tables=tables)

    def stimuli(self) -> Stimuli:
        """Give the pictures, blends of colours that show the latent features."""
        return self._concepts().stimuli()

    def _made(
        self, subject: str, session: str, run: str
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give trials in V or T, and what the oracle weighs of each: products of templates."""
        shown = self._showings(subject, session, run)
        space = self._space(subject)
        responses, noise = self._responses(subject, space), SensorNoise.of(space, self.noise)
        size = strengths(self._concepts().latents())[shown["picture"]].astype(np.float32)
        n_trials, n_templates = size.shape
        times = np.arange(self.n_times) / self.sfreq - _BEFORE
        rng = self.rng("trials", subject, session, run)
        late = self.jitter * rng.standard_normal(n_trials)
        phase = rng.uniform(0, 2 * np.pi, (n_trials, self.n_latents))
        drawn = self.rng("noise", subject, session, run)
        data = np.empty((n_trials, len(space), self.n_times), dtype=np.float32)
        gram = np.empty((n_trials, n_templates, n_templates), dtype=np.float32)
        matched = np.empty((n_trials, n_templates), dtype=np.float32)
        patterns = responses.patterns.astype(np.float32)  # (n_channels, n_templates)
        white_patterns = noise.over_channels(patterns)
        over_channels = white_patterns.T @ white_patterns
        for begin in range(0, n_trials, _AT_ONCE):
            here = slice(begin, begin + _AT_ONCE)
            courses = responses.templates(times, late[here], phase[here]).astype(np.float32)
            X = noise.draw(len(courses), self.n_times, drawn)
            X += patterns @ (size[here, :, None] * courses)
            # Noise is separable, so products of templates are those over channels times over time.
            white_courses = noise.over_time(courses)
            gram[here] = over_channels * (white_courses @ np.swapaxes(white_courses, 1, 2))
            seen = white_patterns.T @ noise.over_channels(noise.over_time(X))
            matched[here] = np.sum(seen * white_courses, axis=2)
            data[here] = UNIT[self.modality] * X
        return data, gram, matched

    def _concepts(self) -> Concepts:
        return Concepts(
            self.n_concepts, self.n_pictures, self.n_tested, self.n_exemplars, self.n_latents,
            self.rng,
        )  # fmt: skip

    def _basis(self) -> np.ndarray:
        return vectors_of(self.rng("basis"), self.n_latents, self.n_features)

    def _showings(self, subject: str, session: str, run: str) -> pd.DataFrame:
        """Give what one recording shows, in order."""
        rng = self.rng("schedule", subject, session, run)
        return self._concepts().showings(self.n_repeats, self.n_tested_repeats, rng)

    def _space(self, subject: str) -> Space:
        check_n_channels(self.modality, self.n_channels)
        own = self.layout == "own"
        rng = self.rng("layout", subject) if own else self.rng("layout")
        return layout(self.modality, self.n_channels, rng, turned=own)

    def _responses(self, subject: str, space: Space) -> Responses:
        """How this person answers; when and at which frequency is the same for all."""
        shared, n = self.rng("responses"), self.n_latents
        # Spread evenly, so that worlds of different seeds are about as hard.
        centres = np.concatenate([places(shared, n), places(shared, n)])
        signs = shared.choice([-1.0, 1.0], 2 * n)
        moved = self.displacement * self.rng("patterns", subject).standard_normal((2 * n, 3))
        patterns = self.effect * signs * bells(space, centres + moved)
        return Responses(
            evoked=self.evoked * patterns[:, :n],
            induced=self.induced * patterns[:, n:],
            latency=shared.permutation(np.linspace(0.08, 0.4, n)),
            width=shared.permutation(np.linspace(0.02, 0.05, n)),
            burst=shared.permutation(np.linspace(0.2, 0.5, n)),
            freq=shared.permutation(np.linspace(9, 30, n)),
        )
