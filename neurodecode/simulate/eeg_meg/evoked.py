"""Fields evoked by tones, checkerboards and pictures, in MEG."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.simulate import Simulation, check_counts, oracle_of_labels, unanswered
from neurodecode.simulate._labels import Order, draw_labels
from neurodecode.simulate.eeg_meg._fields import CONDITIONS, waves_of
from neurodecode.simulate.eeg_meg._head import Sensors, cortex, helmet
from neurodecode.simulate.eeg_meg._known import Whitener, wave_log_likelihood
from neurodecode.simulate.eeg_meg._noise import Component, background, draw, sensor_noise

_HUM = 4e-9  # A m, s.d. of each of the dipoles that make the background
_N_HUM = 300
_MARGIN = 1.0  # s before the first onset, and after the last trial
_ANSWER = 0.6  # s from the onset to where the last wave is over
_TURNED = 0.03  # rad, how a head lies otherwise in the helmet from session to session


@dataclass(frozen=True, kw_only=True)
class Evoked(Simulation):
    """MEG of people who hear and see: every condition has waves in places of its own.

    What all conditions have in common is there at any effect. So at effect 0 every event has its
    answer, which tells nothing of the condition.

    Parameters
    ----------
    effect : float
        How much of the difference between each condition and the mean of all is there; 1 is all
        of what dipoles of up to 30 nAm make.
    variability : float
        S.d. of each wave's moment from trial to trial, A m, whatever the condition.
    conditions : tuple of str
        Of ``auditory/left``, ``auditory/right``, ``visual/left``, ``visual/right``, ``face``,
        ``house``.
    n_events : int
        Of one recording.
    order : {"balanced", "independent", "stretches"}
        See `draw_labels`.
    spacing : float
        Seconds between onsets.
    form : {"continuous", "epochs"}
    tmin, tmax : float
        Seconds from the onset to the first and the last sample of an epoch.
    types : tuple of str
        ``mag``, ``grad`` or both.
    n_chips : int
        Of the helmet's 102, evenly spread; each has one magnetometer and two gradiometers.
    without : tuple of str
        Channels that are bad, and absent.
    sfreq : float
        Hz.

    Notes
    -----
    The oracle knows each person's waves and the covariance of the noise in space and time, and
    weighs the first 0.6 s of every trial.
    """

    variability: float = 20e-9
    conditions: tuple[str, ...] = ("auditory/left", "auditory/right")
    n_events: int = 60
    order: Order = "balanced"
    spacing: float = 1.0
    form: Literal["continuous", "epochs"] = "continuous"
    tmin: float = -0.2
    tmax: float = 0.6
    types: tuple[str, ...] = ("mag", "grad")
    n_chips: int = 102
    without: tuple[str, ...] = ()
    sfreq: float = 100.0

    modality: ClassVar[str] = "meg"
    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        for name in self.conditions:
            if name not in CONDITIONS:
                raise ConfigError(f"conditions: {name!r} is unknown.{nearest(name, CONDITIONS)}")
        if not self.variability >= 0:
            raise ConfigError(f"variability: {self.variability} A m is below zero.")
        if self.form not in ("continuous", "epochs"):
            raise ConfigError(f"form: {self.form!r} is neither continuous nor epochs.")
        check_counts(self, "n_events")
        if not 1 <= self.n_chips <= 102:
            raise ConfigError(f"n_chips: {self.n_chips} is not from 1 to 102.")
        if not -_MARGIN <= self.tmin < self.tmax <= _MARGIN:
            raise ConfigError(
                f"tmin {self.tmin:g} s and tmax {self.tmax:g} s: give an earlier and a later time, "
                f"both within {_MARGIN:g} s of the onset."
            )
        if self.spacing < 0.75:
            raise ConfigError(
                f"spacing: {self.spacing:g} s, and answers last {_ANSWER:g} s. Give 0.75 or more."
            )
        if self.sfreq < 40:
            raise ConfigError(f"sfreq: {self.sfreq:g} Hz does not hold the waves. Give 40 or more.")

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give sensors, rate, length and events."""
        labels = draw_labels(
            self.conditions, self.n_events, self.order, self.rng("labels", subject, session, run)
        )
        unknown = unanswered("label", self.conditions, self.n_events)
        events = pd.DataFrame(
            {"onset": self._first() / self.sfreq, "duration": 0.0, "label": labels, **unknown}
        )
        epochs = self.form == "epochs"
        start, stop = self._span()
        return Signal(
            data=None,
            space=self._sensors().space,
            axes=("channel", "time"),
            sfreq=self.sfreq,
            events=events,
            tmin=start / self.sfreq if epochs else 0.0,
            n_times=stop - start if epochs else self._length(),
            entries=epochs,
        )

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make one recording, with the log-likelihood of each condition."""
        header = self.header(subject, session, run)
        turn = self.rng("lies", subject, session).normal(0, _TURNED, size=3)
        sensors = self._sensors().moved(turn)
        n_answer = round(_ANSWER * self.sfreq)
        times = np.arange(n_answer) / self.sfreq
        waves, moments = waves_of(self.conditions, sensors, times, self.rng("waves", subject))
        common = moments.mean(axis=0)
        moments = common + self.effect * (moments - common)
        brain, sensor = self._noise(subject, sensors)
        rng = self.rng("noise", subject, session, run)
        data = draw((brain, sensor), self._length(), self.sfreq, rng)
        truth = [self.conditions.index(label) for label in header.events["label"]]
        strength = moments[truth] + self.variability * rng.standard_normal((len(truth), len(waves)))
        first = self._first()
        for begin, of_trial in zip(first, strength, strict=True):
            data[:, begin : begin + n_answer] += np.tensordot(of_trial, waves, 1)
        trials = np.stack([data[:, begin : begin + n_answer] for begin in first])
        whitener = Whitener.of(brain, sensor, n_answer, self.sfreq)
        likelihood = wave_log_likelihood(trials, waves, moments, self.variability, whitener)
        known = oracle_of_labels("label", self.conditions, likelihood)
        if self.form == "epochs":
            start, stop = self._span()
            data = np.stack([data[:, begin + start : begin + stop] for begin in first])
        return replace(
            header, data=data.astype(np.float32), n_times=None, events=header.events.assign(**known)
        )

    def _first(self) -> np.ndarray:
        """First sample of each answer; between events lie whole samples, so that epochs fit."""
        onset = _MARGIN + self.spacing * np.arange(self.n_events)
        return np.round(onset * self.sfreq).astype(np.int64)

    def _length(self) -> int:
        return int(self._first()[-1]) + round(2 * _MARGIN * self.sfreq)

    def _span(self) -> tuple[int, int]:
        """Give samples from the onset to an epoch's first, and to the one after its last."""
        return round(self.tmin * self.sfreq), round(self.tmax * self.sfreq) + 1

    def _sensors(self) -> Sensors:
        whole = helmet(self.types)
        names = whole.space.names
        for name in self.without:
            if name not in names:
                raise ConfigError(f"without: there is no channel {name!r}.{nearest(name, names)}")
        chips = sorted({name[:-1] for name in names})
        picked = {chips[i] for i in np.arange(self.n_chips) * len(chips) // self.n_chips}
        index = np.array(
            [i for i, name in enumerate(names) if name[:-1] in picked and name not in self.without]
        )
        return replace(whole, space=whole.space.take(index), loc=whole.loc[index])

    def _noise(self, subject: str, sensors: Sensors) -> tuple[Component, Component]:
        hum = cortex(self.rng("hum", subject), _N_HUM)
        return background(sensors, hum, _HUM, self.sfreq), sensor_noise(sensors, self.sfreq)
