"""Scores of predicted classes. True and predicted are codes; scores have one column a class.

Where a metric of two classes needs to know which one is looked for, it is the last of the target's
``classes``, so that ``classes: [standard, target]`` finds targets.
"""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.metrics.metric import Candidates, metric, one_half, zero


def chance_of_accuracy(true: np.ndarray, prior: np.ndarray, gallery: Candidates = None) -> float:
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
    del gallery
    most = np.flatnonzero(prior >= prior.max() - 1e-12)
    return float(np.mean([np.mean(true == code) for code in most]))


def chance_of_balanced_accuracy(
    true: np.ndarray, prior: np.ndarray, gallery: Candidates = None
) -> float:
    """One over the number of classes among the rows: any constant answer reaches just that."""
    del prior, gallery
    return 1.0 / len(np.unique(true))


def prevalence(true: np.ndarray, prior: np.ndarray, gallery: Candidates = None) -> float:
    """Share of rows of the class looked for: the precision of scores that say nothing.

    Parameters
    ----------
    true : ndarray of int, shape (n,)
    prior : ndarray, shape (n_classes,)
        For two classes the last one is looked for; for more, each is, and the mean of their shares
        is one over the number of classes among the rows.

    Returns
    -------
    chance : float
    """
    del gallery
    if len(prior) == 2:
        return float(np.mean(true == 1))
    return 1.0 / len(np.unique(true))


def chance_of_f1(true: np.ndarray, prior: np.ndarray, gallery: Candidates = None) -> float:
    """F1 of always answering the class that is looked for, ``2 q / (1 + q)`` at a share of q.

    Of all answers that do not depend on the truth this is the best one (Lipton et al. 2014, doi
    10.1007/978-3-662-44851-9_15); always answering the other class reaches 0.
    """
    del prior, gallery
    share = float(np.mean(true == 1))
    return 2 * share / (1 + share)


def chance_of_f1_macro(true: np.ndarray, prior: np.ndarray, gallery: Candidates = None) -> float:
    """F1, averaged over classes, of always answering the class that training had most of.

    Where several classes share the highest frequency, each is as likely.
    """
    del gallery
    most = np.flatnonzero(prior >= prior.max() - 1e-12)
    shares = np.array([np.mean(true == code) for code in most])
    # An answer that no row has is one more class, of F1 zero.
    n_classes = len(np.unique(true)) + (shares == 0)
    return float(np.mean(2 * shares / (1 + shares) / n_classes))


def told_right(true, pred, *, scores=None, rows=None, gallery=None):
    """Whether each row is told right."""
    del scores, rows, gallery
    return (true == pred).astype(np.float64), None


def told_right_of_class(true, pred, *, scores=None, rows=None, gallery=None):
    """Whether each row is told right, and its class."""
    del scores, rows, gallery
    return (true == pred).astype(np.float64), true


@metric(direction="up", range=(0, 1), kinds=("label",), chance=chance_of_accuracy, terms=told_right)
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
    terms=told_right_of_class,
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


@metric(
    direction="up",
    range=(0, 1),
    kinds=("label",),
    chance=prevalence,
    scores="any",
    min_classes=2,
)
def average_precision(true, pred, *, scores, rows=None, gallery=None):
    """Area under the steps of the precision-recall curve, without interpolation.

    The sum over thresholds of precision times the gain in recall; rows of equal score pass a
    threshold together. With two classes the last one of the target is looked for. With more: each
    against the rest, mean over the classes there.

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
    Davis & Goadrich 2006, doi 10.1145/1143844.1143874: why not to interpolate.
    """
    del pred, rows, gallery
    if scores.shape[1] == 2:
        return _steps_of_precision(true == 1, scores[:, 1])
    there = np.unique(true)
    return float(np.mean([_steps_of_precision(true == code, scores[:, code]) for code in there]))


@metric(direction="up", range=(-1, 1), kinds=("label",), chance=zero, min_classes=2)
def cohen_kappa(true, pred, *, scores=None, rows=None, gallery=None):
    """Agreement with the truth beyond what the same answers would reach in random order.

    ``(a - e) / (1 - e)``: a is the accuracy, e the one expected were answers and truth independent,
    each keeping its class frequencies.

    Parameters
    ----------
    true, pred : ndarray of int, shape (n,)
        Class codes.

    Returns
    -------
    score : float

    References
    ----------
    Cohen 1960, doi 10.1177/001316446002000104.
    """
    del scores, rows, gallery
    agree, (n_true, n_pred) = _confusion(true, pred)
    expected = float(n_true @ n_pred) / len(true) ** 2
    if expected == 1:
        raise DataError("truth and answers are all of one class")
    return (agree / len(true) - expected) / (1 - expected)


@metric(direction="up", range=(-1, 1), kinds=("label",), chance=zero, min_classes=2)
def matthews_corrcoef(true, pred, *, scores=None, rows=None, gallery=None):
    """Correlation of truth and answer over classes, Matthews' for two and Gorodkin's for more.

    Answers that are all of one class have no correlation; they get 0, which is its limit.

    Parameters
    ----------
    true, pred : ndarray of int, shape (n,)
        Class codes.

    Returns
    -------
    score : float

    References
    ----------
    Gorodkin 2004, doi 10.1016/j.compbiolchem.2004.09.006, equation 8. For the limit: Chicco &
    Jurman 2020, doi 10.1186/s12864-019-6413-7.
    """
    del scores, rows, gallery
    agree, (n_true, n_pred) = _confusion(true, pred)
    n = len(true)
    covariance = agree * n - n_true @ n_pred
    spread = (n * n - n_true @ n_true) * (n * n - n_pred @ n_pred)
    return float(covariance / np.sqrt(spread)) if spread > 0 else 0.0


@metric(
    direction="up",
    range=(0, 1),
    kinds=("label",),
    chance=chance_of_f1,
    min_classes=2,
    two_classes=True,
)
def f1(true, pred, *, scores=None, rows=None, gallery=None):
    """Harmonic mean of precision and recall of the last of the target's two classes.

    Parameters
    ----------
    true, pred : ndarray of int, shape (n,)
        Class codes; 1 is looked for.

    Returns
    -------
    score : float

    References
    ----------
    van Rijsbergen 1979, Information Retrieval, chapter 7: one less the effectiveness E.
    """
    del scores, rows, gallery
    if not np.any(true == 1) and not np.any(pred == 1):
        raise DataError("neither truth nor answers hold the class that is looked for")
    return float(_f1_of_classes(true, pred)[-1])


@metric(direction="up", range=(0, 1), kinds=("label",), chance=chance_of_f1_macro, min_classes=2)
def f1_macro(true, pred, *, scores=None, rows=None, gallery=None):
    """F1 of each class, averaged over the classes that truth or answers hold.

    Parameters
    ----------
    true, pred : ndarray of int, shape (n,)
        Class codes.

    Returns
    -------
    score : float

    References
    ----------
    Opitz & Burst 2019, arXiv 1911.03347: the mean of F1, not the F1 of means.
    """
    del scores, rows, gallery
    return float(np.mean(_f1_of_classes(true, pred)))


def _confusion(true: np.ndarray, pred: np.ndarray) -> tuple[int, np.ndarray]:
    """Rows told right, and how often truth (first) and answers (second) are of each class."""
    n_classes = int(max(true.max(), pred.max())) + 1
    counts = [np.bincount(codes, minlength=n_classes) for codes in (true, pred)]
    return int(np.sum(true == pred)), np.stack(counts)


def _f1_of_classes(true: np.ndarray, pred: np.ndarray) -> np.ndarray:
    n_true, n_pred = _confusion(true, pred)[1]
    right = np.bincount(true[true == pred], minlength=len(n_true))
    there = n_true + n_pred > 0
    return 2 * right[there] / (n_true + n_pred)[there]


def _steps_of_precision(positive: np.ndarray, score: np.ndarray) -> float:
    order = np.argsort(-score, kind="stable")
    found = np.cumsum(positive[order])
    last = np.append(np.diff(score[order]) != 0, True)  # of each run of equal scores
    precision = found[last] / (np.flatnonzero(last) + 1)
    return float(np.sum(np.diff(found[last], prepend=0) * precision) / found[-1])


def _pairs_ranked_right(positive: np.ndarray, score: np.ndarray) -> float:
    ordered = np.sort(score[~positive])
    below = np.searchsorted(ordered, score[positive], side="left")
    not_above = np.searchsorted(ordered, score[positive], side="right")
    return float(np.mean(below + not_above) / (2 * len(ordered)))
