"""Dissimilarities of 92 pictures in human and monkey IT (Kriegeskorte 2008), and of Cichy et al.

The numbers are those of the data's README, made there with scipy, to the three or four digits that
it gives. Statistics of 92 conditions are looked at beside them.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from neurodecode.linalg.rdm_bootstrap import bootstrap
from neurodecode.linalg.rdm_ceilings import ceilings
from neurodecode.linalg.rdm_compare import compare
from neurodecode.linalg.rdm_inference import t_tests, variances
from neurodecode.linalg.rdm_pairs import squares, vectors
from neurodecode.linalg.rdm_permutation import permutation_test

pytestmark = pytest.mark.filterwarnings("ignore:.*rewards ties")
METHODS = ("spearman", "corr", "tau-a", "tau-b", "cosine")


@pytest.fixture(scope="module")
def folder():
    roots = os.environ.get("NEURODECODE_DATA", "").split(os.pathsep)
    for place in (Path(one) / "images92" for one in roots if one):
        if place.is_dir():
            return place
    pytest.skip("images92 is not in NEURODECODE_DATA")


@pytest.fixture(scope="module")
def rdms(folder):
    """Give each set as vectors, (n_rdms, 4186)."""

    def cells(name, field):
        found = loadmat(folder / f"{name}.mat")[field]
        return vectors(np.stack([np.asarray(one, dtype=float) for one in found["RDM"].ravel()]))

    brains = cells("92_brainRDMs", "RDMs").reshape(4, 2, -1)
    models = loadmat(folder / "92_modelRDMs.mat")["Models"].ravel()
    named = {str(m["name"][0]): vectors(np.asarray(m["RDM"], dtype=float))[None] for m in models}
    with np.load(folder / "algonauts92_fmri.npz") as cichy:
        others = {key: cichy[f"{key}_RDMs"].astype(float) for key in ("IT", "EVC")}
    return {
        "sessions": brains,
        "people": brains.mean(1),
        "human": brains.mean((0, 1))[None],
        "behaviour": cells("92_behavRDMs", "rdms_behav_92").mean(0)[None],
        "cichy": others["IT"],
        "cichy evc": others["EVC"],
        **named,
    }


def test_the_order_of_pairs_is_that_of_the_papers_own_vector(folder, rdms):
    found = loadmat(folder / "Kriegeskorte_Neuron2008_supplementalData.mat")
    papers = found["RDMs_mIT_hIT_fig1"].ravel()[1]["RDM"].astype(float)
    assert compare(rdms["human"], papers, "corr")[0, 0] == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(vectors(squares(papers)), papers)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("human", "monkeyIT", (0.4389, 0.4912, 0.3040, 0.3040, 0.9950)),
        ("human", "animacy", (0.5882, 0.5766, 0.3397, 0.4803, 0.7499)),
        ("human", "FaceBodyManmadeNatobj", (0.4053, 0.4177, 0.2006, 0.3310, 0.8874)),
        ("human", "behaviour", (0.3924, 0.4675, 0.2624, 0.2624, 0.9767)),
        ("monkeyIT", "behaviour", (0.3944, 0.5121, 0.2666, 0.2666, 0.9772)),
    ],
)
def test_pairs_of_matrices_compare_as_published(one, other, expected, rdms):
    found = [compare(rdms[one], rdms[other], method)[0, 0] for method in METHODS]
    np.testing.assert_allclose(found, expected, rtol=0, atol=6e-5)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("EVA", (0.354, 0.374, 0.241, 0.241, 0.994)),
        ("HMAX", (0.222, 0.217, 0.149, 0.149, 0.962)),
        ("V1", (0.039, 0.042, 0.026, 0.026, 0.961)),
        ("Silhouette", (0.125, 0.162, 0.084, 0.084, 0.956)),
        ("RADON", (0.061, 0.055, 0.041, 0.041, 0.803)),
    ],
)
def test_models_compare_as_published(model, expected, rdms):
    found = [compare(rdms["human"], rdms[model], method)[0, 0] for method in METHODS]
    np.testing.assert_allclose(found, expected, rtol=0, atol=6e-4)


def test_plain_cosines_of_distances_say_nothing_and_whitened_ones_do(rdms):
    models = np.concatenate([rdms[name] for name in ("monkeyIT", "EVA", "HMAX", "V1")])
    plain = compare(rdms["human"], models, "cosine")[0]
    assert plain.min() > 0.95 and np.ptp(plain) < 0.04
    assert np.ptp(compare(rdms["human"], models, "corr_cov")[0]) > 0.2


def test_noise_ceilings_are_as_published(rdms):
    """There of plain means of matrices. Means of ranks, ours, score higher with all."""
    for name, bounds in (
        ("people", (0.379, 0.661)),
        ("cichy", (0.449, 0.535)),
        ("cichy evc", (0.239, 0.386)),
    ):
        each, n = rdms[name], len(rdms[name])
        others = (each.sum(0) - each) / (n - 1)
        lower = np.diag(compare(others, each, "spearman")).mean()
        upper = compare(each.mean(0)[None], each, "spearman").mean()
        assert (lower, upper) == pytest.approx(bounds, abs=6e-4)
        found = ceilings(each, "spearman")
        assert found.lower == pytest.approx(lower, abs=0.01)
        assert upper < found.upper < upper + 0.01


def test_sessions_of_a_person_agree_as_published(rdms):
    found = [compare(*person[:, None], "spearman")[0, 0] for person in rdms["sessions"]]
    np.testing.assert_allclose(found, [0.28, 0.10, 0.38, 0.12], atol=6e-3)
    # A person's other session in the pool of others would raise the lower bound.
    every = rdms["sessions"].reshape(8, -1)
    people = np.repeat(np.arange(4), 2)
    assert ceilings(every, "spearman", subjects=people).lower < ceilings(every, "spearman").lower


def test_exchanged_pictures_are_as_unrelated_as_published(rdms):
    found = permutation_test(rdms["monkeyIT"], rdms["human"], "spearman", n_permutations=1000)
    assert abs(found.drawn.mean()) < 0.003
    assert found.drawn.std() == pytest.approx(0.016, abs=0.0015)
    assert found.drawn.max() == pytest.approx(0.058, abs=0.015)
    assert found.p[0, 0] == 1 / 1001


def test_monkeys_tell_people_more_than_early_vision_does(rdms):
    """Over people and over pictures: 15 people of Cichy et al."""
    models = np.concatenate([rdms[name] for name in ("monkeyIT", "V1")])
    found = bootstrap(models, rdms["cichy"], "corr", n_draws=500)
    assert found.both is not None and found.subjects is not None
    tests = t_tests(found)
    assert tests.above_zero[0] < 1e-3 and tests.differences[0, 1] < 0.01
    assert variances(found).dof == 14
    # Pictures vary more than people do: those alone would be too sure.
    assert variances(found).models[0] > 2 * np.var(found.subjects.scores[:, 0])
