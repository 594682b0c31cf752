"""A film that everybody watches, segment after segment, and voxels that know where it plays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.simulate import Simulation, oracle_of_labels
from neurodecode.simulate._labels import Order, draw_labels
from neurodecode.simulate.fmri._tuning import Run, draw_tuning, knowing_balance, simulate_run
from neurodecode.simulate.fmri._voxels import voxel_space

_SPREAD = 0.6  # s.d. of the logarithm of a segment's length


@dataclass(frozen=True, kw_only=True)
class Film(Simulation):
    """Volumes while a film runs: its segments have a label each, and follow without a gap.

    The same segments for everybody, tuning and voxels of each person's own; responses, noise,
    `effect` and the oracle are those of `fmri.categories`.

    Parameters
    ----------
    labels : tuple of str
    order : {"balanced", "independent", "stretches"}
        Whether a run has as many segments of each label, each is drawn by itself, or ten of one
        label follow each other: a scene.
    volumes : mapping of str to int
        Length of each run; of all the others, that of ``""``.
    seconds : float
        Median length of a segment.
    delay : float
        Seconds by which the series has been moved, so that an event's response begins before it.
    words : mapping of str to tuple of str
        Columns of the events: each segment has one of the words, an empty one for none, drawn at
        random. No voxel follows them.
    n_voxels, shape, voxel_size, regions, tuned, variability, phi, t_r
        As in `fmri.categories`.
    """

    labels: tuple[str, ...] = ("Indoor", "Outdoor")
    order: Order = "balanced"
    volumes: Mapping[str, int] = field(default_factory=lambda: {"": 300})
    seconds: float = 6.0
    delay: float = 4.5
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    n_voxels: int = 200
    shape: tuple[int, ...] = (16, 16, 10)
    voxel_size: float = 3.0
    regions: tuple[str, ...] = ()
    tuned: float = 0.5
    variability: float = 0.5
    phi: float = 0.4
    t_r: float = 1.5

    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        if len(set(self.labels)) < max(2, len(self.labels)):
            raise ConfigError(f"labels: expected two or more different names, got {self.labels}.")
        for name in ("seconds", "t_r", "voxel_size"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name}: {getattr(self, name)} must be above zero.")
        if (
            not 0 <= self.phi < 1
            or not 0 < self.tuned <= 1
            or min(self.delay, self.variability) < 0
        ):
            raise ConfigError(
                f"phi {self.phi} must be in [0, 1), tuned {self.tuned} in (0, 1], delay "
                f"{self.delay} s and variability {self.variability} zero or more."
            )
        for run in self.runs:
            if self._n_volumes(run) * self.t_r < 4 * self.seconds:
                raise ConfigError(
                    f"volumes: run {run!r} has {self._n_volumes(run)} of {self.t_r:g} s, too short "
                    f"for segments of {self.seconds:g} s. Give it more, or all: {{'': 300}}."
                )

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give the segments; the oracle's answers are NaN."""
        segments = self._segments(session, run)
        unknown = np.full((len(segments.codes), len(self.labels)), np.nan)
        return self._signal(subject, session, run, segments, unknown, None)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make the recording."""
        segments = self._segments(session, run)
        tuning = draw_tuning(
            self.rng("tuning", subject),
            self._space(subject),
            len(self.labels),
            effect=self.effect,
            tuned=self.tuned,
            variability=self.variability,
        )
        rng = self.rng("noise", subject, session, run)
        data, answers = simulate_run(rng, tuning, segments)
        if self.order == "balanced":
            answers = knowing_balance(answers)
        return self._signal(subject, session, run, segments, answers, data)

    def _n_volumes(self, run: str) -> int:
        return self.volumes.get(run, self.volumes.get("", 0))

    def _segments(self, session: str, run: str) -> Run:
        n_volumes = self._n_volumes(run)
        total = n_volumes * self.t_r
        rng = self.rng("film", session, run)
        n_most = int(3 * total / self.seconds) + 1
        lengths = self.seconds * np.exp(_SPREAD * rng.standard_normal(n_most))
        lengths = np.maximum(1, np.round(lengths / self.t_r)) * self.t_r
        onset = np.append(0.0, np.cumsum(lengths)[:-1])
        inside = onset + lengths <= total + 1e-9
        onset, lengths = onset[inside], lengths[inside]
        drawn = draw_labels(self.labels, len(onset), self.order, rng)
        codes = np.array([self.labels.index(one) for one in drawn])
        return Run(
            onset, lengths, codes, self.t_r, np.arange(n_volumes), n_volumes, self.phi, self.delay
        )

    def _words(self, session: str, run: str, n: int) -> dict[str, np.ndarray]:
        """Give columns of words that nothing follows."""
        rng = self.rng("words", session, run)
        drawn = {name: rng.choice(list(words), n) for name, words in self.words.items()}
        return {
            name: np.array([str(one) or None for one in column], dtype=object)
            for name, column in drawn.items()
        }

    def _space(self, subject: str) -> Space:
        if self.regions:
            return Space("parcels", names=self.regions)
        where = f"fmri.film: subject {subject}"
        rng = self.rng("space", subject)
        return voxel_space(rng, self.n_voxels, self.shape, self.voxel_size, where)

    def _signal(self, subject, session, run, segments, answers, data) -> Signal:
        number = np.arange(len(segments.codes)) + 1
        events = pd.DataFrame(
            {
                "onset": segments.onset,
                "duration": segments.duration,
                "label": np.array(self.labels, dtype=object)[segments.codes],
                "stimulus": np.array(
                    [f"{session}-{run}-{one:03d}" for one in number], dtype=object
                ),
                **self._words(session, run, len(number)),
                **oracle_of_labels("label", self.labels, answers),
            }
        )
        continuous = bool(self.regions)
        if data is not None and continuous:
            data = np.ascontiguousarray(data.T)
        return Signal(
            data,
            self._space(subject),
            ("parcel", "time") if continuous else ("voxel",),
            1 / self.t_r,
            events,
            n_times=segments.n_volumes,
        )
