"""Embeddings: known systems, and the published rules written out plainly."""

from itertools import islice

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.signal import butter, sosfilt
from sklearn.metrics import mutual_info_score

from neurodecode.core.errors import DataError
from neurodecode.linalg.embedding import (
    Embedding,
    maximal_derivative_delays,
    neighbour_ratios,
    select_embedding,
)
from neurodecode.linalg.mutual_information import first_minimum, self_information


def standardised(x):
    return (x - x.mean(axis=-1, keepdims=True)) / x.std(axis=-1, keepdims=True)


def lorenz(n_times=900, step=0.03):
    def flow(t, s):
        return [10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2]]

    times = 10 + step * np.arange(n_times)
    return solve_ivp(flow, (0, times[-1]), [1.0, 1.0, 1.0], t_eval=times, rtol=1e-8).y


def noisy(n_series, n_times, seed):
    """Rhythms of other periods in noise: smooth enough that neighbours mean something."""
    rng = np.random.default_rng(seed)
    periods = rng.uniform(15, 40, size=(n_series, 1))
    phases = 2 * np.pi * np.arange(n_times) / periods
    return standardised(np.sin(phases + rng.uniform(0, 6)) + 0.2 * rng.normal(size=phases.shape))


def plain_neighbours(Y, apart):
    far = np.linalg.norm(Y[:, None] - Y[None], axis=2)
    n = np.arange(len(Y))
    far[np.abs(n[:, None] - n) <= apart] = np.inf
    return far.argmin(axis=1), far.min(axis=1)


def plain_delays(x, max_delay):
    """Maximal derivatives, rule by rule and one number at a time."""
    n_times = x.shape[1]
    apart = max(first_minimum(one) for one in self_information(x, 100))

    def best(Y):
        found = (-np.inf, 0, 0)
        n = len(Y) - max_delay
        who, how_far = plain_neighbours(Y[:n], apart)
        for b, delay in np.ndindex(len(x), max_delay + 1):
            logs = [
                np.log10(abs(x[b, j + delay] - x[b, who[j] + delay]) / how_far[j])
                for j in range(n)
                if how_far[j] > 0 and x[b, j + delay] != x[b, who[j] + delay]
            ]
            found = max(found, (np.mean(logs), b, delay), key=lambda one: one[0])
        return found

    starts = [(best(one[:, None]), one) for one in x]
    (_, b, delay), first = max(starts, key=lambda one: one[0][0])
    Y, delays, before = first[:, None], [0], np.inf
    while True:
        old = plain_neighbours(Y, apart)[1]
        delays.append(delay)
        n = n_times - max(delays)
        Y = np.column_stack([Y[:n], x[b, delay : delay + n]])
        new = plain_neighbours(Y, apart)[1]
        parted = sum(1 for o, w in zip(old, new, strict=False) if w > 2 * o and o < 0.5)
        false = parted / sum(1 for o in old[:n] if o < 0.5) if parted else 1
        if false <= 0.05 or false > before:
            return delays
        before = false
        _, b, delay = best(Y)


@pytest.mark.parametrize("seed", range(3))
def test_delays_follow_the_rules_of_maximal_derivatives(seed):
    x = noisy(2, 260, seed)
    found = maximal_derivative_delays(x, max_delay=12)
    assert found == plain_delays(x, 12)
    assert len(found) > 1


def test_equal_neighbours_are_left_out():
    x = np.clip(noisy(2, 260, 3), -1.2, 1.2)  # of clipped samples, distances and changes are zero
    assert maximal_derivative_delays(x, max_delay=12) == plain_delays(x, 12)


def test_the_lorenz_system_is_unfolded_by_three_coordinates_or_a_little_more():
    # Its dimension is 2.06: three coordinates may do, five do for certain (Sauer et al. 1991).
    x = standardised(lorenz(2000, 0.02)[:1])
    assert 3 <= len(maximal_derivative_delays(x)) <= 5
    information = self_information(x, 30)[0]
    # Fraser & Swinney find 0.17 for x: between 0.1 and 0.25 whatever the bins.
    assert 0.1 <= 0.02 * first_minimum(information) <= 0.25
    # Cao's ratio is near 1 once the dimension suffices, and far from it before.
    curve = list(islice(neighbour_ratios(standardised(lorenz()[0]), 7), 6))
    assert curve[0] < 0.1 < 0.9 < min(curve[3:])
    assert select_embedding(x[None], "afnn").order >= 3


def test_order_and_lag_are_means_over_trials_of_list_and_delays():
    X = np.stack([noisy(2, 200, seed) for seed in range(4)])
    several = [maximal_derivative_delays(one) for one in standardised(X)]
    order = round(np.mean([len(one) for one in several]))
    lag = round(np.mean([round(np.mean(one)) for one in several]))
    assert select_embedding(X, "mdop") == Embedding(order, lag)
    assert select_embedding(1e-6 * X + 3, "mdop") == Embedding(order, lag)  # of any unit


def test_ratios_are_caos():
    x = noisy(1, 120, 0)[0]
    found = list(neighbour_ratios(x, 9))

    def expansion(d):
        n = len(x) - d * 9
        Y = np.stack([x[k * 9 : k * 9 + n] for k in range(d + 1)], axis=1)
        who, how_far = plain_neighbours(Y[:, :d], 0)
        return np.mean(np.linalg.norm(Y - Y[who], axis=1) / how_far)

    a = [expansion(d) for d in range(1, 14)]
    np.testing.assert_allclose(found, np.array(a[1:]) / a[:-1], rtol=1e-10)


def test_lag_and_order_are_the_first_extremes_of_means():
    X = np.stack([noisy(2, 200, seed) for seed in range(3)])
    series = standardised(X).reshape(-1, 200)
    information = self_information(series, 30)
    curves = [
        list(neighbour_ratios(one, first_minimum(mine)))
        for one, mine in zip(series, information, strict=True)
    ]
    n = min(map(len, curves))
    mean = np.mean([one[:n] for one in curves], axis=0)
    falls = np.flatnonzero(np.diff(mean) <= 0)
    assert len(falls) > 0
    expected = Embedding(int(falls[0]) + 1, first_minimum(information.mean(axis=0)))
    assert select_embedding(X, "afnn") == expected


def test_information_is_that_of_equal_bins():
    x = noisy(2, 333, 0)
    found = self_information(x, 7)
    for one, mine in zip(x, found, strict=True):
        bins = np.argsort(np.argsort(one)) * 16 // 333
        for delay in range(1, 8):
            expected = mutual_info_score(bins[:-delay], bins[delay:]) / np.log(2)
            assert mine[delay - 1] == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("corners", [(8, 12), (8, 35), (13, 30)])
def test_the_first_minimum_is_that_of_gaussian_noise(corners):
    # Of Gaussian series information is -½ log2(1 - ρ²), ρ the correlation at that delay, which
    # the filter's response has.
    sfreq, n = 250, 20_000
    sos = butter(4, corners, "bandpass", fs=sfreq, output="sos")
    response = sosfilt(sos, np.eye(1, 4096)[0])
    covariance = np.correlate(response, response, "full")[4095:]
    exact = -0.5 * np.log2(1 - (covariance[1:31] / covariance[0]) ** 2)
    x = sosfilt(sos, np.random.default_rng(0).normal(size=(1, n)))[:, 1000:]
    assert abs(first_minimum(self_information(x, 30)[0]) - first_minimum(exact)) <= 1


def test_what_cannot_be_embedded_is_named():
    X = np.stack([noisy(2, 200, seed) for seed in range(2)])
    X[1, 0] = 4
    with pytest.raises(DataError, match="series 0 of trial 1 does not vary"):
        select_embedding(X)
    with pytest.raises(DataError, match="trials of 60 samples are too short for delays of 50"):
        select_embedding(X[:1, :, :60])
    with pytest.raises(DataError, match=r"shape \(2, 200\)"):
        select_embedding(X[0])
