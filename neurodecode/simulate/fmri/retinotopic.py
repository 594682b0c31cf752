"""Maps of features of pictures, early voxels that see a place, and others that see a category."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.special import softmax

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal, table_column
from neurodecode.core.space import Space
from neurodecode.core.stimuli import Stimuli
from neurodecode.simulate import ORACLE, Simulation, check_counts
from neurodecode.simulate.fmri._voxels import voxel_space

EARLY = "early"  # type of voxels with a receptive field
_SMOOTH = 1.0  # tokens: s.d. of the kernel that neighbours share
_CODE = 4.0  # length of a category's code, in s.d. of a background channel
_GAIN = 2.0  # of the softmax by which a category's voxels attend to tokens
_EDGE = 0.8  # receptive fields are centred within this share of the picture
_WIDTHS = (0.2, 0.5)  # s.d. of receptive fields; the picture goes from -1 to 1


@dataclass(frozen=True, kw_only=True)
class Retinotopic(Simulation):
    """Betas of voxels that weigh places, or attend to what a category looks like.

    A picture is a grid of tokens, each of `n_channels` numbers: the table ``tokens``. Its
    background is smooth noise of s.d. 1; one or two tokens hold an object, each of another
    category: numbers of its own, and four times the code of the category, a direction of length 1.
    Codes of categories are orthogonal. An early voxel weighs tokens with a Gaussian receptive field
    of its own, then channels. A voxel of a category weighs channels of one vector, the mean of the
    tokens by a softmax of twice their product with the code: it sees the object, wherever it is.
    `effect` is the s.d. of each voxel's response over pictures, in s.d. of its noise. The oracle
    is the response without noise (track ``oracle:fmri``).

    Parameters
    ----------
    n_pictures : int
        The same ones for everybody; each run shows all, in an order of its own.
    n_test : int
        The last of them, whose rows have the split ``test``; the others' is ``train``.
    grid : int
        Tokens along a side of a picture.
    n_channels : int
        Numbers of a token, as many as there are categories at least.
    categories : tuple of str
        Types of voxels beside ``early``.
    n_each : int
        Voxels of each type.
    shape : tuple of int
        Of the image.
    voxel_size : float
        Millimetres.
    """

    n_pictures: int = 2600
    n_test: int = 600
    grid: int = 6
    n_channels: int = 16
    categories: tuple[str, ...] = ("faces", "bodies", "places", "words")
    n_each: int = 60
    shape: tuple[int, ...] = (12, 12, 8)
    voxel_size: float = 2.0

    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        check_counts(self, "n_test", "grid", "n_each")
        if not self.n_test < self.n_pictures:
            raise ConfigError(
                f"n_test: {self.n_test} of {self.n_pictures} pictures. Leave some for training."
            )
        if not 2 <= len(set(self.categories) - {EARLY}) == len(self.categories):
            raise ConfigError(
                f"categories: {self.categories}. Give two or more that differ, none of them early."
            )
        if self.n_channels < len(self.categories) or self.grid**2 < 2:
            raise ConfigError(
                f"n_channels {self.n_channels}, grid {self.grid}: codes of {len(self.categories)} "
                "categories need as many channels, and two objects need two tokens."
            )

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give what was shown; the oracle's responses are NaN."""
        shown, space = self._order(subject, session, run), self._space(subject)
        return self._signal(shown, space, np.full((len(shown), len(space)), np.nan), None)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make the recording."""
        shown, space = self._order(subject, session, run), self._space(subject)
        expected = self.responses(subject)[shown]
        noise = self.rng("noise", subject, session, run).standard_normal(expected.shape)
        return self._signal(shown, space, expected, expected + noise)

    def stimuli(self) -> Stimuli:
        """Give the pictures: three channels of each token as its colour; mid-grey is 0."""
        index = pd.Index(self._names, name="stimulus")
        colours = np.clip(np.rint(127.5 * (1 + self.tokens[..., :3] / 3)), 0, 255)
        pictures = colours.astype(np.uint8).reshape(-1, self.grid, self.grid, 3)
        table = pd.DataFrame({"split": self._split, "licence": "made by neurodecode"}, index=index)
        return Stimuli(table, lambda one: pictures[index.get_loc(one)])

    @property
    def tokens(self) -> np.ndarray:
        """Tokens of all pictures, row by row, shape (n_pictures, grid², n_channels)."""
        return self._pictures[0]

    @property
    def planted(self) -> np.ndarray:
        """Token that holds each category's object, (n_pictures, n_categories); -1 for none."""
        return self._pictures[1]

    def responses(self, subject: str) -> np.ndarray:
        """Give what each voxel responds to each picture, without noise.

        Returns
        -------
        responses : ndarray, shape (n_pictures, n_voxels)
            In s.d. of the noise; of mean zero over all pictures.
        """
        rng = self.rng("voxels", subject)
        centre = rng.uniform(-_EDGE, _EDGE, (self.n_each, 1, 2))
        width = rng.uniform(*_WIDTHS, (self.n_each, 1))
        field = softmax(-0.5 * ((self.places - centre) ** 2).sum(axis=2) / width**2, axis=1)
        weights = rng.standard_normal((1 + len(self.categories), self.n_each, self.n_channels))
        said = [np.einsum("vt,ntd,vd->nv", field, self.tokens, weights[0], optimize=True)]
        for code, own in zip(self.codes, weights[1:], strict=True):
            attention = softmax(_GAIN * self.tokens @ code, axis=1)
            said.append(np.einsum("nt,ntd->nd", attention, self.tokens) @ own.T)
        responses = np.concatenate(said, axis=1)
        responses -= responses.mean(axis=0)
        return self.effect * responses / responses.std(axis=0)

    @cached_property
    def places(self) -> np.ndarray:
        """Middle of each token, (grid², 2): row, then column, the picture from -1 to 1."""
        return 2 * (np.indices((self.grid, self.grid)).reshape(2, -1).T + 0.5) / self.grid - 1

    @cached_property
    def codes(self) -> np.ndarray:
        """Direction of each category among the channels, shape (n_categories, n_channels)."""
        drawn = self.rng("codes").standard_normal((self.n_channels, len(self.categories)))
        return np.linalg.qr(drawn)[0].T

    @cached_property
    def _pictures(self) -> tuple[np.ndarray, np.ndarray]:
        rng, n, n_tokens = self.rng("pictures"), self.n_pictures, self.grid**2
        far = ((self.places[:, None] - self.places[None]) ** 2).sum(axis=2) * (self.grid / 2) ** 2
        values, vectors = np.linalg.eigh(np.exp(-0.25 * far / _SMOOTH**2))
        root = vectors * np.sqrt(np.maximum(values, 0))
        tokens = root @ rng.standard_normal((n, n_tokens, self.n_channels))
        planted = np.full((n, len(self.categories)), -1)
        for i in range(n):
            n_objects = rng.integers(1, 3)
            there = rng.permutation(len(self.categories))[:n_objects]
            at = rng.permutation(n_tokens)[:n_objects]
            own = rng.standard_normal((n_objects, self.n_channels))
            tokens[i, at] = own + _CODE * self.codes[there]
            planted[i, there] = at
        return tokens, planted

    @property
    def _names(self) -> np.ndarray:
        names = [f"picture {i + 1:04d}" for i in range(self.n_pictures)]
        return np.array(names, dtype=object)

    @property
    def _split(self) -> np.ndarray:
        parts = [self.n_pictures - self.n_test, self.n_test]
        return np.repeat(np.array(["train", "test"], dtype=object), parts)

    def _order(self, subject: str, session: str, run: str) -> np.ndarray:
        return self.rng("order", subject, session, run).permutation(self.n_pictures)

    def _space(self, subject: str) -> Space:
        types = np.repeat([EARLY, *self.categories], self.n_each)
        where = f"fmri.retinotopic: subject {subject}"
        rng = self.rng("space", subject)
        space = voxel_space(rng, len(types), self.shape, self.voxel_size, where)
        return replace(space, types=tuple(map(str, types)))

    def _signal(self, shown, space, expected, data) -> Signal:
        names = [
            " and ".join(one for one, at in zip(self.categories, where, strict=True) if at >= 0)
            for where in self.planted[shown]
        ]
        columns: Mapping[str, np.ndarray | list[str]] = {
            "onset": np.full(len(shown), np.nan),
            "duration": np.zeros(len(shown)),
            "label": names,
            "stimulus": self._names[shown],
            "split": self._split[shown],
            table_column("tokens"): shown,
        }
        return Signal(
            data,
            space,
            ("voxel",),
            None,
            pd.DataFrame(columns),
            n_times=len(shown),
            tracks={f"{ORACLE}fmri": expected},
            tables={"tokens": self.tokens.astype(np.float32)},
        )
