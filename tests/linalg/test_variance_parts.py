"""Parts of an R² sum to it, and bands that tell nothing have none."""

import numpy as np
import pytest
from sklearn.metrics import r2_score

from neurodecode.core.errors import DataError
from neurodecode.linalg.banded_ridge import banded_generalized, banded_weights, draw_shares
from neurodecode.linalg.variance_parts import (
    commonality,
    correlation_parts,
    parts_interval,
    predictions_by_band,
    product_measure,
    restricted_shares,
    subset_scores,
    unique_interval,
    unique_variance,
)


def answers(n=60, n_targets=4, n_bands=3):
    """Targets and predictions of bands with means of their own."""
    rng = np.random.default_rng(0)
    by_band = rng.normal(size=(n_bands, n, n_targets)) + rng.normal(size=(n_bands, 1, n_targets))
    true = by_band.sum(axis=0) + rng.normal(size=(n, n_targets)) + 5
    return true, by_band, true.mean(axis=0) + rng.normal(size=n_targets)


def test_parts_and_offset_sum_to_r2():
    true, by_band, mean = answers()
    found = product_measure(true, by_band, mean)
    expected = r2_score(true, mean + by_band.sum(axis=0), multioutput="raw_values")
    np.testing.assert_allclose(found.total, expected, atol=1e-10)
    # Without the offset a part would be missing.
    assert np.abs(found.offset).min() > 1e-3


def test_parts_of_a_correlation_sum_to_it():
    true, by_band, _ = answers()
    said = by_band.sum(axis=0)
    expected = [np.corrcoef(true[:, j], said[:, j])[0, 1] for j in range(4)]
    np.testing.assert_allclose(correlation_parts(true, by_band).sum(axis=0), expected, atol=1e-12)


def test_a_target_that_does_not_vary_has_no_parts():
    true, by_band, mean = answers()
    true[:, 1] = 3.0
    found = product_measure(true, by_band, mean)
    assert list(np.isnan(found.total)) == [False, True, False, False]
    assert list(np.isnan(correlation_parts(true, by_band)[0])) == [False, True, False, False]


def test_bands_that_tell_nothing_have_no_part():
    """Of 200 targets half are told by the first band and half by the second; the third is noise."""
    rng = np.random.default_rng(1)
    band = np.repeat(["a", "b", "c"], [20, 40, 40])
    X = rng.normal(size=(800, 100))
    Y = 1.5 * rng.normal(size=(800, 200))
    Y[:, :100] += X[:, :20] @ rng.normal(size=(20, 100)) / np.sqrt(20)
    Y[:, 100:] += X[:, 20:60] @ rng.normal(size=(40, 100)) / np.sqrt(40)
    train, test = np.arange(500), np.arange(500, 800)
    choice = banded_generalized(X[train], band, Y[train], np.logspace(0, 4, 9), draw_shares(3, 30))
    weights, intercept = banded_weights(X[train], band, Y[train], choice)
    by_band = predictions_by_band(X[train].mean(axis=0), X[test], band, weights)
    mean = Y[train].mean(axis=0)
    np.testing.assert_allclose(mean + by_band.sum(axis=0), X[test] @ weights + intercept)
    parts = product_measure(Y[test], by_band, mean).parts
    assert abs(parts[2].mean()) < 0.01
    assert abs(parts[1, :100].mean()) < 0.01 and abs(parts[0, 100:].mean()) < 0.01
    # Signal has the variance 1 beside 2.25 of noise: at most .31 can be told.
    assert 0.15 < parts[0, :100].mean() < 0.31 and 0.15 < parts[1, 100:].mean() < 0.31


def test_what_is_unique_and_what_is_shared():
    # One band tells .3, the other .2, both together .4: a tenth is told by either.
    scores = {(0,): np.array([0.3]), (1,): np.array([0.2]), (0, 1): np.array([0.4])}
    unique, shared = unique_variance(scores[0, 1], np.stack([scores[1,], scores[0,]]))
    np.testing.assert_allclose(unique[:, 0], [0.2, 0.1])
    np.testing.assert_allclose(shared, 0.1)
    parts = commonality(scores)
    np.testing.assert_allclose([parts[0,], parts[1,], parts[0, 1]], [[0.2], [0.1], [0.1]])


def test_three_bands_are_parted_as_they_were_made():
    """R² of a set is the sum of all parts that one of its bands has."""
    rng = np.random.default_rng(0)
    sets = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]
    made = {one: rng.uniform(-0.05, 0.2, size=5) for one in sets}
    scores = subset_scores(3, lambda kept: sum(v for k, v in made.items() if set(k) & set(kept)))
    found = commonality(scores)
    assert set(found) == set(sets)
    for one in sets:
        np.testing.assert_allclose(found[one], made[one], atol=1e-12)
    with pytest.raises(DataError, match="4 bands make 15 sets"):
        subset_scores(4, lambda _: np.zeros(1))


def test_shares_of_bands_that_are_left_out_are_zero():
    shares = np.array([[0.2, 0.3, 0.5], [0.4, 0.6, 0.0], [0.0, 0.0, 1.0], [0.1, 0.1, 0.8]])
    found = restricted_shares(shares, (0, 1))
    np.testing.assert_allclose(found, [[0.4, 0.6, 0], [0.5, 0.5, 0]])
    np.testing.assert_array_equal(restricted_shares(shares, (2,)), [[0, 0, 1]])


def test_intervals_are_those_of_rows_drawn_by_block():
    true, by_band, mean = answers()
    blocks = np.repeat(["a", "b", "c", "d", "e", "f"], 10)
    low, high = parts_interval(true, by_band, mean, blocks, n_draws=40, seed=4)
    counts = np.random.default_rng(4).multinomial(6, np.full(6, 1 / 6), size=40)
    drawn = [np.concatenate([np.tile(np.arange(10 * i, 10 * i + 10), k) for i, k in enumerate(c)])
             for c in counts]  # fmt: skip
    each = [product_measure(true[rows], by_band[:, rows], mean) for rows in drawn]
    for found, at in ((low, 0.025), (high, 0.975)):
        np.testing.assert_allclose(
            found.parts, np.quantile([one.parts for one in each], at, axis=0), atol=1e-9
        )
        np.testing.assert_allclose(
            found.offset, np.quantile([one.offset for one in each], at, axis=0), atol=1e-9
        )
    said = mean + by_band.sum(axis=0)
    without = np.stack([said - one for one in by_band])
    unique = [
        [
            r2_score(true[rows, 0], said[rows, 0]) - r2_score(true[rows, 0], w[rows, 0])
            for w in without
        ]
        for rows in drawn
    ]
    low, high = unique_interval(true, said, without, blocks, n_draws=40, seed=4)
    np.testing.assert_allclose(low[:, 0], np.quantile(unique, 0.025, axis=0), atol=1e-9)
    np.testing.assert_allclose(high[:, 0], np.quantile(unique, 0.975, axis=0), atol=1e-9)
    with pytest.raises(DataError, match="are of one block"):
        parts_interval(true, by_band, mean, np.zeros(60))
