"""Bands of features with penalties of their own, and what each adds."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge as Peer

from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.models.encode.banded_ridge import BandedRidge

BANDS = {"first": 10, "second": 30}
RUNS = 4
ALPHAS = tuple(np.logspace(-4, 4, 17))


def as_track(X, types=()):
    """The same numbers as one signal, whose columns say of which band they are."""
    told = Rows(pd.DataFrame(rows_of(len(X)).assign(uid=np.arange(len(X)).astype(str))))
    space = Space("features", tuple(map(str, range(X.shape[1]))), types)
    part = Part(X, space, ("feature",), None, 0.0, "all")
    return Trials.of_entries(told, "all", part, np.arange(len(X)))


def as_trials(X, widths=(10, 30)):
    """The same numbers as one signal a band, with the times of their rows."""
    told = pd.DataFrame(rows_of(len(X)).assign(uid=np.arange(len(X)).astype(str)))
    signals = {}
    edges = np.cumsum((0, *widths))
    for i, name in enumerate(BANDS):
        own = X[:, edges[i] : edges[i + 1]]
        space = Space("features", tuple(str(j) for j in range(own.shape[1])))
        part = Part(own, space, ("feature",), None, 0.0, name)
        signals |= Trials.of_entries(Rows(told), name, part, np.arange(len(X))).signals
    return Trials(Rows(told), signals)


def planted(seed=0, n=160):
    """Targets that follow the first band, the second, both, or none."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 40))
    weights = rng.normal(size=(40, 8))
    weights[10:, :2], weights[:10, 2:4], weights[:, 6:] = 0, 0, 0
    response = X @ weights
    response /= np.where(response.std(axis=0) > 0, response.std(axis=0), 1)
    return X, response + 0.7 * rng.normal(size=(n, 8)) + 3.0


def rows_of(n=160):
    start = 2.0 * (np.arange(n) % (n // RUNS))
    run = np.arange(n) // (n // RUNS)
    return pd.DataFrame({"recording": run.astype(str), "start": start, "stop": start + 2.0})


def fitted(**options):
    X, Y = planted()
    model = BandedRidge(
        **{"bands": BANDS, "delays": (), "cv": "runs", "n_draws": 20, "alphas": ALPHAS, **options}
    )
    return model.fit(X, Y, rows=rows_of()), *planted(seed=1)


@pytest.mark.parametrize("search", ["two_stage", "folds"])
def test_a_band_that_a_voxel_does_not_follow_has_next_to_no_share(search):
    model, _, _ = fitted(search=search)
    shares = model.stages_[-1].shares_
    np.testing.assert_allclose(shares.sum(axis=0), 1)
    assert (shares[0, :2] > 0.7).all() and (shares[1, 2:4] > 0.7).all()


def test_weights_are_those_of_ridge_on_features_times_the_roots_of_their_shares():
    model, _, _ = fitted(precision="float64")
    X, Y = planted()
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    last = model.stages_[-1]
    for j in range(4):
        root = np.sqrt(np.repeat(last.shares_[:, j], [10, 30]))
        peer = Peer(last.alpha_[j]).fit(scaled * root, Y[:, j])
        np.testing.assert_allclose(last.coef_[j], peer.coef_ * root, rtol=1e-5, atol=1e-8)


def test_parts_and_the_offset_sum_to_r2_and_name_the_band():
    model, X, _ = fitted()
    rng = np.random.default_rng(3)
    _, Y = planted()
    Y = model.predict(X) + rng.normal(size=(len(X), 8)) + 0.5  # another mean than in training
    parts = model.parts(X, Y)
    said = model.predict(X)
    r2 = 1 - ((Y - said) ** 2).sum(axis=0) / ((Y - Y.mean(axis=0)) ** 2).sum(axis=0)
    np.testing.assert_allclose(parts["r2"], r2, atol=1e-6)
    np.testing.assert_allclose(parts[["first", "second", "offset"]].sum(axis=1), r2, atol=1e-6)
    assert (parts["offset"] < -0.01).any()
    assert (parts["first"][:2] > 5 * parts["second"][:2].abs()).all()
    assert (parts["second"][2:4] > 5 * parts["first"][2:4].abs()).all()


def test_what_is_unique_is_lost_without_the_band():
    X, Y = planted()
    model = BandedRidge(BANDS, (), ALPHAS, cv="runs", n_draws=20, drop_one=True)
    rng = np.random.default_rng(0)
    new = rng.normal(size=(80, 40))
    truth = model.fit(X, Y, rows=rows_of()).predict(new)
    found = model.unique(new, truth + 0.3 * rng.normal(size=truth.shape))
    assert list(found) == ["first", "second", "shared", "r2"]
    np.testing.assert_allclose(found[["first", "second", "shared"]].sum(axis=1), found["r2"])
    assert (found["first"][:2] > 0.5).all() and (found["second"][:2].abs() < 0.2).all()
    assert (found["second"][2:4] > 0.5).all() and (found["first"][2:4].abs() < 0.2).all()


def test_a_band_has_delays_of_its_own():
    X, Y = planted()
    model = BandedRidge(BANDS, {"first": (0,), "second": (0, 1)}, ALPHAS, "runs", n_draws=4)
    last = model.stages()[-1]
    assert last.union == (0, 1)
    last.fit(np.hstack([X, np.roll(X, 1, axis=0)]), Y, rows=rows_of())
    assert last.coef_.shape == (8, 80)
    np.testing.assert_array_equal(last.coef_[:, 40:50], 0)
    assert (np.abs(last.coef_[:, 50:]).max(axis=0) > 0).all()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"bands": None}, ConfigError, "an array, which names none. Give names and numbers"),
        ({"bands": {}}, ConfigError, "Give names and numbers of features"),
        ({"bands": {"one": 12}}, ConfigError, "40 features, and bands of 12"),
        ({"cv": "gcv"}, LeakError, r"find r \.47 where the truth is 0"),
        ({"cv": None}, ConfigError, "cv is not said"),
        ({"n_splits": 9}, ConfigError, "there are 4 runs"),
        ({"delays": {"third": (1,)}}, ConfigError, "delays are named for third"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        fitted(**options)


@pytest.mark.parametrize("delays", [(), (0, 1), {"first": (0, 1), "second": (0,)}])
def test_bands_that_are_named_are_those_of_sizes(delays):
    X, Y = planted()
    Y = Y[:, :6]  # which follow something
    options = {
        "cv": "runs", "n_draws": 6, "alphas": ALPHAS, "precision": "float64",
        "drop_one": not delays,
    }  # fmt: skip
    named = BandedRidge(tuple(BANDS), delays, **options).fit(as_trials(X), Y, rows=rows_of())
    joined = as_track(X) if delays else X
    sized = BandedRidge(BANDS, delays, **options).fit(joined, Y, rows=rows_of())
    # Their columns stand in another order, and sums of products are rounded in it.
    np.testing.assert_allclose(named.predict(as_trials(X)), sized.predict(joined), atol=1e-8)
    parts = named.parts(as_trials(X), Y), sized.parts(joined, Y)
    np.testing.assert_allclose(*parts, atol=1e-8)
    assert list(parts[0]) == ["first", "second", "offset", "r2"]
    new, Y_new = (one[:120] for one in planted(seed=1))
    if not delays:
        lost = (
            model.unique(made(new), Y_new[:, :6])
            for model, made in ((named, as_trials), (sized, np.asarray))
        )
        np.testing.assert_allclose(*lost, atol=1e-8)


def test_signals_are_named_once():
    with pytest.raises(ConfigError, match="Name each signal once"):
        BandedRidge(("first", "first")).stages()


@pytest.mark.parametrize("delays", [(), {"first": (0, 1), "second": (0,)}])
def test_bands_that_columns_are_of_need_not_be_said(delays):
    X, Y = planted()
    Y = Y[:, :6]  # which follow something
    # Columns of a band lie anywhere; shares are drawn in the order in which bands are met.
    turned = np.append(0, 1 + np.random.default_rng(2).permutation(39))
    types = np.repeat(list(BANDS), list(BANDS.values()))[turned]
    options = {"cv": "runs", "n_draws": 6, "alphas": ALPHAS, "precision": "float64"}
    told = BandedRidge(None, delays, **options)
    trials = as_track(X[:, turned], tuple(types))
    told.fit(trials, Y, rows=rows_of())
    sized = BandedRidge(BANDS, delays, **options)
    joined = as_track(X) if delays else X
    sized.fit(joined, Y, rows=rows_of())
    parts = told.parts(trials, Y), sized.parts(joined, Y)
    assert list(parts[0]) == ["first", "second", "offset", "r2"]
    np.testing.assert_allclose(*parts, atol=1e-8)


def test_features_without_bands_are_refused_before_they_are_read():
    model, named = BandedRidge(), as_track(np.zeros((8, 3)), ("first", "second", "first"))
    (last,) = model.stages()
    with pytest.raises(ConfigError, match="do not say of which band each column is"):
        last.check_space(Space("features", ("0", "1")))
    last.check_space(named.signal().parts[0].space)
    (last,) = BandedRidge(delays={"first": (1,)}).stages()
    with pytest.raises(ConfigError, match="the bands are first, second"):
        last.check_space(named.signal().parts[0].space)


def test_what_is_unique_is_not_known_of_one_fit():
    model, X, Y = fitted()
    with pytest.raises(ConfigError, match="Say drop_one: true"):
        model.unique(X, Y)


def test_without_the_only_band_the_mean_is_told():
    model, X, Y = fitted(bands={"all": 40}, drop_one=True)
    (told,) = model.stages_[-1].without_band(X).values()
    np.testing.assert_allclose(told, np.broadcast_to(planted()[1].mean(axis=0), Y.shape), rtol=1e-6)
