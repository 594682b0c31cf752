"""Sums and means of rows by group."""

import numpy as np
import pytest

from neurodecode.linalg.groups import group_means, group_sums


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_sums_are_those_of_a_loop_over_rows(shape, dtype):
    rng = np.random.default_rng(0)
    values, group = rng.normal(size=(40, *shape)).astype(dtype), rng.integers(0, 7, 40)
    expected = np.zeros((7, *shape))
    for value, one in zip(values, group, strict=True):
        expected[one] += value
    sums = group_sums(values, group)
    assert sums.dtype == np.float64
    np.testing.assert_array_equal(sums, expected)
    counts = np.bincount(group).reshape(-1, *(1,) * len(shape))
    np.testing.assert_array_equal(group_means(values, group), expected / counts)


def test_nan_stays_in_its_group_and_a_number_without_rows_sums_to_zero():
    values = np.array([[1.0], [np.nan], [2.0], [np.inf]])
    sums = group_sums(values, np.array([0, 1, 0, 3]))
    np.testing.assert_array_equal(sums, [[3.0], [np.nan], [0.0], [np.inf]])
