"""Betas to vectors that stand for stimuli, such as a network's features or tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.simulate import ORACLE, Simulation
from neurodecode.simulate._mixing import Kinds, Mixing, mixing, posterior, sparse


@dataclass(frozen=True, kw_only=True)
class Vectors(Simulation):
    """Betas of voxels and vectors of stimuli, both linear in a few latents that nobody sees.

    Every stimulus has latents of its own, independent and of s.d. 1. Each voxel answers three in
    ten of them; each region prefers its own.

    Parameters
    ----------
    effect : float
        S.d. of a middling voxel's answers, in s.d. of its own noise.
    vectors : mapping of str to int
        Track to its length: each a linear map of the latents.
    regions : mapping of str to int
        Region to how many voxels it has.
    n_latents : int
    n_stimuli, n_test : int
        All stimuli, and how many of them are of the part ``test``; with 0 there are no parts.
    repeats : int
        How often each stimulus is shown in a recording.

    Notes
    -----
    The oracle knows weights, noise and how the latents are distributed; it answers with the mean of
    the posterior, from one trial at a time. Of an encoder it is the answer without noise.
    """

    version: ClassVar[int] = 2

    vectors: Mapping[str, int] = field(default_factory=lambda: {"tokens": 216})
    regions: Mapping[str, int] = field(default_factory=lambda: {"visual": 800})
    n_latents: int = 16
    n_stimuli: int = 120
    n_test: int = 0
    repeats: int = 1

    def __post_init__(self):
        super().__post_init__()
        sizes = {"n_latents": self.n_latents, "n_stimuli": self.n_stimuli, "repeats": self.repeats}
        sizes |= {f"vectors: {name}": n for name, n in self.vectors.items()}
        sizes |= {f"regions: {name}": n for name, n in self.regions.items()}
        for name, n in sizes.items():
            if n < 1:
                raise ConfigError(f"{name}: {n} is below one.")
        if not self.vectors or not self.regions:
            raise ConfigError("vectors, regions: one of each is needed.")
        if not 0 <= self.n_test < self.n_stimuli:
            raise ConfigError(
                f"n_test: {self.n_test} of {self.n_stimuli} stimuli leaves none to train on, or is "
                "below zero."
            )

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give what a recording will be, without data."""
        _, events = self._trials(subject, session, run)
        nothing = {name: np.zeros((0, n)) for name, n in self.vectors.items()}
        n_voxels = sum(self.regions.values())
        return self._signal(None, events, nothing, nothing, np.zeros((0, n_voxels)))

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make the betas of one recording."""
        shown, events = self._trials(subject, session, run)
        latents = self.rng("latents").standard_normal((self.n_stimuli, self.n_latents))
        voxels = self._voxels(subject)
        betas = voxels.answers(latents[shown], self.rng("noise", subject, session, run))
        prior = Kinds(("",), np.zeros((1, self.n_latents)), np.eye(self.n_latents)[None])
        _, guess = posterior(voxels, prior, betas)
        maps = {
            name: self.rng("vectors", name).standard_normal((self.n_latents, n))
            for name, n in self.vectors.items()
        }
        return self._signal(
            betas,
            events,
            {name: latents[shown] @ one for name, one in maps.items()},
            {name: guess @ one for name, one in maps.items()},
            latents[shown] @ voxels.weights.T,
        )

    def _voxels(self, subject: str) -> Mixing:
        rng, n_voxels = self.rng("voxels", subject), sum(self.regions.values())
        seen = sparse(rng, n_voxels, self.n_latents)
        prefers = rng.gamma(2.0, 0.5, (len(self.regions), self.n_latents))
        of = np.repeat(np.arange(len(self.regions)), list(self.regions.values()))
        directions = seen * prefers[of] * rng.standard_normal((n_voxels, self.n_latents))
        return mixing(rng, directions, self.effect)

    def _trials(self, subject: str, session: str, run: str) -> tuple[np.ndarray, pd.DataFrame]:
        """Give the stimulus of each trial, and the events."""
        every = np.repeat(np.arange(self.n_stimuli), self.repeats)
        shown = self.rng("order", subject, session, run).permutation(every)
        names = np.array([f"object{i + 1:03d}" for i in range(self.n_stimuli)], dtype=object)
        columns: dict[str, object] = {"label": names[shown], "stimulus": names[shown]}
        if self.n_test:
            tested = shown >= self.n_stimuli - self.n_test
            columns["split"] = np.where(tested, "test", "train").astype(object)
        return shown, pd.DataFrame(columns | {"onset": np.nan, "duration": 0.0})

    def _signal(
        self,
        betas: np.ndarray | None,
        events: pd.DataFrame,
        tracks: Mapping[str, np.ndarray],
        guesses: Mapping[str, np.ndarray],
        expected: np.ndarray,
    ) -> Signal:
        regions = [name for name, n in self.regions.items() for _ in range(n)]
        names = tuple(f"voxel {i}" for i in range(len(regions)))
        return Signal(
            data=betas,
            space=Space("voxels", names, types=tuple(regions)),
            axes=("voxel",),
            sfreq=None,
            events=events,
            n_times=len(events),
            tracks={
                **tracks,
                **{f"{ORACLE}{name}": one for name, one in guesses.items()},
                f"{ORACLE}fmri": expected,
            },
        )
