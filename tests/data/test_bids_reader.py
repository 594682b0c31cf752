import json
import shutil
import sys
from pathlib import Path

import bids_trees as trees
import mne
import mne_bids
import numpy as np
import pytest

import neurodecode as nd
from neurodecode.core.errors import ConfigError, DataError, DataMissing, MissingDependency
from neurodecode.data.readers import find_recordings
from neurodecode.data.readers.bids import Options
from neurodecode.data.specs import Card, ChannelsSpec, EventsSpec, Variant

mne.set_log_level("ERROR")
ANY, SIDECAR = ChannelsSpec(), EventsSpec()
STEM = "sub-01/eeg/sub-01_task-hand_run-01_"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Private folder and BIDS tree of the same recordings, written once."""
    folder = tmp_path_factory.mktemp("both")
    private = trees.write_private(folder / "private")
    return private, trees.write_bids(private, folder / "bids")


@pytest.fixture
def tree(written, tmp_path):
    """A copy of the BIDS tree that a test may damage."""
    return Path(shutil.copytree(written[1], tmp_path / "tree"))


def find(root, modality="eeg", *, channels=ANY, events=SIDECAR, **options):
    card = Card("own", modality, reader=Variant("bids", Options(**options), channels, events))
    return find_recordings(card, "", root)


def test_recordings_are_found_by_name_without_opening_one(tree):
    for path in tree.rglob("*_eeg.eeg"):
        path.unlink()
    for path in tree.rglob("*_eeg.vhdr"):
        path.write_text("no header")
    found = find(tree)
    assert [one.id for one in found] == [
        f"sub-{s}_ses-1_run-{r}" for s in trees.SUBJECTS for r in trees.RUNS
    ]


def test_a_recording_is_read_with_its_sidecars(written):
    signal = find(written[1])[0].load()
    raw = mne.io.read_raw_brainvision(written[0] / "S01_run-01.vhdr")
    np.testing.assert_array_equal(signal.data, raw.get_data(picks=range(4)))
    assert signal.space.names == ("Fz", "C3", "C4", "Pz")  # HEOG is no EEG channel by channels.tsv
    assert signal.space.unit == "V" and signal.sfreq == 100.0 and signal.notes == ()
    # electrodes.tsv was written in head coordinates by way of CapTrak's, in 7 decimals or more.
    raw.set_montage("colin27_1005", on_missing="ignore")
    expected = [raw.info["chs"][i]["loc"][:3] for i in range(4)]
    np.testing.assert_allclose(signal.space.positions, expected, atol=1e-6)


def test_a_header_is_the_signal_without_its_data(written):
    one = find(written[1])[0]
    header, signal = one.header(), one.load()
    assert header.data is None and header.n_times == signal.n_times
    assert header.space == signal.space
    assert header.events.equals(signal.events)


def test_every_column_of_events_and_participants_reaches_the_table(tree):
    path = tree / f"{STEM}events.tsv"
    trees.change_table(path, lambda t: t.assign(response_time="0.4", run="7", age="early"))
    one = find(tree)[0]
    signal = one.load()
    assert set(signal.events) == {
        "onset", "duration", "label", "value", "sample", "response_time", "event_run", "age",
        "participant_age", "group",
    }  # fmt: skip
    assert set(signal.events["participant_age"]) == {"31"} and set(signal.events["age"]) == {
        "early"
    }
    assert set(signal.events["group"]) == {"patient"} and set(signal.events["event_run"]) == {"7"}
    assert signal.notes == (
        "column 'run' of events.tsv is called 'event_run'",
        "column 'age' of participants.tsv is called 'participant_age'",
    )


CARD = """
name: {name}
modality: eeg
reader: {reader}
tasks:
  hand:
    rows: {{label: {{"Stimulus/S  1": left, "Stimulus/S  2": right}}}}
    target: {{label: label, classes: [left, right]}}
    windows: {{tmin: 0.0, tmax: 1.5}}
"""
PRIVATE = '{files: {path: "S{subject}_run-{run}.vhdr"}}\nchannels: {types: {HEOG: eog}}'


def test_columns_reach_the_rows_of_trials(written, tmp_path):
    card = tmp_path / "own.yaml"
    card.write_text(CARD.format(name="own", reader="{bids: {task: hand}}"))
    rows = nd.load(str(card), data=written[1]).rows
    assert {"age", "group", "value", "sample"} <= set(rows.columns)
    assert set(rows["group"][rows["subject"] == "02"]) == {"control"}


def test_a_private_folder_and_bids_give_identical_scores(written, tmp_path):
    private, tree = written
    scores = {}
    for name, root, reader in (("own", private, PRIVATE), ("tree", tree, "{bids: {task: hand}}")):
        card = tmp_path / f"{name}.yaml"
        card.write_text(CARD.format(name=name, reader=reader))
        trials = nd.load(str(card), data=root, prepare=[{"filter": {"l_freq": 8, "h_freq": 14}}])
        results = nd.evaluate(
            trials, models=["linear.csp_lda", "riemann.mdm"], protocol="cross_run",
            metrics=["balanced_accuracy", "roc_auc"], n_draws=1, out=tmp_path / f"out_{name}",
            verbose=False,
        )  # fmt: skip
        scores[name] = results.table().drop(columns="experiment", errors="ignore"), trials.X
    np.testing.assert_array_equal(scores["own"][1], scores["tree"][1])
    assert scores["own"][0].equals(scores["tree"][0])
    models = scores["own"][0].query("role == 'model'")
    assert len(models) == 4 and models["mean"].between(0.7, 0.999).all()  # planted, and not all


def test_a_change_of_anothers_row_keeps_the_key(tree):
    key = find(tree)[0].key
    trees.write_participants(tree, [("sub-01", "31", "patient"), ("sub-02", "28", "control")])
    assert find(tree)[0].key == key
    assert find(tree)[2].key != key
    trees.write_participants(tree, [("sub-01", "32", "patient"), ("sub-02", "28", "control")])
    assert find(tree)[0].key != key


def test_bad_channels_are_left_out_and_told(tree):
    trees.change_table(
        tree / f"{STEM}channels.tsv",
        lambda t: t.assign(status=["good", "bad", "good", "good", "bad"]),
    )
    signal = find(tree)[0].load()
    assert signal.space.names == ("Fz", "C4", "Pz")
    assert signal.notes == ("1 of 4 channels left out, marked bad: C3",)


def test_the_card_names_bad_channels_and_what_becomes_of_them(tree):
    bads = {"sub-01_ses-1_run-01": ("C3",)}
    signal, other = (one.load() for one in find(tree, channels=ChannelsSpec(bads=bads))[:2])
    assert signal.space.names == ("Fz", "C4", "Pz") and len(other.space) == 4
    channels = ChannelsSpec(bads=("C3",), interpolate=True)
    signal = find(tree, channels=channels)[0].load()  # electrodes.tsv says where it is
    assert len(signal.space) == 4 and signal.rank == 3
    assert signal.notes == ("1 of 4 channels interpolated: C3",)
    keys = {find(tree, channels=one)[0].key for one in (channels, ANY, ChannelsSpec(bads=bads))}
    assert len(keys) == 3


def test_eye_channels_are_kept_beside_the_data_where_asked(tree):
    signal = find(tree, also=("eog",))[0].load()
    assert signal.space.names[-1] == "HEOG" and signal.space.types[-1] == "eog"
    with pytest.raises(ConfigError, match="also: 'stim' is not one of eog, ecg"):
        find(tree, also=("stim",))


def test_a_montage_stands_in_for_electrodes(tree):
    for path in tree.rglob("*_electrodes.tsv"):
        path.unlink()
    assert find(tree)[0].header().space.positions is None
    space = find(tree, montage="colin27_1005")[0].header().space
    assert space.positions is not None and (space.positions[1, 0] < 0 < space.positions[2, 0])


def test_sidecars_are_inherited_from_above(tree):
    for path in tree.rglob("*_channels.tsv"):
        path.replace(tree / "task-hand_channels.tsv")
    for path in tree.rglob("*_eeg.json"):
        said = json.loads(path.read_text())
        path.write_text(json.dumps({"TaskName": said["TaskName"]}))
    (tree / "eeg.json").write_text(json.dumps({"SamplingFrequency": 100}))
    one = find(tree)[0]
    assert {"task-hand_channels.tsv", "eeg.json"} <= {file.path.name for file in one.files}
    assert one.load().space.names == ("Fz", "C3", "C4", "Pz")


def test_the_card_selects_entities(tree):
    assert [one.id for one in find(tree, subjects=("02",), runs=("01",))] == ["sub-02_ses-1_run-01"]
    with pytest.raises(DataMissing, match=r"none of 4 recordings has the subjects.*without their"):
        find(tree, subjects=("sub-02",))
    with pytest.raises(DataMissing, match=r"no recording of task 'hands'.*Did you mean 'hand'"):
        find(tree, task="hands")
    trees.rename(tree.glob("sub-02/eeg/*run-02*"), "task-hand", "task-rest")
    with pytest.raises(DataError, match=r"several values of task: hand, rest. Say which.*task: ha"):
        find(tree)
    assert len(find(tree, task="hand")) == 3


def test_recordings_in_sessions_and_acquisitions(tree):
    session = tree / "sub-02/ses-b/eeg"
    trees.rename(tree.glob("sub-02/eeg/*"), "sub-02", "sub-02_ses-b", session)
    trees.rename(session.glob("*"), "hand_", "hand_acq-fast_")
    assert [one.id for one in find(tree, acquisition="fast")] == [
        "sub-02_ses-b_run-01",
        "sub-02_ses-b_run-02",
    ]
    with pytest.raises(
        DataError, match=r"several values of acquisition: none \(acq- left out\), f"
    ):
        find(tree)


def test_intracranial_electrodes_keep_their_coordinates(tmp_path):
    rng = np.random.default_rng(0)
    names = ["A1", "A2", "B1", "ECG"]
    info = mne.create_info(names, 200.0, ["seeg"] * 3 + ["ecg"])
    info["line_freq"] = 50
    raw = mne.io.RawArray(5e-5 * rng.standard_normal((4, 2000)), info)
    places = {name: np.array([0.03, 0.002 * i, 0.01]) for i, name in enumerate(names[:3])}
    montage = mne.channels.make_dig_montage(places, coord_frame="mni_tal")
    raw.set_montage(montage, on_missing="ignore")
    raw.set_annotations(mne.Annotations([1, 3], [0.5, 0.5], ["left", "right"]))
    place = mne_bids.BIDSPath(
        subject="01", session="a", task="hand", datatype="ieeg", root=tmp_path / "tree"
    )
    mne_bids.write_raw_bids(raw, place, format="BrainVision", allow_preload=True)
    signal = find(tmp_path / "tree", "ieeg")[0].load()
    assert signal.space.names == ("A1", "A2", "B1") and set(signal.space.types) == {"seeg"}
    np.testing.assert_allclose(signal.space.positions, list(places.values()), atol=1e-9)
    assert signal.notes == ("positions of 3 of 3 contacts are in the coordinates of fsaverage",)
    np.testing.assert_allclose(signal.data, raw.get_data(picks=range(3)), atol=1e-7)


def test_meg_of_fif_is_read(tmp_path):
    info = mne.create_info(["MEG 0111", "MEG 0121"], 200.0, "mag")
    info["line_freq"] = 50
    raw = mne.io.RawArray(1e-12 * np.random.default_rng(0).standard_normal((2, 2000)), info)
    raw.set_annotations(mne.Annotations([1, 3], [0.5, 0.5], ["left", "right"]))
    raw.save(tmp_path / "one_raw.fif")
    place = mne_bids.BIDSPath(subject="01", task="hand", datatype="meg", root=tmp_path / "tree")
    mne_bids.write_raw_bids(mne.io.read_raw_fif(tmp_path / "one_raw.fif"), place)
    signal = find(tmp_path / "tree", "meg")[0].load()
    assert signal.data.shape == (2, 2000) and signal.space.unit == "T" and signal.notes == ()
    assert signal.events["label"].tolist() == ["left", "right"]


@pytest.mark.parametrize(
    ("suffix", "sentence"),
    [
        ("channels.tsv", "channels.tsv: this sidecar of .*_eeg.vhdr is missing, so types, units"),
        ("events.tsv", "events.tsv: this sidecar of .*_eeg.vhdr is missing, so it has no events"),
        ("eeg.json", "eeg.json: this sidecar of .*_eeg.vhdr is missing, so its sampling freq"),
    ],
)
def test_a_missing_sidecar_is_one_recordings_error(tree, suffix, sentence):
    (tree / f"{STEM}{suffix}").unlink()
    found = find(tree)
    with pytest.raises(DataMissing, match=sentence):
        found[0].load()
    with pytest.raises(DataMissing, match=sentence):
        found[0].header()
    assert found[1].load().n_times == 4000


def test_a_recording_at_rest_needs_no_events(tree):
    trees.rename(tree.glob("sub-*/eeg/*task-hand*"), "task-hand", "task-rest")
    for path in tree.rglob("*_events.*"):
        path.unlink()
    assert list(find(tree)[0].load().events.columns) == [
        "onset", "duration", "label", "age", "group",
    ]  # fmt: skip


def test_a_run_without_events_says_so_and_leaves_the_others(tree):
    trees.change_table(tree / f"{STEM}events.tsv", lambda t: t[:0])
    signal = find(tree)[0].load()
    assert len(signal.events) == 0
    assert signal.notes == ("sub-01_task-hand_run-01_events.tsv holds no event",)
    card = tree / "own.yaml"
    card.write_text(CARD.format(name="own", reader="{bids: {}}"))
    rows = nd.load(str(card), data=tree).rows
    assert set(rows["recording"][rows["subject"] == "01"]) == {"sub-01_ses-1_run-02"}
    with pytest.raises(DataError, match="no trial is left of 0 events in sub-01_ses-1_run-01"):
        nd.load(str(card), data=tree, subjects=["01"], runs=["01"])


def test_units_that_contradict_the_header_are_told(tree):
    path = tree / f"{STEM}channels.tsv"
    trees.change_table(path, lambda t: t.assign(units="mV"))
    signal = find(tree)[0].load()  # µV by the header is plausible
    assert signal.notes == (
        "channels.tsv says mV for Fz, the header of the file uV (4 such channels); the header is "
        "followed",
    )
    header = tree / f"{STEM}eeg.vhdr"
    header.write_text(header.read_text().replace(",0.1,", ",0.00001,"))
    with pytest.raises(DataError, match=r"median s.d. of .* V within.*channels.tsv says mV for Fz"):
        find(tree)[0].load()


def test_events_of_another_run_are_refused(tree):
    trees.change_table(
        tree / f"{STEM}events.tsv", lambda t: t.assign(onset=[str(9 * k) for k in range(len(t))])
    )
    with pytest.raises(
        DataError, match=r"events.tsv: event 6 of 12 .* outside the recording of 40"
    ):
        find(tree)[0].header()


def test_participants_are_held_to_the_recordings(tree):
    trees.write_participants(tree, [("sub-02", "27", "control")])
    found = find(tree)
    with pytest.raises(DataError, match=r"participants.tsv: no row for sub-01.*for sub-02. Add"):
        found[0].load()
    assert set(found[2].load().events["age"]) == {"27"}
    trees.write_participants(tree, [("sub-01", "1", "a"), ("sub-02", "2", "b"), ("02", "3", "c")])
    with pytest.raises(DataError, match=r"participants.tsv: sub-02 has 2 rows. Keep one"):
        find(tree)
    (tree / "participants.tsv").write_text("name\tage\nsub-01\t3\n")
    with pytest.raises(DataError, match="no column 'participant_id'; there are: name, age"):
        find(tree)
    (tree / "participants.tsv").unlink()
    assert "age" not in find(tree)[0].load().events


def test_a_folder_without_description_is_no_data_set(tree):
    (tree / "dataset_description.json").unlink()
    with pytest.raises(DataMissing, match=r"dataset_description.json: it is missing.*reader files"):
        find(tree)
    (tree / "dataset_description.json").write_text("{")
    with pytest.raises(DataError, match=r"dataset_description.json: it is not JSON"):
        find(tree)


def test_a_run_that_is_there_twice_is_refused(tree):
    copy = tree / f"{STEM}eeg.vhdr".replace("_eeg", "_desc-copy_eeg")
    shutil.copy(tree / f"{STEM}eeg.vhdr", copy)
    with pytest.raises(DataError, match=r"are the same recording: subject 01, session 1, run 01"):
        find(tree)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("recording 1.vhdr", "recording 1.vhdr: its name is none of BIDS. Expected sub-LABEL"),
        ("sub-01_task-the-hand_eeg.vhdr", "its name is none of BIDS"),
        ("sub-01_run-03_eeg.vhdr", "its name has no task, which BIDS requires of eeg"),
        ("sub-02_task-hand_run-03_eeg.vhdr", "its name says sub-02, its folder sub-01"),
    ],
)
def test_a_name_that_is_none_of_bids_is_refused(tree, name, sentence):
    shutil.copy(tree / f"{STEM}eeg.vhdr", tree / "sub-01/eeg" / name)
    with pytest.raises(DataError, match=sentence):
        find(tree)


def test_channels_of_another_recording_are_refused(tree):
    path = tree / f"{STEM}channels.tsv"
    trees.change_table(path, lambda t: t.replace("Fz", "Fpz"))
    with pytest.raises(DataError, match=r"channels.tsv: 5 channels.*'Fpz' is not in the recording"):
        find(tree)[0].header()
    trees.change_table(path, lambda t: t.replace("Fpz", "Fz")[::-1])
    with pytest.raises(DataError, match=r"stand in another order.*from 'HEOG' on"):
        find(tree)[0].header()
    trees.change_table(path, lambda t: t[["name", "type"]])
    with pytest.raises(DataError, match=r"channels.tsv: no column units, which BIDS requires"):
        find(tree)[0].header()


def test_a_rate_that_the_file_does_not_have_is_refused(tree):
    path = tree / f"{STEM}eeg.json"
    said = json.loads(path.read_text())
    path.write_text(json.dumps(said | {"SamplingFrequency": 250}))
    with pytest.raises(DataError, match=r"sampled at 100 Hz, sub-01.*eeg.json says 250 Hz"):
        find(tree)[0].header()
    path.write_text(json.dumps(said | {"RecordingType": "epoched"}))
    with pytest.raises(DataError, match="RecordingType is 'epoched'"):
        find(tree)[0].header()


def test_a_missing_library_is_said_with_its_line(tree, monkeypatch):
    monkeypatch.setitem(sys.modules, "mne_bids", None)
    with pytest.raises(MissingDependency, match=r'mne_bids, .* "neurodecode\[bids\]"'):
        find(tree)


def test_events_without_a_label_or_a_time_are_refused(tree):
    path = tree / f"{STEM}events.tsv"
    trees.change_table(path, lambda t: t.drop(columns=["trial_type", "value"]))
    with pytest.raises(DataError, match=r"events.tsv: no column 'value' for label; there are: on"):
        find(tree)[0].header()
    trees.change_table(path, lambda t: t.assign(value="7"))
    assert set(find(tree)[0].header().events["label"]) == {"7"}
    trees.change_table(path, lambda t: t.assign(onset="n/a"))
    with pytest.raises(DataError, match=r"onset of event 1 is 'n/a', not a number of seconds"):
        find(tree)[0].header()


def test_what_the_card_cannot_mean_is_refused(tree):
    with pytest.raises(
        ConfigError, match="modality 'spikes'; the reader bids has eeg, meg, ieeg, f"
    ):
        find(tree, "spikes")
    with pytest.raises(ConfigError, match=r"channels.unit 'kV'"):
        find(tree, channels=ChannelsSpec(unit="kV"))
    with pytest.raises(ConfigError, match=r"events.from: the events of a BIDS data set stand in"):
        find(tree, events=EventsSpec("stim"))
