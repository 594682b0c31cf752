from pathlib import Path

import pytest

from neurodecode.core.config import Call
from neurodecode.core.errors import ConfigError, DataMissing
from neurodecode.data.cards import load_card
from neurodecode.data.roots import find_root
from neurodecode.data.tasks import TargetSpec, WindowsSpec

# The two examples of the design's chapter on cards, as they stand there.
EEGBCI = """
name: eegbci
title: EEG motor movement and imagery (PhysioNet)
modality: eeg
licence: {name: ODC-By-1.0, class: open}
citation: "Schalk et al. 2004, doi 10.1109/TBME.2004.827072; Goldberger et al. 2000"
access: open
files: {manifest: SHA256SUMS}
reader: {files: {path: "S{subject}R{run}.edf", session: "1", standardize: true}}
channels: {n: 64, unit: V, sfreq: 160}
events: {from: annotations}
tasks:
  left_right: {rows: {run: ["04", "08", "12"], label: {T1: left, T2: right}}, target: {label: label, classes: [left, right]}, windows: {tmin: 0.5, tmax: 2.5}}
  idle: {rows: {run: ["04", "08", "12"], label: {T1: left, T2: right}}, windows: {length: 2.0, hop: 0.5, label_rule: last_sample, otherwise: idle}, target: {label: label, classes: [idle, left, right]}}
traps: ["labels alternate: baseline.history .75", "T1 and T2 mean other things in other runs"]
"""  # noqa: E501
HAXBY = """
name: haxby2001
modality: fmri
variants:
  slice: {reader: {nifti: {bold: slice_bold.nii.gz, mask: slice_mask.nii.gz, volumes: attributes.txt, recordings_by: run, t_r: 2.5, subject: "01", session: "1"}}}
  vt: {reader: {nifti: {bold: vt_task_bold.nii.gz, mask: vt_mask.nii.gz, volumes: vt_task_volumes.tsv, recordings_by: run, t_r: 2.5, subject: "01", session: "1"}}}
tasks:
  eight_way: {target: {label: label, classes: [bottle, cat, chair, face, house, scissors, scrambledpix, shoe]}, block: block, prepare: [{zscore: {axis: time}}, {block_mean: {by: block}}], protocol: {cross_run: {}}}
"""  # noqa: E501


@pytest.fixture
def card(tmp_path):
    def load(text: str):
        path = tmp_path / "card.yaml"
        path.write_text(text)
        return load_card(path)

    return load


def test_the_eeg_example_of_the_design_loads(card):
    eegbci = card(EEGBCI)
    task = eegbci.tasks["left_right"]
    assert task.runs == ("04", "08", "12")
    assert task.rows["label"] == {"T1": "left", "T2": "right"}
    assert task.windows == WindowsSpec(tmin=0.5, tmax=2.5)
    assert eegbci.tasks["idle"].windows.otherwise == "idle"
    assert eegbci.variant().options.path == "S{subject}R{run}.edf"
    assert eegbci.variant().channels.n == 64
    assert eegbci.licence["class"] == "open"


def test_the_fmri_example_of_the_design_loads(card):
    haxby = card(HAXBY)
    assert haxby.variant("vt").options.mask == "vt_mask.nii.gz"
    assert haxby.variant() == haxby.variant("slice")
    task = haxby.tasks["eight_way"]
    assert task.prepare == (Call("zscore", {"axis": "time"}), Call("block_mean", {"by": "block"}))
    assert task.protocol == Call("cross_run") and task.runs is None


@pytest.mark.parametrize("name", ["eegbci", "haxby2001"])
def test_shipped_cards_load_by_name(name):
    shipped = load_card(name)
    assert shipped.name == name
    assert shipped.licence["name"] and shipped.citation and shipped.files.url
    assert any(task.target is not None for task in shipped.tasks.values())  # encoders need none


def test_all_problems_of_a_card_are_said_at_once_with_their_lines(card):
    with pytest.raises(ConfigError) as caught:
        card(
            "name: x\nmodality: eeg\nreader: {files: {pth: 'a.edf'}}\ntask: {}\n"
            "tasks:\n  a: {windows: {tmin: 1, tmax: 0}, target: {classes: [a, b]}}\n"
            "channels: {n: many}\nevents: {from: notes}\n"
        )
    said = "\n".join(caught.value.problems)
    assert "card.yaml:3: reader.files.pth: unknown key. Did you mean 'path'?" in said
    assert "card.yaml:4: task: unknown key. Did you mean 'tasks'?" in said
    assert "card.yaml:6: tasks.a.windows: tmax (0 s) is before tmin (1 s)" in said
    assert "card.yaml:6: tasks.a.target: expected one of label" in said
    assert "card.yaml:7: channels.n: expected a whole number, got 'many'" in said
    assert "card.yaml:8: events.from: expected one of annotations, stim, file" in said


def test_a_reader_that_is_not_there_is_named_with_the_nearest(card):
    with pytest.raises(ConfigError, match=r"no reader is called 'nifty'. Did you mean 'nifti'\?"):
        card("name: x\nmodality: fmri\nreader: {nifty: {bold: b.nii}}\n")


def test_a_card_needs_a_reader_or_variants(card):
    with pytest.raises(ConfigError, match="expected a reader, or variants"):
        card("name: x\nmodality: eeg\n")


def test_an_unknown_card_is_named_with_the_nearest():
    with pytest.raises(ConfigError, match=r"no card 'eegbcy'. Did you mean 'eegbci'"):
        load_card("eegbcy")


def test_a_card_file_that_is_not_there_is_sought_where_the_command_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=f"no card file own.yaml in {tmp_path}, where"):
        load_card("own.yaml")


def test_an_unknown_variant_is_named_with_the_nearest():
    with pytest.raises(ConfigError, match=r"no variant 'slices'. Did you mean 'slice'"):
        load_card("haxby2001").variant("slices")


def test_windows_are_around_events_or_sliding_never_both():
    with pytest.raises(ConfigError, match="tmin and tmax"):
        WindowsSpec(tmin=0.0, tmax=1.0, length=1.0, hop=0.5)
    with pytest.raises(ConfigError, match="reject: eeg"):
        WindowsSpec(tmin=0.0, tmax=1.0, reject={"eeg": -1e-4})


def test_a_target_of_labels_needs_different_classes():
    with pytest.raises(ConfigError, match="two or more different names"):
        TargetSpec(label="label", classes=("left", "left"))


def _place(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "S001R04.edf").touch()
    return folder


def test_data_roots_are_searched_in_order(tmp_path, monkeypatch, own_cache):
    eegbci = load_card("eegbci")
    monkeypatch.setenv("NEURODECODE_DATA", f"{tmp_path / 'a'}:{tmp_path / 'b'}")
    cached = _place(own_cache / "data" / "eegbci")
    assert find_root(eegbci) == cached
    named = _place(tmp_path / "b" / "eegbci")
    assert find_root(eegbci) == named
    typed = _place(tmp_path / "typed" / "eegbci")
    assert find_root(eegbci, tmp_path / "typed") == typed
    assert find_root(eegbci, typed) == typed


def test_a_folder_without_the_files_is_passed_over(tmp_path, monkeypatch, own_cache, caplog):
    (tmp_path / "eegbci").mkdir()
    monkeypatch.delenv("NEURODECODE_DATA", raising=False)
    cached = _place(own_cache / "data" / "eegbci")
    assert find_root(load_card("eegbci"), tmp_path) == cached
    assert f"eegbci is not in {tmp_path}" in caplog.text


def test_missing_data_say_where_was_looked_and_how_to_get_them(tmp_path, monkeypatch):
    haxby = load_card("haxby2001")
    monkeypatch.setenv("NEURODECODE_DATA", str(tmp_path / "none"))
    with pytest.raises(DataMissing) as caught:
        find_root(haxby, tmp_path, "vt")
    said = str(caught.value)
    assert caught.value.exit_code == 3
    for part in (
        "vt_task_bold.nii.gz",
        str(tmp_path / "none" / "haxby2001"),
        "CC-BY-SA-3.0",
        "PyMVPA",
        "--data DIR",
        "NEURODECODE_DATA",
        "--simulate",
    ):
        assert part in said
