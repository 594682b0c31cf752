"""Trials of the shipped EEG and MEG cards are those of the plain recipe, to the last bit.

Counts stand in the README of the data; the recipes are its own, in plain mne and pandas.
"""

import os
from pathlib import Path

import mne
import numpy as np
import pandas as pd
import pytest

from neurodecode.data.cards import load_card
from neurodecode.data.cut import cut
from neurodecode.data.prepared import prepare
from neurodecode.data.readers import find_recordings
from neurodecode.harness.experiment import find_experiment, read_experiment
from neurodecode.harness.opening import open_study
from neurodecode.harness.plan import make_plan
from neurodecode.signal.filters import Filter

SAMPLES = Path(__file__).parents[2] / "datasets" / "samples"


def folder(name: str, file: str) -> Path:
    """Folder of a set that holds a file, or skip."""
    roots = os.environ.get("NEURODECODE_DATA", "").split(os.pathsep)
    for root in [*(Path(one) for one in roots if one), SAMPLES]:
        if (root / name / file).exists():
            return root / name
    pytest.skip(f"{name}/{file} is neither in NEURODECODE_DATA nor in datasets/samples")


def trials_of(name, root, task, cache, preparations=(), windows=None, **selected):
    card = load_card(name)
    made = prepare(find_recordings(card, "", root, **selected), list(preparations), cache)
    asked = card.tasks[task]
    return cut(made, asked, windows or asked.windows), made


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


SSVEP = "record-2014.03.10-19.47.49"


def test_ssvep_exo_equals_plain_mne(cache):
    root = folder("ssvep_exo", f"subject12/{SSVEP}_raw.fif")
    raw = mne.io.read_raw_fif(root / f"subject12/{SSVEP}_raw.fif", preload=True, verbose="error")
    events = mne.read_events(root / f"subject12/{SSVEP}-eve.fif")
    raw.apply_function(lambda values: values * 1e-3)  # the card reads what is stored as mV
    raw.filter(12.5, 13.5, method="iir", verbose="error")
    codes = {"rest": 1, "13Hz": 2, "21Hz": 3, "17Hz": 4}
    epochs = mne.Epochs(raw, events, codes, 2, 5, baseline=None, preload=True, verbose="error")
    session = SSVEP.removeprefix("record-")
    made, _ = trials_of("ssvep_exo", root, "four_way", cache,
                        [Filter(12.5, 13.5, method="iir")], sessions=[session])  # fmt: skip
    np.testing.assert_array_equal(made.trials.X, epochs.get_data())
    assert made.trials.X.shape == (32, 8, 769)
    names = {code: name for name, code in codes.items()}
    assert made.trials.rows["label"].tolist() == [names[c] for c in epochs.events[:, 2]]
    assert len(trials_of("ssvep_exo", root, "three_way", cache, sessions=[session])[0].trials) == 24


def test_ssvep_exo_holds_one_recording_twice(cache):
    root = folder("ssvep_exo", "subject07/record-2012.07.11-15.33.08_raw.fif")
    made, prepared = trials_of(
        "ssvep_exo", root, "four_way", cache, sessions=["2012.07.11-15.33.08"]
    )
    assert [one.recording.subject for one in prepared] == ["03", "07"]
    assert prepared[0].content == prepared[1].content
    assert len({file.sha256 for one in prepared for file in one.recording.files[:1]}) == 2
    assert len(made.trials) == 64


MUSE = "data_2017-02-09-17.13.56"


def test_p300_muse_equals_plain_mne(cache):
    root = folder("p300_muse", f"subject1/session2/{MUSE}.csv.gz")
    table = pd.read_csv(root / f"subject1/session2/{MUSE}.csv.gz")
    names = ["TP9", "AF7", "AF8", "TP10"]
    raw = mne.io.RawArray(
        table[names].to_numpy().T * 1e-6, mne.create_info(names, 256.0, "eeg"), verbose="error"
    )
    raw.filter(1, 20, method="iir", verbose="error")
    at = np.flatnonzero(table["Marker"])
    events = np.column_stack([at, np.zeros_like(at), table["Marker"].iloc[at]])
    epochs = mne.Epochs(raw, events, {"nontarget": 1, "target": 2}, -0.1, 0.8, baseline=None,
                        reject={"eeg": 100e-6}, preload=True, verbose="error")  # fmt: skip
    run = MUSE.removeprefix("data_")
    step = Filter(1, 20, method="iir")
    made, prepared = trials_of("p300_muse", root, "oddball", cache, [step], runs=[run])
    np.testing.assert_array_equal(made.trials.X, epochs.get_data())
    assert made.trials.X.shape[2] == 232
    assert (made.trials.rows["label"] == "target").tolist() == (epochs.events[:, 2] == 2).tolist()
    assert np.isfinite(prepared[0].signal.space.positions).all()


@pytest.mark.parametrize(("session", "n_trials", "n_targets"), [("1", 1143, 184), ("2", 947, 138)])
def test_p300_muse_keeps_as_many_trials_as_published(session, n_trials, n_targets, cache):
    root = folder("p300_muse", f"subject1/session{session}")
    card = load_card("p300_muse")
    assert [one.plain() for one in card.tasks["oddball"].prepare] == [
        {"filter": {"l_freq": 1, "h_freq": 20, "method": "iir"}}
    ]
    step = Filter(1, 20, method="iir")
    made, _ = trials_of("p300_muse", root, "oddball", cache, [step], sessions=[session])
    labels = made.trials.rows["label"]
    assert (len(labels), int((labels == "target").sum())) == (n_trials, n_targets)
    # Windows of one run overlap, since stimuli follow each other after 0.5 to 0.7 s.
    rows = made.trials.rows.table
    one = rows[rows["run"] == rows["run"].iloc[0]]
    assert (one["start"].to_numpy()[1:] < one["stop"].to_numpy()[:-1]).mean() > 0.9


@pytest.mark.parametrize(
    ("task", "n_trials", "codes"),
    [
        ("aud_vis", 180, {1: "auditory", 2: "auditory", 3: "visual", 4: "visual"}),
        ("aud_left_right", 86, {1: "left", 2: "right"}),
        ("vis_left_right", 94, {3: "left", 4: "right"}),
        ("four_way", 180, {1: "auditory/left", 2: "auditory/right", 3: "visual/left",
                           4: "visual/right"}),
    ],
)  # fmt: skip
def test_mne_sample_equals_plain_mne(task, n_trials, codes, cache):
    file = "sample_audvis_grad_first180-epo.fif.gz"
    root = folder("mne_sample", file)
    epochs = mne.read_epochs(root / file, verbose="error")
    epochs = epochs[np.isin(epochs.events[:, 2], list(codes))]
    made, prepared = trials_of("mne_sample", root, task, cache)
    # README: 0.05 to 0.5 s are 28 samples.
    expected = epochs.copy().crop(0.05, 0.5).get_data()
    np.testing.assert_array_equal(made.trials.X, expected)
    assert expected.shape == (n_trials, 203, 28)
    assert made.trials.rows["label"].tolist() == [codes[c] for c in epochs.events[:, 2]]
    assert np.isnan(made.trials.rows["onset"]).all()
    space = prepared[0].signal.space
    assert space.unit == "T/m" and set(space.types) == {"grad"} and space.normals is not None


def test_n400_words_equals_plain_mne(cache):
    root = folder("n400_words", "subject04-epo.fif")
    epochs = mne.read_epochs(root / "subject04-epo.fif", verbose="error")
    made, _ = trials_of("n400_words", root, "related", cache)
    np.testing.assert_array_equal(made.trials.X, epochs.copy().crop(0.0, 0.98).get_data())
    assert made.trials.X.shape == (200, 32, 50)
    rows = made.trials.rows
    assert np.isnan(rows["onset"]).all()  # at 50 Hz the events would lie 12.8 s apart
    assert (rows["label"] == "related").tolist() == (epochs.events[:, 2] == 6).tolist()
    # What tells the label rides along under names that are no label's.
    assert (rows["code"] == epochs.metadata["label"].to_numpy()).all()
    assert {"cue", "association", "FAS", "button", "reaction-time"} <= set(rows.columns)


def test_cards_say_what_is_owed(pytestconfig):
    for name in ("ssvep_exo", "p300_muse", "mne_sample", "n400_words"):
        card = load_card(name)
        assert card.licence["name"] and card.licence["class"] == "open"
        assert card.citation and card.files.url and card.traps and card.title


def test_a_session_under_a_second_subject_is_named_though_its_bytes_differ(cache, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(cache))
    root = folder("ssvep_exo", "subject07/record-2012.07.11-15.33.08_raw.fif")
    resolved = read_experiment(
        find_experiment("ssvep_exo_four_way"),
        ["data.subjects=['03', '07']", "protocol={cross_subject: {}}"],
    )
    study = open_study(resolved, root.parent, compute=True)
    copied = {"sub-03_ses-2012.07.11-15.33.08_run-1", "sub-07_ses-2012.07.11-15.33.08_run-1"}
    assert [set(ids) for ids in study.copies] == [copied]
    assert any("the same sample for sample" in note for note in study.notes)
    assert all("copied_recording" in one.flags for one in make_plan(study).folds)
    files = study.sources["files"]
    assert len({files[name] for name in files if "15.33.08_raw" in name}) == 2
