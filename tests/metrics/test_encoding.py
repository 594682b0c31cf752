"""Scores of predicted brains: by row, by pair, and of residuals."""

import numpy as np
import pytest
from scipy.spatial.distance import cosine
from sklearn.metrics import explained_variance_score

from neurodecode.metrics.encoding import explained_variance, pattern_r, two_v_two
from neurodecode.metrics.regression import r2

rng = np.random.default_rng(0)
TRUE = rng.standard_normal((12, 7))
PRED = TRUE + rng.standard_normal(TRUE.shape)


def test_pattern_r_is_the_mean_of_the_rows_correlations():
    each = [np.corrcoef(one, said)[0, 1] for one, said in zip(TRUE, PRED, strict=True)]
    assert pattern_r(TRUE, PRED) == pytest.approx(np.mean(each))
    np.testing.assert_allclose(pattern_r.terms(TRUE, PRED)[0], each)
    crossed = pattern_r.pairwise(TRUE, PRED)
    np.testing.assert_allclose(np.diag(crossed), each)
    assert crossed[2, 5] == pytest.approx(np.corrcoef(TRUE[2], PRED[5])[0, 1])


def test_chance_of_pattern_r_is_what_the_training_mean_scores():
    shared = 3 * rng.standard_normal(7)  # voxels that do more than others whatever is shown
    chance = pattern_r.chance(TRUE + shared, shared)
    assert chance == pytest.approx(pattern_r(TRUE + shared, np.tile(shared, (12, 1))))
    assert chance > 0.5
    assert np.isnan(pattern_r.chance(TRUE, np.zeros(0)))


def test_a_constant_true_row_is_left_out():
    flat = np.vstack([TRUE, np.full(7, 0.3)])
    said = np.vstack([PRED, np.ones(7)])
    assert pattern_r(flat, said) == pytest.approx(pattern_r(TRUE, PRED))
    assert "no pattern" in pattern_r.evaluate(
        flat[-1:], said[-1:], scores=None, score_kind="", kind="brain"
    )


def test_2v2_is_that_of_a_loop_over_pairs():
    won = [
        cosine(TRUE[i], PRED[i]) + cosine(TRUE[j], PRED[j])
        < cosine(TRUE[i], PRED[j]) + cosine(TRUE[j], PRED[i])
        for i in range(12)
        for j in range(i + 1, 12)
    ]
    assert 0.5 < np.mean(won) < 1
    assert two_v_two(TRUE, PRED) == pytest.approx(np.mean(won))
    assert np.mean(two_v_two.terms(TRUE, PRED)[0]) == pytest.approx(np.mean(won))


def test_rows_of_2v2_are_pseudo_values_and_spread_as_wide_as_the_score():
    terms = two_v_two.terms(TRUE, PRED)[0]
    n, each = len(TRUE), np.arange(len(TRUE))
    without = [two_v_two(TRUE[each != i], PRED[each != i]) for i in each]
    np.testing.assert_allclose(terms, n * two_v_two(TRUE, PRED) - (n - 1) * np.array(without))

    # Over 300 samples of 20 rows, seed 0: a score of .84 spreads by .076; shares of won pairs
    # said .036.
    rng, scores, said = np.random.default_rng(0), [], []
    for _ in range(300):
        true = rng.standard_normal((20, 40))
        pred = 0.3 * true * rng.standard_normal((20, 1)) ** 2 + rng.standard_normal((20, 40))
        scores.append(two_v_two(true, pred))
        said.append(np.var(two_v_two.terms(true, pred)[0], ddof=1) / 20)
    assert np.sqrt(np.mean(said)) == pytest.approx(np.std(scores), rel=0.1)


def test_2v2_in_blocks_is_2v2(monkeypatch):
    whole = two_v_two(TRUE, PRED)
    monkeypatch.setattr("neurodecode.metrics.encoding._BYTES", 16 * 12 * 5)
    assert two_v_two(TRUE, PRED) == whole


@pytest.mark.parametrize("said", [np.ones_like(TRUE), np.zeros_like(TRUE)])
def test_2v2_of_equal_answers_is_chance(said):
    assert two_v_two(TRUE, said) == 0.5


def test_2v2_of_one_row_is_not_computed():
    found = two_v_two.evaluate(TRUE[:1], PRED[:1], scores=None, score_kind="", kind="brain")
    assert found == "two_v_two: one row makes no pair; score several together"


def test_explained_variance_forgives_an_offset_and_r2_does_not():
    said = PRED + 4
    assert explained_variance(TRUE, said) == pytest.approx(explained_variance_score(TRUE, said))
    assert explained_variance(TRUE, said) == pytest.approx(explained_variance(TRUE, PRED))
    assert r2(TRUE, said) < r2(TRUE, PRED) <= explained_variance(TRUE, PRED)
    assert explained_variance(TRUE, np.zeros_like(TRUE)) == pytest.approx(0)
