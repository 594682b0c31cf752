"""What rows show, left where it is stored until it is read."""

import pickle

import numpy as np
import pytest

from neurodecode.core.entries import Entries
from neurodecode.core.errors import DataError
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.space import Space


@pytest.fixture
def signal(tmp_path):
    """Entries of 2 × 3 numbers that lie flat in a file, in half precision, and who shows which."""
    stored = np.arange(30, dtype=np.float16).reshape(5, 6)
    np.save(tmp_path / "tokens.npy", stored)
    space = Space("features", tuple("abcdef"), shape=(2, 3))
    part = Part(tmp_path / "tokens.npy", space, ("feature",), None, 0.0, "tokens")
    zeros = np.zeros(4, dtype=np.int32)
    return TrialSignal((part,), zeros, np.array([4, 0, 0, 2]), zeros - 1)


EXPECTED = np.arange(30.0).reshape(5, 2, 3)[[4, 0, 0, 2]]


def test_rows_of_entries_are_selected_and_read_as_those_of_an_array(signal):
    entries = Entries.of_signal(signal)
    assert (entries.shape, entries.ndim, len(entries)) == ((4, 2, 3), 3, 4)
    assert (entries.size, entries.dtype) == (24, np.float16)
    for index in (slice(1, 3), np.array([3, 0]), np.array([True, False, True, False])):
        assert isinstance(entries[index], Entries)
        np.testing.assert_array_equal(np.asarray(entries[index]), EXPECTED[index])
    for one in (2, -1):
        np.testing.assert_array_equal(entries[one], EXPECTED[one])
    assert np.asarray(entries).dtype == np.float64
    assert np.asarray(entries, np.float32).dtype == np.float32
    np.testing.assert_array_equal(np.stack(list(entries)), EXPECTED)
    np.testing.assert_array_equal(np.concatenate(list(entries.blocks())), EXPECTED)
    np.testing.assert_allclose(entries.mean(), EXPECTED.mean(axis=0), rtol=1e-15)


def test_columns_are_those_of_vectors(signal):
    entries = Entries.of_signal(signal)
    flat = entries.flat
    assert flat.shape == (4, 6)
    np.testing.assert_array_equal(flat[:, 1:4], EXPECTED.reshape(4, 6)[:, 1:4])
    assert flat[:, 1:4].dtype == np.float16
    for wrong in ((slice(0, 2), slice(1, 4)), (np.array([0, 1]), slice(None))):
        with pytest.raises(TypeError, match="take the rows first"):
            flat[wrong]
    with pytest.raises(TypeError, match="entries of more axes"):
        entries[:, :1]


def test_equal_entries_have_equal_marks_wherever_they_lie(signal):
    entries = Entries.of_signal(signal)
    assert entries.marks[1] == entries.marks[2] != entries.marks[0]
    held = Entries((EXPECTED.astype(np.float16),), np.zeros(4, dtype=int), np.arange(4), (2, 3))
    assert held.key == entries.key != entries[[1, 0, 2, 3]].key
    assert entries.flat.key != entries.key  # what a model is handed differs
    each, which = entries.distinct()
    assert which.tolist() == [0, 1, 1, 2]
    np.testing.assert_array_equal(np.asarray(each)[which], EXPECTED)
    both = entries[:2].joined(held[2:])
    assert both.key == entries.key
    assert entries[:2].joined(entries[2:]).sources == entries.sources


def test_a_row_that_holds_nan_is_not_finite():
    stored = np.ones((3, 2, 2), dtype=np.float32)
    stored[1, 0, 1] = np.nan
    assert Entries.of([stored]).finite.tolist() == [True, False, True]


def test_another_process_is_sent_the_arrays_that_rows_point_to():
    several = [np.full((2, 3), i, dtype=np.float32) for i in range(4)]
    some = Entries.of(several)[[5, 2]]
    again = pickle.loads(pickle.dumps(some))
    assert len(again.sources) == 2
    np.testing.assert_array_equal(np.asarray(again), np.asarray(some))
    empty = pickle.loads(pickle.dumps(some[[]]))
    assert empty.shape == (0, 3)


def test_rows_that_show_nothing_have_no_entries(signal):
    some = np.array([0, -1, 0, 0], dtype=np.int32)
    with pytest.raises(DataError, match="1 of 4 rows lack it"):
        Entries.of_signal(TrialSignal(signal.parts, some, signal.at, signal.length))
    along = signal.length + np.int32(3)
    with pytest.raises(DataError, match="runs along with the recording"):
        Entries.of_signal(TrialSignal(signal.parts, signal.part, signal.at, along))


def test_entries_of_two_shapes_are_refused(signal):
    other = Part(np.zeros((1, 5)), Space("features", tuple("abcde")), ("feature",), None, 0.0, "o")
    mixed = TrialSignal(
        (*signal.parts, other), np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]), signal.length
    )
    with pytest.raises(DataError, match=r"shapes \(2, 3\) and \(5,\)"):
        Entries.of_signal(mixed)


def test_what_is_owned_holds_no_other_row(tmp_path):
    whole = np.arange(12, dtype=np.float32).reshape(6, 2)
    owned = Entries.of([whole])[np.array([4, 1])].owned
    assert isinstance(owned, np.ndarray) and not np.shares_memory(owned, whole)
    np.testing.assert_array_equal(owned, whole[[4, 1]])
    np.save(tmp_path / "whole.npy", whole)
    stored = Entries.of([tmp_path / "whole.npy"])[np.array([4, 1])]
    assert stored.owned is stored  # a file is read when it is asked for
