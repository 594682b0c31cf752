"""Pictures, and voxels that each see a part of them: to be told back, or to be predicted."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.core.stimuli import Stimuli
from neurodecode.simulate import ORACLE, Simulation
from neurodecode.simulate.fmri._noise import spatial_factor
from neurodecode.simulate.fmri._voxels import check_n_voxels, n_voxels_of, positions, voxel_space

_SMOOTH = 0.15  # of a picture's side: s.d. of the kernel that its pixels share
_WIDTHS = (0.05, 0.15)  # of a picture's side: s.d. of receptive fields
_EVOKED = 1.0


@dataclass(frozen=True, kw_only=True)
class ReceptiveFields(Simulation):
    """Betas of voxels with Gaussian receptive fields, for pictures that are smooth noise.

    Every run shows all pictures, in an order of its own. A beta is the part of the picture that
    the voxel sees, and noise that neighbours share. `effect` is the s.d. over pictures of that
    part, in s.d. of the noise. Pictures and noise being normal, the oracle is exact: the mean of
    the picture given a trial's betas (track ``oracle:picture``), and the beta without noise
    (``oracle:fmri``).

    Parameters
    ----------
    n_pictures : int
        The same ones for everybody.
    size : int
        Pixels along a side of the track ``picture``.
    n_test : int
        The last of them, whose rows have the split ``test``; the others' is ``train``.
    repeats : int
        Showings of each picture in a run.
    n_voxels : int, or mapping of str to int
        Of everybody, or of each subject.
    shape : tuple of int
        Of the image.
    voxel_size : float
        Millimetres.
    """

    n_pictures: int = 60
    n_test: int = 12
    size: int = 10
    repeats: int = 1
    n_voxels: int | Mapping[str, int] = 200
    shape: tuple[int, ...] = (16, 16, 10)
    voxel_size: float = 3.0

    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        for name in ("n_pictures", "size", "repeats", "voxel_size"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name}: {getattr(self, name)} must be above zero.")
        if not 0 <= self.n_test < self.n_pictures:
            raise ConfigError(
                f"n_test: {self.n_test} of {self.n_pictures} pictures. Leave some for training."
            )
        check_n_voxels(self.n_voxels, self.subjects)

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give what was shown; the oracle's answers are NaN."""
        order, space = self._order(subject, session, run), self._space(subject)
        pictures = np.full((len(order), self.size, self.size), np.nan)
        return self._signal(order, space, np.full((len(order), len(space)), np.nan), pictures, None)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make the recording."""
        order, space = self._order(subject, session, run), self._space(subject)
        factor = spatial_factor(len(space), positions(space))
        fields = self.fields(subject)
        rng = self.rng("evoked", subject)
        evoked = _EVOKED * factor @ rng.standard_normal(len(space))
        expected = evoked + self.pictures[order].reshape(len(order), -1) @ fields.T
        drawn = self.rng("noise", subject, session, run).standard_normal(expected.shape)
        betas = expected + drawn @ factor.T
        covered = fields @ self._covariance  # (n_voxels, n_pixels)
        seen = cho_factor(covered @ fields.T + factor @ factor.T)
        told = cho_solve(seen, (betas - evoked).T).T @ covered
        return self._signal(order, space, expected, told.reshape(-1, self.size, self.size), betas)

    def stimuli(self) -> Stimuli:
        """Give the pictures in grey of eight bits: the middle is 0, black and white 3 s.d. off."""
        index = pd.Index(self._names, name="stimulus")
        grey = np.clip(np.rint(127.5 * (1 + self.pictures / 3)), 0, 255).astype(np.uint8)
        table = pd.DataFrame({"split": self._split, "licence": "made by neurodecode"}, index=index)
        return Stimuli(table, lambda one: grey[index.get_loc(one)])

    @cached_property
    def pictures(self) -> np.ndarray:
        """All pictures, shape (n_pictures, size, size), each pixel of variance 1."""
        values, vectors = np.linalg.eigh(self._covariance)
        root = vectors * np.sqrt(np.maximum(values, 0))
        drawn = self.rng("pictures").standard_normal((self.n_pictures, self.size**2))
        return (drawn @ root.T).reshape(-1, self.size, self.size)

    def fields(self, subject: str) -> np.ndarray:
        """Give what each voxel weighs pixels with, in s.d. of the noise, (n_voxels, n_pixels)."""
        rng, n = self.rng("fields", subject), len(self._space(subject))
        centre, width = rng.random((n, 1, 2)), rng.uniform(*_WIDTHS, size=(n, 1))
        far = ((self._pixels[None] - centre) ** 2).sum(axis=2)
        field = np.exp(-0.5 * far / width**2)  # (n_voxels, n_pixels)
        size = np.sqrt(np.einsum("vp,pq,vq->v", field, self._covariance, field, optimize=True))
        return self.effect * field / size[:, None]

    @cached_property
    def _pixels(self) -> np.ndarray:
        """Places of the pixels, (n_pixels, 2), in sides of the picture."""
        return (np.indices((self.size, self.size)).reshape(2, -1).T + 0.5) / self.size

    @cached_property
    def _covariance(self) -> np.ndarray:
        far = ((self._pixels[:, None] - self._pixels[None]) ** 2).sum(axis=2)
        return np.exp(-0.25 * far / _SMOOTH**2)  # of white noise under a kernel of that s.d.

    @property
    def _names(self) -> np.ndarray:
        names = [f"picture {i + 1:03d}" for i in range(self.n_pictures)]
        return np.array(names, dtype=object)

    @property
    def _split(self) -> np.ndarray:
        parts = [self.n_pictures - self.n_test, self.n_test]
        return np.repeat(np.array(["train", "test"], dtype=object), parts)

    def _order(self, subject: str, session: str, run: str) -> np.ndarray:
        every = np.tile(np.arange(self.n_pictures), self.repeats)
        return self.rng("order", subject, session, run).permutation(every)

    def _space(self, subject: str) -> Space:
        n = n_voxels_of(self.n_voxels, subject)
        where = f"fmri.receptive_fields: subject {subject}"
        return voxel_space(self.rng("space", subject), n, self.shape, self.voxel_size, where)

    def _signal(self, order, space, expected, told, data) -> Signal:
        names = self._names[order]
        events = pd.DataFrame(
            {
                "onset": np.full(len(order), np.nan),
                "duration": np.zeros(len(order)),
                "label": names,
                "stimulus": names,
                "split": self._split[order],
            }
        )
        tracks = {
            "picture": self.pictures[order],
            f"{ORACLE}picture": told,
            f"{ORACLE}fmri": expected,
        }
        return Signal(data, space, ("voxel",), None, events, n_times=len(order), tracks=tracks)
