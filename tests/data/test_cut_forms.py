"""Forms of trials other than windows around events of a recording."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Recording, Signal
from neurodecode.core.space import Space
from neurodecode.data._sliding import Spans, naming_events, window_starts
from neurodecode.data.cut import cut
from neurodecode.data.prepared import look, prepare
from neurodecode.data.tasks import TargetSpec, Task, WindowsSpec

SPACE = Space("sensors", names=("Fz", "Cz", "Pz"), types=("eeg",) * 3, unit="V")
LABELS = TargetSpec(label="label", classes=("left", "right"))
TASK = Task(rows={"label": {"a": "left", "b": "right"}}, target=LABELS)


def a_recording(signal, run="1"):
    key = {"content": float(np.sum(signal.data))}
    return Recording("01", "1", run, "eeg", (), key, lambda: signal, lambda: header_of(signal))


def header_of(signal):
    return replace(signal, data=None)


def epochs(labels="abab", onset=None, n_times=51, tracks=None):
    data = 2e-5 * np.random.default_rng(0).standard_normal((len(labels), 3, n_times))
    onset = np.full(len(labels), np.nan) if onset is None else onset
    events = pd.DataFrame({"onset": onset, "duration": 0.0, "label": list(labels)})
    return Signal(
        data, SPACE, ("channel", "time"), 100.0, events, tmin=-0.1, entries=True,
        tracks=tracks or {},
    )  # fmt: skip


def continuous(events, seconds=10.0, sfreq=100.0):
    data = 2e-5 * np.random.default_rng(0).standard_normal((3, round(seconds * sfreq)))
    return Signal(data, SPACE, ("channel", "time"), sfreq, pd.DataFrame(events))


def test_epochs_are_trials_whole_or_a_piece_of_each(own_cache):
    signal = epochs()
    prepared = prepare([a_recording(signal)], [], own_cache)
    np.testing.assert_array_equal(cut(prepared, TASK, None).trials.X, signal.data)
    piece = cut(prepared, TASK, WindowsSpec(tmin=0.0, tmax=0.2)).trials
    np.testing.assert_array_equal(piece.X, signal.data[:, :, 10:31])  # both ends, as in mne


def test_epochs_whose_times_are_lost_are_told_apart_by_their_place(own_cache):
    done = cut(prepare([a_recording(epochs())], [], own_cache), TASK, None)
    rows = done.trials.rows
    assert np.isnan(rows["onset"]).all() and np.isnan(rows["start"]).all()
    assert rows["position"].tolist() == [0, 1, 2, 3] and len(set(rows["uid"])) == 4
    assert done.previous.tolist() == [None, "left", "right", "left"]
    planned = cut(look([a_recording(epochs())], [], own_cache), TASK, None)
    assert planned.trials.rows["uid"].tolist() == rows["uid"].tolist()


def test_epochs_with_times_have_windows_in_the_recording(own_cache):
    prepared = prepare([a_recording(epochs(onset=[1.0, 2.0, 3.0, 4.0]))], [], own_cache)
    rows = cut(prepared, TASK, WindowsSpec(tmin=0.0, tmax=0.2)).trials.rows
    np.testing.assert_allclose(rows["start"], [1, 2, 3, 4])
    np.testing.assert_allclose(rows["stop"], rows["start"] + 0.21)


@pytest.mark.parametrize(
    ("windows", "said"),
    [
        (WindowsSpec(tmin=0.0, tmax=0.6), r"not within the epochs .* from -0\.1 to 0\.4 s"),
        (WindowsSpec(length=0.1, hop=0.1), "already cut"),
        (WindowsSpec(span="event"), "already cut"),
    ],
)
def test_windows_that_epochs_do_not_have_are_refused(own_cache, windows, said):
    prepared = prepare([a_recording(epochs())], [], own_cache)
    with pytest.raises(ConfigError, match=said):
        cut(prepared, TASK, windows)


def test_epochs_over_the_limit_of_amplitude_are_left_out(own_cache):
    signal = epochs()
    signal.data[2, 1, 20] = 1e-3
    prepared = prepare([a_recording(signal)], [], own_cache)
    done = cut(prepared, TASK, WindowsSpec(tmin=0.0, tmax=0.3, reject={"eeg": 5e-4}))
    assert done.trials.rows["position"].tolist() == [0, 1, 3]
    assert done.ignored == {"EEG peak-to-peak over 500 µV": 1}


def test_a_track_is_the_signal_of_a_vector_target(own_cache):
    pictures = np.arange(4 * 6.0).reshape(4, 2, 3)
    recording = a_recording(epochs(labels="abcb", tracks={"picture": pictures}))
    task = Task(rows={"label": ("a", "b")}, target=TargetSpec(vector="picture"))
    done = cut(prepare([recording], [], own_cache), task, None).trials
    np.testing.assert_array_equal(done.array("picture"), pictures[[0, 1, 3]].reshape(3, 6))
    assert done.signal("picture").parts[0].space.shape == (2, 3)
    assert set(done.signals) == {"eeg", "picture"}
    with pytest.raises(DataError, match="no track or table 'pictur'; there are: picture"):
        cut(prepare([recording], [], own_cache), Task(target=TargetSpec(vector="pictur")), None)


def test_a_track_of_a_recording_is_cut_with_its_windows(own_cache):
    signal = continuous({"onset": [1.0, 5.0], "duration": 0.0, "label": ["a", "b"]})
    signal = replace(signal, tracks={"envelope": np.arange(1000.0)})
    task = Task(rows={"label": ("a", "b")}, target=TargetSpec(vector="envelope"))
    windows = WindowsSpec(tmin=0.0, tmax=0.02)
    done = cut(prepare([a_recording(signal)], [], own_cache), task, windows).trials
    np.testing.assert_array_equal(done.array("envelope")[:, 0], [[100, 101, 102], [500, 501, 502]])


def test_trials_that_span_their_events_differ_in_length(own_cache):
    signal = continuous({"onset": [1.0, 4.0], "duration": [2.0, 0.5], "label": ["a", "b"]})
    prepared = prepare([a_recording(signal)], [], own_cache)
    trials = cut(prepared, TASK, WindowsSpec(span="event")).trials
    whole = trials.list()
    np.testing.assert_array_equal(whole[0], signal.data[:, 100:300])
    np.testing.assert_array_equal(whole[1], signal.data[:, 400:450])
    np.testing.assert_allclose(trials.rows["stop"], [3.0, 4.5])


def test_starts_do_not_drift_where_a_hop_is_no_whole_number_of_samples():
    starts = window_starts(n_times=1000, n_window=100, hop=0.1, sfreq=128.0)  # 12.8 samples
    assert starts.tolist() == [round(12.8 * i) for i in range(len(starts))]
    assert starts[-1] == 896 and window_starts(99, 100, 0.1, 128.0).tolist() == []
    assert window_starts(100, 100, 0.1, 128.0).tolist() == [0]


def test_the_event_at_the_last_sample_or_the_most_of_the_window_names_it():
    events = Spans(np.array([10, 20, 40]), np.array([20, 24, 50]))
    labels = np.array(["a", "b", "a"], dtype=object)
    starts = np.array([0, 8, 14, 16, 22, 30, 44])
    at_last = naming_events(starts, 10, events, labels, "last_sample")
    # last samples: 9 before all; 17 in a; 23 in b; 25, 31, 39 after b; 53 after the second a
    assert at_last.event.tolist() == [-1, 0, 1, -1, -1, -1, -1]
    assert at_last.begun.tolist() == [-1, 0, 1, 1, 1, 1, 2]
    # Of 25 and 31 the next event is the third; 53 comes after it.
    assert at_last.trial.tolist() == [0, 0, 1, 2, 2, 2, 2]
    assert at_last.purity.tolist() == [1.0, 0.8, 0.4, 0.2, 0.8, 1.0, 0.4]
    most = naming_events(starts, 10, events, labels, "majority")
    # 8..17: a has 8; 14..23: a 6, b 4; 16..25: a 4, b 4, none 2: the earlier; 22..31: none 8
    assert most.event.tolist() == [-1, 0, 0, 0, -1, -1, 2]
    assert most.trial.tolist() == [0, 0, 0, 0, 2, 2, 2]
    assert most.purity.tolist() == [1.0, 0.8, 0.6, 0.4, 0.8, 1.0, 0.6]


def test_a_label_goes_before_rest_and_the_first_of_two_before_the_other():
    events = Spans(np.array([5, 10]), np.array([10, 15]))
    labels = np.array(["a", "b"], dtype=object)
    most = naming_events(np.array([0, 5, 10]), 10, events, labels, "majority")
    assert most.event.tolist() == [0, 0, 1]  # none 5 and a 5; a 5 and b 5; b 5 and none 5
    rests = naming_events(np.array([0, 5, 10]), 10, events, labels, "majority", ties="rest")
    assert rests.event.tolist() == [-1, 0, -1] and rests.rests.tolist() == [True, False, True]
    with pytest.raises(ConfigError, match="belongs to label_rule: majority"):
        WindowsSpec(length=1.0, hop=0.5, ties="rest")


def test_what_is_no_rest_is_left_out():
    events, rest = Spans(np.array([20]), np.array([30])), Spans(np.array([10]), np.array([20]))
    labels, starts = np.array(["a"], dtype=object), np.arange(0, 40, 5)
    named = naming_events(starts, 5, events, labels, "last_sample", rest)
    assert named.event.tolist() == [-1] * 4 + [0, 0] + [-1] * 2
    assert named.rests.tolist() == [False, False, True, True] + [False] * 4
    everywhere = naming_events(starts, 5, events, labels, "last_sample")
    assert everywhere.rests.tolist() == [True] * 4 + [False] * 2 + [True] * 2


def test_sliding_windows_are_rows_and_copy_nothing(own_cache):
    events = {
        "onset": [2.0, 6.0], "duration": 2.0, "label": ["a", "b"], "stimulus": ["x", "y"],
    }  # fmt: skip
    signal = continuous(events)
    task = replace(TASK, target=TargetSpec(label="label", classes=("idle", "left", "right")))
    windows = WindowsSpec(length=1.0, hop=0.5, otherwise="idle")
    done = cut(prepare([a_recording(signal)], [], own_cache), task, windows)
    rows = done.trials.rows
    assert len(rows) == 19  # (10 - 1) / 0.5 + 1
    np.testing.assert_allclose(rows["onset"], np.arange(19) * 0.5)
    inside = {2.0: "left", 6.0: "right"}  # the last sample lies within two seconds of an onset
    for onset, label, stimulus, previous in zip(
        rows["onset"], rows["label"], rows["stimulus"], done.previous, strict=True
    ):
        named = [name for start, name in inside.items() if start <= onset + 0.99 < start + 2]
        assert label == (named[0] if named else "idle")
        assert stimulus == ({"left": "x", "right": "y"}[label] if named else None)
        begun = [name for start, name in inside.items() if start <= onset + 0.99]
        assert previous == ([None, *begun[:-1]][-1] if named else [None, *begun][-1])
    np.testing.assert_array_equal(done.trials.X[3], signal.data[:, 150:250])
    dropped = cut(
        prepare([a_recording(signal)], [], own_cache), TASK, replace(windows, otherwise="")
    )
    assert len(dropped.trials) == 8 and dropped.ignored == {"windows that no event names": 11}


def test_windows_say_how_pure_they_are_and_which_trial_they_belong_to(own_cache):
    events = {"onset": [2.0, 6.0, 8.5], "duration": [2, 2, 0.1], "label": ["a", "b", "BAD_jump"]}
    signal = continuous(events)
    task = replace(TASK, target=TargetSpec(label="label", classes=("idle", "left", "right")))
    windows = WindowsSpec(length=1.0, hop=0.5, otherwise="idle")
    rows = cut(prepare([a_recording(signal)], [], own_cache), task, windows).trials.rows
    assert rows["start"].tolist() == [*np.arange(0, 7.6, 0.5), 9.0]  # none touches what is bad
    by_start = rows.table.set_index("start")
    assert by_start.loc[[0.0, 1.0, 1.5, 2.0, 3.5, 5.5], "purity"].tolist() == [
        1,
        1,
        0.5,
        1,
        0.5,
        0.5,
    ]
    assert by_start.loc[[0.0, 1.5, 3.0, 3.5, 5.0, 7.0, 9.0], "trial_index"].tolist() == [
        0, 0, 0, 1, 1, 1, 1,
    ]  # fmt: skip
    assert by_start.loc[[0.0, 3.0, 3.5, 7.0, 9.0], "trial_stop"].tolist() == [4, 4, 8, 8, np.inf]


def test_rest_must_be_there_and_names_the_windows_that_are_idle(own_cache):
    events = {"onset": [0.0, 2.0, 6.0], "duration": [1, 2, 2], "label": ["T0", "a", "b"]}
    task = replace(TASK, target=TargetSpec(label="label", classes=("idle", "left", "right")))
    windows = WindowsSpec(length=1.0, hop=1.0, otherwise="idle", rest=("T0",))
    prepared = prepare([a_recording(continuous(events))], [], own_cache)
    done = cut(prepared, task, windows)
    assert done.trials.rows["label"].tolist() == ["idle", "left", "left", "right", "right"]
    assert done.ignored["windows that no event names"] == 5
    with pytest.raises(DataError, match="has the label 'T9'"):
        cut(prepared, task, replace(windows, rest=("T9",)))
    with pytest.raises(ConfigError, match="rest: it says which windows are otherwise"):
        replace(windows, otherwise="")


def test_events_without_extent_name_no_window(own_cache):
    signal = continuous({"onset": [2.0], "duration": 0.0, "label": ["a"]})
    prepared = prepare([a_recording(signal)], [], own_cache)
    task = replace(TASK, rows={"label": {"a": "left"}})
    with pytest.raises(ConfigError, match=r"events: \{duration: SECONDS\}"):
        cut(prepared, task, WindowsSpec(length=1.0, hop=0.5, otherwise="idle"))
    with pytest.raises(ConfigError, match="less than a sample"):
        cut(prepared, task, WindowsSpec(length=0.001, hop=0.5, otherwise="idle"))


@pytest.mark.parametrize(
    "keys",
    [{"tmin": 0.0}, {"tmin": 0.0, "tmax": 1.0, "hop": 1.0}, {"span": "event", "tmin": 0.0}, {}],
)
def test_windows_have_one_form(keys):
    with pytest.raises(ConfigError, match="expected tmin and tmax"):
        WindowsSpec(**keys)


def test_windows_of_one_event_are_a_block_and_so_are_those_between_two(own_cache):
    events = {"onset": [1.0, 4.0], "duration": [2.0, 2.0], "label": ["a", "b"], "trial": ["x", "y"]}
    prepared = prepare([a_recording(continuous(events, seconds=8.0))], [], own_cache)
    windows = WindowsSpec(length=0.5, hop=0.5, otherwise="rest")
    task = Task(
        rows={"label": {"a": "left", "b": "right"}},
        target=TargetSpec(label="label", classes=("rest", "left", "right")),
    )
    block = cut(prepared, task, windows).trials.rows["block"]
    between = [["before all events"] * 2, ["after event 0"] * 2, ["after event 1"] * 4]
    expected = between[0] + ["event 0"] * 4 + between[1] + ["event 1"] * 4 + between[2]
    assert block.tolist() == expected
    own = cut(prepared, replace(task, block="trial"), windows).trials.rows["block"]
    assert [one for one in own if len(one) == 1] == ["x"] * 4 + ["y"] * 4
    assert [one for one in own if len(one) > 1] == [*between[0], *between[1], *between[2]]
