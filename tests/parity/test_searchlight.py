"""Searchlights beside rsatoolbox and nilearn: the same neighbourhoods, the same values."""

import contextlib
import io

import nibabel
import numpy as np
import pytest
from nilearn.decoding import SearchLight
from nilearn.maskers.nifti_spheres_masker import apply_mask_and_get_affinity
from rsatoolbox.util.searchlight import get_volume_searchlight
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.naive_bayes import GaussianNB

from neurodecode.linalg.searchlight import volume_searchlight
from neurodecode.linalg.searchlight_decoding import decoding_scores

RNG = np.random.default_rng(0)
MASK = RNG.random((8, 9, 7)) > 0.2
MASK[2:6, 2:7, 2:5] = True


def peers(mask, radius, threshold, *, truncate):
    """rsatoolbox's centres and neighbours; it prints and draws bars."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return get_volume_searchlight(mask, radius, threshold, truncate)


# rsatoolbox 0.3.2 takes the share in the mask after cutting balls by the mask, where it is 1: with
# `truncate_at_boundary` its threshold does nothing, and ours is compared without one.
@pytest.mark.parametrize(
    ("radius", "threshold", "truncate"),
    [(2, 1.0, False), (3, 0.6, False), (2.5, 0.85, False), (3, 0.0, True)],
)
def test_neighbours_are_those_of_rsatoolbox(radius, threshold, truncate):
    centres, neighbours = peers(MASK, radius, threshold, truncate=truncate)
    light = volume_searchlight(MASK, radius, threshold=threshold, truncate=truncate)
    np.testing.assert_array_equal(light.centres, centres)
    for i, near in enumerate(neighbours):
        np.testing.assert_array_equal(light.places[light.of(i)], np.sort(near))


@pytest.mark.parametrize("size", [(3.1, 3.1, 3.1), (2.0, 3.0, 4.0)])
def test_neighbours_are_those_of_nilearn(size):
    affine = np.diag([*size, 1.0])
    affine[:3, 3] = 11.5, -30.2, 7.7
    image = nibabel.Nifti1Image(RNG.normal(size=(*MASK.shape, 2)), affine)
    mask = nibabel.Nifti1Image(MASK.astype(np.uint8), affine)
    seeds = np.argwhere(MASK) @ affine[:3, :3].T + affine[:3, 3]
    # At a radius between two shells of voxels: on one, nilearn's rounding decides.
    _, near = apply_mask_and_get_affinity(seeds, image, 6.5, True, mask_img=mask)
    light = volume_searchlight(MASK, 6.5, affine=affine, inclusive=True)
    assert len(light) == near.shape[0]
    for i, row in enumerate(near.rows):
        assert light.of(i).tolist() == sorted(row)


@pytest.mark.filterwarnings("ignore:Use a custom estimator")
@pytest.mark.parametrize(
    ("classifier", "peer"),
    [
        ("gnb", GaussianNB()),
        ("ridge", RidgeClassifier()),
        ("lda", LinearDiscriminantAnalysis("lsqr", shrinkage=0.5)),
    ],
)
def test_accuracies_are_those_of_nilearn(classifier, peer):
    mask, centres = MASK[2:6, 2:6, 2:5], MASK[2:6, 2:6, 2:5].copy()
    centres[::2] = False
    affine = np.diag([3.1, 3.1, 4.0, 1.0])
    labels, runs = np.arange(24) % 3, np.repeat(np.arange(3), 8)
    data = RNG.normal(size=(*mask.shape, 24)) + 0.5 * RNG.normal(size=(*mask.shape, 3))[..., labels]
    as_image = [nibabel.Nifti1Image(one.astype(np.uint8), affine) for one in (mask, centres)]
    light = SearchLight(*as_image, radius=5.0, estimator=peer, cv=LeaveOneGroupOut(), n_jobs=1).fit(
        nibabel.Nifti1Image(data, affine), labels, groups=runs
    )
    ours = volume_searchlight(mask, 5.0, affine=affine, inclusive=True, centres=centres)
    found = decoding_scores(data[mask].T, labels, runs, ours, classifier)
    np.testing.assert_array_equal(ours.centres, np.flatnonzero(centres))
    np.testing.assert_allclose(found, light.masked_scores_, atol=1e-12)
    assert np.ptp(found) > 0.2
