"""Sentences of passages, and voxels that follow what their words mean: for encoding models."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.core.stimuli import Stimuli
from neurodecode.simulate import ORACLE, Simulation, check_counts
from neurodecode.simulate._mixing import Mixing, mixing, sparse
from neurodecode.simulate._words import vocabulary
from neurodecode.simulate.fmri._noise import ar1
from neurodecode.simulate.fmri._voxels import check_n_voxels, n_voxels_of, voxel_space

_TOPICAL = 0.5  # probability that a word is one of its passage's topic


@dataclass(frozen=True, kw_only=True)
class Sentences(Simulation):
    """Betas of people who read sentences, of which some stand in one passage.

    Each word has latent features, and a sentence the mean of those of its words, scaled to s.d. 1.
    Half the words of a passage are of its topic, so its sentences are alike. Voxels answer three in
    ten features linearly. Sentences come in their order, and the noise of a voxel goes on from one
    to the next, so that who is trained on neighbours of a tested sentence is told of its noise.
    The oracle is the answer without noise: the track ``oracle:fmri``.

    Parameters
    ----------
    effect : float
        S.d. of a middling voxel's answers, in s.d. of its own noise.
    n_passages, n_sentences, n_words : int
        Of a session, of a passage, and of a sentence.
    n_vocabulary, n_topic : int
        Words that there are, and words of each topic.
    n_latents : int
    n_voxels : int, or mapping of str to int
        Of everybody, or of each subject.
    shape : tuple of int
        Of the image.
    voxel_size : float
        Millimetres.
    drift : float
        S.d. of what goes on from sentence to sentence, in s.d. of a voxel's own noise.
    phi : float
        Its correlation with the sentence before.
    """

    n_passages: int = 24
    n_sentences: int = 4
    n_words: int = 8
    n_vocabulary: int = 200
    n_topic: int = 12
    n_latents: int = 12
    n_voxels: int | Mapping[str, int] = 200
    shape: tuple[int, ...] = (16, 16, 10)
    voxel_size: float = 2.0
    drift: float = 0.5
    phi: float = 0.8

    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        check_counts(self, "n_passages", "n_sentences", "n_words", "n_vocabulary", "n_topic")
        check_counts(self, "n_latents")
        if self.n_topic > self.n_vocabulary or not self.voxel_size > 0:
            raise ConfigError(
                f"n_topic {self.n_topic} of {self.n_vocabulary} words, voxel_size "
                f"{self.voxel_size}: expected no more words than there are, and a size above 0."
            )
        if not (0 <= self.phi < 1 and self.drift >= 0):
            raise ConfigError(f"phi {self.phi}: expected [0, 1); drift {self.drift}: 0 or more.")
        check_n_voxels(self.n_voxels, self.subjects)

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give the sentences; the oracle's answers are NaN."""
        space = self._space(subject)
        n = self.n_passages * self.n_sentences
        return self._signal(session, space, np.full((n, len(space)), np.nan), None)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make the betas of one recording."""
        space = self._space(subject)
        voxels = self._voxels(subject, len(space))
        latents = self._latents(session)
        betas = voxels.answers(latents, self.rng("noise", subject, session, run))
        rng = self.rng("drift", subject, session, run)
        betas = betas + self.drift * ar1(rng, len(latents), len(space), self.phi)
        return self._signal(session, space, latents @ voxels.weights.T, betas)

    def stimuli(self) -> Stimuli:
        """Give the sentences of all sessions, as texts, with their passages (``concept``)."""
        every = pd.concat([self._table(session) for session in self.sessions])
        texts = dict(zip(every["stimulus"], every.pop("text"), strict=True))
        return Stimuli(every.set_index("stimulus"), texts.__getitem__)

    def _words(self, session: str) -> np.ndarray:
        """Give the words of each sentence by number, (n_sentences in all, n_words)."""
        rng = self.rng("text", session)
        n = self.n_passages * self.n_sentences
        topics = rng.permuted(np.tile(np.arange(self.n_vocabulary), (self.n_passages, 1)), axis=1)
        of_topic = np.repeat(topics[:, : self.n_topic], self.n_sentences, axis=0)
        chosen = rng.integers(self.n_topic, size=(n, self.n_words))
        topical = np.take_along_axis(of_topic, chosen, axis=1)
        other = rng.integers(self.n_vocabulary, size=(n, self.n_words))
        return np.where(rng.random((n, self.n_words)) < _TOPICAL, topical, other)

    def _latents(self, session: str) -> np.ndarray:
        known = self.rng("words").standard_normal((self.n_vocabulary, self.n_latents))
        return known[self._words(session)].mean(axis=1) * np.sqrt(self.n_words)

    def _table(self, session: str) -> pd.DataFrame:
        spelt = vocabulary(self.rng("spelling"), self.n_vocabulary)
        words = self._words(session)
        passage = np.arange(len(words)) // self.n_sentences + 1
        return pd.DataFrame(
            {
                "stimulus": [f"{session}/{i + 1:03d}" for i in range(len(words))],
                "concept": [f"{session} passage {one}" for one in passage],
                "text": [" ".join(spelt[row]) for row in words],
            }
        )

    def _space(self, subject: str) -> Space:
        n = n_voxels_of(self.n_voxels, subject)
        where = f"fmri.sentences: subject {subject}"
        return voxel_space(self.rng("space", subject), n, self.shape, self.voxel_size, where)

    def _voxels(self, subject: str, n_voxels: int) -> Mixing:
        rng = self.rng("voxels", subject)
        seen = sparse(rng, n_voxels, self.n_latents)
        return mixing(rng, seen * rng.standard_normal(seen.shape), self.effect)

    def _signal(self, session, space, expected, betas) -> Signal:
        shown = self._table(session)
        shown = shown.drop(columns="text").assign(label="sentence", onset=np.nan, duration=0.0)
        return Signal(
            data=betas,
            space=space,
            axes=("voxel",),
            sfreq=None,
            events=shown,
            n_times=len(shown),
            tracks={f"{ORACLE}fmri": expected},
        )
