"""An oddball: rare events, to which the brain answers once more than to frequent ones."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.simulate import Simulation, check_counts
from neurodecode.simulate._labels import Order, draw_labels
from neurodecode.simulate.eeg_meg._evoked import Wave, added, mean_sizes, responses
from neurodecode.simulate.eeg_meg._head import electrodes
from neurodecode.simulate.eeg_meg._known import Whitener, wave_log_likelihood
from neurodecode.simulate.eeg_meg._labelled import answered, labelled_header
from neurodecode.simulate.eeg_meg._session import check_line, session_of

LABELS = ("nontarget", "target")
_ONE_IN = 6  # events is a target
_SEEN = (  # what every picture evokes
    Wave(("O1", "O2"), 0.10, 0.02, 15e-9),
    Wave(("PO7", "PO8"), 0.17, 0.025, -25e-9),
)
# The wave of rare events; the lower ones of its many sources reach electrodes at the ears.
_RARE = (Wave(("Pz", "CPz", "P3", "P4", "CP5", "CP6", "TP7", "TP8"), 0.38, 0.07, 25e-9),)
_RESPONSE = 0.8  # s after which there is nothing of it left
_SOA = (0.5, 0.7)  # s from event to event
_MARGIN = 1.0  # s before the first event, and after the last one's response
_DURATION = 0.2  # s that a picture stands


@dataclass(frozen=True, kw_only=True)
class P300(Simulation):
    """EEG of people who see rare and frequent pictures: events ``target`` and ``nontarget``.

    Events follow each other in 0.5 to 0.7 s, so that responses overlap; one in six is rare. Every
    event evokes early waves over the back of the head, rare ones a late positive wave as well
    (Polich 2007, doi 10.1016/j.clinph.2007.04.019).

    Parameters
    ----------
    effect : float
        Mean size of the late wave; at 1 each of its sources has 25 nA m at the peak.
    variability : float
        S.d. of the size of each wave from event to event, whatever the label; 1 is its usual size.
    channels, reference : tuple of str
        Electrodes of the 10-05 system, and those whose mean the amplifier subtracts.
    n_events : int
        Of a recording.
    order : {"balanced", "independent", "stretches"}
        See `draw_labels`.
    sfreq, line : float
        Hz; sampling, and the mains (0 for none).
    window : tuple of float
        Seconds from the event that the oracle looks at, as models do.

    Notes
    -----
    The oracle knows the waves, how they vary, and the noise. What the events before and after
    evoked is taken away for it, and it sees neither blinks nor mains: an upper bound.
    """

    channels: tuple[str, ...]
    variability: float = 0.5
    reference: tuple[str, ...] = ()
    n_events: int = 180
    order: Order = "balanced"
    sfreq: float = 256.0
    line: float = 0.0
    window: tuple[float, float] = (-0.1, 0.8)

    modality: ClassVar[str] = "eeg"
    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        check_counts(self, "n_events")
        if not self.variability >= 0:
            raise ConfigError(f"variability: {self.variability} is below zero. Give 0 for none.")
        if not -_MARGIN <= self.window[0] < self.window[1] <= _MARGIN:
            raise ConfigError(
                f"window: {self.window} s; expected a beginning and a later end, both at most "
                f"{_MARGIN:g} s from the event."
            )
        if not self.sfreq >= 50:
            raise ConfigError(f"sfreq: {self.sfreq:g} Hz is too low for waves of 20 ms. Give 50.")
        check_line(self.line, self.sfreq)

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give electrodes, rate, length and events."""
        rng = self.rng("labels", subject, session, run)
        # Six names, one of which is rare: each comes as often as the order says.
        drawn = draw_labels([str(i) for i in range(_ONE_IN)], self.n_events, self.order, rng)
        labels = np.where(drawn == "0", "target", "nontarget").astype(object)
        apart = self.rng("onsets", subject, session, run).uniform(*_SOA, self.n_events)
        onsets = np.round((_MARGIN + np.cumsum(apart) - apart[0]) * self.sfreq) / self.sfreq
        events = pd.DataFrame({"onset": onsets, "duration": _DURATION, "label": labels})
        n_times = round((onsets[-1] + 2 * _MARGIN) * self.sfreq)
        return labelled_header(self.channels, self.sfreq, events, LABELS, n_times)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make one recording, with the log-likelihood of each label."""
        header = self.header(subject, session, run)
        events, n_times = header.events, header.n_times
        assert n_times is not None  # this class gave it
        sensors = electrodes(self.channels, self.reference)
        today = session_of(self, sensors, subject, session, self.sfreq)
        first, last = (round(end * self.sfreq) for end in self.window)
        waves, in_window = (
            responses(self, today, subject, (*_SEEN, *_RARE), np.arange(*span) / self.sfreq)
            for span in ((0, round(_RESPONSE * self.sfreq)), (first, last + 1))
        )
        means = mean_sizes(LABELS, "target", _SEEN, _RARE, self.effect)
        rng = self.rng("signal", subject, session, run)
        noise = today.noise(n_times, self.sfreq, rng)
        truth = [LABELS.index(label) for label in events["label"]]
        sizes = means[truth] + self.variability * rng.standard_normal((len(truth), len(waves)))
        onsets = np.round(events["onset"].to_numpy() * self.sfreq).astype(int)
        # For the oracle each event stands alone in the noise.
        alone = np.stack([noise[:, at + first : at + last + 1] for at in onsets])
        alone += np.tensordot(sizes, in_window, 1)
        whitener = Whitener.of(today.brain, today.own, alone.shape[2], self.sfreq)
        answers = wave_log_likelihood(alone, in_window, means, self.variability, whitener)
        data = noise + added(n_times, onsets, np.tensordot(sizes, waves, 1))
        data += today.artefacts(n_times, self.sfreq, self.line, rng)
        return answered(header, data, LABELS, answers)
