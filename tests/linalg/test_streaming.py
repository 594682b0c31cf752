"""Windows of a stream against windows that are cut."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.covariance import covariances
from neurodecode.linalg.lagged import lagged_covariances
from neurodecode.linalg.streaming import StreamingCovariance

ESTIMATORS = ["scm", "cov", "oas", "lwf"]


def recorded(n_channels, n_times, seed=0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(n_channels, n_channels))
    return mixing @ rng.normal(size=(n_channels, n_times)) + rng.normal(size=(n_channels, 1))


def cut(x, n_window, n_hop):
    return np.lib.stride_tricks.sliding_window_view(x, n_window, axis=-1)[:, ::n_hop].swapaxes(0, 1)


def streamed(stream, x, borders=()):
    return np.concatenate([stream.push(part) for part in np.split(x, sorted(borders), axis=1)])


def check_equal(ours, expected):
    size = np.abs(expected).max((-2, -1), keepdims=True)
    assert ours.shape == expected.shape
    assert np.max(np.abs(ours - expected) / size, initial=0) < 1e-12


windows = {
    "seed": st.integers(0, 2**32 - 1),
    "n_window": st.integers(3, 40),
    "n_hop": st.integers(1, 50),
    "borders": st.lists(st.integers(0, 160), max_size=30),
    "estimator": st.sampled_from(ESTIMATORS),
}


@given(**windows)
def test_windows_are_those_that_are_cut_however_chunks_fall(
    seed, n_window, n_hop, borders, estimator
):
    x = recorded(3, 160, seed)
    whole = StreamingCovariance(3, n_window, n_hop, estimator).push(x)
    check_equal(whole, covariances(cut(x, n_window, n_hop), estimator))
    chunks = streamed(StreamingCovariance(3, n_window, n_hop, estimator), x, borders)
    np.testing.assert_array_equal(chunks, whole)  # bit by bit


@given(**windows, order=st.integers(2, 3), lag=st.integers(1, 4), full=st.booleans())
def test_embedded_windows_are_those_that_are_cut(
    seed, n_window, n_hop, borders, estimator, order, lag, full
):
    edge = "full" if full else "reference"
    n_window += 3 * 4 + 3 * 2
    x = recorded(2, 160, seed)
    expected = lagged_covariances(
        cut(x, n_window, n_hop), order, lag, edge=edge, estimator=estimator
    )
    stream = StreamingCovariance(2, n_window, n_hop, estimator, order=order, lag=lag, edge=edge)
    check_equal(streamed(stream, x, borders), expected)


@pytest.mark.parametrize(("n_window", "n_hop", "order"), [(20, 5, 1), (21, 5, 1), (30, 5, 3)])
def test_a_window_comes_with_its_last_sample_and_sees_none_after(n_window, n_hop, order):
    x = recorded(2, 60)
    stream = StreamingCovariance(2, n_window, n_hop, order=order, lag=2)
    counts = [len(stream.push(x[:, i : i + 1])) for i in range(60)]
    expected = [int(i >= n_window - 1 and (i + 1 - n_window) % n_hop == 0) for i in range(60)]
    assert counts == expected


@pytest.mark.parametrize("stop", [0, 3, 19, 47, 112])
def test_it_goes_on_from_a_saved_state(stop):
    x = recorded(3, 200)
    whole = StreamingCovariance(3, 22, 5, "lwf").push(x)
    before = StreamingCovariance(3, 22, 5, "lwf")
    first = before.push(x[:, :stop])
    after = StreamingCovariance(3, 22, 5, "lwf")
    after.push(x)  # what it holds is forgotten
    after.load_state_dict(before.state_dict())
    before.push(x)  # what was saved is no view of it
    np.testing.assert_array_equal(np.concatenate([first, after.push(x[:, stop:])]), whole)


def test_a_state_is_of_numbers_and_arrays_that_files_hold(tmp_path):
    stream = StreamingCovariance(3, 22, 5)
    stream.push(recorded(3, 61))
    state = stream.state_dict()
    arrays = {name: one for name, one in state.items() if isinstance(one, np.ndarray)}
    np.savez(tmp_path / "state.npz", allow_pickle=False, **arrays)
    rest = json.loads(json.dumps({k: v for k, v in state.items() if k not in arrays}))
    again = StreamingCovariance(3, 22, 5)
    with np.load(tmp_path / "state.npz", allow_pickle=False) as loaded:
        again.load_state_dict({**rest, **loaded})
    x = recorded(3, 40, seed=1)
    np.testing.assert_array_equal(again.push(x), stream.push(x))


def test_a_state_of_other_windows_is_refused():
    state = StreamingCovariance(3, 22, 5).state_dict()
    with pytest.raises(ConfigError, match=r"a state of \(3, 22, 5.*stream is of \(3, 22, 4"):
        StreamingCovariance(3, 22, 4).load_state_dict(state)


def test_reset_forgets():
    x = recorded(3, 100)
    stream = StreamingCovariance(3, 22, 5)
    stream.push(1e9 * x[:, :57])
    stream.reset()
    np.testing.assert_array_equal(stream.push(x), StreamingCovariance(3, 22, 5).push(x))


def test_a_chunk_that_is_refused_leaves_no_trace():
    x = recorded(3, 100)
    stream, other = StreamingCovariance(3, 22, 5), StreamingCovariance(3, 22, 5)
    stream.push(x[:, :40]), other.push(x[:, :40])
    bad = x[:, 40:60].copy()
    bad[1, 7] = np.inf
    with pytest.raises(DataError, match=r"channel 1 is not finite at sample 7 of the chunk.*reset"):
        stream.push(bad)
    with pytest.raises(DataError, match=r"chunk of shape \(2, 20\), and 3 channels"):
        stream.push(x[:2, :20])
    np.testing.assert_array_equal(stream.push(x[:, 40:]), other.push(x[:, 40:]))


def far_from(recomputed, ours):
    size = np.abs(recomputed).max((-2, -1), keepdims=True)
    return np.max(np.abs(ours - recomputed) / size)


def long_run(n_hops, drift):
    """Stream hops with artefacts of 1e5 and give the largest error of clean windows."""
    rng = np.random.default_rng(0)
    n_hop, m, worst = 4, 5, 0.0
    stream = StreamingCovariance(3, m * n_hop, n_hop, "scm")
    kept = np.zeros((3, 0))
    for start in range(0, n_hops, 1000):
        x = rng.normal(size=(3, 1000 * n_hop)) + drift * (start + np.arange(1000).repeat(n_hop))
        x[:, 1603:1623] *= 1e5
        made = stream.push(x)
        x = np.concatenate([kept, x], axis=1)
        recomputed = covariances(cut(x, m * n_hop, n_hop), "scm")
        assert made.shape == recomputed.shape
        worst = max(worst, far_from(recomputed, made))
        kept = x[:, -(m - 1) * n_hop :]
    return worst


@pytest.mark.parametrize("n_hops", [3000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_rounding_does_not_gather_over_hops(n_hops):
    # Two roundings of the products' sum; a recursion would be at 1e-6 after the first artefact.
    assert long_run(n_hops, drift=0) < 2e-15


def test_a_drift_out_of_range_is_followed():
    # To 3e4 standard deviations: about the first sample's origin squares would lose 9 digits.
    assert long_run(3000, drift=10) < 1e-11


def test_memory_is_bounded():
    import pickle

    stream, x = StreamingCovariance(3, 22, 5), recorded(3, 500)
    stream.push(x)
    size = len(pickle.dumps(stream))
    for _ in range(20):
        stream.push(x)
    assert len(pickle.dumps(stream)) <= size + 100


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"n_channels": 0}, "n_channels: 0"),
        ({"n_window": 1}, r"windows of 1 sample"),
        ({"n_hop": 0}, r"every 0"),
        ({"estimator": "sch"}, "'sch' is not made for windows that slide"),
        ({"order": 0}, "order: 0"),
        ({"order": 4, "lag": 3, "estimator": "cov"}, "order 4 of lag 3 leaves 8 samples .* 12"),
    ],
)
def test_misuse_is_named(arguments, named):
    given = {"n_channels": 3, "n_window": 20, "n_hop": 5, **arguments}
    with pytest.raises((ConfigError, DataError), match=named):
        StreamingCovariance(**given)
