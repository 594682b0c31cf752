"""What pictures of a kind are like: their components, and for an oracle those of each name."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neurodecode.simulate import source_of_chance
from neurodecode.simulate._mixing import Kinds
from neurodecode.simulate.fmri._views import Views, enlarged, thumbnails
from neurodecode.simulate.pictures import BACKGROUNDS, COLOURS, SHAPES, Kind, gallery

_OF_A_NAME = 100  # pictures of each name from which the oracle knows what they are like
TOKENS = (8, 32)
_N_TOKEN_COMPONENTS = 16


@dataclass(frozen=True, eq=False)
class PictureWorld:
    """Pictures of a kind, and what stands for them, as features that voxels answer.

    Parameters
    ----------
    views : Views
        ``picture``; of shapes ``tokens`` beside.
    kinds : Kinds
        Features of each name.
    meanings : ndarray, shape (n_words, n_tokens * n_dims), or None
        What each shape, colour and ground adds to the tokens.
    """

    views: Views
    kinds: Kinds
    meanings: np.ndarray | None

    def vectors(self, pictures: np.ndarray, table: pd.DataFrame) -> dict[str, np.ndarray]:
        """Give what stands for pictures, by view, shape (n_pictures, n)."""
        return _vectors(pictures, table, self.meanings)

    def directions(
        self, n_voxels: int, picture: tuple[int, ...], rng: np.random.Generator
    ) -> np.ndarray:
        """Draw what voxels see: half of them through receptive fields, half a mixture of all.

        Parameters
        ----------
        n_voxels : int
        picture : tuple of int
            Shape of a picture.
        rng : Generator

        Returns
        -------
        directions : ndarray, shape (n_voxels, n_features)
        """
        n_fields = n_voxels // 2
        small = thumbnails(np.zeros((1, *picture), dtype=np.uint8)).shape[1:]
        fields = self.views.through_fields("picture", small, n_fields, rng)
        return np.vstack([fields, self.views.mixed(n_voxels - n_fields, rng)])

    def shown(self, name: str, features: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Give the pictures or tokens that have these features, each of the given shape."""
        vectors = self.views.vectors(name, features)
        if name == "picture":
            small = thumbnails(np.zeros((1, *shape), dtype=np.uint8)).shape[1:]
            return enlarged(vectors.reshape(-1, *small), shape[0])
        return vectors.reshape(-1, *shape)


@functools.lru_cache(maxsize=4)  # all recordings of a study have one
def picture_world(
    kind: Kind, names: Sequence[str], size: int, n_components: int, seed: int
) -> PictureWorld:
    """Measure what pictures of a kind are like.

    Parameters
    ----------
    kind : {"figures", "digits", "shapes"}
        Of figures there is one picture a name; of others a sample is drawn that no study shows.
    names : tuple of str
    size, n_components, seed : int

    Raises
    ------
    ConfigError
        If there are not as many components.
    """
    source = functools.partial(source_of_chance, seed)
    of_a_name = 1 if kind == "figures" else _OF_A_NAME
    drawn = [name for name in names for _ in range(of_a_name)]
    sample = gallery(kind, drawn, size, lambda *what: source("population", *what))
    meanings = None
    if kind == "shapes":
        n_words = len(SHAPES) + len(COLOURS) + len(BACKGROUNDS)
        meanings = source("tokens").standard_normal((n_words, int(np.prod(TOKENS))))
    pieces = [_vectors(made, sample.table.iloc[place], meanings) for place, made in sample.pieces()]
    vectors = {name: np.concatenate([one[name] for one in pieces]) for name in pieces[0]}
    asked = {"picture": n_components, "tokens": _N_TOKEN_COMPONENTS}
    views = Views.measured(vectors, asked)
    return PictureWorld(views, Kinds.measured(views.features(vectors), drawn), meanings)


def token_vectors(table: pd.DataFrame, meanings: np.ndarray) -> np.ndarray:
    """Give the tokens of shapes: the tanh of what shape, colour and ground add up to.

    Parameters
    ----------
    table : DataFrame
        ``name``, ``colour`` and ``background`` of each picture.
    meanings : ndarray, shape (n_words, n_tokens * n_dims)

    Returns
    -------
    tokens : ndarray, shape (n_pictures, n_tokens * n_dims)
    """
    words = {w: i for i, w in enumerate([*SHAPES, *COLOURS, *BACKGROUNDS])}
    total = sum(
        meanings[[words[one] for one in table[column]]]
        for column in ("name", "colour", "background")
    )
    return np.tanh(total / np.sqrt(3))


def _vectors(
    pictures: np.ndarray, table: pd.DataFrame, meanings: np.ndarray | None
) -> dict[str, np.ndarray]:
    vectors = {"picture": thumbnails(pictures).reshape(len(pictures), -1)}
    return vectors if meanings is None else vectors | {"tokens": token_vectors(table, meanings)}
