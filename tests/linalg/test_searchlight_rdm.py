import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg import searchlight_rdm
from neurodecode.linalg.rdm import correlation, cosine, euclidean, mahalanobis
from neurodecode.linalg.rdm_compare import compare
from neurodecode.linalg.rdm_crossnobis import crossnobis
from neurodecode.linalg.rdm_noise import noise_precision
from neurodecode.linalg.searchlight import volume_searchlight
from neurodecode.linalg.searchlight_rdm import searchlight_rdms, searchlight_similarity

RNG = np.random.default_rng(0)
MASK = RNG.random((5, 6, 4)) > 0.2
N_CONDITIONS, N_RUNS = 19, 4  # conditions are more than are summed at once
TRUNCATED = volume_searchlight(MASK, 2)
WHOLE = volume_searchlight(MASK, 2, truncate=False)
LIGHTS = pytest.mark.parametrize("light", [TRUNCATED, WHOLE], ids=["truncated", "whole"])


def patterns(light, *shape):
    """Noise around means that are far from zero, as volumes have them."""
    n = len(light.places)
    return RNG.normal(size=(*shape, N_CONDITIONS, n)) + 300 + 20 * RNG.normal(size=n)


def each(light, function):
    return np.array([function(light.of(i)) for i in range(len(light))])


@LIGHTS
def test_euclidean_distances_are_those_of_each_centre(light):
    M = patterns(light)
    expected = each(light, lambda at: euclidean(M[:, at]))
    np.testing.assert_allclose(searchlight_rdms(M, light, "euclidean"), expected, rtol=1e-10)
    rough = searchlight_rdms(M.astype(np.float32), light, "euclidean")
    assert rough.dtype == np.float32
    # float32 keeps seven digits of values around 300, which is 3e-5 of the noise.
    np.testing.assert_allclose(rough, expected, atol=2e-4)


@LIGHTS
def test_crossnobis_distances_are_those_of_each_centre(light):
    M, variance = patterns(light, N_RUNS), np.exp(RNG.normal(size=len(light.places)))
    expected = each(light, lambda at: crossnobis(M[:, :, at]))
    found = searchlight_rdms(M, light, "crossnobis")
    np.testing.assert_allclose(found, expected, atol=1e-10)
    assert (found < 0).any()
    M32 = (M - M.mean(axis=(0, 1))).astype(np.float32)
    np.testing.assert_allclose(searchlight_rdms(M32, light, "crossnobis"), expected, atol=1e-5)
    normalised = each(light, lambda at: crossnobis(M[:, :, at], 1 / variance[at]))
    found = searchlight_rdms(M, light, "crossnobis", variance=variance)
    np.testing.assert_allclose(found, normalised, atol=1e-10)


@LIGHTS
@pytest.mark.parametrize("distance", [correlation, cosine])
def test_angles_are_those_of_each_centre(light, distance):
    M = patterns(light)
    expected = each(light, lambda at: distance(M[:, at]))
    found = searchlight_rdms(M, light, distance.__name__)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("shrinkage", ["shrink_diag", "shrink_eye"])
def test_correlated_noise_is_estimated_around_each_centre(shrinkage):
    light = TRUNCATED
    M, residuals = patterns(light, N_RUNS), RNG.normal(size=(40, len(light.places)))

    def precision(at):
        return noise_precision(residuals[:, at], shrinkage, dof=30).precision

    noise = {"residuals": residuals, "shrinkage": shrinkage, "dof": 30}
    expected = each(light, lambda at: crossnobis(M[:, :, at], precision(at)))
    found = searchlight_rdms(M, light, "crossnobis", **noise)
    np.testing.assert_allclose(found, expected, atol=1e-10)
    expected = each(light, lambda at: mahalanobis(M[0][:, at], precision(at)))
    found = searchlight_rdms(M[0], light, "mahalanobis", **noise)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_a_condition_that_a_run_lacks():
    M = patterns(TRUNCATED, N_RUNS)
    M[1, 5] = np.nan
    expected = each(TRUNCATED, lambda at: crossnobis(M[:, :, at]))
    found = searchlight_rdms(M, TRUNCATED, "crossnobis")
    np.testing.assert_allclose(found, expected, atol=1e-10)
    assert np.isfinite(found).all()


def test_blocks_of_centres_change_nothing(monkeypatch, tmp_path):
    M = patterns(TRUNCATED, N_RUNS)
    whole = searchlight_rdms(M, TRUNCATED, "crossnobis")
    monkeypatch.setattr(searchlight_rdm, "_BLOCK", 2**16)  # a few centres
    out = np.lib.format.open_memmap(
        tmp_path / "rdms.npy", mode="w+", dtype=np.float32, shape=whole.shape
    )
    found = searchlight_rdms(M, TRUNCATED, "crossnobis", out=out)
    assert found is out
    np.testing.assert_allclose(out, whole, atol=1e-5)


def test_models_are_compared_without_keeping_dissimilarities():
    M = patterns(TRUNCATED)
    models = RNG.random((3, N_CONDITIONS * (N_CONDITIONS - 1) // 2))
    rdms = searchlight_rdms(M, TRUNCATED)
    for method in ("corr", "rho-a", "cosine_cov"):
        found = searchlight_similarity(M, TRUNCATED, models, method=method)
        np.testing.assert_allclose(found, compare(rdms, models, method), atol=1e-10)


def test_a_planted_geometry_is_found_where_it_is():
    """Conditions of two kinds differ in one corner; noise elsewhere is worth nothing on average."""
    light = volume_searchlight(np.ones((6, 6, 6)), 1.5)
    kind = np.arange(8) % 2
    M = RNG.normal(size=(6, 8, 216))
    corner = np.zeros((6, 6, 6), bool)
    corner[:3, :3, :3] = True
    M[:, :, corner.ravel()] += 1.5 * RNG.normal(size=(2, 27))[kind]
    model = (kind[:, None] != kind)[np.triu_indices(8, 1)].astype(float)
    found = searchlight_similarity(M, light, model, "crossnobis", method="corr")[:, 0]
    inside = np.zeros((6, 6, 6), bool)
    inside[:2, :2, :2] = True
    outside = np.zeros((6, 6, 6), bool)
    outside[4:, :, :] = outside[:, 4:, :] = outside[:, :, 4:] = True
    assert found[inside.ravel()].min() > 0.7
    assert abs(found[outside.ravel()].mean()) < 0.1


VARIANCE = np.ones(len(TRUNCATED.places))


@pytest.mark.parametrize(
    ("M", "distance", "noise", "error", "said"),
    [
        (patterns(TRUNCATED), "euclid", {}, ConfigError, "Did you mean 'euclidean'"),
        (patterns(TRUNCATED), "correlation", {"variance": VARIANCE}, ConfigError, "uses no noise"),
        (patterns(TRUNCATED), "mahalanobis", {}, ConfigError, "needs the variance"),
        (patterns(WHOLE), "euclidean", {}, DataError, "the searchlight 96 columns"),
        (patterns(TRUNCATED), "crossnobis", {}, DataError, "two runs"),
        (patterns(TRUNCATED, 2), "euclidean", {}, DataError, "Average over runs"),
        (patterns(TRUNCATED, 2), "crossnobis", {"variance": 0 * VARIANCE}, DataError, "column 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(M, distance, noise, error, said):
    with pytest.raises(error, match=said):
        searchlight_rdms(M, TRUNCATED, distance, **noise)
