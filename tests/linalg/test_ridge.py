"""Ridge regression of many targets from one decomposition, against scikit-learn and by hand."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import solve
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parent))
from targets_planted import planted

from neurodecode.core.errors import DataError
from neurodecode.linalg.ridge import RidgeSolver

EACH = np.array([0.03, 1.0, 1.0, 20.0, 5e3, np.inf])


shapes = pytest.mark.parametrize("shape", [(60, 8), (25, 90)], ids=["more rows", "more features"])


@shapes
@pytest.mark.parametrize("weighted", [False, True])
def test_weights_and_predictions_are_scikit_learns(shape, weighted):
    X, Y = planted(*shape)
    few, many = planted(3, shape[1], seed=1)[0], planted(100, shape[1], seed=2)[0]
    weight = np.random.default_rng(3).uniform(0.2, 2, size=len(X)) if weighted else None
    solver = RidgeSolver.of(X, sample_weight=weight)
    weights, intercept = solver.weights(Y[:, :5], EACH[:5])
    peer = Ridge(EACH[:5]).fit(X, Y[:, :5], weight)
    np.testing.assert_allclose(weights.T, peer.coef_, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(intercept, peer.intercept_, rtol=1e-6)
    # Few rows are told by their products with training rows, many by weights of components.
    for new in (few, many):
        found = solver.predict(new, Y, EACH)
        np.testing.assert_allclose(found[:, :5], peer.predict(new), rtol=1e-9)
        np.testing.assert_allclose(found[:, 5], np.average(Y[:, 5], weights=weight))
        alone = solver.predict(new, Y[:, :3], 2.0)
        np.testing.assert_allclose(alone, Ridge(2.0).fit(X, Y[:, :3], weight).predict(new))


@shapes
def test_weights_solve_the_normal_equations(shape):
    X, Y = planted(*shape)
    weights, _ = RidgeSolver.of(X).weights(Y, EACH)
    Xc, Yc = X - X.mean(axis=0), Y - Y.mean(axis=0)
    for j, alpha in enumerate(EACH[:5]):
        expected = solve(Xc.T @ Xc + alpha * np.eye(shape[1]), Xc.T @ Yc[:, j], assume_a="pos")
        np.testing.assert_allclose(weights[:, j], expected, rtol=1e-8, atol=1e-12)
    np.testing.assert_array_equal(weights[:, 5], 0)


@shapes
def test_the_hat_matrix_says_what_each_row_adds(shape):
    X, Y = planted(*shape)
    new = planted(4, shape[1], seed=1)[0]
    for weight in (None, np.linspace(1, 3, len(X))):
        solver = RidgeSolver.of(X, sample_weight=weight)
        mean = np.average(Y, axis=0, weights=weight)
        by_hand = mean + solver.hat(new, 3.0) @ (Y - mean)
        np.testing.assert_allclose(by_hand, solver.predict(new, Y, 3.0), rtol=1e-10)


@shapes
def test_standardised_columns_are_scikit_learns_and_constant_ones_are_nothing(shape):
    X, Y = planted(*shape)
    X[:, 2] = 0.1
    new = planted(5, shape[1], seed=1)[0]
    solver = RidgeSolver.of(X, standardise=True)
    scaler = StandardScaler().fit(np.delete(X, 2, axis=1))
    peer = Ridge(7.0).fit(scaler.transform(np.delete(X, 2, axis=1)), Y)
    expected = peer.predict(scaler.transform(np.delete(new, 2, axis=1)))
    np.testing.assert_allclose(solver.predict(new, Y, 7.0), expected, rtol=1e-9)
    weights, intercept = solver.weights(Y, 7.0)
    np.testing.assert_array_equal(weights[2], 0)  # also where it varies in new rows
    np.testing.assert_allclose(new @ weights + intercept, expected, rtol=1e-9)


def test_features_that_depend_on_one_another_are_no_trouble():
    X, Y = planted(60, 8)
    weights, _ = RidgeSolver.of(np.column_stack([X, X, np.ones(60)])).weights(Y, 1.0)
    np.testing.assert_allclose(weights[:8], weights[8:16], atol=1e-10)
    np.testing.assert_allclose(weights[16], 0, atol=1e-12)
    # Two copies of a feature share its weight: the penalty on their sum is half.
    alone, _ = RidgeSolver.of(X).weights(Y, 0.5)
    np.testing.assert_allclose(2 * weights[:8], alone, rtol=1e-8)


def test_features_that_are_all_constant_leave_the_mean():
    Y = planted(9, 3)[1]
    solver = RidgeSolver.of(np.full((9, 3), 0.3), standardise=True)
    np.testing.assert_allclose(solver.predict(np.ones((2, 3)), Y, 1.0), [Y.mean(axis=0)] * 2)


@shapes
@pytest.mark.parametrize("block", [1, 9_000])
def test_the_size_of_blocks_changes_nothing(shape, block, monkeypatch):
    X, Y = planted(*shape)
    new = planted(30, shape[1], seed=1)[0]
    expected = RidgeSolver.of(X, standardise=True).predict(new, Y, EACH)
    monkeypatch.setattr("neurodecode.linalg._centred_rows.FEATURES", 8 * 13)
    monkeypatch.setattr("neurodecode.linalg.ridge.FEATURES", 8 * 13)
    found = RidgeSolver.of(X, standardise=True).predict(new, Y, EACH, block=block)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("n_new", [3, 300])
def test_targets_are_read_from_a_memory_map_and_predictions_written_to_one(tmp_path, n_new):
    X, Y = planted(40, 70, n_targets=33)
    X, halves = X.astype(np.float32), Y.astype(np.float16)
    np.save(tmp_path / "targets.npy", halves)
    mapped = np.load(tmp_path / "targets.npy", mmap_mode="r")
    out = np.lib.format.open_memmap(
        tmp_path / "predictions.npy", mode="w+", dtype=np.float32, shape=(n_new, 33)
    )
    new = planted(n_new, 70, seed=1)[0].astype(np.float32)
    solver = RidgeSolver.of(X)
    said = solver.predict(new, mapped, 2.0, out=out, block=3000)
    assert said is out
    written = np.load(tmp_path / "predictions.npy")
    # float16 holds the numbers that are told; they are computed in the precision of X.
    expected = Ridge(2.0).fit(X.astype(float), halves.astype(float)).predict(new)
    np.testing.assert_allclose(written, expected, rtol=1e-4, atol=1e-3)
    assert solver.predict(new, mapped, 2.0).dtype == np.float32
    np.testing.assert_array_equal(np.load(tmp_path / "targets.npy"), halves)


def test_a_gram_matrix_in_single_precision_is_near():
    X, Y = planted(60, 300)
    X = X.astype(np.float32)
    new = planted(9, 300, seed=1)[0].astype(np.float32)
    double = RidgeSolver.of(X).predict(new, Y, 10.0)
    single = RidgeSolver.of(X, gram="float32").predict(new, Y, 10.0)
    expected = Ridge(10.0).fit(X.astype(float), Y).predict(new)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(double, expected, atol=2e-6 * scale)
    np.testing.assert_allclose(single, expected, atol=1e-5 * scale)


@shapes
def test_tensors_are_solved_as_arrays_are(shape):
    torch = pytest.importorskip("torch")
    X, Y = planted(*shape)
    new = planted(30, shape[1], seed=1)[0]
    solver = RidgeSolver.of(torch.from_numpy(X), standardise=True)
    peer = RidgeSolver.of(X, standardise=True)
    found = solver.predict(torch.from_numpy(new), torch.from_numpy(Y), EACH)
    np.testing.assert_allclose(found.numpy(), peer.predict(new, Y, EACH), rtol=1e-9)
    out = np.empty((30, 6))
    np.testing.assert_allclose(solver.predict(new, Y, EACH, out=out), found.numpy(), rtol=1e-9)
    for one, other in zip(solver.weights(Y, EACH), peer.weights(Y, EACH), strict=True):
        np.testing.assert_allclose(one.numpy(), other, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@shapes
def test_what_is_not_finite_is_refused(shape, bad):
    X, _ = planted(*shape)
    X[3, 1] = bad
    with pytest.raises(DataError, match="ridge: a feature is not finite"):
        RidgeSolver.of(X)
