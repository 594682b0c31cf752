"""Coloured shapes on coloured grounds."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from neurodecode.simulate.pictures._known import check_known

COLOURS = {
    "red": (214, 39, 40),
    "orange": (255, 140, 26),
    "yellow": (240, 220, 60),
    "green": (44, 160, 44),
    "cyan": (40, 190, 200),
    "blue": (31, 80, 200),
    "violet": (140, 60, 180),
    "white": (245, 245, 245),
}
BACKGROUNDS = {
    "black": (10, 10, 10),
    "grey": (110, 110, 110),
    "brown": (90, 55, 30),
    "olive": (85, 90, 30),
    "pine": (15, 70, 50),
    "navy": (15, 25, 85),
    "plum": (75, 20, 70),
    "sand": (190, 170, 130),
}
# In parts of the shape's radius, from its centre; y runs downward.
SHAPES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "disc": lambda x, y: x**2 + y**2 <= 1,
    "square": lambda x, y: np.maximum(abs(x), abs(y)) <= 0.85,
    "triangle": lambda x, y: (y <= 0.8) & (abs(x) <= (y + 1) / 1.8),
    "vertical_bar": lambda x, y: (abs(x) <= 0.3) & (abs(y) <= 1),
    "horizontal_bar": lambda x, y: (abs(x) <= 1) & (abs(y) <= 0.3),
    "ring": lambda x, y: (x**2 + y**2 <= 1) & (x**2 + y**2 >= 0.36),
}
_RADIUS = (0.16, 0.32)  # in parts of the picture's side


def drawn_shapes(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw what each of `n` pictures is to show.

    Parameters
    ----------
    n : int
    rng : Generator

    Returns
    -------
    table : DataFrame
        ``shape``, ``colour``, ``background``, and in parts of the picture's side ``x``, ``y`` of
        the centre and ``radius``; all independent, the shape whole within the picture.
    """
    radius = rng.uniform(*_RADIUS, n)
    return pd.DataFrame(
        {
            "shape": rng.choice(list(SHAPES), n),
            "colour": rng.choice(list(COLOURS), n),
            "background": rng.choice(list(BACKGROUNDS), n),
            "x": rng.uniform(radius, 1 - radius),
            "y": rng.uniform(radius, 1 - radius),
            "radius": radius,
        }
    )


def shapes(table: pd.DataFrame, size: int) -> np.ndarray:
    """Draw shapes, each of one colour on one ground.

    Parameters
    ----------
    table : DataFrame
        As `drawn_shapes` gives it.
    size : int
        Pixels of a side.

    Returns
    -------
    pictures : ndarray of uint8, shape (n_pictures, size, size, 3)

    Raises
    ------
    ConfigError
        If a shape or colour is not known.
    """
    for column, known in (("shape", SHAPES), ("colour", COLOURS), ("background", BACKGROUNDS)):
        check_known("shapes", column, table[column], known)
    pictures = np.empty((len(table), size, size, 3), dtype=np.uint8)
    at = ((np.arange(size) + 0.5) / size).astype(np.float32)
    columns = [table[c] for c in ("shape", "colour", "background", "x", "y", "radius")]
    for picture, *row in zip(pictures, *columns, strict=True):
        shape, colour, background, x, y, radius = row
        picture[:] = BACKGROUNDS[background]
        inside = SHAPES[shape]((at[None, :] - x) / radius, (at[:, None] - y) / radius)
        picture[inside] = COLOURS[colour]
    return pictures
