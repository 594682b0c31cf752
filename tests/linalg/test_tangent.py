import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.distances import distance
from neurodecode.linalg.kernels import kernel
from neurodecode.linalg.tangent import (
    exp_map,
    from_tangent,
    inner_product,
    log_map,
    to_tangent,
    transport,
    unupper,
    upper,
)

sys.path.insert(0, str(Path(__file__).parent))
from spd_made import spd

METRICS = ("riemann", "euclid", "logeuclid", "logchol", "wasserstein")
TRANSPORTED = ("riemann", "euclid", "logeuclid", "logchol")
seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=20)
@given(seed=seeds, n=st.integers(1, 6))
def test_to_the_tangent_space_and_back(seed, n):
    X, R = spd(3, n, seed), spd(1, n, seed + 1)[0]
    close = {"rtol": 0, "atol": 1e-8 * np.abs(X).max()}
    for metric in METRICS:
        np.testing.assert_allclose(exp_map(log_map(X, R, metric), R, metric), X, **close)
    for metric in (*METRICS, "logeuclid_flat"):
        vectors = to_tangent(X, R, metric)
        assert vectors.shape == (3, n * (n + 1) // 2)
        np.testing.assert_allclose(from_tangent(vectors, R, metric), X, **close)


@settings(max_examples=20)
@given(seed=seeds, n=st.integers(1, 6))
def test_lengths_are_distances(seed, n):
    X, R = spd(3, n, seed), spd(1, n, seed + 1)[0]
    for space, metric in (
        ("riemann", "riemann"),
        ("logeuclid_flat", "logeuclid"),
        ("euclid", "euclid"),
    ):
        lengths = np.linalg.norm(to_tangent(X, R, space), axis=-1)
        np.testing.assert_allclose(lengths, distance(X, R, metric), rtol=1e-7)
    for metric in TRANSPORTED:
        V = log_map(X, R, metric)
        lengths = np.sqrt(inner_product(V, V, R, metric))
        np.testing.assert_allclose(lengths, distance(X, R, metric), rtol=1e-6)


@settings(max_examples=20)
@given(seed=seeds, n=st.integers(1, 6))
def test_transport_keeps_lengths_and_comes_back(seed, n):
    A, B = spd(2, n, seed)
    U, V = np.random.default_rng(seed).standard_normal((2, n, n))
    U, V = U + U.T, V + V.T
    for metric in TRANSPORTED:
        U_there, V_there = transport(U, A, B, metric), transport(V, A, B, metric)
        found, expected = inner_product(U_there, V_there, B, metric), inner_product(U, V, A, metric)
        lengths = np.sqrt(inner_product(U, U, A, metric) * inner_product(V, V, A, metric))
        assert abs(found - expected) < 1e-7 * lengths
        back = transport(V_there, B, A, metric)
        np.testing.assert_allclose(back, V, atol=1e-7 * np.abs(V).max())
        # A geodesic's direction stays its direction.
        along = transport(log_map(B, A, metric), A, B, metric)
        np.testing.assert_allclose(along, -log_map(A, B, metric), atol=1e-7 * np.abs(along).max())


def test_the_triangle_keeps_lengths():
    X = spd(3, 4) - 0.5
    np.testing.assert_allclose(np.linalg.norm(upper(X), axis=-1), np.linalg.norm(X, axis=(1, 2)))
    np.testing.assert_allclose(unupper(upper(X)), X)
    np.testing.assert_allclose(upper(np.array([[1.0, 2], [2, 3]])), [1, 2 * 2**0.5, 3])
    H = spd(2, 3, complex_=True)
    np.testing.assert_allclose(unupper(upper(H)), H)
    with pytest.raises(DataError, match="Vectors of 5 numbers"):
        unupper(np.ones(5))


def test_kernels_are_inner_products_of_tangent_vectors():
    X, Y, R = spd(4, 3), spd(2, 3, seed=1), spd(1, 3, seed=2)[0]
    for metric, space in (
        ("riemann", "riemann"),
        ("logeuclid", "logeuclid_flat"),
        ("euclid", "euclid"),
    ):
        U, V = to_tangent(X, R, space), to_tangent(Y, R, space)
        np.testing.assert_allclose(kernel(X, Y, metric, R), U @ V.T, atol=1e-12)
        own = U @ U.T + 1e-10 * np.eye(4)
        np.testing.assert_allclose(kernel(X, metric=metric, reference=R), own, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        kernel(X, X + 0, "riemann", np.eye(3)), kernel(X, X + 0, "logeuclid"), atol=1e-12
    )
    with pytest.raises(ConfigError, match="has no kernel"):
        kernel(X, metric="wasserstein")


@pytest.mark.parametrize("metric", METRICS)
def test_torch_gives_the_same_and_its_derivative(metric):
    torch = pytest.importorskip("torch")
    X, R = torch.from_numpy(spd(2, 3)), torch.from_numpy(spd(1, 3, seed=1)[0])
    X[0] = R  # where the whitened eigenvalues coincide
    expected = log_map(X.numpy(), R.numpy(), metric)
    np.testing.assert_allclose(log_map(X, R, metric).numpy(), expected, atol=1e-12)

    def of(X, R):
        return log_map((X + X.mT) / 2, (R + R.mT) / 2, metric)

    assert torch.autograd.gradcheck(of, (X.requires_grad_(), R.requires_grad_()), fast_mode=True)


def test_a_reference_without_inverse_is_named():
    with pytest.raises(DataError, match="rank 1 for 3 rows"):
        to_tangent(spd(2, 3), np.outer([1, 2, 3], [1, 2, 3]))
    with pytest.raises(DataError, match="have 3 and 4 rows"):
        to_tangent(spd(2, 3), np.eye(4))
