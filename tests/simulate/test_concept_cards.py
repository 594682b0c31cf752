"""Cards of pictures of concepts: what the oracle finds, and what ridge finds of it."""

import numpy as np
import pytest

import neurodecode as nd
from neurodecode.data.cards import load_card
from neurodecode.metrics.retrieval import top_1, top_5, two_way

SCORES = {"top_1": top_1, "top_5": top_5, "two_way": two_way}
TASKS = {
    "simulated_eeg_pictures": "latent",
    "simulated_meg_pictures": "latent",
    "simulated_fmri_tokens": "tokens",
}


@pytest.fixture(autouse=True)
def no_recordings(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path))
    monkeypatch.setenv("NEURODECODE_DATA", "")


def found(card, preset):
    """Mean over people of what the mean of the oracle's answers scores."""
    trials = nd.load(card, TASKS[card], simulate=preset)
    tested = np.asarray(trials.rows["split"]) == "test"
    each = []
    for subject in dict.fromkeys(trials.rows["subject"]):
        mine = np.flatnonzero(tested & (np.asarray(trials.rows["subject"]) == subject))
        shown = np.asarray(trials.rows["stimulus"]).astype(str)[mine]
        truth, told = (
            np.stack([X[shown == one].mean(axis=0).ravel() for one in np.unique(shown)])
            for X in (trials.take(mine).array(name) for name in (TASKS[card], "oracle"))
        )
        each.append([score(truth, told) for score in SCORES.values()])
    return dict(zip(SCORES, np.mean(each, axis=0), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("card", TASKS)
def test_the_oracle_reaches_the_ceiling_of_the_card(card):
    declared = load_card(card).simulate.ceiling[TASKS[card]]
    # The card has three digits, and recordings of one seed are equal to the bit.
    assert found(card, "full") == pytest.approx(dict(declared), abs=0.0006)


@pytest.mark.parametrize("card", TASKS)
def test_small_presets_leave_much_to_be_found(card):
    assert found(card, "small")["two_way"] > 0.9


@pytest.mark.parametrize("card", TASKS)
def test_stimuli_are_shown_and_have_exemplars(card):
    stimuli = nd.stimuli(card, simulate="small")
    assert stimuli.show and {"concept", "split"} <= set(stimuli.table)
    of_tested = stimuli.table[stimuli.table["split"] != "train"]
    assert (of_tested.groupby("concept").size() == 5).all()
