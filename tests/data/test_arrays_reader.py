"""The layout of arrays in a card: what each axis, key and column becomes."""

from textwrap import dedent

import numpy as np
import pytest
import scipy.io
from array_layouts import RNG, same_header, save
from scipy.spatial.distance import squareform

import neurodecode as nd
from neurodecode.core.errors import DataError
from neurodecode.data.cut import cut
from neurodecode.data.prepared import Failed, look, prepare
from neurodecode.data.tasks import TargetSpec, Task


def test_trials_of_voxels(tmp_path, of_layout):
    X = RNG.standard_normal((6, 4)).astype(np.float32)
    save(tmp_path, X=X, y=np.array([1, 2, 1, 2, 1, 2.0]), shown=list("abcabc"))
    (one,) = of_layout(
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


def test_axes_in_any_order_and_sums_over_them(tmp_path, of_layout):
    counts = RNG.integers(0, 9, (5, 3, 4, 2)).astype(np.uint8)  # cell, time, trial, one of two
    save(tmp_path, counts=counts[..., :1])
    layout = "path: a.npz\ndata: counts\naxes: [cell, time, trial, _]\n"
    bins = same_header(of_layout(layout + "sfreq: 4\ntmin: -0.25", "spikes")[0])
    np.testing.assert_array_equal(bins.data, counts[..., 0].transpose(2, 0, 1))
    assert bins.entries and bins.axes == ("cell", "time") and bins.sfreq == 4.0
    assert bins.tmin == -0.25 and bins.n_times == 3 and len(bins.events) == 4
    summed = same_header(of_layout(layout + "sum: [time]", "spikes")[0])
    np.testing.assert_array_equal(summed.data, counts[..., 0].sum(axis=1, dtype=int).T)
    assert summed.data.max() > 255 / 20 and summed.axes == ("cell",)


def test_several_axes_of_trials_become_columns(tmp_path, of_layout):
    counts = RNG.standard_normal((2, 6, 3))  # repeat, family x direction, cell
    save(tmp_path, counts=counts, shown=np.array(["x", "y"]))
    (one,) = of_layout(
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


def test_a_key_a_recording_and_words_that_are_columns(tmp_path, of_layout):
    keys = {f"s{s}_{f}_{a}": RNG.random((3, n)) for s, f, a, n in
            [("00", "a", "V1", 4), ("00", "b", "LM", 2), ("07", "a", "V1", 3)]}  # fmt: skip
    save(tmp_path, **keys, s00_kept=np.ones(4))
    recordings = of_layout(
        'path: a.npz\ndata: "s{subject}_{session}_{area}"\naxes: [trial, cell]', "spikes"
    )
    assert [(r.subject, r.session) for r in recordings] == [("00", "a"), ("00", "b"), ("07", "a")]
    for one, (key, values) in zip(recordings, keys.items(), strict=True):
        signal = same_header(one)
        np.testing.assert_array_equal(signal.data, values)
        assert set(signal.events["area"]) == {key.rpartition("_")[2]}
    assert len({one.key for one in recordings}) == 3


def test_a_column_parts_rows_into_recordings(tmp_path, of_layout):
    X = RNG.random((6, 2))
    save(tmp_path, X=X, session=np.array([21, 22, 21, 22, 23, 21]), picture=np.arange(6)[:, None])
    recordings = of_layout(
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


def test_an_axis_of_subjects_makes_recordings(tmp_path, of_layout):
    values = {name: RNG.random((7, 3)) for name in ("aud", "vis")}
    save(tmp_path, who=np.array(["s1", "s2", "s11"]), **values)
    layout = """
    path: a.npz
    data: [vis, aud]
    axes: [parcel, time, subject]
    t_r: 1.5
    """
    recordings = of_layout(dedent(layout) + "levels: {subject: who}")
    assert {one.subject for one in recordings} == {"s1", "s2", "s11"}
    one = next(r for r in recordings if r.subject == "s11")
    signal = same_header(one)
    np.testing.assert_array_equal(signal.data, [values["vis"][:, 2], values["aud"][:, 2]])
    assert signal.space.names == ("vis", "aud") and signal.space.kind == "parcels"
    assert signal.axes == ("parcel", "time") and signal.sfreq == pytest.approx(1 / 1.5)
    assert signal.events[["onset", "duration"]].to_numpy().tolist() == [[0.0, 10.5]]
    assert [r.subject for r in of_layout(layout)] == ["1", "2", "3"]
    with pytest.raises(DataError, match="the axis subject has 3 positions and 2 levels"):
        of_layout(dedent(layout) + "levels: {subject: [a, b]}")[0].load()


def test_official_parts_are_joined_and_named(tmp_path, of_layout):
    arrays = {"fmriTrn": RNG.random((3, 2)), "fmriTest": RNG.random((2, 2))}
    pictures = RNG.integers(0, 256, (5, 2, 3)).astype(np.uint8)  # upright
    flat = np.array([one.ravel(order="F") for one in pictures])
    labels = {"labelTrn": np.array([[1], [1], [2]]), "labelTest": np.array([[1], [2]])}
    scipy.io.savemat(
        tmp_path / "a.mat", arrays | labels | {"stimTrn": flat[:3], "stimTest": flat[3:]}
    )
    (one,) = of_layout(
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


def test_pairs_are_unpacked_as_scipy_packs_them(tmp_path, of_layout):
    packed = RNG.random((2, 10))
    save(tmp_path, IT_RDMs=packed, EVC_RDMs=packed + 1)
    recordings = of_layout('path: a.npz\ndata: "{session}_RDMs"\naxes: [subject, pair]')
    assert [r.id for r in recordings] == [
        f"sub-{s}_ses-{region}_run-1" for s in "12" for region in ("EVC", "IT")
    ]
    signal = same_header(recordings[1])
    np.testing.assert_array_equal(signal.data, squareform(packed[0]))
    save(tmp_path, IT_RDMs=packed[:, :9])
    with pytest.raises(DataError, match="9 pairs are not the upper triangle of a square"):
        of_layout('path: a.npz\ndata: "{session}_RDMs"\naxes: [subject, pair]')


def test_a_row_of_a_table_a_recording(tmp_path, of_layout):
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
    first, second = of_layout(layout)
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
    assert of_layout(layout)[0].key != key
    table.write_text("ID,SITE,DX,AGE,FIQ,TR\n11,B,0,20,101,2.5\n")
    with pytest.raises(DataError, match=r"no row of subject 007, whose data are in a.npz"):
        of_layout(layout)[0].load()
    table.write_text("ID,SITE,DX,AGE,FIQ,TR\n" + "007,B,0,20,101,2.5\n" * 2)
    with pytest.raises(DataError, match="its table has 2 rows for 1 recording"):
        of_layout(layout)[0].load()


def test_entries_without_a_value_are_left_out_and_counted(tmp_path, of_layout, own_cache):
    counts = RNG.integers(0, 9, (3, 2, 4)).astype(np.uint8)
    counts[1, 1] = counts[2, 0] = 255
    save(tmp_path, counts=counts)
    layout = "path: a.npz\ndata: counts\naxes: [picture, repeat, cell]\nmissing: 255"
    (one,) = of_layout(layout, "spikes")
    signal = same_header(one)
    np.testing.assert_array_equal(signal.data, counts.reshape(6, 4)[[0, 1, 2, 5]])
    assert signal.events["picture"].tolist() == [0, 0, 1, 2]
    assert signal.notes == ("2 of 6 entries hold no value.",)
    counts[0, 0, 1] = 255  # one cell alone is no missing trial
    save(tmp_path, counts=counts)
    (failed,) = prepare(of_layout(layout, "spikes"), [], own_cache)
    assert isinstance(failed, Failed)
    assert "not finite (NaN or infinite) in 1 of 4 features: cell 1 (1 of 4)" in failed.message


def test_what_is_prepared_is_what_was_planned(tmp_path, of_layout, own_cache):
    save(tmp_path, X=RNG.random((4, 3)), y=list("abab"), p=RNG.random((4, 2, 2)))
    layout = "path: a.npz\ndata: X\naxes: [trial, voxel]\ncolumns: {label: y}\ntracks: {picture: p}"
    task = Task(target=TargetSpec(vector="picture"))
    planned = cut(look(of_layout(layout), [], own_cache), task, None).trials
    done = cut(prepare(of_layout(layout), [], own_cache), task, None).trials
    assert planned.rows["uid"].tolist() == done.rows["uid"].tolist()
    np.testing.assert_array_equal(
        done.array("picture"), np.load(tmp_path / "a.npz")["p"].reshape(4, 4)
    )


def test_a_header_reads_shapes_alone_and_a_signal_its_own_array(tmp_path, of_layout, monkeypatch):
    save(tmp_path, **{f"s{i}": np.ones((4, 3)) for i in range(3)}, y=np.arange(4))
    one, *_ = of_layout(
        'path: a.npz\ndata: "s{subject}"\naxes: [trial, voxel]\ncolumns: {label: y}'
    )
    read, plain = [], np.lib.npyio.NpzFile.__getitem__
    monkeypatch.setattr(
        np.lib.npyio.NpzFile, "__getitem__", lambda self, key: read.append(key) or plain(self, key)
    )
    assert one.header().n_times == 4 and read == ["y"]
    read.clear()
    one.load()
    assert sorted(read) == ["s0", "y"]


def test_data_and_track_lie_in_files_of_one_array_each(tmp_path):
    rng = np.random.default_rng(0)
    bold, film = rng.standard_normal((6, 4)), rng.standard_normal((6, 2))
    np.save(tmp_path / "sub-01_run-1_bold.npy", bold)
    np.save(tmp_path / "sub-01_run-1_film.npy", film)
    (tmp_path / "sub-01_run-1.csv").write_text("scene\n" + "a\n" * 6)
    (tmp_path / "films.yaml").write_text(
        "name: films\nmodality: fmri\nreader:\n  arrays:\n"
        '    path: "sub-{subject}_run-{run}_bold.npy"\n'
        "    axes: [volume, voxel]\n    t_r: 2.0\n"
        '    tracks: {film: {path: "sub-{subject}_run-{run}_film.npy"}}\n'
        '    table: {path: "sub-{subject}_run-{run}.csv", volumes: true}\n'
        "tasks:\n  film: {target: {vector: film}, protocol: {cross_run: {}}}\n"
    )
    trials = nd.load(str(tmp_path / "films.yaml"), "film", data=tmp_path)
    np.testing.assert_array_equal(trials.array("fmri"), bold)
    np.testing.assert_array_equal(trials.array("film"), film)
