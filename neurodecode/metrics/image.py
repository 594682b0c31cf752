"""Scores of reconstructed pictures, pixel by pixel and window by window.

A picture is all its pixels in all its channels. A correlation that does not exist, because a
reconstruction is one flat grey, counts 0 here: it is like no picture.

Of the structural similarity there are as many values as there are ways to compute it, and it
prefers what is smooth: the mean training picture scores above many a sharp reconstruction that
shows the right thing. Never rank by it alone. It also depends on the size of the pictures.
"""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.metrics._pictures import flat, pairs
from neurodecode.metrics._ssim import Similarity, gaussian
from neurodecode.metrics.metric import metric, no_formula
from neurodecode.metrics.regression import correlations, unit_columns

_GREY = np.array([0.2125, 0.7154, 0.0721])  # ITU-R BT.709, as scikit-image's rgb2gray rounds it
_SSIM = Similarity("ssim", gaussian())
_PER_COLUMN = Similarity("ssim_per_column", gaussian(), columns=True)
_UNIFORM_7 = Similarity("ssim_uniform7", np.full(7, 1 / 7), sample=True)


def likeness_to_own(true, pred, *, scores=None, rows=None, gallery=None):
    """Correlation of each reconstruction with its picture; NaN where the picture is flat."""
    del scores, rows, gallery
    true, pred = pairs(true, pred)
    pictured = np.any(unit_columns(true.T) != 0, axis=0)
    return np.where(pictured, correlations(true.T, pred.T), np.nan), None


def likeness_to_all(true, pred):
    """Correlation of each picture and each reconstruction; NaN where the picture is flat."""
    true, pred = unit_columns(flat(true).T), unit_columns(flat(pred).T)
    pictured = np.any(true != 0, axis=0)
    return np.where(pictured[:, None], np.clip(true.T @ pred, -1, 1), np.nan)


@metric(
    direction="up",
    range=(-1, 1),
    kinds=("vector", "picture"),
    chance=no_formula,
    terms=likeness_to_own,
    pairwise=likeness_to_all,
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


def _terms(similarity: Similarity):
    def terms(true, pred, *, scores=None, rows=None, gallery=None):
        del scores, rows, gallery
        return similarity.of_pairs(grey(true), grey(pred), 1.0), None

    return terms


def _every(similarity: Similarity):
    def every(true, pred):
        return similarity.of_all(grey(true), grey(pred), 1.0)

    return every


@metric(
    direction="up",
    range=(-1, 1),
    kinds=("picture",),
    chance=no_formula,
    terms=_terms(_SSIM),
    pairwise=_every(_SSIM),
)
def ssim(true, pred, *, scores=None, rows=None, gallery=None):
    """Mean over pictures of the structural similarity, in grey, under a Gaussian window.

    Colours become grey by 0.2125 R + 0.7154 G + 0.0721 B; the window has a deviation of 1.5 pixels
    and is cut at 3.5 deviations (11 × 11); covariances are those of a population; K1 = 0.01, K2 =
    0.03, a range of 1; the mean is over windows that lie wholly in the picture. It is
    ``structural_similarity`` of scikit-image with ``gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False, data_range=1``. Chance has no formula: smooth grey scores well, so
    read it beside ``baseline.mean_target``.

    Parameters
    ----------
    true, pred : ndarray, shape (n, height, width) or (n, height, width, 1 or 3)
        From 0 to 1.

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        If sizes differ, or pictures are smaller than the window.

    References
    ----------
    Wang et al. 2004, doi 10.1109/TIP.2003.819861, equation 13.
    """
    del scores, rows, gallery
    return float(_SSIM.of_pairs(grey(true), grey(pred), 1.0).mean())


@metric(
    direction="up",
    range=(-1, 1),
    kinds=("picture",),
    chance=no_formula,
    terms=_terms(_PER_COLUMN),
    pairwise=_every(_PER_COLUMN),
)
def ssim_per_column(true, pred, *, scores=None, rows=None, gallery=None):
    """Mean over pictures of the structural similarity of their columns, each by itself.

    What ``multichannel=True`` made of grey pictures in releases of scikit-image that took their
    last axis for channels: a window of 11 × 1. Published tables of that time may hold it under the
    name of SSIM; it is another number. All else is as in `ssim`.

    Parameters
    ----------
    true, pred : ndarray, shape (n, height, width) or (n, height, width, 1 or 3)
        From 0 to 1.

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        As `ssim`.
    """
    del scores, rows, gallery
    return float(_PER_COLUMN.of_pairs(grey(true), grey(pred), 1.0).mean())


@metric(
    direction="up",
    range=(-1, 1),
    kinds=("picture",),
    chance=no_formula,
    terms=_terms(_UNIFORM_7),
    pairwise=_every(_UNIFORM_7),
)
def ssim_uniform7(true, pred, *, scores=None, rows=None, gallery=None):
    """Mean over pictures of the structural similarity, in grey, under a flat window of 7 × 7.

    ``structural_similarity`` of scikit-image with its defaults and ``data_range=1``: covariances
    are those of a sample. Grey as in `ssim`.

    Parameters
    ----------
    true, pred : ndarray, shape (n, height, width) or (n, height, width, 1 or 3)
        From 0 to 1.

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        As `ssim`.
    """
    del scores, rows, gallery
    return float(_UNIFORM_7.of_pairs(grey(true), grey(pred), 1.0).mean())


def _terms_of_range(true, pred, *, scores=None, rows=None, gallery=None):
    del scores, rows, gallery
    true, pred = _channels_last(true), _channels_last(pred)
    data_range = max(float(np.ptp(true)), float(np.ptp(pred)))
    if data_range == 0:
        raise DataError("every picture is of one and the same grey, so there is no range")
    if true.shape[3] != pred.shape[3]:
        raise DataError(
            f"reconstructions of {pred.shape[3]} channels for pictures of {true.shape[3]}"
        )
    bands = [
        _SSIM.of_pairs(true[..., band], pred[..., band], data_range)
        for band in range(true.shape[3])
    ]
    return np.mean(bands, axis=0), None


@metric(direction="up", range=(-1, 1), kinds=("picture",), chance=no_formula, terms=_terms_of_range)
def ssim_torchmetrics(true, pred, *, scores=None, rows=None, gallery=None):
    """Mean over pictures and channels of the structural similarity, its range told from the values.

    What torchmetrics gives without ``data_range``: colours are compared each by itself, and the
    range is the larger of those of all pictures and of all reconstructions that are scored
    together, so that it depends on them. The window is that of `ssim`.

    Parameters
    ----------
    true, pred : ndarray, shape (n, height, width) or (n, height, width, 1 or 3)

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        As `ssim`; also if all values are equal.
    """
    del scores, rows, gallery
    return float(_terms_of_range(true, pred)[0].mean())


def grey(pictures: np.ndarray) -> np.ndarray:
    """Give pictures in grey, float64, shape (n, height, width).

    Parameters
    ----------
    pictures : ndarray, shape (n, height, width) or (n, height, width, 1 or 3)

    Raises
    ------
    DataError
        If they have another shape.
    """
    pictures = _channels_last(pictures)
    return pictures[..., 0] if pictures.shape[3] == 1 else pictures @ _GREY


def _channels_last(pictures: np.ndarray) -> np.ndarray:
    pictures = np.asarray(pictures, dtype=np.float64)
    if pictures.ndim == 3:
        pictures = pictures[..., None]
    if pictures.ndim != 4 or pictures.shape[3] not in (1, 3):
        raise DataError(
            f"pictures of shape {pictures.shape}; needed is (n, height, width) or (n, height, "
            "width, channels) with 1 or 3 channels"
        )
    return pictures
