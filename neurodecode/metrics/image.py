"""Scores of reconstructed pictures, and of any vector that stands for what was shown.

A picture is all its pixels in all its channels, as one vector. A correlation that does not exist,
because a reconstruction is one flat grey, counts 0 here: it is like no picture.

Identification asks which picture of a gallery a reconstruction is most like. The gallery holds each
picture once, however often it was shown; without one it is the pictures among the rows scored
together. Two pictures of equal content are one.
"""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.metrics.metric import metric, no_formula, one_half
from neurodecode.metrics.regression import correlations, unit_columns

_KINDS = ("vector", "picture")
# Correlations that are nearer to each other are equal but for rounding, so tied.
_ROUNDING = 1e-12


def one_of_gallery(true: np.ndarray, prior: np.ndarray, gallery: np.ndarray | None = None) -> float:
    """One over the number of pictures in the gallery."""
    del prior
    return 1.0 / len(_distinct(_flat(true if gallery is None else gallery))[0])


def five_of_gallery(
    true: np.ndarray, prior: np.ndarray, gallery: np.ndarray | None = None
) -> float:
    """Five over the number of pictures in the gallery."""
    return min(1.0, 5 * one_of_gallery(true, prior, gallery))


def middle_of_gallery(
    true: np.ndarray, prior: np.ndarray, gallery: np.ndarray | None = None
) -> float:
    """Middle of the places in the gallery: half of it, and half a place."""
    return (1 / one_of_gallery(true, prior, gallery) + 1) / 2


def likeness_to_own(true, pred, *, scores=None, rows=None, gallery=None):
    """Correlation of each reconstruction with its picture; NaN where the picture is flat."""
    del scores, rows, gallery
    true, pred = _pairs(true, pred)
    pictured = np.any(unit_columns(true.T) != 0, axis=0)
    return np.where(pictured, correlations(true.T, pred.T), np.nan), None


def share_below(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of the other pictures that are less like each reconstruction; ties count one half."""
    del scores, rows
    own, others = _likeness(true, pred, gallery)
    better, alike = _placed(own, others)
    below = others.shape[1] - better - alike
    return (below + (alike - 1) / 2) / (others.shape[1] - 1), None


def told_first(true, pred, *, scores=None, rows=None, gallery=None):
    """Whether each reconstruction is most like its own picture; of k that tie, 1 / k."""
    del scores, rows
    own, others = _likeness(true, pred, gallery)
    best = others.max(axis=1, keepdims=True)
    n_best = np.sum(others >= best - _ROUNDING, axis=1)
    return (own >= best[:, 0] - _ROUNDING) / n_best, None


def told_among_five(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of the orders of ties in which each picture is among the first five."""
    del scores, rows
    own, others = _likeness(true, pred, gallery)
    if others.shape[1] <= 5:
        raise DataError(f"all of {others.shape[1]} pictures are among the first five")
    better, alike = _placed(own, others)
    return np.clip((5 - better) / alike, 0, 1), None


@metric(direction="up", range=(-1, 1), kinds=_KINDS, chance=no_formula, terms=likeness_to_own)
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


@metric(direction="up", range=(0, 1), kinds=_KINDS, chance=one_half, terms=share_below)
def two_way(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of the other pictures that are less like the reconstruction than the true one.

    Likeness is Pearson's correlation over pixels; ties count one half; the mean is over rows.
    Chance is one half where any picture might have been any row's. Where whole pictures are left
    out of training it lies lower, since a model has seen what it is not tested on; the shuffled
    null tells by how much. Rows share the pictures that they are held against, so the s.d. of the
    null is near ``1 / sqrt(12 n)`` for n rows of as many pictures, and no binomial one.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_pixels) or (n, height, width) or (n, height, width, channels)
    gallery : ndarray, shape (n_pictures, …), optional
        Pictures to tell the true one from, which is among them; those of `true` without.

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        If there are fewer than two pictures, or the gallery lacks a true one.
    """
    del scores, rows
    return float(np.mean(share_below(true, pred, gallery=gallery)[0]))


@metric(direction="up", range=(0, 1), kinds=_KINDS, chance=one_of_gallery, terms=told_first)
def top_1(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of reconstructions that are more like the true picture than like any other.

    Where k pictures share the highest correlation and the true one is among them, the row counts
    1 / k: what drawing one of them would reach.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_pixels) or (n, height, width) or (n, height, width, channels)
    gallery : ndarray, shape (n_pictures, …), optional
        As in `two_way`.

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        As `two_way`.
    """
    del scores, rows
    return float(np.mean(told_first(true, pred, gallery=gallery)[0]))


@metric(direction="up", range=(0, 1), kinds=_KINDS, chance=five_of_gallery, terms=told_among_five)
def top_5(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of reconstructions with at most four pictures more like them than the true one.

    Where pictures are as like as the true one, the row counts the share of their orders in which
    the true one is among the first five: answers that are all alike reach chance and no more.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_pixels) or (n, height, width) or (n, height, width, channels)
    gallery : ndarray, shape (n_pictures, …), optional
        As in `two_way`.

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        As `two_way`; also if the gallery has five pictures or fewer, of which all are among five.
    """
    del scores, rows
    return float(np.mean(told_among_five(true, pred, gallery=gallery)[0]))


@metric(direction="down", range=(1, np.inf), kinds=_KINDS, chance=middle_of_gallery)
def median_rank(true, pred, *, scores=None, rows=None, gallery=None):
    """Median over rows of the true picture's place among those of the gallery, the first being 1.

    Pictures that are as like as the true one count half: it has the mean of their places.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_pixels) or (n, height, width) or (n, height, width, channels)
    gallery : ndarray, shape (n_pictures, …), optional
        As in `two_way`.

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        As `two_way`.
    """
    del scores, rows
    better, alike = _placed(*_likeness(true, pred, gallery))
    return float(np.median(1 + better + (alike - 1) / 2))


def _placed(own: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many pictures are more like each reconstruction, and how many as like, the own one too.

    Parameters
    ----------
    own : ndarray, shape (n,)
    others : ndarray, shape (n, n_pictures)

    Returns
    -------
    better, alike : ndarray of int, shape (n,)
    """
    better = np.sum(others > own[:, None] + _ROUNDING, axis=1)
    return better, np.sum(others >= own[:, None] - _ROUNDING, axis=1) - better


def _likeness(
    true: np.ndarray, pred: np.ndarray, gallery: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Correlation of each reconstruction with its own picture, and with all of the gallery.

    Returns
    -------
    own : ndarray, shape (n,)
    others : ndarray, shape (n, n_pictures)
        The own one among them.
    """
    true, pred = _pairs(true, pred)
    pictures, which = _distinct(true if gallery is None else _flat(gallery))
    if gallery is not None:
        known = {picture.tobytes(): i for i, picture in enumerate(pictures)}
        found = [known.get(picture.tobytes(), -1) for picture in true]
        which = np.array(found)
        if np.any(which < 0):
            raise DataError(
                f"{int(np.sum(which < 0))} of {len(true)} true pictures are not in the gallery"
            )
    if len(pictures) < 2:
        raise DataError("there is one picture, so none to tell it from; score more together")
    others = unit_columns(pred.T).T @ unit_columns(pictures.T)  # (n, n_pictures)
    return others[np.arange(len(true)), which], others


def _distinct(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pictures that differ, in the order they come, and which of them each one is."""
    number: dict[bytes, int] = {}
    which = np.array([number.setdefault(one.tobytes(), len(number)) for one in pictures])
    return pictures[np.unique(which, return_index=True)[1]], which


def _pairs(true: np.ndarray, pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    true, pred = _flat(true), _flat(pred)
    if true.shape != pred.shape:
        raise DataError(
            f"reconstructions of {pred.shape[1]} pixels for pictures of {true.shape[1]}"
        )
    if true.shape[1] < 2:
        raise DataError("a picture of one pixel has no correlation")
    return true, pred


def _flat(pictures: np.ndarray) -> np.ndarray:
    # Zero is added because minus zero is another pattern of bytes.
    return np.asarray(pictures, dtype=np.float64).reshape(len(pictures), -1) + 0.0
