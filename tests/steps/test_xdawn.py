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


@pytest.mark.parametrize("arguments", [{}, {"n_components": 2}, {"estimator": "oas"}], ids=str)
def test_filters_are_pyriemanns(arguments):
    X, y, _ = planted()
    names = {"n_components": "nfilter", "estimator": "estimator"}
    peer = Filters(**{names[key]: value for key, value in arguments.items()}).fit(X, y)
    step = Xdawn(**arguments).fit(X, y)
    np.testing.assert_array_equal(step.transform(X), peer.transform(X))
    np.testing.assert_array_equal(step.patterns_, peer.patterns_)


def test_the_first_filter_of_a_class_is_its_source():
    X, y, mixing = planted()
    step = Xdawn(n_components=2).fit(X, y)
    assert step.filters_.shape == step.patterns_.shape == (4, 5)
    pattern, source = step.patterns_[2], mixing[:, 0]
    alike = abs(pattern @ source) / np.linalg.norm(pattern) / np.linalg.norm(source)
    assert alike > 0.98  # forty responses, noise as large as one of them


@pytest.mark.parametrize(
    "arguments", [{}, {"n_components": 2, "estimator": "lwf", "xdawn_estimator": "oas"}], ids=str
)
def test_covariances_are_pyriemanns(arguments):
    X, y, _ = planted()
    fresh, _, _ = planted(seed=1)
    asked = {"n_components": 4, "estimator": "oas", "xdawn_estimator": "scm", **arguments}
    peer = Estimation(asked.pop("n_components"), **asked).fit(X, y)
    step = XdawnCovariances(**arguments).fit(X, y)
    np.testing.assert_array_equal(step.transform(fresh), peer.transform(fresh))


def referenced():
    X, y, _ = planted()
    return X - X.mean(axis=1, keepdims=True), y


@pytest.mark.parametrize(
    ("step", "argument"), [(Xdawn(), "estimator"), (XdawnCovariances(), "xdawn_estimator")]
)
def test_channels_that_depend_on_one_another_are_named_with_the_remedy(step, argument):
    X, y = referenced()
    with pytest.raises(DataError, match=f"5 channels have rank 4 .* Use {argument}: oas"):
        step.fit(X, y)
    shrinking = step.set_params(**{argument: "oas"})
    assert np.isfinite(shrinking.fit(X, y).transform(X)).all()


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
