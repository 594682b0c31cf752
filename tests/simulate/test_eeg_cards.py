"""Simulated cards of EEG: the oracle holds to the ceiling, and every experiment runs on them."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score

from neurodecode.data.cards import load_card
from neurodecode.data.simulated import simulated_card

CARDS = ("eegbci", "n400_words", "p300_muse", "ssvep_exo")
# Oracles answer events: of tasks whose windows slide through rest too, there is no ceiling.
TASKS = [
    (name, one)
    for name in CARDS
    for one, task in load_card(name).tasks.items()
    if not (task.windows and task.windows.otherwise)
]
# How far people lie apart, as a standard deviation: each has sources, frequencies and a cap of
# their own. Measured over the 20 to 40 people of the seeds that the ceilings were measured with.
_PEOPLE = {"accuracy": 0.05, "balanced_accuracy": 0.05, "roc_auc": 0.035}


def _oracle(name, task_name, subjects=None):
    """Truth as codes, answers and people of a card's task, over all of its recordings."""
    card = load_card(name)
    task, generator = card.tasks[task_name], simulated_card(card, "full").variant().options
    runs = task.rows.get("run", generator.runs)
    generator = replace(
        generator, subjects=generator.subjects[:subjects],
        runs=tuple(run for run in generator.runs if run in runs),
    )  # fmt: skip
    called = dict(task.rows.get("label", {})) or {one: one for one in task.target.classes}
    labels = [next(raw for raw, name in called.items() if name == one)
              for one in task.target.classes]  # fmt: skip
    truth, answers = [], []
    for recording in generator.recordings():
        events = generator.signal(*recording).events
        events = events[events["label"].isin(labels)]
        truth += [labels.index(label) for label in events["label"]]
        answers.append(events[[f"oracle:label={label}" for label in labels]].to_numpy())
    return np.array(truth), np.concatenate(answers), len(generator.subjects)


def _scores(truth, answers):
    told = answers.argmax(axis=1)
    scores = {"accuracy": accuracy_score(truth, told),
              "balanced_accuracy": balanced_accuracy_score(truth, told)}  # fmt: skip
    if answers.shape[1] == 2:
        scores["roc_auc"] = roc_auc_score(truth, answers[:, 1] - answers[:, 0])
    return scores


def _hold(name, task, subjects=None):
    truth, answers, n_people = _oracle(name, task, subjects)
    ceiling = load_card(name).simulate.ceiling[task]
    found = _scores(truth, answers)
    assert ceiling and set(ceiling) <= set(found)
    # Of trials: the binomial variance, by the rarest class; for an area it is an upper bound.
    rarest = np.bincount(truth).min()
    n_trials = {"accuracy": len(truth), "balanced_accuracy": 2 * rarest, "roc_auc": rarest}
    for metric, level in ceiling.items():
        assert 0.75 < level < 1
        variance = level * (1 - level) / n_trials[metric] + _PEOPLE[metric] ** 2 / n_people
        assert abs(found[metric] - level) < 3 * np.sqrt(variance), metric


@pytest.mark.parametrize(("name", "task"), TASKS)
def test_the_oracle_holds_to_the_ceiling(name, task):
    _hold(name, task, subjects=2)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "task"), TASKS)
def test_the_oracle_holds_to_the_ceiling_over_all_people(name, task):
    _hold(name, task)


@pytest.mark.parametrize("name", CARDS)
def test_what_is_made_is_what_the_card_says_of_its_files(name):
    card = load_card(name)
    for preset in ("full", "small"):
        generator = simulated_card(card, preset).variant().options
        header = generator.header(*generator.recordings()[0])
        if card.channels.sfreq is not None:
            assert header.sfreq == card.channels.sfreq
        if preset == "full":
            whole = card.channels.n
            # Half of eegbci's 64, so that its experiments take no longer than they may.
            assert len(header.space) == (whole // 2 if name == "eegbci" else whole)
        assert header.space.unit == "V" and set(header.space.types) == {"eeg"}
        assert generator.modality == card.modality
