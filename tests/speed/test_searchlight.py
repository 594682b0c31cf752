"""Searchlights beside nilearn's and rsatoolbox's: one process, one thread, equal outputs."""

import contextlib
import io

import nibabel
import numpy as np
import pytest
from nilearn.decoding import SearchLight
from rsatoolbox.data import Dataset
from rsatoolbox.rdm import calc_rdm
from rsatoolbox.util.searchlight import get_searchlight_RDMs, get_volume_searchlight
from side_by_side import beside, told
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.naive_bayes import GaussianNB

from neurodecode.linalg.searchlight import volume_searchlight
from neurodecode.linalg.searchlight_decoding import decoding_scores
from neurodecode.linalg.searchlight_rdm import searchlight_rdms


@pytest.mark.parametrize(
    ("classifier", "peer", "promised"),
    [
        ("gnb", GaussianNB(), 200),
        ("ridge", RidgeClassifier(), 30),
        ("lda", LinearDiscriminantAnalysis("lsqr", shrinkage=0.5), 40),
    ],
)
def test_decoding_beside_nilearn(classifier, peer, promised, capsys):
    """1000 centres, up to 33 voxels, 60 trials, six runs left out one at a time."""
    rng = np.random.default_rng(0)
    shape = (10, 10, 10)
    runs, labels = np.repeat(np.arange(6), 10), np.arange(60) % 2
    data = rng.normal(size=(*shape, 60)) + 0.4 * rng.normal(size=shape)[..., None] * labels
    image = nibabel.Nifti1Image(data, np.diag([3.0, 3.0, 3.0, 1.0]))
    mask = nibabel.Nifti1Image(np.ones(shape, np.uint8), image.affine)

    def ours():
        light = volume_searchlight(np.ones(shape), 6.5, affine=image.affine, inclusive=True)
        return decoding_scores(data.reshape(-1, 60).T, labels, runs, light, classifier)

    def theirs():
        light = SearchLight(mask, radius=6.5, estimator=peer, cv=LeaveOneGroupOut(), n_jobs=1)
        return light.fit(image, labels, groups=runs).masked_scores_

    found, expected, mine, other = beside(ours, theirs, (3, 2))
    np.testing.assert_allclose(found, expected, atol=1e-12)  # but for the rounding of means
    what = f"{classifier}, 1000 centres, 33 voxels, 60 trials, 6 runs, accuracies equal"
    told(capsys, what, mine, "nilearn", other, promised)


def egg(shape):
    """An ellipsoid of voxels within a volume."""
    middle = (np.array(shape) - 1)[:, None, None, None] / 2
    return (((np.indices(shape) - middle) / (middle - 0.5)) ** 2).sum(axis=0) < 1


def silent(function, *arguments, **options):
    """Call what prints and draws bars."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return function(*arguments, **options)


SHAPES = pytest.mark.parametrize(
    ("radius", "n_conditions"), [(2, 20), (3, 40)], ids=["27 voxels", "93 voxels"]
)
PRECISIONS = pytest.mark.parametrize("dtype", [np.float64, np.float32])
MASK = egg((22, 22, 18))


# Of 93 voxels and 40 conditions in float64 a correlation matrix is bound by its product.
@PRECISIONS
@SHAPES
@pytest.mark.parametrize(("distance", "promised"), [("euclidean", 5), ("correlation", 20)])
def test_dissimilarities_beside_rsatoolbox(distance, promised, radius, n_conditions, dtype, capsys):
    M = np.random.default_rng(0).normal(size=(n_conditions, MASK.size)).astype(dtype)
    centres, neighbours = silent(get_volume_searchlight, MASK, radius, 1.0)
    light = volume_searchlight(MASK, radius, threshold=1.0, truncate=False)
    events = np.arange(n_conditions)

    def theirs():
        found = silent(get_searchlight_RDMs, M, centres, neighbours, events, method=distance)
        return found.dissimilarities

    found, expected, mine, other = beside(
        lambda: searchlight_rdms(M, light, distance), theirs, (5, 3)
    )
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    what = (
        f"{distance}, {len(light)} centres, {light.sizes[0]} voxels, {n_conditions} conditions, "
        f"{np.dtype(dtype)}"
    )
    told(capsys, what, mine, "rsatoolbox", other, promised)


@PRECISIONS
@SHAPES
def test_crossnobis_beside_a_loop_of_rsatoolbox(radius, n_conditions, dtype, capsys, promised=60):
    n_runs = 8
    M = np.random.default_rng(0).normal(size=(n_runs, n_conditions, MASK.size)).astype(dtype)
    light = volume_searchlight(MASK, radius, threshold=1.0, truncate=False)
    labels = {
        "condition": np.tile(np.arange(n_conditions), n_runs),
        "run": np.repeat(np.arange(n_runs), n_conditions),
    }
    some = range(0, len(light), 10)  # the loop takes a tenth of the centres
    rows = M.reshape(-1, MASK.size)

    def one(i):
        dataset = Dataset(rows[:, light.of(i)], obs_descriptors=labels)
        options = {"descriptor": "condition", "cv_descriptor": "run"}
        return calc_rdm(dataset, method="crossnobis", **options).dissimilarities[0]

    found, expected, mine, other = beside(
        lambda: searchlight_rdms(M, light, "crossnobis"),
        lambda: np.array([one(i) for i in some]),
        (5, 3),
    )
    np.testing.assert_allclose(found[some], expected, atol=1e-5)
    what = (
        f"crossnobis, {len(light)} centres, {light.sizes[0]} voxels, {n_conditions} conditions, "
        f"{n_runs} runs, {np.dtype(dtype)}"
    )
    told(capsys, what, mine, "rsatoolbox", other * len(light) / len(some), promised)
