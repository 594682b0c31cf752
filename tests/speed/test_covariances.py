"""Covariances beside pyriemann's, and beside the plain numpy that a careful user would write.

One process, one thread, both sides in turn; medians of CPU time; results are held equal. What
bounds each further, by measurement:

- batches: the product of each trial with itself (two thirds), then centring;
- sliding windows: additions of matrices, which is the bandwidth of the cache;
- a streamed hop: twenty calls of numpy at 22 channels, products and passes over matrices at 64;
- delay embeddings: products of channels (a third) and the memory of the results (a third).
"""

import tracemalloc
from statistics import median

import numpy as np
import pyriemann
import pytest
from pyriemann.geometry.covariance import covariances as theirs
from side_by_side import seconds

from neurodecode.linalg.covariance import covariances
from neurodecode.linalg.lagged import covariances_of_orders
from neurodecode.linalg.sliding import sliding_covariances
from neurodecode.linalg.streaming import StreamingCovariance

SFREQ, N_WINDOW, N_HOP = 250, 500, 25


def recorded(*shape):
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(shape[-2], shape[-2]))
    return mixing @ rng.normal(size=shape) + rng.normal(size=(*shape[:-1], 1))


def compared(ours, peers, n_repeats=5):
    """Give how many times as long each peer takes; results are equal to 1e-12."""
    took = {name: [] for name in ("ours", *peers)}
    for _ in range(n_repeats + 1):  # the first warms memory
        spent, mine = seconds(ours)
        took["ours"].append(spent)
        for name, peer in peers.items():
            spent, other = seconds(peer)
            took[name].append(spent)
            for one, two in zip(mine, other, strict=True):
                size = np.abs(two).max()
                np.testing.assert_allclose(one, two, rtol=0, atol=1e-12 * size)
            del other
    middle = {name: median(spent[1:]) for name, spent in took.items()}
    return {name: middle[name] / middle["ours"] for name in peers}


def say(capsys, what, ratios):
    with capsys.disabled():
        found = ", ".join(f"{ratio:.1f} × {name}" for name, ratio in ratios.items())
        print(f"\n{what}: {found} (pyriemann {pyriemann.__version__}, numpy {np.__version__})")


def cut(x):
    windows = np.lib.stride_tricks.sliding_window_view(x, N_WINDOW, axis=1)[:, ::N_HOP]
    return np.ascontiguousarray(windows.swapaxes(0, 1))


def one_product(x):
    epochs = cut(x)
    epochs -= epochs.mean(axis=-1, keepdims=True)
    return epochs @ epochs.mT / N_WINDOW


@pytest.mark.parametrize(
    ("n_channels", "estimator", "bar"),
    [(22, "oas", 8), (22, "lwf", 8), (64, "oas", 4), (64, "lwf", 3.5)],
)
def test_batches(n_channels, estimator, bar, capsys):
    X = recorded(288, n_channels, 500)
    ratios = compared(
        lambda: covariances(X, estimator), {"pyriemann": lambda: theirs(X, estimator)}
    )
    say(capsys, f"batched {estimator}, 288 × {n_channels} × 500", ratios)
    assert ratios["pyriemann"] >= bar


# Minutes of recording: pyriemann needs several times the memory of all windows, cut.
@pytest.mark.parametrize(
    ("n_channels", "minutes", "estimator", "bars"),
    [
        (22, 10, "scm", {"pyriemann": 25, "one product": 4.5}),
        (64, 3, "scm", {"pyriemann": 15, "one product": 2.5}),
        (22, 10, "oas", {"pyriemann": 40}),
        (64, 3, "oas", {"pyriemann": 12}),
    ],
)
def test_sliding_windows(n_channels, minutes, estimator, bars, capsys):
    x = recorded(n_channels, minutes * 60 * SFREQ)
    peers = {"pyriemann": lambda: theirs(cut(x), estimator), "one product": lambda: one_product(x)}
    ratios = compared(
        lambda: sliding_covariances(x, N_WINDOW, N_HOP, estimator),
        {name: peers[name] for name in bars},
        n_repeats=3,
    )
    say(capsys, f"sliding {estimator}, {n_channels} channels, {minutes} min, 2 s / 0.1 s", ratios)
    assert all(ratios[name] >= bar for name, bar in bars.items())


def test_memory_of_sliding_windows(capsys):
    x = recorded(22, 5 * 60 * SFREQ)
    peaks = []
    for function in (
        lambda: sliding_covariances(x, N_WINDOW, N_HOP),
        lambda: theirs(cut(x), "scm"),
    ):
        tracemalloc.start()
        function()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    with capsys.disabled():
        print(f"\nsliding scm, 22 channels: {peaks[0] / peaks[1]:.3f} of pyriemann's memory")
    assert peaks[0] < 0.1 * peaks[1]


def ring(x, n_channels):
    """Give the covariance of each window as a ring buffer would, by pyriemann."""
    held, made = np.zeros((n_channels, N_WINDOW)), []
    for start in range(0, x.shape[1], N_HOP):
        held[:, :-N_HOP] = held[:, N_HOP:]
        held[:, -N_HOP:] = x[:, start : start + N_HOP]
        if start >= N_WINDOW - N_HOP:
            made.append(theirs(held[None], "oas")[0])
    return made


def streamed(x, n_channels):
    stream = StreamingCovariance(n_channels, N_WINDOW, N_HOP)
    made = [stream.push(x[:, i : i + N_HOP]) for i in range(0, x.shape[1], N_HOP)]
    return [one[0] for one in made if len(one)]


@pytest.mark.parametrize("n_channels", [22, 64])
def test_a_streamed_hop(n_channels, capsys):
    x = recorded(n_channels, 500 * N_HOP)
    ratios = compared(lambda: streamed(x, n_channels), {"pyriemann": lambda: ring(x, n_channels)})
    say(capsys, f"streamed hop, oas, {n_channels} channels", ratios)
    assert ratios["pyriemann"] >= 15


def embedded(X, order, lag):
    if order == 1:
        return X
    return np.concatenate([X[..., j * lag : -(order - j) * lag] for j in range(order)], axis=1)


def test_delay_embeddings(capsys):
    X, orders, lags = recorded(96, 22, 500), (1, 2, 3, 4), (1, 2, 4)
    ratios = compared(
        lambda: [C for lag in lags for C in covariances_of_orders(X, orders, lag)],
        {
            "pyriemann": lambda: [
                theirs(embedded(X, order, lag), "cov") for lag in lags for order in orders
            ]
        },
    )
    say(capsys, "12 delay embeddings, 96 × 22 × 500", ratios)
    assert ratios["pyriemann"] >= 3
