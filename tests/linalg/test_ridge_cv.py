"""Penalties by folds that are told from the other rows, against refits of scikit-learn's."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

sys.path.insert(0, str(Path(__file__).parent))
from targets_planted import planted

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.ridge_cv import best_penalty, cross_validated
from neurodecode.linalg.splits import block_splits, run_splits

shapes = pytest.mark.parametrize("shape", [(60, 8), (25, 90)], ids=["more rows", "more features"])
ALPHAS = np.logspace(-1, 4, 11)


def folds_of(n, n_splits=4):
    return run_splits(np.arange(n) * n_splits // n)


def refits(X, Y, alpha, splits):
    return [Ridge(alpha).fit(X[a], Y[a]).predict(X[b]) for a, b in splits]


def correlations(true, said):
    return [np.corrcoef(a, b)[0, 1] for a, b in zip(true.T, said.T, strict=True)]


SCORES = {
    "r2": lambda true, said: r2_score(true, said, multioutput="raw_values"),
    "r": correlations,
    "mse": lambda true, said: np.mean((true - said) ** 2, axis=0),
}


@shapes
@pytest.mark.parametrize("score", SCORES)
def test_scores_are_those_of_refits(shape, score):
    X, Y = planted(*shape)
    splits = folds_of(len(X))
    choice = cross_validated(X, Y, ALPHAS, splits, score=score, keep_folds=True, tol=0)
    for alpha, found in zip(ALPHAS, choice.scores, strict=True):
        each = refits(X, Y, alpha, splits)
        expected = [SCORES[score](Y[s.test], said) for s, said in zip(splits, each, strict=True)]
        np.testing.assert_allclose(found, np.mean(expected, axis=0), rtol=1e-8, atol=1e-10)
    best = np.argmin(choice.scores, 0) if score == "mse" else np.argmax(choice.scores, 0)
    np.testing.assert_array_equal(choice.alpha, ALPHAS[best])
    np.testing.assert_array_equal(choice.cv_score, choice.scores[best, np.arange(6)])
    np.testing.assert_allclose(choice.fold_scores.mean(axis=0), choice.cv_score, rtol=1e-10)


@shapes
def test_an_infinite_penalty_tells_the_mean(shape):
    X, Y = planted(*shape)
    splits = folds_of(len(X))
    told = cross_validated(X, Y, [1.0, np.inf], splits, score="mse").scores[1]
    means = [np.mean((Y[b] - Y[a].mean(axis=0)) ** 2, axis=0) for a, b in splits]
    np.testing.assert_allclose(told, np.mean(means, axis=0), rtol=1e-10)
    np.testing.assert_array_equal(cross_validated(X, Y, [np.inf], splits, score="r").scores, 0)


@pytest.mark.parametrize("shape", [(300, 50), (150, 400)], ids=["more rows", "more features"])
def test_noise_is_told_by_its_mean(shape):
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=shape), rng.normal(size=(shape[0], 500))
    told = 10 * X @ rng.normal(size=(shape[1], 50)) + noise[:, :50]
    alphas = [*np.logspace(0, 6, 13), np.inf]
    choice = cross_validated(X, np.hstack([noise, told]), alphas, folds_of(shape[0], 6))
    assert np.mean(np.isinf(choice.alpha[:500])) >= 0.9  # by the best score alone .5
    assert np.mean(np.isfinite(choice.alpha[500:])) >= 0.9
    assert np.all(choice.cv_score[np.isinf(choice.alpha)] <= 0)


def test_targets_share_the_penalty_of_their_best_mean():
    scores = np.array([[0.5, 0.1, 0.2, 0.2], [0.4, 0.3, 0.2, 0.1], [0.0, 0.1, 0.1, np.nan]])
    scores[:, 3] = np.nan
    alphas = np.array([1.0, 10, 100])
    assert list(best_penalty(scores, alphas)) == [0, 1, 1, 2]
    assert list(best_penalty(scores, alphas, np.array([5, 5, 2, 2]))) == [1, 1, 1, 1]


def test_a_target_that_does_not_vary_has_no_score():
    X, Y = planted(60, 8)
    Y[:, 2] = 3.5
    splits = folds_of(60)
    Y[splits[0].test, 4] = 1.0  # in one run alone
    choice = cross_validated(X, Y, [*ALPHAS, np.inf], splits, keep_folds=True)
    assert list(np.isnan(choice.cv_score)) == [False, False, True, False, False, False]
    assert choice.alpha[2] == np.inf
    assert np.isnan(choice.fold_scores[0, 4])
    np.testing.assert_allclose(np.nanmean(choice.fold_scores[:, 4]), choice.cv_score[4])


def test_many_targets_at_the_edge_of_the_grid_are_said():
    X, Y = planted(60, 8)
    splits = folds_of(60)
    said = cross_validated(X, Y, [1e-3, 1e-2, 1e-1], splits).warning
    assert said is not None and "have the largest penalty, 0.1. Give larger ones." in said
    noise = np.random.default_rng(0).normal(size=(60, 40))
    assert cross_validated(X, noise, [1e-3, 1.0, 1e3], splits).warning is not None
    # No penalty is larger than an infinite one.
    assert cross_validated(X, noise, [1e-3, 1.0, 1e3, np.inf], splits).warning is None


@shapes
@pytest.mark.parametrize("n_alphas", [5, 12, 60])
def test_mixtures_of_few_predictions_score_as_each_by_itself(shape, n_alphas):
    X, Y = planted(*shape)
    alphas, splits = np.logspace(-3, 5, n_alphas), folds_of(len(X))
    for score in SCORES:
        plain = cross_validated(X, Y, alphas, splits, score=score, tol=0)
        found = cross_validated(X, Y, alphas, splits, score=score)
        unit = Y.var(axis=0) if score == "mse" else 1
        assert np.abs((found.scores - plain.scores) / unit).max() < 1e-5


@shapes
def test_rows_of_a_gap_are_neither_trained_on_nor_told(shape):
    X, Y = planted(*shape)
    splits = block_splits(len(X), 3, 4)
    found = cross_validated(X, Y, [20.0], splits, score="mse").scores[0]
    each = refits(X, Y, 20.0, splits)
    expected = [
        np.mean((Y[s.test] - said) ** 2, axis=0) for s, said in zip(splits, each, strict=True)
    ]
    np.testing.assert_allclose(found, np.mean(expected, axis=0), rtol=1e-9)


def test_of_features_that_do_not_vary_the_mean_is_told():
    _, Y = planted(60, 8)
    splits = folds_of(60)
    found = cross_validated(np.ones((60, 3)), Y, [1.0, np.inf], splits)
    np.testing.assert_array_equal(found.scores[0], found.scores[1])


def test_features_far_from_zero_lose_no_digits():
    X, Y = planted(60, 8)
    splits = folds_of(60)
    # 4096 leaves float32 ten bits behind the point; those of the features are cut to as many.
    X = np.round(X * 1024) / 1024
    near = cross_validated(X.astype(np.float32), Y, ALPHAS, splits, gram="float32")
    far = cross_validated((X + 4096).astype(np.float32), Y, ALPHAS, splits, gram="float32")
    np.testing.assert_allclose(far.scores, near.scores, atol=1e-4)


def test_a_memory_map_is_read_in_blocks_and_left_as_it_is(tmp_path):
    X, Y = planted(60, 8, n_targets=1100)
    path = tmp_path / "targets.npy"
    np.save(path, Y)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    mapped = np.load(path, mmap_mode="r+")
    splits = folds_of(60)
    found = cross_validated(X, mapped, ALPHAS, splits, block=40_000)
    expected = cross_validated(X, Y, ALPHAS, splits)
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_tensors_are_told_as_arrays_are():
    torch = pytest.importorskip("torch")
    X, Y = planted(25, 90)
    splits = folds_of(25)
    found = cross_validated(torch.from_numpy(X), torch.from_numpy(Y), ALPHAS, splits)
    expected = cross_validated(X, Y, ALPHAS, splits)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-7, atol=1e-9)


def test_what_cannot_be_told_is_refused():
    X, Y = planted(25, 90)
    with pytest.raises(DataError, match="25 rows of features, and 24 of targets"):
        cross_validated(X, Y[1:], [1.0], folds_of(25))
    with pytest.raises(ConfigError, match="numbers above zero"):
        cross_validated(X, Y, [0.0, 1.0], folds_of(25))
    with pytest.raises(DataError, match="no fold to leave out"):
        cross_validated(X, Y, [1.0], [])
    Y[2, 1] = Y[3, 4] = np.nan
    with pytest.raises(DataError, match=r"target 1 .* not finite in row 2, and so are 1 targets"):
        cross_validated(X, Y, [1.0], folds_of(25))
