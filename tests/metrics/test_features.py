import numpy as np
import pytest
from scipy import stats

from neurodecode.core.errors import DataError
from neurodecode.metrics.features import feature_distance, n_way, n_way_accuracy
from neurodecode.metrics.retrieval import two_way, two_way_image_to_brain, two_way_strict


def features(seed, n=6, size=40):
    return np.random.default_rng(seed).standard_normal((n, size))


def test_two_way_is_the_share_of_other_truths_below_as_published():
    """For each reconstruction the truths less like it than its own one, by numpy's corrcoef."""
    true = features(0, 12)
    pred = true + 4 * features(1, 12)
    likeness = np.corrcoef(true, pred)[:12, 12:]  # (true, pred)
    own = np.diagonal(likeness)
    expected = ((likeness < own).sum(axis=0) / 11).mean()
    assert two_way(true, pred) == pytest.approx(expected)
    assert two_way_strict(true, pred) == pytest.approx(expected)
    # The transposed one, whose distractors are other reconstructions, is another number.
    back = ((likeness < own[:, None]).sum(axis=1) / 11).mean()
    assert two_way_image_to_brain(true, pred) == pytest.approx(back)
    assert back != pytest.approx(expected)


def test_constant_predictions_are_worth_one_half_and_nothing_as_published():
    true, same = features(0), np.tile(features(1, 1), (6, 1))
    assert two_way(true, same) == pytest.approx(0.5, abs=1e-15)
    assert two_way(true, np.ones(true.shape)) == 0.5
    assert two_way_strict(true, np.ones(true.shape)) == 0
    assert feature_distance(true, np.ones(true.shape)) == 1


# 1 / sqrt(12 n): under exchangeable pairings a row's place is uniform. A binomial test of the
# n (n - 1) pairs would take .0101 and .0025 for what are .0408 and .0204.
@pytest.mark.parametrize("n", [50, 200])
def test_the_null_of_two_way_spreads_as_rows_do_and_not_as_pairs(n):
    rng = np.random.default_rng(n)
    true = rng.standard_normal((n, 8))
    drawn = [two_way(true, rng.standard_normal((n, 8))) for _ in range(1000)]
    assert np.std(drawn) == pytest.approx(1 / np.sqrt(12 * n), rel=0.1)
    assert np.mean(drawn) == pytest.approx(0.5, abs=4 / np.sqrt(12 * n * 1000))


def test_feature_distance_is_one_less_scipys_correlation():
    true, pred = 3 + features(0), features(1)
    expected = [1 - stats.pearsonr(a, b).statistic for a, b in zip(true, pred, strict=True)]
    assert feature_distance(true, pred) == pytest.approx(np.mean(expected), abs=1e-14)
    assert feature_distance(true, true) == pytest.approx(0, abs=1e-14)
    assert feature_distance.pairwise(true, pred)[2, 4] == pytest.approx(
        1 - stats.pearsonr(true[2], pred[4]).statistic, abs=1e-14
    )


def test_features_that_share_a_mean_lie_well_below_one():
    """Hence the null is estimated, and is not 1."""
    shared = 3 * features(9, 1)
    assert feature_distance(shared + features(0), shared + features(1)) < 0.3


def test_constant_true_features_are_left_out():
    true, pred = features(0), features(1)
    true[3] = 2
    rest = np.arange(6) != 3
    assert feature_distance(true, pred) == pytest.approx(feature_distance(true[rest], pred[rest]))
    with pytest.raises(DataError, match="constant in every row"):
        feature_distance(np.ones((3, 4)), features(0, 3, 4))


def test_n_way_classification_is_what_drawing_classes_gives():
    """The definition, drawn class by class: 4,000 draws leave a s.d. of .008."""
    rng = np.random.default_rng(0)
    true = rng.standard_normal((3, 100))
    pred = true + 1.5 * rng.standard_normal((3, 100))
    found = n_way_accuracy(true, pred, n_way=10, top_k=2, n_draws=4000)
    for row in range(3):
        label = true[row].argmax()
        others = np.delete(np.arange(100), label)
        won = 0
        for _ in range(4000):
            classes = rng.choice(others, 9, replace=False)
            won += np.sum(pred[row, classes] > pred[row, label]) < 2
        assert found[row] == pytest.approx(won / 4000, abs=0.035)


def test_n_way_knows_perfect_and_constant_answers():
    true = features(0, 30, 1000)
    assert n_way(true, true) == 1
    # 30 rows whose 1,000 draws are the same: the s.d. of their mean is .0044.
    assert n_way(true, np.zeros(true.shape)) == pytest.approx(n_way.chance(true, None), abs=0.015)
    assert n_way.chance(true, None) == 1 / 50
    order = np.random.default_rng(1).permutation(30)
    pred = features(2, 30, 1000)
    assert n_way(true, pred) == n_way(true[order], pred[order])
    assert n_way_accuracy(true, pred).tolist() == n_way.terms(true, pred)[0].tolist()
    with pytest.raises(DataError, match="top 1 of 50 classes, and the classifier has 40"):
        n_way(true[:, :40], true[:, :40])
