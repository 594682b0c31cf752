"""Textures: noise of a band of spatial frequencies along one direction."""

from collections.abc import Sequence

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.simulate.pictures._known import check_known

# Cycles a picture (centre of the band, in octaves its half width), and how wide in direction (s.d.
# in radians): fine and coarse stripes, fine and coarse clouds.
FAMILIES = {
    "f0": (8.0, 0.35, 0.15),
    "f1": (3.0, 0.35, 0.15),
    "f2": (8.0, 0.7, 0.5),
    "f3": (3.0, 0.7, 0.5),
}
DIRECTIONS = {"0": 0.0, "45": np.pi / 4, "90": np.pi / 2, "135": 3 * np.pi / 4}
_CONTRAST = 48.0  # s.d. in grey levels


def textures(
    family: Sequence[str], direction: Sequence[str], size: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw filtered noise.

    Parameters
    ----------
    family : sequence of str
        Of each picture, one of `FAMILIES`.
    direction : sequence of str
        Of each picture, one of `DIRECTIONS`: along which the grey changes, in degrees.
    size : int
        Pixels of a side; below 17 the fine families have no room.
    rng : Generator

    Returns
    -------
    pictures : ndarray of uint8, shape (n_pictures, size, size)
        Grey, mean 128.

    Raises
    ------
    ConfigError
        If a family or direction is not known, or the picture is too small.
    """
    check_known("textures", "family", family, FAMILIES)
    check_known("textures", "direction", direction, DIRECTIONS)
    if size < 17:
        raise ConfigError(f"textures: {size} pixels hold no 8 cycles. Give a size of 17 or more.")
    fy, fx = np.fft.fftfreq(size, 1 / size)[:, None], np.fft.rfftfreq(size, 1 / size)[None, :]
    octave = np.log2(np.maximum(np.hypot(fx, fy), 1e-9))
    angle = np.arctan2(fy, fx)
    pictures = np.empty((len(family), size, size), dtype=np.uint8)
    for picture, name, along in zip(pictures, family, direction, strict=True):
        centre, half_width, spread = FAMILIES[name]
        away = np.angle(np.exp(2j * (angle - DIRECTIONS[along]))) / 2  # an axis: period pi
        gain = np.exp(
            -(((octave - np.log2(centre)) / half_width) ** 2) / 2 - (away / spread) ** 2 / 2
        )
        noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((size, size))) * gain, (size, size))
        noise -= noise.mean()
        picture[:] = np.clip(np.round(128 + _CONTRAST * noise / noise.std()), 0, 255)
    return pictures
