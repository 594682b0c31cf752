"""Dissimilarity matrices beside rsatoolbox: both sides in turn, one process, one thread.

CPU time, the least of several; outputs are held equal. Times of products bound ours.
"""

import numpy as np
import pytest
import rsatoolbox.inference.evaluate as their_evaluation
from rsatoolbox.data import Dataset
from rsatoolbox.data.noise import cov_from_residuals
from rsatoolbox.inference import eval_bootstrap_pattern
from rsatoolbox.model import ModelFixed
from rsatoolbox.rdm import RDMs, calc_rdm
from side_by_side import beside, told

from neurodecode.linalg.rdm import correlation, euclidean
from neurodecode.linalg.rdm_bootstrap import resampled
from neurodecode.linalg.rdm_crossnobis import crossnobis, crossnobis_of_runs
from neurodecode.linalg.rdm_noise import noise_precision
from neurodecode.linalg.rdm_patterns import patterns

pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in cast")


def study(n_conditions, n_runs, n_channels, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_runs * n_conditions, n_channels))
    conditions, runs = (
        np.tile(np.arange(n_conditions), n_runs),
        np.repeat(np.arange(n_runs), n_conditions),
    )
    E = rng.normal(size=(2 * n_channels, n_channels))
    precision = np.linalg.inv(E.T @ E / len(E))
    return X, conditions, runs, precision


SMALL, LARGE = 10, 2  # up to 2000 rows of 150 channels, and beyond
SHAPES = {
    (40, 20, 100): SMALL,
    (92, 8, 100): SMALL,
    (92, 24, 150): LARGE,
    (300, 40, 200): LARGE,
    (92, 8, 200): LARGE,
    (200, 10, 500): LARGE,
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("noise", ["one precision", "identity"])
def test_crossnobis_from_rows(shape, noise, capsys):
    X, conditions, runs, precision = study(*shape)
    given = precision if noise == "one precision" else None
    data = Dataset(X, obs_descriptors={"c": conditions, "r": runs})
    found, expected, mine, other = beside(
        lambda: crossnobis(patterns(X, conditions, runs).means, given),
        lambda: calc_rdm(data, "crossnobis", "c", noise=given, cv_descriptor="r"),
    )
    np.testing.assert_allclose(found, expected.dissimilarities[0], rtol=0, atol=1e-12)
    told(capsys, f"crossnobis, {noise}, C R P = {shape}", mine, "rsatoolbox", other, SHAPES[shape])


@pytest.mark.parametrize("shape", [(40, 8, 100), (92, 8, 100)], ids=str)
def test_crossnobis_with_a_precision_a_run(shape, capsys):
    """Bound by as many solves as there are pairs of runs, theirs and ours."""
    X, conditions, runs, _ = study(*shape)
    each = np.stack([study(*shape, seed=s)[3] for s in range(shape[1])])
    data = Dataset(X, obs_descriptors={"c": conditions, "r": runs})
    found, expected, mine, other = beside(
        lambda: crossnobis_of_runs(patterns(X, conditions, runs).means, each),
        lambda: calc_rdm(data, "crossnobis", "c", noise=list(each), cv_descriptor="r"),
    )
    np.testing.assert_allclose(found, expected.dissimilarities[0], rtol=0, atol=1e-10)
    told(capsys, f"crossnobis, a precision a run, C R P = {shape}", mine, "rsatoolbox", other, 1)


@pytest.mark.parametrize("shape", [(20, 8, 40), (92, 8, 60), (12, 10, 64)], ids=str)
def test_crossnobis_of_fifty_parcels(shape, capsys):
    made = [study(*shape, seed=s) for s in range(50)]
    conditions, runs = made[0][1:3]
    X = np.stack([one[0] for one in made])
    precision = np.stack([one[3] for one in made])

    def ours():
        M = patterns(np.swapaxes(X, 0, 1), conditions, runs).means
        return crossnobis(np.moveaxis(M, 2, 0), precision)

    def theirs():
        return [
            calc_rdm(
                Dataset(x, obs_descriptors={"c": conditions, "r": runs}),
                "crossnobis", "c", noise=noise, cv_descriptor="r",
            ).dissimilarities[0]
            for x, noise in zip(X, precision, strict=True)
        ]  # fmt: skip

    found, expected, mine, other = beside(ours, theirs, repeats=(5, 2))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)
    told(capsys, f"crossnobis of 50 parcels, C R P = {shape}", mine, "rsatoolbox", other, 15)


@pytest.mark.parametrize(("dtype", "promised"), [(np.float64, 10), (np.float32, 20)])
@pytest.mark.parametrize("n_conditions", [500, 1000])
def test_correlation_of_many_conditions(n_conditions, dtype, promised, capsys):
    X = np.random.default_rng(0).normal(size=(n_conditions, 200)).astype(dtype)
    labels = np.arange(n_conditions)
    data = Dataset(X, obs_descriptors={"c": labels})
    found, expected, mine, other = beside(
        lambda: correlation(patterns(X, labels).means),
        lambda: calc_rdm(data, "correlation", "c"),
        repeats=(30, 5),
    )
    bound = 1e-12 if dtype == np.float64 else 1e-6
    np.testing.assert_allclose(found, expected.dissimilarities[0], rtol=0, atol=bound)
    told(
        capsys,
        f"correlation, {n_conditions} × 200, {np.dtype(dtype)}",
        mine,
        "rsatoolbox",
        other,
        promised,
    )


@pytest.mark.parametrize("n_conditions", [92, 500])
def test_euclidean(n_conditions, capsys):
    """Theirs is a Gram product too; what is left is averaging rows."""
    X = np.random.default_rng(0).normal(size=(n_conditions, 200))
    labels = np.arange(n_conditions)
    data = Dataset(X, obs_descriptors={"c": labels})
    found, expected, mine, other = beside(
        lambda: euclidean(patterns(X, labels).means), lambda: calc_rdm(data, "euclidean", "c")
    )
    np.testing.assert_allclose(found, expected.dissimilarities[0], rtol=0, atol=1e-12)
    told(capsys, f"Euclidean, {n_conditions} × 200", mine, "rsatoolbox", other, 1.1)


@pytest.mark.parametrize("method", ["shrink_diag", "shrink_eye"])
@pytest.mark.parametrize("shape", [(500, 100), (800, 200), (1500, 400)], ids=str)
def test_shrunk_covariance(shape, method, capsys):
    E = np.random.default_rng(0).normal(size=shape)
    E[:, 1:] += E[:, :-1]
    named = {"shrink_diag": "shrinkage_diag", "shrink_eye": "shrinkage_eye"}[method]
    found, expected, mine, other = beside(
        lambda: noise_precision(E, method),
        lambda: np.linalg.inv(cov_from_residuals(E, method=named)),
        repeats=(20, 2),
    )
    np.testing.assert_allclose(found.precision, expected, rtol=0, atol=1e-10)
    told(
        capsys,
        f"precision, {method}, residuals × channels = {shape}",
        mine,
        "rsatoolbox",
        other,
        10,
    )


@pytest.mark.parametrize("method", ["cosine", "corr"])
def test_bootstrap_of_conditions(method, capsys, monkeypatch):
    """48 conditions, 12 subjects, 6 models, with noise ceilings; theirs draws 50, ours 1000."""
    n_conditions, n_subjects, n_draws, n_theirs = 48, 12, 1000, 50
    rng = np.random.default_rng(0)
    n_pairs = n_conditions * (n_conditions - 1) // 2
    models = rng.random((6, n_pairs))
    rdms = models[0] + rng.random((n_subjects, n_pairs))
    drawn = rng.integers(n_conditions, size=(n_draws, n_conditions))
    counts = np.stack([np.bincount(d, minlength=n_conditions) for d in drawn]).astype(float)
    named = [ModelFixed(str(i), m) for i, m in enumerate(models)]
    data = RDMs(rdms)
    one_subject = np.ones((1, n_subjects))
    taken = iter([])

    def sample(rdms, descriptor):
        places = next(taken)
        return rdms.subsample_pattern(descriptor, places), places

    monkeypatch.setattr(their_evaluation, "bootstrap_sample_pattern", sample)
    monkeypatch.setattr(their_evaluation.tqdm, "trange", range)

    def theirs():
        nonlocal taken
        taken = iter(drawn[:n_theirs])
        return eval_bootstrap_pattern(named, data, method=method, N=n_theirs)

    found, expected, mine, other = beside(
        lambda: resampled(models, rdms, np.arange(n_subjects), method, [one_subject], counts),
        theirs,
        repeats=(5, 2),
    )
    (found,) = found
    np.testing.assert_allclose(found.scores[:n_theirs], expected.evaluations, rtol=0, atol=1e-12)
    bounds = np.stack([found.lower, found.upper])[:, :n_theirs]
    np.testing.assert_allclose(bounds, expected.noise_ceiling, rtol=0, atol=1e-12)
    told(
        capsys,
        f"a draw of conditions, {method}",
        mine / n_draws,
        "rsatoolbox",
        other / n_theirs,
        25,
    )
