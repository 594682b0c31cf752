"""Canonical correlations against scikit-learn's and the eigenvalue problem that defines them."""

import numpy as np
import pytest
from scipy.linalg import eigh
from sklearn.cross_decomposition import CCA

from neurodecode.linalg.cca import canonical_correlation, row_basis


def series(n=5, n_times=200, seed=0):
    rng = np.random.default_rng(seed)
    source = rng.normal(size=n_times)
    one = rng.normal(size=(n, n)) @ rng.normal(size=(n, n_times)) + np.outer(np.ones(n), source)
    return one + 3, np.stack([source + rng.normal(size=n_times), rng.normal(size=n_times)])


@pytest.mark.parametrize("seed", range(5))
def test_the_largest_correlation_is_scikit_learns(seed):
    one, other = series(seed=seed)
    found = canonical_correlation(row_basis(one), row_basis(other))
    a, b = CCA(n_components=1, tol=1e-12, max_iter=10000).fit_transform(one.T, other.T)
    assert found == pytest.approx(np.corrcoef(a[:, 0], b[:, 0])[0, 1], abs=1e-8)


def test_the_square_is_the_largest_eigenvalue():
    one, other = series()
    C = np.cov(np.concatenate([one, other]))
    between = C[:5, 5:] @ np.linalg.solve(C[5:, 5:], C[5:, :5])
    largest = eigh(between, C[:5, :5], eigvals_only=True)[-1]
    found = canonical_correlation(row_basis(one), row_basis(other))
    assert found**2 == pytest.approx(largest, rel=1e-10)


def test_mixing_the_rows_changes_nothing():
    one, other = series()
    expected = canonical_correlation(row_basis(one), row_basis(other))
    mixed = np.random.default_rng(1).normal(size=(5, 5)) @ one * 1e-6 + 40
    assert canonical_correlation(row_basis(mixed), row_basis(other)) == pytest.approx(expected)


def test_rows_that_depend_on_one_another_count_once():
    one, other = series()
    again = np.concatenate([one, one[:2] + one[2:4]])
    assert len(row_basis(again)) == 5
    expected = canonical_correlation(row_basis(one), row_basis(other))
    assert canonical_correlation(row_basis(again), row_basis(other)) == pytest.approx(expected)


def test_flat_rows_correlate_with_nothing():
    flat = np.full((3, 200), 7.0)
    assert len(row_basis(flat)) == 0
    assert canonical_correlation(row_basis(flat), row_basis(series()[0])) == 0.0


def test_a_set_with_itself_correlates_perfectly():
    basis = row_basis(series()[0])
    assert canonical_correlation(basis, basis[::-1]) == pytest.approx(1.0, abs=1e-12)
    assert canonical_correlation(basis, basis) <= 1.0
