"""Scores of predicted brains as encoding models report them, beside `r` and `r2` of each voxel."""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.metrics.metric import Candidates, metric, one_half, zero
from neurodecode.metrics.regression import (
    as_columns,
    correlations,
    hold_to_varying,
    share_of_variance,
    unit_columns,
)

_KINDS = ("vector", "brain")
_BYTES = 2**26  # of a block of likenesses


def pattern_r_of_prior(true: np.ndarray, prior: np.ndarray, gallery: Candidates = None) -> float:
    """`pattern_r` of always answering the training mean; NaN where that is unknown."""
    del gallery
    if len(prior) == 0:
        return float("nan")
    values, _ = patterns(true, np.broadcast_to(prior, (len(true), len(prior))))
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def patterns(true, pred, *, scores=None, rows=None, gallery=None):
    """Correlation of each row with its own over targets; NaN where the true one is constant."""
    del scores, rows, gallery
    true, pred = as_columns(true, pred)
    values = correlations(true.T, pred.T)
    return np.where(np.any(unit_columns(true.T) != 0, axis=0), values, np.nan), None


def patterns_of_all(true, pred):
    """Correlation of each true row and each predicted one, over targets."""
    true, pred = (np.asarray(x, dtype=np.float64).reshape(len(x), -1) for x in (true, pred))
    true, pred = unit_columns(true.T), unit_columns(pred.T)
    likeness = np.clip(true.T @ pred, -1, 1)
    return np.where(np.any(true != 0, axis=0)[:, None], likeness, np.nan)


@metric(
    direction="up",
    range=(-1, 1),
    kinds=_KINDS,
    chance=pattern_r_of_prior,
    terms=patterns,
    pairwise=patterns_of_all,
)
def pattern_r(true, pred, *, scores=None, rows=None, gallery=None):
    """Pearson correlation over targets (voxels), of each row; the mean over rows.

    Some papers call this Pearson correlation, others that of each voxel over rows, which is `r`:
    the two are not alike. All rows share what voxels do on average, so chance is what the mean of
    the training rows scores, and often far above zero.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_targets)

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        If every true row is constant.
    """
    del scores, rows, gallery
    values, _ = patterns(true, pred)
    if not np.isfinite(values).any():
        raise DataError("every true row is constant over its targets, and has no pattern")
    return float(np.nanmean(values))


def two_v_two_of_rows(true, pred, *, scores=None, rows=None, gallery=None):
    """Give what each row adds: pseudo-values of the jackknife, whose mean is `two_v_two`.

    A row is in a pair with every other one, so that their shares of won pairs spread half as wide
    as the score does over samples.

    References
    ----------
    Arvesen 1969, Jackknifing U-statistics, doi 10.1214/aoms/1177697287.
    """
    del scores, rows, gallery
    n_rows, share = len(true), _share_won(true, pred)
    if n_rows < 3:
        return share, None
    return (2 * (n_rows - 1) * share - n_rows * share.mean()) / (n_rows - 2), None


def _share_won(true: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """Share of the other rows from which each is told apart."""
    true, pred = (_unit_rows(x) for x in as_columns(true, pred))
    n_rows, own = len(true), np.sum(true * pred, axis=1)
    share = np.empty(n_rows)
    size = max(1, _BYTES // (16 * n_rows))
    for start in range(0, n_rows, size):
        at = slice(start, start + size)
        crossed = true[at] @ pred.T + pred[at] @ true.T
        straight = own[at, None] + own
        # What is equal but for rounding is a tie; each row ties with itself once.
        tied = np.abs(straight - crossed) <= 1e-12
        won = (straight > crossed) & ~tied
        share[at] = (won.sum(axis=1) + 0.5 * (tied.sum(axis=1) - 1)) / max(n_rows - 1, 1)
    return share


@metric(direction="up", range=(0, 1), kinds=_KINDS, chance=one_half, terms=two_v_two_of_rows)
def two_v_two(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of pairs of rows whose two answers lie nearer to their own than crossed over (2V2).

    A pair is won where the cosine distances of both answers to their own rows sum to less than
    those to each other's. A tie counts one half, so that answers without likeness score chance
    (published code counts it as lost). Average the repeats of a stimulus before: between two of
    them there is nothing to win.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_targets)

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        If there is one row.

    References
    ----------
    Mitchell et al. 2008, doi 10.1126/science.1152876; Oota et al. 2022, Visio-Linguistic Brain
    Encoding, https://aclanthology.org/2022.coling-1.11.
    """
    del scores, rows, gallery
    if len(true) < 2:
        raise DataError("one row makes no pair; score several together")
    return float(np.mean(_share_won(true, pred)))


def explained_variance_of_targets(true: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """`explained_variance` of each target; NaN where its truth is constant."""
    true, pred = as_columns(true, pred)
    left = true - pred
    return 1 - share_of_variance(np.sum((left - left.mean(axis=0)) ** 2, axis=0), true)


@metric(
    direction="up",
    range=(-np.inf, 1),
    kinds=("value", *_KINDS),
    chance=zero,
    of_targets=explained_variance_of_targets,
    bounded_by="r2",
)
def explained_variance(true, pred, *, scores=None, rows=None, gallery=None):
    """Share of the truth's variance that residuals have not: one less their variance over its.

    It ignores how far answers lie off on average, so it is never below `r2`; a model that says the
    mean of other rows scores 0. Of vectors, the plain mean over targets.

    Parameters
    ----------
    true, pred : ndarray, shape (n,) or (n, n_targets)

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        If there is one row, or the truth is constant in every target.
    """
    del scores, rows, gallery
    true, pred = as_columns(true, pred)
    hold_to_varying(true, "truth is")
    return float(np.nanmean(explained_variance_of_targets(true, pred)))


def _unit_rows(X: np.ndarray) -> np.ndarray:
    """Give rows length 1; a row of zeros stays, and has the cosine 0 to all."""
    length = np.linalg.norm(X, axis=1, keepdims=True)
    return np.divide(X, length, out=np.zeros_like(X), where=length > 0)
