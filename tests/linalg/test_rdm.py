"""Dissimilarities against loops over conditions, channels and runs."""

import numpy as np
import pytest
from scipy.spatial.distance import squareform

from neurodecode.core.errors import DataError
from neurodecode.linalg import rdm
from neurodecode.linalg.rdm_crossnobis import crossnobis, crossnobis_of_runs
from neurodecode.linalg.rdm_pairs import pair_indices, pairs_among, squares, vectors
from neurodecode.linalg.rdm_patterns import patterns


def made(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def precision(n_channels, seed=1):
    E = made(4 * n_channels, n_channels, seed=seed)
    return np.linalg.inv(E.T @ E / len(E))


def looped(M, distance):
    first, second = np.triu_indices(len(M), 1)
    return np.array([distance(M[i], M[j]) for i, j in zip(first, second, strict=True)])


def by_pairs_of_runs(M, precisions=None):
    """Crossnobis in the fewest words: each pair of conditions, over runs that have both."""
    n_runs, n_conditions, n_channels = M.shape
    out = []
    for i, j in zip(*np.triu_indices(n_conditions, 1), strict=True):
        found = []
        for r in range(n_runs):
            for s in range(n_runs):
                noise = np.eye(n_channels)
                if precisions is not None:
                    pair = [np.linalg.inv(precisions[k]) for k in (r, s)]
                    noise = np.linalg.inv(np.mean(pair, axis=0))
                product = (M[r, i] - M[r, j]) @ noise @ (M[s, i] - M[s, j])
                if r != s and not np.isnan(product):
                    found.append(product / n_channels)
        out.append(np.mean(found) if found else np.nan)
    return np.array(out)


def test_pairs_stand_row_by_row_as_a_labelled_matrix_says():
    labels = np.array([[10 * min(i, j) + max(i, j) for j in range(5)] for i in range(5)])
    assert vectors(labels).tolist() == [1, 2, 3, 4, 12, 13, 14, 23, 24, 34]
    np.testing.assert_array_equal(squares(vectors(labels)), labels - np.diag(np.diag(labels)))
    X = made(5, 5)
    X = X + X.T
    np.testing.assert_array_equal(vectors(X), squareform(X, checks=False))
    # MATLAB reads the lower triangle column by column: the same order.
    np.testing.assert_array_equal(vectors(X), X.T[np.triu_indices(5, 1)])


def test_many_conditions_have_their_pairs_in_the_same_order():
    X = np.arange(1100.0**2).reshape(1100, 1100)
    np.testing.assert_array_equal(vectors(X), X[np.triu_indices(1100, 1)])


def test_the_pairs_among_some_conditions():
    labels = np.array([[10 * min(i, j) + max(i, j) for j in range(6)] for i in range(6)])
    assert vectors(labels)[pairs_among(np.array([1, 3, 4]), 6)].tolist() == [13, 14, 34]
    assert vectors(labels)[pairs_among(np.array([4, 1, 3]), 6)].tolist() == [14, 34, 13]
    assert len(pair_indices(6)[0]) == 15


def test_a_vector_of_no_number_of_pairs_is_refused():
    with pytest.raises(DataError, match="has 7 entries, which is no number of pairs"):
        squares(np.zeros(7))


DISTANCES = {
    "euclidean": (rdm.euclidean, lambda a, b: np.mean((a - b) ** 2)),
    "correlation": (rdm.correlation, lambda a, b: 1 - np.corrcoef(a, b)[0, 1]),
    "cosine": (rdm.cosine, lambda a, b: 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b)),
    "poisson": (
        lambda M: rdm.poisson(np.abs(M)),
        lambda a, b: np.mean(
            ((abs(a) + 0.1) / 1.1 - (abs(b) + 0.1) / 1.1)
            * (np.log((abs(a) + 0.1) / 1.1) - np.log((abs(b) + 0.1) / 1.1))
        ),
    ),
    "mahalanobis": (
        lambda M: rdm.mahalanobis(M, precision(7)),
        lambda a, b: (a - b) @ precision(7) @ (a - b) / 7,
    ),
    "remove_mean": (
        lambda M: rdm.euclidean(M, remove_mean=True),
        lambda a, b: np.mean((a - a.mean() - b + b.mean()) ** 2),
    ),
    "diagonal": (
        lambda M: rdm.mahalanobis(M, np.arange(1.0, 8)),
        lambda a, b: np.mean((a - b) ** 2 * np.arange(1, 8)),
    ),
}


@pytest.mark.parametrize("name", DISTANCES)
def test_distances_are_those_of_a_loop_and_batches_are_problems_one_by_one(name):
    distance, naive = DISTANCES[name]
    M = made(3, 6, 7) + 2
    expected = np.stack([looped(one, naive) for one in M])
    np.testing.assert_allclose(distance(M), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(distance(M[1]), expected[1], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", DISTANCES)
def test_inputs_are_left_as_they_are_and_precision_is_kept(name):
    M = made(6, 7)
    before = M.copy()
    assert DISTANCES[name][0](M.astype(np.float32)).dtype == np.float32
    DISTANCES[name][0](M)
    np.testing.assert_array_equal(M, before)


def test_means_of_channels_do_not_cost_float32_its_digits():
    """At means of 1000 and unit spread, products that are not centred are off by 97 %."""
    M = made(20, 50) + 1000 * (1 + made(50, seed=3))
    low = M.astype(np.float32)
    expected = rdm.euclidean(low.astype(np.float64))
    np.testing.assert_allclose(rdm.euclidean(low), expected, rtol=1e-5)
    G = low @ low.T
    naive = (np.diag(G)[:, None] + np.diag(G) - 2 * G)[np.triu_indices(20, 1)] / 50
    assert np.max(np.abs(naive / expected - 1)) > 0.3
    runs = np.stack([low, low + made(20, 50, seed=4).astype(np.float32)])
    exact = crossnobis(runs.astype(np.float64))
    np.testing.assert_allclose(crossnobis(runs), exact, atol=1e-5 * np.abs(exact).max())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("distance", [rdm.correlation, rdm.cosine])
def test_a_pattern_that_is_constant_or_zero_has_no_angle(distance, dtype):
    M = made(4, 9).astype(dtype)
    M[2] = 0.1 if distance is rdm.correlation else 0
    lost = np.isnan(squares(distance(M)))
    assert lost[2, [0, 1, 3]].all()
    assert not lost[np.ix_([0, 1, 3], [0, 1, 3])].any()


@pytest.mark.parametrize("shape", [(4, 5, 6), (2, 3, 7)])
def test_crossnobis_is_the_mean_over_pairs_of_runs(shape):
    M, noise = made(*shape), precision(shape[-1])
    assert np.min(by_pairs_of_runs(M)) < 0  # never clipped
    np.testing.assert_allclose(crossnobis(M), by_pairs_of_runs(M), rtol=0, atol=1e-13)
    each = np.stack([noise] * shape[0])
    expected = by_pairs_of_runs(M, each)
    np.testing.assert_allclose(crossnobis(M, noise), expected, rtol=0, atol=1e-13)
    np.testing.assert_allclose(crossnobis_of_runs(M, each), expected, rtol=0, atol=1e-12)
    diagonal = np.arange(1.0, shape[-1] + 1)
    np.testing.assert_allclose(
        crossnobis(M, diagonal), crossnobis(M, np.diag(diagonal)), rtol=0, atol=1e-13
    )


def test_crossnobis_is_the_mean_over_left_out_runs():
    M = made(5, 4, 6)
    folds = []
    for run in range(5):
        train, test = np.delete(M, run, axis=0).mean(0), M[run]
        folds.append(
            [
                (train[i] - train[j]) @ (test[i] - test[j]) / 6
                for i, j in zip(*pair_indices(4), strict=True)
            ]
        )
    np.testing.assert_allclose(crossnobis(M), np.mean(folds, axis=0), atol=1e-13)


def test_each_run_may_have_its_own_precision():
    M = made(3, 4, 5)
    each = np.stack([precision(5, seed=s) for s in range(3)])
    np.testing.assert_allclose(
        crossnobis_of_runs(M, each), by_pairs_of_runs(M, each), rtol=0, atol=1e-12
    )


def test_many_problems_are_solved_as_one_by_one():
    M, noise = made(6, 4, 5, 7), np.stack([precision(7, seed=s) for s in range(6)])
    for found, one in (
        (crossnobis(M), crossnobis),
        (crossnobis(M, noise[0]), lambda m: crossnobis(m, noise[0])),
    ):
        np.testing.assert_allclose(found, np.stack([one(m) for m in M]), atol=1e-13)
    own = np.stack([crossnobis(m, p) for m, p in zip(M, noise, strict=True)])
    np.testing.assert_allclose(crossnobis(M, noise), own, atol=1e-13)


def test_a_missing_condition_is_left_out_of_its_pairs_of_runs():
    M = made(5, 5, 6)
    M[0, 1] = M[2, 1] = M[2, 4] = np.nan
    M[1:, 3] = np.nan  # in one run alone: no pair of runs has it
    expected = by_pairs_of_runs(M)
    found = crossnobis(M)
    np.testing.assert_allclose(found, expected, atol=1e-13)
    assert np.isnan(squares(found)[3, [0, 1, 2, 4]]).all()
    noise = precision(6)
    each = np.stack([noise] * 5)
    np.testing.assert_allclose(crossnobis(M, noise), by_pairs_of_runs(M, each), atol=1e-12)
    np.testing.assert_allclose(crossnobis_of_runs(M, each), crossnobis(M, noise), atol=1e-12)
    batch = np.stack([M, made(5, 5, 6, seed=2)])
    np.testing.assert_allclose(crossnobis(batch)[0], expected, atol=1e-13)


def test_equal_conditions_have_a_crossnobis_distance_of_zero_on_average():
    """And a distance of run means of 2 / n_runs times the variance of the noise."""
    M = made(4000, 6, 4, 10)
    distances = crossnobis(M).mean(1)
    assert abs(distances.mean()) < 3 * distances.std() / np.sqrt(len(distances))
    assert rdm.euclidean(M.mean(1)).mean() == pytest.approx(2 / 6, rel=0.02)


def test_crossvalidated_divergences_are_means_over_all_folds():
    M = np.random.default_rng(0).poisson(4, size=(3, 4, 5)).astype(float)
    folds = []
    for run in range(3):
        train = (np.delete(M, run, axis=0).mean(0) + 0.1) / 1.1
        test = np.log((M[run] + 0.1) / 1.1)
        folds.append(
            [
                (train[i] - train[j]) @ (test[i] - test[j]) / 5
                for i, j in zip(*pair_indices(4), strict=True)
            ]
        )
    np.testing.assert_allclose(rdm.poisson_crossvalidated(M), np.mean(folds, axis=0), atol=1e-13)
    M[1, 2] = np.nan
    assert np.isfinite(rdm.poisson_crossvalidated(M)).all()


def test_patterns_are_means_of_sorted_conditions_and_runs():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    conditions, runs = rng.choice(list("dbca"), 60), rng.choice(["2", "1", "3"], 60)
    found = patterns(X, conditions, runs)
    assert found.conditions.tolist() == list("abcd")
    assert found.runs is not None and found.runs.tolist() == list("123")
    for r, run in enumerate("123"):
        for c, condition in enumerate("abcd"):
            rows = X[(runs == run) & (conditions == condition)]
            assert found.counts[r, c] == len(rows)
            np.testing.assert_allclose(found.means[r, c], rows.mean(0), atol=1e-14)
    pooled = patterns(X, conditions)
    np.testing.assert_allclose(pooled.means[2], X[conditions == "c"].mean(0), atol=1e-14)
    assert pooled.runs is None


def test_patterns_of_one_row_a_cell_are_that_row_and_missing_cells_are_nan():
    X = made(5, 2, 3)
    found = patterns(X, np.array([1, 0, 2, 2, 0]), np.array([0, 0, 0, 1, 1]))
    np.testing.assert_array_equal(found.means[0], X[[1, 0, 2]])
    np.testing.assert_array_equal(found.means[1, [0, 2]], X[[4, 3]])
    assert np.isnan(found.means[1, 1]).all()
    assert found.counts.tolist() == [[1, 1, 1], [1, 0, 1]]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: patterns(made(4, 2), np.zeros(3)), "4 rows and conditions the shape"),
        (lambda: patterns(made(4, 2), np.zeros(4)), "is 1 condition"),
        (lambda: rdm.euclidean(made(1, 4)), "two conditions or more"),
        (lambda: crossnobis(made(1, 3, 4)), "two runs or more"),
        (lambda: rdm.mahalanobis(made(3, 4), np.eye(3)), "4 channels and the precision"),
        (lambda: rdm.mahalanobis(made(3, 2), -np.eye(2)), "not positive definite"),
        (lambda: rdm.mahalanobis(made(3, 2), np.array([1.0, 0])), "not above zero"),
        (lambda: rdm.poisson(-np.ones((3, 2))), "A rate is -1"),
        (lambda: crossnobis_of_runs(made(3, 4, 2), np.eye(2)), "one matrix a run"),
    ],
)
def test_bad_input_is_named(call, said):
    with pytest.raises(DataError, match=said):
        call()


def test_a_channel_that_is_missing_in_one_pattern_is_named():
    M = made(4, 6)
    M[2, 3] = np.nan
    with pytest.raises(DataError, match="condition 2 is NaN in channel 3"):
        rdm.correlation(M)
