"""Epochs of words that were expected or not, the unexpected of which evoke a wave of their own."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.simulate import Simulation, check_counts
from neurodecode.simulate._labels import Order, draw_labels
from neurodecode.simulate.eeg_meg._evoked import Wave, mean_sizes, responses
from neurodecode.simulate.eeg_meg._head import electrodes
from neurodecode.simulate.eeg_meg._known import Whitener, wave_log_likelihood
from neurodecode.simulate.eeg_meg._labelled import answered, labelled_header
from neurodecode.simulate.eeg_meg._session import session_of

LABELS = ("unrelated", "related")
_SEEN = (  # what every word evokes
    Wave(("O1", "O2"), 0.10, 0.025, 15e-9),
    Wave(("PO7", "PO8"), 0.18, 0.03, -25e-9),
    Wave(("Pz", "CPz"), 0.55, 0.12, 15e-9),
)
_UNEXPECTED = (Wave(("Pz", "CP1", "CP2"), 0.40, 0.07, -10e-9),)
_APART = 3.0  # s from word to word


@dataclass(frozen=True, kw_only=True)
class N400(Simulation):
    """EEG epochs of people who read pairs of words: events ``related`` and ``unrelated``.

    The second word of an unrelated pair evokes a negative wave over the top of the head (Kutas &
    Federmeier 2011, doi 10.1146/annurev.psych.093008.131123).

    Parameters
    ----------
    effect : float
        Mean size of that wave; at 1 each of its sources has 10 nA m at the peak.
    variability : float
        S.d. of the size of each wave from word to word, whatever the label; 1 is its usual size.
    channels, reference : tuple of str
        Electrodes of the 10-05 system, and those whose mean the amplifier subtracts.
    n_events : int
        Epochs of a recording; when they were is not told (their onset is NaN).
    order : {"balanced", "independent", "stretches"}
        See `draw_labels`.
    sfreq : float
        Hz.
    tmin, tmax : float
        Seconds from the word to the first and last sample; the mean before the word is taken away.

    Notes
    -----
    The oracle knows the waves, how they vary, and the noise; it sees the epoch from the word on,
    before blinks were added and the mean was taken away.
    """

    channels: tuple[str, ...]
    variability: float = 0.5
    reference: tuple[str, ...] = ()
    n_events: int = 200
    order: Order = "balanced"
    sfreq: float = 50.0
    tmin: float = -0.2
    tmax: float = 0.98

    modality: ClassVar[str] = "eeg"
    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        check_counts(self, "n_events")
        if not self.variability >= 0:
            raise ConfigError(f"variability: {self.variability} is below zero. Give 0 for none.")
        if not -_APART / 2 < self.tmin < 0 < self.tmax < _APART / 2:
            raise ConfigError(
                f"tmin, tmax: {self.tmin:g} and {self.tmax:g} s; expected one before the word and "
                f"one after it, both less than {_APART / 2:g} s away."
            )
        if not self.sfreq >= 50:
            raise ConfigError(f"sfreq: {self.sfreq:g} Hz is too low for waves of 25 ms. Give 50.")
        if self._first == 0:
            raise ConfigError(
                f"tmin: {self.tmin:g} s is no sample before the word at {self.sfreq:g} Hz, and the "
                f"mean before it is taken away. Give {-1 / self.sfreq:g} or less."
            )

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give electrodes, rate, length and events."""
        rng = self.rng("labels", subject, session, run)
        labels = draw_labels(LABELS, self.n_events, self.order, rng)
        events = pd.DataFrame({"onset": np.full(self.n_events, np.nan)})
        events = events.assign(duration=0.0, label=labels.astype(object))
        n_times = round(self.tmax * self.sfreq) - self._first + 1
        tmin = self._first / self.sfreq
        return labelled_header(
            self.channels, self.sfreq, events, LABELS, n_times, tmin=tmin, entries=True
        )

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make one recording's epochs, with the log-likelihood of each label."""
        header = self.header(subject, session, run)
        events, n_times = header.events, header.n_times
        assert n_times is not None  # this class gave it
        sensors = electrodes(self.channels, self.reference)
        today = session_of(self, sensors, subject, session, self.sfreq)
        times = (self._first + np.arange(n_times)) / self.sfreq
        waves = responses(self, today, subject, (*_SEEN, *_UNEXPECTED), times)
        means = mean_sizes(LABELS, "unrelated", _SEEN, _UNEXPECTED, self.effect)
        rng = self.rng("signal", subject, session, run)
        apart = round(_APART * self.sfreq)
        n_total = apart * self.n_events
        data = _cut(today.noise(n_total, self.sfreq, rng), apart, n_times)
        truth = [LABELS.index(label) for label in events["label"]]
        sizes = means[truth] + self.variability * rng.standard_normal((len(truth), len(waves)))
        data += np.tensordot(sizes, waves, 1)
        after = (data[..., -self._first :], waves[..., -self._first :])
        whitener = Whitener.of(today.brain, today.own, after[0].shape[2], self.sfreq)
        answers = wave_log_likelihood(*after, means, self.variability, whitener)
        data += _cut(today.artefacts(n_total, self.sfreq, 0.0, rng), apart, n_times)
        data -= data[..., : -self._first].mean(axis=2, keepdims=True)
        return answered(header, data, LABELS, answers)

    @property
    def _first(self) -> int:
        """Sample of the epoch's beginning, counted from the word; below zero."""
        return round(self.tmin * self.sfreq)


def _cut(data: np.ndarray, apart: int, n_times: int) -> np.ndarray:
    """Give epochs, shape (n_events, n_channels, n_times), of a recording cut every `apart`."""
    return data.reshape(len(data), -1, apart).swapaxes(0, 1)[..., :n_times].copy()
