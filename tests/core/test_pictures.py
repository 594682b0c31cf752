"""Pictures as arrays."""

import numpy as np
import pytest

from neurodecode.core.errors import DataError
from neurodecode.core.pictures import check_pictures, flattened, from_bytes, shaped, to_bytes


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
