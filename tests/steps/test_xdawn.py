"""Filters for evoked responses, against pyriemann and against responses that were planted."""

import numpy as np
import pytest
from pyriemann.estimation import XdawnCovariances as Estimation
from pyriemann.spatialfilters import Xdawn as Filters

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.steps.xdawn import Xdawn
from neurodecode.steps.xdawn_covariances import XdawnCovariances


def planted(n=80, n_times=60, seed=0):
    """A source responds in one class, below noise that the channels share."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    mixing = rng.normal(size=(5, 5))
    sources = rng.normal(size=(n, 5, n_times))
    sources[y == 1, 0] += 2 * np.sin(np.linspace(0, np.pi, n_times))
    return mixing @ sources, y, mixing


@pytest.mark.parametrize("n_components", [1, 2, 9])
def test_filters_are_pyriemanns(n_components):
    X, y, _ = planted()
    peer = Filters(n_components).fit(X, y)
    step = Xdawn(n_components).fit(X, y)
    np.testing.assert_array_equal(step.transform(X), peer.transform(X))
    np.testing.assert_array_equal(step.patterns_, peer.patterns_)


def test_the_first_filter_of_a_class_is_its_source():
    X, y, mixing = planted()
    step = Xdawn(n_components=2).fit(X, y)
    assert step.filters_.shape == step.patterns_.shape == (4, 5)
    pattern, source = step.patterns_[2], mixing[:, 0]
    alike = abs(pattern @ source) / np.linalg.norm(pattern) / np.linalg.norm(source)
    assert alike > 0.98  # forty responses, noise as large as one of them


@pytest.mark.parametrize("arguments", [{}, {"n_components": 2, "estimator": "lwf"}], ids=str)
def test_covariances_are_pyriemanns(arguments):
    X, y, _ = planted()
    fresh, _, _ = planted(seed=1)
    asked = {"n_components": 4, "estimator": "oas", **arguments}
    peer = Estimation(asked.pop("n_components"), **asked).fit(X, y)
    step = XdawnCovariances(**arguments).fit(X, y)
    # Rounding alone: the same sums in another order.
    np.testing.assert_allclose(step.transform(fresh), peer.transform(fresh), rtol=0, atol=1e-13)


def referenced():
    """Trials in average reference, and the same in a basis of the four directions that are left."""
    X, y, _ = planted()
    X = X - X.mean(axis=1, keepdims=True)
    basis = np.linalg.qr(np.eye(5) - 1 / 5)[0][:, :4].T
    return X, basis @ X, basis, y


def up_to_sign(one, other):
    np.testing.assert_allclose(np.abs(one), np.abs(other), rtol=1e-6, atol=1e-9)


def test_channels_that_depend_on_one_another_give_the_filters_of_what_varies():
    X, varying, basis, y = referenced()
    found, peer = Xdawn(2).fit(X, y), Filters(2).fit(varying, y)
    up_to_sign(found.filters_ @ basis.T, peer.filters_)
    up_to_sign(found.patterns_ @ basis.T, peer.patterns_)
    np.testing.assert_allclose(
        found.filters_.sum(axis=1), 0, atol=1e-9
    )  # none of what is not there
    # What a common signal adds to all channels is no part of referenced trials, and moves nothing.
    common = np.random.default_rng(1).normal(size=(80, 1, 60))
    np.testing.assert_allclose(found.transform(X + common), found.transform(X), atol=1e-9)


def test_covariances_of_referenced_channels_are_those_of_what_varies():
    X, varying, _, y = referenced()
    found = XdawnCovariances(2).fit(X, y).transform(X)
    expected = Estimation(2, estimator="oas").fit(varying, y).transform(varying)
    up_to_sign(found, expected)
    assert np.linalg.eigvalsh(found).min() > 0


def test_covariances_without_an_inverse_are_named():
    X, y, _ = planted()
    step = XdawnCovariances(n_components=4, estimator="scm").fit(X, y)
    # Two classes have four filters each, of five channels: eight rows of rank five.
    with pytest.raises(DataError, match=r"^trial 0: the covariance has rank .* for 16 channels"):
        step.transform(X)


@pytest.mark.parametrize("step", [Xdawn(), XdawnCovariances()], ids=repr)
def test_other_input_is_named(step):
    with pytest.raises(DataError, match=r"takes trials of channel × time.*shape \(20, 5\)"):
        step.fit(np.zeros((20, 5)), np.arange(20) % 2)


@pytest.mark.parametrize("step", [Xdawn(0), XdawnCovariances(2.5)], ids=repr)
def test_filters_are_counted_from_one(step):
    X, y, _ = planted()
    with pytest.raises(ConfigError, match=r"n_components is (0|2\.5)\. Give a whole number"):
        step.fit(X, y)
