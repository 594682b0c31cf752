"""Features of earlier samples beside those of each sample."""

import numpy as np

from neurodecode.linalg.delays import delayed


def test_columns_are_those_of_one_delay_after_the_other():
    X = np.arange(8.0).reshape(4, 2)
    Z = delayed(X, [0, 1, -1])
    np.testing.assert_array_equal(Z[1], [2, 3, 0, 1, 4, 5])
    np.testing.assert_array_equal(Z[0], [0, 1, 0, 0, 2, 3])
    np.testing.assert_array_equal(Z[3], [6, 7, 4, 5, 0, 0])


def test_nothing_is_copied_from_run_to_run():
    X = np.arange(1.0, 7.0)[:, None]
    Z = delayed(X, [2, -1], np.repeat(["a", "b"], 3), before=-9.0)
    np.testing.assert_array_equal(Z[:, 0], [-9, -9, 1, -9, -9, 4])
    np.testing.assert_array_equal(Z[:, 1], [2, 3, -9, 5, 6, -9])


def test_a_delay_longer_than_a_run_finds_nothing():
    assert (delayed(np.ones((3, 1)), [5, -5]) == 0).all()
