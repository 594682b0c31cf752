"""Scores of what a network sees in reconstructions beside what it sees in the pictures.

Rows are features, of the true pictures and of the reconstructions: an experiment asks for them as
``METRIC@FEATURE``. Two-way identification and places in a gallery are those of
`neurodecode.metrics.retrieval`; here is what knows no distractor, and classification.
"""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.metrics._pictures import flat, pairs
from neurodecode.metrics.metric import metric, no_formula
from neurodecode.metrics.regression import unit_columns

N_WAY, N_DRAWS = 50, 1000


def distance_to_own(true, pred, *, scores=None, rows=None, gallery=None):
    """One less the correlation of each row with its own; NaN where the true one is constant."""
    del scores, rows, gallery
    true, pred = pairs(true, pred)
    true, pred = unit_columns(true.T), unit_columns(pred.T)
    distance = 1 - np.clip(np.sum(true * pred, axis=0), -1, 1)
    return np.where(np.any(true != 0, axis=0), distance, np.nan), None


def distance_to_all(true, pred):
    """One less the correlation of each true row and each predicted one."""
    true, pred = unit_columns(flat(true).T), unit_columns(flat(pred).T)
    distance = 1 - np.clip(true.T @ pred, -1, 1)
    return np.where(np.any(true != 0, axis=0)[:, None], distance, np.nan)


@metric(
    direction="down",
    range=(0, 2),
    kinds=("vector",),
    chance=no_formula,
    terms=distance_to_own,
    pairwise=distance_to_all,
)
def feature_distance(true, pred, *, scores=None, rows=None, gallery=None):
    """Mean over rows of one less the Pearson correlation of the features; lower is better.

    As published for EfficientNet-B1 and SwAV. There is no distractor, so a score of 1 is no chance:
    features of any two pictures share their mean, and unrelated ones lie well below 1. Dealing the
    reconstructions to the pictures anew tells how far (p), and so does the shuffled null. Constant
    predictions have the distance 1; a constant true row is left out.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_features)

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        If every true row is constant.

    References
    ----------
    Ozcelik and VanRullen 2023, doi 10.1038/s41598-023-42891-8.
    """
    del scores, rows, gallery
    values, _ = distance_to_own(true, pred)
    if not np.isfinite(values).any():
        raise DataError("the true features are constant in every row")
    return float(np.mean(values[np.isfinite(values)]))


def chance_of_n_way(true, prior, gallery=None):
    """One of `N_WAY`: what reconstructions reach that know nothing of the classes."""
    del true, prior, gallery
    return 1 / N_WAY


def n_way_of_rows(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of the draws in which each row is classified as its picture is."""
    del scores, rows, gallery
    true, pred = pairs(true, pred)
    return n_way_accuracy(true, pred), None


@metric(
    direction="up",
    range=(0, 1),
    kinds=("vector",),
    chance=chance_of_n_way,
    terms=n_way_of_rows,
)
def n_way(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of reconstructions that a classifier takes for what it takes the picture for, 50-way.

    Rows are the answers (logits) of a classifier of many classes, as of ImageNet. The label is the
    likeliest class of the picture; a draw sets it against 49 other classes, and is won where it is
    the likeliest of them on the reconstruction. The score is the mean over 1,000 draws a row, and
    over rows. Chance is 1 / 50 only where the generator knows no classes: one that paints dogs
    whatever was seen wins on dogs, so read the shuffled null.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_classes)

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        If there are fewer than 50 classes.

    References
    ----------
    Chen et al. 2023, doi 10.1109/CVPR52729.2023.02175.
    """
    del scores, rows, gallery
    return float(np.mean(n_way_of_rows(true, pred)[0]))


def n_way_accuracy(
    true: np.ndarray,
    pred: np.ndarray,
    n_way: int = N_WAY,
    top_k: int = 1,
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> np.ndarray:
    """Share of draws in which the label of a picture is among the likeliest of its reconstruction.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_classes)
        Answers of a classifier.
    n_way : int
        Classes that a draw holds against each other, the label among them.
    top_k : int
        The draw is won where the label is among as many of the likeliest.
    n_draws : int
    seed : int

    Returns
    -------
    share : ndarray, shape (n,)

    Raises
    ------
    DataError
        If there are not as many classes.

    Notes
    -----
    Only how many of the classes that are drawn are likelier than the label counts, so that number
    is drawn, of a hypergeometric distribution. Equal answers are in any order: constant ones score
    ``top_k / n_way`` but for the draws. A row's draws depend on the place of its label alone, and
    not on other rows.
    """
    n_classes = true.shape[1]
    if not 1 <= top_k < n_way <= n_classes:
        raise DataError(
            f"top {top_k} of {n_way} classes, and the classifier has {n_classes}. Judge the "
            "answers of a classifier, such as layer: logits"
        )
    label = np.argmax(true, axis=1)[:, None]
    own = np.take_along_axis(pred, label, axis=1)
    better = np.sum(pred > own, axis=1)
    alike = np.sum(pred == own, axis=1) - 1  # others
    places, row = np.unique(np.stack([better, alike], axis=1), axis=0, return_inverse=True)
    won = np.empty(len(places))
    for i, (n_better, n_alike) in enumerate(places.tolist()):
        rng = np.random.default_rng([seed, n_better, n_alike])
        rest = n_classes - 1 - n_better
        before = rng.hypergeometric(n_better, rest, n_way - 1, size=n_draws)
        among = rng.hypergeometric(n_alike, rest - n_alike, n_way - 1 - before)
        won[i] = np.mean(np.clip((top_k - before) / (among + 1), 0, 1))
    return won[row.reshape(-1)]
