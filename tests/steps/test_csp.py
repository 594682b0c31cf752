"""Spatial patterns against the eigenvalue problem that defines them."""

import mne
import numpy as np
import pytest
from scipy.linalg import eigh

from neurodecode.steps.csp import Csp

mne.set_log_level("ERROR")


def planted(n=60, n_times=200, seed=0):
    """Two of five sources change their power with the class, in opposite ways."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(5, 5))
    y = np.arange(n) % 2
    sources = rng.normal(size=(n, 5, n_times))
    sources[y == 0, 0] *= 4
    sources[y == 1, 1] *= 4
    return mixing @ sources, y, mixing


def alike(one, other):
    return abs(one @ other) / np.linalg.norm(one) / np.linalg.norm(other)


def test_patterns_are_those_of_the_planted_sources():
    X, y, mixing = planted()
    patterns = Csp(n_components=2, reg=None).fit(X, y).patterns_
    assert patterns.shape == (2, 5)
    for source in (0, 1):
        # Twelve thousand samples a class pin a pattern to about a hundredth of its length.
        assert max(alike(pattern, mixing[:, source]) for pattern in patterns) > 0.999


def test_filters_solve_the_generalised_eigenvalue_problem():
    # Blankertz et al. 2008, eq. 3: C1 w = λ (C1 + C2) w, the ends of the spectrum first.
    X, y, _ = planted()
    C = [np.mean([np.cov(x) for x in X[y == code]], axis=0) for code in (0, 1)]
    values, vectors = eigh(C[0], C[0] + C[1])
    ends = vectors[:, np.argsort(-np.abs(values - 0.5))[:2]]
    powers = Csp(n_components=2, reg=None).fit(X, y).transform(X)
    expected = np.log(np.mean((ends.T @ X) ** 2, axis=2))
    # A filter's length is the library's choice: it moves a log power by a constant.
    np.testing.assert_allclose(
        powers - powers.mean(axis=0), expected - expected.mean(axis=0), atol=0.02
    )


@pytest.mark.parametrize("n_components", [1, 2, 5])
def test_one_power_a_component(n_components):
    X, y, _ = planted()
    step = Csp(n_components).fit(X, y)
    assert step.transform(X).shape == (60, n_components)
    assert step.patterns_.shape == (n_components, 5)


def test_powers_are_logged_or_standardised():
    X, y, _ = planted()
    powers = Csp(2, log=False).fit(X, y).transform(X)
    np.testing.assert_allclose(powers.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(powers.std(axis=0), 1)
    louder = Csp(2).fit(X, y)
    np.testing.assert_allclose(
        louder.transform(10 * X) - louder.transform(X), np.log(100), rtol=1e-12
    )
