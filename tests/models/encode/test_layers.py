"""Layers chosen within the training rows: what is found, and that choosing earns nothing."""

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.models.encode.layers import Layers
from neurodecode.models.encode.ridge import Ridge

ALPHAS = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0)


def rows_of(n, length=0.5):
    return pd.DataFrame(
        {
            "recording": [f"run-{i // 30}" for i in range(n)],
            "start": 2.0 * (np.arange(n) % 30),
            "stop": 2.0 * (np.arange(n) % 30) + length,
            "stimulus": [f"s{i % 60:02d}" for i in range(n)],
        }
    )


def planted(n=240, n_layers=3, d=6, seed=0):
    """Make features of layers, and targets 0 to 4 of the first, 5 to 9 of the last one."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, n_layers, d))
    weights = rng.standard_normal((d, 10))
    Y = np.hstack([X[:, 0] @ weights[:, :5], X[:, -1] @ weights[:, 5:]])
    return X, Y + rng.standard_normal(Y.shape)


def test_each_target_is_told_from_its_own_layer():
    X, Y = planted()
    model = Layers(3, ALPHAS, precision="float64").fit(X[:180], Y[:180], rows=rows_of(180))
    assert model.layer_.tolist() == [0] * 5 + [2] * 5
    assert model.choices()["layer"].dtype.kind == "i" and model.flags_ == ("chosen_of:3",)
    assert model.profile_.shape == (3, 10)
    np.testing.assert_array_equal(model.profile_.argmax(axis=0), model.layer_)
    profile = model.layer_profile()
    assert profile["share"].tolist() == [0.5, 0.0, 0.5]
    np.testing.assert_allclose(profile["score"], model.profile_.mean(axis=1))
    # Of the chosen layer it is the ridge regression with the chosen penalty.
    for layer in (0, 2):
        mine = model.layer_ == layer
        for alpha in np.unique(model.alpha_[mine]):
            same = mine & (model.alpha_ == alpha)
            peer = Ridge((alpha,), precision="float64").fit(X[:180, layer], Y[:180, same])
            expected = peer.predict(X[180:, layer])
            np.testing.assert_allclose(model.predict(X[180:])[:, same], expected, atol=1e-8)


def test_the_best_of_many_layers_looks_better_than_it_is():
    """The largest of 8 test scores of nothing is above .1; the layer chosen before is not."""
    rng = np.random.default_rng(1)
    X, Y = rng.standard_normal((160, 8, 5)), rng.standard_normal((160, 200))
    train, test = slice(0, 100), slice(100, 160)

    def r(said):
        with np.errstate(invalid="ignore", divide="ignore"):
            z = (said - said.mean(axis=0)) / said.std(axis=0)
        true = (Y[test] - Y[test].mean(axis=0)) / Y[test].std(axis=0)
        return np.nan_to_num((z * true).mean(axis=0))

    every = [Ridge((10.0,)).fit(X[train, i], Y[train]).predict(X[test, i]) for i in range(8)]
    assert np.max([r(one) for one in every], axis=0).mean() > 0.1
    model = Layers(8, (10.0,), null=False).fit(X[train], Y[train], rows=rows_of(100))
    # Mean of 200 correlations over 60 rows: s.e. of each .13, of their mean .01.
    assert abs(r(model.predict(X[test])).mean()) < 0.03


def test_test_rows_choose_nothing():
    X, Y = planted()
    one = Layers(3, ALPHAS).fit(X[:180], Y[:180], rows=rows_of(180))
    other = Layers(3, ALPHAS).fit(X[:180].copy(), Y[:180].copy(), rows=rows_of(180))
    said = one.predict(X[180:])
    assert (other.predict(X[200:]) == said[20:]).all()
    # A row that shows what another shows is left out with it: two copies are no evidence.
    twice, rows = np.repeat(X[:60], 2, axis=0), rows_of(120)
    rows["stimulus"] = np.repeat([f"s{i}" for i in range(60)], 2)
    noise = np.repeat(np.random.default_rng(2).standard_normal((60, 40)), 2, axis=0)
    with pytest.warns(UserWarning, match="largest penalty"):
        apart = Layers(3, ALPHAS, null=False).fit(twice, noise, rows=rows)
    assert np.nanmean(apart.profile_) < 0


def test_delays_come_first():
    X, Y = planted()
    later = np.stack([X, np.roll(X, 1, axis=0)], axis=1).reshape(240, -1)
    model = Layers(3, ALPHAS, delays=(0, 1)).fit(later, Y, rows=rows_of(240))
    assert model.layer_.tolist() == [0] * 5 + [2] * 5


def test_a_layer_for_all_is_the_best_on_average():
    X, Y = planted()
    model = Layers(3, ALPHAS, shared=True).fit(X, Y[:, 3:], rows=rows_of(240))
    assert set(model.layer_) == {2}


@pytest.mark.parametrize(
    ("arguments", "length", "kind", "said"),
    [
        ({"n_layers": 4}, 0.5, ConfigError, "features have 3 layers, n_layers is 4"),
        ({"n_layers": 3, "cv": "stimuli"}, 2.0, LeakError, "follow each other in time"),
        ({"n_layers": 3, "cv": "loo"}, 0.5, ConfigError, "cv is 'loo'"),
        ({"n_layers": 0}, 0.5, ConfigError, "n_layers is 0"),
    ],
)
def test_what_cannot_be_is_refused(arguments, length, kind, said):
    X, Y = planted()
    with pytest.raises(kind, match=said):
        Layers(**arguments).fit(X, Y, rows=rows_of(240, length))
