"""A gallery: the pictures of a study with their table, made some at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from neurodecode.core.stimuli import Stimuli
from neurodecode.simulate.pictures._digits import DIGITS, digits
from neurodecode.simulate.pictures._figures import FIGURES, figures
from neurodecode.simulate.pictures._shapes import SHAPES, drawn_shapes, shapes
from neurodecode.simulate.pictures._textures import DIRECTIONS, FAMILIES, textures

Kind = Literal["figures", "digits", "shapes", "textures"]
LABELS = {
    "figures": tuple(FIGURES),
    "digits": tuple(DIGITS),
    "shapes": tuple(SHAPES),
    "textures": tuple(f"{family} {along}" for family in FAMILIES for along in DIRECTIONS),
}
_PIECE = 64  # pictures that share a source of chance, and that are made at a time
Source = Callable[..., np.random.Generator]


@dataclass(frozen=True, eq=False)
class Gallery:
    """Pictures by number, of which none is kept.

    Parameters
    ----------
    table : DataFrame
        A row a picture: ``name`` of its kind (a shape, a digit, a figure), and what else is known.
    shape : tuple of int
        Of one picture.
    draw : callable
        From first and last + 1 of a piece to its pictures, uint8.
    """

    table: pd.DataFrame
    shape: tuple[int, ...]
    draw: Callable[[int, int], np.ndarray]

    def __len__(self) -> int:
        return len(self.table)

    def pieces(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Make all pictures, some at a time, with their places in the table."""
        for first in range(0, len(self), _PIECE):
            last = min(first + _PIECE, len(self))
            yield slice(first, last), self.draw(first, last)

    def picture(self, i: int) -> np.ndarray:
        """Make one picture: it is the same whether it is made alone or not."""
        first = i - i % _PIECE
        return self.draw(first, min(first + _PIECE, len(self)))[i - first]

    def stimuli(self, ids: Sequence[str]) -> Stimuli:
        """Give them as what was shown under these ids; each is made when it is asked for."""
        position = {one: i for i, one in enumerate(ids)}
        table = self.table
        if "category" not in table:
            table = table.assign(category=table["name"])
        table = table.drop(columns="name")
        table.index = pd.Index(ids, name="stimulus")
        return Stimuli(
            table.assign(licence="made by neurodecode"), lambda one: self.picture(position[one])
        )


def gallery(kind: Kind, names: Sequence[str], size: int, source: Source) -> Gallery:
    """Give pictures of these names, one a name.

    Parameters
    ----------
    kind : {"figures", "digits", "shapes", "textures"}
    names : sequence of str
        Of each picture, one of `LABELS` of that kind.
    size : int
        Pixels of a side.
    source : callable
        Gives the source of chance of what is named, as `Simulation.rng` does.
    """
    table = pd.DataFrame({"name": np.array(names, dtype=object)})
    colours: tuple[int, ...] = ()
    if kind == "shapes":
        chosen = drawn_shapes(len(names), source("shown")).assign(shape=table["name"])
        table = table.join(chosen.drop(columns="shape"))
        colours = (3,)

        def draw(first: int, last: int) -> np.ndarray:
            return shapes(chosen.iloc[first:last], size)
    elif kind == "figures":
        table["category"] = [FIGURES[name] for name in names]

        def draw(first: int, last: int) -> np.ndarray:
            return figures(names[first:last], size)
    elif kind == "textures":
        table[["family", "direction"]] = [name.split(" ") for name in names]

        def draw(first: int, last: int) -> np.ndarray:
            of = table.iloc[first:last]
            rng = source("pictures", str(first // _PIECE))
            return textures([*of["family"]], [*of["direction"]], size, rng)
    else:

        def draw(first: int, last: int) -> np.ndarray:
            return digits(names[first:last], size, source("pictures", str(first // _PIECE)))

    return Gallery(table, (size, size, *colours), draw)
