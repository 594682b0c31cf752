"""Geometric figures and letters on a checkerboard of ten by ten patches."""

from collections.abc import Sequence

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.simulate.pictures._known import check_known

_SIDE = 10
_Box = tuple[int, int, int, int]  # top, left, height, width
_LETTERS = {
    "n": ("top", "left", "right"),
    "e": ("top", "middle", "bottom", "left"),
    "u": ("bottom", "left", "right"),
    "r": ("top", "left"),
    "o": ("top", "bottom", "left", "right"),
}


def _strokes(side: int, width: int, letter: str) -> list[_Box]:
    """Strokes of a letter within a square in the middle."""
    edge, far = (_SIDE - side) // 2, (_SIDE + side) // 2 - width
    strokes = {
        "top": (edge, edge, width, side),
        "middle": (edge + (side - width) // 2, edge, width, side),
        "bottom": (far, edge, width, side),
        "left": (edge, edge, side, width),
        "right": (edge, far, side, width),
    }
    return [strokes[name] for name in _LETTERS[letter]]


def _diagonals() -> list[_Box]:
    steps = range(1, _SIDE - 1, 2)
    return [box for i in steps for box in ((i, i, 2, 2), (i, _SIDE - 2 - i, 2, 2))]


_BOXES: dict[str, list[_Box]] = {
    "square": [(3, 3, 4, 4)],
    "small_frame": _strokes(4, 1, "o"),
    "plus": [(1, 4, 8, 2), (4, 1, 2, 8)],
    "cross": _diagonals(),
    "large_frame": _strokes(8, 2, "o"),
    **{f"small_{letter}": _strokes(6, 1, letter) for letter in _LETTERS},
    **{f"large_{letter}": _strokes(10, 2, letter) for letter in _LETTERS},
}
FIGURES = {
    name: f"{name.partition('_')[0]}_letter" if name[-2] == "_" else "geometric" for name in _BOXES
}


def figures(which: Sequence[str], size: int = _SIDE) -> np.ndarray:
    """Draw figures of ten by ten patches, each patch of equal size.

    Parameters
    ----------
    which : sequence of str
        Of each picture, one of `FIGURES`: ``square``, ``plus``, ``small_n``, ``large_n`` …
    size : int
        Pixels of a side, a multiple of 10.

    Returns
    -------
    pictures : ndarray of uint8, shape (n_pictures, size, size)
        White on black.

    Raises
    ------
    ConfigError
        If a figure is not known, or the size is no multiple of 10.
    """
    check_known("figures", "figure", which, _BOXES)
    if size < _SIDE or size % _SIDE:
        raise ConfigError(f"figures: a size of {size} is no multiple of {_SIDE}. Give one.")
    pictures = np.zeros((len(which), _SIDE, _SIDE), dtype=np.uint8)
    for picture, name in zip(pictures, which, strict=True):
        for top, left, height, width in _BOXES[name]:
            picture[top : top + height, left : left + width] = 255
    return pictures.repeat(size // _SIDE, axis=1).repeat(size // _SIDE, axis=2)
