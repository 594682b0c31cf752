"""Recordings with a planted effect, made from a seed, and what an oracle makes of them.

A generator is one file here with one public class, a `Simulation`; its name is its path
(``eeg_meg.imagery``). What it makes looks to the rest like recordings that were read from files.
"""

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np

from neurodecode.core.digest import digest
from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.stimuli import Stimuli

ORACLE = "oracle:"  # what columns and tracks that hold an oracle's answers begin with
ORACLE_SIGNAL = "oracle"  # of trials: those answers; only the ceiling is told them


@dataclass(frozen=True, kw_only=True)
class Simulation(ABC):
    """What all generators take; a generator adds its own.

    Parameters
    ----------
    subjects, sessions, runs : tuple of str
        BIDS entities; one recording each combination, unless the generator says otherwise.
    effect : float
        Size of what is planted, in the generator's own unit; at 0 there is nothing to find.
    seed : int
        Recordings of one subject do not depend on which others there are.
    """

    subjects: tuple[str, ...] = ("01",)
    sessions: tuple[str, ...] = ("1",)
    runs: tuple[str, ...] = ("1",)
    effect: float = 1.0
    seed: int = 0

    version: ClassVar[int]

    def __post_init__(self):
        for field in fields(self):  # a card's lists
            value = getattr(self, field.name)
            if isinstance(value, list):
                object.__setattr__(self, field.name, tuple(value))
        for name in ("subjects", "sessions", "runs"):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise ConfigError(f"{name}: expected different names, got {values}.")
        if not 0 <= self.effect < math.inf:
            what = "below zero" if self.effect < 0 else "no finite number"
            raise ConfigError(f"effect: {self.effect} is {what}. Give 0 for nothing planted.")
        if self.seed < 0:
            raise ConfigError(f"seed: {self.seed} is below zero. Give 0 or more.")

    def recordings(self) -> Sequence[tuple[str, str, str]]:
        """Subject, session and run of each recording."""
        return list(itertools.product(self.subjects, self.sessions, self.runs))

    def rng(self, *names: str) -> np.random.Generator:
        """Give the source of chance of what is named, of these recordings: `source_of_chance`."""
        return source_of_chance(self.seed, *names)

    @abstractmethod
    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give a `Signal` without data: space, rate, length, events; the oracle's answers NaN."""

    @abstractmethod
    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make one recording.

        The oracle's answers stand in it, where there are such: by event, columns made by
        `oracle_of_labels` or named ``oracle:COLUMN`` (a number that is to be told); by track,
        a track ``oracle:TRACK`` of the shape of the track that is to be told.
        """

    def stimuli(self) -> Stimuli:
        """Give what was shown, by the column ``stimulus`` of the events; made here, so not secret.

        Raises
        ------
        ConfigError
            If nothing is shown that could be looked at.
        """
        name = type(self).__module__.removeprefix(f"{__name__}.")
        raise ConfigError(f"{name}: these recordings show nothing that could be looked at.")


def source_of_chance(seed: int, *names: str) -> np.random.Generator:
    """Give the source of chance of what is named, such as a subject's head or one run's noise.

    Parameters
    ----------
    seed : int
    *names : str
        ``"head", subject`` is another source than ``"noise", subject, session, run``.
    """
    return np.random.default_rng([seed, int(digest(list(names))[:15], 16)])


def oracle_of_labels(
    column: str, labels: Sequence[str], log_likelihood: np.ndarray
) -> Mapping[str, np.ndarray]:
    """Name an oracle's answers to which label an event has.

    Parameters
    ----------
    column : str
        Column of the events that holds the truth.
    labels : sequence of str
        Values of that column.
    log_likelihood : ndarray, shape (n_events, n_labels)
        Of each event's signal under each label, up to a constant of the event.

    Returns
    -------
    columns : mapping of str to ndarray, shape (n_events,)
        ``oracle:COLUMN=LABEL``, to stand among the events.
    """
    answers = np.asarray(log_likelihood, dtype=np.float64)
    return {f"{ORACLE}{column}={one}": answers[:, i] for i, one in enumerate(labels)}


def unanswered(column: str, labels: Sequence[str], n_events: int) -> Mapping[str, np.ndarray]:
    """Name an oracle's answers where it has not been asked: NaN, as headers have them.

    Parameters
    ----------
    column, labels
        As in `oracle_of_labels`.
    n_events : int
    """
    return oracle_of_labels(column, labels, np.full((n_events, len(labels)), np.nan))


def check_counts(simulation: Simulation, *names: str) -> None:
    """Raise a ConfigError if one of the named arguments of a generator is below one."""
    for name in names:
        if getattr(simulation, name) < 1:
            raise ConfigError(f"{name}: {getattr(simulation, name)} is below one.")
