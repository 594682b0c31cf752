"""Penalties of ridge regressions, against scikit-learn and against rows that are left out."""

import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV

sys.path.insert(0, str(Path(__file__).parent))
from targets_planted import planted

from neurodecode.core.errors import DataError
from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_choice import (
    chosen,
    condensed,
    generalized_errors,
    least,
)
from neurodecode.linalg.ridge_left_out import left_out_errors

ALPHAS = np.logspace(-2, 5, 15)


shapes = pytest.mark.parametrize("shape", [(60, 8), (25, 90)], ids=["more rows", "more features"])


@shapes
@pytest.mark.parametrize("per_target", [False, True])
def test_the_choice_is_ridgecvs(shape, per_target):
    X, Y = planted(*shape)
    # scikit-learn calls it generalized cross-validation, and leaves rows out.
    peer = RidgeCV(ALPHAS, alpha_per_target=per_target, store_cv_results=True).fit(X, Y)
    errors = left_out_errors(RidgeSolver.of(X), Y, ALPHAS)
    np.testing.assert_allclose(errors.T, peer.cv_results_.mean(axis=0), rtol=1e-10)
    found = chosen(RidgeSolver.of(X), Y, ALPHAS, sharing=np.arange(6) if per_target else None)
    np.testing.assert_array_equal(found, np.broadcast_to(peer.alpha_, 6))
    if per_target:
        assert len(set(found)) > 2


def test_of_what_cannot_be_told_nothing_is_said():
    X, _ = planted(60, 8)
    noise = np.random.default_rng(5).normal(size=(60, 400))
    alphas = [0.1, 1.0, np.inf]
    found = chosen(RidgeSolver.of(X), noise, alphas, sharing=np.arange(400))
    assert np.mean(np.isinf(found)) > 0.9


@pytest.mark.parametrize("weighted", [False, True])
def test_many_targets_that_share_a_penalty_are_judged_by_few(weighted):
    X, Y = planted(25, 90, n_targets=300)
    Y[3] = Y[4]  # a picture that was seen twice
    weight = np.linspace(0.5, 2, 25) if weighted else None
    solver, groups = RidgeSolver.of(X, sample_weight=weight), np.arange(25) // 2
    few = condensed(solver, Y)
    assert few.shape[1] < 25
    for options in ({}, {"groups": groups}):
        all_errors = left_out_errors(solver, Y, ALPHAS, **options).sum(axis=1)
        errors = left_out_errors(solver, few, ALPHAS, **options).sum(axis=1)
        np.testing.assert_allclose(errors, all_errors, rtol=1e-10)
        found = chosen(solver, Y, ALPHAS, **options)
        np.testing.assert_array_equal(found, ALPHAS[np.argmin(all_errors)])


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
    tensor = torch.from_numpy(X)
    solver, peer = RidgeSolver.of(tensor), RidgeSolver.of(X)
    found = generalized_errors(solver, Y, ALPHAS)
    np.testing.assert_allclose(found, generalized_errors(peer, Y, ALPHAS), rtol=1e-8)
    np.testing.assert_array_equal(chosen(solver, Y, ALPHAS), chosen(peer, Y, ALPHAS))
    few = condensed(solver, np.tile(Y, 9)).numpy()
    assert few.shape[1] == 6


def test_what_cannot_be_judged_is_refused():
    X, Y = planted(25, 90)
    with pytest.raises(DataError, match="up to 1e-06 leave nothing to judge them by"):
        least(generalized_errors(RidgeSolver.of(X), Y, [1e-6]), [1e-6])
    Y[2, 1] = np.nan
    with pytest.raises(DataError, match="a target is not finite"):
        chosen(RidgeSolver.of(X), Y, [1.0])
    with pytest.raises(DataError, match="a target is not finite"):
        chosen(RidgeSolver.of(X), np.tile(Y, 9), [1.0])
