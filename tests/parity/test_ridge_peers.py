"""Ridge regressions of many targets, against himalaya's, scikit-learn's and normal equations."""

import warnings

import numpy as np
import pytest
from himalaya.kernel_ridge import (
    KernelRidgeCV,
    generate_dirichlet_samples,
    solve_multiple_kernel_ridge_random_search,
)
from himalaya.ridge import RidgeCV as HimalayaRidgeCV
from himalaya.ridge import solve_group_ridge_random_search
from himalaya.scoring import correlation_score, r2_score, r2_score_split
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import KFold

from neurodecode.linalg.banded_ridge import banded_cross_validated, banded_weights, draw_shares
from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_choice import chosen
from neurodecode.linalg.ridge_cv import cross_validated
from neurodecode.linalg.splits import run_splits
from neurodecode.linalg.variance_parts import product_measure

# No penalty of the grid is below 1e-7 of the largest component: himalaya leaves those out.
ALPHAS = np.logspace(-1, 6, 15)
shapes = pytest.mark.parametrize("shape", [(120, 40), (90, 250)], ids=["primal", "dual"])


def world(n, n_features, n_targets=80, dtype=np.float64):
    """Features of unequal size far from zero, and targets of which some are told well, some not."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, n_features)) * np.exp(rng.normal(size=n_features)) + 3
    told = (X - 3) @ rng.normal(size=(n_features, n_targets)) / np.sqrt(n_features)
    Y = told * rng.uniform(0, 1.5, n_targets) + 3 * rng.normal(size=(n, n_targets)) + 5
    return X.astype(dtype), Y.astype(dtype), run_splits(np.arange(n) * 5 // n)


def himalayas(X, Y, splits, score):
    """Fit the peer that is made for the shape."""
    peer = HimalayaRidgeCV if X.shape[0] > X.shape[1] else KernelRidgeCV
    options = {"score_func": score}
    model = peer(alphas=ALPHAS, cv=[tuple(s) for s in splits], solver_params=options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.set_params(fit_intercept=True).fit(X, Y)


@shapes
@pytest.mark.parametrize("score", ["r2", "r"])
@pytest.mark.parametrize("tol", [0, 1e-5])
def test_penalties_and_scores_are_himalayas(shape, score, tol):
    X, Y, splits = world(*shape)
    peer = himalayas(X, Y, splits, {"r2": r2_score, "r": correlation_score}[score])
    found = cross_validated(X, Y, ALPHAS, splits, score=score, tol=tol)
    np.testing.assert_allclose(found.cv_score, peer.cv_scores_, rtol=0, atol=1e-5)
    # Through logarithms: what comes back is exp(-delta), which is not the number of the grid.
    steps = np.abs(np.log(found.alpha / peer.best_alphas_)) / np.log(ALPHAS[1] / ALPHAS[0])
    second, first = np.sort(found.scores, axis=0)[-2:]
    clear = first - second > 1e-5
    assert clear.sum() > 60 and len(np.unique(found.alpha)) > 3
    assert steps[clear].max() < 1e-3
    assert steps.max() < 1 + 1e-3


@shapes
@pytest.mark.parametrize(("dtype", "close"), [(np.float64, 1e-6), (np.float32, 1e-4)])
def test_coefficients_are_himalayas_for_equal_penalties(shape, dtype, close):
    X, Y, splits = world(*shape, dtype=dtype)
    peer = himalayas(X, Y, splits, r2_score)
    found = cross_validated(X, Y, ALPHAS, splits)
    same = np.abs(np.log(found.alpha / peer.best_alphas_)) < 1e-3
    assert same.mean() > 0.95
    solver = RidgeSolver.of(X)
    weights, intercept = solver.weights(Y, found.alpha)
    if solver.right is None:
        told = np.hstack(
            [solver.left @ solver.solved(c, found.alpha[at]) for at, c, _ in solver.targets(Y)]
        )
        theirs = peer.dual_coef_[:, same]
        assert np.abs(told[:, same] - theirs).max() < close * np.abs(theirs).max()
        theirs = peer.get_primal_coef()[:, same]
    else:
        theirs = peer.coef_[:, same]
    assert np.abs(weights[:, same] - theirs).max() < close * np.abs(theirs).max()
    shift = np.abs(X @ weights + intercept - peer.predict(X))[:, same]
    assert shift.max() < close * np.abs(Y).max()


@shapes
def test_coefficients_are_scikit_learns_and_solve_the_normal_equations(shape):
    X, Y, splits = world(*shape)
    alpha = cross_validated(X, Y, ALPHAS, splits).alpha
    weights, intercept = RidgeSolver.of(X).weights(Y, alpha)
    peer = Ridge(alpha).fit(X, Y)
    np.testing.assert_allclose(weights.T, peer.coef_, rtol=0, atol=1e-6 * np.abs(peer.coef_).max())
    np.testing.assert_allclose(intercept, peer.intercept_, rtol=1e-6)
    Xc, Yc = X - X.mean(axis=0), Y - Y.mean(axis=0)
    for j in (0, 17, 60):
        dense = np.linalg.solve(Xc.T @ Xc + alpha[j] * np.eye(shape[1]), Xc.T @ Yc[:, j])
        np.testing.assert_allclose(weights[:, j], dense, rtol=0, atol=1e-5 * np.abs(dense).max())


@shapes
def test_rows_left_out_choose_as_scikit_learn_does(shape):
    """Its documentation calls it generalized cross-validation; it leaves each row out."""
    X, Y, _ = world(*shape)
    peer = RidgeCV(ALPHAS, alpha_per_target=True).fit(X, Y)
    found = chosen(RidgeSolver.of(X), Y, ALPHAS, sharing=np.arange(Y.shape[1]))
    np.testing.assert_array_equal(found, peer.alpha_)


def test_both_forms_score_alike():
    """More rows than features or not: a feature that is always 0 changes only how it is solved."""
    X, Y, splits = world(90, 70)
    padded = np.hstack([X, np.zeros((90, 40))])
    a, b = (cross_validated(one, Y, ALPHAS, splits) for one in (X, padded))
    np.testing.assert_allclose(a.scores, b.scores, atol=1e-5)


def test_shares_are_drawn_as_himalaya_draws_them():
    for n_draws in (6, 9):
        theirs = generate_dirichlet_samples(n_draws, 4, random_state=5)
        np.testing.assert_array_equal(draw_shares(4, n_draws, seed=5)[1:], theirs[1:])


@pytest.mark.parametrize("widths", [(10, 30, 20), (60, 90, 40)], ids=["primal", "dual"])
@pytest.mark.parametrize("tol", [0, 1e-5])
def test_bands_are_himalayas_for_the_same_draws(widths, tol):
    rng = np.random.default_rng(1)
    n, band = 120, np.repeat([0, 1, 2], widths)
    X = rng.normal(size=(n, len(band)))
    Y = rng.normal(size=(n, 60)) * 3
    Y[:, :40] += X[:, band == 0][:, :10] @ rng.normal(size=(10, 40))
    Y[:, 20:] += X[:, band == 1][:, :25] @ rng.normal(size=(25, 40))
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    shares, options = draw_shares(3, 8), {"score_func": r2_score, "cv": KFold(5), "alphas": ALPHAS}
    options.update(n_iter=shares, fit_intercept=True, progress_bar=False)
    each = [X[:, band == one] for one in range(3)]
    if n > len(band):
        log_shares, weights, scores, _ = solve_group_ridge_random_search(
            each, Y, return_weights=True, **options
        )
    else:
        log_shares, dual, scores, _ = solve_multiple_kernel_ridge_random_search(
            np.stack([one @ one.T for one in each]), Y, return_weights="dual", **options
        )
        scales = np.exp(log_shares)
        weights = np.vstack([a[None] * (x.T @ dual) for a, x in zip(scales, each, strict=True)])
    splits = list(KFold(5).split(X))
    found = banded_cross_validated(X, band, Y, ALPHAS, shares, splits, tol=tol)
    np.testing.assert_allclose(found.scores, scores, rtol=0, atol=1e-5)
    second, first = np.sort(found.scores, axis=0)[-2:]
    same = np.all(np.abs(found.log_shares - log_shares) < 1e-3, axis=0)
    assert same[first - second > 1e-5].all()  # of draws that are nearly alike, either may win
    mine, _ = banded_weights(X, band, Y, found)
    assert np.abs(mine - weights)[:, same].max() < 1e-4 * np.abs(weights).max()


def test_parts_of_r2_are_himalayas_where_means_are_zero():
    """Of targets and predictions with other means its parts do not sum to R²."""
    rng = np.random.default_rng(0)
    by_band = rng.normal(size=(3, 60, 4))
    true = by_band.sum(axis=0) + rng.normal(size=(60, 4))
    true, by_band = true - true.mean(axis=0), by_band - by_band.mean(axis=1, keepdims=True)
    found = product_measure(true, by_band, np.zeros(4))
    np.testing.assert_allclose(found.parts, r2_score_split(true, by_band), atol=1e-12)
    np.testing.assert_allclose(found.offset, 0, atol=1e-15)
