import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as peers
from sklearn.dummy import DummyRegressor

from neurodecode.core.errors import DataError
from neurodecode.metrics.regression import correlations, mae, r, r2, rmse

METRICS = [r, r2, rmse, mae]


@st.composite
def answers(draw, max_targets=4):
    """Truth and answers of one target, shape (n,), or of several."""
    n, n_targets = draw(st.integers(3, 30)), draw(st.integers(0, max_targets))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (n, n_targets) if n_targets else (n,)
    scale = 10.0 ** draw(st.integers(-9, 6))  # volts to counts
    true = rng.normal(rng.normal(), 1, size=shape)
    return scale * true, scale * (draw(st.floats(-1, 1)) * true + rng.normal(size=shape))


@given(answers())
def test_r_is_the_mean_of_scipys(made):
    true, pred = (array.reshape(len(array), -1) for array in made)
    expected = [stats.pearsonr(a, b).statistic for a, b in zip(true.T, pred.T, strict=True)]
    assert r(*made) == pytest.approx(np.mean(expected), rel=1e-12, abs=1e-12)


@given(answers())
def test_errors_are_scikit_learns(made):
    for metric, peer in (
        (r2, peers.r2_score),
        (rmse, peers.root_mean_squared_error),
        (mae, peers.mean_absolute_error),
    ):
        # An error relative to the truth's own size: pred may be all noise, and r2 far below zero.
        assert metric(*made) == pytest.approx(peer(*made), rel=1e-12, abs=1e-12)


@given(answers(), st.randoms(use_true_random=False))
def test_scores_ignore_the_order_of_rows(made, random):
    order = random.sample(range(len(made[0])), len(made[0]))
    for metric in METRICS:
        assert metric(made[0][order], made[1][order]) == pytest.approx(metric(*made), rel=1e-9)


@given(answers())
def test_r_asks_for_neither_unit_nor_offset(made):
    true, pred = made
    size = np.max(np.abs(pred))
    assert r(true, 3 * pred + size) == pytest.approx(r(true, pred), abs=1e-12)
    assert r(true, -pred) == pytest.approx(-r(true, pred), abs=1e-12)


def test_errors_by_hand():
    true, pred = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 6.0])
    assert mae(true, pred) == 1
    assert rmse(true, pred) == pytest.approx(np.sqrt(3))
    assert r2(true, pred) == pytest.approx(1 - 9 / 2)
    # Deviations (-1, 0, 1) and (-2, -1, 3): 5 / sqrt(2 × 14).
    assert r(true, pred) == pytest.approx(5 / np.sqrt(28))


def test_the_root_is_taken_of_each_target():
    true, pred = np.zeros((1, 2)), np.array([[3.0, 4.0]])
    assert rmse(true, pred) == 3.5  # and not sqrt(12.5)


def test_a_target_that_never_varies_is_left_out():
    true = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
    pred = np.array([[1.0, 4.0], [2.0, 5.0], [4.0, 6.0]])
    assert r(true, pred) == r(true[:, 0], pred[:, 0])
    assert r2(true, pred) == r2(true[:, 0], pred[:, 0])
    # So is one that is constant but for rounding.
    true[:, 1] = [0.3, 0.1 + 0.2, 0.3]
    assert r(true, pred) == r(true[:, 0], pred[:, 0])


def test_a_target_that_is_always_answered_alike_counts_zero_in_r():
    true = np.array([[1.0, 1.0], [2.0, 3.0], [3.0, 2.0]])
    pred = np.column_stack([true[:, 0], [7.0, 7.0, 7.0]])
    assert r(true, pred) == 0.5
    assert correlations(true, pred).tolist() == pytest.approx([1, 0])


@pytest.mark.parametrize("shape", [(4,), (4, 3)])
def test_what_is_constant_has_no_correlation(shape):
    varied, flat = np.random.default_rng(0).normal(size=shape), np.full(shape, 0.1)
    with pytest.raises(DataError, match="the truth is constant among the 4 rows"):
        r(flat, varied)
    with pytest.raises(DataError, match="the truth is constant among the 4 rows"):
        r2(flat, varied)
    with pytest.raises(DataError, match="the predictions are constant among the 4 rows"):
        r(varied, flat)
    assert r2(varied, flat) < 0
    said = r.evaluate(varied, flat, scores=None, score_kind="", kind="value")
    assert said == "r: the predictions are constant among the 4 rows scored together"


@pytest.mark.parametrize("metric", [r, r2])
def test_one_row_has_no_variance(metric):
    with pytest.raises(DataError, match="one row has no variance; score several together"):
        metric(np.array([1.0]), np.array([2.0]))


@pytest.mark.parametrize("metric", METRICS)
def test_shapes_that_do_not_fit_are_told(metric):
    with pytest.raises(DataError, match=r"predictions of shape \(3,\) for truth of shape \(3, 2\)"):
        metric(np.zeros((3, 2)), np.zeros(3))


@given(answers())
def test_chance_is_what_the_training_mean_reaches(made):
    true, training = made
    constant = DummyRegressor().fit(np.zeros((len(training), 1)), training)
    pred = constant.predict(np.zeros((len(true), 1))).reshape(true.shape)
    for metric in (r2, rmse, mae):
        chance = metric.chance(true, np.atleast_1d(training.mean(axis=0)))
        assert chance == pytest.approx(metric(true, pred), rel=1e-9)


def test_answers_that_know_nothing_correlate_zero_on_average():
    rng, n_draws, n = np.random.default_rng(0), 2000, 12
    found = [r(rng.normal(size=n), rng.normal(size=n)) for _ in range(n_draws)]
    sd = 1 / np.sqrt((n - 1) * n_draws)  # the variance of r under the null is 1 / (n - 1)
    assert abs(np.mean(found) - r.chance(None, np.zeros(1))) < 4 * sd


def test_small_and_large_units_lose_nothing():
    rng = np.random.default_rng(1)
    true, pred = rng.normal(size=20), rng.normal(size=20)
    for scale in (1e-200, 1e200):  # squares of these are no floats
        assert r(scale * true, scale * pred) == pytest.approx(r(true, pred), rel=1e-12)
