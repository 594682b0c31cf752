"""Rotations that bring matrices, or vectors, onto others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm, logm

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.procrustes import _euclid, _riemann, rotation, turned, vector_rotation

METRICS = ("riemann", "logeuclid", "euclid")


def matrices(k, n, rng, size=1.0):
    A = rng.normal(size=(k, n, n)) * size / np.sqrt(n)
    return np.stack([expm((one + one.T) / 2) for one in A])


def orthogonal(n, rng):
    return np.linalg.qr(rng.normal(size=(n, n)))[0]


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 7), k=st.integers(1, 4))
def test_a_planted_rotation_is_undone(metric, seed, n, k):
    rng = np.random.default_rng(seed)
    X, R = matrices(k, n, rng), orthogonal(n, rng)
    found = rotation(X, R @ X @ R.T, metric)
    np.testing.assert_allclose(found.value @ found.value.T, np.eye(n), atol=1e-10)
    assert found.converged
    # Minima that differ by less than 1e-9 of the squared sizes count as one: 3e-5 of the sizes.
    left = found.value @ X @ found.value.T - R @ X @ R.T
    assert np.linalg.norm(left) < 1e-4 * np.linalg.norm(X)


@pytest.mark.parametrize(("metric", "make"), [("riemann", _riemann), ("euclid", _euclid)])
def test_the_gradient_is_the_change_of_the_loss(metric, make):
    rng = np.random.default_rng(0)
    loss = make(matrices(3, 5, rng), matrices(3, 5, rng), np.array([0.2, 0.3, 0.5]))
    Q, skew, h = orthogonal(5, rng), rng.normal(size=(5, 5)), 1e-5
    skew = skew - skew.T
    change = (loss(expm(h * skew) @ Q)[0] - loss(expm(-h * skew) @ Q)[0]) / (2 * h)
    assert np.sum(loss(Q)[1] * skew) == pytest.approx(change, rel=1e-6)  # of the order of h²


@pytest.mark.parametrize("metric", METRICS)
def test_the_loss_is_that_of_the_metric_and_no_neighbour_has_less(metric):
    rng = np.random.default_rng(1)
    X, Y, w = matrices(3, 5, rng), matrices(3, 5, rng), np.array([1.0, 2.0, 3.0])

    def left(Q):
        moved = Q @ X @ Q.T
        if metric == "riemann":
            each = [np.real(logm(np.linalg.solve(b, a))) for a, b in zip(moved, Y, strict=True)]
            squares = [np.trace(one @ one) for one in each]
        elif metric == "logeuclid":
            squares = [np.sum((logm(a) - logm(b)) ** 2) for a, b in zip(moved, Y, strict=True)]
        else:
            squares = np.sum((moved - Y) ** 2, axis=(1, 2))
        return np.average(squares, weights=w)

    found = rotation(X, Y, metric, weights=w)
    assert found.loss == pytest.approx(left(found.value), rel=1e-8)
    for _ in range(10):
        skew = rng.normal(size=(5, 5)) * 1e-2
        assert left(expm(skew - skew.T) @ found.value) > found.loss


def test_where_nothing_is_turned_nothing_turns():
    X = matrices(2, 4, np.random.default_rng(0))
    np.testing.assert_array_equal(rotation(X, X).value, np.eye(4))
    np.testing.assert_array_equal(rotation(np.eye(4)[None], np.eye(4)[None]).value, np.eye(4))


def test_a_search_that_ends_too_soon_says_so():
    rng = np.random.default_rng(0)
    found = rotation(matrices(3, 6, rng), matrices(3, 6, rng), max_iter=2)
    assert not found.converged and found.n_iter == 2 and found.grad_norm > 0


def test_what_cannot_be_turned_is_named():
    X = matrices(2, 4, np.random.default_rng(0))
    with pytest.raises(ConfigError, match="metric 'wasserstein' has no rotation"):
        rotation(X, X, "wasserstein")  # pyright: ignore[reportArgumentType] (the test's point)
    with pytest.raises(DataError, match=r"shape \(2, 4, 4\) cannot be brought .* \(1, 4, 4\)"):
        rotation(X, X[:1])


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), n=st.integers(3, 9), k=st.integers(1, 3))
def test_vectors_are_turned_and_what_they_do_not_tell_of_stays(seed, n, k):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(k, n))
    B = A @ orthogonal(n, rng)
    basis, turn = vector_rotation(A, B)
    np.testing.assert_allclose(turn @ turn.T, np.eye(len(turn)), atol=1e-9)
    np.testing.assert_allclose(turned(A, basis, turn), B, atol=1e-8)
    other = rng.normal(size=(5, n))
    apart = other - other @ basis @ basis.T
    np.testing.assert_allclose(turned(apart, basis, turn), apart, atol=1e-9)
    # A rotation keeps lengths and angles.
    moved = turned(other, basis, turn)
    np.testing.assert_allclose(moved @ moved.T, other @ other.T, atol=1e-8)


def test_equal_vectors_are_not_turned():
    A = np.random.default_rng(0).normal(size=(2, 5))
    basis, turn = vector_rotation(A, A)
    np.testing.assert_allclose(turn, np.eye(2), atol=1e-12)
    basis, turn = vector_rotation(np.zeros((2, 5)), np.zeros((2, 5)))
    np.testing.assert_array_equal(turned(A, basis, turn), A)
