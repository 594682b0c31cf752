from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as peers

from neurodecode.metrics.probability import N_BINS, brier, ece, log_loss

LABELS = {n: np.arange(n) for n in range(2, 6)}


@st.composite
def surenesses(draw):
    """Truth and probabilities, some of them 0 and 1; not every class need be among the rows."""
    n_classes, n = draw(st.integers(2, 5)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = rng.integers(0, 5, size=(n, n_classes)).astype(float)
    weights[weights.sum(axis=1) == 0] = 1
    return rng.integers(n_classes, size=n), weights / weights.sum(axis=1, keepdims=True)


@given(surenesses())
def test_log_loss_is_scikit_learns(made):
    true, scores = made
    expected = peers.log_loss(true, scores, labels=LABELS[scores.shape[1]])
    assert log_loss(true, true, scores=scores) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(surenesses())
def test_brier_is_scikit_learns_unhalved(made):
    true, scores = made
    n_classes = scores.shape[1]
    given_to = scores if n_classes > 2 else scores[:, 1]
    expected = peers.brier_score_loss(
        true, given_to, labels=LABELS[n_classes], scale_by_half=False,
        **({"pos_label": 1} if n_classes == 2 else {}),
    )  # fmt: skip
    assert brier(true, true, scores=scores) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def by_bins(true, scores):
    """Guo et al. 2017, equations 2, 3 and 5, bin by bin."""
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == true
    edges = np.linspace(0, 1, N_BINS + 1)
    error = 0.0
    for low, high in pairwise(edges):
        mine = (confidence > low) & (confidence <= high)
        if mine.any():
            gap = abs(right[mine].mean() - confidence[mine].mean())
            error += mine.sum() / len(true) * gap
    return error


@given(surenesses())
def test_ece_is_its_definition(made):
    true, scores = made
    assert ece(true, true, scores=scores) == pytest.approx(by_bins(true, scores), abs=1e-12)


def test_ece_by_hand():
    # Fifteenths: .7 is in bin 11 (.667, .733], .9 in bin 14 (.867, .933]. Of four rows at .7 two
    # are right, |.5 - .7| = .2; of two at .9 both, |1 - .9| = .1. (4 × .2 + 2 × .1) / 6 = 1 / 6.
    scores = np.array([[0.7, 0.3]] * 4 + [[0.9, 0.1]] * 2)
    true = np.array([0, 0, 1, 1, 0, 0])
    assert ece(true, true, scores=scores) == pytest.approx(1 / 6)


def test_an_edge_belongs_to_the_bin_below_it():
    # 3 / 5 is 9 / 15: both rows are in bin 9, where errors of .4 and -.6 (one right) average out
    # to |.5 - .59|; in bins of their own they would give (.4 + .58) / 2.
    scores = np.array([[0.6, 0.4], [0.58, 0.42]])
    assert ece(np.array([0, 1]), None, scores=scores) == pytest.approx(0.59 - 0.5)


def test_a_calibrated_model_has_little_error_and_a_sure_one_much():
    rng = np.random.default_rng(0)
    p = rng.uniform(size=20_000)
    true = (rng.uniform(size=len(p)) < p).astype(int)
    scores = np.column_stack([1 - p, p])
    # 8 bins above one half hold 2500 rows each: mean |error| is sqrt(2 / pi) × at most .5 / 50.
    assert ece(true, true, scores=scores) < 0.01
    wrong = np.eye(2)[1 - true]
    assert ece(true, true, scores=wrong) == 1


def test_a_true_class_that_was_ruled_out_costs_36_nats():
    loss = log_loss(np.array([1]), None, scores=np.array([[1.0, 0.0]]))
    assert loss == pytest.approx(-np.log(np.finfo(float).eps)) == pytest.approx(36.04, abs=0.01)
    assert brier(np.array([1]), None, scores=np.array([[1.0, 0.0]])) == 2


@pytest.mark.parametrize("metric", [log_loss, brier])
def test_chance_is_what_the_training_frequencies_reach(metric):
    true = np.repeat([0, 1, 2], [5, 3, 2])
    prior = np.array([0.2, 0.5, 0.3])
    always = np.tile(prior, (10, 1))
    assert metric.chance(true, prior) == metric(true, true, scores=always)
    # Equal classes, equal frequencies: log 3, and (1 - 1/3)² + 2 / 9.
    even = metric.chance(np.arange(3), np.full(3, 1 / 3))
    assert even == pytest.approx({"log_loss": np.log(3), "brier": 2 / 3}[metric.name])


@given(surenesses(), st.randoms(use_true_random=False))
def test_scores_ignore_the_order_of_rows(made, random):
    true, scores = made
    order = random.sample(range(len(true)), len(true))
    for metric in (log_loss, brier, ece):
        value = metric(true, true, scores=scores)
        assert metric(true[order], None, scores=scores[order]) == pytest.approx(value, abs=1e-12)
