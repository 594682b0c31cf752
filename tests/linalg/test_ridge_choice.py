"""Penalties of ridge regressions, against scikit-learn and against rows that are left out."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV

from neurodecode.core.errors import DataError
from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_choice import (
    fold_errors,
    generalized_errors,
    least,
    left_out_errors,
    left_out_statistics,
)

ALPHAS = np.logspace(-2, 5, 15)


def planted(n, n_features, n_targets=6, seed=0):
    """Targets of very different noise, so that each has a penalty of its own."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_features)) @ np.diag(rng.uniform(0.1, 3, size=n_features)) + 4
    Y = X @ rng.normal(size=(n_features, n_targets)) / np.sqrt(n_features)
    return X, Y + rng.normal(size=Y.shape) * np.logspace(-1, 2, n_targets) - 7


def left_out(X, Y, alpha, groups, weight):
    """What each row is told by those of other groups."""
    said = np.empty_like(Y)
    for one in np.unique(groups):
        rest = groups != one
        x_mean, y_mean = (np.average(A[rest], axis=0, weights=weight[rest]) for A in (X, Y))
        Xc, Yc, w = X[rest] - x_mean, Y[rest] - y_mean, weight[rest, None]
        found = np.linalg.solve(Xc.T @ (w * Xc) + alpha * np.eye(X.shape[1]), Xc.T @ (w * Yc))
        said[~rest] = (X[~rest] - x_mean) @ found + y_mean
    return said


shapes = pytest.mark.parametrize("shape", [(60, 8), (25, 90)], ids=["more rows", "more features"])


@shapes
@pytest.mark.parametrize("per_target", [False, True])
def test_the_choice_is_ridgecvs(shape, per_target):
    X, Y = planted(*shape)
    # scikit-learn calls it generalized cross-validation, and leaves rows out.
    peer = RidgeCV(ALPHAS, alpha_per_target=per_target, store_cv_results=True).fit(X, Y)
    errors = left_out_errors(RidgeSolver.of(X), Y, ALPHAS)
    chosen = least(errors, ALPHAS, np.arange(6) if per_target else None)
    np.testing.assert_array_equal(chosen, np.broadcast_to(peer.alpha_, 6))
    if per_target:
        assert len(set(chosen)) > 2
    np.testing.assert_allclose(errors.T, peer.cv_results_.mean(axis=0), rtol=1e-10)


@shapes
@pytest.mark.parametrize("size", [1, 3], ids=["rows", "groups"])
@pytest.mark.parametrize("weighted", [False, True])
def test_errors_are_those_of_rows_left_out(shape, size, weighted):
    X, Y = planted(*shape)
    groups = np.random.default_rng(0).permutation(np.arange(len(X)) // size)
    weight = np.linspace(0.5, 2, len(X)) if weighted else np.ones(len(X))
    solver = RidgeSolver.of(X, sample_weight=weight if weighted else None)
    alphas = [1e-2, 3.0, 1e4]
    together = None if size == 1 else groups
    errors = left_out_errors(solver, Y, alphas, groups=together)
    for alpha, found in zip(alphas, errors, strict=True):
        said = left_out(X, Y, alpha, groups, weight)
        # Refits round by the condition of their matrix, which is 1e5 here.
        np.testing.assert_allclose(
            found, np.average((said - Y) ** 2, axis=0, weights=weight), rtol=1e-10
        )
    each = np.resize(alphas, 6)
    mean, sd = left_out_statistics(solver, Y, each, groups=together)
    for j, alpha in enumerate(each):
        said = left_out(X, Y[:, j : j + 1], alpha, groups, weight)
        np.testing.assert_allclose([mean[j], sd[j]], [said.mean(), said.std()], rtol=1e-9)


def test_small_penalties_lose_no_digits():
    X, Y = planted(25, 90)
    # 1 less the leverage is 1e-13 here, of which a difference would keep three digits.
    found = left_out_errors(RidgeSolver.of(X), Y, [1e-10])[0]
    expected = np.zeros(6)
    for i in range(25):  # so small a penalty takes the smallest weights that tell all others
        others = np.arange(25) != i
        x_mean, y_mean = X[others].mean(axis=0), Y[others].mean(axis=0)
        weights = np.linalg.pinv(X[others] - x_mean, rcond=1e-10) @ (Y[others] - y_mean)
        expected += ((X[i] - x_mean) @ weights + y_mean - Y[i]) ** 2 / 25
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@shapes
def test_an_infinite_penalty_is_judged_as_the_mean_of_the_others(shape):
    X, Y = planted(*shape)
    errors = left_out_errors(RidgeSolver.of(X), Y, [np.inf, 1e300])
    n = len(X)
    expected = np.var(Y, axis=0) * (n / (n - 1)) ** 2
    np.testing.assert_allclose(errors, [expected, expected], rtol=1e-10)


def test_of_what_cannot_be_told_nothing_is_said():
    X, _ = planted(60, 8)
    noise = np.random.default_rng(5).normal(size=(60, 400))
    alphas = [0.1, 1.0, np.inf]
    chosen = least(left_out_errors(RidgeSolver.of(X), noise, alphas), alphas, np.arange(400))
    assert np.mean(np.isinf(chosen)) > 0.9


@shapes
def test_generalized_errors_are_by_their_formula(shape):
    X, Y = planted(*shape)
    Xc, Yc, n = X - X.mean(axis=0), Y - Y.mean(axis=0), len(X)
    alphas = [5.0, 30.0, np.inf]
    found = generalized_errors(RidgeSolver.of(X), Y, alphas)
    for alpha, errors in zip(alphas[:2], found[:2], strict=True):
        H = 1 / n + Xc @ np.linalg.solve(Xc.T @ Xc + alpha * np.eye(shape[1]), Xc.T)
        residual = Yc - H @ Yc
        expected = n * np.sum(residual**2, axis=0) / (n - np.trace(H)) ** 2
        np.testing.assert_allclose(errors, expected, rtol=1e-8)
    np.testing.assert_allclose(found[2], n * np.sum(Yc**2, axis=0) / (n - 1) ** 2)


def test_with_nothing_left_to_judge_by_gcv_says_nothing():
    X, Y = planted(25, 90)
    errors = generalized_errors(RidgeSolver.of(X), Y, [1e-6, 10.0])
    assert np.all(np.isinf(errors[0])) and np.all(np.isfinite(errors[1]))


@shapes
def test_fold_errors_are_those_of_refits(shape):
    X, Y = planted(*shape)
    parts = np.array_split(np.arange(len(X)), 4)
    splits = [(np.setdiff1d(np.arange(len(X)), part), part) for part in parts]
    alphas = [0.1, 50.0, np.inf]
    found = fold_errors(X, Y, alphas, splits, block=4000)
    for i, alpha in enumerate(alphas[:2]):
        said = np.concatenate([Ridge(alpha).fit(X[a], Y[a]).predict(X[b]) for a, b in splits])
        np.testing.assert_allclose(found[i], np.mean((said - Y) ** 2, axis=0), rtol=1e-9)
    means = np.concatenate([np.tile(Y[a].mean(axis=0), (len(b), 1)) for a, b in splits])
    np.testing.assert_allclose(found[2], np.mean((means - Y) ** 2, axis=0), rtol=1e-12)


@pytest.mark.parametrize("errors_of", [left_out_errors, generalized_errors])
def test_the_size_of_blocks_changes_nothing(errors_of):
    X, Y = planted(60, 8)
    solver = RidgeSolver.of(X)
    whole = errors_of(solver, Y, ALPHAS)
    np.testing.assert_allclose(errors_of(solver, Y, ALPHAS, block=5000), whole, rtol=1e-12)


def test_targets_of_a_group_share_a_penalty():
    errors = np.array([[1.0, 5, 2, 2], [2, 1, 2, 2], [9, 9, 2, 3]])
    alphas = [1.0, 10.0, 100.0]
    np.testing.assert_array_equal(least(errors, alphas), 10.0)
    np.testing.assert_array_equal(least(errors, alphas, np.arange(4)), [1, 10, 100, 10])
    np.testing.assert_array_equal(least(errors, alphas, np.array([0, 0, 1, 1])), [10, 10, 10, 10])


def test_of_penalties_that_do_alike_the_largest_is_taken():
    X, Y = planted(60, 8)
    errors = left_out_errors(RidgeSolver.of(X), np.zeros_like(Y), ALPHAS)
    np.testing.assert_array_equal(least(errors, ALPHAS), ALPHAS[-1])


def test_tensors_are_judged_as_arrays_are():
    torch = pytest.importorskip("torch")
    X, Y = planted(25, 90)
    groups = np.arange(25) // 2
    solver, peer = RidgeSolver.of(torch.from_numpy(X)), RidgeSolver.of(X)
    for options in ({}, {"groups": groups}):
        found = left_out_errors(solver, Y, ALPHAS, **options)
        np.testing.assert_allclose(found, left_out_errors(peer, Y, ALPHAS, **options), rtol=1e-8)
        for one, other in zip(
            left_out_statistics(solver, Y, 3.0, **options),
            left_out_statistics(peer, Y, 3.0, **options),
            strict=True,
        ):
            np.testing.assert_allclose(one, other, rtol=1e-8)
    found = generalized_errors(solver, Y, ALPHAS)
    np.testing.assert_allclose(found, generalized_errors(peer, Y, ALPHAS), rtol=1e-8)


def test_one_group_and_no_fold_are_refused():
    X, Y = planted(25, 90)
    with pytest.raises(DataError, match="all rows are of one group"):
        left_out_errors(RidgeSolver.of(X), Y, [1.0], groups=np.zeros(25))
    with pytest.raises(DataError, match="no fold to leave out"):
        fold_errors(X, Y, [1.0], [])
