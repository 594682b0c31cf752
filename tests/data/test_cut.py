from dataclasses import replace

import mne
import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.data.cards import load_card
from neurodecode.data.cut import cut
from neurodecode.data.prepared import look, prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.tasks import TargetSpec, Task, WindowsSpec
from neurodecode.signal.blocks import BlockMean
from neurodecode.signal.channels import Scale
from neurodecode.signal.filters import Filter
from neurodecode.signal.zscore import Zscore

AB = Task(
    rows={"label": {"a": "left", "b": "right"}},
    target=TargetSpec(label="label", classes=("left", "right")),
)
WINDOWS = WindowsSpec(tmin=0.1, tmax=0.5)


@pytest.fixture
def prepared(in_memory, own_cache):
    def make(*recordings, steps=()):
        return prepare(recordings or [in_memory()], steps, own_cache)

    return make


def test_rows_are_chosen_and_named_by_the_task(prepared):
    done = cut(prepared(), AB, WINDOWS)  # the events are a b a b a b c b a b, a second apart
    rows = done.trials.rows
    assert rows["label"].tolist() == ["left", "right"] * 3 + ["right", "left", "right"]
    assert rows["onset"].tolist() == [1, 2, 3, 4, 5, 6, 8, 9, 10]
    assert rows["position"].tolist() == list(range(9))
    assert set(rows["recording"]) == {"sub-01_ses-1_run-1"} and set(rows["run"]) == {"1"}
    np.testing.assert_allclose(rows["start"], rows["onset"] + 0.1)
    np.testing.assert_allclose(rows["stop"], rows["start"] + 0.41)
    assert done.ignored == {"other labels": 1}


def test_windows_point_into_the_prepared_signal(prepared, in_memory):
    done = cut(prepared(), AB, WINDOWS)
    data = in_memory().load().data
    assert done.trials.X.shape == (9, 3, 41)
    np.testing.assert_array_equal(done.trials.X[2], data[:, 310:351])
    assert isinstance(done.trials.signal("eeg").parts[0].open(), np.memmap)


def test_previous_is_the_last_earlier_label_of_the_task_in_the_same_run(prepared, in_memory):
    both = prepared(in_memory(run="1"), in_memory(run="2", labels="bcab"))
    done = cut(both, AB, WINDOWS)
    assert done.previous.tolist() == [
        *[None, "left", "right", "left", "right", "left", "right", "right", "left"],
        *[None, "right", "left"],
    ]


def test_a_rejected_trial_still_counts_as_previous(prepared, in_memory):
    data = in_memory().load().data.copy()
    data[1, 230] = 300e-6  # within the second event's window
    done = cut(prepared(in_memory(data=data)), AB, replace(WINDOWS, reject={"eeg": 200e-6}))
    assert done.trials.rows["position"].tolist() == [0, 2, 3, 4, 5, 6, 7, 8]
    assert done.previous.tolist()[:3] == [None, "right", "left"]
    assert done.ignored["EEG peak-to-peak over 200 µV"] == 1


def test_rejection_is_that_of_mne(prepared, raw):
    events, codes = mne.events_from_annotations(raw, verbose="error")
    every = mne.Epochs(raw, events, codes, 0.1, 0.5, baseline=None, verbose="error")
    limit = float(np.median(np.ptp(every.get_data(verbose="error"), axis=2).max(axis=1)))
    epochs = mne.Epochs(
        raw, events, codes, 0.1, 0.5, baseline=None, reject={"eeg": limit}, preload=True,
        verbose="error",
    )  # fmt: skip
    assert len(epochs) == 2
    from neurodecode.core.recording import Recording, Signal
    from neurodecode.core.space import Space

    space = Space("sensors", names=tuple(raw.ch_names), types=("eeg",) * 6, unit="V")
    shown = pd.DataFrame({"onset": [1.0, 3, 5, 7], "duration": 0.5, "label": ["left", "right"] * 2})
    signal = Signal(raw.get_data(), space, ("channel", "time"), 128.0, shown)
    one = Recording("1", "1", "1", "eeg", (), {}, lambda: signal, lambda: signal)
    task = Task(target=TargetSpec(label="label", classes=("left", "right")))
    done = cut(prepared(one), task, WindowsSpec(0.1, 0.5, reject={"eeg": limit}))
    np.testing.assert_array_equal(done.trials.X, epochs.get_data())


def test_a_window_that_leaves_the_recording_is_counted(prepared):
    done = cut(prepared(), AB, WindowsSpec(tmin=0.0, tmax=2.5))
    assert done.ignored["window outside the recording"] == 1  # 12 s; the last event is at 10 s


def test_windows_touched_by_what_the_file_marks_as_bad_are_left_out(prepared, in_memory):
    one = in_memory()
    signal = one.load()
    bad = pd.DataFrame({"onset": [3.3], "duration": [0.1], "label": ["BAD_jump"]})
    events = pd.concat([signal.events, bad], ignore_index=True)
    one = replace(one, load=lambda: replace(signal, events=events))
    done = cut(prepared(one), AB, WINDOWS)
    assert 3.0 not in done.trials.rows["onset"] and len(done.trials) == 8
    assert done.ignored["marked bad in the file"] == 1


def test_rows_can_be_cut_before_anything_is_prepared(in_memory, own_cache):
    windows = replace(WINDOWS, reject={"eeg": 1e-6})
    planned = cut(look([in_memory()], [Scale(2.0)], own_cache), AB, windows)
    assert len(planned.trials) == 9
    assert planned.ignored["kept until prepared: peak-to-peak not judged yet"] == 9
    made = cut(prepare([in_memory()], [Scale(2.0)], own_cache), AB, WINDOWS)
    assert planned.trials.rows["uid"].tolist() == made.trials.rows["uid"].tolist()
    assert planned.trials.key() == made.trials.key()


def test_other_columns_of_the_events_ride_along(prepared, in_memory):
    one = in_memory(run="1")
    signal = one.load()
    events = signal.events.assign(word=[f"w{i}" for i in range(10)], speed=np.arange(10.0))
    one = replace(one, load=lambda: replace(signal, events=events))
    both = cut(prepared(one, in_memory(run="2")), AB, WINDOWS)
    assert both.trials.rows["word"].tolist()[:3] == ["w0", "w1", "w2"]
    assert both.trials.rows["word"].tolist()[9:] == [None] * 9
    assert np.isnan(both.trials.rows["speed"][9:].astype(float)).all()


def test_rows_of_a_column_are_chosen_by_their_values(prepared, in_memory):
    both = prepared(in_memory(run="1"), in_memory(run="2"))
    task = replace(AB, rows={"run": ("2",), **AB.rows})
    done = cut(both, task, WINDOWS)
    assert set(done.trials.rows["run"]) == {"2"}
    assert done.ignored["not among the rows of the task"] == 9


def test_without_rows_the_classes_say_which_events(prepared):
    done = cut(prepared(), Task(target=TargetSpec(label="label", classes=("a", "c"))), WINDOWS)
    assert done.trials.rows["label"].tolist() == ["a", "a", "a", "c", "a"]


def test_a_target_of_numbers_takes_every_event(prepared):
    done = cut(prepared(), Task(target=TargetSpec(value="duration")), WINDOWS)
    assert len(done.trials) == 10
    with pytest.raises(DataError, match="no column 'speed'; there are"):
        cut(prepared(), Task(target=TargetSpec(value="speed")), WINDOWS)


def test_continuous_signals_need_windows_and_entries_have_none(prepared, image, tmp_path):
    with pytest.raises(ConfigError, match="give tmin and tmax"):
        cut(prepared(), AB, None)


def test_recordings_come_in_the_order_of_their_names(prepared, in_memory):
    done = cut(prepared(in_memory(run="2"), in_memory(run="1")), AB, WINDOWS)
    assert done.trials.rows["run"].tolist() == ["1"] * 9 + ["2"] * 9
    np.testing.assert_array_equal(done.trials.X[0], in_memory(run="1").load().data[:, 110:151])
    np.testing.assert_array_equal(done.trials.X[9], in_memory(run="2").load().data[:, 110:151])


def test_windows_equal_mne_epochs_on_a_real_recording(real, own_cache):
    card, root = load_card("eegbci"), real("eegbci")
    one = find_recordings(card, "", root, subjects=["002"], runs=["04"])
    task = card.tasks["left_right"]
    done = cut(prepare(one, [Filter(8.0, 30.0)], own_cache), task, task.windows)
    raw = mne.io.read_raw_edf(root / "S002R04.edf", preload=True, verbose="error")
    raw.filter(8, 30, verbose="error")
    events, _ = mne.events_from_annotations(raw, {"T1": 1, "T2": 2}, verbose="error")
    epochs = mne.Epochs(raw, events, tmin=0.5, tmax=2.5, baseline=None, verbose="error")
    assert done.trials.X.shape == (15, 64, 321)
    np.testing.assert_array_equal(done.trials.X, epochs.get_data(verbose="error"))
    assert done.trials.rows["label"].tolist() == [
        {1: "left", 2: "right"}[code] for code in epochs.events[:, 2]
    ]
    assert done.ignored == {"other labels": 15}


def test_haxby_volumes_keep_their_blocks(real, own_cache):
    card, root = load_card("haxby2001"), real("haxby2001", "slice_bold.nii.gz")
    found = find_recordings(card, "slice", root)
    volumes = cut(prepare(found, [Zscore()], own_cache), card.tasks["eight_way_volumes"], None)
    blocks = cut(prepare(found, [Zscore(), BlockMean()], own_cache), card.tasks["eight_way"], None)
    assert len(volumes.trials) == 864 and len(blocks.trials) == 96
    assert volumes.trials.X.shape == (864, 530)
    counts = pd.Series(volumes.trials.rows["block"]).value_counts()
    assert len(counts) == 96 and set(counts) == {9}
    assert set(blocks.trials.rows["block"]) == set(counts.index)
    for i, block in enumerate(blocks.trials.rows["block"]):
        mine = volumes.trials.rows.where(block=block)
        np.testing.assert_allclose(blocks.trials.X[i], volumes.trials.X[mine].mean(axis=0))
    assert volumes.ignored == {"other labels": 588}
