"""Subjects of different conditions: what is known of them is what complete data would say."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from neurodecode.linalg.rdm_bootstrap import bootstrap
from neurodecode.linalg.rdm_ceilings import ceilings
from neurodecode.linalg.rdm_compare import compare
from neurodecode.linalg.rdm_crossvalidation import crossvalidate
from neurodecode.linalg.rdm_incomplete import (
    Part,
    bootstrap_incomplete,
    ceilings_incomplete,
    permuted_scores,
    pool_incomplete,
)
from neurodecode.linalg.rdm_inference import variances
from neurodecode.linalg.rdm_models import Weighted, fit
from neurodecode.linalg.rdm_pairs import pairs_among
from neurodecode.linalg.rdm_permutation import deals, permutation_test

N = 12
METHODS = ["corr", "cosine", "spearman", "rho-a", "tau-a"]


def world(seed=0, n_subjects=5, noise=0.5):
    rng = np.random.default_rng(seed)
    truth = pdist(rng.normal(size=(N, 3)), "sqeuclidean")
    return truth, truth + noise * truth.std() * rng.normal(size=(n_subjects, len(truth)))


def parts_of(sets, rdms, models):
    return [
        Part(np.array([i]), own, rdms[[i]][:, pairs_among(own, N)], models[:, pairs_among(own, N)])
        for i, own in enumerate(sets)
    ]


def lacking(rdms, sets):
    found = np.full(rdms.shape, np.nan)
    for i, own in enumerate(sets):
        pairs = pairs_among(own, N)
        found[i, pairs] = rdms[i, pairs]
    return found


@pytest.mark.parametrize("method", METHODS)
def test_where_nothing_is_missing_it_is_the_complete_analysis(method):
    truth, rdms = world()
    models = np.stack([truth, truth[::-1]])
    expected, found = ceilings(rdms, method), ceilings_incomplete(rdms, method)
    assert found.each_lower == pytest.approx(expected.each_lower, abs=1e-10)
    assert found.each_upper == pytest.approx(expected.each_upper, abs=1e-10)
    parts = parts_of([np.arange(N)] * len(rdms), rdms, models)
    drawn = permuted_scores(parts, deals(N, 20, 3), method)
    complete = permutation_test(models, rdms, method, n_permutations=20, seed=3)
    assert drawn == pytest.approx(complete.drawn[:, :, 0], abs=1e-10)
    ours = bootstrap_incomplete(parts, N, method, n_draws=20, seed=4)
    theirs = bootstrap(models, rdms, method, n_draws=20, seed=4)
    assert ours.both is not None and theirs.both is not None
    assert ours.both.scores == pytest.approx(theirs.both.scores, abs=1e-10, nan_ok=True)


def test_a_pool_finds_the_scale_of_what_overlaps():
    """Subjects who saw far pairs alone, or near ones, in units of their own: no noise."""
    truth, _ = world()
    sets = [np.arange(8), np.arange(4, 12), np.r_[0:4, 8:12]]
    rdms = lacking(np.outer([1.0, 50.0, 0.01], truth) + np.array([[0.0], [3.0], [-1.0]]), sets)
    assert np.corrcoef(pool_incomplete(rdms, "corr"), truth)[0, 1] == pytest.approx(1, abs=1e-6)
    found = ceilings_incomplete(rdms, "corr")
    assert found.lower == pytest.approx(1, abs=1e-6)


def test_who_shares_nothing_has_no_ceiling():
    _, rdms = world(n_subjects=3)
    sets = [np.arange(6), np.arange(1, 6), np.arange(6, 12)]
    found = ceilings_incomplete(lacking(rdms, sets), "corr")
    assert np.isnan(found.each_lower).tolist() == [False, False, True]
    pairs = pairs_among(np.arange(1, 6), N)
    assert found.each_lower[1] == pytest.approx(np.corrcoef(rdms[0, pairs], rdms[1, pairs])[0, 1])


@pytest.mark.parametrize("method", ["corr", "rho-a"])
def test_permuted_conditions_are_rarely_as_good_as_those_of_an_unrelated_model(method):
    """p of models that know nothing: of 200 worlds, 5 % are below .05 (binomial, three sd)."""
    below = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        _, rdms = world(seed, n_subjects=4)
        sets = [np.sort(rng.choice(N, 8, replace=False)) for _ in rdms]
        model = pdist(rng.normal(size=(N, 2)))[None]
        parts = parts_of(sets, rdms, model)
        observed = np.mean([compare(p.models, p.rdms, method)[0, 0] for p in parts])
        drawn = permuted_scores(parts, deals(N, 99, seed + 1000), method)[:, 0]
        below += (1 + np.sum(drawn >= observed)) / 100 <= 0.05
    assert below <= 10 + 3 * np.sqrt(200 * 0.05 * 0.95)


def test_missing_conditions_widen_intervals():
    truth, rdms = world(n_subjects=6)
    model = truth[None]
    few = [np.sort(np.random.default_rng(i).choice(N, 8, replace=False)) for i in range(6)]
    width = []
    for sets in ([np.arange(N)] * 6, few):
        drawn = bootstrap_incomplete(parts_of(sets, rdms, model), N, "corr", n_draws=400)
        width.append(variances(drawn).models[0])
    assert width[1] > width[0]


def test_weights_are_fitted_to_the_pool_of_others_and_scored_on_what_a_subject_has():
    rng = np.random.default_rng(2)
    members = rng.random((3, 66))
    rdms = members[0] + 0.5 * members[1] + 0.3 * rng.random((5, 66))
    data = lacking(rdms, [np.sort(rng.choice(N, N - s // 2, replace=False)) for s in range(5)])
    found = crossvalidate([Weighted(members)], data, n_subject_folds=5, n_condition_folds=1)
    for s in range(5):
        pooled = pool_incomplete(np.delete(data, s, axis=0), "corr")
        said = fit(Weighted(members), pooled) @ members
        own = np.isfinite(data[s])
        expected = np.corrcoef(said[own], data[s][own])[0, 1]
        assert found.each[s, 0] == pytest.approx(expected, abs=1e-12)


def test_a_subject_who_has_two_conditions_has_no_score():
    rdms = np.random.default_rng(0).random((4, 66))
    data = lacking(rdms, [*[np.arange(N)] * 3, np.arange(2)])
    found = crossvalidate([Weighted(rdms[:2])], data, n_condition_folds=4)
    assert np.isnan(found.each[3, 0])
    assert np.isfinite(found.each[:3, 0]).all() and np.isfinite(found.scores).all()
