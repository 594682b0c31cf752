"""Comparisons against scipy, and whitened ones against the inverse of pairs by pairs."""

import numpy as np
import pytest
from scipy.stats import kendalltau, pearsonr, spearmanr

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.rdm_compare import METHODS, WHITENED, compare, coordinates, tied_share
from neurodecode.linalg.rdm_pairs import pair_indices

N_CONDITIONS = 7
N_PAIRS = 21


def rdms(n, seed=0):
    return 1 + np.random.default_rng(seed).normal(size=(n, N_PAIRS))


def sigma(full, seed=2):
    rng = np.random.default_rng(seed)
    if not full:
        return rng.uniform(0.5, 2, N_CONDITIONS)
    A = rng.normal(size=(3 * N_CONDITIONS, N_CONDITIONS))
    return A.T @ A / len(A)


def whitened(one, other, method, sigma_k=None, kept=slice(None)):
    """By the covariance of pairs by pairs itself, and its inverse."""
    one, other = one[:, kept], other[:, kept]
    if method == "corr_cov":
        one, other = (v - v.mean(1, keepdims=True) for v in (one, other))
    first, second = pair_indices(N_CONDITIONS)
    A = np.eye(N_CONDITIONS)[first] - np.eye(N_CONDITIONS)[second]
    S = np.eye(N_CONDITIONS) if sigma_k is None else sigma_k
    V = (A @ (np.diag(S) if S.ndim == 1 else S) @ A.T)[kept][:, kept] ** 2
    length = [np.sqrt(np.sum(v.T * np.linalg.solve(V, v.T), axis=0)) for v in (one, other)]
    return one @ np.linalg.solve(V, other.T) / np.outer(*length)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("cosine", lambda x, y: x @ y / np.linalg.norm(x) / np.linalg.norm(y)),
        ("corr", lambda x, y: pearsonr(x, y)[0]),
        ("spearman", lambda x, y: spearmanr(x, y)[0]),
        ("rho-a", lambda x, y: spearmanr(x, y)[0]),  # the same without ties
        ("tau-a", lambda x, y: kendalltau(x, y)[0]),
        ("tau-b", lambda x, y: kendalltau(x, y)[0]),
    ],
)
def test_each_with_each_is_scipys(method, expected):
    one, other = rdms(3), rdms(4, seed=1)
    found = compare(one, other, method)
    assert found.shape == (3, 4)
    np.testing.assert_allclose(
        found, [[expected(x, y) for y in other] for x in one], rtol=0, atol=1e-14
    )


@pytest.mark.parametrize("method", WHITENED)
@pytest.mark.parametrize("sigma_k", [None, sigma(False), sigma(True), np.diag(sigma(False))])
def test_whitened_ones_are_those_of_the_inverse_covariance_of_distances(method, sigma_k):
    one, other = rdms(3), rdms(4, seed=1)
    np.testing.assert_allclose(
        compare(one, other, method, sigma_k=sigma_k),
        whitened(one, other, method, sigma_k),
        rtol=0,
        atol=1e-12,
    )


@pytest.mark.parametrize("method", WHITENED)
@pytest.mark.parametrize("sigma_k", [None, sigma(False)])
def test_whitened_ones_know_of_missing_pairs(method, sigma_k):
    one, other = rdms(3), rdms(4, seed=1)
    one[:, [0, 5, 6, 20]] = other[:, [0, 5, 6, 20]] = np.nan
    np.testing.assert_allclose(
        compare(one, other, method, sigma_k=sigma_k),
        whitened(one, other, method, sigma_k, ~np.isnan(one[0])),
        rtol=0,
        atol=1e-12,
    )


def test_without_noise_between_conditions_the_whitened_cosine_is_linear_cka():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(2, N_CONDITIONS, 5))
    Kx, Ky = (Z @ Z.T for Z in (X - X.mean(0), Y - Y.mean(0)))
    cka = np.sum(Kx * Ky) / np.linalg.norm(Kx) / np.linalg.norm(Ky)
    first, second = pair_indices(N_CONDITIONS)
    distances = [np.sum((Z[first] - Z[second]) ** 2, axis=1)[None] for Z in (X, Y)]
    assert compare(*distances, "cosine_cov")[0, 0] == pytest.approx(cka, abs=1e-14)


def test_missing_pairs_are_left_out():
    one, other = rdms(3), rdms(4, seed=1)
    one[:, 3] = other[:, 3] = np.nan
    for method in METHODS[:6]:
        expected = compare(np.delete(one, 3, 1), np.delete(other, 3, 1), method)
        np.testing.assert_allclose(compare(one, other, method), expected, atol=1e-14)


def test_rho_a_is_the_mean_spearman_over_ways_to_break_ties():
    rng = np.random.default_rng(0)
    model, data = rng.integers(3, size=N_PAIRS).astype(float), rng.integers(5, size=N_PAIRS) * 1.0
    one, other = (
        (v + 0.5 * rng.random((2000, N_PAIRS))).argsort(1).argsort(1) - (N_PAIRS - 1) / 2
        for v in (model, data)
    )
    broken = 12 * np.sum(one * other, axis=1) / (N_PAIRS**3 - N_PAIRS)
    found = compare(model[None], data[None], "rho-a")[0, 0]
    assert abs(found - np.mean(broken)) < 3 * np.std(broken) / np.sqrt(2000)


@pytest.mark.parametrize(("method", "instead"), [("spearman", "rho-a"), ("tau-b", "tau-a")])
def test_a_model_of_categories_under_a_method_that_rewards_ties_is_warned_of(method, instead):
    model = (np.arange(N_PAIRS) % 2)[None] * 1.0
    with pytest.warns(UserWarning, match=f"{method} rewards ties.*Use {instead}"):
        compare(model, rdms(2), method)
    assert tied_share(model)[0] == pytest.approx((55 + 45) / 210)
    assert tied_share(rdms(2)).tolist() == [0, 0]


@pytest.mark.parametrize("method", ["corr", "spearman", "corr_cov", "tau-b"])
def test_a_constant_matrix_compares_with_nothing(method):
    flat = np.full((1, N_PAIRS), 0.1)
    if method in ("spearman", "tau-b"):
        with pytest.warns(UserWarning, match="rewards ties"):
            found = compare(flat, rdms(2), method)
    else:
        found = compare(flat, rdms(2), method)
    assert np.isnan(found).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_matrix_with_itself_is_one_and_inputs_stay(method):
    one = rdms(3)
    before = one.copy()
    np.testing.assert_allclose(np.diag(compare(one, one, method)), 1, atol=1e-12)
    np.testing.assert_array_equal(one, before)


def test_float32_stays():
    low = rdms(3).astype(np.float32)
    for method in ("cosine", "corr", "spearman", "rho-a", *WHITENED):
        found = compare(low, low, method)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, compare(rdms(3), rdms(3), method), atol=1e-5)


def test_products_of_coordinates_are_the_comparison():
    one, other = rdms(3), rdms(4, seed=1)
    for method in ("cosine", "corr", "spearman", "rho-a", *WHITENED):
        products = coordinates(one, method) @ coordinates(other, method).T
        np.testing.assert_allclose(products, compare(one, other, method), atol=1e-14)


def lacking(n, pair):
    made = rdms(n)
    made[:, pair] = np.nan
    return made


def half_lacking():
    made = rdms(2)
    made[1, 4] = np.nan
    return made


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: compare(rdms(1), rdms(1), "kendall"), ConfigError, "is no comparison"),
        (lambda: compare(rdms(1), rdms(1), "corr", sigma_k=np.ones(7)), ConfigError, "sigma_k"),
        (lambda: compare(rdms(1), rdms(1)[:, :15]), DataError, "of 21 and of 15 pairs"),
        (lambda: compare(lacking(1, 3), rdms(1)), DataError, "1 pairs are NaN in one set and 0"),
        (lambda: compare(half_lacking(), rdms(1)), DataError, "Pair 4 is NaN in 1 of 2"),
        (
            lambda: compare(rdms(1), rdms(1), "cosine_cov", sigma_k=np.ones(6)),
            DataError,
            "there are 7 conditions",
        ),
        (
            lambda: compare(rdms(1), rdms(1), "cosine_cov", sigma_k=np.zeros(7)),
            DataError,
            "not positive definite",
        ),
        (
            lambda: compare(lacking(1, 3), lacking(1, 3), "corr_cov", sigma_k=np.eye(7)),
            DataError,
            "needs all pairs",
        ),
    ],
)
def test_bad_input_is_named(call, error, said):
    with pytest.raises(error, match=said):
        call()
