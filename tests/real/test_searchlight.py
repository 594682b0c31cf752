"""Searchlights on the slice of Haxby et al. 2001 that travels with the project."""

import nibabel
import numpy as np
import pytest
from nilearn.decoding import SearchLight
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.naive_bayes import GaussianNB

import neurodecode as nd


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    """Blocks of faces and houses: 12 runs, one of each, z-scored within the run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(tmp_path_factory.mktemp("cache")))
        return nd.load("haxby2001", "face_house")


@pytest.mark.filterwarnings("ignore:Use a custom estimator")
@pytest.mark.parametrize(
    ("method", "peer"),
    [
        ("gnb", GaussianNB()),
        ("ridge", RidgeClassifier()),
        ({"lda": {"shrinkage": 0.5}}, LinearDiscriminantAnalysis("lsqr", shrinkage=0.5)),
    ],
)
def test_accuracies_are_those_of_nilearn(trials, method, peer):
    maps = nd.searchlight(trials, method=method, radius=8, metric="accuracy", n_permutations=0)
    space = trials.signal().used()[0].space
    data = np.zeros((*space.shape, len(trials)))
    data[tuple(space.ijk.T)] = trials.X.T
    images = [np.zeros(space.shape, np.uint8) for _ in range(2)]
    images[0][tuple(space.ijk.T)] = 1
    images[1][tuple(space.ijk[::40].T)] = 1  # of 530 centres the peer takes its time
    light = SearchLight(
        *(nibabel.Nifti1Image(one, space.affine) for one in images),
        radius=8, estimator=peer, cv=LeaveOneGroupOut(), n_jobs=1,
    )  # fmt: skip
    light.fit(
        nibabel.Nifti1Image(data, space.affine), trials.rows["label"], groups=trials.rows["run"]
    )
    found = maps.image().get_fdata()[tuple(space.ijk[::40].T)]
    expected = light.scores_[tuple(space.ijk[::40].T)]
    np.testing.assert_allclose(found, expected, atol=1e-6)  # images are of float32
    assert np.ptp(expected) > 0.3


def test_faces_and_houses_are_told_in_both_hemispheres(trials):
    """Both ventral streams tell them without error; the README has 1.000 for all."""
    maps = nd.searchlight(trials, method={"lda": {"shrinkage": 0.5}}, radius=10, n_permutations=19)
    accuracy, x = maps.scores["balanced_accuracy"], maps.where.coordinates(maps.light)["x"]
    for side in (x < -15, x > 15):
        assert accuracy[side].max() >= 0.95
    best = accuracy.argmax()
    assert maps.p_max["balanced_accuracy"][best] == 1 / 20
    # What is told in a neighbourhood falls off towards the border of the slice.
    assert np.quantile(accuracy, 0.1) < 0.7
