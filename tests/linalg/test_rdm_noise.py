"""Noise precision against loops of outer products, and what shrinkage is for."""

import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.rdm_noise import measurement_residuals, noise_of_runs, noise_precision


def residuals(n=40, n_channels=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, n_channels)) @ rng.normal(size=(n_channels, n_channels)) + 3


def by_outer_products(E, method, dof):
    """The published formulas, residual by residual."""
    E = E - E.mean(0)
    n, n_channels = E.shape
    S = sum(np.outer(e, e) for e in E)
    S2 = sum(np.outer(e, e) ** 2 for e in E)
    if method == "diag":
        return np.diag(np.diag(S)) / dof, 1.0
    if method == "shrink_eye":
        C = S / n
        b2 = np.sum(S2 / n - C**2) / n
        m = np.trace(C) / n_channels
        d2 = np.sum((C - m * np.eye(n_channels)) ** 2)
        share = min(b2, d2) / d2
        return (share * m * np.eye(n_channels) + (1 - share) * C) * n / dof, share
    v = np.diag(S) / dof
    means, squares = S / np.sqrt(np.outer(v, v)) / (n - 1), S2 / np.outer(v, v) / (n - 1)
    off = ~np.eye(n_channels, dtype=bool)
    share = np.sum((n / dof**2 * (squares - means**2))[off]) / np.sum(means[off] ** 2)
    share = min(1.0, max(0.0, share))
    return S / dof * np.where(off, 1 - share, 1), share


@pytest.mark.parametrize("method", ["diag", "shrink_diag", "shrink_eye"])
@pytest.mark.parametrize(("n", "dof"), [(40, None), (40, 31), (5, None)])
def test_covariances_are_those_of_loops(method, n, dof):
    E = residuals(n)
    found = noise_precision(E, method, dof)
    covariance, share = by_outer_products(E, method, n - 1 if dof is None else dof)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-11, atol=1e-12)
    assert float(found.shrinkage) == pytest.approx(share, abs=1e-12)
    np.testing.assert_allclose(found.precision @ covariance, np.eye(6), atol=1e-8)


@pytest.mark.parametrize("method", ["diag", "shrink_diag", "shrink_eye"])
def test_runs_at_once_are_runs_one_by_one(method):
    E = np.stack([residuals(seed=s) for s in range(3)])
    together = noise_precision(E, method)
    for i, one in enumerate(E):
        alone = noise_precision(one, method)
        np.testing.assert_allclose(together.precision[i], alone.precision, rtol=1e-10)
        assert together.shrinkage[i] == pytest.approx(alone.shrinkage)


@pytest.mark.parametrize("method", ["shrink_diag", "shrink_eye"])
def test_little_data_are_shrunk_more_and_come_nearer_to_the_truth(method):
    truth = np.diag([1.0, 2, 3, 4, 5, 6]) + 0.3
    rng = np.random.default_rng(0)
    E = rng.multivariate_normal(np.zeros(6), truth, size=2000)
    few, many = noise_precision(E[:12], method), noise_precision(E, method)
    assert few.shrinkage > 3 * many.shrinkage
    plain = np.cov(E[:12].T)
    assert np.linalg.norm(few.covariance - truth) < np.linalg.norm(plain - truth)


def test_measured_residuals_are_about_the_means_of_condition_and_run():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(24, 3))
    conditions, runs = np.tile(list("abc"), 8), np.repeat(["1", "2"], 12)
    E, dof = measurement_residuals(X, conditions, runs)
    assert dof == 24 - 6
    for run in "12":
        rows = (runs == run) & (conditions == "b")
        np.testing.assert_allclose(E[rows], X[rows] - X[rows].mean(0), atol=1e-14)
    each = noise_of_runs(X, conditions, runs, "shrink_eye")
    assert [one.dof for one in each] == [9, 9]
    expected = noise_precision(E[runs == "2"], "shrink_eye", 9)
    np.testing.assert_allclose(each[1].precision, expected.precision, rtol=1e-10)


def test_what_has_no_noise_is_named():
    E = residuals()
    E[:, 4] = 2
    with pytest.raises(DataError, match="channel 4 are constant"):
        noise_precision(E)
    with pytest.raises(DataError, match=r"run b: .*0 degrees of freedom"):
        noise_of_runs(residuals(8), np.r_[0, 0, 1, 1, 0, 1, 2, 3], np.repeat(["a", "b"], 4))
    one = np.tile([1.0, -1], 10)[:, None]
    with pytest.raises(DataError, match="has no inverse: shrinkage is zero"):
        noise_precision(one * np.ones(2))
    with pytest.raises(ConfigError, match="Did you mean 'shrink_eye'"):
        noise_precision(residuals(), "shrink_eyes")  # type: ignore[arg-type]
