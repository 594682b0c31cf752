"""Ridge regression to vectors of what was seen, against scikit-learn's pieces put together."""

import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge as PlainRidge
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_left_out import left_out_errors
from neurodecode.models.align.ridge import Ridge

ALPHAS = (1.0, 30.0, 1e3)


def shown(n_stimuli=40, n_repeats=3, shape=(6,), seed=0):
    """Trials of 5 channels and 8 samples, their vectors, and which stimulus they show."""
    rng = np.random.default_rng(seed)
    latent = np.random.default_rng(9).normal(size=(n_stimuli + 5, 4))[:n_stimuli]
    told = latent @ np.random.default_rng(8).normal(size=(4, int(np.prod(shape)))) + 3
    stimulus = rng.permutation(np.repeat(np.arange(n_stimuli), n_repeats))
    mixing = np.random.default_rng(7).normal(size=(4, 40)) * np.linspace(0.1, 9, 40)
    X = latent[stimulus] @ mixing + 5 * rng.normal(size=(len(stimulus), 40)) + 20
    rows = pd.DataFrame({"subject": "01", "stimulus": [f"s{i}" for i in stimulus]})
    return X.reshape(-1, 5, 8), told[stimulus].reshape(-1, *shape), rows


def means(X, y, rows):
    """Averages, in the order of first trials."""
    order = dict.fromkeys(zip(rows["subject"], rows["stimulus"], strict=True))
    of = [(rows["subject"] == a) & (rows["stimulus"] == b) for a, b in order]
    flat, told = X.reshape(len(X), -1), y.reshape(len(y), -1)
    return np.stack([flat[one].mean(axis=0) for one in of]), np.stack([told[o][0] for o in of])


@pytest.mark.parametrize("by_rows", [True, False], ids=["stimulus", "equal targets"])
def test_averages_are_told_as_by_scikit_learn(by_rows):
    X, y, rows = shown()
    fresh = shown(seed=1)[0]
    model = Ridge(ALPHAS).fit(X, y, rows=rows if by_rows else None)
    peer = make_pipeline(StandardScaler(), RidgeCV(ALPHAS)).fit(*means(X, y, rows))
    assert model.alpha_ == peer[-1].alpha_
    expected = peer.predict(fresh.reshape(len(fresh), -1))
    np.testing.assert_allclose(model.predict(fresh), expected, rtol=1e-9)
    moved = expected - means(X, y, rows)[1].mean(axis=0)
    np.testing.assert_allclose(
        model.embed(fresh), moved / np.linalg.norm(moved, axis=1, keepdims=True), rtol=1e-8
    )
    assert model.patterns()["target 6"].shape == (40,)


def test_people_are_averaged_apart():
    X, y, rows = shown()
    rows["subject"] = np.where(np.arange(len(rows)) % 2, "01", "02")
    model = Ridge(ALPHAS).fit(X, y, rows=rows)
    averages = means(X, y, rows)
    assert len(averages[0]) > 40
    peer = make_pipeline(StandardScaler(), RidgeCV(ALPHAS)).fit(*averages)
    np.testing.assert_allclose(model.predict(X), peer.predict(X.reshape(len(X), -1)), rtol=1e-9)


def test_trials_without_a_stimulus_are_no_repeats_of_each_other():
    X, y, rows = shown(n_stimuli=10, n_repeats=2)
    rows.loc[[3, 4, 5], "stimulus"] = None
    named = rows.assign(stimulus=rows["stimulus"].fillna(rows.index.to_series().astype(str)))
    models = [Ridge(ALPHAS).fit(X, y, rows=told) for told in (rows, named)]
    np.testing.assert_array_equal(*[model.predict(X) for model in models])


@pytest.mark.parametrize("n_targets", [3, 60])
def test_targets_that_are_all_the_same_are_said(n_targets):
    X, _, rows = shown(n_stimuli=10, n_repeats=1)
    model = Ridge(ALPHAS).fit(X, np.full((10, n_targets), 2.0), rows=rows)
    np.testing.assert_allclose(model.predict(X), 2.0)
    assert model.alpha_ == ALPHAS[-1]


def test_rows_without_the_columns_of_repeats_are_refused():
    X, y, rows = shown(n_stimuli=4)
    with pytest.raises(DataError, match=r"no column 'stimulus'.*repeats: none"):
        Ridge(ALPHAS).fit(X, y, rows=rows[["subject"]])


def test_single_trials_weigh_as_averages_and_are_left_out_with_their_repeats():
    X, y, rows = shown()
    few = np.flatnonzero(~rows["stimulus"].isin(["s1", "s2"]) | ~rows.duplicated())
    X, y, rows = X[few], y[few], rows.iloc[few].reset_index(drop=True)  # two are shown once
    groups = pd.factorize(rows["stimulus"])[0]
    weight = 1 / np.bincount(groups)[groups]
    model = Ridge(ALPHAS, repeats="single").fit(X, y, rows=rows)
    flat = X.reshape(len(X), -1)
    scaler = StandardScaler().fit(flat, sample_weight=weight)
    Z = scaler.transform(flat)
    solver = RidgeSolver.of(Z, sample_weight=weight)
    errors = left_out_errors(solver, y, ALPHAS, groups=groups).mean(axis=1)
    assert model.alpha_ == ALPHAS[np.argmin(errors)]
    peer = PlainRidge(model.alpha_).fit(Z, y, weight)
    np.testing.assert_allclose(model.predict(X), peer.predict(Z), rtol=1e-9)


def test_repeats_left_in_tell_the_one_left_out():
    rng = np.random.default_rng(0)
    stimulus = np.repeat(np.arange(20), 3)
    rows = pd.DataFrame({"subject": "01", "stimulus": stimulus})
    X = rng.normal(size=(20, 90))[stimulus] + 0.1 * rng.normal(size=(60, 90))
    y = rng.normal(size=(20, 6))[stimulus]  # nothing in X tells that of another stimulus
    assert Ridge(ALPHAS, repeats="none").fit(X, y).alpha_ == ALPHAS[0]
    assert Ridge(ALPHAS, repeats="single").fit(X, y, rows=rows).alpha_ == ALPHAS[-1]


def test_each_token_has_its_penalty_as_in_a_loop_of_scikit_learns():
    X, y, rows = shown(shape=(5, 60))
    y[:, 1:3] += (
        30 * np.random.default_rng(3).normal(size=(40, 2, 60))[rows["stimulus"].str[1:].astype(int)]
    )
    y[:, 4] = np.random.default_rng(4).normal(size=(40, 60))[rows["stimulus"].str[1:].astype(int)]
    model = Ridge(ALPHAS, per="token").fit(X, y, rows=rows)
    assert model.coef_ is not None  # 40 features by 300 targets are less than 40 rows and targets
    averages, told = means(X, y, rows)
    Z = StandardScaler().fit(averages)
    fresh = shown(seed=1)[0]
    expected, chosen = np.empty((len(fresh), 5, 60)), []
    for token in range(5):
        mine = told.reshape(40, 5, 60)[:, token]
        peer = RidgeCV(ALPHAS).fit(Z.transform(averages), mine)
        chosen.append(peer.alpha_)
        expected[:, token] = peer.predict(Z.transform(fresh.reshape(len(fresh), -1)))
    np.testing.assert_array_equal(model.alpha_, chosen)
    assert len(set(chosen)) > 1
    np.testing.assert_allclose(model.predict(fresh), expected, rtol=1e-5)
    flat = Ridge(ALPHAS, per="token", n_tokens=5).fit(X, y.reshape(len(y), -1), rows=rows)
    np.testing.assert_array_equal(flat.predict(fresh), model.predict(fresh).reshape(-1, 300))
    each = Ridge(ALPHAS, per="target").fit(X, y, rows=rows)
    assert each.alpha_.shape == (300,)


def many(n=30, n_features=500, n_targets=4000):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, n_features)).astype(np.float32)
    y = (X[:, :3] @ rng.normal(size=(3, n_targets)) + rng.normal(size=(n, n_targets))).astype(
        np.float16
    )
    return X, y, rng.normal(size=(7, n_features)).astype(np.float32)


def test_of_many_targets_no_weights_are_formed_or_kept():
    X, y, fresh = many()
    tracemalloc.start()
    model = Ridge(ALPHAS, repeats="none").fit(X, y)
    said = model.predict(fresh)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    weights = 500 * 4000 * 4
    assert peak < weights / 2
    assert len(pickle.dumps(model)) < weights / 10
    assert model.coef_ is None and model.targets_.dtype == np.float16
    assert np.shares_memory(model.targets_, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(fresh), said)
    Z = StandardScaler().fit(X)
    peer = PlainRidge(model.alpha_).fit(Z.transform(X), y.astype(np.float32))
    scale = np.abs(said).max()
    np.testing.assert_allclose(said, peer.predict(Z.transform(fresh)), atol=1e-5 * scale)


def test_trials_are_read_in_blocks_in_their_precision(monkeypatch):
    X, y, rows = shown()
    X = X.astype(np.float32)
    space = Space("sensors", tuple("abcde"))
    part = Part(X, space, ("channel", "time"), 100.0, 0.0, "key")
    trials = Trials.of_entries(Rows(rows), "eeg", part, np.arange(len(X)))
    of_arrays = Ridge(ALPHAS).fit(X, y, rows=rows)
    monkeypatch.setattr("neurodecode.models.align._repeats._BLOCK", 8 * 40 * 7)  # seven trials
    model = Ridge(ALPHAS).fit(trials, y, rows=rows)
    assert model.coef_.dtype == np.float32
    np.testing.assert_array_equal(model.predict(trials), of_arrays.predict(X))


def test_an_infinite_penalty_says_the_mean():
    X, y, rows = shown()
    model = Ridge((np.inf,)).fit(X, y, rows=rows)
    np.testing.assert_allclose(model.predict(X), np.tile(model.mean_, (len(X), 1)))
    np.testing.assert_allclose(model.mean_, means(X, y, rows)[1].mean(axis=0))
    np.testing.assert_allclose(model.embed(X), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"alphas": (0.0, 1.0)}, "alphas are .* above zero"),
        ({"repeats": "mean"}, "repeats is 'mean'. Give one of average, single, none"),
        ({"per": "word"}, "per is 'word'. Give one of all, token, target"),
        ({"n_tokens": 0}, "n_tokens is 0. Give a whole number"),
    ],
)
def test_what_cannot_be_meant_is_named(arguments, said):
    X, y, rows = shown()
    with pytest.raises(ConfigError, match=said):
        Ridge(**arguments).fit(X, y, rows=rows)


def test_what_cannot_be_learnt_from_is_named():
    X, y, rows = shown()
    with pytest.raises(DataError, match="6 targets do not fall into 4 tokens"):
        Ridge(per="token", n_tokens=4).fit(X, y, rows=rows)
    with pytest.raises(DataError, match="one row to train on"):
        Ridge().fit(X, y, rows=rows.assign(stimulus="s1"))
    with pytest.raises(DataError, match="trials of 35 numbers, and it was fitted on trials of 40"):
        Ridge().fit(X, y, rows=rows).predict(X[..., 1:])
