import pickle

import numpy as np
import pandas as pd
import pytest

from neurodecode.core import parts, rows
from neurodecode.core.errors import DataError
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials, stack

N_CHANNELS, N_TIMES = 3, 40


def rows_of(recording: str, onsets, label="a", **columns) -> Rows:
    onsets = np.asarray(onsets, dtype=float)
    return Rows.build(
        pd.DataFrame(
            {
                "recording": recording, "subject": recording, "session": "1", "run": "1",
                "onset": onsets, "duration": 1.0, "start": onsets, "stop": onsets + 1,
                "label": label, **columns,
            }
        )
    )  # fmt: skip


def continuous(recording: str, onsets, length=5, names=("Fz", "Cz", "Pz"), source=None) -> Trials:
    data = np.arange(N_CHANNELS * N_TIMES, dtype=float).reshape(N_CHANNELS, N_TIMES)
    part = Part(
        data if source is None else source,
        Space("sensors", names),
        ("channel", "time"),
        1.0,
        0.0,
        recording,
    )
    n = len(onsets)
    signal = TrialSignal(
        (part,), np.zeros(n, np.int32), np.asarray(onsets, np.int64), np.full(n, length, np.int32)
    )
    return Trials(rows_of(recording, onsets), {"eeg": signal})


def test_windows_are_pieces_of_the_continuous_array():
    trials = continuous("s1", [0, 3, 30])
    assert trials.X.shape == (3, N_CHANNELS, 5)
    np.testing.assert_array_equal(trials.X[1, 2], np.arange(83, 88))  # channel 2 starts at 80


def test_selecting_and_stacking_copy_no_signal():
    both = stack([continuous("s1", [0, 3]), continuous("s2", [5, 9])])
    picked = both.select(subject="s2").take([1])
    assert picked.signals["eeg"].used()[0] is both.signals["eeg"].parts[1]
    np.testing.assert_array_equal(picked.X[0, 0], np.arange(9, 14))


def test_array_names_who_differs_in_space():
    other = continuous("s2", [5], names=("Fz", "Cz", "Oz"))
    with pytest.raises(DataError, match=r"s2 has .*s1 has .*extra: \['Oz'\], lacking: \['Pz'\]"):
        stack([continuous("s1", [0]), other]).array()


def test_array_refuses_unequal_lengths_and_list_serves_them():
    both = stack([continuous("s1", [0]), continuous("s2", [5], length=7)])
    with pytest.raises(DataError, match="5 and 7 samples, the latter in s2"):
        both.array()
    assert [piece.shape[1] for piece in both.list()] == [5, 7]


def test_a_row_without_the_signal_is_named():
    eeg, other = continuous("s1", [0]), continuous("s2", [5])
    both = stack([eeg, Trials(other.rows, {"fmri": other.signals["eeg"]})])
    with pytest.raises(DataError, match="1 of 2 trials lack it, the first in s2"):
        both.array("eeg")


def test_pair_joins_by_a_column_and_marks_what_is_missing():
    eeg = continuous("s1", [0, 3, 6])
    eeg = Trials(rows_of("s1", [0, 3, 6], stimulus=["x", "y", "x"]), eeg.signals)
    clip = Trials(
        rows_of("clip", [0], stimulus=["x"]), {"clip": continuous("c", [2]).signals["eeg"]}
    )
    paired = eeg.pair(clip, by="stimulus")
    assert paired.signals["clip"].part.tolist() == [0, -1, 0]
    assert paired.signals["eeg"] is eeg.signals["eeg"]


def test_the_same_row_twice_is_an_error():
    with pytest.raises(DataError, match="s1 is in more than one"):
        stack([continuous("s1", [0]), continuous("s1", [0])])
    with pytest.raises(DataError, match="2 rows share their window"):
        rows_of("s1", [1.0, 1.0])


def test_rows_are_ordered_by_recording_then_onset():
    table = rows_of("s1", [0, 3]).table
    shuffled = pd.concat([table.assign(recording="s2"), table]).sample(frac=1, random_state=0)
    rows = Rows.build(shuffled.drop(columns="uid"))
    assert list(zip(rows["recording"], rows["onset"], strict=True)) == [
        ("s1", 0), ("s1", 3), ("s2", 0), ("s2", 3),
    ]  # fmt: skip


def test_batches_hold_every_trial_once():
    trials = continuous("s1", list(range(10)))
    seen = np.concatenate([batch.rows["onset"] for batch in trials.batches(3, seed=1)])
    assert sorted(seen) == list(range(10))
    assert list(seen) != list(range(10))


def test_a_pickled_view_carries_its_own_rows_alone():
    rows = rows_of("s1", np.arange(5000) * 2.0)
    few = pickle.dumps(rows.take([1, 2]))
    assert len(few) < len(pickle.dumps(rows)) / 50
    assert pickle.loads(few)["onset"].tolist() == [2.0, 4.0]


def test_at_most_32_files_are_open(tmp_path):
    several = []
    for i in range(40):
        path = tmp_path / f"{i}.npy"
        np.save(path, np.full((N_CHANNELS, N_TIMES), i, dtype=float))
        several.append(continuous(f"s{i:02}", [0], source=path))
    X = stack(several).X
    assert X[:, 0, 0].tolist() == list(range(40))
    assert len(parts._open_arrays) <= parts.MAX_OPEN_FILES


@pytest.mark.parametrize("n_at_once", [3, 100])
def test_names_of_rows_do_not_depend_on_how_many_are_made_at_once(n_at_once, monkeypatch):
    """Nor do entries without times or positions share one: each is named by its place."""
    nan = np.full(10, np.nan)
    table = pd.DataFrame(
        {"recording": "r", "subject": "1", "session": "1", "run": "1", "duration": 0.0,
         "onset": np.arange(10.0), "start": nan, "stop": nan}
    )  # fmt: skip
    expected = list(Rows.build(table)["uid"])
    assert len(set(expected)) == 10
    monkeypatch.setattr(rows, "_AT_ONCE", n_at_once)
    assert list(Rows.build(table)["uid"]) == expected
