"""Kendall's correlations against scipy's and against counting all pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import kendalltau

from neurodecode.linalg.kendall import kendall, tied_pairs

LEVELS = st.integers(2, 70).flatmap(
    lambda n: arrays(np.int64, (2, n), elements=st.integers(0, 9)).map(lambda X: X.astype(float))
)


def counted(x, y):
    first, second = np.triu_indices(len(x), 1)
    return np.sum(np.sign(x[first] - x[second]) * np.sign(y[first] - y[second])) / len(first)


@given(X=LEVELS)
def test_a_is_the_mean_product_of_signs_of_all_pairs(X):
    assert kendall(X[:1], X[1:])[0, 0] == counted(*X)


@pytest.mark.parametrize("levels", [3, 40, 10**9])
@pytest.mark.parametrize("n", [15, 16, 17, 1128])
def test_b_is_scipys_and_a_follows_from_its_ties(levels, n):
    rng = np.random.default_rng(0)
    one, other = rng.integers(levels, size=(2, n)).astype(float), rng.normal(size=(3, n))
    other[0] = rng.integers(levels, size=n)
    b = np.array([[kendalltau(x, y, method="asymptotic")[0] for y in other] for x in one])
    np.testing.assert_allclose(kendall(one, other, "b"), b, rtol=0, atol=1e-14)
    # tau-a = tau-b sqrt((N2 - t_x)(N2 - t_y)) / N2, t of tied pairs and N2 of all.
    n_pairs = n * (n - 1) / 2
    untied = np.sqrt(np.outer(n_pairs - tied_pairs(one), n_pairs - tied_pairs(other)))
    np.testing.assert_allclose(kendall(one, other), b * untied / n_pairs, rtol=0, atol=1e-14)


def test_many_vectors_are_counted_as_one_by_one():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(5, 30_000))  # more than are taken at once
    together = kendall(X, X)
    np.testing.assert_array_equal(np.diag(together), 1)
    assert together[1, 4] == kendall(X[1:2], X[4:])[0, 0]


def test_longer_vectors_than_16_bits_can_number():
    x = np.arange(70_000.0)
    assert kendall(x[None], np.stack([x, -x, x // 2])).ravel() == pytest.approx(
        [1, -1, 1 - 35_000 / (70_000 * 69_999 / 2)], abs=1e-15
    )


def test_a_constant_vector_has_no_order():
    X = np.stack([np.arange(6.0), np.ones(6)])
    assert kendall(X[:1], X)[0, 1] == 0
    assert np.isnan(kendall(X[:1], X, "b")[0, 1])
