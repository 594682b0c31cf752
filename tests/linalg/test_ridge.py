"""Ridge regression with its penalty by leave-one-out, against scikit-learn and leaving rows out."""

import numpy as np
import pytest
from scipy.linalg import solve
from sklearn.linear_model import Ridge, RidgeCV

from neurodecode.linalg.ridge import ridge_leave_one_out

ALPHAS = np.logspace(-2, 5, 15)


def planted(n, n_features, n_targets=6, seed=0):
    """Targets of very different noise, so that each has a penalty of its own."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_features)) @ np.diag(rng.uniform(0.1, 3, size=n_features)) + 4
    Y = X @ rng.normal(size=(n_features, n_targets)) / np.sqrt(n_features)
    return X, Y + rng.normal(size=Y.shape) * np.logspace(-1, 2, n_targets) - 7


shapes = pytest.mark.parametrize("shape", [(60, 8), (25, 90)], ids=["more rows", "more features"])


@shapes
@pytest.mark.parametrize("per_target", [False, True])
def test_choice_and_weights_are_ridgecvs(shape, per_target):
    X, Y = planted(*shape)
    peer = RidgeCV(ALPHAS, alpha_per_target=per_target, store_cv_results=True).fit(X, Y)
    fit = ridge_leave_one_out(X, Y, ALPHAS, per_target=per_target)
    np.testing.assert_array_equal(fit.alpha, np.broadcast_to(peer.alpha_, 6))
    if per_target:
        assert len(set(fit.alpha)) > 2
    # The same equations are solved by another decomposition.
    np.testing.assert_allclose(fit.weights.T, peer.coef_, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(fit.intercept, peer.intercept_, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(fit.errors.T, peer.cv_results_.mean(axis=0), rtol=1e-7)


@shapes
def test_the_errors_are_those_of_rows_left_out(shape):
    X, Y = planted(*shape)
    fit = ridge_leave_one_out(X, Y, ALPHAS[::5])
    for alpha, errors in zip(ALPHAS[::5], fit.errors, strict=True):
        left_out = []
        for i in range(len(X)):
            rest = np.arange(len(X)) != i
            model = Ridge(alpha, solver="cholesky").fit(X[rest], Y[rest])
            left_out.append((model.predict(X[i : i + 1])[0] - Y[i]) ** 2)
        np.testing.assert_allclose(errors, np.mean(left_out, axis=0), rtol=1e-8)


def test_weights_solve_the_normal_equations():
    X, Y = planted(60, 8)
    fit = ridge_leave_one_out(X, Y, ALPHAS, per_target=True)
    Xc, Yc = X - X.mean(axis=0), Y - Y.mean(axis=0)
    for j, alpha in enumerate(fit.alpha):
        expected = solve(Xc.T @ Xc + alpha * np.eye(8), Xc.T @ Yc[:, j], assume_a="pos")
        np.testing.assert_allclose(fit.weights[:, j], expected, rtol=1e-9, atol=1e-12)


def test_features_that_depend_on_one_another_are_no_trouble():
    X, Y = planted(60, 8)
    twice = np.column_stack([X, X, np.ones(60)])
    fit = ridge_leave_one_out(twice, Y, [1.0])
    np.testing.assert_allclose(fit.weights[:8], fit.weights[8:16], atol=1e-10)
    np.testing.assert_allclose(fit.weights[16], 0, atol=1e-12)
    # Two copies of a feature share its weight: the penalty on their sum is half.
    alone = ridge_leave_one_out(X, Y, [0.5])
    np.testing.assert_allclose(2 * fit.weights[:8], alone.weights, rtol=1e-8)


def test_of_penalties_that_do_alike_the_first_is_taken():
    X, Y = planted(60, 8)
    fit = ridge_leave_one_out(X, np.zeros_like(Y), ALPHAS[::-1], per_target=True)
    np.testing.assert_array_equal(fit.alpha, ALPHAS[-1])
