"""Encoders by ridge: what is left out when penalties are chosen, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter
from sklearn.linear_model import Ridge as Peer

from neurodecode.core.errors import ConfigError, DataError, LeakError
from neurodecode.models.encode.ridge import Ridge

ALPHAS = (0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0)
N, RUN = 120, 30  # rows, and rows of a run


def rows_of(n=N, run=RUN, length=2.0, stimulus=None):
    at = np.arange(n)
    start = 2.0 * (at % run)
    return pd.DataFrame(
        {
            "recording": [f"sub-1_run-{i // run + 1}" for i in at],
            "start": start,
            "stop": start + length,
            "stimulus": stimulus,
        }
    )


def planted(seed=0, n=N, n_features=12, n_targets=6, noise=3.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_features))
    weights = rng.normal(size=(n_features, n_targets)) * np.linspace(0.2, 2, n_targets)
    return X, X @ weights + noise * rng.normal(size=(n, n_targets)) + 7.0


def left_out(X, Y, groups):
    """Mean R² of left-out groups for each penalty, one explicit fit at a time."""
    scores = []
    for alpha in ALPHAS:
        folds = []
        for one in np.unique(groups):
            test = groups == one
            said = Peer(alpha).fit(X[~test], Y[~test]).predict(X[test])
            about = Y[test] - Y[test].mean(axis=0)
            folds.append(1 - ((Y[test] - said) ** 2).sum(axis=0) / (about**2).sum(axis=0))
        scores.append(np.mean(folds, axis=0))
    return np.array(scores)


@pytest.mark.parametrize("per_target", [True, False])
def test_penalties_are_those_that_tell_whole_runs_best(per_target):
    X, Y = planted()
    arguments = {"alphas": ALPHAS, "cv": "runs", "null": False, "precision": "float64"}
    model = Ridge(alpha_per_target=per_target, **arguments).fit(X, Y, rows=rows_of())
    scores = left_out(X, Y, np.arange(N) // RUN)
    best = scores if per_target else np.tile(scores.mean(axis=1, keepdims=True), 6)
    alpha = np.array(ALPHAS)[best.argmax(axis=0)]
    np.testing.assert_allclose(model.alpha_, alpha)
    at = (best.argmax(axis=0), np.arange(6))
    np.testing.assert_allclose(model.cv_score_, scores[at], atol=2e-5)  # filters are mixtures
    peer = Peer(alpha).fit(X, Y)
    np.testing.assert_allclose(model.coef_, peer.coef_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(model.intercept_, peer.intercept_, rtol=1e-6)


def test_runs_that_show_the_same_are_left_out_together():
    X, Y = planted()
    film = ["a", "b", "a", "c"]  # the first and the third run show one film
    stimulus = [f"{film[i // RUN]}{i % RUN}" for i in range(N)]
    arguments = {"alphas": ALPHAS, "cv": "runs", "null": False, "precision": "float64"}
    model = Ridge(**arguments).fit(X, Y, rows=rows_of(stimulus=stimulus))
    scores = left_out(X, Y, np.array([0, 1, 0, 2])[np.arange(N) // RUN])
    np.testing.assert_allclose(model.alpha_, np.array(ALPHAS)[scores.argmax(axis=0)])
    with pytest.raises(ConfigError, match="there are 3 sets of runs that share no stimulus"):
        Ridge(cv="runs", n_splits=4).fit(X, Y, rows=rows_of(stimulus=stimulus))
    with pytest.raises(ConfigError, match="there is 1 set of runs"):
        Ridge(cv="runs").fit(X, Y, rows=rows_of(stimulus=[str(i % RUN) for i in range(N)]))


@pytest.mark.parametrize("length", [2.0, 5.0], ids=["volumes", "windows that overlap"])
def test_a_series_is_not_left_out_row_by_row(length):
    X, Y = planted()
    with pytest.raises(LeakError, match=r"find r \.47 where the truth is 0"):
        Ridge(cv="gcv").fit(X, Y, rows=rows_of(length=length))
    with pytest.raises(ConfigError, match=r"cv is not said\. Say cv: runs"):
        Ridge().fit(X, Y, rows=rows_of(length=length))


def test_trials_are_left_out_row_by_row_unless_said_otherwise():
    X, Y = planted()
    model = Ridge().fit(X, Y, rows=rows_of(length=0.5))
    assert model.cv_ == "gcv"
    np.testing.assert_array_equal(Ridge().fit(X, Y).alpha_, model.alpha_)
    assert Ridge(cv="runs").fit(X, Y, rows=rows_of(length=0.5)).cv_ == "runs"


def test_rows_of_one_stimulus_are_left_out_together():
    X, Y = planted(n_features=6)
    X[60:], stimulus = X[:60], np.tile(np.arange(60), 2).astype(str)
    arguments = {"alphas": ALPHAS, "null": False, "precision": "float64"}
    model = Ridge(**arguments).fit(X, Y, rows=rows_of(length=0.5, stimulus=stimulus))
    errors = []
    for alpha in ALPHAS:
        said = np.empty_like(Y)
        for one in np.unique(stimulus):
            test = stimulus == one
            said[test] = Peer(alpha).fit(X[~test], Y[~test]).predict(X[test])
        errors.append(((Y - said) ** 2).sum(axis=0))
    np.testing.assert_allclose(model.alpha_, np.array(ALPHAS)[np.argmin(errors, axis=0)])


def test_more_folds_than_runs_are_refused_before_anything_is_fitted():
    with pytest.raises(ConfigError, match=r"there are 4 runs\. 5 folds need as many"):
        Ridge(cv="runs", n_splits=5).check_rows(rows_of())
    with pytest.raises(ConfigError, match="there is 1 run"):
        Ridge(cv="runs").check_rows(rows_of(run=N))
    with pytest.raises(ConfigError, match="nothing says which run a row is of"):
        Ridge(cv="runs").fit(*planted())


def test_a_gap_is_as_long_as_the_delays_and_as_what_follows_itself():
    X, Y = planted(n=400)
    slow = lfilter([1.0], [1.0, -0.8], X, axis=0)
    rows = rows_of(400, 400)
    assert Ridge(cv="blocked", delays=(1, 2, 9)).fit(X, Y, rows=rows).gap_ >= 9
    assert Ridge(cv="blocked", delays=None).fit(X, Y, rows=rows).gap_ >= 4  # 9 s of 2 s each
    assert Ridge(cv="blocked", gap=3).fit(X, Y, rows=rows).gap_ == 3
    # Rows that follow each other by φ are told until ln .05 / ln φ: 14 rows at .8.
    assert 10 <= Ridge(cv="blocked").fit(slow, Y, rows=rows).gap_ <= 20
    assert Ridge(cv="blocked").fit(X, Y, rows=rows).gap_ <= 3


def test_of_noise_the_mean_is_told_more_often_than_not():
    # Small weights score above none in some of five runs by chance alone: 40 of 100 targets here.
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(200, 20)), rng.normal(size=(200, 100)) + 3
    model = Ridge(cv="runs").fit(X, Y, rows=rows_of(200, 40))
    hopeless = np.isinf(model.alpha_)
    assert hopeless.mean() > 0.5
    np.testing.assert_array_equal(model.coef_[hopeless], 0)
    told = model.predict(X)[:, hopeless]
    np.testing.assert_allclose(told, np.tile(Y.mean(axis=0)[hopeless], (200, 1)), atol=1e-5)
    without = Ridge(cv="runs", null=False).fit(X, Y, rows=rows_of(200, 40))
    assert np.isfinite(without.alpha_).all()


def test_a_constant_voxel_has_no_score_and_is_named():
    X, Y = planted()
    Y[:, 2] = 4.0
    model = Ridge(cv="runs").fit(X, Y, rows=rows_of())
    assert np.isnan(model.cv_score_).tolist() == [i == 2 for i in range(6)]
    assert "constant:1/6" in model.flags_
    np.testing.assert_allclose(model.predict(X)[:, 2], 4.0, rtol=1e-6)


def test_a_run_that_holds_nan_is_named():
    X, Y = planted()
    Y[RUN : RUN + 5, 3] = np.nan
    message = "1 of 6 targets are not finite in 5 of 120 rows, the first is row 30 of sub-1_run-2"
    with pytest.raises(DataError, match=message):
        Ridge(cv="runs").fit(X, Y, rows=rows_of())


def test_what_has_no_weights_of_its_own_predicts_the_same():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(60, 400)), rng.normal(size=(60, 300))
    rows = rows_of(60, 20)
    model = Ridge(cv="runs", null=False, precision="float64").fit(X, Y, rows=rows)
    assert model.coef_ is None
    weights = model.weights()
    expected = (X - X.mean(axis=0)) @ weights + Y.mean(axis=0)
    np.testing.assert_allclose(model.predict(X), expected, atol=1e-9)
    some = np.array([5, 17])
    np.testing.assert_allclose(model.weights(some), weights[:, some], atol=1e-12)


def test_a_grid_that_is_too_narrow_is_told():
    X, Y = planted(noise=0.01)
    with pytest.warns(UserWarning, match="of the targets have the smallest penalty"):
        model = Ridge(alphas=(1e3, 1e4, 1e5), cv="runs").fit(X, Y, rows=rows_of())
    assert "grid_edge" in model.flags_


@pytest.mark.parametrize("alphas", [(), (0.0, 1.0), (-1.0,)])
def test_penalties_are_above_zero(alphas):
    with pytest.raises(ConfigError, match="Give a list of numbers above zero"):
        Ridge(alphas=alphas).fit(*planted())
