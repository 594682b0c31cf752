"""Judging places in a gallery: what each of them is worth, and what it is worth by chance."""

from collections.abc import Callable

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.metrics.metric import Candidates, Retrieval
from neurodecode.metrics.places import Direction, n_candidates, places


def share_below(better: np.ndarray, alike: np.ndarray, n: int) -> np.ndarray:
    """Share of the other candidates that are less like; those that are as like count one half."""
    return (n - better - alike + (alike - 1) / 2) / (n - 1)


def share_strictly_below(better: np.ndarray, alike: np.ndarray, n: int) -> np.ndarray:
    """Share of the other candidates that are less like; those that are as like count nothing."""
    return (n - better - alike) / (n - 1)


def among_first(better: np.ndarray, alike: np.ndarray, n: int) -> np.ndarray:
    """Whether the true one comes first; of k that tie, 1 / k."""
    del n
    return np.clip((1 - better) / alike, 0, 1)


def among_five(better: np.ndarray, alike: np.ndarray, n: int) -> np.ndarray:
    """Share of the orders of the tied in which the true one is among the first five."""
    if n <= 5:
        raise DataError(f"all of {n} pictures are among the first five")
    return np.clip((5 - better) / alike, 0, 1)


def mid_rank(better: np.ndarray, alike: np.ndarray, n: int) -> np.ndarray:
    """Place of the true one, the first being 1; of the tied the mean of their places."""
    del n
    return better + (alike + 1) / 2


def share_before(better: np.ndarray, alike: np.ndarray, n: int) -> np.ndarray:
    """Share of the other candidates that come before the true one; of the tied, half."""
    return (better + (alike - 1) / 2) / (n - 1)


def inverse_rank(better: np.ndarray, alike: np.ndarray, n: int) -> np.ndarray:
    """One over the place of the true one; of the tied the mean over their places."""
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, n + 1))])
    return (harmonic[better + alike] - harmonic[better]) / alike


def terms_of(retrieval: Retrieval) -> Callable[..., tuple[np.ndarray, None]]:
    """Give what each row adds; of pictures that rank brains, the first row of each."""

    def terms(true, pred, *, scores=None, rows=None, gallery=None):
        del scores, rows
        found = places(true, pred, gallery, retrieval.direction)
        values = np.full(len(true), np.nan)
        values[found.row] = retrieval.judge(found.better, found.alike, found.n_candidates)
        return values, None

    return terms


def score_of(retrieval: Retrieval, true, pred, gallery: Candidates) -> float:
    """Mean, or median, of what the rows add."""
    found = places(true, pred, gallery, retrieval.direction)
    return float(retrieval.of(retrieval.judge(found.better, found.alike, found.n_candidates)))


def one_of(direction: Direction) -> Callable[..., float]:
    """Give the chance of being the first: one over the number of candidates."""

    def one_of_candidates(true, prior, gallery=None):
        del prior
        return 1.0 / n_candidates(true, gallery, direction)

    return one_of_candidates


def five_of(direction: Direction) -> Callable[..., float]:
    """Give the chance of being among the first five."""

    def five_of_candidates(true, prior, gallery=None):
        del prior
        return min(1.0, 5 / n_candidates(true, gallery, direction))

    return five_of_candidates


def middle_of_gallery(true: np.ndarray, prior: np.ndarray, gallery: Candidates = None) -> float:
    """Middle of the places in the gallery: half of it, and half a place."""
    del prior
    return (n_candidates(true, gallery, "brain_to_image") + 1) / 2


def mean_inverse_rank(true: np.ndarray, prior: np.ndarray, gallery: Candidates = None) -> float:
    """Mean of one over the place, where each place is as likely."""
    del prior
    n = n_candidates(true, gallery, "brain_to_image")
    return float(np.mean(1 / np.arange(1, n + 1)))
