"""Scores of reconstructed pictures, pixel by pixel.

A picture is all its pixels in all its channels, as one vector. A correlation that does not exist,
because a reconstruction is one flat grey, counts 0 here: it is like no picture.
"""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.metrics._pictures import pairs
from neurodecode.metrics.metric import metric, no_formula
from neurodecode.metrics.regression import correlations, unit_columns


def likeness_to_own(true, pred, *, scores=None, rows=None, gallery=None):
    """Correlation of each reconstruction with its picture; NaN where the picture is flat."""
    del scores, rows, gallery
    true, pred = pairs(true, pred)
    pictured = np.any(unit_columns(true.T) != 0, axis=0)
    return np.where(pictured, correlations(true.T, pred.T), np.nan), None


@metric(
    direction="up",
    range=(-1, 1),
    kinds=("vector", "picture"),
    chance=no_formula,
    terms=likeness_to_own,
)
def pixcorr(true, pred, *, scores=None, rows=None, gallery=None):
    """Mean over pictures of the Pearson correlation, over pixels, of reconstruction and picture.

    All channels are taken together; the sign is kept; the mean is of plain correlations. A true
    picture of one flat grey has none and is left out. Chance has no formula: a picture is like
    the mean picture, by .6 and more on handwritten digits, so read it beside
    ``baseline.mean_target``.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_pixels) or (n, height, width) or (n, height, width, channels)

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        If every true picture is flat.
    """
    del scores, rows, gallery
    values, _ = likeness_to_own(true, pred)
    if not np.isfinite(values).any():
        raise DataError("every true picture is of one flat grey")
    return float(np.mean(values[np.isfinite(values)]))
