"""The layout of arrays in a card: recordings over time, their events and their sensors."""

import h5py
import numpy as np
import pytest
from array_layouts import RNG, same_header, save

from neurodecode.core.errors import DataError
from neurodecode.data.cards import load_card
from neurodecode.data.cut import cut
from neurodecode.data.prepared import prepare
from neurodecode.data.tasks import Task, WindowsSpec
from neurodecode.signal.channels import Pick


def test_whole_recordings_are_trials_of_their_own_length(tmp_path, of_layout, own_cache):
    save(tmp_path, **{"1": RNG.random((5, 3)), "2": RNG.random((7, 3))})
    recordings = of_layout('path: a.npz\ndata: "{subject}"\naxes: [time, parcel]\nt_r: 2')
    task = load_card(tmp_path / "own.yaml").tasks  # no task is needed to cut what spans its event
    assert task == {}
    trials = cut(prepare(recordings, [], own_cache), Task(), WindowsSpec(span="event")).trials
    assert [one.shape for one in trials.list()] == [(3, 5), (3, 7)]


@pytest.mark.parametrize(("axis", "continuous"), [("volume", False), ("time", True)])
def test_runs_follow_each_other_and_events_count_their_samples(
    tmp_path, of_layout, axis, continuous
):
    series = RNG.random((10, 2))
    save(tmp_path, s1=series)
    (tmp_path / "segments.csv").write_text(
        "segment,from,to,place\n1,1,2,in\n2,3,4,out\n3,,,in\n4,5,5,in\n5,8,10,out\n"
    )
    layout = f"""
    path: a.npz
    data: "{{subject}}"
    axes: [{axis}, parcel]
    t_r: 2
    runs: [4, 6]
    table: {{path: segments.csv, first: from, last: to}}
    columns: {{label: place}}
    tracks: {{pace: pace}}
    """
    save(tmp_path, s1=series, pace=np.arange(10))
    layout = layout.replace('"{subject}"', "s1")
    first, second = (same_header(one) for one in of_layout(layout))
    for signal, rows in ((first, slice(0, 4)), (second, slice(4, 10))):
        np.testing.assert_array_equal(signal.data, series[rows].T if continuous else series[rows])
        assert signal.continuous == continuous and signal.sfreq == 0.5
        assert signal.tracks["pace"].tolist() == list(range(10))[rows]
        assert signal.notes == ("1 of 5 events of the table have no time.",)
    assert first.events[["onset", "duration"]].to_numpy().tolist() == [[0.0, 4.0], [4.0, 4.0]]
    assert second.events[["onset", "duration"]].to_numpy().tolist() == [[0.0, 2.0], [6.0, 6.0]]
    assert second.events["label"].tolist() == ["in", "out"]
    assert second.events["segment"].tolist() == [4, 5]
    with pytest.raises(DataError, match=r"10 samples, the card's runs are 4 \+ 5 = 9"):
        of_layout(layout.replace("[4, 6]", "[4, 5]"))[0].load()


def test_a_code_a_sample_makes_events(tmp_path, of_layout):
    (tmp_path / "a.csv").write_text(
        "bold,events\n" + "\n".join(f"{i},{c}" for i, c in enumerate([0, 4, 0, 3, 3, 2, 0]))
    )
    (one,) = of_layout("path: a.csv\ndata: [bold]\naxes: [parcel, time]\nt_r: 2\ncodes: events")
    signal = same_header(one)
    np.testing.assert_array_equal(signal.data, [np.arange(7)])
    assert signal.events["label"].tolist() == ["4", "3", "2"]
    assert signal.events["onset"].tolist() == [2.0, 6.0, 10.0]
    assert signal.events["duration"].tolist() == [2.0, 4.0, 2.0]


def test_all_columns_of_a_table_that_nothing_else_takes_are_data(tmp_path, of_layout):
    (tmp_path / "a.csv").write_text("WM,left,right,Brain\n1,2,3,4\n5,6,7,8\n")
    (one,) = of_layout(
        "path: a.csv\naxes: [parcel, time]\nt_r: 2\ntracks: {confounds: [WM, Brain]}"
    )
    signal = same_header(one)
    assert signal.space.names == ("left", "right")
    np.testing.assert_array_equal(signal.data, [[2, 6], [3, 7]])
    np.testing.assert_array_equal(signal.tracks["confounds"], [[1, 4], [5, 8]])


def test_events_of_a_table_in_seconds(tmp_path, of_layout):
    np.save(tmp_path / "sub-1_eeg.npy", 2e-5 * RNG.standard_normal((3, 1000)))
    (tmp_path / "sub-1_events.csv").write_text("at,for,hand\n7,1,right\n2,1.5,left\n")
    layout = """
    path: "sub-{subject}_eeg.npy"
    axes: [channel, time]
    features: {names: [Fz, Cz, Pz]}
    table: {path: "sub-{subject}_events.csv", onset: at, duration: for}
    columns: {label: hand}
    """
    rest = "channels: {n: 3, sfreq: 100, unit: V}\n"
    signal = same_header(of_layout(layout, "eeg", rest)[0])
    assert signal.space.types == ("eeg",) * 3 and signal.space.unit == "V"
    assert signal.space.kind == "sensors" and signal.sfreq == 100.0
    rows = signal.events[["onset", "duration", "label"]].to_numpy().tolist()
    assert rows == [[2.0, 1.5, "left"], [7.0, 1.0, "right"]]
    (tmp_path / "sub-1_events.csv").write_text("at,for,hand\n70,1,right\n")
    with pytest.raises(DataError, match="at 70 s, outside the recording of 10 s"):
        of_layout(layout, "eeg", rest)[0].load()
    (tmp_path / "sub-1_events.csv").write_text("at,for,hand\nsoon,1,right\n")
    with pytest.raises(DataError, match="'soon' is no number of seconds"):
        of_layout(layout, "eeg", rest)[0].load()


def test_units_and_types_of_sensors(tmp_path, of_layout):
    X = 20 * RNG.standard_normal((5, 2, 30))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["X"], file["fs"], file["names"] = X, 50.0, np.array(["Cz", "VEOG"], dtype=object)
    layout = (
        "path: a.h5\ndata: X\naxes: [trial, channel, time]\nsfreq: fs\nfeatures: {names: names}"
    )
    (one,) = of_layout(layout, "eeg", "channels: {unit: uV, types: {VEOG: eog}}\n")
    signal = same_header(one)
    np.testing.assert_array_equal(signal.data, X * 1e-6)
    assert signal.space.types == ("eeg", "eog") and signal.space.names == ("Cz", "VEOG")
    assert signal.entries and signal.sfreq == 50.0 and signal.space.unit == "V"
    with pytest.raises(DataError, match="2 along channel, the card says 64"):
        of_layout(layout, "eeg", "channels: {n: 64}\n")[0].header()
    with pytest.raises(DataError, match=r"channels\.types names 'HEOG', which is none"):
        of_layout(layout, "eeg", "channels: {types: {HEOG: eog}}\n")[0].header()


def test_regions_are_types_that_pick_takes(tmp_path, of_layout):
    save(tmp_path, X=RNG.random((3, 4)), roi=np.array([2, 1, 2, 1], dtype=np.uint8))
    (one,) = of_layout(
        "path: a.npz\ndata: X\naxes: [trial, voxel]\n"
        'features: {types: roi, codes: {"1": V1, "2": IT}}'
    )
    signal = same_header(one)
    assert signal.space.types == ("IT", "V1", "IT", "V1")
    np.testing.assert_array_equal(Pick(("IT",))(signal).data, signal.data[:, [0, 2]])
