"""Digits drawn as by hand: strokes that are bent, turned, moved and thick by chance."""

from collections.abc import Sequence

import numpy as np

from neurodecode.simulate.pictures._known import check_known

_Stroke = list[tuple[float, float]]


def _arc(
    x: float, y: float, width: float, height: float, first: float, last: float, n: int = 12
) -> _Stroke:
    """Points of an ellipse's arc from one angle to another, in degrees, 0 to the right, y down."""
    angles = np.deg2rad(np.linspace(first, last, n))
    return [(x + width * np.cos(a), y + height * np.sin(a)) for a in angles]


# Strokes of points (x, y) in a square of side 1, y downward.
DIGITS: dict[str, list[_Stroke]] = {
    "zero": [_arc(0.5, 0.5, 0.24, 0.38, 0, 360, 20)],
    "one": [[(0.38, 0.26), (0.54, 0.12), (0.54, 0.88)]],
    "two": [[*_arc(0.5, 0.32, 0.22, 0.2, 190, 390), (0.28, 0.86), (0.74, 0.86)]],
    "three": [_arc(0.48, 0.31, 0.22, 0.19, 210, 450), _arc(0.48, 0.68, 0.25, 0.19, 270, 510)],
    "four": [[(0.62, 0.88), (0.62, 0.12), (0.26, 0.62), (0.78, 0.62)]],
    "five": [[(0.72, 0.13), (0.36, 0.13), (0.33, 0.45)], _arc(0.47, 0.65, 0.24, 0.22, 230, 500)],
    "six": [[(0.62, 0.1), (0.42, 0.28), (0.3, 0.55)], _arc(0.5, 0.67, 0.21, 0.2, 0, 360, 20)],
    "seven": [[(0.26, 0.14), (0.74, 0.14), (0.44, 0.88)]],
    "eight": [_arc(0.5, 0.31, 0.19, 0.18, 0, 360, 18), _arc(0.5, 0.69, 0.23, 0.2, 0, 360, 18)],
    "nine": [_arc(0.49, 0.33, 0.2, 0.2, 0, 360, 20), [(0.69, 0.33), (0.66, 0.6), (0.56, 0.9)]],
}


def digits(which: Sequence[str], size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw digits, each by another hand.

    Parameters
    ----------
    which : sequence of str
        Of each picture, one of `DIGITS`, such as ``six``.
    size : int
        Pixels of a side.
    rng : Generator

    Returns
    -------
    pictures : ndarray of uint8, shape (n_pictures, size, size)
        White on black.

    Raises
    ------
    ConfigError
        If a digit is not known.
    """
    check_known("digits", "digit", which, DIGITS)
    at = (np.arange(size) + 0.5) / size
    grid = np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 2)  # x, y
    pictures = np.empty((len(which), size, size), dtype=np.uint8)
    for picture, name in zip(pictures, which, strict=True):
        hand = _Hand(rng)
        nearest_ink = np.full(len(grid), np.inf)
        for stroke in DIGITS[name]:
            nearest_ink = np.minimum(nearest_ink, _distance(grid, hand.moved(np.array(stroke))))
        # Ink fades over one pixel, so that small pictures have no steps.
        ink = np.clip((hand.thickness - nearest_ink) * size + 0.5, 0, 1)
        picture[:] = np.round(255 * ink).reshape(size, size)
    return pictures


class _Hand:
    """How one digit is written."""

    def __init__(self, rng: np.random.Generator):
        turn, lean = rng.normal(0, 0.12), rng.normal(0, 0.15)
        grow = rng.uniform(0.85, 1.1, 2)
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        self._linear = rotation @ np.array([[1, lean], [0, 1]]) @ np.diag(grow)
        self._shift = rng.normal(0, 0.025, 2)
        self._bend = rng.normal(0, 0.02, (2, 2))
        self._phase = rng.uniform(0, 2 * np.pi, 2)
        self.thickness = rng.uniform(0.035, 0.065)

    def moved(self, points: np.ndarray) -> np.ndarray:
        """Bend, lean, turn and shift points, shape (n, 2)."""
        waves = np.sin(2 * np.pi * points + self._phase)
        return (points - 0.5 + waves @ self._bend) @ self._linear.T + 0.5 + self._shift


def _distance(grid: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Distance of each place of the grid, shape (n, 2), from the line through the points."""
    start, along = points[:-1], np.diff(points, axis=0)
    from_start = grid[:, None] - start  # (n, n_segments, 2)
    length = np.maximum(np.sum(along**2, axis=1), 1e-12)
    t = np.clip(np.sum(from_start * along, axis=2) / length, 0, 1)
    return np.linalg.norm(from_start - t[..., None] * along, axis=2).min(axis=1)
