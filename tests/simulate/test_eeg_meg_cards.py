"""Cards of simulated MEG, iEEG, pictures and envelopes: ceilings hold, experiments run."""

import numpy as np
import pytest

import neurodecode as nd
from neurodecode.data.cards import load_card
from neurodecode.metrics.regression import r
from neurodecode.metrics.retrieval import top_1, two_way
from neurodecode.metrics.series import r_over_time

LABELS = [
    ("mne_sample", "aud_vis"),
    ("mne_sample", "aud_left_right"),
    ("mne_sample", "vis_left_right"),
    ("mne_sample", "four_way"),
    ("simulated_meg", "face_house"),
    ("simulated_ieeg", "face_house"),
]


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory):
    """Tasks of one card share what was made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def ceiling(card, task):
    return load_card(card).simulate.ceiling[task]


def loaded(card, task):
    return nd.load(card, task, simulate="full")


@pytest.mark.parametrize(("card", "task"), LABELS)
def test_the_oracle_reaches_what_the_card_says(card, task):
    """Ceilings were measured on the same people, over six to twenty times as many runs."""
    trials = loaded(card, task)
    said = np.argmax(trials.array("oracle"), axis=1)
    classes = np.array(load_card(card).tasks[task].target.classes)
    right = np.mean(classes[said] == np.asarray(trials.rows["label"]))
    declared = ceiling(card, task)
    expected = declared.get("balanced_accuracy", declared.get("accuracy"))
    error = np.sqrt(expected * (1 - expected) / len(trials))
    assert abs(right - expected) < 4 * error


def test_the_oracle_of_pictures_reaches_what_the_card_says():
    trials = loaded("simulated_images", "latent")
    tested = np.asarray(trials.rows["split"]) == "test"
    rows = trials.rows.table[tested]
    scores = []
    for subject in ("01", "02"):
        mine = (rows["subject"] == subject).to_numpy()
        names = rows["stimulus"].astype(str).to_numpy()[mine]
        truth, told = (
            np.stack([X[tested][mine][names == one].mean(axis=0) for one in np.unique(names)])
            for X in (trials.array("latent"), trials.array("oracle"))
        )
        scores.append([two_way(truth, told), top_1(truth, told), r(truth, told)])
    two_ways, firsts, correlation = np.mean(scores, axis=0)
    declared = ceiling("simulated_images", "latent")
    assert abs(firsts - declared["top_1"]) < 4 * np.sqrt(0.931 * 0.069 / 80)
    assert abs(correlation - declared["r"]) < 4 * 0.002  # s.d. of six pairs of runs
    assert abs(two_ways - declared["two_way"]) < 4 * 0.001


def test_the_oracle_of_envelopes_reaches_what_the_card_says():
    trials = loaded("simulated_envelope", "envelope")
    told, truth = trials.array("oracle"), trials.array("envelope")
    score = r_over_time(truth[:, None] if truth.ndim == 2 else truth,
                        told[:, None] if told.ndim == 2 else told)  # fmt: skip
    # S.d. of six times as many runs.
    assert abs(score - ceiling("simulated_envelope", "envelope")["r_over_time"]) < 4 * 0.008
