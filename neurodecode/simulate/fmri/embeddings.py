"""Pictures as vectors, and people whose voxels weigh them in ways that have much in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal, table_column
from neurodecode.core.space import Space
from neurodecode.simulate import ORACLE, Simulation, check_counts
from neurodecode.simulate.fmri._voxels import check_n_voxels, n_voxels_of


@dataclass(frozen=True, kw_only=True)
class Embeddings(Simulation):
    """Betas of parcels that weigh the embedding of a picture linearly, with weights alike.

    Embeddings (the table ``embedding``) are directions of length 1, drawn evenly. Weights of all
    parcels of all people are drawn from one normal distribution of `rank` dimensions among the
    `n_features` of an embedding: a new person's weights are guessed from few pictures by who knows
    them, and from many by who does not. People share the parcellation, and no weights: parcel 7 of
    one has nothing to do with parcel 7 of another. `effect` is the s.d. of a parcel's response, in
    s.d. of its noise, the root of the mean square over parcels. The oracle is the response without
    noise (track ``oracle:fmri``).

    Parameters
    ----------
    n_pictures : int
        That each recording shows once; no two recordings share one.
    n_features, rank : int
    n_parcels : int
    n_voxels : int or mapping of str to int, optional
        Instead of parcels that people share: voxels of each person's own, as many for all or for
        each subject.
    """

    effect: float = 0.7
    n_pictures: int = 240
    n_features: int = 24
    rank: int = 4
    n_parcels: int = 500
    n_voxels: int | Mapping[str, int] | None = None

    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        check_counts(self, "n_pictures", "n_features", "rank", "n_parcels")
        if self.n_voxels is not None:
            check_n_voxels(self.n_voxels, self.subjects)
        if self.rank > self.n_features:
            raise ConfigError(f"rank: {self.rank} of {self.n_features} features. Give fewer.")

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give what was shown; the oracle's responses are NaN."""
        unknown = np.full((self.n_pictures, self._width(subject)), np.nan)
        return self._signal(subject, session, run, unknown, None)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make the recording."""
        expected = self._shown(subject, session, run) @ self.weights(subject).T
        noise = self.rng("noise", subject, session, run).standard_normal(expected.shape)
        return self._signal(subject, session, run, expected, expected + noise)

    def weights(self, subject: str) -> np.ndarray:
        """Give the weights of a person's parcels, shape (n_parcels, n_features)."""
        n = self._width(subject)
        drawn = self.rng("weights", subject).standard_normal((n, self.rank))
        return drawn @ self.loadings

    def _width(self, subject: str) -> int:
        return self.n_parcels if self.n_voxels is None else n_voxels_of(self.n_voxels, subject)

    @cached_property
    def loadings(self) -> np.ndarray:
        """What the weights of all people are mixed of, shape (rank, n_features).

        The covariance of weights is ``loadings.T @ loadings``.
        """
        drawn = self.rng("loadings").standard_normal((self.rank, self.n_features))
        # An even direction has the covariance I / n_features.
        return self.effect * drawn * np.sqrt(self.n_features / (drawn**2).sum())

    def _shown(self, subject: str, session: str, run: str) -> np.ndarray:
        rng = self.rng("pictures", subject, session, run)
        drawn = rng.standard_normal((self.n_pictures, self.n_features))
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)

    def _signal(self, subject, session, run, expected, data) -> Signal:
        stimuli = [f"{subject}-{session}-{run}-{i + 1:03d}" for i in range(self.n_pictures)]
        events = pd.DataFrame(
            {
                "onset": np.full(self.n_pictures, np.nan),
                "duration": np.zeros(self.n_pictures),
                "label": "picture",
                "stimulus": stimuli,
                table_column("embedding"): np.arange(self.n_pictures),
            }
        )
        own = self.n_voxels is not None
        what = f"{subject} voxel" if own else "parcel"
        names = tuple(f"{what} {i + 1}" for i in range(self._width(subject)))
        embedding = self._shown(subject, session, run).astype(np.float32)
        return Signal(
            data,
            Space("voxels" if own else "parcels", names),
            ("voxel" if own else "parcel",),
            None,
            events,
            n_times=self.n_pictures,
            tracks={f"{ORACLE}fmri": expected},
            tables={"embedding": embedding},
        )
