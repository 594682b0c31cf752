"""THINGS-EEG2: its three layouts, and what misleads in them (visual:T3, T4)."""

import numpy as np
import pytest
from visual_layouts import (
    EEG,
    OCCIPITAL,
    eeg2_names,
    recordings,
    write_eeg2_prepared,
    write_eeg2_raw,
    write_pictures,
)

from neurodecode.cli import main
from neurodecode.core.errors import DataError, DataMissing
from neurodecode.data.cards import load_card
from neurodecode.data.conversion import pickled_files
from neurodecode.data.cut import cut
from neurodecode.data.prepared import prepare
from neurodecode.data.stimuli import open_stimuli
from neurodecode.signal.units import check_magnitude


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Convert in this process: that it is another one otherwise is tested with `convert`."""
    from neurodecode.data import conversion

    class Here:
        def __init__(self, timeout):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            pass

        def call(self, function, *arguments, what):
            return function(*arguments)

    monkeypatch.setattr(conversion, "Worker", Here)
    monkeypatch.setattr(conversion, "_limit", lambda memory: None)


def convert_all(root):
    assert main(["fetch", "things_eeg2", "--convert", "--data", str(root)]) == 0


def test_raw_sessions_have_their_codes_in_the_stim_channel(tmp_path):
    write_pictures(tmp_path)
    codes = [12, 99999, 3, 12, 30]
    data = write_eeg2_raw(tmp_path, codes)
    write_eeg2_raw(tmp_path, [2, 1], "test")
    convert_all(tmp_path)
    test, training = recordings("things_eeg2", tmp_path, "raw")
    assert (training.id, test.run) == ("sub-01_ses-02_run-training", "test")
    signal = training.load()
    np.testing.assert_array_equal(signal.data, data[:63])
    assert signal.space.names == tuple(EEG) and set(signal.space.types) == {"eeg"}
    assert np.isfinite(signal.space.positions).all() and signal.sfreq == 1000
    assert training.header().events.equals(signal.events)
    rows, names = signal.events, eeg2_names("training")
    assert rows["onset"].tolist() == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert rows["stimulus"].isna().tolist() == [False, True, False, False, False]
    assert rows["stimulus"].dropna().tolist() == [names[11], names[2], names[11], names[29]]
    assert rows["concept"].tolist()[0] == "training_thing_b"
    assert rows["repeat"].tolist() == [0, 0, 0, 1, 0] and set(rows["split"]) == {"train"}
    assert test.load().events["stimulus"].tolist() == [f"test_thing_{one}_01b" for one in "ba"]


def test_targets_are_no_trials(tmp_path, own_cache):
    write_pictures(tmp_path)
    write_eeg2_raw(tmp_path, [12, 99999, 3, 99999, 1, 2, 4, 5, 6])
    convert_all(tmp_path)
    task = load_card("things_eeg2").tasks["picture"]
    (one,) = prepare(recordings("things_eeg2", tmp_path, "raw"), [], own_cache)
    done = cut([one], task, task.windows)
    assert done.ignored["of the label 99999"] == 2
    assert len(done.trials) == 7 - done.ignored["window outside the recording"]
    assert "99999" not in set(done.trials.rows["label"])


@pytest.mark.parametrize(
    ("form", "variant"), [("released", "released"), ("nice", "whitened_250hz")]
)
def test_row_i_shows_file_i_mod_10_of_folder_i_div_10(tmp_path, form, variant):
    write_pictures(tmp_path)
    data = write_eeg2_prepared(tmp_path, "training", form=form)
    write_eeg2_prepared(tmp_path, "test", form=form)
    convert_all(tmp_path)
    test, training = recordings("things_eeg2", tmp_path, variant)
    signal = training.load()
    assert signal.axes == ("channel", "time") and signal.entries
    np.testing.assert_array_equal(signal.data, data.reshape(-1, *data.shape[2:]))
    assert signal.space.names == tuple(OCCIPITAL if form == "released" else EEG)
    assert (signal.sfreq, signal.tmin) == ((100.0, -0.2) if form == "released" else (250.0, 0.0))
    rows, stimuli = signal.events, open_stimuli(load_card("things_eeg2"), tmp_path)
    for i in range(30):
        folder = f"{i // 10 + 1:05d}_training_thing_{'abc'[i // 10]}"
        files = sorted((tmp_path / "image_set/training_images" / folder).iterdir())
        assert rows["stimulus"][2 * i] == rows["stimulus"][2 * i + 1] == files[i % 10].stem
        assert rows["repeat"][2 * i + 1] == 1
        assert stimuli[files[i % 10].stem][0, 0, 0] == 10 * (i // 10) + i % 10
    assert set(rows["concept"]) == {f"training_thing_{one}" for one in "abc"}
    # Numbers of concepts begin anew for the test: names do not meet.
    assert not set(test.load().events["concept"]) & set(rows["concept"])
    assert set(test.load().events["split"]) == {"test"}
    # What was whitened has no unit, and is not taken for volts.
    check_magnitude(signal, training.id)
    assert not stimuli.show and stimuli.table.loc["test_thing_a_01b", "split"] == "test"


def test_times_that_fit_no_cut_are_refused(tmp_path):
    write_pictures(tmp_path)
    write_eeg2_prepared(tmp_path, "training", form="nice", n_more=3)
    convert_all(tmp_path)
    (one,) = recordings("things_eeg2", tmp_path, "whitened_250hz")
    with pytest.raises(DataError, match=r"'times' has shape \(303,\) for 250 samples.*250 or 300"):
        one.header()


def test_another_number_of_pictures_than_of_rows_is_refused(tmp_path):
    write_pictures(tmp_path)
    write_eeg2_prepared(tmp_path, "training", n_pictures=29)
    convert_all(tmp_path)
    (one,) = recordings("things_eeg2", tmp_path, "released")
    with pytest.raises(DataError, match="training_images: 30 files for the 29 positions of 'pict"):
        one.header()


def test_a_missing_picture_is_named_before_others_are_taken_for_it(tmp_path):
    write_pictures(tmp_path)
    write_eeg2_prepared(tmp_path, "training", n_pictures=29)
    convert_all(tmp_path)
    next((tmp_path / "image_set/training_images").glob("*_b/*_03b.png")).unlink()
    with pytest.raises(DataError, match=r"00002_training_thing_b: 9 pictures, .* hold 10"):
        recordings("things_eeg2", tmp_path, "released")


def test_a_code_beyond_the_pictures_is_named(tmp_path):
    write_pictures(tmp_path)
    write_eeg2_raw(tmp_path, [12, 31])
    convert_all(tmp_path)
    (one,) = recordings("things_eeg2", tmp_path, "raw")
    with pytest.raises(DataError, match=r"30 files, and raw_eeg_training\.npz has the number '31'"):
        one.header()


def test_names_that_change_are_another_recording(tmp_path):
    write_pictures(tmp_path)
    write_eeg2_prepared(tmp_path, "test")
    convert_all(tmp_path)
    (before,) = recordings("things_eeg2", tmp_path, "released")
    for path in (tmp_path / "image_set/test_images").rglob("*.png"):
        path.rename(path.with_name(path.name.replace("01b", "02s")))
    (after,) = recordings("things_eeg2", tmp_path, "released")
    assert before.key != after.key


def test_a_stim_channel_of_another_name_is_named(tmp_path):
    write_pictures(tmp_path)
    write_eeg2_raw(tmp_path, [1, 2])
    path = tmp_path / "Raw_data/sub-01/ses-02/raw_eeg_training.npy"
    held = np.load(path, allow_pickle=True).item()
    held["ch_names"][-1] = "STI101"
    np.save(path, held)
    convert_all(tmp_path)
    (one,) = recordings("things_eeg2", tmp_path, "raw")
    with pytest.raises(DataError, match="no channel is called 'stim', which is to hold the codes"):
        one.header()


def test_pictures_are_needed_to_name_rows(tmp_path):
    write_eeg2_prepared(tmp_path, "test")
    convert_all(tmp_path)
    with pytest.raises(DataMissing, match="test_images: the folder that names what"):
        recordings("things_eeg2", tmp_path, "released")
    with pytest.raises(DataMissing, match=r"no file like Raw_data.* is in"):
        pickled_files(load_card("things_eeg2"), tmp_path / "none")
