"""Pictures as arrays, and what rows show, read from disk as it is asked for."""

import numpy as np
import pytest

from neurodecode.core.entries import Entries
from neurodecode.core.errors import DataError
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.pictures import check_pictures, flattened, from_bytes, shaped, to_bytes
from neurodecode.core.space import Space


def test_grey_pictures_get_one_channel():
    grey = np.linspace(0, 1, 24).reshape(2, 3, 4)
    made = check_pictures(grey, "here")
    assert made.shape == (2, 3, 4, 1)
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made[..., 0], grey.astype(np.float32))


def test_bytes_become_values_and_bytes_again():
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    made = check_pictures(every, "here")
    assert (made.min(), made.max()) == (0.0, 1.0)
    np.testing.assert_array_equal(to_bytes(made)[..., 0], every)
    np.testing.assert_array_equal(from_bytes(every), made[..., 0])
    assert to_bytes(np.array([-0.5, 1.5])).tolist() == [0, 255]


def test_rounding_of_half_precision_is_no_error():
    made = check_pictures(np.array([[[-0.0009, 0.5], [1.0009, 1.0]]]), "here")
    assert (made.min(), made.max()) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        (np.zeros((2, 9)), r"here: an entry of shape \(9,\) is no picture"),
        (np.zeros((2, 3, 3, 2)), r"an entry of shape \(3, 3, 2\) is no picture"),
        (np.full((1, 3, 3), 128.0), "go from 128 to 128, .* divide by 255"),
        (np.full((1, 3, 3), -0.01), "go from -0.01 to -0.01"),
        (np.stack([np.zeros((3, 3)), np.full((3, 3), np.nan)]), "1 of 2 pictures hold NaN"),
        (np.zeros((1, 3, 3), dtype=complex), "pictures of complex128"),
    ],
)
def test_what_is_no_picture_is_told(pictures, said):
    with pytest.raises(DataError, match=said):
        check_pictures(pictures, "here")


def test_rows_of_numbers_become_pictures_cut_to_black_and_white():
    pictures = np.random.default_rng(0).uniform(size=(4, 3, 2, 3)).astype(np.float32)
    np.testing.assert_array_equal(shaped(flattened(pictures), (3, 2, 3)), pictures)
    assert shaped(np.array([[-1.0, 2.0]]), (1, 2, 1)).ravel().tolist() == [0.0, 1.0]


@pytest.fixture
def tokens(tmp_path):
    """Entries of 2 × 3 numbers that lie flat in a file, in half precision, and who shows which."""
    stored = np.arange(30, dtype=np.float16).reshape(5, 6)
    np.save(tmp_path / "tokens.npy", stored)
    space = Space("features", tuple("abcdef"), shape=(2, 3))
    part = Part(tmp_path / "tokens.npy", space, ("feature",), None, 0.0, "tokens")
    at = np.array([4, 0, 0, 2])
    zeros = np.zeros(4, dtype=np.int32)
    return Entries(TrialSignal((part,), zeros, at, zeros - 1)), stored.reshape(5, 2, 3)[at]


def test_entries_are_read_as_an_array_is(tokens):
    entries, expected = tokens
    assert (entries.shape, entries.ndim, len(entries)) == ((4, 2, 3), 3, 4)
    for index in (slice(1, 3), np.array([3, 0]), np.array([True, False, True, False]), 2, -1):
        np.testing.assert_array_equal(entries[index], expected[index])
        assert entries[index].dtype == np.float32
    np.testing.assert_array_equal(np.asarray(entries), expected)
    np.testing.assert_array_equal(entries.take(np.array([3, 1]))[:], expected[[3, 1]])


def test_blocks_of_entries_are_no_larger_than_asked(tokens):
    entries, expected = tokens
    found = list(entries.blocks(nbytes=2 * 6 * 4 + 1))  # two rows of six float32, and a byte
    assert [(one.start, one.stop) for one, _ in found] == [(0, 2), (2, 4)]
    np.testing.assert_array_equal(np.concatenate([block for _, block in found]), expected)


def test_rows_that_show_nothing_have_no_entries(tokens):
    signal = tokens[0]._signal
    lacking = TrialSignal(
        signal.parts, np.array([0, -1, 0, 0], dtype=np.int32), signal.at, signal.length
    )
    with pytest.raises(DataError, match="1 of 4 rows lack it"):
        Entries(lacking)
