"""What is wrong with an array or its layout is said in one sentence, and with its place."""

import shutil

import numpy as np
import pytest
from array_layouts import RNG, save

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.data.prepared import Failed, prepare

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
def test_what_does_not_fit_is_one_sentence(tmp_path, of_layout, layout, said):
    save(tmp_path, **ARRAYS)
    with pytest.raises((ConfigError, DataError, DataMissing), match=said) as caught:
        of_layout("path: a.npz\n" + layout)[0].load()
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
def test_a_layout_that_cannot_be_meant_is_refused_with_its_line(of_layout, layout, said):
    with pytest.raises(ConfigError, match=said) as caught:
        of_layout("path: a.npz\n" + layout)
    assert "own.yaml:" in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("{a: {join: [b]}}", "join names 'b', which is not before it"),
        ("{a: {axis: repeat}}", "no axis 'repeat'. Known: trial"),
        ('{a: {template: "{x}"}}', r"\{x\} is not one of index, number, run, session"),
    ],
)
def test_a_column_of_what_is_not_there_is_refused(tmp_path, of_layout, columns, said):
    save(tmp_path, **ARRAYS)
    with pytest.raises(ConfigError, match=said):
        of_layout(f"path: a.npz\ndata: X\naxes: [trial, voxel]\ncolumns: {columns}")[0].load()


def test_events_of_the_card_are_not_silently_ignored(tmp_path, of_layout):
    save(tmp_path, **ARRAYS)
    with pytest.raises(ConfigError, match="has its events from table, codes or columns"):
        of_layout("path: a.npz\ndata: X\naxes: [trial, voxel]", rest="events: {from: stim}\n")


def test_a_column_that_parts_recordings_has_no_holes(tmp_path, of_layout):
    (tmp_path / "t.csv").write_text("session\n1\n\n2\n1\n".replace("\n\n", '\n""\n'))
    save(tmp_path, **ARRAYS)
    with pytest.raises(DataError, match="the column 'session' is empty in some rows"):
        of_layout(
            "path: a.npz\ndata: X\naxes: [trial, voxel]\n"
            "columns: {session: {key: session, path: t.csv}}"
        )


def test_a_damaged_mat_file_is_an_error_where_it_is_found_and_where_it_is_read(
    tmp_path, of_layout, own_cache
):
    (tmp_path / "a.mat").write_bytes(b"MATLAB 5.0 MAT-file" + b"\xff" * 400)
    with pytest.raises(DataError, match=r"a\.mat"):
        of_layout('path: a.mat\ndata: "{subject}"\naxes: [trial, voxel]')
    (failed,) = prepare(of_layout("path: a.mat\ndata: X\naxes: [trial, voxel]"), [], own_cache)
    assert isinstance(failed, Failed) and "a.mat" in failed.message


def test_a_mat_file_that_crashes_its_reader_does_not_take_us_along(
    tmp_path, of_layout, own_cache, real
):
    broken = "broken/eeglab_one_bit_crashes_reader.set"
    shutil.copy(real("formats_mne", broken) / broken, tmp_path / "a.mat")
    (one,) = of_layout("path: a.mat\ndata: EEG.data\naxes: [channel, time]\nsfreq: 128")
    (failed,) = prepare([one], [], own_cache)
    assert isinstance(failed, Failed)
    # What the flipped bit does depends on what lies in memory: mostly death, else an error.
    died = "the process that read it died (signal SIG" in failed.message
    assert died or "cannot be read" in failed.message
    assert "a.mat" in failed.message
    with pytest.raises(DataError, match=r"the process that read it died|cannot be read"):
        of_layout("path: a.mat\ndata: EEG.data\naxes: [subject, channel]")


def test_nan_is_refused_when_it_is_prepared(tmp_path, of_layout, own_cache):
    X = RNG.random((3, 4))
    X[1, 2] = np.nan
    save(tmp_path, X=X)
    (failed,) = prepare(of_layout("path: a.npz\ndata: X\naxes: [trial, voxel]"), [], own_cache)
    assert "not finite (NaN or infinite) in 1 of 4 voxels: voxel 2 (1 of 3)" in failed.message


def test_a_key_that_fits_no_template_is_said_with_what_there_is(tmp_path, of_layout):
    save(tmp_path, one=np.ones((2, 2)))
    with pytest.raises(DataError, match=r"no key of it is like 's\{subject\}'; it holds: one"):
        of_layout('path: a.npz\ndata: "s{subject}"\naxes: [trial, cell]')
