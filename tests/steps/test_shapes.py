"""Steps of one trial alone that change its shape."""

import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.stages import is_stateless
from neurodecode.steps.bin_means import BinMeans
from neurodecode.steps.mean_over_time import MeanOverTime
from neurodecode.steps.stack_bands import StackBands


@pytest.mark.parametrize(("width", "n_bins"), [(1, 20), (3, 6), (8, 2), (20, 1)])
def test_means_are_of_neighbouring_samples_and_the_rest_is_left_out(width, n_bins):
    X = np.random.default_rng(0).normal(size=(4, 3, 20))
    found = BinMeans(width).transform(X)
    assert found.shape == (4, 3, n_bins)
    for i in range(n_bins):
        expected = X[..., i * width : (i + 1) * width].mean(axis=-1)
        np.testing.assert_allclose(found[..., i], expected, rtol=1e-14)


def test_bins_that_cannot_be_filled_are_named():
    with pytest.raises(DataError, match="a trial has 20 samples, and a bin 21"):
        BinMeans(21).transform(np.zeros((4, 3, 20)))
    for width in (0, -1, 2.5):
        with pytest.raises(ConfigError, match=f"BinMeans: width is {width}. Give a whole number"):
            BinMeans(width).transform(np.zeros((4, 3, 20)))


def test_bands_stand_one_under_the_other():
    X = np.random.default_rng(0).normal(size=(4, 2, 3, 20))
    found = StackBands().transform(X)
    np.testing.assert_array_equal(found, np.concatenate([X[:, 0], X[:, 1]], axis=1))


@pytest.mark.parametrize("step", [BinMeans(), StackBands()], ids=repr)
def test_other_input_is_named(step):
    assert is_stateless(step)
    with pytest.raises(DataError, match=r"was handed an array of shape \(4, 3\)"):
        step.transform(np.zeros((4, 3)))


def test_a_mean_over_time_is_of_each_trial_however_long():
    rng = np.random.default_rng(0)
    several = [rng.normal(size=(3, n)) for n in (20, 7, 1)]
    step = MeanOverTime()
    assert is_stateless(step)
    found = step.fit(several).transform(several)
    np.testing.assert_array_equal(found, [one.mean(axis=1) for one in several])
    X = rng.normal(size=(4, 3, 20))
    np.testing.assert_array_equal(step.transform(X), X.mean(axis=2))
    with pytest.raises(DataError, match=r"MeanOverTime takes trials of channel × time.*\(3, 0\)"):
        step.transform([np.zeros((3, 0))])
