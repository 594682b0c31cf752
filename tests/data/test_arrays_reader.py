"""The layout of arrays in a card: what each axis, key and column becomes."""

import shutil
from textwrap import dedent

import h5py
import numpy as np
import pytest
import scipy.io
from scipy.spatial.distance import squareform

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.data.cards import load_card
from neurodecode.data.cut import cut
from neurodecode.data.prepared import Failed, look, prepare
from neurodecode.data.readers import find_recordings

RNG = np.random.default_rng(0)
HEAD = "name: own\nmodality: MODALITY\nreader:\n  arrays:\n"


@pytest.fixture
def found(tmp_path):
    """Find the recordings of a layout; its lines stand under the reader."""

    def find(layout, modality="fmri", rest=""):
        lines = "\n".join(f"    {line}" for line in dedent(layout).strip().splitlines())
        path = tmp_path / "own.yaml"
        path.write_text(HEAD.replace("MODALITY", modality) + lines + "\n" + rest)
        return find_recordings(load_card(path), "", tmp_path)

    return find


def save(tmp_path, name="a.npz", **arrays):
    np.savez(tmp_path / name, **arrays)


def same_header(recording):
    """Hold a header to the signal; gives the signal."""
    header, signal = recording.header(), recording.load()
    assert header.data is None
    assert header.space == signal.space and header.axes == signal.axes
    assert (header.sfreq, header.tmin, header.n_times) == (
        signal.sfreq,
        signal.tmin,
        signal.n_times,
    )
    assert header.events.equals(signal.events) and header.notes == signal.notes
    assert header.entries == signal.entries and set(header.tracks) == set(signal.tracks)
    for name, track in signal.tracks.items():
        assert header.tracks[name].shape[1:] == track.shape[1:]
        assert len(track) == (len(signal.events) if signal.entries else signal.n_times)
    assert signal.data.dtype == np.float64 and signal.data.flags.c_contiguous
    return signal


def test_trials_of_voxels(tmp_path, found):
    X = RNG.standard_normal((6, 4)).astype(np.float32)
    save(tmp_path, X=X, y=np.array([1, 2, 1, 2, 1, 2.0]), shown=list("abcabc"))
    (one,) = found(
        """
        path: a.npz
        data: X
        axes: [trial, voxel]
        columns: {label: {key: y, codes: {"1": six, "2": nine}}, stimulus: shown, amount: y}
        """
    )
    signal = same_header(one)
    np.testing.assert_array_equal(signal.data, X.astype(np.float64))
    assert signal.axes == ("voxel",) and signal.space.kind == "voxels" and len(signal.space) == 4
    assert signal.sfreq is None and not signal.continuous
    assert signal.events["label"].tolist() == ["six", "nine"] * 3
    assert signal.events["stimulus"].tolist() == list("abcabc")
    assert signal.events["amount"].tolist() == [1, 2, 1, 2, 1, 2]
    assert signal.events["onset"].isna().all()
    assert one.id == "sub-01_ses-1_run-1"


def test_axes_in_any_order_and_sums_over_them(tmp_path, found):
    counts = RNG.integers(0, 9, (5, 3, 4, 2)).astype(np.uint8)  # cell, time, trial, one of two
    save(tmp_path, counts=counts[..., :1])
    layout = "path: a.npz\ndata: counts\naxes: [cell, time, trial, _]\n"
    bins = same_header(found(layout + "sfreq: 4\ntmin: -0.25", "spikes")[0])
    np.testing.assert_array_equal(bins.data, counts[..., 0].transpose(2, 0, 1))
    assert bins.entries and bins.axes == ("cell", "time") and bins.sfreq == 4.0
    assert bins.tmin == -0.25 and bins.n_times == 3 and len(bins.events) == 4
    summed = same_header(found(layout + "sum: [time]", "spikes")[0])
    np.testing.assert_array_equal(summed.data, counts[..., 0].sum(axis=1, dtype=int).T)
    assert summed.data.max() > 255 / 20 and summed.axes == ("cell",)


def test_several_axes_of_trials_become_columns(tmp_path, found):
    counts = RNG.standard_normal((2, 6, 3))  # repeat, family x direction, cell
    save(tmp_path, counts=counts, shown=np.array(["x", "y"]))
    (one,) = found(
        """
        path: a.npz
        data: counts
        axes: [repeat, family*direction, cell]
        levels: {family: [f0, f1], direction: [down, up, left]}
        columns:
          label: {join: [family, direction]}
          group: {axis: repeat}
          shown: {axis: repeat, key: shown}
          stimulus: {axis: family, template: "family{number:02d}"}
        """
    )
    signal = same_header(one)
    rows = signal.events
    for i in range(12):
        repeat, family, direction = np.unravel_index(i, (2, 2, 3))
        np.testing.assert_array_equal(signal.data[i], counts[repeat, 3 * family + direction])
        names = (f"f{family}", ["down", "up", "left"][direction])
        assert (rows["family"][i], rows["direction"][i]) == names
        assert rows["label"][i] == " ".join(names)
        assert rows["repeat"][i] == repeat and rows["group"][i] == str(repeat)
        assert rows["shown"][i] == "xy"[repeat] and rows["stimulus"][i] == f"family0{family + 1}"


def test_a_key_a_recording_and_words_that_are_columns(tmp_path, found):
    keys = {f"s{s}_{f}_{a}": RNG.random((3, n)) for s, f, a, n in
            [("00", "a", "V1", 4), ("00", "b", "LM", 2), ("07", "a", "V1", 3)]}  # fmt: skip
    save(tmp_path, **keys, s00_kept=np.ones(4))
    recordings = found(
        'path: a.npz\ndata: "s{subject}_{session}_{area}"\naxes: [trial, cell]', "spikes"
    )
    assert [(r.subject, r.session) for r in recordings] == [("00", "a"), ("00", "b"), ("07", "a")]
    for one, (key, values) in zip(recordings, keys.items(), strict=True):
        signal = same_header(one)
        np.testing.assert_array_equal(signal.data, values)
        assert set(signal.events["area"]) == {key.rpartition("_")[2]}
    assert len({one.key for one in recordings}) == 3


def test_a_key_that_fits_no_template_is_said_with_what_there_is(tmp_path, found):
    save(tmp_path, one=np.ones((2, 2)))
    with pytest.raises(DataError, match=r"no key of it is like 's\{subject\}'; it holds: one"):
        found('path: a.npz\ndata: "s{subject}"\naxes: [trial, cell]')


def test_a_column_parts_rows_into_recordings(tmp_path, found):
    X = RNG.random((6, 2))
    save(tmp_path, X=X, session=np.array([21, 22, 21, 22, 23, 21]), picture=np.arange(6)[:, None])
    recordings = found(
        """
        path: a.npz
        data: X
        axes: [trial, voxel]
        columns: {session: session}
        tracks: {picture: picture}
        """
    )
    assert [one.session for one in recordings] == ["21", "22", "23"]
    for one, rows in zip(recordings, ([0, 2, 5], [1, 3], [4]), strict=True):
        signal = same_header(one)
        np.testing.assert_array_equal(signal.data, X[rows])
        assert signal.tracks["picture"].ravel().tolist() == rows
    assert len({one.key for one in recordings}) == 3


def test_an_axis_of_subjects_makes_recordings(tmp_path, found):
    values = {name: RNG.random((7, 3)) for name in ("aud", "vis")}
    save(tmp_path, who=np.array(["s1", "s2", "s11"]), **values)
    layout = """
    path: a.npz
    data: [vis, aud]
    axes: [parcel, time, subject]
    t_r: 1.5
    """
    recordings = found(dedent(layout) + "levels: {subject: who}")
    assert {one.subject for one in recordings} == {"s1", "s2", "s11"}
    one = next(r for r in recordings if r.subject == "s11")
    signal = same_header(one)
    np.testing.assert_array_equal(signal.data, [values["vis"][:, 2], values["aud"][:, 2]])
    assert signal.space.names == ("vis", "aud") and signal.space.kind == "parcels"
    assert signal.axes == ("parcel", "time") and signal.sfreq == pytest.approx(1 / 1.5)
    assert signal.events[["onset", "duration"]].to_numpy().tolist() == [[0.0, 10.5]]
    assert [r.subject for r in found(layout)] == ["1", "2", "3"]
    with pytest.raises(DataError, match="the axis subject has 3 positions and 2 levels"):
        found(dedent(layout) + "levels: {subject: [a, b]}")[0].load()


def test_official_parts_are_joined_and_named(tmp_path, found):
    arrays = {"fmriTrn": RNG.random((3, 2)), "fmriTest": RNG.random((2, 2))}
    pictures = RNG.integers(0, 256, (5, 2, 3)).astype(np.uint8)  # upright
    flat = np.array([one.ravel(order="F") for one in pictures])
    labels = {"labelTrn": np.array([[1], [1], [2]]), "labelTest": np.array([[1], [2]])}
    scipy.io.savemat(
        tmp_path / "a.mat", arrays | labels | {"stimTrn": flat[:3], "stimTest": flat[3:]}
    )
    (one,) = found(
        """
        path: a.mat
        splits: {train: Trn, test: Test}
        data: "fmri{split}"
        axes: [trial, voxel]
        columns:
          label: {key: "label{split}", codes: {"1": six, "2": nine}}
          stimulus: {template: "{split}{number:03d}"}
        tracks: {picture: {key: "stim{split}", shape: [2, 3], order: F, divide: 255}}
        """
    )
    signal = same_header(one)
    np.testing.assert_array_equal(signal.data, np.concatenate(list(arrays.values())))
    assert signal.events["split"].tolist() == ["train"] * 3 + ["test"] * 2
    assert signal.events["label"].tolist() == ["six", "six", "nine", "six", "nine"]
    assert signal.events["stimulus"].tolist() == [
        "train001", "train002", "train003", "test001", "test002",
    ]  # fmt: skip
    np.testing.assert_array_equal(signal.tracks["picture"], pictures / 255)


def test_pairs_are_unpacked_as_scipy_packs_them(tmp_path, found):
    packed = RNG.random((2, 10))
    save(tmp_path, IT_RDMs=packed, EVC_RDMs=packed + 1)
    recordings = found('path: a.npz\ndata: "{session}_RDMs"\naxes: [subject, pair]')
    assert [r.id for r in recordings] == [
        f"sub-{s}_ses-{region}_run-1" for s in "12" for region in ("EVC", "IT")
    ]
    signal = same_header(recordings[1])
    np.testing.assert_array_equal(signal.data, squareform(packed[0]))
    save(tmp_path, IT_RDMs=packed[:, :9])
    with pytest.raises(DataError, match="9 pairs are not the upper triangle of a square"):
        found('path: a.npz\ndata: "{session}_RDMs"\naxes: [subject, pair]')


def test_a_row_of_a_table_a_recording(tmp_path, found):
    lengths = {"11": 5, "007": 7}
    save(tmp_path, **{who: RNG.random((n, 3)) for who, n in lengths.items()})
    table = tmp_path / "people.csv"
    table.write_text(
        "ID,SITE,DX,AGE,FIQ,TR\n007,A,1,13.5,-9999,1.5\n11,B,0,20,101,2.5\n99,B,0,1,1,1\n"
    )
    layout = """
    path: a.npz
    data: "{subject}"
    axes: [time, parcel]
    t_r: TR
    table: {path: people.csv, by: {subject: ID}}
    columns:
      label: {key: DX, codes: {"1": asd, "0": control}}
      group: SITE
      fiq: {key: FIQ, missing: "-9999"}
    """
    first, second = found(layout)
    signal = same_header(first)
    assert first.subject == "007" and signal.data.shape == (3, 7) and signal.sfreq == 1 / 1.5
    row = signal.events.iloc[0]
    assert (row["label"], row["group"], row["AGE"]) == ("asd", "A", 13.5)
    assert np.isnan(row["fiq"]) and (row["onset"], row["duration"]) == (0.0, 10.5)
    assert "DX" not in signal.events and "FIQ" not in signal.events  # taken, under their names
    assert second.load().events["fiq"].tolist() == [101.0] and second.load().sfreq == 1 / 2.5
    assert {file.path.name for file in first.files} == {"a.npz", "people.csv"}
    key = first.key
    table.write_text(table.read_text().replace("13.5", "14.5"))
    assert found(layout)[0].key != key
    table.write_text("ID,SITE,DX,AGE,FIQ,TR\n11,B,0,20,101,2.5\n")
    with pytest.raises(DataError, match=r"no row of subject 007, whose data are in a.npz"):
        found(layout)[0].load()
    table.write_text("ID,SITE,DX,AGE,FIQ,TR\n" + "007,B,0,20,101,2.5\n" * 2)
    with pytest.raises(DataError, match="its table has 2 rows for 1 recording"):
        found(layout)[0].load()


def test_whole_recordings_are_trials_of_their_own_length(tmp_path, found, own_cache):
    save(tmp_path, **{"1": RNG.random((5, 3)), "2": RNG.random((7, 3))})
    recordings = found('path: a.npz\ndata: "{subject}"\naxes: [time, parcel]\nt_r: 2')
    task = load_card(tmp_path / "own.yaml").tasks  # no task is needed to cut what spans its event
    assert task == {}
    from neurodecode.data.tasks import Task, WindowsSpec

    trials = cut(prepare(recordings, [], own_cache), Task(), WindowsSpec(span="event")).trials
    assert [one.shape for one in trials.list()] == [(3, 5), (3, 7)]


@pytest.mark.parametrize(("axis", "continuous"), [("volume", False), ("time", True)])
def test_runs_follow_each_other_and_events_count_their_samples(tmp_path, found, axis, continuous):
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
    first, second = (same_header(one) for one in found(layout))
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
        found(layout.replace("[4, 6]", "[4, 5]"))[0].load()


def test_a_code_a_sample_makes_events(tmp_path, found):
    (tmp_path / "a.csv").write_text(
        "bold,events\n" + "\n".join(f"{i},{c}" for i, c in enumerate([0, 4, 0, 3, 3, 2, 0]))
    )
    (one,) = found("path: a.csv\ndata: [bold]\naxes: [parcel, time]\nt_r: 2\ncodes: events")
    signal = same_header(one)
    np.testing.assert_array_equal(signal.data, [np.arange(7)])
    assert signal.events["label"].tolist() == ["4", "3", "2"]
    assert signal.events["onset"].tolist() == [2.0, 6.0, 10.0]
    assert signal.events["duration"].tolist() == [2.0, 4.0, 2.0]


def test_all_columns_of_a_table_that_nothing_else_takes_are_data(tmp_path, found):
    (tmp_path / "a.csv").write_text("WM,left,right,Brain\n1,2,3,4\n5,6,7,8\n")
    (one,) = found("path: a.csv\naxes: [parcel, time]\nt_r: 2\ntracks: {confounds: [WM, Brain]}")
    signal = same_header(one)
    assert signal.space.names == ("left", "right")
    np.testing.assert_array_equal(signal.data, [[2, 6], [3, 7]])
    np.testing.assert_array_equal(signal.tracks["confounds"], [[1, 4], [5, 8]])


def test_events_of_a_table_in_seconds(tmp_path, found):
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
    signal = same_header(found(layout, "eeg", rest)[0])
    assert signal.space.types == ("eeg",) * 3 and signal.space.unit == "V"
    assert signal.space.kind == "sensors" and signal.sfreq == 100.0
    rows = signal.events[["onset", "duration", "label"]].to_numpy().tolist()
    assert rows == [[2.0, 1.5, "left"], [7.0, 1.0, "right"]]
    (tmp_path / "sub-1_events.csv").write_text("at,for,hand\n70,1,right\n")
    with pytest.raises(DataError, match="at 70 s, outside the recording of 10 s"):
        found(layout, "eeg", rest)[0].load()
    (tmp_path / "sub-1_events.csv").write_text("at,for,hand\nsoon,1,right\n")
    with pytest.raises(DataError, match="'soon' is no number of seconds"):
        found(layout, "eeg", rest)[0].load()


def test_units_and_types_of_sensors(tmp_path, found):
    X = 20 * RNG.standard_normal((5, 2, 30))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["X"], file["fs"], file["names"] = X, 50.0, np.array(["Cz", "VEOG"], dtype=object)
    layout = (
        "path: a.h5\ndata: X\naxes: [trial, channel, time]\nsfreq: fs\nfeatures: {names: names}"
    )
    (one,) = found(layout, "eeg", "channels: {unit: uV, types: {VEOG: eog}}\n")
    signal = same_header(one)
    np.testing.assert_array_equal(signal.data, X * 1e-6)
    assert signal.space.types == ("eeg", "eog") and signal.space.names == ("Cz", "VEOG")
    assert signal.entries and signal.sfreq == 50.0 and signal.space.unit == "V"
    with pytest.raises(DataError, match="2 along channel, the card says 64"):
        found(layout, "eeg", "channels: {n: 64}\n")[0].header()
    with pytest.raises(DataError, match=r"channels\.types names 'HEOG', which is none"):
        found(layout, "eeg", "channels: {types: {HEOG: eog}}\n")[0].header()


def test_regions_are_types_that_pick_takes(tmp_path, found):
    from neurodecode.signal.channels import Pick

    save(tmp_path, X=RNG.random((3, 4)), roi=np.array([2, 1, 2, 1], dtype=np.uint8))
    (one,) = found(
        "path: a.npz\ndata: X\naxes: [trial, voxel]\n"
        'features: {types: roi, codes: {"1": V1, "2": IT}}'
    )
    signal = same_header(one)
    assert signal.space.types == ("IT", "V1", "IT", "V1")
    np.testing.assert_array_equal(Pick(("IT",))(signal).data, signal.data[:, [0, 2]])


def test_entries_without_a_value_are_left_out_and_counted(tmp_path, found, own_cache):
    counts = RNG.integers(0, 9, (3, 2, 4)).astype(np.uint8)
    counts[1, 1] = counts[2, 0] = 255
    save(tmp_path, counts=counts)
    layout = "path: a.npz\ndata: counts\naxes: [picture, repeat, cell]\nmissing: 255"
    (one,) = found(layout, "spikes")
    signal = same_header(one)
    np.testing.assert_array_equal(signal.data, counts.reshape(6, 4)[[0, 1, 2, 5]])
    assert signal.events["picture"].tolist() == [0, 0, 1, 2]
    assert signal.notes == ("2 of 6 entries hold no value.",)
    counts[0, 0, 1] = 255  # one cell alone is no missing trial
    save(tmp_path, counts=counts)
    (failed,) = prepare(found(layout, "spikes"), [], own_cache)
    assert isinstance(failed, Failed)
    assert "not finite (NaN or infinite) in 1 of 4 features: cell 1 (1 of 4)" in failed.message


def test_nan_is_refused_when_it_is_prepared(tmp_path, found, own_cache):
    X = RNG.random((3, 4))
    X[1, 2] = np.nan
    save(tmp_path, X=X)
    (failed,) = prepare(found("path: a.npz\ndata: X\naxes: [trial, voxel]"), [], own_cache)
    assert "not finite (NaN or infinite) in 1 of 4 voxels: voxel 2 (1 of 3)" in failed.message


def test_what_is_prepared_is_what_was_planned(tmp_path, found, own_cache):
    save(tmp_path, X=RNG.random((4, 3)), y=list("abab"), p=RNG.random((4, 2, 2)))
    layout = "path: a.npz\ndata: X\naxes: [trial, voxel]\ncolumns: {label: y}\ntracks: {picture: p}"
    from neurodecode.data.tasks import TargetSpec, Task

    task = Task(target=TargetSpec(vector="picture"))
    planned = cut(look(found(layout), [], own_cache), task, None).trials
    done = cut(prepare(found(layout), [], own_cache), task, None).trials
    assert planned.rows["uid"].tolist() == done.rows["uid"].tolist()
    np.testing.assert_array_equal(
        done.array("picture"), np.load(tmp_path / "a.npz")["p"].reshape(4, 4)
    )


def test_a_header_reads_shapes_alone_and_a_signal_its_own_array(tmp_path, found, monkeypatch):
    save(tmp_path, **{f"s{i}": np.ones((4, 3)) for i in range(3)}, y=np.arange(4))
    one, *_ = found('path: a.npz\ndata: "s{subject}"\naxes: [trial, voxel]\ncolumns: {label: y}')
    read, plain = [], np.lib.npyio.NpzFile.__getitem__
    monkeypatch.setattr(
        np.lib.npyio.NpzFile, "__getitem__", lambda self, key: read.append(key) or plain(self, key)
    )
    assert one.header().n_times == 4 and read == ["y"]
    read.clear()
    one.load()
    assert sorted(read) == ["s0", "y"]


ARRAYS = {
    "X": np.ones((4, 3)), "y": np.array([0, 1, 0, 1]), "short": np.ones(3),
    "words": np.array(list("abcd")), "empty": np.ones((0, 3)), "complex": np.ones((4, 3)) * 1j,
}  # fmt: skip


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        ("data: Z\naxes: [trial, voxel]", "there is no 'Z' in it; it holds: X, y, short"),
        ("data: X\naxes: [trial, voxel, time]\nt_r: 1", r"has 2 axes, the card names 3"),
        ("data: X\naxes: [trial, voxel]\ncolumns: {label: short}", r"shape \(3,\) for 4 rows"),
        ("data: empty\naxes: [trial, voxel]", "the data hold no entry at all"),
        ("data: X\naxes: [trial, voxel]\ncolumns: {onset: words}", "'a', no number of seconds"),
        ("data: X\naxes: [trial, voxel]\ntracks: {fmri: X}", "may not be called 'fmri'"),
        ("data: X\naxes: [trial, voxel]\ncolumns: {label: why}", "there is no 'why' in it"),
        ("data: complex\naxes: [trial, voxel]", "holds .*complex128.*, which is no real number"),
        ("data: [X, y]\naxes: [voxel, trial, cell]", r"expected one of channel"),
        ("data: [X, y]\naxes: [a, trial, cell]", r"'y' has shape \(4,\), 'X' has \(4, 3\)"),
        ("axes: [trial, voxel]", "it holds 6 arrays .* Name the data in the card"),
        ("data: X\naxes: [trial, voxel]\ntracks: {p: short}", "has 3 entries, the data have 4"),
        ("data: X\naxes: [trial, voxel]\ntracks: {p: words}", "a track, holds no numbers"),
        ("data: X\naxes: [trial, voxel]\ntracks: {p: {key: X, shape: [2, 2]}}", "are no 2 × 2"),
        ("data: X\naxes: [trial, voxel]\nfeatures: {names: [a, b]}", "2 names for 3 along voxel"),
        ("data: X\naxes: [time, voxel]", "data over time need sfreq or t_r"),
        ("data: X\naxes: [time, voxel]\nt_r: y", "'y', the rate, has 2 values"),
        ("data: X\naxes: [time, voxel]\nt_r: words", "'words', the rate, has 4 values"),
        ("data: X\naxes: [time, voxel]\nt_r: 1\ncodes: short", r"'short' has shape \(3,\)"),
        ("data: X\naxes: [_, voxel]", "an axis named _ has 4 positions"),
        ("data: X\naxes: [a*b, voxel]\nlevels: {a: [x]}", "levels of 'b' are not in the card"),
        ("data: X\naxes: [a*b, voxel]\nlevels: {a: [x], b: [x, y]}", "levels are 1 × 2"),
        ("data: X\naxes: [trial, voxel]\ntable: {path: t.csv}", "file beside a.npz is missing"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_sentence(tmp_path, found, layout, said):
    save(tmp_path, **ARRAYS)
    with pytest.raises((ConfigError, DataError, DataMissing), match=said) as caught:
        found("path: a.npz\n" + layout)[0].load()
    assert "\n" not in str(caught.value).split("yaml:")[-1]


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        ("axes: [trial]", "axes: expected one of channel, voxel"),
        ("axes: [cell, voxel]", r"expected one of .* got cell and voxel in \[cell, voxel\]"),
        ("axes: [trial, trial, voxel]", "'trial' is named twice"),
        ("axes: [trial, volume, voxel]", "volumes are entries themselves"),
        ("axes: [trial, voxel]\nsum: [time]", "sum: 'time' is no axis"),
        ("axes: [trial, voxel]\nlevels: {b: [x]}", "levels: 'b' is not one of the axes"),
        ("axes: [time, voxel]\nsfreq: 1\nt_r: 1", "not both"),
        ("axes: [time, voxel]\nt_r: 0", "must be above zero"),
        ("axes: [trial, voxel]\nruns: [1]", "runs and codes belong to data over time"),
        ("axes: [time, voxel]\nt_r: 1\nruns: [0]", "number of samples of each run"),
        ("axes: [time, voxel]\nt_r: 1\nsplits: {a: b}", "splits: they are parts of the trials"),
        ("axes: [time, voxel]\ncodes: c\ntable: {path: t.csv, onset: o}", "not both"),
        ("axes: [trial, voxel]\ntable: {path: ../t.csv}", "leaves the data set's folder"),
        ("axes: [trial, voxel]\ntable: {path: t.csv, by: {person: p}}", "'person' is not one of"),
        ("axes: [trial, voxel]\ntable: {path: t.csv, first: a}", "expected first and last"),
        ("axes: [trial, voxel]\ntable: {path: t.csv, duration: a}", "it belongs to onset"),
        ("axes: [trial, voxel]\ncolumns: {a: {}}", "expected one of key, template, join"),
        ("axes: [trial, voxel]\ncolumns: {a: {key: b, join: [c]}}", "expected one of key"),
        ("axes: [trial, voxel]\ncolumns: {a: {path: c, axis: b}}", "it is the file of a key"),
        ("axes: [trial, voxel]\ncolumns: {a: {kee: b}}", "unknown key. Did you mean 'key'"),
        ("axes: [trial, voxel]\ntracks: {a: {key: b, order: A}}", "expected C or F, got 'A'"),
        ("axes: [trial, voxel]\ntracks: {a: {key: b, divide: 0}}", "a number other than 0"),
        ("axes: [trial, voxel]\ntracks: {a: {key: b, path: /etc/x}}", "leaves the data set's"),
        ("axes: [trial, voxel]\ntracks: {../a: b}", "tracks: '../a' is no word"),
        ("axes: [trial, voxel]\ncolumns: {uid: b}", "'uid' is made by us"),
    ],
)
def test_a_layout_that_cannot_be_meant_is_refused_with_its_line(found, layout, said):
    with pytest.raises(ConfigError, match=said) as caught:
        found("path: a.npz\n" + layout)
    assert "own.yaml:" in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("{a: {join: [b]}}", "join names 'b', which is not before it"),
        ("{a: {axis: repeat}}", "no axis 'repeat'. Known: trial"),
        ('{a: {template: "{x}"}}', r"\{x\} is not one of number, run, session"),
    ],
)
def test_a_column_of_what_is_not_there_is_refused(tmp_path, found, columns, said):
    save(tmp_path, **ARRAYS)
    with pytest.raises(ConfigError, match=said):
        found(f"path: a.npz\ndata: X\naxes: [trial, voxel]\ncolumns: {columns}")[0].load()


def test_events_of_the_card_are_not_silently_ignored(tmp_path, found):
    save(tmp_path, **ARRAYS)
    with pytest.raises(ConfigError, match="has its events from table, codes or columns"):
        found("path: a.npz\ndata: X\naxes: [trial, voxel]", rest="events: {from: stim}\n")


def test_a_column_that_parts_recordings_has_no_holes(tmp_path, found):
    (tmp_path / "t.csv").write_text("session\n1\n\n2\n1\n".replace("\n\n", '\n""\n'))
    save(tmp_path, **ARRAYS)
    with pytest.raises(DataError, match="the column 'session' is empty in some rows"):
        found(
            "path: a.npz\ndata: X\naxes: [trial, voxel]\n"
            "columns: {session: {key: session, path: t.csv}}"
        )


def test_a_damaged_mat_file_is_an_error_where_it_is_found_and_where_it_is_read(
    tmp_path, found, own_cache
):
    (tmp_path / "a.mat").write_bytes(b"MATLAB 5.0 MAT-file" + b"\xff" * 400)
    with pytest.raises(DataError, match=r"a\.mat"):
        found('path: a.mat\ndata: "{subject}"\naxes: [trial, voxel]')
    (failed,) = prepare(found("path: a.mat\ndata: X\naxes: [trial, voxel]"), [], own_cache)
    assert isinstance(failed, Failed) and "a.mat" in failed.message


def test_a_mat_file_that_crashes_its_reader_does_not_take_us_along(
    tmp_path, found, own_cache, real
):
    broken = "broken/eeglab_one_bit_crashes_reader.set"
    shutil.copy(real("formats_mne", broken) / broken, tmp_path / "a.mat")
    (one,) = found("path: a.mat\ndata: EEG.data\naxes: [channel, time]\nsfreq: 128")
    (failed,) = prepare([one], [], own_cache)
    assert isinstance(failed, Failed)
    # What the flipped bit does depends on what lies in memory: mostly death, else an error.
    died = "the process that read it died (signal SIG" in failed.message
    assert died or "cannot be read" in failed.message
    assert "a.mat" in failed.message
    with pytest.raises(DataError, match=r"the process that read it died|cannot be read"):
        found("path: a.mat\ndata: EEG.data\naxes: [subject, channel]")
