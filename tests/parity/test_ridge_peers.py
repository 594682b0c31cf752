"""Ridge regressions of many targets, against himalaya's, scikit-learn's and normal equations."""

import warnings

import numpy as np
import pytest
from himalaya.kernel_ridge import KernelRidgeCV
from himalaya.ridge import RidgeCV as HimalayaRidgeCV
from himalaya.scoring import correlation_score, r2_score
from sklearn.linear_model import Ridge, RidgeCV

from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_choice import chosen
from neurodecode.linalg.ridge_cv import cross_validated
from neurodecode.linalg.splits import run_splits

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
