"""Similarities of representations against their definitions, and against unrelated ones."""

import tracemalloc
import warnings

import numpy as np
import pytest
from scipy.linalg import eigh, orthogonal_procrustes

from neurodecode.core.errors import DataError
from neurodecode.linalg.similarity import (
    SIMILARITIES,
    debiased_cka,
    linear_cka,
    linear_predictivity,
    mean_cca,
    procrustes_similarity,
    pwcca,
    similarity_of_similarity,
    svcca,
)

CCA_LIKE = {"cca", "svcca", "pwcca"}


def view(latent, n_units, rng):
    """Give units that mix 20 sources of variances 1, 1/2, 1/3 …, with noise of their own."""
    sources = latent / np.sqrt(np.arange(1, latent.shape[1] + 1))
    mixed = sources @ rng.normal(size=(latent.shape[1], n_units))
    return mixed + 0.5 * rng.normal(size=mixed.shape)


def views(n_stimuli, n_units, seed, n_other=None):
    """Give two views of one latent, and one of another."""
    rng = np.random.default_rng(seed)
    latent, other = rng.normal(size=(2, n_stimuli, 20))
    one = view(latent, n_units, rng)
    return one, view(latent, n_other or n_units, rng), view(other, n_other or n_units, rng)


@pytest.fixture(scope="module")
def pair():
    X, Y, _ = views(40, 12, seed=3, n_other=9)
    return X + 5, Y - 2


# Two views of one 20-dimensional latent / of unrelated ones: figures of a separate prototype of
# these metrics. Means of 20 draws here; .03 is what both sides' draws leave open.
TABLE = {
    (118, 10, "cka"): (0.53, 0.04),
    (118, 10, "debiased_cka"): (0.50, 0.00),
    (118, 10, "cca"): (0.59, 0.25),
    (118, 10, "ssm"): (0.44, 0.00),
    (118, 100, "cka"): (0.92, 0.07),
    (118, 100, "procrustes"): (0.95, 0.34),
    (118, 100, "cca"): (0.89, 0.88),
    (40, 300, "cka"): (0.98, 0.19),
    (40, 300, "svcca"): (0.89, 0.84),
}


@pytest.mark.parametrize("cell", TABLE)
@pytest.mark.filterwarnings("ignore:.*units or more of both")
def test_related_and_unrelated_views_score_as_the_table_says(cell):
    n_stimuli, n_units, name = cell
    found = []
    for seed in range(20):
        X, *others = views(n_stimuli, n_units, seed)
        found.append([SIMILARITIES[name](X, one) for one in others])
    assert np.mean(found, axis=0) == pytest.approx(TABLE[cell], abs=0.03)


@pytest.mark.parametrize("metric", [debiased_cka, similarity_of_similarity])
@pytest.mark.parametrize("shape", [(40, 300), (118, 30)])
def test_unrelated_views_are_at_zero(metric, shape):
    found = []
    for seed in range(40):
        X, _, unrelated = views(shape[0], shape[1], seed)
        found.append(metric(X, unrelated))
    assert abs(np.mean(found)) < 0.02


def test_nothing_is_told_of_unrelated_views():
    for seed in range(5):
        X, Y, unrelated = views(118, 30, seed)
        assert linear_predictivity(X, unrelated) < 0.01  # the penalty is chosen, not infinite
        assert linear_predictivity(X, Y) > 0.6


def test_predictivity_has_a_direction():
    X, Y, _ = views(118, 30, seed=0)
    few, many = X[:, :2], Y
    assert linear_predictivity(many, few) > linear_predictivity(few, many) + 0.2


@pytest.mark.parametrize("name", sorted(SIMILARITIES))
def test_a_representation_is_like_itself(name, pair):
    X, _ = pair
    assert SIMILARITIES[name](X, X) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("name", sorted(SIMILARITIES))
def test_turned_moved_and_scaled_it_is_the_same(name, pair):
    X, Y = pair
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(12, 12)))[0]
    moved = 3 * (X - X.mean(0)) @ turn + 40
    expected = SIMILARITIES[name](X, Y)
    # Both look unit by unit, and a turn mixes units: a scale, a shift and another order do not.
    given = 3 * X[:, ::-1] + 40 if name in ("ssm", "pwcca") else moved
    assert SIMILARITIES[name](given, Y) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("name", ["cka", "debiased_cka", "procrustes", "cca", "svcca", "ssm"])
def test_most_are_symmetric(name, pair):
    X, Y = pair
    assert SIMILARITIES[name](X, Y) == pytest.approx(SIMILARITIES[name](Y, X), abs=1e-12)


def test_cka_of_products_of_units(pair):
    X, Y = (one - one.mean(0) for one in pair)
    between = np.linalg.norm(Y.T @ X) ** 2
    expected = between / (np.linalg.norm(X.T @ X) * np.linalg.norm(Y.T @ Y))
    assert linear_cka(*pair) == pytest.approx(expected, rel=1e-12)


def test_debiased_cka_of_its_definition(pair):
    """Song et al. 2012, equation 5, with matrices of ones written out."""

    def hsic(K, L):
        n, one = len(K), np.ones(len(K))
        K, L = K - np.diag(np.diag(K)), L - np.diag(np.diag(L))
        middle = (one @ K @ one) * (one @ L @ one) / ((n - 1) * (n - 2))
        return (np.trace(K @ L) + middle - 2 / (n - 2) * one @ K @ L @ one) / (n * (n - 3))

    K, L = (one @ one.T for one in pair)  # means left in: the estimate takes them away
    expected = hsic(K, L) / np.sqrt(hsic(K, K) * hsic(L, L))
    assert debiased_cka(*pair) == pytest.approx(expected, rel=1e-8)


def test_procrustes_is_what_the_best_rotation_leaves(pair):
    X, Y = (one - one.mean(0) for one in pair)
    X, Y = X / np.linalg.norm(X), np.pad(Y / np.linalg.norm(Y), ((0, 0), (0, 3)))
    turn, _ = orthogonal_procrustes(X, Y)
    left = np.linalg.norm(X @ turn - Y) ** 2
    assert procrustes_similarity(*pair) == pytest.approx(1 - left / 2, rel=1e-10)


def test_cca_of_the_eigenvalue_problem_that_defines_it(pair):
    X, Y = pair
    C = np.cov(np.concatenate([X, Y], axis=1).T)
    between = C[:12, 12:] @ np.linalg.solve(C[12:, 12:], C[12:, :12])
    squares = eigh(between, C[:12, :12], eigvals_only=True)[-9:]
    assert mean_cca(X, Y) == pytest.approx(np.sqrt(squares).mean(), rel=1e-9)


def test_pwcca_weighs_directions_by_what_they_account_for(pair):
    X, Y = (one - one.mean(0) for one in pair)
    U, V = (np.linalg.qr(one)[0] for one in (X, Y))
    turn, correlations, _ = np.linalg.svd(U.T @ V)
    directions = U @ turn[:, :9]
    weights = np.abs(directions.T @ X).sum(axis=1)
    assert pwcca(*pair) == pytest.approx(np.average(correlations, weights=weights), rel=1e-9)


def test_svcca_keeps_the_components_of_the_variance(pair):
    X, Y = (one - one.mean(0) for one in pair)
    bases = []
    for one in (X, Y):
        U, s, _ = np.linalg.svd(one, full_matrices=False)
        shares = np.cumsum(s**2) / np.sum(s**2)
        bases.append(U[:, : np.flatnonzero(shares >= 0.8)[0] + 1])
    expected = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False).mean()
    assert svcca(*pair, variance=0.8) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", sorted(CCA_LIKE))
def test_cca_of_many_units_is_warned_of(name):
    X, Y, _ = views(30, 11, seed=0)
    with pytest.warns(UserWarning, match=r"11 units or more of both for 30 stimuli"):
        SIMILARITIES[name](X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SIMILARITIES[name](X, Y[:, :10])  # a third of the stimuli is not above a third


@pytest.mark.parametrize("name", sorted(SIMILARITIES))
@pytest.mark.filterwarnings("ignore:.*units or more of both")
def test_no_matrix_of_units_by_units_is_made(name):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(2, 16, 4000))
    before = X.tobytes()
    SIMILARITIES[name](X, Y)  # what is imported or cached at first is not counted
    tracemalloc.start()
    SIMILARITIES[name](X, Y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4000 * 4000 * 8 / 10  # a tenth of units by units; 12 times both arrays
    assert X.tobytes() == before


@pytest.mark.parametrize(
    ("X", "Y", "sentence"),
    [
        (np.eye(5), np.eye(6), "X has 5 stimuli and Y 6"),
        (np.eye(5), np.full((5, 2), np.nan), "Y: stimulus 0 holds NaN"),
        (np.full((5, 2), 7.1), np.eye(5), "X: no unit varies"),
        (np.zeros((5, 2, 2)), np.eye(5), r"\(n_stimuli, n_units\)"),
    ],
)
@pytest.mark.parametrize("metric", [linear_cka, mean_cca, linear_predictivity])
def test_what_cannot_be_compared_is_said(metric, X, Y, sentence):
    with pytest.raises(DataError, match=sentence):
        metric(X, Y)


def test_too_few_stimuli_are_said():
    three, rng = np.eye(3), np.random.default_rng(0)
    with pytest.raises(DataError, match="3 stimuli; the estimate needs four"):
        debiased_cka(three, three)
    with pytest.raises(DataError, match="5 folds of 8 stimuli"):
        linear_predictivity(rng.normal(size=(8, 2)), rng.normal(size=(8, 2)))
    with pytest.raises(DataError, match="variance 99 is no share"):
        svcca(three, three, variance=99)
