"""Delay embeddings: which order and lag unfold the dynamics of recorded series."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.spatial import KDTree

from neurodecode.core.errors import DataError
from neurodecode.linalg.mutual_information import first_minimum, self_information

Method = Literal["mdop", "afnn"]
MAX_CYCLES = 50
# Differences whose logarithms are summed are first multiplied by sixteens: standardised series
# differ by 1e-16 at least, and 1e-256 is still a number.
_GROUP = 16


@dataclass(frozen=True)
class Embedding:
    """A delay embedding of equal steps.

    Parameters
    ----------
    order : int
        Copies of each series, the undelayed one among them.
    lag : int
        Samples from one copy to the next.
    """

    order: int
    lag: int


def select_embedding(X: np.ndarray, method: Method = "mdop") -> Embedding:
    """Choose the order and lag of an embedding from trials; labels have no part in it.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_series, n_times)
    method : {"mdop", "afnn"}
        ``mdop`` maximises derivatives on the projection and averages what the trials choose;
        ``afnn`` averages over trials and series the mutual information of delays, whose first
        minimum is the lag, and Cao's ratio of neighbour distances, whose first maximum is the
        order.

    Returns
    -------
    embedding : Embedding
        Order and lag are 1 at least.

    Raises
    ------
    DataError
        If trials are too short, or a series of a trial does not vary.

    References
    ----------
    Nichkawde 2013, doi 10.1103/PhysRevE.87.022905 (mdop); Cao 1997,
    doi 10.1016/S0167-2789(97)00118-8 (afnn); Carrara & Papadopoulo 2024,
    doi 10.1088/1741-2552/ad1f1e, who average over trials.
    """
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 3:
        raise DataError(
            f"select_embedding: trials of shape {X.shape}. Give n_trials × n_series × n_times."
        )
    scale = X.std(axis=-1, keepdims=True)
    if (scale == 0).any():
        trial, series, _ = (int(one) for one in np.argwhere(scale == 0)[0])
        raise DataError(
            f"select_embedding: series {series} of trial {trial} does not vary, so it has no "
            "dynamics. Drop it."
        )
    X = (X - X.mean(axis=-1, keepdims=True)) / scale
    return _MDOP_OR_AFNN[method](X)


def maximal_derivative_delays(
    x: np.ndarray, *, max_delay: int = 50, max_fraction: float = 0.05, ratio: float = 2.0
) -> list[int]:
    """Delays whose coordinates, added one by one, spread neighbours most.

    Parameters
    ----------
    x : ndarray, shape (n_series, n_times)
        Of zero mean and unit deviation.
    max_delay : int
        Largest delay that is tried, in samples.
    max_fraction : float
        Of false neighbours, at or below which no coordinate is added.
    ratio : float
        Neighbours nearer than its inverse are false if one more coordinate parts them by more than
        this factor.

    Returns
    -------
    delays : list of int
        Of each coordinate, in samples; the first is 0.

    Raises
    ------
    DataError
        If a trial is too short for its largest delay.

    References
    ----------
    Nichkawde 2013, doi 10.1103/PhysRevE.87.022905, eq. 8 and section III.
    """
    n_times = x.shape[1]
    apart = max(first_minimum(one) for one in self_information(x, min(100, n_times - 2)))
    # Coordinates cost up to `max_delay` samples, and what is tried next as many again.
    if n_times - 2 * max_delay < 2 * apart + 3:
        raise DataError(
            f"select_embedding: trials of {n_times} samples are too short for delays of "
            f"{max_delay} and neighbours that are more than {apart} apart. Use longer windows."
        )
    # The first coordinate is the series whose neighbours another spreads most.
    best = max(
        ((*_most_spreading(one[:, None], x, apart, max_delay), i) for i, one in enumerate(x)),
        key=lambda found: found[0],
    )
    _, series, delay, first = best
    Y, delays, fractions = x[first][:, None], [0], [np.inf]
    distance = _neighbours(Y, apart)[1]
    while True:
        delays.append(delay)
        n_left = n_times - max(delays)
        Y = np.column_stack([Y[:n_left], x[series, delay : delay + n_left]])
        spread = _neighbours(Y, apart)[1]
        fraction = _false_neighbours(distance[:n_left], spread, ratio)
        stops = fraction <= max_fraction or fraction > fractions[-1]
        if stops or len(delays) > MAX_CYCLES:
            return delays
        fractions.append(fraction)
        distance = spread
        _, series, delay = _most_spreading(Y, x, apart, max_delay)


def neighbour_ratios(x: np.ndarray, lag: int) -> Iterator[float]:
    """Cao's E1 of a series for dimensions 1, 2, … : how little one more coordinate spreads.

    Parameters
    ----------
    x : ndarray, shape (n_times,)
    lag : int
        Samples between coordinates.

    Yields
    ------
    ratio : float
        Nears 1 once the dimension suffices. Ends where the series is too short for more.

    References
    ----------
    Cao 1997, doi 10.1016/S0167-2789(97)00118-8, eq. 1 to 3, in the Euclidean norm.
    """
    before = None
    for n_dimensions in range(1, len(x)):
        n_left = len(x) - n_dimensions * lag
        if n_left < 3:
            return
        Y = np.column_stack([x[k * lag : k * lag + n_left] for k in range(n_dimensions)])
        neighbour, distance = _neighbours(Y, 0)
        more = x[n_dimensions * lag :]
        used = distance > 0  # a series that repeats itself exactly has no ratio there
        spread = np.sqrt(distance**2 + (more - more[neighbour]) ** 2)
        expansion = float(np.mean(spread[used] / distance[used]))
        if before is not None:
            yield expansion / before
        before = expansion


def _mdop(X: np.ndarray) -> Embedding:
    several = [maximal_derivative_delays(one) for one in X]
    order = round(np.mean([len(delays) for delays in several]))
    lag = round(np.mean([round(np.mean(delays)) for delays in several]))
    return Embedding(max(order, 1), max(lag, 1))


def _afnn(X: np.ndarray, max_lag: int = 30, max_order: int = 30) -> Embedding:
    series = X.reshape(-1, X.shape[-1])
    information = self_information(series, min(max_lag, X.shape[-1] - 2))
    curves = [
        neighbour_ratios(one, first_minimum(mine))
        for one, mine in zip(series, information, strict=True)
    ]
    lag = first_minimum(information.mean(axis=0))
    # Curves are followed together, and no further than to the first maximum of their mean.
    before = -np.inf
    for order in range(1, max_order + 1):
        told = [next(curve, np.nan) for curve in curves]
        if np.isnan(told).all():
            return Embedding(max(order - 1, 1), lag)
        now = float(np.nanmean(told))
        if now <= before:
            return Embedding(order - 1, lag)
        before = now
    return Embedding(max_order, lag)


_MDOP_OR_AFNN = {"mdop": _mdop, "afnn": _afnn}


def _neighbours(Y: np.ndarray, apart: int) -> tuple[np.ndarray, np.ndarray]:
    """Nearest neighbour in space of each point, more than `apart` away in time; and how far.

    The tree is asked for more neighbours where all of those it gave are near in time; of
    2 * apart + 2 one is far.
    """
    tree, n_points = KDTree(Y), len(Y)
    neighbour, distance = np.empty(n_points, dtype=np.intp), np.empty(n_points)
    open_ones, k = np.arange(n_points), 4
    while len(open_ones) > 0:
        k = min(k, n_points, 2 * apart + 2)
        how_far, which = map(np.asarray, tree.query(Y[open_ones], k=k))
        far = np.abs(which - open_ones[:, None]) > apart
        first, found = far.argmax(axis=1), far.any(axis=1)
        done = np.flatnonzero(found)
        neighbour[open_ones[done]] = which[done, first[done]]
        distance[open_ones[done]] = how_far[done, first[done]]
        open_ones, k = open_ones[~found], 4 * k
    return neighbour, distance


def _most_spreading(
    Y: np.ndarray, x: np.ndarray, apart: int, max_delay: int
) -> tuple[float, int, int]:
    """Score, series and delay of the coordinate that spreads the neighbours in Y most."""
    n_points = len(Y) - max_delay
    neighbour, distance = _neighbours(Y[:n_points], apart)
    apart_in_space = distance > 0
    here, there = np.flatnonzero(apart_in_space), neighbour[apart_in_space]
    if len(here) == 0:
        return -np.inf, 0, 0
    # (n_series, n_points, n_delays): what each series says of each point, and of its neighbour.
    delayed = np.lib.stride_tricks.sliding_window_view(x, max_delay + 1, axis=1)
    differences = delayed[:, there]
    differences -= delayed[:, here]
    score = _mean_log(differences, distance[here])
    series, delay = np.unravel_index(np.argmax(score), score.shape)
    return float(score[series, delay]), int(series), int(delay)


def _mean_log(differences: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Mean over points of log10(|difference| / distance); differences of zero are left out.

    Parameters
    ----------
    differences : ndarray, shape (n_series, n_points, n_delays)
    distance : ndarray, shape (n_points,)
        Above zero.

    Returns
    -------
    mean : ndarray, shape (n_series, n_delays)
        Minus infinity where all differences are zero.
    """
    n_points = len(distance)
    starts = np.arange(0, n_points, _GROUP)
    products = np.abs(np.multiply.reduceat(differences, starts, axis=1))
    logs = np.log10(distance)
    if products.all():
        return (np.log10(products).sum(axis=1) - logs.sum()) / n_points
    zero = differences == 0
    count = n_points - zero.sum(axis=1)
    products = np.abs(np.multiply.reduceat(np.where(zero, 1, differences), starts, axis=1))
    total = np.log10(products).sum(axis=1) - logs.sum() + np.einsum("spd,p->sd", zero, logs)
    return np.where(count > 0, total / np.maximum(count, 1), -np.inf)


def _false_neighbours(before: np.ndarray, after: np.ndarray, ratio: float) -> float:
    """Fraction of near neighbours that one more coordinate parts; 1 where it parts none.

    Where none is parted the distances say nothing (the reference's rule): mostly none was near.
    """
    near = before < 1 / ratio
    n_parted = np.count_nonzero(near & (after > ratio * before))
    return n_parted / np.count_nonzero(near) if n_parted > 0 else 1.0
