"""Searchlights beside nilearn's and rsatoolbox's: one process, one thread, equal outputs."""

import time

import nibabel
import numpy as np
import pytest
from nilearn.decoding import SearchLight
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.naive_bayes import GaussianNB
from threadpoolctl import threadpool_limits

from neurodecode.linalg.searchlight import volume_searchlight
from neurodecode.linalg.searchlight_decoding import decoding_scores


@pytest.fixture(autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def fastest(function, repeats):
    """Give the shortest CPU time of some repeats, and what came out of the last."""
    took = []
    found = np.empty(0)
    for _ in range(repeats):
        started = time.process_time()
        found = function()
        took.append(time.process_time() - started)
    return min(took), found


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

    slow, expected = fastest(theirs, 2)
    quick, found = fastest(ours, 3)
    np.testing.assert_allclose(found, expected, atol=1e-12)  # but for the rounding of means
    with capsys.disabled():
        print(
            f"\n{classifier}, 1000 centres, 33 voxels, 60 trials, 6 runs: {quick:.3f} s, nilearn "
            f"{slow:.1f} s, ratio {slow / quick:.0f} (promised {promised}); accuracies equal"
        )
    assert slow / quick >= promised
