"""Intracranial contacts, each person's own, whose high-frequency power tells the condition."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.simulate import Simulation, check_counts, oracle_of_labels, unanswered
from neurodecode.simulate._labels import Order, draw_labels
from neurodecode.simulate.eeg_meg._anatomy import Anatomy, draw_anatomy
from neurodecode.simulate.eeg_meg._known import power_log_likelihood, whitened_band
from neurodecode.simulate.eeg_meg._noise import pink, series

_BAND = (70.0, 150.0)  # Hz, what clinical studies call high gamma
_RESPONSE = (0.1, 0.6)  # s from the onset: when power changes
_MARGIN = 1.0  # s before the first onset
_MEMORY = 0.95  # of the slow gain, from event to event


@dataclass(frozen=True, kw_only=True)
class Contacts(Simulation):
    """Continuous iEEG of people who have contacts, and places that answer, of their own.

    Some contacts lie near a small dipole whose high-frequency activity rises after every event,
    and more so after events of the condition that it prefers. The reference's own noise reaches
    all contacts alike: differences of neighbours on a shaft are free of it.

    Parameters
    ----------
    effect : float
        By how much power in 70 to 150 Hz, from 0.1 to 0.6 s, is higher after the preferred
        condition, in units of the power at rest.
    kind : {"seeg", "ecog"}
        Shafts of contacts 3.5 mm apart that run inward, or a grid of contacts 10 mm apart.
    n_shafts, n_contacts : int
        Shafts, and contacts on each; of a grid, rows and columns.
    n_sources : int
        Places that answer, taking turns in what they prefer.
    conditions : tuple of str
    n_events : int
        Of one recording.
    spacing : float
        Seconds between onsets.
    order : {"balanced", "independent", "stretches"}
        See `draw_labels`.
    drift : float
        S.d. of the logarithm of a slow gain of each source's power, which has nothing to do with
        the conditions and lasts for tens of events. Where labels come in stretches too, models
        that are tested between their training events look better than they are.
    sfreq : float
        Hz.

    Notes
    -----
    High-frequency power as a mark of local activity: Miller et al. 2009,
    doi 10.1371/journal.pcbi.1000609. Within the band, sources and background have one spectrum, so
    that samples of the whitened band are independent, and the oracle's likelihood is that of
    complex Gaussian numbers with one covariance a condition. It knows the slow gain.
    """

    kind: Literal["seeg", "ecog"] = "seeg"
    n_shafts: int = 4
    n_contacts: int = 8
    n_sources: int = 4
    conditions: tuple[str, ...] = ("face", "house")
    n_events: int = 40
    spacing: float = 1.2
    order: Order = "balanced"
    drift: float = 0.0
    sfreq: float = 500.0

    modality: ClassVar[str] = "ieeg"
    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        if self.kind not in ("seeg", "ecog"):
            raise ConfigError(f"kind: {self.kind!r} is neither seeg nor ecog.")
        check_counts(self, "n_shafts", "n_contacts", "n_sources", "n_events")
        if self.n_sources > self.n_shafts * self.n_contacts:
            raise ConfigError(
                f"n_sources: {self.n_sources} places need as many contacts, and there are "
                f"{self.n_shafts * self.n_contacts}. Lower it, or raise n_shafts or n_contacts."
            )
        if self.sfreq < 2.5 * _BAND[1]:
            raise ConfigError(
                f"sfreq: {self.sfreq:g} Hz does not hold activity up to {_BAND[1]:g} Hz. "
                f"Give {2.5 * _BAND[1]:g} or more."
            )
        if self.spacing < 1:
            raise ConfigError(f"spacing: {self.spacing:g} s. Give 1 or more: responses last .6 s.")
        if self.drift < 0:
            raise ConfigError(f"drift: {self.drift:g} is below zero. Give 0 for none.")

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give contacts, rate, length and events."""
        labels = draw_labels(
            self.conditions, self.n_events, self.order, self.rng("labels", subject, session, run)
        )
        onset = _MARGIN + self.spacing * np.arange(self.n_events)
        events = pd.DataFrame({"onset": onset, "duration": _RESPONSE[1], "label": labels})
        unknown = unanswered("label", self.conditions, self.n_events)
        anatomy = self._anatomy(subject)
        types = (self.kind,) * len(anatomy.names)
        return Signal(
            data=None,
            space=Space("sensors", anatomy.names, types, positions=anatomy.positions, unit="V"),
            axes=("channel", "time"),
            sfreq=self.sfreq,
            events=events.assign(**unknown),
            n_times=round((2 * _MARGIN + self.spacing * self.n_events) * self.sfreq),
        )

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make one recording, with the log-likelihood of each condition."""
        header = self.header(subject, session, run)
        events, n_times = header.events, header.n_times
        assert n_times is not None  # this class gave it
        power = self._power(subject, session, run)
        truth = [self.conditions.index(label) for label in events["label"]]
        first = np.round((events["onset"].to_numpy() + _RESPONSE[0]) * self.sfreq).astype(int)
        n_window = round((_RESPONSE[1] - _RESPONSE[0]) * self.sfreq)
        amplitude = np.ones((self.n_sources, n_times))
        for event, begin in enumerate(first):
            of_event = np.sqrt(power[event, truth[event]])
            amplitude[:, begin : begin + n_window] = of_event[:, None]
        anatomy = self._anatomy(subject)
        rng = self.rng("signal", subject, session, run)
        noise = series(self._background, len(header.space), n_times, self.sfreq, rng)
        activity = series(self._activity, self.n_sources, n_times, self.sfreq, rng)
        data = np.linalg.cholesky(anatomy.covariance) @ noise
        data += anatomy.gain @ (amplitude * activity)
        freqs = np.fft.rfftfreq(n_times, 1 / self.sfreq)
        band = whitened_band(data, self._background(freqs), _in_band(freqs), self.sfreq)
        # All of a source lies in the band, and of the background what `_activity` divides by.
        gain = anatomy.gain / np.sqrt(self._share)
        covariances = anatomy.covariance + np.einsum("eck,ik,jk->ecij", power, gain, gain)
        place = band.shape[1] / n_times
        pieces = [
            band[:, int(np.ceil(begin * place)) : int((begin + n_window) * place)]
            for begin in first
        ]
        likelihood = power_log_likelihood(pieces, covariances)
        known = oracle_of_labels("label", self.conditions, likelihood)
        return Signal(
            data=data.astype(np.float32),
            space=header.space,
            axes=header.axes,
            sfreq=self.sfreq,
            events=events.assign(**known),
        )

    def _anatomy(self, subject: str) -> Anatomy:
        return draw_anatomy(
            self.kind, self.n_shafts, self.n_contacts, self.n_sources, self.rng("contacts", subject)
        )

    def _background(self, freqs: np.ndarray) -> np.ndarray:
        return pink(freqs, self.sfreq)

    def _activity(self, freqs: np.ndarray) -> np.ndarray:
        """Density of sources: the background's in the band, and nothing else."""
        return np.where(_in_band(freqs), self._background(freqs) / self._share, 0.0)

    @property
    def _share(self) -> float:
        """What share of the background's variance lies in the band."""
        grid = np.arange(*_BAND, 0.1)
        return float(self._background(grid).sum() * 0.1)

    def _power(self, subject: str, session: str, run: str) -> np.ndarray:
        """Power of each source after each event, were it of each condition; at rest it is 1.

        Returns
        -------
        power : ndarray, shape (n_events, n_conditions, n_sources)
        """
        prefers = np.arange(self.n_sources) % len(self.conditions)
        is_preferred = np.arange(len(self.conditions))[:, None] == prefers
        fresh = self.rng("drift", subject, session, run).standard_normal(
            (self.n_events, self.n_sources)
        )
        slow = fresh.copy()
        for i in range(1, self.n_events):
            slow[i] = _MEMORY * slow[i - 1] + np.sqrt(1 - _MEMORY**2) * fresh[i]
        return (2 + self.effect * is_preferred) * np.exp(self.drift * slow)[:, None, :]


def _in_band(freqs: np.ndarray) -> np.ndarray:
    return (freqs >= _BAND[0]) & (freqs < _BAND[1])
