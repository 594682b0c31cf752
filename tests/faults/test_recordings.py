"""Recordings that are not what they are said to be end in one clear sentence."""

import csv
import os
import re
import shutil
from pathlib import Path

import mne
import nibabel
import numpy as np
import pytest

from neurodecode.core.errors import DataError, DataMissing, NeurodecodeError
from neurodecode.data.cards import load_card
from neurodecode.data.cut import cut
from neurodecode.data.prepared import Failed, look, prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.readers.files import Options as FilesOptions
from neurodecode.data.readers.nifti import Options as NiftiOptions
from neurodecode.data.specs import Card, ChannelsSpec, EventsSpec, Variant
from neurodecode.data.tasks import TargetSpec, Task, WindowsSpec
from neurodecode.data.worker import Worker
from neurodecode.signal.channels import Drop

SAMPLES = Path(__file__).parents[2] / "datasets" / "samples"


def data_folder(name: str) -> Path | None:
    roots = os.environ.get("NEURODECODE_DATA", "").split(os.pathsep)
    places = [Path(root) / name for root in roots if root] + [SAMPLES / name]
    return next((place for place in places if place.is_dir()), None)


@pytest.fixture
def cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("NEURODECODE_CACHE", str(folder))
    return folder


@pytest.fixture(scope="module")
def worker():
    with Worker(timeout=120) as made:
        yield made


@pytest.fixture
def eegbci(tmp_path):
    """Give a folder of its own with one real run of S002."""
    folder = data_folder("eegbci")
    if folder is None:
        pytest.skip("eegbci is neither in NEURODECODE_DATA nor in datasets/samples")
    shutil.copy(folder / "S002R04.edf", tmp_path)
    (tmp_path / "S002R04.edf").chmod(0o644)
    return tmp_path


def eeg(folder: Path, name="{run}_raw.fif", channels=None, events=None) -> Card:
    reader = Variant(
        "files", FilesOptions(name), channels or ChannelsSpec(), events or EventsSpec()
    )
    return Card("own", "eeg", reader=reader)


def saved(folder: Path, change=lambda values: values) -> Path:
    values = change(2e-5 * np.random.default_rng(0).standard_normal((3, 1000)))
    raw = mne.io.RawArray(
        values, mne.create_info(["Fz", "Cz", "Pz"], 100.0, "eeg"), verbose="error"
    )
    raw.set_annotations(mne.Annotations([1, 3, 5, 7], [0.5] * 4, ["left", "right"] * 2))
    raw.save(folder / "1_raw.fif", verbose="error")
    return folder / "1_raw.fif"


def failure(folder, card, cache, worker, steps=()) -> str:
    (one,) = prepare(find_recordings(card, "", folder), steps, cache, worker=worker)
    assert isinstance(one, Failed)
    return one.message


def test_a_truncated_edf(eegbci, cache, worker):
    path = eegbci / "S002R04.edf"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (found,) = find_recordings(load_card("eegbci"), "", eegbci)
    (one,) = look([found], [], cache, worker)
    assert f"{path}: truncated: its header promises 123 s, the file holds 61 s" in one.message
    assert "Fetch it again, or leave the run out" in one.message


def test_volts_that_are_microvolts(tmp_path, cache, worker):
    path = saved(tmp_path, lambda values: values * 1e6)
    said = failure(tmp_path, eeg(tmp_path), cache, worker)
    assert str(path) in said and re.search("looks like [uµ]V stored as V", said)
    right = eeg(tmp_path, channels=ChannelsSpec(unit="µV"))
    (one,) = prepare(find_recordings(right, "", tmp_path), [], cache, worker=worker)
    assert not isinstance(one, Failed)


def test_a_flat_channel(tmp_path, cache, worker):
    def flatten(values):
        values[1] = 1e-5
        return values

    path = saved(tmp_path, flatten)
    said = failure(tmp_path, eeg(tmp_path), cache, worker)
    assert str(path) in said and "1 of 3 channels are flat" in said and "Cz" in said
    # The remedy that the message names works.
    found = find_recordings(eeg(tmp_path), "", tmp_path)
    (one,) = prepare(found, [Drop(("Cz",))], cache, worker=worker)
    assert one.signal.space.names == ("Fz", "Pz")


def test_nan(tmp_path, cache, worker):
    def spoil(values):
        values[2, 500] = np.nan
        return values

    path = saved(tmp_path, spoil)
    said = failure(tmp_path, eeg(tmp_path), cache, worker)
    assert str(path) in said and "not finite" in said and "Pz (1 of 1000)" in said


def test_events_outside_the_recording(tmp_path, cache, worker):
    saved(tmp_path)
    (tmp_path / "events.tsv").write_text("onset\tduration\tlabel\n1\t1\tleft\n10.5\t1\tright\n")
    said = failure(
        tmp_path, eeg(tmp_path, events=EventsSpec("file", path="events.tsv")), cache, worker
    )
    assert "events.tsv: event 2 of 2 ('right') is at 10.5 s, outside the recording of 10 s" in said


def test_a_missing_events_file(tmp_path, cache):
    saved(tmp_path)
    with pytest.raises(DataMissing, match=r"events\.tsv: there is no such file"):
        find_recordings(eeg(tmp_path, events=EventsSpec("file", path="events.tsv")), "", tmp_path)


def test_no_file_at_all(tmp_path, cache):
    with pytest.raises(DataMissing, match=r"no recording of it is in .*Get \{run\}_raw\.fif from"):
        find_recordings(eeg(tmp_path), "", tmp_path)


def test_a_label_that_no_event_has(tmp_path, cache, worker):
    saved(tmp_path)
    made = prepare(find_recordings(eeg(tmp_path), "", tmp_path), [], cache, worker=worker)
    task = Task(target=TargetSpec(label="label", classes=("left", "rigth")))
    with pytest.raises(DataError) as caught:
        cut(made, task, WindowsSpec(0.0, 0.5))
    said = str(caught.value)
    assert "sub-01_ses-1_run-1 has the label 'rigth'" in said
    assert "there are: left, right. Did you mean 'right'?" in said


def test_a_selection_that_leaves_no_trial(tmp_path, cache, worker):
    saved(tmp_path)
    made = prepare(find_recordings(eeg(tmp_path), "", tmp_path), [], cache, worker=worker)
    task = Task(
        rows={"run": ("7",), "label": {"left": "left", "right": "right"}},
        target=TargetSpec(label="label", classes=("left", "right")),
    )
    with pytest.raises(DataError) as caught:
        cut(made, task, WindowsSpec(0.0, 0.5))
    said = str(caught.value)
    assert "no trial is left of 4 events in sub-01_ses-1_run-1. Asked: run: 7; label: left" in said
    assert "There are: run: 1; label: left, right" in said


def test_windows_that_all_leave_the_recording(tmp_path, cache, worker):
    saved(tmp_path)
    made = prepare(find_recordings(eeg(tmp_path), "", tmp_path), [], cache, worker=worker)
    task = Task(target=TargetSpec(label="label", classes=("left", "right")))
    with pytest.raises(DataError, match="Left out: window outside the recording: 4"):
        cut(made, task, WindowsSpec(0.0, 20.0))


def bold(folder: Path, shape=(4, 3, 2), mask_affine=None, values=None) -> list:
    affine = np.diag([3.0, 3.0, 4.0, 1.0])
    made = np.random.default_rng(0).normal(500, 20, (4, 3, 2, 10)) if values is None else values
    nibabel.Nifti1Image(made, affine).to_filename(folder / "bold.nii.gz")
    mask = nibabel.Nifti1Image(
        np.ones(shape, dtype=np.uint8), affine if mask_affine is None else mask_affine
    )
    mask.to_filename(folder / "mask.nii.gz")
    (folder / "volumes.txt").write_text("face 0\nhouse 0\n" * 5)
    options = NiftiOptions("bold.nii.gz", "mask.nii.gz", volumes="volumes.txt", t_r=2.0)
    return find_recordings(Card("own", "fmri", reader=Variant("nifti", options)), "", folder)


def test_a_mask_that_lies_elsewhere(tmp_path, cache, worker):
    moved = np.diag([3.0, 3.0, 4.0, 1.0])
    moved[0, 3] = 30.0
    (one,) = look(bold(tmp_path, mask_affine=moved), [], cache, worker)
    assert f"{tmp_path / 'mask.nii.gz'}: its affine differs from that of bold.nii.gz" in one.message
    assert "[0 0 0 30; 0 0 0 0; 0 0 0 0]" in one.message and "resample_to_img" in one.message


def test_a_mask_of_another_shape(tmp_path, cache, worker):
    (one,) = look(bold(tmp_path, shape=(4, 3, 3)), [], cache, worker)
    assert "shape (4, 3, 3), but bold.nii.gz has volumes of (4, 3, 2)" in one.message


def test_a_compressed_image_that_was_changed(tmp_path, cache, worker):
    recordings = bold(tmp_path)
    path = tmp_path / "bold.nii.gz"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1  # within the checksum at the end, which only reading to the end looks at
    path.write_bytes(content)
    (one,) = prepare(recordings, [], cache, worker=worker)
    assert f"{path}: damaged: its compressed content does not check" in one.message


def test_an_image_that_was_cut_short(tmp_path, cache, worker):
    recordings = bold(tmp_path)
    path = tmp_path / "bold.nii.gz"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (one,) = prepare(recordings, [], cache, worker=worker)
    assert str(path) in one.message and "damaged" in one.message


def test_an_image_with_nan_inside_its_mask(tmp_path, cache, worker):
    values = np.random.default_rng(0).normal(500, 20, (4, 3, 2, 10))
    values[1, 2, 0, 3] = np.nan
    (one,) = prepare(bold(tmp_path, values=values), [], cache, worker=worker)
    assert "1 of 24 voxels of the mask are not finite" in one.message
    assert "the first at 1 2 0" in one.message


def formats(file: str) -> Path:
    folder = data_folder("formats_mne")
    if folder is None or not (folder / file).exists():
        pytest.skip(f"formats_mne/{file} is not in NEURODECODE_DATA")
    return folder


def test_a_file_that_kills_its_reader(cache, worker):
    folder = formats("broken/eeglab_one_bit_crashes_reader.set")
    card = eeg(folder, "broken/eeglab_one_bit_crashes_{run}.set")
    for outcomes in (
        look(find_recordings(card, "", folder), [], cache, worker),
        prepare(find_recordings(card, "", folder), [], cache, worker=worker),
    ):
        assert "eeglab_one_bit_crashes_reader.set" in outcomes[0].message
        # Its bit sends the reader through memory that is not its own: mostly it dies, sometimes it
        # raises. How a death is told is tested with one that is sure, in tests/data/test_worker.py.
        told = ("the process that read it died (signal SIG", "cannot be read (")
        assert any(one in outcomes[0].message for one in told)


def broken() -> list[str]:
    folder = data_folder("formats_mne")
    if folder is None:
        return [""]  # one case, which is skipped with its reason
    with (folder / "index.csv").open() as table:
        rows = list(csv.DictReader(table))
    return [r["file"] for r in rows if r["file"].startswith("broken/") and r["opens"] != "part"]


# What no reader can tell: this file does not say how long it should be.
SILENT = {"broken/edf_nrec_minus1.edf"}


@pytest.mark.parametrize("file", broken())
def test_a_broken_file_ends_in_an_error_of_ours_that_names_it(file, cache, worker):
    folder = formats(file)
    try:
        found = find_recordings(eeg(folder, file), "", folder)
        (one,) = prepare(found, [], cache, worker=worker)
    except NeurodecodeError as error:
        assert Path(file).name in str(error)
        return
    if file in SILENT:
        return
    assert isinstance(one, Failed), one.signal
    assert Path(file).name in one.message


# mne must be told more than the name: ours says so (tests/data/test_formats_mne.py).
NOT_BY_NAME = {"made/known_fieldtrip.mat"}


def known() -> list[str]:
    folder = data_folder("formats_mne")
    if folder is None:
        return [""]  # one case, which is skipped with its reason
    with (folder / "index.csv").open() as table:
        rows = [r for r in csv.DictReader(table) if r["known_signal"] and r["opens"] == "yes"]
    return [
        r["file"] for r in rows if r["file"].startswith("made/") and r["file"] not in NOT_BY_NAME
    ]


@pytest.mark.parametrize("file", known())
def test_a_known_signal_is_read_in_volts(file, cache):
    if file.endswith(".nedf"):
        pytest.importorskip("defusedxml", reason="mne reads NEDF with defusedxml alone")
    folder = formats(file)
    (one,) = find_recordings(eeg(folder, file), "", folder)
    signal = one.load()
    names = [name.upper() for name in signal.space.names]
    at = names.index("CZ") if "CZ" in names else 2  # BCI2000's have no names
    t = np.arange(signal.n_times) / signal.sfreq
    sine = 7e-6 * np.sin(2 * np.pi * 10 * t)  # channel 2 of 6: 5 + 2 µV at 6 + 2 * 2 Hz
    centred = signal.data[at] - signal.data[at].mean()
    assert centred @ sine / (sine @ sine) == pytest.approx(1.0, abs=0.01)
