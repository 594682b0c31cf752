"""Positions as networks read them: angles kept, layouts filling the square, none moved."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.core.errors import DataError
from neurodecode.nn.positions import flatten, unit_square


def _direction(angle, azimuth):
    return np.stack(
        [np.sin(angle) * np.cos(azimuth), np.sin(angle) * np.sin(azimuth), np.cos(angle)], -1
    )


@given(st.floats(1e-3, 3.0), st.floats(-3.1, 3.1), st.floats(0.01, 10))
def test_angle_from_the_vertex_becomes_distance_from_the_middle(angle, azimuth, distance):
    (flat,) = flatten(distance * _direction(angle, azimuth)[None])
    assert np.hypot(*flat) == pytest.approx(angle, abs=1e-6)
    assert np.arctan2(*flat[::-1]) == pytest.approx(azimuth, abs=1e-6)


def test_vertex_is_the_middle_and_the_unknown_stays_unknown():
    flat = flatten([[0, 0, 0.1], [np.nan] * 3, [0.1, 0, 0], [0, 0.1, 0]])
    expected = [[0, 0], [np.nan] * 2, [np.pi / 2, 0], [0, np.pi / 2]]
    np.testing.assert_allclose(flat, expected)


def test_the_origin_is_in_no_direction():
    with pytest.raises(DataError, match="channel 1 is at the origin"):
        flatten([[0, 0, 0.1], [0, 0, 0]])


@pytest.fixture
def layout():
    return np.random.default_rng(0).normal(size=(30, 2)) * [1, 3] + [5, -2]


def test_layout_fills_the_square(layout):
    scaled = unit_square(layout, layout)
    np.testing.assert_allclose([scaled.min(0), scaled.max(0)], [[0, 0], [1, 1]])
    assert scaled.dtype == np.float32


def test_no_sensor_moves_when_others_are_dropped(layout):
    """The limits are the data set's: without the outermost sensors all others stay."""
    kept = (layout != layout.max(0)).all(1) & (layout != layout.min(0)).all(1)
    assert not kept.all()
    np.testing.assert_array_equal(
        unit_square(layout[kept], layout), unit_square(layout, layout)[kept]
    )
    assert not np.allclose(
        unit_square(layout[kept], layout[kept]), unit_square(layout, layout)[kept]
    )


def test_unknown_positions_stay_so_and_do_not_set_limits(layout):
    holes = layout.copy()
    holes[3] = np.nan
    scaled = unit_square(holes, holes)
    assert np.isnan(scaled[3]).all()
    assert np.isfinite(np.delete(scaled, 3, 0)).all()


def test_sensors_in_a_row_lie_in_the_middle():
    row = np.array([[0.0, 7.0], [2.0, 7.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(unit_square(row, row), [[0, 0.5], [1, 0.5], [np.nan, np.nan]])


@pytest.mark.parametrize("outside", [[99.0, 0.0], [0.0, -99.0]])
def test_a_sensor_outside_the_layout_is_refused(layout, outside):
    with pytest.raises(DataError, match="lies outside its layout"):
        unit_square(np.vstack([layout, outside]), layout)


def test_a_layout_without_positions_is_refused():
    with pytest.raises(DataError, match="no sensor with a position"):
        unit_square(np.zeros((2, 2)), np.full((4, 2), np.nan))
