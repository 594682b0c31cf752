"""Bands with penalties of their own: what is drawn, chosen and refitted."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from neurodecode.core.errors import DataError
from neurodecode.linalg.banded_ridge import (
    banded_cross_validated,
    banded_generalized,
    banded_solvers,
    banded_two_stage,
    banded_weights,
    draw_shares,
)
from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_choice import generalized_errors
from neurodecode.linalg.ridge_cv import cross_validated
from neurodecode.linalg.splits import run_splits

ALPHAS = np.logspace(0, 5, 11)
shapes = pytest.mark.parametrize("widths", [(10, 25, 5), (60, 90, 40)], ids=["primal", "dual"])


def world(widths, n=120, n_targets=30):
    """Targets that the first band tells, the second, or none; the third band tells nothing."""
    rng = np.random.default_rng(0)
    band = np.repeat(["form", "motion", "noise"], widths)
    X = rng.normal(size=(n, len(band))) + 2
    Y = rng.normal(size=(n, n_targets)) - 4
    for name, mine in (("form", slice(0, 10)), ("motion", slice(10, 20))):
        told = X[:, band == name]
        Y[:, mine] += told @ rng.normal(size=(told.shape[1], 10)) / np.sqrt(told.shape[1] / 2)
    return X, band, Y, run_splits(np.arange(n) * 4 // n)


def scaled(X, band, shares):
    return X * np.sqrt(shares)[np.unique(band, return_inverse=True)[1]]


def test_shares_are_drawn_sparse_and_uniform_by_turns():
    shares = draw_shares(4, 200, seed=3)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_array_equal(shares[0], 0.25)
    most = shares[1:].max(axis=1)
    # The largest of four uniform shares has the mean (1 + 1/2 + 1/3 + 1/4) / 4 = .52.
    assert abs(most[0::2].mean() - 0.52) < 0.05
    assert most[1::2].mean() > 0.8
    np.testing.assert_array_equal(shares[:7], draw_shares(4, 200, seed=3)[:7])


@shapes
def test_scores_are_those_of_plain_ridge_on_scaled_features(widths):
    X, band, Y, splits = world(widths)
    shares = draw_shares(3, 6)
    folds = banded_cross_validated(X, band, Y, ALPHAS, shares, splits, tol=0)
    by_gcv = banded_generalized(X, band, Y, ALPHAS, shares, block=50_000)
    for i, one in enumerate(shares):
        features = scaled(X, band, one)
        plain = cross_validated(features, Y, ALPHAS, splits, tol=0)
        np.testing.assert_allclose(folds.scores[i], plain.cv_score, atol=1e-9)
        errors = generalized_errors(RidgeSolver.of(features), Y, ALPHAS).min(axis=0)
        np.testing.assert_allclose(by_gcv.scores[i], 1 - errors / Y.var(axis=0), atol=1e-9)
        mine = folds.share_of == i
        np.testing.assert_array_equal(folds.alpha[mine], plain.alpha[mine])
    for found in (folds, by_gcv):
        np.testing.assert_array_equal(found.share_of, np.argmax(found.scores, axis=0))
        np.testing.assert_array_equal(found.score, found.scores.max(axis=0))
        np.testing.assert_allclose(found.progress[-1], found.score.mean())
        assert np.all(np.diff(found.progress) >= 0)


@shapes
@pytest.mark.parametrize("search", ["folds", "gcv"])
def test_weights_are_those_of_a_refit_of_all_rows(widths, search):
    X, band, Y, splits = world(widths)
    shares = draw_shares(3, 6)
    if search == "folds":
        choice = banded_cross_validated(X, band, Y, ALPHAS, shares, splits)
    else:
        choice = banded_generalized(X, band, Y, ALPHAS, shares)
    weights, intercept = banded_weights(X, band, Y, choice)
    which = np.unique(band, return_inverse=True)[1]
    for j in (0, 12, 25):
        mine = choice.shares[choice.share_of[j]]
        peer = Ridge(choice.alpha[j]).fit(scaled(X, band, mine), Y[:, j])
        expected = peer.coef_ * np.sqrt(mine)[which]
        np.testing.assert_allclose(weights[:, j], expected, atol=1e-8 * np.abs(expected).max())
        np.testing.assert_allclose(intercept[j], peer.intercept_, rtol=1e-8)
        np.testing.assert_allclose(choice.log_shares[:, j], np.log(mine / choice.alpha[j]))
    said = np.empty_like(Y)
    for targets, solver in banded_solvers(X, band, choice):
        said[:, targets] = solver.predict(X, Y[:, targets], choice.alpha[targets])
    np.testing.assert_allclose(said, X @ weights + intercept, atol=1e-8)


@shapes
def test_a_band_without_a_share_has_no_weights(widths):
    X, band, Y, splits = world(widths)
    shares = np.array([[0.5, 0.5, 0], [1, 0, 0]])
    choice = banded_cross_validated(X, band, Y, ALPHAS, shares, splits)
    weights, _ = banded_weights(X, band, Y, choice)
    assert not weights[band == "noise"].any()
    alone = X[:, band != "noise"]
    plain = cross_validated(alone * np.sqrt(0.5), Y, ALPHAS, splits)
    np.testing.assert_allclose(choice.scores[0], plain.cv_score, atol=1e-8)


def test_targets_take_the_band_that_tells_them():
    X, band, Y, splits = world((60, 90, 40))
    choice = banded_cross_validated(X, band, Y, [*ALPHAS, np.inf], draw_shares(3, 20), splits)
    form, motion, _ = choice.shares[choice.share_of].T
    assert np.median(form[:10] - motion[:10]) > 0.5
    assert np.median(motion[10:20] - form[10:20]) > 0.5
    assert choice.score[:20].min() > 0.05
    assert np.isinf(choice.alpha[20:]).mean() >= 0.7  # ten targets of noise, twenty draws


def test_folds_judge_what_gcv_proposes():
    X, band, Y, splits = world((10, 25, 5))
    shares = draw_shares(3, 20)
    choice = banded_two_stage(X, band, Y, ALPHAS, shares, splits, n_kept=4)
    assert len(choice.shares) <= 5
    whole = banded_cross_validated(X, band, Y, ALPHAS, shares, splits)
    assert np.all(choice.score <= whole.score + 1e-9)
    assert whole.score.mean() - choice.score.mean() < 0.02


def test_targets_that_do_not_vary_have_no_score():
    X, band, Y, splits = world((10, 25, 5))
    Y[:, 3] = 2.5
    for choice in (
        banded_cross_validated(X, band, Y, ALPHAS, draw_shares(3, 3), splits),
        banded_generalized(X, band, Y, ALPHAS, draw_shares(3, 3)),
    ):
        assert list(np.flatnonzero(np.isnan(choice.score))) == [3]
        weights, _ = banded_weights(X, band, Y, choice)
        assert np.abs(weights[:, 3]).max() < 1e-12


def test_what_does_not_fit_is_refused():
    X, band, Y, splits = world((10, 25, 5))
    with pytest.raises(DataError, match=r"3 bands, and shares of shape \(4, 2\)"):
        banded_generalized(X, band, Y, ALPHAS, draw_shares(2, 4))
    with pytest.raises(DataError, match="40 features, and bands of"):
        banded_generalized(X, band[1:], Y, ALPHAS, draw_shares(3, 4))
    with pytest.raises(DataError, match="120 rows of features, and 119 of targets"):
        banded_generalized(X, band, Y[1:], ALPHAS, draw_shares(3, 4))
    with pytest.raises(DataError, match="no fold to leave out"):
        banded_cross_validated(X, band, Y, ALPHAS, draw_shares(3, 4), [])
    Y[5, 7] = np.nan
    with pytest.raises(DataError, match=r"target 7 .* row 5"):
        banded_cross_validated(X, band, Y, ALPHAS, draw_shares(3, 4), splits)
