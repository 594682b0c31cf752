"""Karcher means and distances beside pyriemann: one process, one thread, taken in turns.

What is left is the eigenvectors of each matrix, two times for sets like covariances: three quarters
of the time at 22 rows and more. numpy computes them one matrix after another by LAPACK, in single
precision as slowly as in double; a kernel that takes many small matrices at once would be the only
lever. Refining the first eigenvectors by products, which are 15 to 75 times cheaper, is the other.
"""

import tracemalloc
import warnings
from statistics import median
from time import process_time

import numpy as np
import pyriemann
import pytest
from pyriemann.geometry.distance import distance as their_distance
from pyriemann.geometry.mean import mean_riemann
from pyriemann.geometry.tangentspace import tangent_space
from threadpoolctl import threadpool_limits

from neurodecode.linalg.distances import distance
from neurodecode.linalg.means import mean, means_of_subsets
from neurodecode.linalg.tangent import to_tangent


def covariances(n, n_times, spread=0.0):
    """Of noise through one mixing, its sources' strengths varying from trial to trial."""
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((n, n))
    made = np.empty((288, n, n))
    for i in range(288):
        sources = rng.standard_normal((n, n_times)) * np.exp(spread * rng.standard_normal((n, 1)))
        made[i] = np.cov(mixing @ sources)
    return made


def dispersed(n, decades):
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((288, n, n)))[0]
    X = (Q * 10 ** rng.uniform(-decades, decades, (288, 1, n))) @ Q.mT
    return (X + X.mT) / 2


# Name: the set, how many times faster we are to be, and how near pyriemann gets to the mean.
SETS = {
    "288 x 22, 500 samples": (lambda: covariances(22, 500), 1.8, 1e-8),
    "288 x 22, 100 samples": (lambda: covariances(22, 100), 1.8, 1e-8),
    "288 x 22, strengths vary": (lambda: covariances(22, 500, 0.6), 1.8, 1e-8),
    "288 x 22, 5 decades up and down": (lambda: dispersed(22, 5), 3.0, 1e-7),
    "288 x 8, 200 samples": (lambda: covariances(8, 200), 1.8, 1e-8),
    "288 x 88, 500 samples": (lambda: covariances(88, 500), 1.3, 1e-8),
}


def in_turns(ours, theirs, n_times):
    """Median seconds of both, and what they gave last."""
    took, given = ([], []), [None, None]
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for i in range(n_times + 1):  # the first warms
            for side, work in enumerate((ours, theirs)):
                started = process_time()
                given[side] = work()
                if i:
                    took[side].append(process_time() - started)
    return median(took[0]), median(took[1]), *given


def peak(work):
    """Bytes that were held at most, above what was before."""
    tracemalloc.start()
    work()
    size = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return size


@pytest.mark.parametrize("name", SETS)
def test_karcher_mean(name, capsys):
    make, bar, nearness = SETS[name]
    X = make()
    n_times = 3 if X.shape[-1] > 50 else 9
    ours, theirs, found, expected = in_turns(lambda: mean(X), lambda: mean_riemann(X), n_times)
    assert found.converged
    seen = np.linalg.solve(found.value, expected)
    assert np.abs(np.log(np.linalg.eigvals(seen).real)).max() < nearness
    share = peak(lambda: mean(X)) / X.nbytes
    with capsys.disabled():
        print(
            f"\nmean {name}: {1e3 * ours:.1f} ms, pyriemann {pyriemann.__version__} "
            f"{1e3 * theirs:.1f} ms, ratio {theirs / ours:.2f}; {found.n_iter} times through the "
            f"set; peak {share:.1f} times the set, "
            f"pyriemann {peak(lambda: mean_riemann(X)) / X.nbytes:.1f}"
        )
    assert theirs / ours >= bar


def test_means_of_folds(capsys):
    X = covariances(22, 100)
    folds = np.array_split(np.random.default_rng(0).permutation(288), 5)
    subsets = [np.setdiff1d(np.arange(288), fold) for fold in folds]
    ours, each, found, expected = in_turns(
        lambda: means_of_subsets(X, subsets), lambda: [mean(X[subset]) for subset in subsets], 5
    )
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.value, other.value, rtol=0, atol=1e-9 * np.abs(X).max())
    with capsys.disabled():
        print(f"\nmeans of 5 folds from one point: ratio {each / ours:.2f} to one by one")
    assert each / ours >= 1.15


@pytest.mark.parametrize("n", [22, 64])
def test_distances_to_a_mean(n, capsys):
    X = covariances(n, 500)
    M = mean(X, "euclid").value
    ours, theirs, found, expected = in_turns(
        lambda: distance(X, M), lambda: their_distance(X, M)[:, 0], 9
    )
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    with capsys.disabled():
        print(f"\ndistances 288 x {n}: ratio {theirs / ours:.2f} to pyriemann")
    assert theirs / ours >= 1


@pytest.mark.parametrize("n", [22, 64])
def test_tangent_vectors(n, capsys):
    X = covariances(n, 500)
    M = mean(X, "euclid").value
    ours, theirs, found, expected = in_turns(
        lambda: to_tangent(X, M), lambda: tangent_space(X, M), 9
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    with capsys.disabled():
        print(f"\ntangent vectors 288 x {n}: ratio {theirs / ours:.2f} to pyriemann")
    # The same eigenvectors on both sides; we look for NaN and asymmetry, and symmetrise.
    assert theirs / ours >= 0.85
