"""Ridge of many targets and penalties beside himalaya's and scikit-learn's, and its memory.

One process, one thread, both sides in turn, the least CPU time of each; results are held equal.
Features and targets are float32. All sides wait for the same products of held-out rows, components
and targets: ours are made of nine mixtures of penalties, theirs once a penalty.
"""

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from himalaya.kernel_ridge import KernelRidgeCV, solve_multiple_kernel_ridge_random_search
from himalaya.ridge import RidgeCV as HimalayaRidgeCV
from himalaya.ridge import solve_group_ridge_random_search
from himalaya.scoring import r2_score
from side_by_side import beside, told
from sklearn.linear_model import RidgeCV

from neurodecode.linalg.banded_ridge import banded_generalized, banded_weights, draw_shares
from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_choice import generalized_errors, least
from neurodecode.linalg.ridge_cv import cross_validated
from neurodecode.linalg.splits import run_splits


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # himalaya warns of every grid it is given
        yield


def planted(n, n_features, n_targets):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, n_features)).astype(np.float32)
    weights = rng.normal(size=(n_features, n_targets)).astype(np.float32) / np.sqrt(n_features)
    Y = X @ weights * rng.uniform(0, 1.2, n_targets).astype(np.float32)
    return X, Y + rng.normal(size=(n, n_targets)).astype(np.float32)


def refitted(X, Y, alpha):
    """Weights of features, or where those are more than rows of rows, as the peer keeps them."""
    solver = RidgeSolver.of(X, gram="float32")
    if solver.right is not None:
        return solver.weights(Y, alpha)[0]
    return np.hstack([solver.left @ solver.solved(c, alpha[at]) for at, c, _ in solver.targets(Y)])


def himalayas(X, Y, alphas, n_splits=5):
    peer = HimalayaRidgeCV if X.shape[0] > X.shape[1] else KernelRidgeCV
    splits = [tuple(one) for one in run_splits(np.arange(len(X)) * n_splits // len(X))]
    model = peer(alphas=alphas, cv=splits, solver_params={"score_func": r2_score})
    return model.set_params(fit_intercept=True).fit(X, Y)


@pytest.mark.parametrize(
    ("shape", "n_alphas", "promised"),
    [((1000, 2000, 3000), 20, 1.5), ((1000, 2000, 3000), 40, 2.5), ((1500, 300, 3000), 20, 3)],
    ids=str,
)
def test_folds_beside_himalaya(shape, n_alphas, promised, capsys):
    X, Y = planted(*shape)
    alphas, splits = np.logspace(0, 6, n_alphas), run_splits(np.arange(shape[0]) * 5 // shape[0])

    def ours():
        choice = cross_validated(X, Y, alphas, splits, gram="float32")
        return choice, refitted(X, Y, choice.alpha)

    (choice, weights), peer, mine, other = beside(ours, lambda: himalayas(X, Y, alphas))
    np.testing.assert_allclose(choice.cv_score, peer.cv_scores_, atol=1e-5)
    same = np.abs(np.log(choice.alpha / peer.best_alphas_)) < 1e-3
    assert same.mean() > 0.99  # of penalties that do nearly alike either may win
    theirs = peer.coef_ if shape[0] > shape[1] else peer.dual_coef_
    assert np.abs(weights - theirs)[:, same].max() < 1e-3 * np.abs(theirs).max()
    told(capsys, f"5 folds, {n_alphas} penalties, {shape}", mine, "himalaya", other, promised)


# Shapes of the first four are bound by decompositions, of the last two by products.
@pytest.mark.parametrize(
    ("shape", "promised"),
    [
        ((1000, 2000, 3000), 6),
        ((1000, 4000, 4000), 6),
        ((2000, 4000, 4000), 6),
        ((2000, 8000, 8000), 6),
        ((1500, 300, 3000), 15),
        ((2000, 500, 8000), 15),
    ],
    ids=str,
)
def test_generalized_cross_validation_beside_himalayas_folds(shape, promised, capsys):
    X, Y = planted(*shape)
    alphas = np.logspace(0, 6, 20)

    def ours():
        solver = RidgeSolver.of(X, gram="float32")
        alpha = least(generalized_errors(solver, Y, alphas), alphas, np.arange(shape[2]))
        if solver.right is not None:
            return alpha, solver.weights(Y, alpha)[0]
        each = [solver.left @ solver.solved(c, alpha[at]) for at, c, _ in solver.targets(Y)]
        return alpha, np.hstack(each)

    repeats = 3 if np.prod(shape) < 2e10 else 1
    (alpha, _), peer, mine, other = beside(ours, lambda: himalayas(X, Y, alphas), (repeats,) * 2)
    # Five folds train on fewer rows, and judge by other ones: within a step of the grid.
    steps = np.abs(np.log(alpha / peer.best_alphas_)) / np.log(alphas[1] / alphas[0])
    assert np.mean(steps < 1.01) > 0.85
    told(capsys, f"GCV, 20 penalties, {shape}", mine, "himalaya", other, promised)


# Rows left out one by one, which the peer leaves out too, take a product a penalty on both sides:
# test_ridge.py measures them.
@pytest.mark.parametrize("shape", [(400, 900, 600), (1500, 300, 2000)], ids=str)
def test_generalized_cross_validation_beside_scikit_learns_rows_left_out(shape, capsys):
    X, Y = (one.astype(np.float64) for one in planted(*shape))
    alphas, each = np.logspace(0, 6, 20), np.arange(shape[2])

    def ours():
        solver = RidgeSolver.of(X)
        alpha = least(generalized_errors(solver, Y, alphas), alphas, each)
        return alpha, solver.weights(Y, alpha)[0]

    def theirs():
        return RidgeCV(alphas, alpha_per_target=True).fit(X, Y)

    (alpha, weights), peer, mine, other = beside(ours, theirs)
    same = alpha == peer.alpha_
    assert same.mean() > 0.9
    assert np.abs(weights.T - peer.coef_)[same].max() < 1e-6 * np.abs(peer.coef_).max()
    told(capsys, f"GCV, 20 penalties, {shape}", mine, "scikit-learn, leaving rows out,", other, 5)


@pytest.mark.parametrize(
    ("n", "widths", "n_draws", "promised"),
    [(1500, (40, 120, 300), 12, 10), (1000, (400, 800, 1500), 8, 3)],
    ids=["primal", "dual"],
)
def test_bands_beside_himalaya(n, widths, n_draws, promised, capsys):
    """The same draws, by GCV beside five folds: held equal on rows that neither saw."""
    rng = np.random.default_rng(0)
    band, n_targets, n_tested = np.repeat([0, 1, 2], widths), 3000, 400
    X = rng.normal(size=(n + n_tested, len(band))).astype(np.float32)
    Y = rng.normal(size=(n + n_tested, n_targets)).astype(np.float32)
    for one, width in enumerate(widths):  # each tells half of the targets
        weights = rng.normal(size=(width, n_targets)) * 0.7 / np.sqrt(width)
        weights *= rng.uniform(size=n_targets) < 0.5
        Y += X[:, band == one] @ weights.astype(np.float32)
    X, tested, Y, true = X[:n], X[n:], Y[:n], Y[n:]
    alphas, shares = np.logspace(0, 6, 10).astype(np.float32), draw_shares(3, n_draws)
    options = {"alphas": alphas, "score_func": r2_score, "cv": 5, "progress_bar": False}
    options["n_iter"] = shares.astype(np.float32)

    def ours():
        choice = banded_generalized(X, band, Y, alphas, shares, gram="float32")
        weights, intercept = banded_weights(X, band, Y, choice, gram="float32")
        return tested @ weights + intercept

    def theirs():
        mean, y_mean = X.mean(axis=0), Y.mean(axis=0)
        each = [np.ascontiguousarray((X - mean)[:, band == one]) for one in range(3)]
        if n > len(band):
            found = solve_group_ridge_random_search(
                each, Y - y_mean, return_weights=True, **options
            )
            return (tested - mean) @ found[1] + y_mean
        kernels = np.stack([one @ one.T for one in each])
        found = solve_multiple_kernel_ridge_random_search(
            kernels, Y - y_mean, return_weights="primal", Xs=each, **options
        )
        return (tested - mean) @ np.vstack(found[1]) + y_mean

    said, peers, mine, other = beside(ours, theirs, (2, 2))
    a, b = (r2_score(true, one.astype(np.float32)) for one in (said, peers))
    assert abs(a.mean() - b.mean()) < 0.002
    assert np.corrcoef(a, b)[0, 1] >= 0.97
    what = f"bands {widths} of {n} rows, {n_targets} targets, {n_draws} draws"
    what += f", R² {a.mean():.4f} and {b.mean():.4f}, r {np.corrcoef(a, b)[0, 1]:.3f}"
    told(capsys, what, mine, "himalaya", other, promised)


# A child that chooses among 20 penalties of targets in a memory map; it says what it took.
CHILD = r"""
import json, re, sys
from pathlib import Path
import numpy as np
from neurodecode.linalg.ridge_cv import cross_validated
from neurodecode.linalg.splits import run_splits

folder, n, n_features, block = sys.argv[1], *map(int, sys.argv[2:])
Y = np.load(f"{folder}/targets.npy", mmap_mode="r")
def peak():  # not ru_maxrss, which a child has from its parent
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
small = np.random.default_rng(0).normal(size=(40, 60)).astype(np.float32)
cross_validated(small, small, [1.0, 2.0], run_splits(np.arange(40) // 20))  # wakes libraries
before = peak()
X = np.random.default_rng(0).standard_normal((n, n_features), np.float32)
splits = run_splits(np.arange(n) * 5 // n)
cross_validated(X, Y, np.logspace(0, 6, 20), splits, gram="float32", block=block)
print(json.dumps({"taken": peak() - before}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells the peak")
@pytest.mark.parametrize(("n", "n_features"), [(2000, 15_000), (12_000, 1000)], ids=str)
def test_memory_is_that_of_the_rows_a_decomposition_and_a_block(n, n_features, tmp_path, capsys):
    n_targets, block = 4000, 2**27
    Y = np.lib.format.open_memmap(
        tmp_path / "targets.npy", mode="w+", dtype=np.float16, shape=(n, n_targets)
    )
    Y[:, :1000] = np.random.default_rng(0).normal(size=(n, 1000))  # the file is sparse beyond
    size = Y.nbytes
    del Y
    asked = [str(one) for one in (tmp_path, n, n_features, block)]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *asked], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    taken, m = json.loads(done.stdout)["taken"], min(n, n_features)
    # Products in float32, a fold's in float64, vectors, and what the decomposition works with.
    held = 4 * n * n_features + m * m * (4 + 8 + 16) + block
    scores = 2 * 20 * 8 * n_targets
    with capsys.disabled():
        print(
            f"\n{n} × {n_features} × {n_targets} (a map of {size / 1e6:.0f} MB): "
            f"{taken / 1e6:.0f} MB, rows, products, decomposition and block are "
            f"{held / 1e6:.0f}: {taken / held:.2f} times"
        )
    assert taken < held + scores
