"""Betas of people who see pictures, and tokens that stand for the pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal, table_column
from neurodecode.core.space import Space
from neurodecode.core.stimuli import Stimuli
from neurodecode.simulate import ORACLE, Simulation, check_counts
from neurodecode.simulate._concepts import Concepts
from neurodecode.simulate._mixing import Kinds, Mixing, mixing, posterior, sparse
from neurodecode.simulate.fmri._voxels import check_n_voxels, n_voxels_of, voxel_space

Coding = Literal["linear", "half_quadratic", "even"]
_ANSWER = f"{ORACLE}tokens"
_GRID = np.linspace(-6, 6, 121)  # of a latent feature, where its posterior is weighed
_SWEEPS = 30


@dataclass(frozen=True, kw_only=True)
class PictureTokens(Simulation):
    """Betas of people who see pictures of concepts, and tokens that are linear in what they see.

    A picture has 16 latent features, independent and standard normal: 60 % of their variance is
    the concept's, 40 % its own. The table ``tokens`` holds 9 tokens of 24 numbers for each picture,
    linear in its features; the picture itself, `stimuli`, is a blend of colours that shows them.
    Each voxel answers three in ten features. Columns ``stimulus``, ``concept``, ``repeat`` (in
    this recording) and ``split``; tested concepts are never trained on.

    Parameters
    ----------
    effect : float
        S.d. of a middling voxel's linear answers, in s.d. of its own noise. Choose it by what the
        oracle finds: with many voxels a noise ceiling of 1 % already leaves nothing to be missed.
    coding : {"linear", "half_quadratic", "even"}
        What a voxel answers of a feature z: z; z and an even part of the same variance, which goes
        with |z|; or that part alone, which no linear model can read.
    n_voxels : int, or mapping of str to int
        Of everybody, or of each subject.
    shape : tuple of int
        Of the image.
    voxel_size : float
        Millimetres.
    n_concepts, n_pictures, n_repeats : int
        Concepts that are trained on, pictures of each, and how often a recording shows each.
    n_tested, n_tested_repeats : int
        Pictures that are tested, each the only one of its concept.
    n_exemplars : int
        Other pictures of each tested concept, which nobody is shown; they stand among the stimuli.
    n_latents, n_tokens, n_features : int
        Features of a picture; tokens that stand for it, and numbers of each.

    Notes
    -----
    The oracle knows each voxel's weights and noise. Where coding is linear it answers each trial by
    itself, with the prior weighed so that the mean of its answers over the repeats of a tested
    picture is the posterior mean given them all. With other codings no answers to single trials
    have such a mean: there it answers a trial with what all repeats of its picture in the recording
    say together, and the posterior is taken to be independent over features (Bishop 2006, Pattern
    Recognition and Machine Learning, eq. 10.9). Of even coding alone it cannot tell z from -z.
    """

    effect: float = 0.06
    coding: Coding = "linear"
    n_voxels: int | Mapping[str, int] = 800
    shape: tuple[int, ...] = (16, 16, 10)
    voxel_size: float = 2.0
    n_concepts: int = 1000
    n_pictures: int = 1
    n_repeats: int = 3
    n_tested: int = 200
    n_tested_repeats: int = 3
    n_exemplars: int = 4
    n_latents: int = 16
    n_tokens: int = 9
    n_features: int = 24

    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        check_counts(self, "n_concepts", "n_pictures", "n_repeats", "n_tested", "n_tested_repeats")
        check_counts(self, "n_latents", "n_tokens", "n_features")
        if self.n_exemplars < 0 or not self.voxel_size > 0:
            raise ConfigError(
                f"n_exemplars {self.n_exemplars} must be 0 or more, and voxel_size "
                f"{self.voxel_size} above zero."
            )
        if self.coding not in get_args(Coding):
            raise ConfigError(
                f"coding: {self.coding!r} is none of linear, half_quadratic, even. Choose one."
            )
        check_n_voxels(self.n_voxels, self.subjects)

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give what was shown, and its tokens; the oracle's are NaN."""
        shown = self._showings(subject, session, run)
        at = {table_column("tokens"): shown.pop("picture"),
              table_column(_ANSWER): np.arange(len(shown))}  # fmt: skip
        tokens = self._tokens(self._concepts().latents())
        unknown = np.full((len(shown), *tokens.shape[1:]), np.nan, dtype=np.float32)
        return Signal(
            data=None,
            space=self._space(subject),
            axes=("voxel",),
            sfreq=None,
            events=shown.assign(onset=np.nan, duration=0.0, label="picture", **at),
            n_times=len(shown),
            tables={"tokens": tokens, _ANSWER: unknown},
        )

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make the betas of one recording, with the oracle's tokens."""
        header = self.header(subject, session, run)
        voxels = self._voxels(subject, len(header.space))
        shown = header.events[table_column("tokens")].to_numpy()
        answered = self._coded(self._concepts().latents()[shown])
        betas = voxels.answers(answered, self.rng("noise", subject, session, run))
        told = self._tokens(self._told(voxels, betas, shown))
        return replace(header, data=betas, tables={**header.tables, _ANSWER: told})

    def stimuli(self) -> Stimuli:
        """Give the pictures, blends of colours that show the latent features."""
        return self._concepts().stimuli()

    def _concepts(self) -> Concepts:
        return Concepts(
            self.n_concepts, self.n_pictures, self.n_tested, self.n_exemplars, self.n_latents,
            self.rng,
        )  # fmt: skip

    def _showings(self, subject: str, session: str, run: str) -> pd.DataFrame:
        """Give what one recording shows, in order."""
        rng = self.rng("schedule", subject, session, run)
        return self._concepts().showings(self.n_repeats, self.n_tested_repeats, rng)

    def _space(self, subject: str) -> Space:
        n = n_voxels_of(self.n_voxels, subject)
        where = f"fmri.picture_tokens: subject {subject}"
        return voxel_space(self.rng("space", subject), n, self.shape, self.voxel_size, where)

    def _voxels(self, subject: str, n_voxels: int) -> Mixing:
        rng = self.rng("voxels", subject)
        seen = sparse(rng, n_voxels, self.n_latents)
        return mixing(rng, seen * rng.standard_normal(seen.shape), self.effect)

    def _tokens(self, z: np.ndarray) -> np.ndarray:
        """Latent features to tokens; float32, shape (n, n_tokens, n_features)."""
        shape = (self.n_latents, self.n_tokens * self.n_features)
        mixed = z @ self.rng("tokens").standard_normal(shape) / np.sqrt(self.n_latents)
        return mixed.reshape(-1, self.n_tokens, self.n_features).astype(np.float32)

    def _coded(self, z: np.ndarray) -> np.ndarray:
        """Give what voxels answer of features: each part has mean 0 and s.d. 1."""
        if self.coding == "linear":
            return z
        even = (np.abs(z) - np.sqrt(2 / np.pi)) / np.sqrt(1 - 2 / np.pi)
        return even if self.coding == "even" else z + even

    def _told(self, voxels: Mixing, betas: np.ndarray, shown: np.ndarray) -> np.ndarray:
        """Give the oracle's features of each trial, shape (n_trials, n_latents)."""
        if self.coding == "linear":
            spread = self.n_tested_repeats * np.eye(self.n_latents)
            every = Kinds(("",), np.zeros((1, self.n_latents)), spread[None])
            return posterior(voxels, every, betas)[1]
        h, precision = voxels.evidence(np.asarray(betas, dtype=np.float64))
        pooled = np.zeros((shown.max() + 1, self.n_latents))
        np.add.at(pooled, shown, h)
        return self._mean_field(pooled, precision, np.bincount(shown))[shown]

    def _mean_field(self, h: np.ndarray, precision: np.ndarray, count: np.ndarray) -> np.ndarray:
        """Posterior means of features, taken to be independent, given several trials each.

        Parameters
        ----------
        h : ndarray, shape (n_pictures, n_latents)
            As `Mixing.evidence`, summed over trials.
        precision : ndarray, shape (n_latents, n_latents)
            Of one trial.
        count : ndarray, shape (n_pictures,)
            Trials of each.
        """
        coded = self._coded(_GRID)
        z, answered = np.zeros_like(h), np.zeros_like(h)
        for _ in range(_SWEEPS):
            for k in range(self.n_latents):
                own = precision[k, k]
                others = count * (answered @ precision[k] - answered[:, k] * own)
                log_density = np.outer(h[:, k] - others, coded) - _GRID**2 / 2
                log_density -= count[:, None] * own * coded**2 / 2
                weight = np.exp(log_density - log_density.max(axis=1, keepdims=True))
                weight /= weight.sum(axis=1, keepdims=True)
                z[:, k], answered[:, k] = weight @ _GRID, weight @ coded
        return z
