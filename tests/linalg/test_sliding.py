"""Windows that slide against windows that are cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg import sliding
from neurodecode.linalg.covariance import covariances
from neurodecode.linalg.sliding import sliding_covariances, window_sums

ESTIMATORS = ["scm", "cov", "oas", "lwf"]


def recorded(*shape, seed=0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(shape[-2], shape[-2]))
    return mixing @ rng.normal(size=shape) + rng.normal(size=(*shape[:-1], 1))


def cut(x, n_window, n_hop):
    windows = np.lib.stride_tricks.sliding_window_view(x, n_window, axis=-1)
    return np.moveaxis(windows[..., ::n_hop, :], -2, -3)


def check_equal(ours, expected):
    size = np.abs(expected).max((-2, -1), keepdims=True)
    assert ours.shape == expected.shape
    assert np.max(np.abs(ours - expected) / size) < 1e-12


@given(
    seed=st.integers(0, 2**32 - 1),
    n_window=st.integers(3, 40),
    n_hop=st.integers(1, 50),
    more=st.integers(0, 120),
    estimator=st.sampled_from(ESTIMATORS),
)
def test_windows_are_those_that_are_cut(seed, n_window, n_hop, more, estimator):
    # Hops that divide a window, that do not, that are longer; a rest after the last window.
    x = recorded(3, n_window + more, seed=seed)
    expected = covariances(cut(x, n_window, n_hop), estimator)
    check_equal(sliding_covariances(x, n_window, n_hop, estimator), expected)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(("n_window", "n_hop"), [(20, 5), (21, 5), (4, 7)])
def test_in_parts_of_any_size_and_of_several_recordings(estimator, n_window, n_hop, monkeypatch):
    x = recorded(2, 3, 4, 203)
    monkeypatch.setattr(sliding, "BLOCK", 1)  # as few windows at once as may be
    ours = sliding_covariances(x, n_window, n_hop, estimator)
    check_equal(ours, covariances(cut(x, n_window, n_hop), estimator))
    np.testing.assert_array_equal(ours, ours.mT)


@given(st.integers(1, 70), st.integers(0, 20))
def test_doubling_sums_any_number(m, more):
    pieces = np.random.default_rng(m).normal(size=(m + more, 2))
    expected = cut(pieces.T, m, 1).sum(-1)
    np.testing.assert_allclose(window_sums(pieces, m), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_artefact_is_gone_with_its_last_window(dtype):
    # A running total would carry it on: 1e10 of squares takes all digits of float32.
    x = recorded(3, 2000).astype(dtype)
    clean = sliding_covariances(x[:, 1000:], 50, 5)
    x[:, 300:320] = 1e5
    after = sliding_covariances(x, 50, 5)[200:]
    tolerance = 100 * np.finfo(dtype).eps
    assert after.dtype == dtype
    np.testing.assert_allclose(after, clean, rtol=tolerance, atol=tolerance * np.abs(clean).max())


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_step_costs_nothing(estimator):
    x = recorded(2, 3, 600)
    x[1, 0, 300:] += 1e6
    check_equal(
        sliding_covariances(x, 50, 7, estimator), covariances(cut(x, 50, 7), estimator)
    )  # fmt: skip


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_an_offset_far_above_the_signal_costs_little(estimator):
    # 1e6 × 1e-16 of each value is gone before anything is computed.
    x = recorded(3, 400)
    np.testing.assert_allclose(
        sliding_covariances(x + 1e6, 50, 7, estimator),
        sliding_covariances(x, 50, 7, estimator), rtol=1e-8, atol=1e-8,
    )  # fmt: skip


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_single_precision_holds_in_teslas(estimator):
    x = recorded(4, 300)
    single = sliding_covariances((1e-13 * x).astype(np.float32), 40, 8, estimator)
    assert single.dtype == np.float32
    np.testing.assert_allclose(
        single * 1e26, sliding_covariances(x, 40, 8, estimator), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_tensors_give_the_tensors_of_the_arrays(estimator):
    torch = pytest.importorskip("torch")
    x = recorded(2, 3, 100)
    for n_window, n_hop in ((20, 5), (21, 5), (4, 7)):
        C = sliding_covariances(torch.from_numpy(x), n_window, n_hop, estimator)
        check_equal(C.numpy(), sliding_covariances(x, n_window, n_hop, estimator))


def test_memory_is_that_of_the_result(monkeypatch):
    import tracemalloc

    x = recorded(4, 60_000)
    tracemalloc.start()
    C = sliding_covariances(x, 1000, 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # A few parts in hand; the windows, cut, would be 190 MB.
    assert peak - C.nbytes < 8 * sliding.BLOCK


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((101, 5), "100 samples has no window of 101"),
        ((1, 5), r"windows of 1 sample\(s\) every 5"),
        ((20, 0), r"windows of 20 sample\(s\) every 0"),
        ((20, 5, "sch"), r"'sch' is not made for windows that slide\. Use one of scm"),
        ((20, 5, "ledoit"), "'ledoit' is no estimator of covariances"),
    ],
)
def test_misuse_is_named(arguments, named):
    with pytest.raises((ConfigError, DataError), match=named):
        sliding_covariances(recorded(3, 100), *arguments)


def test_a_value_that_is_no_number_is_named():
    x = recorded(3, 100)
    x[2, 57] = np.nan
    with pytest.raises(DataError, match=r"channel 2 is not finite at sample 57"):
        sliding_covariances(x, 20, 5)
