"""Tokens told by ridge and renormalised, against rows that are really left out and scikit-learn."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge as PlainRidge
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neurodecode.core.entries import Entries
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.models.generate.token_ridge import TokenRidge

ALPHAS = (1.0, 30.0, 1e3)


def shown(n=60, n_voxels=90, n_tokens=5, n_entries=8, n_new=20, seed=0):
    """Brains and tokens of different signal, and new brains."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(n + n_new, 8))
    X = latent @ rng.normal(size=(8, n_voxels)) + 2 * rng.normal(size=(n + n_new, n_voxels))
    X = X * np.linspace(0.1, 9, n_voxels) + 20  # no two voxels of one unit
    Y = latent @ rng.normal(size=(8, n_tokens * n_entries)) + 7
    Y += rng.normal(size=Y.shape) * np.repeat(np.linspace(0, 3, n_tokens), n_entries)
    Y[:, -n_entries:] = 7 + rng.normal(size=(n + n_new, n_entries))  # a token that nothing tells
    return X[:n], Y[:n].reshape(n, n_tokens, n_entries), X[n:]


def left_out(X, Y, alpha):
    """What each row is told by all others; scaled by all, as the regression is."""
    Z, said = StandardScaler().fit_transform(X), np.empty_like(Y)
    for i in range(len(Z)):
        rest = np.arange(len(Z)) != i
        said[i] = PlainRidge(alpha).fit(Z[rest], Y[rest]).predict(Z[i : i + 1])[0]
    return said


def test_tokens_are_told_as_by_a_loop_of_scikit_learns():
    X, Y, new = shown()
    model = TokenRidge(ALPHAS, per="token", renorm="none").fit(X, Y)
    for i in range(5):
        peer = make_pipeline(StandardScaler(), RidgeCV(ALPHAS)).fit(X, Y[:, i])
        assert model.alpha_[i] == peer[-1].alpha_
        np.testing.assert_allclose(model.predict(new)[:, i], peer.predict(new), rtol=1e-5)
    assert len(set(model.alpha_)) > 1
    assert model.coef_ is None  # no weights, however few targets


@pytest.mark.parametrize("per", ["all", "token", "target"])
def test_predictions_are_scaled_by_those_of_rows_left_out(per):
    X, Y, new = shown()
    model = TokenRidge(ALPHAS, per=per).fit(X, Y)
    plain = TokenRidge(ALPHAS, per=per, renorm="none").fit(X, Y)
    flat = Y.reshape(len(Y), -1)
    each, said = np.repeat(model.alpha_, 40 // np.size(model.alpha_)), np.empty_like(flat)
    for one in set(each):
        said[:, each == one] = left_out(X, flat[:, each == one], one)
    np.testing.assert_allclose(plain.loo_predictions(), said, rtol=1e-9)
    np.testing.assert_allclose(model.loo_mean_, said.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(model.loo_std_, said.std(axis=0), rtol=1e-9)
    gain = flat.std(axis=0) / said.std(axis=0)
    expected = (plain.predict(new).reshape(20, -1) - said.mean(axis=0)) * gain + flat.mean(axis=0)
    np.testing.assert_allclose(model.predict(new).reshape(20, -1), expected, rtol=1e-9)
    again = model.loo_predictions()
    np.testing.assert_allclose(again.std(axis=0), flat.std(axis=0), rtol=1e-9)
    np.testing.assert_allclose(model.loo_predictions(slice(7, 20)), again[:, 7:20], rtol=1e-12)


def test_renormalised_predictions_of_new_rows_are_spread_as_targets_are():
    X, Y, new = shown(n=200, n_new=300)
    token = 3  # told, and noisy: that is where ridge shrinks most
    spread = {
        renorm: TokenRidge(renorm=renorm).fit(X, Y).predict(new).std(axis=0)[token]
        for renorm in ("none", "loo")
    }
    target = Y.std(axis=0)[token]
    assert np.median(spread["none"] / target) < 0.75
    # A standard deviation of 200 rows and one of 300 differ by 6 % by chance.
    assert np.median(spread["loo"] / target) == pytest.approx(1, abs=0.06)


def test_a_row_is_told_alone_as_among_others():
    X, Y, new = shown()
    model = TokenRidge(ALPHAS).fit(X, Y)
    one = model.predict(new[:1])
    assert np.isfinite(one).all()
    np.testing.assert_allclose(one[0], model.predict(new)[0], rtol=1e-12)


def test_the_transductive_variant_leans_on_the_others_and_says_so():
    X, Y, new = shown()
    model = TokenRidge(ALPHAS, renorm="transductive").fit(X, Y)
    with pytest.raises(DataError, match=r"it was shown none\. Say target_access: transductive"):
        model.predict(new)
    with pytest.raises(DataError, match=r"there is one row: 0 / 0\. Say renorm: loo"):
        model.adapt(new[:1])
    said = model.adapt(new).predict(new)
    np.testing.assert_allclose(said.mean(axis=0), Y.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(said.std(axis=0), Y.std(axis=0), rtol=1e-9)
    among_few = clone(model).fit(X, Y).adapt(new[:5]).predict(new[:5])
    assert np.abs(among_few[0] - said[0]).max() > 0.1 * Y.std()
    assert model.needs.transductive and not TokenRidge().needs.transductive
    with pytest.raises(DataError, match="was shown none"):  # a second fit has seen no test rows
        model.fit(X, Y).predict(new)
    assert not hasattr(TokenRidge(), "adapt")  # rows that are shown for calibration are learnt from


@pytest.mark.parametrize("repeats", ["average", "single"])
def test_rows_of_repeats_are_left_out_together(repeats):
    X, Y, _ = shown()
    stimulus = np.repeat(np.arange(20), 3)
    Y = Y[::3][stimulus]
    model = TokenRidge((30.0,), repeats=repeats, renorm="none").fit(X, Y)
    Z, flat = StandardScaler().fit_transform(X), Y.reshape(60, -1)
    if repeats == "average":
        means = X.reshape(20, 3, -1).mean(axis=1)
        expected = left_out(means, flat[::3], 30.0)[stimulus]
    else:
        expected = np.empty_like(flat)
        for one in range(20):
            rest = stimulus != one
            peer = PlainRidge(30.0).fit(Z[rest], flat[rest], np.full(57, 1 / 3))
            expected[~rest] = peer.predict(Z[~rest])
    said = model.loo_predictions()[model.row_of_trial_]
    np.testing.assert_allclose(said, expected, rtol=1e-9)


@pytest.mark.parametrize("repeats", ["average", "single", "none"])
def test_rows_that_the_brain_says_nothing_of_are_not_told_their_own_target(repeats):
    """Weights of a penalty of 1e12 are nothing: what is left is a mean, of others or of all."""
    X, Y, _ = shown()
    Y = Y[::3][np.repeat(np.arange(20), 3)]
    flat = Y.reshape(60, -1)
    model = TokenRidge((1e12,), repeats=repeats, renorm="none").fit(X, Y)
    rows = np.asarray(model.row_of_trial_)
    of_others, of_all = (model.loo_predictions(around=one)[rows] for one in ("others", "all"))
    np.testing.assert_allclose(of_all, np.broadcast_to(flat.mean(axis=0), flat.shape), atol=1e-6)
    assert np.corrcoef(of_others[:, 0], flat[:, 0])[0, 1] == pytest.approx(-1, abs=1e-4)


def test_targets_are_read_from_a_map_of_half_precision(tmp_path):
    X, Y, new = shown()
    np.save(tmp_path / "tokens.npy", Y.astype(np.float16))
    mapped = np.load(tmp_path / "tokens.npy", mmap_mode="r")
    model = TokenRidge(ALPHAS, repeats="none").fit(X, mapped)
    held = TokenRidge(ALPHAS, repeats="none").fit(X, Y.astype(np.float16))
    assert np.shares_memory(model.targets_, mapped)
    np.testing.assert_array_equal(model.predict(new), held.predict(new))
    again = pickle.loads(pickle.dumps(held))
    np.testing.assert_array_equal(again.predict(new), held.predict(new))
    broken = np.load(tmp_path / "tokens.npy", mmap_mode="r+")
    broken[3, 2, 1] = np.nan
    for alphas in (ALPHAS, (30.0,)):
        with pytest.raises(DataError, match=r"is not finite|target 17 holds NaN or infinity"):
            TokenRidge(alphas, repeats="none").fit(X, broken)


def test_a_constant_target_and_one_that_nothing_tells_stay_finite():
    X, Y, new = shown()
    Y[:, 0] = 0.3
    said = TokenRidge((np.inf,)).fit(X, Y).predict(new)
    np.testing.assert_allclose(said, np.tile(Y.mean(axis=0), (20, 1, 1)), rtol=1e-9)
    said = TokenRidge(ALPHAS).fit(X, Y).predict(new)
    np.testing.assert_allclose(said[:, 0], 0.3, rtol=1e-9)
    assert np.isfinite(said).all()


def test_what_cannot_be_meant_is_named():
    X, Y, _ = shown()
    with pytest.raises(ConfigError, match=r"token_ridge: renorm is 'test'\. Give one of"):
        TokenRidge(renorm="test").fit(X, Y)


def test_tokens_that_lie_in_a_file_are_told_as_those_of_an_array(tmp_path):
    X, Y, new = shown()
    stored = Y.astype(np.float16)
    np.save(tmp_path / "tokens.npy", stored.reshape(len(Y), -1))  # as features are kept
    rows = np.arange(len(Y))
    pointed = Entries((tmp_path / "tokens.npy",), np.zeros_like(rows), rows, Y.shape[1:])
    asked = pd.DataFrame({"subject": "1", "stimulus": np.repeat(rows[::2], 2)})
    for y, table in ((stored, None), (stored[rows // 2 * 2], asked)):
        some = pointed if table is None else pointed[rows // 2 * 2]
        model = TokenRidge(ALPHAS, per="token").fit(X, some, table)
        held = TokenRidge(ALPHAS, per="token").fit(X, y, table)
        assert isinstance(model.targets_, Entries)
        assert model.predict(new).shape == (len(new), *Y.shape[1:])
        np.testing.assert_allclose(model.predict(new), held.predict(new), rtol=1e-12)
        np.testing.assert_allclose(
            model.loo_predictions(slice(3, 9)), held.loo_predictions(slice(3, 9)), rtol=1e-12
        )
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        TokenRidge(ALPHAS).fit(X, pointed[:5])
