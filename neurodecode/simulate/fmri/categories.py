"""Pictures of several categories, in blocks or one by one, and the voxels that tell them apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.simulate import Simulation, oracle_of_labels
from neurodecode.simulate._labels import Order, draw_labels
from neurodecode.simulate.fmri._tuning import (
    Run,
    draw_tuning,
    knowing_balance,
    simulate_betas,
    simulate_run,
)
from neurodecode.simulate.fmri._voxels import check_n_voxels, n_voxels_of, voxel_space

REST = "rest"
_N_MOTION = 6


@dataclass(frozen=True, kw_only=True)
class Categories(Simulation):
    """Voxels tuned to categories: volumes with blocks, events, or one beta an event.

    A voxel's series is a response to each event (a double gamma of the voxel's own delay), noise
    that remembers the volume before and that neighbours share, and a drift of the run. `effect` is
    the s.d. over categories of a tuned voxel's response to what lasts, in s.d. of the noise (of
    betas, of their noise). The oracle knows tuning, delays and noise, and that a balanced run has
    each category as often; all volumes of an event have that event's log-likelihoods.

    Parameters
    ----------
    categories : tuple of str
    form : {"volumes", "task", "events", "betas"}
        ``volumes``: each volume is an event, with the label of what was shown at its middle or
        ``rest``, and a ``block``. ``task``: the same without the volumes of rest, which leaves no
        rate. ``events``: volumes, with an event each showing. ``betas``: an entry each showing.
    order : {"balanced", "independent", "stretches"}
        Whether a run has each category as often, each showing is drawn by itself, or ten of one
        category follow each other.
    repeats : int
        Showings of a category in a run.
    onset, duration, gap : float
        Seconds to the first showing, of a showing, and from its end to the next.
    jitter : float
        Seconds by which gaps are longer at most, in whole volumes.
    n_voxels : int, or mapping of str to int
        Of everybody, or of each subject.
    shape : tuple of int
        Of the image.
    voxel_size : float
        Millimetres.
    regions : tuple of str
        Series of named regions, continuous, instead of voxels.
    tuned : float
        Part of the voxels that tell categories apart.
    variability : float
        S.d. of what an event has of each category's pattern, beside that of its own.
    phi : float
        Correlation of the noise with the volume before.
    t_r : float
        Seconds.
    motion : bool
        Whether six parameters of motion are recorded, as the track ``confounds``, and seen in the
        volumes.
    """

    categories: tuple[str, ...] = ("face", "house")
    form: Literal["volumes", "task", "events", "betas"] = "volumes"
    order: Order = "balanced"
    repeats: int = 1
    onset: float = 15.0
    duration: float = 22.5
    gap: float = 12.5
    jitter: float = 0.0
    n_voxels: int | Mapping[str, int] = 200
    shape: tuple[int, ...] = (16, 16, 10)
    voxel_size: float = 3.5
    regions: tuple[str, ...] = ()
    tuned: float = 0.5
    variability: float = 0.35
    phi: float = 0.4
    t_r: float = 2.5
    motion: bool = False

    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        if len(set(self.categories)) < max(2, len(self.categories)) or REST in self.categories:
            raise ConfigError(
                f"categories: expected two or more different names, none of them {REST!r}, got "
                f"{self.categories}."
            )
        for name in ("duration", "t_r", "voxel_size", "repeats"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name}: {getattr(self, name)} must be above zero.")
        for name in ("onset", "gap", "jitter"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name}: {getattr(self, name)} s is below zero.")
        if not 0 <= self.phi < 1 or not 0 < self.tuned <= 1 or not self.variability >= 0:
            raise ConfigError(
                f"phi {self.phi} must be in [0, 1), tuned {self.tuned} in (0, 1], variability "
                f"{self.variability} zero or more."
            )
        if self.regions and self.form in ("volumes", "task"):
            raise ConfigError(
                f"regions: their series are continuous, and form: {self.form} makes each volume "
                "an event. Say form: events, or betas."
            )
        if self.motion and self.form == "betas":
            raise ConfigError("motion: betas have no volumes. Leave it out, or change form.")
        if not self.regions:
            check_n_voxels(self.n_voxels, self.subjects)

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give what was shown when; the oracle's answers are NaN."""
        timetable = self._timetable(subject, session, run)
        unknown = np.full((len(timetable.codes), len(self.categories)), np.nan)
        tracks = {}
        if self.motion:
            tracks["confounds"] = self._motion(subject, session, run, timetable)
        return self._signal(subject, run, timetable, unknown, None, tracks)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make the recording."""
        timetable = self._timetable(subject, session, run)
        tuning = draw_tuning(
            self.rng("tuning", subject),
            self._space(subject),
            len(self.categories),
            effect=self.effect,
            tuned=self.tuned,
            variability=self.variability,
        )
        rng, tracks, motion = self.rng("noise", subject, session, run), {}, None
        if self.form == "betas":
            data, answers = simulate_betas(rng, tuning, timetable.codes)
        else:
            if self.motion:
                motion = self._motion(subject, session, run, timetable)
                tracks["confounds"] = motion[timetable.number]
                motion = (motion - motion.mean(axis=0)) / motion.std(axis=0)
            data, answers = simulate_run(rng, tuning, timetable, motion)
        if self.order == "balanced":
            answers = knowing_balance(answers)
        return self._signal(subject, run, timetable, answers, data, tracks)

    def _timetable(self, subject: str, session: str, run: str) -> Run:
        n_events = self.repeats * len(self.categories)
        rng = self.rng("labels", subject, session, run)
        drawn = draw_labels(self.categories, n_events, self.order, rng)
        codes = np.array([self.categories.index(one) for one in drawn])
        steps = int(self.jitter / self.t_r)
        longer = self.rng("gaps", subject, session, run).integers(steps + 1, size=n_events)
        spent = self.duration + self.gap + self.t_r * longer
        onset = self.onset + np.append(0.0, np.cumsum(spent[:-1]))
        n_volumes = int(np.ceil((onset[-1] + spent[-1]) / self.t_r))
        duration = np.full(n_events, self.duration)
        table = Run(onset, duration, codes, self.t_r, np.arange(n_volumes), n_volumes, self.phi)
        if self.form != "task":
            return table
        kept = np.flatnonzero(_shown(table) >= 0)
        return Run(onset, duration, codes, self.t_r, kept, n_volumes, self.phi)

    def _space(self, subject: str) -> Space:
        if self.regions:
            return Space("parcels", names=self.regions)
        n = n_voxels_of(self.n_voxels, subject)
        where = f"fmri.categories: subject {subject}"
        return voxel_space(self.rng("space", subject), n, self.shape, self.voxel_size, where)

    def _motion(self, subject: str, session: str, run: str, timetable: Run) -> np.ndarray:
        """Motion of the head: a walk, (n_volumes, 6), in mm and in hundredths of a radian."""
        steps = self.rng("motion", subject, session, run).normal(
            0, 0.02, (timetable.n_volumes, _N_MOTION)
        )
        return np.cumsum(steps, axis=0)

    def _signal(self, subject, run, timetable, answers, data, tracks) -> Signal:
        each = oracle_of_labels("label", self.categories, answers)
        labels = np.array(self.categories, dtype=object)[timetable.codes]
        events = pd.DataFrame(
            {"onset": timetable.onset, "duration": timetable.duration, "label": labels, **each}
        )
        if self.form in ("volumes", "task"):
            events = _spread(events, timetable, run)
        continuous = bool(self.regions) and self.form == "events"
        rated = self.form in ("volumes", "events")
        if data is not None and continuous:
            data = np.ascontiguousarray(data.T)
        unit = "parcel" if self.regions else "voxel"
        return Signal(
            data,
            self._space(subject),
            (unit, "time") if continuous else (unit,),
            1 / self.t_r if rated else None,
            events,
            tmin=float(timetable.number[0] * self.t_r) if self.form == "task" else 0.0,
            n_times=len(events) if self.form == "betas" else len(timetable.number),
            tracks=tracks,
        )


def _shown(timetable: Run) -> np.ndarray:
    """Event that was on at the middle of each volume of the run; -1 for rest."""
    middle = (np.arange(timetable.n_volumes) + 0.5) * timetable.t_r
    latest = np.searchsorted(timetable.onset, middle, side="right") - 1
    on = (latest >= 0) & (middle < (timetable.onset + timetable.duration)[latest])
    return np.where(on, latest, -1)


def _spread(events: pd.DataFrame, timetable: Run, run: str) -> pd.DataFrame:
    """One event a kept volume; each showing, and each stretch of rest, is a block."""
    shown = _shown(timetable)
    block = np.append(0, np.cumsum(shown[1:] != shown[:-1])) + 1
    names = np.array([f"{run}-{one:03d}" for one in block], dtype=object)[timetable.number]
    shown = shown[timetable.number]
    spread = events.iloc[shown].reset_index(drop=True)  # -1, rest, is mended below
    spread["label"] = np.where(shown < 0, REST, spread["label"])
    others = [one for one in events if one not in ("onset", "duration", "label")]
    spread.loc[shown < 0, others] = np.nan
    spread["onset"] = timetable.number * timetable.t_r
    spread["duration"] = timetable.t_r
    spread.insert(3, "block", names)
    return spread
