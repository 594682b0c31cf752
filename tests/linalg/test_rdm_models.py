"""Fits in closed form against search, and scores of what was not fitted to."""

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from scipy.stats import rankdata

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.rdm_ceilings import ceilings, pool
from neurodecode.linalg.rdm_compare import METHODS, compare
from neurodecode.linalg.rdm_crossvalidation import crossvalidate
from neurodecode.linalg.rdm_models import LINEAR, Fixed, Interpolate, Select, Weighted, fit
from neurodecode.linalg.rdm_partial import partial, residuals

N = 9
N_PAIRS = 36


def basis(n=3, seed=0, n_conditions=N):
    return np.random.default_rng(seed).random((n, n_conditions * (n_conditions - 1) // 2)) + 0.2


def planted(weights, n_subjects=5, noise=0.3, seed=1, n_conditions=N):
    rng = np.random.default_rng(seed)
    true = np.asarray(weights) @ basis(len(weights), n_conditions=n_conditions)
    return true * rng.uniform(0.5, 2, (n_subjects, 1)) + noise * rng.normal(
        size=(n_subjects, len(true))
    )


def mean_score(weights, rdms, data, method):
    return compare((weights @ rdms)[None], data, method).mean()


@pytest.mark.parametrize("method", LINEAR)
@pytest.mark.parametrize("nonnegative", [False, True])
def test_no_search_finds_better_weights(method, nonnegative):
    data = planted([1, 0.5, -0.8])
    model = Weighted(basis(), nonnegative=nonnegative)
    found = fit(model, data, method)
    assert np.all(found >= 0) or not nonnegative
    reached = mean_score(found, model.rdms, data, method)
    bounds = [(0 if nonnegative else None, None)] * 3
    searched = max(
        -minimize(
            lambda w: -mean_score(w, model.rdms, data, method), start, bounds=bounds, tol=1e-12
        ).fun
        for start in np.eye(3) + 0.1
    )
    assert reached == pytest.approx(searched, abs=1e-6)
    assert reached >= searched - 1e-9


@pytest.mark.parametrize("method", LINEAR)
@pytest.mark.parametrize("weights", [(1, 0.4, 0), (0, 0.2, 1), (0, 1, -1)])
def test_a_point_between_two_is_the_best_of_all(method, weights):
    data = planted(weights)
    model = Interpolate(basis())
    found = fit(model, data, method)
    assert found.sum() == pytest.approx(1)
    assert np.count_nonzero(found) <= 2

    def at(share, i):
        mixed = np.zeros(3)
        mixed[i : i + 2] = share, 1 - share
        return -mean_score(mixed, model.rdms, data, method)

    searched = max(
        -minimize_scalar(
            at, bounds=(0, 1), args=(i,), method="bounded", options={"xatol": 1e-9}
        ).fun
        for i in range(2)
    )
    assert mean_score(found, model.rdms, data, method) >= searched - 1e-9


def test_a_point_between_two_is_found_for_ranks():
    model = Interpolate(basis(2))
    data = planted((0.7, 0.3), noise=0.02)
    assert fit(model, data, "rho-a")[0] == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize("method", METHODS)
def test_the_best_of_several_is_chosen(method):
    data = planted((0, 1, 0), noise=0.1)
    assert fit(Select(basis()), data, method).tolist() == [0, 1, 0]
    assert fit(Fixed(basis()[0]), data, method).tolist() == [1]


def test_a_sum_is_not_fitted_to_ranks():
    with pytest.raises(ConfigError, match="not fitted by rho-a"):
        fit(Weighted(basis()), planted((1, 0, 0)), "rho-a")


@pytest.mark.parametrize("method", LINEAR)
def test_missing_pairs_are_left_out_of_fits(method):
    data = planted((1, 0.5, 0.2))
    data[:, [3, 17]] = np.nan
    found = fit(Weighted(basis(), nonnegative=False), data, method)
    reference = planted((1, 0.5, 0.2))
    reference[:, [3, 17]] = 50
    assert np.isfinite(found).all()
    if method in ("cosine", "corr"):
        rows = np.delete(reference, [3, 17], 1)
        kept = np.delete(np.arange(N_PAIRS), [3, 17])
        same = fit(Weighted(basis(), nonnegative=False), rows, method, pairs=kept)
        np.testing.assert_allclose(found, same, rtol=1e-10)


@pytest.mark.parametrize("method", LINEAR)
def test_no_matrix_scores_better_than_the_pool(method):
    data = planted((1, 0.5, 0.2), noise=0.6)
    best = compare(pool(data, method)[None], data, method).mean()
    rng = np.random.default_rng(0)
    for _ in range(200):
        near = pool(data, method) + 0.01 * rng.normal(size=N_PAIRS)
        assert compare(near[None], data, method).mean() <= best + 1e-12


@pytest.mark.filterwarnings("ignore:.*rewards ties")
@pytest.mark.parametrize("method", METHODS)
def test_ceilings_are_scores_of_pools(method):
    data = planted((1, 0.5, 0.2), noise=0.6)
    subjects = np.array(["a", "b", "a", "c", "d"])
    found = ceilings(data, method, subjects=subjects)
    for i, subject in enumerate(subjects):
        others = pool(data[subjects != subject], method)
        expected = compare(others[None], data[i : i + 1], method)[0, 0]
        assert found.each_lower[i] == pytest.approx(expected, abs=1e-12)
        everyone = compare(pool(data, method)[None], data[i : i + 1], method)[0, 0]
        assert found.each_upper[i] == pytest.approx(everyone, abs=1e-12)
    assert found.lower < found.upper


def test_a_subject_who_is_there_twice_does_not_predict_itself():
    data = planted((1, 0.5, 0.2), noise=0.6)
    twice = np.concatenate([data, data])
    known = ceilings(twice, subjects=np.tile(np.arange(5), 2))
    assert known.lower == pytest.approx(ceilings(data).lower, abs=1e-12)
    assert ceilings(twice).lower > known.lower + 0.05


def test_a_ceiling_of_one_subject_is_refused():
    with pytest.raises(DataError, match="two subjects or more"):
        ceilings(planted((1, 0), n_subjects=1))


@pytest.mark.parametrize("size", [(4, 200), (20, 60)])
def test_the_true_model_lies_between_the_ceilings(size):
    n_subjects, n_worlds = size
    rng = np.random.default_rng(0)
    found = []
    for _ in range(n_worlds):
        true = rng.normal(size=190)
        data = true + 2 * rng.normal(size=(n_subjects, 190))
        bounds = ceilings(data, "corr")
        found.append([bounds.lower, compare(true[None], data, "corr").mean(), bounds.upper])
    # Signal and noise of variance 1 and 4: the true model has r = 1 / sqrt(5) = .447.
    lower, true, upper = np.mean(found, axis=0)
    assert true == pytest.approx(5**-0.5, abs=0.01)
    assert lower < true < upper
    # At 4 subjects .292 and .632, at 20 .406 and .489.
    expected = {4: (0.292, 0.632), 20: (0.406, 0.489)}[n_subjects]
    assert (lower, upper) == pytest.approx(expected, abs=0.01)


def test_fitted_models_are_scored_on_others():
    """Six weights of matrices that say nothing: they fit training data, and nothing else."""
    n = 12
    models = [Fixed(basis(1, seed=5, n_conditions=n)[0]), Weighted(basis(6, 7, n), False)]
    scores, fitted = [], []
    for seed in range(12):
        data = planted((1, 0.5), noise=0.5, n_subjects=6, seed=seed, n_conditions=n)
        scores.append(crossvalidate(models, data, seed=seed).scores[1])
        weights = fit(models[1], data)
        fitted.append(mean_score(weights, models[1].rdms, data, "corr"))
    assert np.mean(fitted) > 0.1
    assert np.mean(scores) < 0.05


def test_a_true_sum_is_found_in_other_conditions():
    n = 20
    data = planted((1, 0.5, 0.7), noise=0.3, n_subjects=8, n_conditions=n)
    models = [Weighted(basis(3, n_conditions=n)), Fixed(basis(3, n_conditions=n)[0])]
    found = crossvalidate(models, data)
    assert found.folds.shape == (3 * 3, 2)  # as many as rsatoolbox takes of 8 and of 20
    assert found.lower - 0.05 < found.scores[0] < found.upper
    assert found.scores[0] > found.scores[1]
    np.testing.assert_allclose(found.each.mean(0), found.scores, atol=0.02)
    again = crossvalidate(models, data)
    np.testing.assert_array_equal(found.folds, again.folds)


def test_each_subject_is_scored_once_and_sums_may_be_fitted_by_another_comparison():
    data = planted((1, 0.5, 0.7), n_subjects=4, n_conditions=12)
    model = Weighted(basis(3, n_conditions=12))
    found = crossvalidate(
        [model], data, "rho-a", fit_by="corr", n_subject_folds=4, n_condition_folds=1
    )
    for i in range(4):
        weights = fit(model, np.delete(data, i, axis=0), "corr")
        expected = mean_score(weights, model.rdms, data[i : i + 1], "rho-a")
        assert found.each[i, 0] == pytest.approx(expected, abs=1e-12)


def test_what_stays_together_is_in_one_fold():
    """Two sessions of each person: if one is trained on, what both share is fitted."""
    rng = np.random.default_rng(0)
    own = rng.random((6, 66))
    data = np.repeat(own, 2, axis=0)
    people = np.repeat(np.arange(6), 2)
    model = [Weighted(own, nonnegative=True)]
    together = crossvalidate(model, data, subjects=people, n_condition_folds=1)
    apart = crossvalidate(model, data, n_condition_folds=1)
    assert apart.scores[0] > together.scores[0] + 0.1


def test_a_model_of_which_no_weight_serves_says_nothing():
    """Data that are the opposite of the only matrix."""
    part = basis(1)
    data = 2 - part + 0.01 * np.random.default_rng(0).random((4, N_PAIRS))
    assert fit(Weighted(part), data).tolist() == [0]
    assert crossvalidate([Weighted(part)], data).scores.tolist() == [0]
    with pytest.raises(DataError, match="None of 2 matrices"):
        fit(Select(np.ones((2, N_PAIRS))), data)


def test_too_few_conditions_are_named():
    with pytest.raises(DataError, match="tests 2 conditions"):
        crossvalidate([Fixed(basis(1)[0])], planted((1, 0)), n_condition_folds=4)
    with pytest.raises(DataError, match="6 folds for 5 subjects"):
        crossvalidate([Fixed(basis(1)[0])], planted((1, 0)), n_subject_folds=6)


@pytest.mark.parametrize("method", ["spearman", "corr"])
def test_partial_comparisons_are_partial_correlations(method):
    rng = np.random.default_rng(0)
    one, other, nuisance = (
        rng.normal(size=(2, 30)),
        rng.normal(size=(3, 30)),
        rng.normal(size=(1, 30)),
    )
    one[0] += 2 * nuisance[0]
    other += nuisance
    change = (lambda v: rankdata(v, axis=1)) if method == "spearman" else np.asarray
    x, y, z = (change(v) for v in (one, other, nuisance))
    for i in range(2):
        for j in range(3):
            r = np.corrcoef([x[i], y[j], z[0]])
            expected = (r[0, 1] - r[0, 2] * r[1, 2]) / np.sqrt(
                (1 - r[0, 2] ** 2) * (1 - r[1, 2] ** 2)
            )
            found = partial(one, other, nuisance, method)[i, j]
            assert found == pytest.approx(expected, abs=1e-12)


def test_residuals_know_nothing_of_the_nuisance():
    rng = np.random.default_rng(0)
    rows, nuisance = rng.normal(size=(3, 30)), rng.normal(size=(2, 30))
    rows[:, 4] = nuisance[:, 4] = np.nan
    left = residuals(rows, nuisance, "corr")
    kept = ~np.isnan(left[0])
    assert kept.sum() == 29 and not kept[4]
    np.testing.assert_allclose(left[:, kept] @ nuisance[:, kept].T, 0, atol=1e-12)
    np.testing.assert_allclose(left[:, kept].sum(1), 0, atol=1e-12)
    expected = partial(rows, rows, nuisance, "corr")
    np.testing.assert_allclose(np.corrcoef(left[:, kept]), expected, atol=1e-12)


def test_of_a_matrix_that_the_nuisance_gives_nothing_is_left():
    rng = np.random.default_rng(0)
    one, nuisance = rng.normal(size=(2, 30)), rng.normal(size=(2, 30))
    one[0] = 3 * nuisance[0] - nuisance[1] + 4
    found = partial(one, one[1:], nuisance, "corr")
    assert np.isnan(found[0, 0]) and found[1, 0] == pytest.approx(1)
    with pytest.raises(DataError, match="40 nuisance matrices are regressed out of 30"):
        partial(one, one, rng.normal(size=(40, 30)))
    with pytest.raises(ConfigError, match="no partial comparison"):
        partial(one, one, nuisance, "rho-a")  # type: ignore[arg-type]
