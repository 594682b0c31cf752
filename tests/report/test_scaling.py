"""Slopes of agreement on size, and layers that are chosen by other subjects."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from neurodecode.core.errors import ConfigError
from neurodecode.report.scaling import model_scaling, nested_layers

SIZES = np.array([3e8, 1e9, 3e9, 7e9, 3e10, 7e10])


def world(gain, n_subjects=12, n_conditions=30, seed=0):
    """Give RDMs of subjects, and of models whose share of the truth grows with their size."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(n_conditions, 6))
    data = [pdist(truth + rng.normal(size=truth.shape), "sqeuclidean") for _ in range(n_subjects)]
    spread = 2.0 - gain * (np.log10(SIZES) - np.log10(SIZES[0]))
    models = [pdist(truth + s * rng.normal(size=truth.shape), "sqeuclidean") for s in spread]
    return np.stack(data), np.stack(models)


def test_a_planted_slope_is_found():
    found = model_scaling(*world(0.7), SIZES, n_draws=200)
    assert found.slope > 0.05
    assert found.low > 0
    assert found.p < 0.01
    assert found.slope == pytest.approx(np.polyfit(np.log10(SIZES), found.scores, 1)[0])


def test_intervals_of_no_slope_hold_zero_as_often_as_they_say():
    """Models that tell nothing of the brain: over worlds the slope differs by chance alone."""
    held = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        data = np.stack([pdist(rng.normal(size=(15, 6))) for _ in range(8)])
        models = np.stack([pdist(rng.normal(size=(15, 6))) for _ in SIZES])
        found = model_scaling(data, models, SIZES, n_draws=100)
        held += found.low <= 0 <= found.high
    assert held >= 17  # binomial of 20 at .95: fewer has a probability of .016


def test_layers_are_chosen_by_the_others():
    rng = np.random.default_rng(0)
    data = np.stack([pdist(rng.normal(size=(8, 5))) for _ in range(6)])
    layers = {f"layer {i}": pdist(rng.normal(size=(8, 3))) for i in range(40)}
    found = nested_layers(data, layers)
    each = np.array([[np.corrcoef(d, one)[0, 1] for one in layers.values()] for d in data])
    assert found.best > 0.1  # the best of 40 that tell nothing
    assert found.scores.mean() < found.best - 0.05
    corr = nested_layers(data, layers, "corr")
    for s, name in enumerate(corr.chosen):
        others = np.delete(each, s, axis=0).mean(axis=0)
        assert name == list(layers)[int(others.argmax())]
        assert corr.scores[s] == pytest.approx(each[s, int(others.argmax())])


def test_sizes_that_give_no_slope_are_said():
    with pytest.raises(ConfigError, match="differ in it"):
        model_scaling(*world(0.7), np.full(6, 1e9))
