import numpy as np
import pytest
from scipy import signal, stats

from neurodecode.core.errors import DataError
from neurodecode.linalg.block_permutation import block_orders, block_permutation

RNG = np.random.default_rng(0)
RUNS = np.repeat(["a", "b", "c"], [43, 30, 52])  # none is a whole number of blocks of 8 but one


def series(n, n_targets, rng=RNG):
    return rng.normal(size=(n, n_targets))


@pytest.mark.parametrize("folds", [None, RUNS == "b", RUNS])
def test_it_is_the_explicit_permutation(folds):
    true = series(125, 6)
    pred = 0.3 * true + series(125, 6)
    found = block_permutation(true, pred, RUNS, folds=folds, block=8, n_draws=60, seed=3)
    groups = [np.full(125, True)] if folds is None else [folds == one for one in np.unique(folds)]

    def score(measured):
        return np.mean(
            [
                [np.corrcoef(measured[one, i], pred[one, i])[0, 1] for i in range(6)]
                for one in groups
            ],
            axis=0,
        )

    observed = score(true)
    null = np.array([score(true[order]) for order in block_orders(RUNS, 8, 60, seed=3)])
    np.testing.assert_allclose(found.score, observed, atol=1e-12)
    np.testing.assert_allclose(found.largest, null.max(axis=1), atol=1e-12)
    np.testing.assert_allclose(found.p, (1 + (null >= observed).sum(axis=0)) / 61)
    by_largest = (1 + (null.max(axis=1)[:, None] >= observed).sum(axis=0)) / 61
    np.testing.assert_allclose(found.p_max, by_largest)
    np.testing.assert_allclose(found.mean, null.mean(axis=1), atol=1e-12)
    wide = block_permutation(
        true, pred, RUNS, folds=folds, block=8, n_draws=60, seed=3, inflation=2.0
    )
    spread = null.mean(axis=0) + np.sqrt(2) * (null - null.mean(axis=0))
    np.testing.assert_allclose(wide.largest, spread.max(axis=1), atol=1e-12)
    np.testing.assert_allclose(wide.p, (1 + (spread >= observed).sum(axis=0)) / 61)
    np.testing.assert_allclose(found.q, stats.false_discovery_control(found.p))


def test_blocks_move_within_runs_and_the_short_one_stays():
    orders = block_orders(RUNS, 8, 200, seed=0)
    for order in orders:
        assert sorted(order) == list(range(125))
        np.testing.assert_array_equal(RUNS[order], RUNS)
    # 43 = 5 * 8 + 3, 30 = 3 * 8 + 6, 52 = 6 * 8 + 4.
    stays = np.r_[40:43, 67:73, 121:125]
    np.testing.assert_array_equal(orders[:, stays], np.tile(stays, (200, 1)))
    # Within a block samples keep their order; 0 comes to each of the five places.
    assert (np.diff(orders[:, :8]) == 1).all()
    assert set(orders[:, 0]) == {0, 8, 16, 24, 32}


def autocorrelated(n, n_targets, rng):
    noise = rng.normal(size=(n + 100, n_targets))
    return np.asarray(signal.lfilter([1], [1, -0.6], noise, axis=0))[100:]


def test_p_of_unrelated_series_that_are_alike_in_time_is_uniform():
    """A block of 20 samples is longer than what is alike at .6; single samples are not."""
    rng = np.random.default_rng(1)
    runs = np.repeat([0, 1, 2], 200)
    true, pred = autocorrelated(600, 300, rng), autocorrelated(600, 300, rng)
    found = block_permutation(true, pred, runs, block=20, n_draws=400)
    assert stats.kstest(found.p, "uniform").pvalue > 0.01
    one_by_one = block_permutation(true, pred, runs, block=1, n_draws=400)
    assert stats.kstest(one_by_one.p, "uniform").pvalue < 1e-3


def test_runs_that_train_each_other_need_orders_to_spread_wider():
    """Ridge of six runs that are left out one by one, of features and targets without relation."""
    p: dict[float, list[float]] = {1.0: [], 2.0: []}
    runs = np.repeat(np.arange(6), 100)
    for study in range(15):
        rng = np.random.default_rng(study)
        X, Y = autocorrelated(600, 20, rng), autocorrelated(600, 10, rng)
        pred = np.empty_like(Y)
        for run in range(6):
            test = runs == run
            products = X[~test].T @ X[~test] + 100 * np.eye(20)
            pred[test] = X[test] @ np.linalg.solve(products, X[~test].T @ Y[~test])
        for inflation, found in p.items():
            options = {"folds": runs, "block": 20, "n_draws": 300, "inflation": inflation}
            found += block_permutation(Y, pred, runs, **options).p.tolist()
    # At .05 each, 7.5 of 150 are expected; more than 14 come up once in 100.
    assert sum(one <= 0.05 for one in p[1.0]) > 14
    assert sum(one <= 0.05 for one in p[2.0]) <= 14
    assert stats.kstest(p[2.0], "uniform").pvalue > 0.01


def test_the_largest_of_unrelated_targets_is_rarely_significant():
    rng = np.random.default_rng(2)
    runs = np.repeat([0, 1], 100)
    smallest = [
        block_permutation(
            autocorrelated(200, 20, rng), autocorrelated(200, 20, rng), runs, block=10, n_draws=99
        ).p_max.min()
        for _ in range(60)
    ]
    # At .2 each, 12 of 60 are expected; 21 or more come up with 1 in 200.
    assert 4 <= np.sum(np.array(smallest) <= 0.2) <= 20


def test_float32_and_constant_series():
    true, pred = series(120, 4), series(120, 4)
    runs = np.repeat([0, 1], 60)
    true[:, 1], pred[:, 2] = 1000.1, -3.3
    exact = block_permutation(true, pred, runs, n_draws=50)
    assert np.isnan(exact.score).tolist() == [False, True, False, False]
    assert (
        np.isnan(exact.p).tolist() == np.isnan(exact.p_max).tolist() == [False, True, False, False]
    )
    assert (exact.score[2], exact.p[2]) == (0, 1)
    rough = block_permutation(true.astype(np.float32), pred.astype(np.float32), runs, n_draws=50)
    np.testing.assert_allclose(rough.score, exact.score, atol=1e-6)
    np.testing.assert_allclose(rough.largest, exact.largest, atol=1e-6)


def test_more_targets_than_are_looked_at_at_once():
    true, pred, runs = series(60, 600), series(60, 600), np.zeros(60)
    whole = block_permutation(true, pred, runs, block=5, n_draws=30)
    alone = block_permutation(true[:, 590:], pred[:, 590:], runs, block=5, n_draws=30)
    np.testing.assert_allclose(whole.p[590:], alone.p)
    assert (whole.largest >= alone.largest).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"true": series(20, 3)}, r"\(20, 3\)"),
        ({"pred": np.full((60, 3), np.nan)}, "sample 0 of target 0"),
        ({"block": 31}, "less than two blocks of 31"),
        ({"folds": np.arange(60) // 10}, "run 0 is in several folds"),
    ],
)
def test_what_cannot_be_meant_is_refused(change, said):
    given = {"true": series(60, 3), "pred": series(60, 3), "runs": np.zeros(60, int)}
    with pytest.raises(DataError, match=said):
        block_permutation(**given | change)
