"""Means between those of others and those of the tested."""

import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.models.riemann.mdwm import Mdwm


def trials(strong, n=20, seed=0):
    X = np.random.default_rng(seed).normal(size=(n, 3, 80))
    y = np.arange(n) % 2
    X[y == 1, strong] *= 2
    return X, y


def test_until_it_is_adapted_it_is_the_nearest_mean():
    X, y = trials(0)
    expected = Mdm().fit(X, y).predict_proba(X)
    model = Mdwm().fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    stayed = Mdwm(0.0).fit(X, y).adapt(*trials(1))  # a geodesic at 0, but for rounding
    np.testing.assert_allclose(stayed.predict_proba(X), expected, rtol=1e-12)


def test_all_the_way_there_it_is_that_of_the_tested_and_adapting_twice_is_adapting_once():
    X, y = trials(0)
    expected = Mdm().fit(*trials(1, seed=1)).predict_proba(X)
    model = Mdwm(1.0).fit(X, y).adapt(*trials(2, seed=2)).adapt(*trials(1, seed=1))
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-10)


def test_a_class_that_was_not_shown_keeps_its_mean():
    X, y = trials(0)
    model = Mdwm().fit(X, y)
    before = model.stages_[-1].means_
    shown, codes = trials(1)
    model.adapt(shown[codes == 1], codes[codes == 1])
    after = model.stages_[-1].means_
    np.testing.assert_array_equal(after[0], before[0])
    assert not np.allclose(after[1], before[1])


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(ConfigError, match=r"mdwm: tradeoff is 1.5. Give a number from 0 to 1"):
        Mdwm(1.5).fit(*trials(0))
    with pytest.raises(DataError, match="it needs labels of the tested, and was shown rows withou"):
        Mdwm().fit(*trials(0)).adapt(trials(1)[0])
