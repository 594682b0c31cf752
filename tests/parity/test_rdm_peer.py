"""Dissimilarities, comparisons and their statistics against rsatoolbox 0.3.2, and where it errs."""

import itertools

import numpy as np
import pytest
from rsatoolbox.data import Dataset
from rsatoolbox.data.noise import (
    cov_from_residuals,
    prec_from_measurements,
    prec_from_residuals,
    prec_from_unbalanced,
)
from rsatoolbox.inference import (
    eval_bootstrap,
    eval_bootstrap_pattern,
    eval_bootstrap_rdm,
)
from rsatoolbox.inference.noise_ceiling import boot_noise_ceiling
from rsatoolbox.model import ModelFixed, ModelInterpolate, ModelSelect, ModelWeighted
from rsatoolbox.model.fitter import fit_interpolate, fit_regress, fit_select
from rsatoolbox.rdm import RDMs, calc_rdm
from rsatoolbox.rdm import compare as their_compare
from rsatoolbox.util.inference_util import (
    default_k_pattern,
    default_k_rdm,
    extract_variances,
    pool_rdm,
    t_test_0,
    t_test_nc,
)
from rsatoolbox.util.inference_util import t_tests as their_t_tests
from scipy.optimize import nnls as scipy_nnls

from neurodecode.linalg import rdm
from neurodecode.linalg.rdm_bootstrap import Bootstrap, Draws, resampled
from neurodecode.linalg.rdm_ceilings import ceilings, pool
from neurodecode.linalg.rdm_compare import METHODS, WHITENED, compare
from neurodecode.linalg.rdm_crossnobis import crossnobis, crossnobis_of_runs
from neurodecode.linalg.rdm_crossvalidation import (
    default_condition_folds,
    default_subject_folds,
)
from neurodecode.linalg.rdm_inference import t_tests, variances
from neurodecode.linalg.rdm_models import Interpolate, Select, Weighted, fit
from neurodecode.linalg.rdm_noise import measurement_residuals, noise_precision
from neurodecode.linalg.rdm_pairs import pair_indices
from neurodecode.linalg.rdm_patterns import patterns

N_RUNS, N_CONDITIONS, N_CHANNELS, N_REPEATS = 5, 14, 30, 2
N_PAIRS = N_CONDITIONS * (N_CONDITIONS - 1) // 2
pytestmark = pytest.mark.filterwarnings("ignore:.*rewards ties")


@pytest.fixture(scope="module")
def study():
    """Rows in no order, labels whose sorted order is not that of the rows."""
    rng = np.random.default_rng(0)
    n = N_RUNS * N_CONDITIONS * N_REPEATS
    names = np.array([f"c{k:02d}" for k in rng.permutation(N_CONDITIONS)])
    order = rng.permutation(n)
    conditions = np.tile(names, N_RUNS * N_REPEATS)[order]
    runs = np.repeat(np.arange(N_RUNS), N_CONDITIONS * N_REPEATS)[order]
    signal = {name: rng.normal(size=N_CHANNELS) for name in names}
    mixing = rng.normal(size=(N_CHANNELS, N_CHANNELS)) / 4
    noise = rng.normal(size=(n, N_CHANNELS)) @ (np.eye(N_CHANNELS) + mixing)
    X = np.stack([signal[c] for c in conditions]) + noise
    return X, conditions, runs


@pytest.fixture(scope="module")
def noise():
    E = np.random.default_rng(1).normal(size=(N_RUNS, 4 * N_CHANNELS, N_CHANNELS))
    return np.linalg.inv(E.mT @ E / E.shape[1])


def theirs(study, method, **options):
    X, conditions, runs = study
    data = Dataset(np.array(X), obs_descriptors={"c": conditions, "r": runs})
    if method in ("crossnobis", "poisson_cv"):
        options["cv_descriptor"] = "r"
    return calc_rdm(data, method, "c", **options).dissimilarities[0]


DISTANCES = {
    "euclidean": lambda M, P: rdm.euclidean(M),
    "correlation": lambda M, P: rdm.correlation(M),
    "mahalanobis": lambda M, P: rdm.mahalanobis(M, P),
    "poisson": lambda M, P: rdm.poisson(M),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("method", DISTANCES)
def test_distances(method, dtype, study, noise):
    X, conditions, runs = study
    X = np.abs(X) if method == "poisson" else X
    options = {"noise": noise[0]} if method == "mahalanobis" else {}
    expected = theirs((X, conditions, runs), method, **options)
    found = DISTANCES[method](patterns(X.astype(dtype), conditions).means, noise[0])
    assert found.dtype == dtype
    bound = (1e-10 if dtype == np.float64 else 1e-6) * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=bound)


@pytest.mark.parametrize("remove_mean", [False, True])
def test_means_of_patterns_are_removed_alike(remove_mean, study, noise):
    X, conditions, runs = study
    M = patterns(X, conditions).means
    for method, found in {
        "euclidean": rdm.euclidean(M, remove_mean=remove_mean),
        "mahalanobis": rdm.mahalanobis(M, noise[0], remove_mean=remove_mean),
        "crossnobis": crossnobis(
            patterns(X, conditions, runs).means, noise[0], remove_mean=remove_mean
        ),
    }.items():
        options = {} if method == "euclidean" else {"noise": noise[0]}
        expected = theirs(study, method, remove_mean=remove_mean, **options)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("which", ["none", "one", "each"])
def test_crossnobis(which, dtype, study, noise):
    X, conditions, runs = study
    given = {"none": None, "one": noise[0], "each": list(noise)}[which]
    expected = theirs(study, "crossnobis", noise=given)
    M = patterns(X.astype(dtype), conditions, runs).means
    found = crossnobis_of_runs(M, noise) if which == "each" else crossnobis(M, given)
    assert found.dtype == dtype
    bound = (1e-10 if dtype == np.float64 else 1e-6) * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=bound)


def test_crossvalidated_divergences_average_folds_where_theirs_are_the_last(study):
    """rsatoolbox 0.3.2 computes a fold after the other into one variable and returns the last."""
    X, conditions, runs = study
    counts = np.abs(X)
    M = patterns(counts, conditions, runs).means
    expected = theirs((counts, conditions, runs), "poisson_cv")
    # A run that is tested alone: the same two halves, each as the test of the other.
    folds = []
    first, second = pair_indices(N_CONDITIONS)
    for run in range(N_RUNS):
        train = (np.delete(M, run, axis=0).mean(0) + 0.1) / 1.1
        test = np.log((M[run] + 0.1) / 1.1)
        folds.append(np.mean((train[first] - train[second]) * (test[first] - test[second]), axis=1))
    np.testing.assert_allclose(expected, folds[-1], atol=1e-12)
    found = rdm.poisson_crossvalidated(M)
    np.testing.assert_allclose(found, np.mean(folds, axis=0), atol=1e-12)
    assert np.abs(found - expected).max() > 0.1 * np.abs(found).max()


NOISES = {"diag": "diag", "shrink_diag": "shrinkage_diag", "shrink_eye": "shrinkage_eye"}


@pytest.mark.parametrize("method", NOISES)
@pytest.mark.parametrize("dof", [None, 87])
def test_noise_of_residuals(method, dof):
    E = np.random.default_rng(0).normal(size=(120, 25)) @ np.triu(np.ones((25, 25)))
    expected = prec_from_residuals(E, dof=dof, method=NOISES[method])
    found = noise_precision(E, method, dof).precision
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())
    low = noise_precision(E.astype(np.float32), method, dof).precision
    np.testing.assert_allclose(low, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("method", NOISES)
def test_noise_of_measurements(method, study):
    """For balanced data rsatoolbox 0.3.2 counts (conditions - 1) repeats, not conditions (repeats
    - 1): variances of 14 conditions, 10 times each, come out 3 % too small."""
    X, conditions, _ = study
    E, dof = measurement_residuals(X, conditions)
    assert dof == N_CONDITIONS * (N_RUNS * N_REPEATS - 1)
    found = noise_precision(E, method, dof)
    bound = 1e-10 * np.abs(found.precision).max()
    data = Dataset(np.array(X), obs_descriptors={"c": conditions})
    for estimate in (prec_from_measurements, prec_from_unbalanced):
        expected = estimate(data, "c", dof=dof, method=NOISES[method])
        np.testing.assert_allclose(found.precision, expected, rtol=0, atol=bound)
    by_default = prec_from_unbalanced(data, "c", method=NOISES[method])
    np.testing.assert_allclose(found.precision, by_default, rtol=0, atol=bound)
    balanced = np.linalg.inv(prec_from_measurements(data, "c", method="diag"))
    ratio = np.diag(balanced) / (np.sum(E**2, axis=0) / dof)
    np.testing.assert_allclose(ratio, dof / ((N_CONDITIONS - 1) * N_RUNS * N_REPEATS))


def test_each_run_has_its_own_degrees_of_freedom():
    """rsatoolbox 0.3.2 hands all runs to each, with that one's degrees of freedom."""
    E = np.random.default_rng(0).normal(size=(3, 60, 4))
    dofs = [50, 40, 30]
    assert np.shape(cov_from_residuals(list(E), dof=dofs)) == (3, 3, 4, 4)
    for run, dof in zip(E, dofs, strict=True):
        expected = cov_from_residuals(run, dof=dof)
        np.testing.assert_allclose(noise_precision(run, dof=dof).covariance, expected, atol=1e-12)


def some_rdms():
    rng = np.random.default_rng(0)
    true = rng.random(N_PAIRS)
    rdms = true + 0.7 * rng.random((6, N_PAIRS))
    kind = np.arange(N_CONDITIONS) % 3
    first, second = pair_indices(N_CONDITIONS)
    levels = (kind[first] != kind[second]).astype(float)
    return np.stack([true + rng.random(N_PAIRS), levels, rng.random(N_PAIRS)]), rdms


NAMES = {"tau-b": "kendall"}


@pytest.mark.parametrize("lacking", [(), (2, 40, 41)])
@pytest.mark.parametrize("method", METHODS)
def test_comparisons(method, lacking):
    models, rdms = some_rdms()
    models[:, lacking] = rdms[:, lacking] = np.nan
    expected = their_compare(RDMs(models), RDMs(rdms), NAMES.get(method, method))
    np.testing.assert_allclose(compare(models, rdms, method), expected, rtol=0, atol=1e-12)


def sigma():
    A = np.random.default_rng(3).normal(size=(3 * N_CONDITIONS, N_CONDITIONS))
    return A.T @ A / len(A)


@pytest.mark.parametrize("method", WHITENED)
def test_whitening_by_a_covariance_of_conditions(method):
    """Theirs is a conjugate gradient that ends at 1e-5."""
    models, rdms = some_rdms()
    expected = their_compare(RDMs(models), RDMs(rdms), method, sigma_k=sigma())
    found = compare(models, rdms, method, sigma_k=sigma())
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


def test_variances_of_conditions_whiten_as_their_diagonal_matrix():
    """rsatoolbox 0.3.2 divides centred entries, no inverse of a covariance."""
    models, rdms = some_rdms()
    variance = np.geomspace(0.1, 10, N_CONDITIONS)
    by_vector, by_matrix = (
        their_compare(RDMs(models), RDMs(rdms), "cosine_cov", sigma_k=s)
        for s in (variance, np.diag(variance))
    )
    assert np.abs(by_vector - by_matrix).max() > 1e-3
    found = compare(models, rdms, "cosine_cov", sigma_k=variance)
    np.testing.assert_allclose(found, by_matrix, rtol=0, atol=1e-4)


@pytest.mark.filterwarnings("ignore:Noise ceiling for tau")
@pytest.mark.parametrize("method", [m for m in METHODS if m not in WHITENED])
def test_ceilings_and_pools(method):
    _, rdms = some_rdms()
    found = ceilings(rdms, method)
    expected = boot_noise_ceiling(RDMs(rdms), method=NAMES.get(method, method))
    np.testing.assert_allclose((found.lower, found.upper), expected, rtol=0, atol=1e-12)
    pooled = pool_rdm(RDMs(rdms), method=NAMES.get(method, method)).dissimilarities[0]
    np.testing.assert_allclose(pool(rdms, method), pooled, rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", WHITENED)
def test_no_pool_is_above_the_upper_ceiling_of_whitened_comparisons(method):
    """rsatoolbox 0.3.2 pools these by plain length, whose score is not the largest."""
    rng = np.random.default_rng(0)
    _, rdms = some_rdms()
    rdms = rdms * np.linspace(0.2, 3, 6)[:, None] + 4 * rng.random((6, N_PAIRS))
    assert ceilings(rdms, method).upper > boot_noise_ceiling(RDMs(rdms), method=method)[1]


@pytest.mark.parametrize("method", ["cosine", "corr"])
def test_fits_of_sums(method):
    models, rdms = some_rdms()
    expected = fit_regress(ModelWeighted("w", RDMs(models)), RDMs(rdms), method)
    found = fit(Weighted(models, nonnegative=False), rdms, method)
    np.testing.assert_allclose(found / np.linalg.norm(found), expected, rtol=0, atol=1e-10)
    A, y = models, pool(rdms, method)
    if method == "corr":
        A, y = A - A.mean(1, keepdims=True), y - y.mean()
    np.testing.assert_allclose(
        fit(Weighted(models), rdms, method), scipy_nnls(A.T, y)[0], rtol=0, atol=1e-8
    )


@pytest.mark.parametrize("method", ["cosine", "corr", "cosine_cov"])
def test_fits_between_two_and_of_the_best(method):
    """Theirs between two is a search to 1e-5."""
    models, rdms = some_rdms()
    expected = fit_interpolate(ModelInterpolate("i", RDMs(models)), RDMs(rdms), method)
    np.testing.assert_allclose(fit(Interpolate(models), rdms, method), expected, atol=1e-4)
    best = fit_select(ModelSelect("s", RDMs(models)), RDMs(rdms), method)
    assert np.argmax(fit(Select(models), rdms, method)) == best


def test_numbers_of_folds():
    for n in range(2, 60):
        assert default_condition_folds(n) == default_k_pattern(n)
        assert default_subject_folds(n) == default_k_rdm(n)


def test_tests_by_t():
    rng = np.random.default_rng(0)
    scores, lower = rng.normal(0.3, 0.1, size=(40, 3)), rng.normal(0.5, 0.1, size=40)
    observed = Draws(np.array([[0.3, 0.1, 0.4]]), np.array([0.5]), np.array([0.6]))
    boot = Bootstrap(observed, None, Draws(scores, lower, lower), None, 9, 20)
    found, v = t_tests(boot), variances(boot)
    first, second = pair_indices(3)
    args = observed.scores, v.differences[first, second], v.dof
    np.testing.assert_allclose(found.differences, their_t_tests(*args), atol=1e-12)
    np.testing.assert_allclose(
        found.above_zero, t_test_0(observed.scores, v.models, v.dof), atol=1e-12
    )
    np.testing.assert_allclose(
        found.to_lower, t_test_nc(observed.scores, v.to_lower, 0.5, v.dof), atol=1e-12
    )


N_DRAWS = 12
RESAMPLED = {
    "both": (eval_bootstrap, ("subjects", "conditions")),
    "subjects": (eval_bootstrap_rdm, ("subjects",)),
    "conditions": (eval_bootstrap_pattern, ("conditions",)),
}


def their_draws(over, n_subjects):
    """What rsatoolbox draws from numpy's global generator, subjects first."""
    np.random.seed(4)  # noqa: NPY002 the peer draws from it
    counts = {"subjects": [], "conditions": []}
    for _, factor in itertools.product(range(N_DRAWS), over):
        n = n_subjects if factor == "subjects" else N_CONDITIONS
        drawn = np.random.randint(0, n, size=n)  # noqa: NPY002
        counts[factor].append(np.bincount(drawn, minlength=n))
    return [
        np.array(counts[factor], dtype=float) if counts[factor] else np.ones((1, n))
        for factor, n in (("subjects", n_subjects), ("conditions", N_CONDITIONS))
    ]


@pytest.mark.parametrize("method", ["cosine", "corr", "rho-a", "cosine_cov"])
def test_the_same_draws_have_the_same_scores_and_variances(method):
    models, rdms = some_rdms()
    named = [ModelFixed(str(i), m) for i, m in enumerate(models)]
    covariances, draws = [], {}
    for which, (evaluate, over) in RESAMPLED.items():
        np.random.seed(4)  # noqa: NPY002 the peer draws from it
        expected = evaluate(named, RDMs(rdms), method=method, N=N_DRAWS)
        by_subject, by_condition = their_draws(over, 6)
        (found,) = resampled(models, rdms, np.arange(6), method, [by_subject], by_condition)
        np.testing.assert_allclose(found.scores, expected.evaluations, rtol=0, atol=1e-12)
        if which == "conditions" and method != "cosine_cov":  # pools of those: see above
            np.testing.assert_allclose(found.lower, expected.noise_ceiling[0], atol=1e-12)
            np.testing.assert_allclose(found.upper, expected.noise_ceiling[1], atol=1e-12)
        draws[which] = found
        covariances.append(np.cov(expected.evaluations.T))
    model, difference, _ = extract_variances(
        np.array(covariances), nc_included=False, n_rdm=6, n_pattern=N_CONDITIONS
    )
    observed = Draws(np.zeros((1, 3)), np.zeros(1), np.zeros(1))
    ours = variances(Bootstrap(observed, **draws, n_subjects=6, n_conditions=N_CONDITIONS))
    np.testing.assert_allclose(ours.models, model, rtol=1e-8)
    first, second = pair_indices(3)
    np.testing.assert_allclose(ours.differences[first, second], difference, rtol=1e-8)
    assert ours.dof == 5
