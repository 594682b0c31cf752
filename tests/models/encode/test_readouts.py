"""Readouts as estimators: what they learn of a small world, and what they are asked."""

import warnings

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is an extra")

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.names import find
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
STATIC = ("encode.factorized", "encode.gaussian")
GRID = (2, 3)


def made(name, **arguments):
    return find(name, "models")(random_state=0, **arguments)


def planted(n=300, seed=0):
    """Two voxels that see one place each, on maps of 2 × 3 places and 4 channels."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 6, 4)) * [1, 2, 3, 4]
    y = np.column_stack([X[:, 0, 0] + X[:, 0, 1], 10 - X[:, 5, 2]])
    return X, y


@pytest.mark.parametrize("name", STATIC)
def test_a_readout_finds_the_place_and_the_channels(name):
    X, y = planted()
    model = made(name, grid=GRID, training={"max_epochs": 60}).fit(X[:200], y[:200])
    fresh = model.predict(X[200:])
    assert [np.corrcoef(fresh[:, v], y[200:, v])[0, 1] > 0.95 for v in range(2)] == [True, True]
    assert fresh.mean(axis=0)[1] == pytest.approx(10, abs=1)  # in the unit of the target
    maps = model.spatial_maps()
    assert maps.shape == (2, *GRID)
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), 1, rtol=1e-5)
    assert [int(np.argmax(one)) for one in maps] == [0, 5]
    np.testing.assert_array_equal(model.patterns()["places"], maps)


def test_maps_come_as_tokens_as_channels_first_or_last_and_as_trials():
    X, y = planted(40)
    as_map = X.reshape(40, *GRID, 4)
    recipe = {"max_epochs": 2}
    plain = made("encode.gaussian", grid=GRID, training=recipe).fit(X, y).predict(X)
    first = np.moveaxis(as_map, 3, 1)
    again = made("encode.gaussian", training=recipe).fit(first, y).predict(first)
    np.testing.assert_allclose(again, plain, rtol=1e-5)
    last = made("encode.gaussian", channels="last", training=recipe)
    np.testing.assert_allclose(last.fit(as_map, y).predict(as_map), plain, rtol=1e-5)
    # As features lie on disk: flat, their shape in the space.
    space = Space("features", tuple(map(str, range(24))), shape=(6, 4))
    part = Part(X.reshape(40, -1).astype(np.float16), space, ("feature",), None, 0.0, "planted")
    rows = Rows.build(_table(40))
    trials = Trials.of_entries(rows, "tokens", part, np.arange(40))
    model = made("encode.gaussian", grid=GRID, training=recipe)
    stored = model.fit(trials, y).predict(trials)
    np.testing.assert_allclose(stored, plain, atol=0.05)  # halves hold three digits


def _table(n):
    import pandas as pd

    return pd.DataFrame(
        {"subject": "1", "session": "1", "run": "1", "recording": "a", "position": np.arange(n),
         "onset": np.arange(n), "duration": 0.0, "start": np.nan, "stop": np.nan}
    )  # fmt: skip


def test_one_target_is_one_number_a_trial():
    X, y = planted(40)
    said = made("encode.gaussian", grid=GRID, training={"max_epochs": 2}).fit(X, y[:, 0])
    assert said.predict(X).shape == (40,)


def test_a_constant_target_is_told_as_it_is():
    X, y = planted(40)
    y[:, 1] = 3.0
    model = made("encode.factorized", grid=GRID, training={"max_epochs": 2})
    np.testing.assert_allclose(model.fit(X, y).predict(X)[:, 1], 3, atol=0.2)


@pytest.mark.parametrize(
    ("name", "arguments", "error", "said"),
    [
        ("encode.gaussian", {"covariance": "round"}, ConfigError, "give isotropic or full"),
        ("encode.factorized", {"maps": "sharp"}, ConfigError, "give softmax or free"),
        ("encode.factorized", {"sparsity": 0.1}, ConfigError, "Say maps: free"),
        ("encode.factorized", {"smoothness": -1.0}, ConfigError, "zero or more"),
        ("encode.gaussian", {"training": {"max_epoch": 3}}, ConfigError, "max_epoch"),
        ("encode.gaussian", {"grid": (3, 3)}, DataError, "of 9"),
    ],
)
def test_what_cannot_be_meant_is_refused(name, arguments, error, said):
    X, y = planted(20)
    with pytest.raises(error, match=said):
        made(name, **{"grid": GRID, **arguments}).fit(X, y)


def test_data_that_cannot_be_learnt_from_is_refused():
    X, y = planted(20)
    model = made("encode.gaussian", grid=GRID, training={"max_epochs": 1})
    with pytest.raises(DataError, match="of shape \\(24,\\) are no map"):
        model.fit(X.reshape(20, -1), y)
    with pytest.raises(DataError, match="targets of shape"):
        model.fit(X, y[:10])
    hole = X.copy()
    hole[3, 0, 0] = np.nan
    with pytest.raises(DataError, match="trial 3 of 20 holds NaN"):
        model.fit(hole, y)
    model.fit(X, y)
    with pytest.raises(DataError, match=r"maps of shape \(6, 3\), and the readout was trained on"):
        model.predict(X[:, :, :3])


def test_features_without_places_are_refused_before_anything_is_read():
    model = made("encode.gaussian")
    names = tuple(map(str, range(36)))
    model.check_space(Space("features", names, shape=(9, 4)))
    model.check_space(Space("features"))  # still to be computed
    with pytest.raises(DataError, match="are no map"):
        model.check_space(Space("features", names))
    with pytest.raises(DataError, match="Say direction: encode"):
        model.check_space(Space("sensors", names))


def test_validation_trials_say_which_pass_is_best():
    X, y = planted(60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = made("encode.factorized", grid=GRID, training={"max_epochs": 5})
        model.fit(X[:40], y[:40], val=(X[40:], y[40:]))
    assert np.isfinite(model.history_["val_loss"]).all()
    assert model.best_epoch_ == 1 + int(np.argmin(model.history_["val_loss"]))
