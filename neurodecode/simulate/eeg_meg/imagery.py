"""Motor imagery: rhythms of the areas of hands and feet that fade while a movement is imagined."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.simulate import Simulation, check_counts
from neurodecode.simulate._labels import Order, draw_labels
from neurodecode.simulate.eeg_meg._head import beneath, electrodes
from neurodecode.simulate.eeg_meg._known import Whitener, rhythm_log_likelihood
from neurodecode.simulate.eeg_meg._labelled import answered, labelled_header
from neurodecode.simulate.eeg_meg._noise import Component, rhythm, series
from neurodecode.simulate.eeg_meg._session import Session, check_line, own_sources, session_of

REST, FIRST, SECOND = "T0", "T1", "T2"
_AREAS = ("C3", "C4", "Cz")  # electrodes above the areas of right hand, left hand, feet
# Which areas' rhythms fade, by what the two cues mean in a run.
_FADING = {
    "left_right": {FIRST: ("C4",), SECOND: ("C3",)},
    "hands_feet": {FIRST: ("C3", "C4"), SECOND: ("Cz",)},
}
_REST, _MOVE = 4.2, 4.1  # s, as in EEGBCI
_RHYTHMS = ((10.0, 1.0, 20e-9), (21.0, 2.0, 12e-9))  # Hz, width in Hz, A m: mu and beta
_OWN_FREQUENCY = 0.07  # s.d. of the logarithm of a person's frequency
_ONSET = (0.2, 0.5)  # s after the cue: fading begins, and is complete
_HIGHEST = 30.0  # Hz, where beta ends


@dataclass(frozen=True, kw_only=True)
class Imagery(Simulation):
    """EEG of people who imagine moving, with rest between: events ``T0``, ``T1``, ``T2``.

    Below C3, C4 and Cz lie sources of a mu and of a beta rhythm. Imagining a hand makes those of
    the other side fade (Pfurtscheller & Lopes da Silva 1999, doi 10.1016/S1388-2457(99)00141-8),
    feet those of the middle.

    Parameters
    ----------
    effect : float
        By how much the logarithm of the power of a rhythm falls: at 1 it falls to 37 %.
    cues : mapping of str to tuple of str
        What ``T1`` and ``T2`` mean, and the runs in which they do: ``left_right`` (left hand,
        right hand) and ``hands_feet`` (both hands, both feet).
    channels : tuple of str
        Electrodes of the 10-05 system.
    n_trials : int
        Cues in a run.
    order : {"balanced", "independent", "stretches"}
        See `draw_labels`.
    sfreq, line : float
        Hz; sampling, and the mains (0 for none).
    window : tuple of float
        Seconds after the cue that the oracle looks at, as models do.

    Notes
    -----
    The oracle knows where the sources are, their rhythms and the noise, and gives the likelihood of
    the window under both labels, before blinks and mains were added.
    """

    cues: Mapping[str, tuple[str, ...]]
    channels: tuple[str, ...]
    n_trials: int = 15
    order: Order = "balanced"
    sfreq: float = 160.0
    line: float = 0.0
    window: tuple[float, float] = (0.5, 2.5)

    modality: ClassVar[str] = "eeg"
    version: ClassVar[int] = 2

    def __post_init__(self):
        super().__post_init__()
        for name in self.cues:
            if name not in _FADING:
                raise ConfigError(f"cues: {name!r} is not known.{nearest(name, _FADING)}")
        for run in self.runs:
            meanings = [name for name, runs in self.cues.items() if run in runs]
            if len(meanings) != 1:
                raise ConfigError(
                    f"cues: run {run!r} is named {len(meanings)} times. Name each run once: what "
                    "T1 and T2 mean there is one thing."
                )
        check_counts(self, "n_trials")
        if self.sfreq < 2.5 * _HIGHEST:
            raise ConfigError(
                f"sfreq: {self.sfreq:g} Hz does not hold rhythms up to {_HIGHEST:g} Hz. Give "
                f"{2.5 * _HIGHEST:g} or more."
            )
        if not _ONSET[1] <= self.window[0] < self.window[1] <= _MOVE:
            raise ConfigError(
                f"window: {self.window} s is not within the {_ONSET[1]:g} to {_MOVE:g} s after the "
                "cue in which the rhythms are faded."
            )
        check_line(self.line, self.sfreq)

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give electrodes, rate, length and events."""
        rng = self.rng("labels", subject, session, run)
        labels = np.full(2 * self.n_trials, REST, dtype=object)
        labels[1::2] = draw_labels((FIRST, SECOND), self.n_trials, self.order, rng)
        durations = np.tile([_REST, _MOVE], self.n_trials)
        onsets = np.concatenate([[0.0], np.cumsum(durations)[:-1]])
        events = pd.DataFrame({"onset": onsets, "duration": durations, "label": labels})
        n_times = round((durations.sum() + _REST) * self.sfreq)
        return labelled_header(self.channels, self.sfreq, events, (FIRST, SECOND), n_times)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make one recording, with the log-likelihood of each cue."""
        header = self.header(subject, session, run)
        events, n_times = header.events, header.n_times
        assert n_times is not None  # this class gave it
        today = session_of(self, electrodes(self.channels), subject, session, self.sfreq)
        rhythms = self._rhythms(subject)
        placed, size = own_sources(self, beneath(_AREAS), subject)
        gain = today.gain(placed) * size  # (n_channels, n_areas)
        rng = self.rng("signal", subject, session, run)
        data = today.noise(n_times, self.sfreq, rng)
        strength = self._strength(events, run, n_times)
        for one in rhythms:
            course = series(one.density, len(_AREAS), n_times, self.sfreq, rng)
            data += (gain * one.gain) @ (course * strength)
        answers = self._weigh(data, events, run, gain, rhythms, today)
        data += today.artefacts(n_times, self.sfreq, self.line, rng)
        return answered(header, data, (FIRST, SECOND), answers)

    def _rhythms(self, subject: str) -> list[Component]:
        """Give a person's mu and beta; the gain is the moment, in ampere metres."""
        rng = self.rng("rhythms", subject)
        return [
            _rhythm(peak * np.exp(_OWN_FREQUENCY * rng.standard_normal()), width, moment)
            for peak, width, moment in _RHYTHMS
        ]

    def _fading(self, run: str, cue: str) -> np.ndarray:
        """By how much the logarithm of each area's power falls, shape (n_areas,)."""
        meaning = next(name for name, runs in self.cues.items() if run in runs)
        return self.effect * np.isin(_AREAS, _FADING[meaning][cue])

    def _strength(self, events: pd.DataFrame, run: str, n_times: int) -> np.ndarray:
        """Amplitude of each area's rhythms, shape (n_areas, n_times); 1 at rest."""
        times = np.arange(n_times) / self.sfreq
        fallen = np.zeros((len(_AREAS), n_times))
        # It is complete _ONSET[1] after the cue, and over as long after the end of the event.
        edges = [*_ONSET, _MOVE, _MOVE + _ONSET[1]]
        for onset, cue in zip(events["onset"], events["label"], strict=True):
            if cue != REST:
                course = np.interp(times - onset, edges, [0.0, 1.0, 1.0, 0.0], right=0.0)
                fallen += self._fading(run, cue)[:, np.newaxis] * course
        return np.exp(-fallen / 2)

    def _weigh(
        self, data: np.ndarray, events: pd.DataFrame, run: str,
        gain: np.ndarray, rhythms: list[Component], today: Session,
    ) -> np.ndarray:  # fmt: skip
        """Log-likelihood of each event's window under each label; NaN for rest."""
        n_window = round((self.window[1] - self.window[0]) * self.sfreq) + 1
        cued = np.flatnonzero(events["label"] != REST)
        onsets = events["onset"].to_numpy()[cued]
        starts = np.round((onsets + self.window[0]) * self.sfreq).astype(int)
        windows = np.stack([data[:, at : at + n_window] for at in starts])
        powers = np.exp([-self._fading(run, cue) for cue in (FIRST, SECOND)])
        whitener = Whitener.of(today.brain, today.own, n_window, self.sfreq)
        answers = np.full((len(events), len(powers)), np.nan)
        answers[cued] = rhythm_log_likelihood(windows, gain, rhythms, powers, whitener, self.sfreq)
        return answers


def _rhythm(peak: float, width: float, moment: float) -> Component:
    return Component(np.array([moment]), lambda freqs: rhythm(freqs, peak, width))
