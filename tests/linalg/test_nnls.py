"""Weights that are not negative against scipy's."""

import numpy as np
import pytest
from scipy import optimize

from neurodecode.linalg.nnls import nnls


def problem(n_rows, n, seed, mixed=0.0):
    rng = np.random.default_rng(seed)
    A = rng.random((n_rows, n)) + mixed * rng.random((n_rows, 1))
    return A, rng


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
def test_weights_are_scipys(seed, scale):
    A, rng = problem(60, 9, seed)
    y = scale * (A @ rng.normal(size=9) + rng.normal(size=60))
    expected, _ = optimize.nnls(A, y)
    found = nnls(A.T @ A, A.T @ y)
    assert np.any(expected == 0)
    np.testing.assert_array_equal(found == 0, expected == 0)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10 * scale)


@pytest.mark.parametrize("seed", range(5))
def test_it_ends_where_all_weights_are_active(seed):
    """At 48 conditions rsatoolbox's never does: its gradient is held to 2e-14, and rounding is
    above that."""
    A, rng = problem(1128, 6, seed, mixed=3)
    y = 100 * A @ (1 + rng.random(6)) + rng.normal(size=1128)
    expected, _ = optimize.nnls(A, y)
    assert np.all(expected > 0)
    found = nnls(A.T @ A, A.T @ y)
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_basis_vectors_that_are_equal_share_what_is_there():
    A, _ = problem(40, 3, 0)
    A = np.column_stack([A, A[:, 0]])
    y = A[:, :3] @ np.array([2.0, 0.5, 1])
    found = nnls(A.T @ A, A.T @ y)
    assert np.all(found >= 0)
    np.testing.assert_allclose(A @ found, y, atol=1e-6)


def test_data_that_no_weight_serves_have_none():
    A, _ = problem(40, 3, 0)
    np.testing.assert_array_equal(nnls(A.T @ A, A.T @ -np.ones(40)), 0)
    np.testing.assert_array_equal(nnls(A.T @ A, np.zeros(3)), 0)
