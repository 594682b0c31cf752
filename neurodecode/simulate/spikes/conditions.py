"""Counts of cells while conditions are shown, each of several kinds at once."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from scipy.special import gammaln

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.simulate import Simulation, oracle_of_labels
from neurodecode.simulate._labels import draw_labels
from neurodecode.simulate._mixing import of_groups

_RATE = 1.0  # mean spikes a second; deconvolved calcium signals have few
_GAIN = 4.0  # shape of the gamma distribution by which trials excite all cells more or less


@dataclass(frozen=True, kw_only=True)
class Conditions(Simulation):
    """Counts of cells that prefer some conditions, more or less excited from trial to trial.

    Each cell's rate is the exponential of what it makes of each factor and of their combination,
    over a time course of its own. All cells of a trial share a gain.

    Parameters
    ----------
    effect : float
        S.d. of a cell's log rate over conditions.
    factors : mapping of str to tuple of str
        Column to its values, such as families of texture and directions of drift. Their
        combinations are the conditions, and the column ``label`` joins them.
    order : {"balanced", "independent"}
        Whether each repeat shows each condition once, shuffled, or draws every one by itself.
    repeats : int
        Rounds through as many trials as there are conditions; the column ``repeat``.
    areas : mapping of str to str
        Session to the area recorded in it; the column ``area``.
    n_cells : int
        Of each recording, each its own.
    duration : float
        Seconds of a trial.
    bins : bool
        Whether counts are in bins of 0.25 s; else one a trial.

    Notes
    -----
    With the gain gamma distributed, the counts of a trial are negative multinomial, and the oracle
    knows their likelihood exactly.
    """

    version: ClassVar[int] = 1

    factors: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"motion": ("m0", "m1"), "coherence": ("90", "40")}
    )
    order: Literal["balanced", "independent"] = "balanced"
    repeats: int = 10
    areas: Mapping[str, str] = field(default_factory=dict)
    n_cells: int = 100
    duration: float = 4.0
    bins: bool = False

    def __post_init__(self):
        super().__post_init__()
        if not self.factors or any(len(set(v)) < max(2, len(v)) for v in self.factors.values()):
            raise ConfigError("factors: each needs two different values or more.")
        for session in sorted(set(self.areas) - set(self.sessions)):
            raise ConfigError(f"areas: {session!r} is none of the sessions {self.sessions}.")
        if min(self.repeats, self.n_cells) < 1 or self.duration < 0.25:
            raise ConfigError(
                f"repeats {self.repeats}, n_cells {self.n_cells}, duration {self.duration:g} s: "
                "expected one, one and 0.25 s at least."
            )

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give what a recording will be, without data."""
        shown, events = self._trials(subject, session, run)
        unknown = np.full((len(shown), len(self._conditions)), np.nan)
        return self._signal(None, events, unknown)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make the counts of one recording."""
        shown, events = self._trials(subject, session, run)
        expected = self._expected(subject, session, run)
        rng = self.rng("noise", subject, session, run)
        gain = rng.gamma(_GAIN, 1 / _GAIN, (len(shown), 1, 1))
        counts = rng.poisson(gain * expected[shown])
        return self._signal(counts, events, _log_likelihood(counts, expected))

    @property
    def _conditions(self) -> list[tuple[str, ...]]:
        return list(itertools.product(*self.factors.values()))

    @property
    def _n_bins(self) -> int:
        return round(self.duration * 4)

    def _expected(self, subject: str, session: str, run: str) -> np.ndarray:
        """Give mean counts, shape (n_conditions, n_cells, n_bins)."""
        rng = self.rng("cells", subject, session, run)
        conditions = self._conditions
        tuned = rng.standard_normal((len(conditions), self.n_cells))  # of the combination alone
        for i, values in enumerate(self.factors.values()):
            of_value = rng.standard_normal((len(values), self.n_cells))
            tuned += of_value[[values.index(one[i]) for one in conditions]]
        tuned *= self.effect / np.sqrt(1 + len(self.factors))
        rate = _RATE * rng.gamma(2.0, 0.5, self.n_cells)
        course = rng.gamma(4.0, 0.25, (self.n_cells, self._n_bins))
        # Less half the variance, so that an effect moves no mean rate.
        level = np.exp(tuned - self.effect**2 / 2) * rate
        return level[:, :, None] * course / 4

    def _trials(self, subject: str, session: str, run: str) -> tuple[np.ndarray, pd.DataFrame]:
        """Give the condition of each trial, and the events."""
        rng, conditions = self.rng("order", subject, session, run), self._conditions
        n = len(conditions)
        numbers = list(map(str, range(n)))
        shown = np.concatenate(
            [draw_labels(numbers, n, self.order, rng) for _ in range(self.repeats)]
        ).astype(int)
        columns: dict[str, object] = {}
        if session in self.areas:
            columns["area"] = self.areas[session]
        columns["repeat"] = np.repeat(np.arange(self.repeats), n)
        for i, name in enumerate(self.factors):
            columns[name] = [conditions[one][i] for one in shown]
        columns["label"] = [" ".join(conditions[one]) for one in shown]
        return shown, pd.DataFrame(
            columns | {"onset": np.full(len(shown), np.nan), "duration": 0.0}
        )

    def _signal(
        self, counts: np.ndarray | None, events: pd.DataFrame, log_likelihood: np.ndarray
    ) -> Signal:
        conditions = self._conditions
        answers = dict(oracle_of_labels("label", [*map(" ".join, conditions)], log_likelihood))
        for i, name in enumerate(self.factors):
            answers |= oracle_of_labels(
                name, *of_groups(log_likelihood, [one[i] for one in conditions])
            )
        if counts is not None and not self.bins:
            counts = counts.sum(axis=2)
        return Signal(
            data=None if counts is None else counts.astype(np.float64),
            space=Space("features", tuple(f"cell {i}" for i in range(self.n_cells))),
            axes=("cell", "time") if self.bins else ("cell",),
            sfreq=4.0 if self.bins else None,
            events=events.assign(**answers),
            n_times=self._n_bins if self.bins else len(events),
            entries=self.bins,
        )


def _log_likelihood(counts: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Of each trial's counts under each condition, any gain, shape (n_trials, n_conditions)."""
    flat = counts.reshape(len(counts), -1)
    mean = expected.reshape(len(expected), -1)
    total, all_expected = flat.sum(axis=1)[:, None], mean.sum(axis=1)
    # The gain integrated out: gamma(shape a, mean 1) and Poisson are conjugate.
    return (
        flat @ np.log(mean).T
        - (total + _GAIN) * np.log(_GAIN + all_expected)
        + gammaln(total + _GAIN)
    )
