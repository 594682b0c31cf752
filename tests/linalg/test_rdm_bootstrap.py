"""Weighted comparisons against resampled matrices, variances and tests against formulas."""

import numpy as np
import pytest
from scipy import stats

from neurodecode.core.errors import DataError
from neurodecode.linalg._rdm_weighted import weighted_ranks
from neurodecode.linalg.rdm import euclidean
from neurodecode.linalg.rdm_bootstrap import Bootstrap, Draws, bootstrap, resampled
from neurodecode.linalg.rdm_bootstrap_fitted import bootstrap_fitted
from neurodecode.linalg.rdm_ceilings import ceilings
from neurodecode.linalg.rdm_compare import METHODS, WHITENED, compare
from neurodecode.linalg.rdm_inference import (
    counted_tests,
    t_tests,
    two_factor,
    variances,
    without_folds,
)
from neurodecode.linalg.rdm_models import Fixed, Weighted
from neurodecode.linalg.rdm_pairs import squares, vectors
from neurodecode.linalg.rdm_permutation import permutation_test

N, N_PAIRS, N_SUBJECTS = 10, 45, 5
pytestmark = pytest.mark.filterwarnings("ignore:.*rewards ties")


def world(seed=0, categories=True):
    rng = np.random.default_rng(seed)
    true = rng.random(N_PAIRS)
    rdms = true + 0.5 * rng.random((N_SUBJECTS, N_PAIRS))
    models = np.stack([true + 0.3 * rng.random(N_PAIRS), rng.random(N_PAIRS), true])
    if categories:
        kind = np.arange(N) % 2
        models[1] = vectors((kind[:, None] != kind).astype(float))
    return models, rdms


def resample(rdms, places):
    """Rows and columns that are drawn; pairs of a condition with its copy are none."""
    matrices = squares(rdms)[:, places][:, :, places]
    matrices[:, places[:, None] == places] = np.nan
    return vectors(matrices)


def counts_of(places, n):
    return np.bincount(places, minlength=n)[None].astype(float)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("lacking", [(), (3, 20)])
def test_weights_of_pairs_are_resampled_conditions(method, lacking):
    """And those of subjects: each copy of a subject is left out with it."""
    models, rdms = world()
    models[:, lacking] = rdms[:, lacking] = np.nan
    rng = np.random.default_rng(1)
    for _ in range(4):
        places = np.sort(rng.integers(N, size=N))
        whom = np.sort(rng.integers(N_SUBJECTS, size=N_SUBJECTS))
        (found,) = resampled(
            models, rdms, np.arange(N_SUBJECTS), method,
            [counts_of(whom, N_SUBJECTS)], counts_of(places, N),
        )  # fmt: skip
        said, seen = resample(models, places), resample(rdms[whom], places)
        bounds = ceilings(seen, method, subjects=whom)
        np.testing.assert_allclose(
            found.scores[0], compare(said, seen, method).mean(1), rtol=0, atol=1e-12
        )
        assert found.lower[0] == pytest.approx(bounds.lower, abs=1e-12)
        assert found.upper[0] == pytest.approx(bounds.upper, abs=1e-12)


def test_pairs_with_the_own_copy_would_be_told_by_any_model():
    """Distances of zero on both sides: a model that says nothing scores with them."""
    rng = np.random.default_rng(0)
    kept, left_out = [], []
    for _ in range(50):
        model, data = rng.random((1, N_PAIRS)), rng.random((1, N_PAIRS))
        places = rng.integers(N, size=N)
        raw = [vectors(squares(v)[:, places][:, :, places]) for v in (model, data)]
        kept.append(compare(*raw, "corr")[0, 0])
        left_out.append(compare(resample(model, places), resample(data, places), "corr")[0, 0])
    assert np.mean(kept) > 0.2
    assert abs(np.mean(left_out)) < 0.1


@pytest.mark.parametrize("method", ["corr", "spearman", "corr_cov"])
def test_a_model_of_one_condition_says_nothing_where_that_is_not_drawn(method):
    _, rdms = world()
    special = 0.3 * vectors((np.arange(N)[:, None] == 4) ^ (np.arange(N) == 4)) + 0.1
    found = bootstrap(special[None], rdms, method, n_draws=400)
    assert found.conditions is not None
    # (1 - 1 / 10) ** 10 = .35 of the draws.
    assert np.isnan(found.conditions.scores).mean() == pytest.approx(0.35, abs=0.07)
    assert np.nanmax(np.abs(found.conditions.scores)) <= 1
    assert np.isfinite(variances(found).models).all()


def test_ranks_of_entries_that_are_there_several_times():
    x = np.array([[3.0, 1, 2, 2, 5]])
    w = np.array([[2.0, 1, 3, 0, 1], [1, 1, 1, 1, 1]])
    for row, found in zip(w.astype(int), weighted_ranks(x, w)[:, 0], strict=True):
        copies = np.repeat(np.arange(5), row)
        expected = stats.rankdata(x[0, copies])
        np.testing.assert_array_equal(found[copies], expected - expected.mean())


@pytest.mark.parametrize("method", ["corr", "rho-a", "cosine_cov"])
def test_the_three_bootstraps_share_their_draws(method):
    models, rdms = world()
    found = bootstrap(models, rdms, method, n_draws=40, seed=3)
    assert found.both is not None and found.subjects is not None and found.conditions is not None
    assert found.both.scores.shape == (40, 3)
    expected = compare(models, rdms, method).mean(1)
    np.testing.assert_allclose(found.observed.scores[0], expected, atol=1e-12)
    assert found.observed.lower[0] == pytest.approx(ceilings(rdms, method).lower, abs=1e-12)
    # Where all subjects are alike only conditions matter.
    alike = bootstrap(models, np.repeat(rdms[:1], 5, 0), method, n_draws=40, seed=3)
    assert alike.both is not None and alike.conditions is not None
    np.testing.assert_allclose(alike.both.scores, alike.conditions.scores, atol=1e-12)
    assert alike.subjects is not None and np.ptp(alike.subjects.scores, axis=0).max() < 1e-12


def test_what_is_drawn_together_is_in_or_out_together():
    models, rdms = world()
    kind = np.repeat(np.arange(5), 2)
    people = np.array(["a", "a", "b", "c", "c"])
    found = bootstrap(models, rdms, n_draws=400, conditions=kind, subjects=people)
    assert (found.n_subjects, found.n_conditions) == (3, 5)
    assert found.conditions is not None and found.subjects is not None
    # Three of three, with copies: 10 different draws. Five of five: 126.
    assert len(np.unique(found.subjects.scores[:, 0].round(12))) == 10
    assert 60 < len(np.unique(found.conditions.scores[:, 0].round(12))) <= 126


def test_two_factors_are_put_together_by_the_published_formula():
    v = np.array([[0.9], [0.3], [0.4]])
    n, m = 8, 20
    expected = n / (n - 1) * 0.3 + m / (m - 1) * 0.4 - n * m / ((n - 1) * (m - 1)) * 0.2
    assert two_factor(*v, n, m)[0] == pytest.approx(expected)
    assert two_factor(np.array([0.9]), np.array([0.1]), np.array([0.1]), n, m) == pytest.approx(
        m / (m - 1) * 0.1 if m < n else n / (n - 1) * 0.1
    )
    assert two_factor(np.array([0.5]), np.array([0.3]), np.array([0.4]), n, m) == 0.5
    assert without_folds(np.array(0.3), np.array(0.4), 2) == pytest.approx(0.2)
    assert without_folds(np.array(0.3), np.array(0.7), 2) == 0.3  # of few draws: never negative
    with pytest.raises(DataError, match="Use two"):
        without_folds(np.array(0.3), np.array(0.4), 1)


def drawn(seed, spread=1.0, n=4000):
    rng = np.random.default_rng(seed)
    scores = rng.multivariate_normal([0.5, 0.3], spread * np.array([[0.04, 0.03], [0.03, 0.04]]), n)
    return Draws(scores, scores.mean(1) + 0.2, scores.mean(1) + 0.3)


def test_variances_and_tests_of_one_factor():
    draws = drawn(0)
    observed = Draws(np.array([[0.5, 0.3]]), np.array([0.6]), np.array([0.7]))
    boot = Bootstrap(observed, None, draws, None, 9, 50)
    found = variances(boot)
    assert found.dof == 8
    scores = draws.scores
    np.testing.assert_allclose(found.models, np.var(scores, axis=0, ddof=1) * 9 / 8)
    apart = np.var(scores[:, 0] - scores[:, 1], ddof=1) * 9 / 8
    assert found.differences[0, 1] == found.differences[1, 0] == pytest.approx(apart)
    below = np.var(scores[:, 0] - draws.lower, ddof=1) * 9 / 8
    assert found.to_lower[0] == pytest.approx(below)
    tests = t_tests(boot)
    assert tests.above_zero[0] == pytest.approx(stats.t.sf(0.5 / np.sqrt(found.models[0]), 8))
    assert tests.differences[0, 1] == pytest.approx(2 * stats.t.sf(0.2 / np.sqrt(apart), 8))
    assert tests.to_lower[0] == pytest.approx(2 * stats.t.sf(0.1 / np.sqrt(below), 8))
    assert np.diag(tests.differences).tolist() == [1, 1]
    of_conditions = variances(Bootstrap(observed, None, None, draws, 9, 50))
    assert of_conditions.dof == 49


def test_variances_of_two_factors_correct_each_contrast():
    both, subjects, conditions = drawn(0, 2.2), drawn(1, 0.8), drawn(2, 1.0)
    observed = Draws(np.array([[0.5, 0.3]]), np.array([0.6]), np.array([0.7]))
    found = variances(Bootstrap(observed, both, subjects, conditions, 9, 50))
    assert found.dof == 8
    apart = [np.array([np.var(d.scores @ [1, -1], ddof=1)]) for d in (both, subjects, conditions)]
    assert found.differences[0, 1] == pytest.approx(two_factor(*apart, 9, 50)[0])


def test_counted_tests_add_one():
    scores = np.array([[0.5, 0.1], [0.4, -0.1], [0.6, 0.7]])
    tests = counted_tests(Draws(scores, np.array([0.6, 0.5, 0.5]), np.ones(3)))
    assert tests.above_zero.tolist() == [1 / 4, 2 / 4]
    assert tests.differences[0, 1] == pytest.approx(2 * 2 / 4)
    assert tests.to_lower[0] == pytest.approx(2 * 2 / 4)


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("tau-b",)])
def test_permuting_a_model_is_permuting_its_conditions(method):
    models, rdms = world()
    data = np.stack([rdms, rdms[:, ::-1]])
    found = permutation_test(models, data, method, n_permutations=30, seed=5)
    rng = np.random.default_rng(5)
    for each in found.drawn[:3]:
        order = rng.permutation(N)
        exchanged = vectors(squares(models)[:, order][:, :, order])
        expected = np.stack([compare(exchanged, r, method).mean(1) for r in data], axis=1)
        np.testing.assert_allclose(each, expected, rtol=0, atol=1e-12)
    assert found.p.shape == found.p_max.shape == (3, 2)
    assert np.all(found.p_max >= found.p)
    assert found.p[2, 0] == pytest.approx(1 / 31)


def test_p_of_a_model_that_says_nothing_is_uniform():
    rng = np.random.default_rng(0)
    p = [
        permutation_test(
            rng.random((1, N_PAIRS)), rng.random((2, N_PAIRS)), n_permutations=99, seed=i
        ).p[0, 0]
        for i in range(150)
    ]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_fitted_models_are_fitted_to_other_people_and_conditions_of_a_draw():
    """A model of two matrices that add up to the truth, and one that is the first alone."""
    rng = np.random.default_rng(0)
    n_pairs = 91  # of 14 conditions
    parts = rng.random((2, n_pairs))
    rdms = parts.sum(0) + 0.6 * rng.random((5, n_pairs))
    models = [Weighted(parts), Fixed(parts[0])]
    options = {"n_subject_folds": 2, "n_condition_folds": 2}
    found = bootstrap_fitted(models, rdms, n_draws=12, seed=1, **options)
    assert found.both is not None and found.both.repeats is not None
    assert found.both.repeats.shape == (12, 2, 4)
    usable = np.isfinite(found.both.scores[:, 0])
    assert 6 <= usable.sum() <= 12
    assert found.observed.scores[0, 0] > found.observed.scores[0, 1] + 0.1
    assert np.mean(found.both.scores[usable] @ [1, -1]) > 0.1
    v = variances(found)
    assert np.all(v.models > 0)
    assert v.dof == 4
    # A model that is not fitted scores the same blocks: only their division differs by repeat.
    once = bootstrap_fitted(
        models[1:], rdms, n_draws=6, n_repeats=1, n_subject_folds=1, n_condition_folds=1
    )
    assert once.observed.scores[0, 0] == pytest.approx(compare(parts[:1], rdms, "corr").mean())
    with pytest.raises(DataError, match="14 conditions are too few for 2 and 6 folds"):
        bootstrap_fitted(models, rdms, n_condition_folds=6, n_subject_folds=2)


def measured(rng, n_subjects=8, n_conditions=20):
    """Stimuli of 12 features; people who see them through one map and each through an own one."""
    shared = np.random.default_rng(99).normal(size=(12, 40)) * np.geomspace(1.5, 0.4, 12)[:, None]
    seen = rng.normal(size=(n_conditions, 12))
    own = shared + 0.7 * rng.normal(size=(n_subjects, 12, 40))
    M = seen @ own + 8 * rng.normal(size=(n_subjects, n_conditions, 40))
    return np.stack([euclidean(seen[:, :4]), euclidean(seen[:, 2:6])]), euclidean(M)


@pytest.mark.slow
def test_variance_over_other_people_and_other_stimuli_is_found():
    """Truth from 3000 repetitions; bootstraps of 100 of them. With two models and their difference
    these gave 1.15 to 1.19 of it, both resampled 1.64 to 1.74, subjects alone .31 to .34."""
    rng = np.random.default_rng(0)
    contrasts = np.array([[1, 0, 1], [0, 1, -1]])
    scores = np.stack([compare(*measured(rng), "corr").mean(1) for _ in range(3000)])
    truth = np.var(scores @ contrasts, axis=0, ddof=1)
    found = []
    for i in range(100):
        boot = bootstrap(*measured(rng), "corr", n_draws=500, seed=i)
        v = variances(boot)
        assert boot.both is not None and boot.subjects is not None
        plain = (np.var(d.scores @ contrasts, axis=0) for d in (boot.both, boot.subjects))
        found.append([[*v.models, v.differences[0, 1]], *plain])
    corrected, uncorrected, of_subjects = np.mean(found, axis=0) / truth
    assert np.all(np.abs(corrected - 1) < 0.35)
    assert np.all(uncorrected > 1.35)
    assert np.all(of_subjects < 0.65)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m, r: bootstrap(m, r, over=()), "over is"),
        (lambda m, r: bootstrap(m, r[:1]), "1 subjects are resampled, and 2"),
        (lambda m, r: bootstrap(m, r, conditions=np.zeros(10)), "1 conditions are resampled"),
        (lambda m, r: bootstrap(m, r, subjects=np.zeros(4)), "5 subjects and labels of the shape"),
        (lambda m, r: permutation_test(np.where(m == m[0, 0], np.nan, m), r), "would move it"),
    ],
)
def test_bad_input_is_named(call, said):
    with pytest.raises(DataError, match=said):
        call(*world(categories=False))


def test_conditions_alone_are_resampled_of_one_subject():
    models, rdms = world()
    found = bootstrap(models, rdms[:1], over=("conditions",), n_draws=50)
    assert found.both is None and found.subjects is None and found.conditions is not None
    assert np.isnan(found.conditions.lower).all()
    assert np.isfinite(variances(found).models).all()
    assert np.isnan(variances(found).to_lower).all()


def test_whitened_methods_are_resampled_in_float64_whatever_comes_in():
    models, rdms = world()
    low = bootstrap(models.astype(np.float32), rdms.astype(np.float32), WHITENED[0], n_draws=5)
    assert low.observed.scores.dtype == np.float64
