"""Steady-state responses: the brain follows a light that flickers, at its rate and twice that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.simulate import Simulation, check_counts
from neurodecode.simulate._labels import Order, draw_labels
from neurodecode.simulate.eeg_meg._head import beneath, electrodes
from neurodecode.simulate.eeg_meg._known import Whitener
from neurodecode.simulate.eeg_meg._labelled import answered, labelled_header
from neurodecode.simulate.eeg_meg._session import Session, check_line, own_sources, session_of

_HARMONICS = ((1, ("Oz", "POz"), 4e-9), (2, ("O1", "O2"), 2e-9))  # order, where, A m of each source
_MARGIN = 3.0  # s before the first event and after the last
_BREAK = 1.5  # s between the end of an event and the next
_N_PHASES = 64  # over which the oracle averages


@dataclass(frozen=True, kw_only=True)
class Ssvep(Simulation):
    """EEG of people who look at one of several flickering lights, or at none.

    During an event, sources below the occipital electrodes oscillate at the frequency of the light
    and at twice that, each from a phase that chance gives it anew in every event.

    Parameters
    ----------
    effect : float
        Size of the response; at 1 its sources have 4 nA m at the frequency, 2 at twice that.
    freqs : mapping of str to float
        Label of an event to the light's frequency in Hz; 0 for no light.
    channels : tuple of str
        Electrodes of the 10-05 system.
    n_events : int
        Of a recording.
    duration : float
        Seconds that an event lasts.
    order : {"balanced", "independent", "stretches"}
        See `draw_labels`.
    sfreq, line : float
        Hz; sampling, and the mains (0 for none).
    window : tuple of float
        Seconds from the onset that the oracle looks at, as models do.

    Notes
    -----
    The oracle knows patterns, amplitudes and noise, and averages the likelihood over the phases,
    which it does not know; it sees neither blinks nor mains.
    """

    freqs: Mapping[str, float]
    channels: tuple[str, ...]
    n_events: int = 32
    duration: float = 5.0
    order: Order = "balanced"
    sfreq: float = 256.0
    line: float = 0.0
    window: tuple[float, float] = (2.0, 5.0)

    modality: ClassVar[str] = "eeg"
    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        check_counts(self, "n_events")
        if len(self.freqs) < 2:
            raise ConfigError(f"freqs: expected two labels or more, got {tuple(self.freqs)}.")
        highest = 2 * max(self.freqs.values(), default=0.0)
        if highest >= self.sfreq / 2:
            raise ConfigError(
                f"freqs: twice the highest is {highest:g} Hz, which {self.sfreq:g} Hz do not hold. "
                "Raise sfreq."
            )
        for label, freq in self.freqs.items():
            if not freq >= 0:
                raise ConfigError(f"freqs.{label}: {freq:g} Hz. Give 0 for no light.")
        if not 0 <= self.window[0] < self.window[1] <= self.duration:
            raise ConfigError(
                f"window: {self.window} s is not within the {self.duration:g} s of an event."
            )
        check_line(self.line, self.sfreq)

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give electrodes, rate, length and events."""
        labels = tuple(self.freqs)
        rng = self.rng("labels", subject, session, run)
        drawn = draw_labels(labels, self.n_events, self.order, rng)
        onsets = _MARGIN + (self.duration + _BREAK) * np.arange(self.n_events)
        events = pd.DataFrame({"onset": onsets, "duration": self.duration, "label": drawn})
        n_times = round((onsets[-1] + self.duration + _MARGIN) * self.sfreq)
        return labelled_header(self.channels, self.sfreq, events, labels, n_times)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make one recording, with the log-likelihood of each label."""
        header = self.header(subject, session, run)
        events, n_times = header.events, header.n_times
        assert n_times is not None  # this class gave it
        today = session_of(self, electrodes(self.channels), subject, session, self.sfreq)
        patterns = self._patterns(today, subject)
        rng = self.rng("signal", subject, session, run)
        data = today.noise(n_times, self.sfreq, rng)
        starts = np.round(events["onset"].to_numpy() * self.sfreq).astype(int)
        times = np.arange(round(self.duration * self.sfreq)) / self.sfreq
        for start, label in zip(starts, events["label"], strict=True):
            phases = rng.uniform(0, 2 * np.pi, len(_HARMONICS))
            freq = self.freqs[label]
            for (order, _, _), pattern, phase in zip(_HARMONICS, patterns, phases, strict=True):
                wave = np.sin(2 * np.pi * freq * order * times + phase) * (freq > 0)
                data[:, start : start + len(times)] += pattern[:, np.newaxis] * wave
        answers = self._weigh(data, starts, patterns, today)
        data += today.artefacts(n_times, self.sfreq, self.line, rng)
        return answered(header, data, tuple(self.freqs), answers)

    def _patterns(self, today: Session, subject: str) -> list[np.ndarray]:
        """Give amplitudes at the electrodes, shape (n_channels,), one array a harmonic."""
        names = [name for _, above, _ in _HARMONICS for name in above]
        placed, size = own_sources(self, beneath(names), subject)
        gain = today.gain(placed) * size
        patterns, at = [], 0
        for _, above, moment in _HARMONICS:
            patterns.append(self.effect * moment * gain[:, at : at + len(above)].sum(axis=1))
            at += len(above)
        return patterns

    def _weigh(
        self, data: np.ndarray, starts: np.ndarray, patterns: list[np.ndarray], today: Session
    ) -> np.ndarray:
        """Log-likelihood ratio of each event's window under each label against noise alone."""
        first, last = (round(end * self.sfreq) for end in self.window)
        last = min(last, round(self.duration * self.sfreq) - 1)  # the response ends there
        windows = np.stack([data[:, at + first : at + last + 1] for at in starts])
        whitener = Whitener.of(today.brain, today.own, windows.shape[2], self.sfreq)
        white = whitener(windows).reshape(len(windows), -1)
        times = np.arange(first, last + 1) / self.sfreq
        phases = np.arange(_N_PHASES) * 2 * np.pi / _N_PHASES
        turn = np.stack([np.cos(phases), np.sin(phases)])  # (2, n_phases)
        answers = np.zeros((len(windows), len(self.freqs)))
        for i, freq in enumerate(self.freqs.values()):
            for (order, _, _), pattern in zip(_HARMONICS, patterns, strict=True):
                if freq == 0:
                    continue
                angle = 2 * np.pi * freq * order * times
                waves = pattern[:, np.newaxis] * np.stack([np.sin(angle), np.cos(angle)])[:, None]
                two = whitener(waves).reshape(2, -1)
                inner = white @ two.T @ turn  # (n_events, n_phases)
                energy = np.einsum("ap,ab,bp->p", turn, two @ two.T, turn)
                answers[:, i] += logsumexp(inner - energy / 2, axis=1) - np.log(_N_PHASES)
        return answers
