"""Ridge regression as a model: values, vectors, patterns, wrong arguments."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV

from neurodecode.core.errors import ConfigError
from neurodecode.models.linear.ridge import Ridge

ALPHAS = (0.1, 1.0, 10.0, 1e2, 1e3)


def planted(n_targets, n=50, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4, 5))
    weights = np.random.default_rng(9).normal(size=(20, n_targets))
    return X, X.reshape(n, -1) @ weights + rng.normal(size=(n, n_targets)) * np.arange(
        1, n_targets + 1
    ) ** 2


@pytest.mark.parametrize("per_target", [False, True])
@pytest.mark.parametrize("n_targets", [0, 1, 4])
def test_it_is_ridgecv_on_flattened_trials(n_targets, per_target):
    X, y = planted(max(n_targets, 1))
    fresh, _ = planted(max(n_targets, 1), seed=1)
    y = y if n_targets else y[:, 0]
    model = Ridge(ALPHAS, per_target).fit(X, y)
    # RidgeCV of one value has no target of its own to choose by.
    peer = RidgeCV(ALPHAS, alpha_per_target=per_target and n_targets > 0).fit(X.reshape(50, -1), y)
    np.testing.assert_array_equal(model.alpha_, peer.alpha_)
    found, expected = model.predict(fresh), peer.predict(fresh.reshape(50, -1))
    assert found.shape == y.shape  # RidgeCV drops the axis of a vector of one
    expected = expected.reshape(y.shape)
    assert model.coef_.shape == (*y.shape[1:], 20)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


def test_a_pattern_is_where_the_value_shows():
    rng = np.random.default_rng(0)
    y, noise = rng.normal(size=(2, 400))
    X = 0.1 * rng.normal(size=(400, 3))
    X[:, 0] += y + noise
    X[:, 1] += noise
    model = Ridge().fit(X, y)
    ((name, pattern),) = model.patterns().items()
    assert name == "value"
    # The channel of noise has a weight, which cancels, and no pattern (Haufe et al. 2014).
    assert model.coef_[1] < -0.5 * model.coef_[0]
    assert abs(pattern[1]) < 0.2 * pattern[0]


def test_patterns_of_vectors_are_named_by_target_and_of_very_many_none():
    X, y = planted(3)
    assert list(Ridge().fit(X, y).patterns()) == ["target 1", "target 2", "target 3"]
    assert Ridge().fit(X, np.tile(y, 34)).patterns() == {}


@pytest.mark.parametrize("alphas", [(), (0.0, 1.0), (-1.0,), ((1.0, 2.0), (3.0, 4.0))])
def test_penalties_are_above_zero(alphas):
    with pytest.raises(ConfigError, match=r"ridge: alphas are .* above zero"):
        Ridge(alphas).fit(*planted(1))
