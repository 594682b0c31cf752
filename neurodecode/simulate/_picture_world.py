"""What pictures of a kind are like: their components, and for an oracle those of each name."""

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neurodecode.simulate import source_of_chance
from neurodecode.simulate._mixing import Kinds
from neurodecode.simulate._views import Views, enlarged, thumbnails
from neurodecode.simulate.pictures import (
    BACKGROUNDS,
    COLOURS,
    SHAPES,
    Gallery,
    Kind,
    drawn_shapes,
    gallery,
    shapes,
)

_OF_A_NAME = 100  # pictures of each name from which components are measured
_OF_A_MEANING = (
    24  # and of each shape, colour and ground, of which the oracle knows what it is like
)
TOKENS = (8, 32)
_N_TOKEN_COMPONENTS = 16


@dataclass(frozen=True, eq=False)
class PictureWorld:
    """Pictures of a kind, and what stands for them, as features that brains answer.

    Parameters
    ----------
    views : Views
        ``picture``; of shapes ``semantic`` beside.
    meanings : ndarray, shape (n_words, n_tokens * n_dims), or None
        What each shape, colour and ground adds to the tokens.
    """

    views: Views
    meanings: np.ndarray | None

    def vectors(self, pictures: np.ndarray, table: pd.DataFrame) -> dict[str, np.ndarray]:
        """Give what stands for pictures, by view, shape (n_pictures, n)."""
        return _vectors(pictures, table, self.meanings)

    def directions(
        self,
        n_voxels: int,
        n_fields: int,
        whitened: bool,
        picture: tuple[int, ...],
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Draw what voxels see: some through receptive fields, the others a mixture of all.

        Parameters
        ----------
        n_voxels, n_fields : int
            All, and how many of them have a receptive field.
        whitened : bool
            Whether the others see all components alike, or each as much as it varies.
        picture : tuple of int
            Shape of a picture.
        rng : Generator

        Returns
        -------
        directions : ndarray, shape (n_voxels, n_features)
        """
        small = thumbnails(np.zeros((1, *picture), dtype=np.uint8)).shape[1:]
        fields = self.views.through_fields("picture", small, n_fields, rng)
        return np.vstack([fields, self.views.mixed(n_voxels - n_fields, whitened, rng)])

    def shown(self, features: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Give the pictures that have these features, each of this shape and from 0 to 1."""
        small = thumbnails(np.zeros((1, *shape), dtype=np.uint8)).shape[1:]
        vectors = np.clip(self.views.vectors("picture", features), 0, 1)
        return enlarged(vectors.reshape(-1, *small), shape[0])


@functools.lru_cache(maxsize=4)  # all recordings of a study have one
def picture_world(
    kind: Kind, names: Sequence[str], size: int, n_components: int, seed: int
) -> PictureWorld:
    """Measure what pictures of a kind are like.

    Parameters
    ----------
    kind : {"figures", "digits", "shapes", "textures"}
        Of figures there is one picture a name; of others a sample is drawn that no study shows.
    names : tuple of str
    size, n_components, seed : int

    Raises
    ------
    ConfigError
        If there are not as many components.
    """
    meanings = None
    if kind == "shapes":
        n_words = len(SHAPES) + len(COLOURS) + len(BACKGROUNDS)
        rng = source_of_chance(seed, "tokens")
        meanings = rng.standard_normal((n_words, int(np.prod(TOKENS))))
    sample, _ = _population(kind, names, size, seed)
    pieces = [_vectors(made, sample.table.iloc[place], meanings) for place, made in sample.pieces()]
    vectors = {name: np.concatenate([one[name] for one in pieces]) for name in pieces[0]}
    asked = {"picture": n_components, "semantic": _N_TOKEN_COMPONENTS}
    return PictureWorld(Views.measured(vectors, asked), meanings)


@functools.lru_cache(maxsize=4)
def known_kinds(
    kind: Kind, names: Sequence[str], size: int, n_components: int, seed: int
) -> tuple[Kinds, pd.DataFrame]:
    """Give what an oracle knows of the pictures of a world.

    Parameters
    ----------
    kind, names, size, n_components, seed
        As in `picture_world`.

    Returns
    -------
    kinds : Kinds
        Features of each name; of shapes, of each shape in each colour on each ground.
    table : DataFrame
        Of each kind its ``name``, and of shapes ``colour`` and ``background``.
    """
    world = picture_world(kind, names, size, n_components, seed)
    if kind != "shapes":
        sample, drawn = _population(kind, names, size, seed)
        pieces = [
            world.views.features(world.vectors(made, sample.table.iloc[place]))
            for place, made in sample.pieces()
        ]
        kinds = Kinds.measured(np.concatenate(pieces), drawn)
        return kinds, pd.DataFrame({"name": kinds.names})
    rng, features, said = source_of_chance(seed, "meant"), [], []
    for name, colour in itertools.product(names, COLOURS):  # not more at once: pictures are large
        words = itertools.product([name], [colour], BACKGROUNDS, range(_OF_A_MEANING))
        asked = pd.DataFrame(words, columns=["name", "colour", "background", "number"])
        table = drawn_shapes(len(asked), rng).assign(
            shape=asked["name"], colour=asked["colour"], background=asked["background"]
        )
        features.append(world.views.features(world.vectors(shapes(table, size), asked)))
        said += [f"{name}/{colour}/{one}" for one in asked["background"]]
    kinds = Kinds.measured(np.concatenate(features), said)
    words = [one.split("/") for one in kinds.names]
    return kinds, pd.DataFrame(words, columns=["name", "colour", "background"])


def _population(
    kind: Kind, names: Sequence[str], size: int, seed: int
) -> tuple[Gallery, list[str]]:
    """Give a sample of pictures that no study shows, and the name of each."""
    drawn = [name for name in names for _ in range(1 if kind == "figures" else _OF_A_NAME)]
    source = functools.partial(source_of_chance, seed, "population")
    return gallery(kind, drawn, size, source), drawn


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
    return vectors if meanings is None else vectors | {"semantic": token_vectors(table, meanings)}
