"""Columns as regressors."""

import numpy as np
import pytest

from neurodecode.core.errors import DataError
from neurodecode.linalg.design import Design


def columns():
    return {
        "age": np.array([20, 30, 40, 70]),
        "site": np.array(["north", "south", "north", "west"], dtype=object),
        "patient": np.array([True, False, True, True]),
    }


def test_numbers_are_centred_and_text_becomes_indicators():
    design = Design.of(columns())
    assert design.levels == {"age": (), "site": ("north", "south", "west"), "patient": ()}
    expected = np.array(
        [
            [-20, 0.5, -0.25, -0.25, 0.25],
            [-10, -0.5, 0.75, -0.25, -0.75],
            [0, 0.5, -0.25, -0.25, 0.25],
            [30, -0.5, -0.25, 0.75, 0.25],
        ]
    )
    np.testing.assert_array_equal(design.matrix(columns()), expected)


def test_other_rows_are_held_against_the_first_ones_means():
    fresh = {"age": np.array([50]), "site": np.array(["east"]), "patient": np.array([1])}
    np.testing.assert_array_equal(Design.of(columns()).matrix(fresh), [[10, 0, 0, 0, 0.25]])


def test_numbers_in_columns_of_objects_are_numbers():
    mixed = {"age": np.array([20, 30.5, np.int64(4)], dtype=object)}
    assert Design.of(mixed).levels == {"age": ()}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"age": np.array([20, np.nan, 40, np.nan])}, "'age' has no value in 2 of 4 rows"),
        ({"site": np.array(["a", None, "b", "c"], dtype=object)}, "'site' has no value in 1 of 4"),
    ],
)
def test_missing_values_are_named(change, said):
    with pytest.raises(DataError, match=said):
        Design.of({**columns(), **change})
    if "age" in change:
        with pytest.raises(DataError, match=said):
            Design.of(columns()).matrix({**columns(), **change})


def test_no_column_is_no_design():
    with pytest.raises(DataError, match="no column is named"):
        Design.of({})
