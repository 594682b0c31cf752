"""Errors of rows left out in closed form, against those of rows that are."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from targets_planted import planted

from neurodecode.core.errors import DataError
from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_left_out import (
    left_out_errors,
    left_out_predictions,
    left_out_statistics,
)

ALPHAS = np.logspace(-2, 5, 15)


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
    found = left_out_statistics(solver, Y, each, groups=together)
    said = left_out_predictions(solver, Y, each, groups=together)
    for j, alpha in enumerate(each):
        expected = left_out(X, Y[:, j : j + 1], alpha, groups, weight)[:, 0]
        np.testing.assert_allclose(said[:, j], expected, rtol=1e-8, atol=1e-10)
        for values, mean, sd in (
            (expected, found.mean, found.sd),
            (Y[:, j], found.target_mean, found.target_sd),
        ):
            middle = np.average(values, weights=weight)
            spread = np.average((values - middle) ** 2, weights=weight) ** 0.5
            np.testing.assert_allclose([mean[j], sd[j]], [middle, spread], rtol=1e-9)


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


def test_tensors_are_judged_as_arrays_are():
    torch = pytest.importorskip("torch")
    X, Y = planted(25, 90)
    solver, peer = RidgeSolver.of(torch.from_numpy(X)), RidgeSolver.of(X)
    for groups in (None, np.arange(25) // 2):
        found = left_out_errors(solver, Y, ALPHAS, groups=groups)
        expected = left_out_errors(peer, Y, ALPHAS, groups=groups)
        np.testing.assert_allclose(found, expected, rtol=1e-8)
        one, other = (vars(left_out_statistics(s, Y, 3.0, groups=groups)) for s in (solver, peer))
        for name, values in other.items():
            np.testing.assert_allclose(one[name], values, rtol=1e-8)
        np.testing.assert_allclose(
            left_out_predictions(solver, Y, 3.0, groups=groups).numpy(),
            left_out_predictions(peer, Y, 3.0, groups=groups),
            rtol=1e-8,
        )


def test_one_group_is_refused():
    X, Y = planted(25, 90)
    with pytest.raises(DataError, match="all rows are of one group"):
        left_out_errors(RidgeSolver.of(X), Y, [1.0], groups=np.zeros(25))
