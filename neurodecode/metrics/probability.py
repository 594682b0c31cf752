"""Scores of the probabilities of classes: how sure a model is, and whether it is right to be.

Margins are refused. Scores have one column a class; each row sums to 1.
"""

import numpy as np

from neurodecode.metrics.metric import Candidates, metric, no_formula

N_BINS = 15  # of the calibration error: what Guo et al. 2017 use throughout
# The smallest probability that costs something finite, as in scikit-learn's log_loss.
_SMALLEST = float(np.finfo(np.float64).eps)


def log_loss_of_prior(true: np.ndarray, prior: np.ndarray, gallery: Candidates = None) -> float:
    """Log loss of always answering the frequencies of training."""
    del gallery
    return _log_loss(true, np.tile(prior, (len(true), 1)))


def brier_of_prior(true: np.ndarray, prior: np.ndarray, gallery: Candidates = None) -> float:
    """Brier score of always answering the frequencies of training."""
    del gallery
    return _brier(true, np.tile(prior, (len(true), 1)))


@metric(
    direction="down",
    range=(0, np.inf),
    kinds=("label",),
    chance=log_loss_of_prior,
    scores="probability",
)
def log_loss(true, pred, *, scores, rows=None, gallery=None):
    """Mean surprise at the true class, in nats: minus the logarithm of its probability.

    A true class that was given no probability at all counts as one of 2.2e-16, so 36 nats.

    Parameters
    ----------
    true : ndarray of int, shape (n,)
        Class codes.
    pred : ndarray
        Not used.
    scores : ndarray, shape (n, n_classes)
        Probabilities; column i belongs to code i.

    Returns
    -------
    score : float

    References
    ----------
    Good 1952, doi 10.1111/j.2517-6161.1952.tb00104.x.
    """
    del pred, rows, gallery
    return _log_loss(true, scores)


@metric(
    direction="down",
    range=(0, 2),
    kinds=("label",),
    chance=brier_of_prior,
    scores="probability",
)
def brier(true, pred, *, scores, rows=None, gallery=None):
    """Mean over rows of the squared error of the probabilities, summed over all classes.

    This is Brier's own score, from 0 to 2 for any number of classes. With two classes it is twice
    the squared error of the one class that others report.

    Parameters
    ----------
    true : ndarray of int, shape (n,)
        Class codes.
    pred : ndarray
        Not used.
    scores : ndarray, shape (n, n_classes)
        Probabilities; column i belongs to code i.

    Returns
    -------
    score : float

    References
    ----------
    Brier 1950, doi 10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2, equation 2.
    """
    del pred, rows, gallery
    return _brier(true, scores)


@metric(
    direction="down",
    range=(0, 1),
    kinds=("label",),
    # Always answering the prior is calibrated, so what sees no brain would be hard to beat.
    chance=no_formula,
    scores="probability",
)
def ece(true, pred, *, scores, rows=None, gallery=None):
    """Distance of confidence from accuracy over 15 equal bins: expected calibration error.

    The confidence of a row is its largest probability, the answer that class. Rows are binned by
    confidence, ``((m - 1) / 15, m / 15]``; the error is the mean over bins, weighted by their rows,
    of the distance between mean confidence and share told right. It has no chance level: a model
    that always answers the training frequencies is calibrated, and says nothing. It is biased
    upward where bins hold few rows.

    Parameters
    ----------
    true : ndarray of int, shape (n,)
        Class codes.
    pred : ndarray
        Not used.
    scores : ndarray, shape (n, n_classes)
        Probabilities; column i belongs to code i.

    Returns
    -------
    score : float

    References
    ----------
    Guo et al. 2017, arXiv 1706.04599, equations 2 to 5; after Naeini et al. 2015, doi
    10.1609/aaai.v29i1.9602.
    """
    del pred, rows, gallery
    n_rows, sure, right = binned(true, scores)
    return float(np.sum(np.abs(right - sure)) / n_rows.sum())


def binned(true: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count rows by their confidence in 15 equal bins: the curve that `ece` sums up.

    Parameters
    ----------
    true : ndarray of int, shape (n,)
    scores : ndarray, shape (n, n_classes)
        Probabilities.

    Returns
    -------
    n_rows : ndarray, shape (15,)
        Rows of each bin.
    sure, right : ndarray, shape (15,)
        Sum of their confidence, and how many are told right: by `n_rows`, a reliability curve.
    """
    answer = np.argmax(scores, axis=1)
    confidence = scores[np.arange(len(true)), answer]
    # Edges as np.linspace rounds them: 3 / 15 is the probability .2, not the number after it.
    number = np.searchsorted(np.linspace(0, 1, N_BINS + 1)[1:-1], confidence, side="left")
    right = np.bincount(number, weights=answer == true, minlength=N_BINS)
    sure = np.bincount(number, weights=confidence, minlength=N_BINS)
    return np.bincount(number, minlength=N_BINS), sure, right


def _log_loss(true: np.ndarray, scores: np.ndarray) -> float:
    given = scores[np.arange(len(true)), true]
    return float(-np.mean(np.log(np.clip(given, _SMALLEST, 1))))


def _brier(true: np.ndarray, scores: np.ndarray) -> float:
    return float(np.mean(np.sum((scores - np.eye(scores.shape[1])[true]) ** 2, axis=1)))
