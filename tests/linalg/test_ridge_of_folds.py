"""Ridge regression with its penalty by folds left out, from sums of products, against refits."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from neurodecode.linalg.ridge_of_folds import Moments, ridge_leave_folds_out

ALPHAS = np.logspace(-4, 2, 7)


def planted(n=120, n_features=9, n_targets=3, seed=0, unit=1e-5):
    rng = np.random.default_rng(seed)
    X = unit * (rng.normal(size=(n, n_features)) @ rng.normal(size=(n_features, n_features)) + 4)
    Y = X @ rng.normal(size=(n_features, n_targets)) / unit
    return X, Y + 8 * rng.normal(size=Y.shape) - 7


def refitted(X, Y, alpha):
    unit = np.mean(np.var(X, axis=0)) * len(X)
    return Ridge(alpha=alpha * unit, solver="cholesky").fit(X, Y)


def test_errors_choice_and_weights_are_those_of_refits():
    X, Y = planted()
    parts = np.array_split(np.arange(len(X)), 4)
    found = ridge_leave_folds_out([Moments.of(X[part], Y[part]) for part in parts], ALPHAS)
    expected = np.zeros((len(ALPHAS), 3))
    for part in parts:
        others = np.setdiff1d(np.arange(len(X)), part)
        for i, alpha in enumerate(ALPHAS):
            model = refitted(X[others], Y[others], alpha)
            expected[i] += np.sum((model.predict(X[part]) - Y[part]) ** 2, axis=0) / len(X)
    # Sums of products lose digits that residuals keep.
    np.testing.assert_allclose(found.errors, expected, rtol=1e-7)
    best = int(np.argmin(expected.mean(axis=1)))
    assert 0 < best < len(ALPHAS) - 1  # neither end is the answer here
    assert found.alpha == ALPHAS[best]
    whole = refitted(X, Y, ALPHAS[best])
    np.testing.assert_allclose(found.weights.T, whole.coef_, rtol=1e-7)
    np.testing.assert_allclose(found.intercept, whole.intercept_, rtol=1e-7)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e3])
def test_units_change_no_choice_and_no_answer(unit):
    X, Y = planted(unit=1.0)
    parts = np.array_split(np.arange(len(X)), 3)
    one, other = (
        ridge_leave_folds_out([Moments.of(f * X[part], Y[part]) for part in parts], ALPHAS)
        for f in (1.0, unit)
    )
    assert one.alpha == other.alpha
    np.testing.assert_allclose(unit * X @ other.weights, X @ one.weights, rtol=1e-8)


def test_features_that_are_all_constant_leave_the_mean():
    X, Y = np.zeros((8, 2)), np.arange(8.0)[:, None]
    found = ridge_leave_folds_out([Moments.of(X[:4], Y[:4]), Moments.of(X[4:], Y[4:])], ALPHAS)
    np.testing.assert_array_equal(found.weights, 0)
    assert found.intercept == pytest.approx(3.5)
