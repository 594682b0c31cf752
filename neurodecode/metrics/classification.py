"""Scores of predicted classes. True and predicted are codes; scores have one column a class."""

import numpy as np

from neurodecode.metrics.metric import metric


def chance_of_accuracy(true: np.ndarray, prior: np.ndarray) -> float:
    """Accuracy expected of always answering the class that training had most of.

    Parameters
    ----------
    true : ndarray of int, shape (n,)
    prior : ndarray, shape (n_classes,)
        Frequencies in training; where several classes share the highest, each is as likely.

    Returns
    -------
    chance : float
    """
    most = np.flatnonzero(prior >= prior.max() - 1e-12)
    return float(np.mean([np.mean(true == code) for code in most]))


def chance_of_balanced_accuracy(true: np.ndarray, prior: np.ndarray) -> float:
    """One over the number of classes among the rows: any constant answer reaches just that."""
    del prior
    return 1.0 / len(np.unique(true))


def one_half(true: np.ndarray, prior: np.ndarray) -> float:
    """One half: scores that say nothing rank a random pair right half the time."""
    del true, prior
    return 0.5


@metric(direction="up", range=(0, 1), kinds=("label",), chance=chance_of_accuracy)
def accuracy(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of rows whose class is told right.

    Parameters
    ----------
    true, pred : ndarray of int, shape (n,)
        Class codes.

    Returns
    -------
    score : float
    """
    del scores, rows, gallery
    return float(np.mean(true == pred))


@metric(
    direction="up",
    range=(0, 1),
    kinds=("label",),
    chance=chance_of_balanced_accuracy,
    min_classes=2,
)
def balanced_accuracy(true, pred, *, scores=None, rows=None, gallery=None):
    """Share told right of each class, averaged over the classes that were tested.

    Parameters
    ----------
    true, pred : ndarray of int, shape (n,)
        Class codes.

    Returns
    -------
    score : float

    References
    ----------
    Brodersen et al. 2010, doi 10.1109/ICPR.2010.764.
    """
    del scores, rows, gallery
    n_of_class = np.bincount(true)
    right = np.bincount(true, weights=true == pred)
    there = n_of_class > 0
    return float(np.mean(right[there] / n_of_class[there]))


@metric(
    direction="up",
    range=(0, 1),
    kinds=("label",),
    chance=one_half,
    scores="any",
    min_classes=2,
)
def roc_auc(true, pred, *, scores, rows=None, gallery=None):
    """Area under the receiver operating characteristic; ties count one half.

    With more than two classes among the rows: each against the rest, mean over the classes there.

    Parameters
    ----------
    true : ndarray of int, shape (n,)
        Class codes.
    pred : ndarray
        Not used.
    scores : ndarray, shape (n, n_classes)
        Probabilities or margins; column i belongs to code i.

    Returns
    -------
    score : float

    References
    ----------
    Hanley & McNeil 1982, doi 10.1148/radiology.143.1.7063747: the share of pairs ranked right.
    """
    del pred, rows, gallery
    there = np.unique(true)
    if len(there) == 2 and scores.shape[1] == 2:
        return _pairs_ranked_right(true == there[1], scores[:, there[1]])
    return float(np.mean([_pairs_ranked_right(true == code, scores[:, code]) for code in there]))


def _pairs_ranked_right(positive: np.ndarray, score: np.ndarray) -> float:
    ordered = np.sort(score[~positive])
    below = np.searchsorted(ordered, score[positive], side="left")
    not_above = np.searchsorted(ordered, score[positive], side="right")
    return float(np.mean(below + not_above) / (2 * len(ordered)))
