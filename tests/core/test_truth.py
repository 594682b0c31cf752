"""The brain as what is told: rows of one space at a time."""

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import DataError
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.predictions import Predictions
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.core.truth import RaggedBrains, both_told, comparable, digest_told
from neurodecode.harness.store import Store

WIDTHS = (3, 5, 3)


@pytest.fixture
def trials():
    """Three people of three, five and three voxels, four rows each, and one row without a brain."""
    parts = tuple(
        Part(
            np.random.default_rng(i).normal(size=(4, width)),
            Space("voxels", tuple(f"{i}:{v}" for v in range(width))),
            ("voxel",),
            None,
            0.0,
            f"part {i}",
        )
        for i, width in enumerate(WIDTHS)
    )
    part = np.array([*np.repeat([0, 1, 2], 4), -1], dtype=np.int32)
    at = np.array([*np.tile(np.arange(4), 3), 0])
    rows = Rows(
        pd.DataFrame(
            {
                "recording": [f"sub-{i}" for i in [*part[:-1], 2]],
                "uid": [f"{i:016x}" for i in range(13)],
            }
        )
    )
    return Trials(rows, {"fmri": TrialSignal(parts, part, at, np.full(13, -1, dtype=np.int32))})


@pytest.fixture
def truth(trials):
    return Target("brain", signal="fmri").y(trials)


def test_rows_of_one_space_are_an_array(trials, truth):
    np.testing.assert_array_equal(truth[np.arange(4, 8)], trials.signals["fmri"].parts[1].open())
    assert len(truth) == 13
    assert truth.known.tolist() == [True] * 12 + [False]
    assert truth.spaces.tolist() == [*np.repeat([0, 1, 2], 4), -1]
    assert [len(one) for _, one in zip(range(12), truth, strict=False)] == list(
        np.repeat(WIDTHS, 4)
    )


def test_rows_of_several_spaces_name_who_differs(truth):
    with pytest.raises(DataError, match=r"sub-1 has .*, sub-0 has .*takes many"):
        truth[np.array([0, 5])]
    with pytest.raises(DataError, match=r"^fold 01/fold-0: signal 'fmri': sub-1 has"):
        truth.check_alike(np.array([0, 5]), "01/fold-0")
    with pytest.raises(DataError, match="sub-2 has"):  # as many voxels, and not the same ones
        truth.check_alike(np.array([0, 9]), "01/fold-0")


def test_rows_of_several_people_are_read_person_by_person(truth):
    index = np.array([5, 0, 1, 9])
    found = truth.read(index)
    assert isinstance(found, RaggedBrains)
    for one, i in zip(found.each, index, strict=True):
        np.testing.assert_array_equal(one, truth[np.array([i])][0])
    assert [len(one) for one in found[np.array([True, False, False, True])].each] == [5, 3]
    alike = truth.read(index[1:])  # of as many voxels, though not the same ones
    assert isinstance(alike, RaggedBrains)
    np.testing.assert_array_equal(truth.read(index[1:3]), truth[index[1:3]])


def test_brains_are_told_apart_by_their_content(truth):
    one, other = truth.read(np.array([0, 4])), truth.read(np.array([0, 5]))
    assert (comparable(one) == comparable(other)).tolist() == [True, False]
    assert digest_told(one) == digest_told(truth.read(np.array([0, 4]))) != digest_told(other)
    assert digest_told(both_told(one, other)) == digest_told(truth.read(np.array([0, 4, 0, 5])))


def test_trials_of_channels_by_time_are_flattened(trials):
    signal = Part(
        np.arange(40.0).reshape(2, 20), Space("sensors", ("Fz", "Cz")), ("channel", "time"),
        10.0, 0.0, "x",
    )  # fmt: skip
    windows = TrialSignal(
        (signal,), np.zeros(2, dtype=np.int32), np.array([0, 5]), np.full(2, 3, dtype=np.int32)
    )
    y = Target("brain", signal="eeg").y(Trials(trials.rows.take([0, 1]), {"eeg": windows}))
    assert y[np.arange(2)].tolist() == [[0, 1, 2, 20, 21, 22], [5, 6, 7, 25, 26, 27]]


def test_a_results_folder_gives_it_back(trials, truth, tmp_path):
    store = Store(tmp_path / "r").open()
    store.write_truth(np.zeros((13, 2)))  # of another experiment of that name, before
    store.write_truth(truth)
    found = store.truth(trials.rows.table)
    np.testing.assert_array_equal(found.known, truth.known)
    np.testing.assert_array_equal(found.spaces, truth.spaces)
    for subject in range(3):
        mine = np.arange(4 * subject, 4 * subject + 4)
        np.testing.assert_array_equal(found[mine[::-1]], truth[mine[::-1]])
    with pytest.raises(DataError, match="use a model that takes many"):
        found[np.array([0, 9])]
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "r" / "truth").glob("brain*")}
    store.write_truth(truth)
    assert files == {path: path.stat().st_mtime_ns for path in files}
    next(iter(files)).unlink()
    with pytest.raises(DataError, match="what the brain truly was is missing"):
        store.truth(trials.rows.table)


def test_predictions_have_the_axes_of_their_kind():
    uid = np.array(["a", "b"])
    assert Predictions(uid, "brain", np.zeros((2, 5))).axes == ()
    assert Predictions(uid, "series", np.zeros((2, 1, 9))).axes == ()
    assert Predictions(uid, "vector", np.zeros((2, 5, 9))).axes == ("time",)
    with pytest.raises(DataError, match=r"shape \(2, 9\); one series a test row"):
        Predictions(uid, "series", np.zeros((2, 9)))
