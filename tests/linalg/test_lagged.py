"""Lag blocks against the covariance of an embedding that is made."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg import lagged
from neurodecode.linalg.covariance import covariances
from neurodecode.linalg.lagged import (
    covariances_of_orders,
    delayed_covariances,
    lagged_covariances,
    n_columns,
    toeplitz_covariances,
)


def recorded(*shape, seed=0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(shape[-2], shape[-2]))
    return mixing @ rng.normal(size=shape) + rng.normal(size=(*shape[:-1], 1))


def embedded(X, lags, n):
    return np.concatenate([X[..., lag : lag + n] for lag in lags], axis=-2)


def published(X, order, lag):
    """Embed as the paper's code slices: columns jτ to the end less (p - j)τ."""
    if order == 1:
        return X
    return np.concatenate([X[..., j * lag : -(order - j) * lag] for j in range(order)], axis=-2)


def check_equal(ours, expected):
    size = np.abs(expected).max((-2, -1), keepdims=True)
    assert ours.shape == expected.shape
    assert np.max(np.abs(ours - expected) / size) < 1e-12


@given(
    seed=st.integers(0, 2**32 - 1),
    order=st.integers(1, 6),
    lag=st.integers(1, 9),
    n_channels=st.integers(1, 4),
    spare=st.integers(1, 60),
)
def test_blocks_are_those_of_the_published_embedding(seed, order, lag, n_channels, spare):
    # From trials so short that windows share no sample to long ones.
    n_times = order * lag + order * n_channels + spare
    X = recorded(2, n_channels, n_times, seed=seed)
    E = published(X, order, lag)
    assert n_columns(n_times, order, lag) == E.shape[-1]
    check_equal(lagged_covariances(X, order, lag), np.stack([np.atleast_2d(np.cov(e)) for e in E]))


@pytest.mark.parametrize("estimator", ["scm", "cov", "corr", "oas", "lwf"])
@pytest.mark.parametrize("n_times", [60, 25])
def test_all_edges_and_estimators(estimator, n_times):
    X = recorded(2, 3, 2, n_times)
    full = n_times - 2 * 4
    E = embedded(X, (0, 4, 8), full)
    C = lagged_covariances(X, 3, 4, edge="full", estimator=estimator)
    check_equal(C, covariances(E, estimator))
    assert n_columns(n_times, 3, 4, "full") == full


@pytest.mark.parametrize("edge", ["reference", "full"])
@pytest.mark.parametrize("n_times", [200, 30])
def test_orders_at_once_are_those_alone(edge, n_times):
    X = recorded(3, 2, n_times)
    together = covariances_of_orders(X, (4, 1, 2), 3, edge=edge)
    for order, C in zip((4, 1, 2), together, strict=True):
        check_equal(C, lagged_covariances(X, order, 3, edge=edge))


def test_order_one_is_the_covariance():
    X = recorded(5, 3, 80)
    check_equal(lagged_covariances(X, 1, 7), covariances(X, "cov"))


def test_a_batch_is_its_trials(monkeypatch):
    X = recorded(7, 3, 50)
    whole = lagged_covariances(X, 3, 2)
    monkeypatch.setattr(lagged, "BLOCK", 1)  # one trial at a time
    np.testing.assert_array_equal(lagged_covariances(X, 3, 2), whole)
    np.testing.assert_array_equal(lagged_covariances(X[4], 3, 2), whole[4])


@pytest.mark.parametrize("edge", ["reference", "full"])
@pytest.mark.parametrize("lags", [(0,), (0, 3, 11), (5, 0, 1)])
def test_delays_are_any(edge, lags):
    X = recorded(4, 2, 60)
    E = embedded(X, lags, 60 - max(lags) - (edge == "reference"))
    check_equal(delayed_covariances(X, lags, edge=edge), np.stack([np.cov(e) for e in E]))
    check_equal(delayed_covariances(X, lags, edge=edge, estimator="lwf"), covariances(E, "lwf"))


def test_toeplitz_blocks_are_alike_and_no_eigenvalue_is_negative():
    X = recorded(3, 2, 40)
    C = toeplitz_covariances(X, 5, 3).reshape(3, 5, 2, 5, 2)
    Z = X - X.mean(-1, keepdims=True)
    for j in range(5):
        for k in range(j, 5):
            apart = 3 * (k - j)
            expected = Z[..., : 40 - apart] @ Z[..., apart:].mT / 40
            np.testing.assert_allclose(C[:, j, :, k], expected, rtol=1e-12, atol=1e-14)
            np.testing.assert_array_equal(C[:, k, :, j], C[:, j, :, k].mT)
    # With the number of pairs as divisor, trials as short have eigenvalues below zero.
    assert np.linalg.eigvalsh(C.reshape(3, 10, 10)).min() > -1e-14


@pytest.mark.parametrize("seed", range(3))
def test_mixing_goes_through_to_every_lag(seed):
    rng = np.random.default_rng(seed)
    X, W = recorded(2, 3, 90, seed=seed), rng.normal(size=(3, 3))
    mixing = np.kron(np.eye(4), W)
    check_equal(lagged_covariances(W @ X, 4, 2), mixing @ lagged_covariances(X, 4, 2) @ mixing.T)


def test_an_offset_far_above_the_signal_costs_little():
    # 1e-10: the offset alone takes 1e6 × 1e-16 of each value before anything is computed.
    X = recorded(2, 3, 300)
    C = lagged_covariances(X, 3, 4)
    np.testing.assert_allclose(lagged_covariances(X + 1e6, 3, 4), C, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("n_times", [90, 30])
def test_tensors_give_the_tensors_of_the_arrays_and_gradients(n_times):
    torch = pytest.importorskip("torch")
    X = recorded(2, 2, n_times)
    T = torch.from_numpy(X).requires_grad_()
    for ours, expected in zip(
        covariances_of_orders(T, (1, 4), 3, estimator="lwf"),
        covariances_of_orders(X, (1, 4), 3, estimator="lwf"),
        strict=True,
    ):
        check_equal(ours.detach().numpy(), expected)
    (slope,) = torch.autograd.grad(lagged_covariances(T, 3, 2).sum(), T)
    h = np.zeros_like(X)
    h[0, 1, 7] = 1e-6
    sums = [lagged_covariances(X + sign * h, 3, 2).sum() for sign in (1, -1)]
    assert slope[0, 1, 7] == pytest.approx((sums[0] - sums[1]) / 2e-6, rel=1e-6)


def test_single_precision_stays():
    X = recorded(2, 3, 90)
    C = lagged_covariances(X.astype(np.float32), 3, 2)
    assert C.dtype == np.float32
    np.testing.assert_allclose(C, lagged_covariances(X, 3, 2), rtol=1e-4, atol=1e-4)


def test_a_p_fold_copy_is_not_made(monkeypatch):
    import tracemalloc

    X = recorded(40, 4, 4000)  # 5 MB; embedded in order 10, 50
    tracemalloc.start()
    C = lagged_covariances(X, 10, 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - C.nbytes < 2 * lagged.BLOCK < X.nbytes


def test_too_few_samples_are_named_with_the_way_out():
    X = recorded(2, 4, 40)
    # 40 - 3 · 8 = 16 samples of 12 rows; 40 - 4 · 8 = 8 of 16.
    lagged_covariances(X, 3, 8)
    with pytest.raises(DataError, match=r"order 4 of lag 8 leaves 8 samples .* 16 rows.*smaller"):
        lagged_covariances(X, 4, 8)
    assert np.linalg.eigvalsh(lagged_covariances(X, 4, 8, estimator="oas")).min() > 0
    with pytest.raises(DataError, match=r"order 5 of lag 8 leaves 0 sample\(s\)"):
        lagged_covariances(X, 5, 8, estimator="oas")
    with pytest.raises(DataError, match=r"lags of \(0, 39\) leaves 0 sample\(s\)"):
        delayed_covariances(X, (0, 39))
    with pytest.raises(DataError, match=r"order 3 of lag 20 leaves 0 sample\(s\)"):
        toeplitz_covariances(X, 3, 20)


@pytest.mark.parametrize(("order", "lag", "named"), [(0, 1, "order: 0"), (2, 1.5, r"lag: 1\.5")])
def test_what_is_no_count_is_named(order, lag, named):
    with pytest.raises(ConfigError, match=named):
        lagged_covariances(recorded(1, 2, 30), order, lag)


@pytest.mark.parametrize("lags", [(), (0, 0), (0, -1), (0, 2.5)])
def test_delays_that_are_none_are_named(lags):
    with pytest.raises(ConfigError, match=r"lags: .*different whole numbers"):
        delayed_covariances(recorded(1, 2, 30), lags)


def test_a_value_that_is_no_number_is_named():
    X = recorded(3, 2, 60)
    X[1, 0, 59] = np.nan
    with pytest.raises(DataError, match="trial 1: channel 0 is not finite at sample 59"):
        lagged_covariances(X, 2, 3, edge="full")
