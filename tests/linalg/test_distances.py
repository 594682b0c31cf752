import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.distances import DISTANCES, distance, pairwise_distances
from neurodecode.linalg.geodesics import geodesic

sys.path.insert(0, str(Path(__file__).parent))
from spd_made import spd

AFFINE = ("riemann", "thompson", "logdet", "kullback", "kullback_right", "kullback_sym")
METRICS = ("riemann", "thompson", "logdet", "euclid", "logeuclid", "chol", "logchol", "harmonic")
GEODESICS = ("riemann", "euclid", "logeuclid", "chol", "logchol", "wasserstein", "thompson")
seeds = st.integers(0, 2**32 - 1)


def mixed(W, X):
    Y = W @ X @ W.T
    return (Y + Y.mT) / 2


@settings(max_examples=20)
@given(seed=seeds, n=st.integers(1, 6))
def test_what_is_affine_invariant_and_what_is_not(seed, n):
    A, B = spd(2, n, seed)
    W = np.random.default_rng(seed).standard_normal((n, n)) + 3 * np.eye(n)
    for metric in AFFINE:
        found = distance(mixed(W, A), mixed(W, B), metric)
        assert found == pytest.approx(distance(A, B, metric), rel=1e-6)
    Q = np.linalg.qr(W)[0]
    for metric in ("logeuclid", "wasserstein", "euclid", "harmonic"):
        found = distance(mixed(Q, A), mixed(Q, B), metric)
        assert found == pytest.approx(distance(A, B, metric), rel=1e-6)


def test_logeuclid_is_not_affine_invariant():
    A, B = spd(2, 4)
    W = np.diag([1.0, 2, 3, 4]) + 0.5
    assert distance(mixed(W, A), mixed(W, B), "logeuclid") != pytest.approx(
        distance(A, B, "logeuclid"), rel=1e-3
    )


@settings(max_examples=20)
@given(seed=seeds, n=st.integers(1, 5))
def test_distances_are_distances(seed, n):
    A, B, C = spd(3, n, seed)
    for metric in (*METRICS, "wasserstein"):
        ab, bc, ac = (distance(*pair, metric) for pair in ((A, B), (B, C), (A, C)))
        assert ab == pytest.approx(distance(B, A, metric), rel=1e-7)
        assert ac <= (ab + bc) * (1 + 1e-9)
        # The wasserstein distance is a root of a difference: half of the digits.
        assert distance(A, A, metric) <= (1e-6 if metric == "wasserstein" else 1e-7) * max(ab, 1)
        assert distance(A, B, metric, squared=True) == pytest.approx(ab**2)


@settings(max_examples=20)
@given(seed=seeds, n=st.integers(1, 5), t=st.floats(0, 1))
def test_geodesics_go_from_one_to_the_other_evenly(seed, n, t):
    A, B = spd(2, n, seed)
    for metric in GEODESICS:
        np.testing.assert_allclose(geodesic(A, B, 0, metric), A, atol=1e-9)
        np.testing.assert_allclose(geodesic(A, B, 1, metric), B, atol=1e-9)
        whole, part = distance(A, B, metric), distance(A, geodesic(A, B, t, metric), metric)
        assert part == pytest.approx(t * whole, rel=1e-4, abs=1e-6)


def test_alike_matrices_have_a_path_by_thompson():
    A = spd(1, 4)[0]
    np.testing.assert_allclose(geodesic(A, 2 * A, 0.5, "thompson"), 2**0.5 * A, rtol=1e-12)


@pytest.mark.parametrize("metric", DISTANCES)
def test_pairs_of_sets_are_pairs(metric):
    X, Y = spd(4, 3), spd(3, 3, seed=1)
    expected = np.array([[distance(x, y, metric) for y in Y] for x in X])
    np.testing.assert_allclose(pairwise_distances(X, Y, metric), expected, rtol=1e-9)
    own = np.array([[distance(x, y, metric) for y in X] for x in X])
    np.testing.assert_allclose(pairwise_distances(X, metric=metric), own, atol=1e-7)
    np.testing.assert_allclose(
        pairwise_distances(X, Y, metric, squared=True), expected**2, rtol=1e-9
    )


def test_eigenvalues_of_widely_different_matrices_are_not_rounding():
    # Diagonal, in a basis turned: log distances are known, conditions are 1e12.
    d = 10.0 ** np.array([-6, -2, 0, 3, 6])
    W = np.tril(np.ones((5, 5)))
    A, B = mixed(W, np.diag(d)), mixed(W, np.eye(5))
    expected = np.linalg.norm(np.log(d))
    assert distance(A, B) == pytest.approx(expected, rel=1e-4)
    assert distance(B, A) == pytest.approx(expected, rel=1e-4)
    assert distance(np.diag(d), np.diag(1 / d)) == pytest.approx(2 * expected, rel=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("metric", [name for name in DISTANCES if name != "thompson"])
def test_torch_gives_the_same_and_its_derivative(metric, dtype):
    torch = pytest.importorskip("torch")
    A, B = (torch.from_numpy(spd(2, 3, seed, dtype == "complex128")) for seed in (0, 1))
    A[0] = torch.eye(3)  # equal eigenvalues
    np.testing.assert_allclose(
        distance(A, B, metric).numpy(), distance(A.numpy(), B.numpy(), metric), rtol=1e-10
    )

    def of(A, B):
        return distance((A + A.mH) / 2, (B + B.mH) / 2, metric, squared=True)

    assert torch.autograd.gradcheck(of, (A.requires_grad_(), B.requires_grad_()), fast_mode=True)


def test_one_matrix_meets_many():
    X, R = spd(4, 3), spd(1, 3, seed=1)[0]
    for metric in DISTANCES:
        assert distance(X, R, metric).shape == distance(R, X, metric).shape == (4,)
        one = distance(X[2], R, metric)
        np.testing.assert_allclose(distance(X, R, metric)[2], one, rtol=1e-12)
    halfway = geodesic(R, X, np.array([0, 0.3, 0.5, 1]))
    np.testing.assert_allclose(halfway[1], geodesic(R, X[1], 0.3), rtol=1e-9)


def test_bad_input_is_named():
    X = spd(3, 3)
    Y = X.copy()
    Y[1] = np.outer([1, 2, 3], [1, 2, 3])
    for metric in ("riemann", "logeuclid", "kullback", "harmonic", "logchol", "thompson"):
        with pytest.raises(DataError, match=r"matrix 1.*no inverse.*rank 1 for 3"):
            distance(X, Y, metric)
        with pytest.raises(DataError, match=r"no inverse.*rank 1 for 3"):
            distance(Y[1], X[0], metric)
    with pytest.raises(DataError, match="3 and 2 rows"):
        distance(X, np.eye(2))
    with pytest.raises(DataError, match="cannot be paired"):
        distance(X, spd(2, 3))
    with pytest.raises(DataError, match="alpha has shape"):
        geodesic(X, X, np.array([0.1, 0.2]))
    with pytest.raises(ConfigError, match="has no geodesic"):
        geodesic(X, X, 0.5, "kullback")
    with pytest.raises(ConfigError, match="Did you mean 'logeuclid'"):
        distance(X, X, "log-euclid")
