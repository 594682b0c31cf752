"""Where sensors are, as networks read it: flat, and in the unit square of their layout."""

import numpy as np

from neurodecode.core.errors import DataError

_OUTSIDE = 1e-6  # of the layout's extent: what rounding may do


def flatten(positions: np.ndarray) -> np.ndarray:
    """Lay positions on a head flat, as seen from above.

    The azimuthal equidistant projection: the direction of a sensor from the origin keeps its
    azimuth, and its angle from the vertical becomes the distance from the middle, so that sensors
    low on the head lie outside and none hides behind another. How far a sensor is from the origin
    has no say: a helmet and a cap of the same directions look the same.

    Parameters
    ----------
    positions : ndarray, shape (n_channels, 3)
        Metres, head coordinates (x to the right, y to the nose, z up); NaN where unknown.

    Returns
    -------
    flat : ndarray, shape (n_channels, 2)
        Radians: (0, 0) is the vertex, pi / 2 away the height of the origin. NaN where unknown.

    Raises
    ------
    DataError
        If a sensor is at the origin: it is in no direction.
    """
    xyz = np.asarray(positions, dtype=float)
    distance = np.linalg.norm(xyz, axis=-1)
    if (distance == 0).any():
        raise DataError(
            f"channel {int(np.flatnonzero(distance == 0)[0])} is at the origin of head "
            "coordinates, in no direction. Write NaN where a position is unknown."
        )
    x, y, z = np.moveaxis(xyz, -1, 0)
    angle = np.arccos(np.clip(z / distance, -1, 1))
    across = np.hypot(x, y)
    # On the vertical there is no azimuth: the vertex is the middle, whatever it is divided by.
    across = np.where(across == 0, 1, across)
    return np.stack([angle * x / across, angle * y / across], axis=-1)


def unit_square(positions: np.ndarray, layout: np.ndarray) -> np.ndarray:
    """Scale positions so that a layout fills the unit square, each axis by itself.

    Parameters
    ----------
    positions : ndarray, shape (..., 2)
        Of the channels at hand, some of the layout's; NaN where a channel has none.
    layout : ndarray, shape (n_channels, 2)
        Of every sensor of the data set, also those that are left out of these trials: limits that
        are taken from what is left after bad channels would move every other sensor.

    Returns
    -------
    scaled : ndarray of float32, shape (..., 2)
        From 0 to 1; 0.5 along an axis on which the whole layout is one point. NaN stays NaN.

    Raises
    ------
    DataError
        If the layout has no position, or a sensor lies outside it.

    References
    ----------
    Défossez et al. 2023, doi 10.1038/s42256-023-00714-5, "spatial attention".
    """
    known = np.asarray(layout, dtype=float)
    known = known[np.isfinite(known).all(-1)]
    if not len(known):
        raise DataError(
            "the layout has no sensor with a position, so that nothing can be scaled by it. Give "
            "the data set's electrode positions, or a montage."
        )
    low, high = known.min(0), known.max(0)
    wide = high > low
    flat = np.asarray(positions, dtype=float)
    scaled = (flat - low) / np.where(wide, high - low, 1)
    outside = ((scaled < -_OUTSIDE) | (scaled > wide + _OUTSIDE)).any(-1)
    if outside.any():
        raise DataError(
            f"a sensor at {tuple(flat[outside][0].tolist())} lies outside its layout, which goes "
            f"from {tuple(low.tolist())} to {tuple(high.tolist())}. Give the layout of the whole "
            "data set, in the same coordinates."
        )
    return np.where(wide, scaled.clip(0, 1), scaled * 0 + 0.5).astype(np.float32)
