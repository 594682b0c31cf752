import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.means import (
    NotConverged,
    geometric_median,
    mean,
    means_of_subsets,
    power_mean,
)
from neurodecode.linalg.spd import expm, logm

sys.path.insert(0, str(Path(__file__).parent))
from spd_made import dispersed, gradient_norm, spd

# Decades, matrices, rows, and how many sets: those of the convergence suite.
SUITE = (
    *((2, 3, 2, 50), (2, 10, 5, 40), (2, 50, 22, 5), (3, 3, 2, 50), (3, 10, 5, 30)),
    *((4, 3, 2, 50), (4, 10, 5, 30), (4, 50, 22, 5), (5, 3, 2, 50), (5, 5, 2, 50)),
    *((6, 3, 2, 50), (6, 10, 5, 30), (6, 20, 10, 5), (6, 50, 22, 5)),
)
seeds = st.integers(0, 2**32 - 1)


def relative(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


def mixing(seed, n):
    """An invertible matrix of condition 100."""
    rng = np.random.default_rng(seed)
    U, V = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    return (U * 10 ** np.linspace(-1, 1, n)) @ V


def mixed(W, X):
    Y = W @ X @ W.T
    return (Y + Y.mT) / 2


@settings(max_examples=20)
@given(seed=seeds, n=st.integers(1, 6), n_matrices=st.integers(1, 12))
def test_the_mean_is_where_the_logarithms_cancel(seed, n, n_matrices):
    X = spd(n_matrices, n, seed)
    found = mean(X)
    assert found.converged
    assert found.grad_norm <= 1e-8
    assert gradient_norm(found.value, X) <= 1e-8


@settings(max_examples=20)
@given(seed=seeds, n=st.integers(2, 6))
def test_the_mean_goes_along_with_any_mixing(seed, n):
    X, W = spd(8, n, seed), mixing(seed, n)
    assert relative(mean(mixed(W, X)).value, mixed(W, mean(X).value)) < 1e-7


@settings(max_examples=20)
@given(seed=seeds, n=st.integers(1, 6))
def test_the_mean_has_the_symmetries_of_its_metric(seed, n):
    X = spd(9, n, seed)
    M = mean(X).value
    order = np.random.default_rng(seed).permutation(9)
    assert relative(mean(X[order]).value, M) < 1e-8
    inverses = np.linalg.inv(X)
    assert relative(np.linalg.inv(mean((inverses + inverses.mT) / 2).value), M) < 1e-7
    weights = np.where(np.arange(9) == 4, 2.0, 1.0)
    assert relative(mean(np.concatenate([X, X[4:5]])).value, mean(X, weights=weights).value) < 1e-8
    assert np.linalg.slogdet(M)[1] == pytest.approx(np.mean(np.linalg.slogdet(X)[1]), abs=1e-7)
    weights[[1, 2]] = 0
    kept = weights > 0
    assert relative(mean(X[kept], weights=weights[kept]).value, mean(X, weights=weights).value) == 0


@pytest.mark.parametrize("scale", [1e-12, 1e12])
@pytest.mark.parametrize(
    "metric", ["riemann", "logeuclid", "logdet", "wasserstein", "harmonic", "kullback_sym"]
)
def test_units_do_not_matter(metric, scale):
    X = spd(10, 4)
    one, scaled = (mean(Y, metric, max_iter=200) for Y in (X, scale * X))
    np.testing.assert_allclose(scaled.value / scale, one.value, rtol=1e-6, atol=1e-9)
    assert scaled.n_iter == one.n_iter
    assert one.converged


def test_diagonal_matrices_have_a_mean_that_is_known():
    d = np.exp(np.random.default_rng(0).standard_normal((7, 3)))
    X = d[:, :, None] * np.eye(3)
    known = {
        "riemann": np.exp(np.log(d).mean(axis=0)),
        "logeuclid": np.exp(np.log(d).mean(axis=0)),
        "harmonic": 1 / (1 / d).mean(axis=0),
        "kullback": d.mean(axis=0),
        "kullback_right": 1 / (1 / d).mean(axis=0),
        "wasserstein": np.sqrt(d).mean(axis=0) ** 2,
        "chol": np.sqrt(d).mean(axis=0) ** 2,
        "logchol": np.exp(np.log(d).mean(axis=0)),
    }
    for metric, expected in known.items():
        np.testing.assert_allclose(mean(X, metric).value, np.diag(expected), rtol=1e-7, atol=1e-12)
    for p in (-1, -0.5, 0.3, 1):
        expected = np.diag((d**p).mean(axis=0) ** (1 / p))
        np.testing.assert_allclose(power_mean(X, p).value, expected, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("metric", ["riemann", "euclid"])
def test_the_median_of_most_is_one_of_them(metric):
    X = spd(5, 3)
    X[:3] = X[0]  # three of five: the mean distance is least there
    found = geometric_median(X, metric, tol=1e-8)
    assert relative(found.value, X[0]) < 1e-6
    assert geometric_median(X, metric, init=X[0]).n_iter == 1
    away = geometric_median(X, metric, init=X[4], weights=[1, 1, 1, 0.5, 0.5], tol=1e-8)
    assert relative(away.value, X[0]) < 1e-6


def test_a_start_saves_iterations_and_changes_nothing():
    X = spd(30, 5)
    whole = mean(X)
    again = mean(X, init=whole.value)
    assert again.n_iter == 1 < whole.n_iter
    assert relative(again.value, whole.value) < 1e-8
    elsewhere = mean(X, init=1e3 * np.eye(5))
    assert relative(elsewhere.value, whole.value) < 1e-8


@pytest.mark.parametrize("decades", [0, 6])
def test_means_of_subsets_are_the_means_of_each(decades):
    X = dispersed(0, decades, 15, 5) if decades else spd(200, 5)
    folds = np.array_split(np.random.default_rng(0).permutation(len(X)), 3)
    subsets = [np.setdiff1d(np.arange(len(X)), fold) for fold in folds] + [np.arange(len(X))]
    for found, subset in zip(means_of_subsets(X, subsets), subsets, strict=True):
        assert found.converged
        assert gradient_norm(found.value, X[subset]) <= 1e-8
        # From a point that serves all, one time through the subset is enough.
        assert decades or found.n_iter == 1 < mean(X[subset]).n_iter
    with pytest.raises(DataError, match="a subset is empty"):
        means_of_subsets(X, [np.arange(3), np.arange(0)])


@pytest.mark.parametrize("make", [spd, lambda n_matrices, n: dispersed(0, 5, n_matrices, n)])
def test_torch_gives_the_same(make):
    torch = pytest.importorskip("torch")
    X = make(10, 4)
    found = mean(torch.from_numpy(X))
    assert relative(found.value.numpy(), mean(X).value) < 1e-7
    single = mean(torch.from_numpy(spd(10, 4)).float())
    assert single.value.dtype == torch.float32
    assert single.converged


def test_the_mean_has_the_derivative_of_the_implicit_function():
    torch = pytest.importorskip("torch")
    X = torch.from_numpy(spd(4, 3))
    X[1] = torch.eye(3)  # equal eigenvalues, seen from anywhere near
    X[2] = X[3]
    weights = torch.tensor([0.2, 0.3, 0.4, 0.1], dtype=torch.float64)

    def of(X, weights):
        return mean((X + X.mT) / 2, weights=weights, tol=1e-12).value

    inputs = (X.requires_grad_(), weights.requires_grad_())
    assert torch.autograd.gradcheck(of, inputs, fast_mode=True)


def test_complex_matrices_have_a_mean():
    X = spd(12, 4, complex_=True)
    found = mean(X)
    assert gradient_norm(found.value, X) <= 1e-8
    assert np.abs(found.value.imag).max() > 1e-3


def test_single_precision_is_given_back():
    X = spd(12, 4).astype(np.float32)
    assert mean(X).value.dtype == np.float32
    assert mean(X).converged
    assert relative(mean(X).value, mean(X.astype(np.float64)).value) < 1e-6


@pytest.mark.parametrize(("decades", "n_matrices", "n", "seed"), [(4, 3, 2, 1), (6, 10, 5, 3)])
def test_a_dispersed_set_has_its_mean(decades, n_matrices, n, seed):
    X = dispersed(seed, decades, n_matrices, n)
    found = mean(X)
    assert found.converged
    assert gradient_norm(found.value, X) <= 1e-7


@pytest.mark.slow
def test_all_dispersed_sets_have_their_mean():
    assert sum(n_sets for *_, n_sets in SUITE) == 450
    for decades, n_matrices, n, n_sets in SUITE:
        for seed in range(n_sets):
            X = dispersed(seed, decades, n_matrices, n)
            found = mean(X)
            assert found.converged
            assert found.n_iter <= 15
            assert gradient_norm(found.value, X) <= 1e-7


def test_gains_and_artefacts_do_not_stop_it():
    rng = np.random.default_rng(0)
    X, gains = spd(40, 8), 10 ** rng.uniform(-3, 3, (40, 8))
    scaled = X * gains[:, :, None] * gains[:, None, :]
    burst = X.copy()
    pattern = rng.standard_normal((4, 8))
    burst[:4] += 1e8 * pattern[:, :, None] * pattern[:, None, :]
    for Y in (scaled, burst):
        found = mean(Y)
        assert found.converged
        assert gradient_norm(found.value, Y) <= 1e-7


def test_what_stops_short_says_so():
    X = spd(10, 4)
    for stopped in (
        lambda: mean(X, max_iter=1, tol=1e-14),
        lambda: mean(dispersed(0, 6, 10, 5), max_iter=2),
        lambda: mean(X, "logdet", max_iter=2),
        lambda: power_mean(X, 0.1, max_iter=1),
        lambda: geometric_median(X, max_iter=2),
    ):
        with pytest.warns(NotConverged, match=r"stopped after \d iterations at a gradient") as told:
            found = stopped()
        assert not found.converged
        assert Path(told[0].filename) == Path(__file__)


def test_a_mean_that_float64_cannot_hold_says_so():
    X = spd(20, 6)
    X -= X.mean(axis=1, keepdims=True)
    X -= X.mean(axis=2, keepdims=True)
    ridge = np.trace(X, axis1=1, axis2=2)[:, None, None] / 6 * np.eye(6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gradient_norm(mean(X + 1e-7 * ridge).value, X + 1e-7 * ridge) < 1e-7
    with pytest.warns(NotConverged, match="too close to singular"):
        found = mean(X + 1e-13 * ridge)
    assert gradient_norm(found.value, X + 1e-13 * ridge) == pytest.approx(found.grad_norm, rel=0.5)
    with pytest.raises(DataError, match=r"X: matrix 0 \(20 of 20 are so\) has no inverse.*rank 5"):
        mean(X)


def test_bad_input_is_named():
    X = spd(5, 3)
    Y = X.copy()
    Y[3] = np.outer([1, 2, 3], [1, 2, 3])
    Z = X.copy()
    Z[2, 0, 1] = Z[2, 1, 0] = np.inf
    for call, words in (
        (lambda: mean(Y), r"matrix 3 \(of 5\) has no inverse.*rank 1 for 3 rows"),
        (lambda: mean(Y, "logeuclid"), "matrix 3"),
        (lambda: mean(Z), "matrix 2 .* holds NaN or infinity"),
        (lambda: mean(X[0]), "a set of matrices"),
        (lambda: mean(X[:0]), "no matrix to take a mean of"),
        (lambda: mean(X, weights=[1, 2]), "2.* weights for 5"),
        (lambda: mean(X, weights=[1, 1, 1, 1, -1]), "none below zero"),
        (lambda: mean(X, init=np.eye(2)), "3 and 2 rows"),
        (lambda: mean(X, init=np.zeros((3, 3))), "init has no inverse"),
    ):
        with pytest.raises(DataError, match=words):
            call()
    with pytest.raises(ConfigError, match=r"'rieman' has no mean\. Did you mean 'riemann'"):
        mean(X, "rieman")
    with pytest.raises(ConfigError, match="thompson"):
        mean(X, "thompson", weights=[1, 2, 3, 4, 5])
    with pytest.raises(ConfigError, match="exponent is 0;"):
        power_mean(X, 0)


def test_wasserstein_takes_matrices_without_inverse():
    X = spd(6, 3)
    X[0] = np.outer([1, 2, 3], [1, 2, 3])
    assert mean(X, "wasserstein", max_iter=200).converged


def test_logeuclid_is_the_mean_of_logarithms():
    X = spd(6, 3)
    np.testing.assert_allclose(mean(X, "logeuclid").value, expm(logm(X).mean(axis=0)), rtol=1e-12)
