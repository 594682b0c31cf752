"""Retrieval: which of a gallery is shown, told from the brain; and which brain saw a picture.

A picture is whatever is told: its pixels, a vector of its features, or of another stimulus.
The gallery holds each picture once, however often it was shown; without one it is the pictures
among the rows that are scored together. Two pictures of equal content are one. How like two vectors
are is Pearson's correlation over their entries, unless a `Gallery` says otherwise.

Candidates that are as like as the true one are tied with it, and every metric takes the mean over
the orders of the tied. So who says the same of every row scores exactly chance where the gallery is
what was scored, each picture as often; and in any gallery where what is said is like all pictures
alike, as a flat vector by correlation or the training mean by its centred cosine. A constant answer
that lies nearer to some pictures than to others ranks every gallery alike: among pictures that were
not scored, or scored unequally often, it has the places that these happen to take.
``…_image_to_brain`` asks the other way round: each picture ranks the brains, and where a picture
has several rows, the mean of their predictions is its brain.

Of an encoder the brain is what is true, and what is predicted stands for the picture: the measured
brain of each picture, the mean over its rows, ranks the brains that were predicted, as in Kay et
al. 2008, doi 10.1038/nature06713; ``…_image_to_brain``: each prediction ranks the measured ones.
"""

import numpy as np

from neurodecode.metrics._judged import (
    among_first,
    among_five,
    five_of,
    inverse_rank,
    mean_inverse_rank,
    mid_rank,
    middle_of_gallery,
    one_of,
    score_of,
    share_before,
    share_below,
    share_strictly_below,
    terms_of,
)
from neurodecode.metrics.metric import Retrieval, metric, one_half
from neurodecode.metrics.online import median

_KINDS = ("vector", "picture", "brain")
_SHARE_BELOW = Retrieval("brain_to_image", share_below)
_STRICTLY_BELOW = Retrieval("brain_to_image", share_strictly_below)
_FIRST = Retrieval("brain_to_image", among_first)
_FIVE = Retrieval("brain_to_image", among_five)
_MEDIAN = Retrieval("brain_to_image", mid_rank, "median")
_RELATIVE = Retrieval("brain_to_image", share_before)
_INVERSE = Retrieval("brain_to_image", inverse_rank)
_SHARE_BELOW_BACK = Retrieval("image_to_brain", share_below)
_FIRST_BACK = Retrieval("image_to_brain", among_first)
_FIVE_BACK = Retrieval("image_to_brain", among_five)


@metric(
    direction="up",
    range=(0, 1),
    kinds=_KINDS,
    chance=one_half,
    terms=terms_of(_SHARE_BELOW),
    retrieval=_SHARE_BELOW,
)
def two_way(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of the other pictures that are less like the prediction than the true one.

    Ties count one half; the mean is over rows. Chance is one half where any picture might have been
    any row's. Where whole pictures are left out of training it lies lower, since a model has seen
    what it is not tested on; the shuffled null tells by how much. Rows share the pictures that they
    are held against, so the s.d. of the null is near ``1 / sqrt(12 n)`` for n rows of as many
    pictures, and no binomial one.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_pixels) or (n, height, width) or (n, height, width, channels)
    gallery : Gallery or ndarray, shape (n_pictures, …), optional
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
    return score_of(_SHARE_BELOW, true, pred, gallery)


@metric(
    direction="up",
    range=(0, 1),
    kinds=_KINDS,
    chance=one_half,
    terms=terms_of(_STRICTLY_BELOW),
    retrieval=_STRICTLY_BELOW,
)
def two_way_strict(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of the other pictures that are strictly less like the prediction than the own one.

    As published code counts `two_way`: what is as like counts nothing, so answers that are all
    alike score 0 and not one half. Where nothing is tied both are one number.

    Parameters
    ----------
    true, pred, gallery
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
    return score_of(_STRICTLY_BELOW, true, pred, gallery)


@metric(
    direction="up",
    range=(0, 1),
    kinds=_KINDS,
    chance=one_of("brain_to_image"),
    terms=terms_of(_FIRST),
    retrieval=_FIRST,
)
def top_1(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of predictions that are more like the true picture than like any other.

    Where k pictures share the highest likeness and the true one is among them, the row counts
    1 / k: what drawing one of them would reach.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_pixels) or (n, height, width) or (n, height, width, channels)
    gallery : Gallery or ndarray, shape (n_pictures, …), optional
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
    return score_of(_FIRST, true, pred, gallery)


@metric(
    direction="up",
    range=(0, 1),
    kinds=_KINDS,
    chance=five_of("brain_to_image"),
    terms=terms_of(_FIVE),
    retrieval=_FIVE,
)
def top_5(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of predictions with at most four pictures more like them than the true one.

    Where pictures are as like as the true one, the row counts the share of their orders in which
    the true one is among the first five.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_pixels) or (n, height, width) or (n, height, width, channels)
    gallery : Gallery or ndarray, shape (n_pictures, …), optional
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
    return score_of(_FIVE, true, pred, gallery)


@metric(
    direction="down",
    range=(1, np.inf),
    kinds=_KINDS,
    chance=middle_of_gallery,
    terms=terms_of(_MEDIAN),
    summary=median,
    retrieval=_MEDIAN,
)
def median_rank(true, pred, *, scores=None, rows=None, gallery=None):
    """Median over rows of the true picture's place among those of the gallery, the first being 1.

    Pictures that are as like as the true one count half: it has the mean of their places.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_pixels) or (n, height, width) or (n, height, width, channels)
    gallery : Gallery or ndarray, shape (n_pictures, …), optional
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
    return score_of(_MEDIAN, true, pred, gallery)


@metric(
    direction="down",
    range=(0, 1),
    kinds=_KINDS,
    chance=one_half,
    terms=terms_of(_RELATIVE),
    retrieval=_RELATIVE,
)
def relative_rank(true, pred, *, scores=None, rows=None, gallery=None):
    """Mean over rows of the share of the other pictures that come before the true one.

    It is the mean rank, the first being 0 and the last 1, so galleries of different sizes compare;
    and one less `two_way`. Ties as in `median_rank`; chance is one half.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_pixels) or (n, height, width) or (n, height, width, channels)
    gallery : Gallery or ndarray, shape (n_pictures, …), optional
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
    return score_of(_RELATIVE, true, pred, gallery)


@metric(
    direction="up",
    range=(0, 1),
    kinds=_KINDS,
    chance=mean_inverse_rank,
    terms=terms_of(_INVERSE),
    retrieval=_INVERSE,
)
def mrr(true, pred, *, scores=None, rows=None, gallery=None):
    """Mean over rows of one over the true picture's place: the mean reciprocal rank.

    Where pictures are as like as the true one, the row counts the mean over their places. Chance is
    the mean of 1, 1/2, 1/3 … over the gallery.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_pixels) or (n, height, width) or (n, height, width, channels)
    gallery : Gallery or ndarray, shape (n_pictures, …), optional
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
    return score_of(_INVERSE, true, pred, gallery)


@metric(
    direction="up",
    range=(0, 1),
    kinds=_KINDS,
    chance=one_half,
    terms=terms_of(_SHARE_BELOW_BACK),
    retrieval=_SHARE_BELOW_BACK,
)
def two_way_image_to_brain(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of the other pictures' brains that are less like a picture than its own one.

    The mean is over pictures. It is the transposed `two_way`, whose distractors are other
    reconstructions: another number than the one that is usually published.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_pixels) or (n, height, width) or (n, height, width, channels)
    gallery : Gallery or ndarray, optional
        Its likeness alone is of use: the brains of the rows are the candidates.

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        If the rows are of one picture.
    """
    del scores, rows
    return score_of(_SHARE_BELOW_BACK, true, pred, gallery)


@metric(
    direction="up",
    range=(0, 1),
    kinds=_KINDS,
    chance=one_of("image_to_brain"),
    terms=terms_of(_FIRST_BACK),
    retrieval=_FIRST_BACK,
)
def top_1_image_to_brain(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of pictures that are more like their own brain than like that of any other picture.

    Ties as in `top_1`.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_pixels) or (n, height, width) or (n, height, width, channels)
    gallery : Gallery or ndarray, optional
        As in `two_way_image_to_brain`.

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        As `two_way_image_to_brain`.
    """
    del scores, rows
    return score_of(_FIRST_BACK, true, pred, gallery)


@metric(
    direction="up",
    range=(0, 1),
    kinds=_KINDS,
    chance=five_of("image_to_brain"),
    terms=terms_of(_FIVE_BACK),
    retrieval=_FIVE_BACK,
)
def top_5_image_to_brain(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of pictures to which at most four other brains are more like than their own one.

    Ties as in `top_5`.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_pixels) or (n, height, width) or (n, height, width, channels)
    gallery : Gallery or ndarray, optional
        As in `two_way_image_to_brain`.

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        As `two_way_image_to_brain`; also if there are five pictures or fewer.
    """
    del scores, rows
    return score_of(_FIVE_BACK, true, pred, gallery)
