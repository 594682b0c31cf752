"""Counts of cells that see pictures: of every showing, or averaged over repeats."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.core.stimuli import Stimuli
from neurodecode.simulate import ORACLE, Simulation
from neurodecode.simulate.pictures import LABELS, Gallery, Kind, gallery

_RATE = 2.0  # mean spikes in a bin of 100 ms
_ANGLES, _OCTAVES, _GRID = 6, 4, 4  # of what cells see: directions, scales, patches a side


@dataclass(frozen=True, kw_only=True)
class Pictures(Simulation):
    """Counts of cells tuned to colour, brightness here and there, and stripes of some direction.

    A cell's rate is the exponential of a mixture of what it sees; counts are Poisson.

    Parameters
    ----------
    effect : float
        S.d. of a cell's log rate over pictures.
    pictures : mapping of str to str
        Session to the kind of pictures that it shows: ``shapes`` or ``textures``.
    n_pictures : int
        Of each session, each its own.
    n_cells : int
    repeats : int
        How often each picture is shown.
    averaged : bool
        Whether a trial is the mean over repeats, or each showing a trial.
    size : int
        Pixels of a side.

    Notes
    -----
    The oracle of an encoder is the rate: the track ``oracle:spikes``. A decoder has none, since no
    target of these recordings is known.
    """

    version: ClassVar[int] = 2

    pictures: Mapping[str, Kind] = field(default_factory=lambda: {"1": "shapes"})
    n_pictures: int = 200
    n_cells: int = 60
    repeats: int = 8
    averaged: bool = True
    size: int = 64

    def __post_init__(self):
        super().__post_init__()
        for session in self.sessions:
            if self.pictures.get(session) not in ("shapes", "textures"):
                raise ConfigError(
                    f"pictures: session {session!r} shows {self.pictures.get(session)!r}. Give it "
                    "shapes or textures."
                )
        if min(self.n_pictures, self.n_cells, self.repeats) < 1 or self.size < 17:
            raise ConfigError(
                f"n_pictures {self.n_pictures}, n_cells {self.n_cells}, repeats {self.repeats}, "
                f"size {self.size}: expected one of each and 17 pixels at least."
            )

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give what a recording will be, without data."""
        return self._signal(None, session, np.full((self.n_pictures, self.n_cells), np.nan))

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make the counts of one recording."""
        seen = [_seen(pictures) for _, pictures in self._gallery(session).pieces()]
        features = np.concatenate(seen)
        spread = features.std(axis=0)
        features = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
        rng = self.rng("cells", subject, session)
        tuned = features @ rng.standard_normal((features.shape[1], self.n_cells))
        tuned *= self.effect / np.maximum(tuned.std(axis=0), 1e-12)
        rate = _RATE * rng.gamma(2.0, 0.5, self.n_cells) * np.exp(tuned - self.effect**2 / 2)
        noise = self.rng("noise", subject, session, run)
        counts = noise.poisson(rate[:, None], (self.n_pictures, self.repeats, self.n_cells))
        if self.averaged:
            return self._signal(counts.mean(axis=1), session, rate)
        return self._signal(counts.reshape(-1, self.n_cells).astype(np.float64), session, rate)

    def stimuli(self) -> Stimuli:
        """Give the pictures of all sessions; each is made when it is asked for."""
        several = {one: self._gallery(one).stimuli(self._ids(one)) for one in self.sessions}
        tables = [made.table.assign(session=one) for one, made in several.items()]
        shared = [c for c in tables[0] if all(c in table for table in tables)]
        table = pd.concat([one.filter(shared) for one in tables])
        return Stimuli(table, lambda one: several[table.at[one, "session"]].read(one))

    def _gallery(self, session: str) -> Gallery:
        kind = self.pictures[session]
        names = self.rng("names", session).choice(LABELS[kind], self.n_pictures)
        return gallery(kind, [*names], self.size, lambda *what: self.rng(*what, session))

    def _ids(self, session: str) -> list[str]:
        return [f"{session}/image{i + 1:04d}" for i in range(self.n_pictures)]

    def _signal(self, counts: np.ndarray | None, session: str, rate: np.ndarray) -> Signal:
        n_showings = 1 if self.averaged else self.repeats
        picture = np.repeat(np.arange(self.n_pictures), n_showings)
        columns: dict[str, object] = {}
        if not self.averaged:
            columns = {
                "picture": picture,
                "repeat": np.tile(np.arange(self.repeats), self.n_pictures),
            }
        columns["stimulus"] = np.array(self._ids(session), dtype=object)[picture]
        columns["label"] = columns["stimulus"]
        events = pd.DataFrame(columns).assign(onset=np.nan, duration=0.0)
        return Signal(
            data=counts,
            space=Space("features", tuple(f"cell {i}" for i in range(self.n_cells))),
            axes=("cell",),
            sfreq=None,
            events=events,
            n_times=len(events),
            tracks={f"{ORACLE}spikes": np.repeat(rate, n_showings, axis=0)},
        )


def _seen(pictures: np.ndarray) -> np.ndarray:
    """Give what cells see of pictures, shape (n_pictures, n_features).

    Mean colour, brightness of patches, and the log amplitude of each direction and scale.
    """
    n, size = pictures.shape[:2]
    coloured = (pictures if pictures.ndim == 4 else pictures[..., None]) / 255.0
    grey = coloured.mean(axis=3)
    edges = np.arange(_GRID) * size // _GRID
    patches = np.add.reduceat(np.add.reduceat(grey, edges, axis=1), edges, axis=2)
    fy, fx = np.fft.fftfreq(size, 1 / size)[:, None], np.fft.rfftfreq(size, 1 / size)[None, :]
    octave = np.floor(np.log2(np.maximum(np.hypot(fx, fy), 0.5))).astype(int)
    angle = np.floor(np.mod(np.arctan2(fy, fx) / np.pi, 1) * _ANGLES).astype(int) % _ANGLES
    amplitude = np.abs(np.fft.rfft2(grey))
    bands = [
        np.log(1e-3 + amplitude[:, (octave == i) & (angle == j)].mean(axis=1))
        for i in range(1, _OCTAVES + 1)
        for j in range(_ANGLES)
        if np.any((octave == i) & (angle == j))
    ]
    return np.hstack([coloured.mean(axis=(1, 2)), patches.reshape(n, -1), np.stack(bands, axis=1)])
