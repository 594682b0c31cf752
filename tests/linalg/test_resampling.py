"""Series at times of their own on a grid: closed forms, and nothing from the future."""

import numpy as np
import pytest

from neurodecode.linalg.resampling import lanczos, look_back, means_until

GRID = 1.49 * np.arange(40)


def test_what_is_on_the_grid_stays_where_it_is():
    values = np.random.default_rng(0).standard_normal((40, 3))
    # sinc is 0 at all whole steps but one.
    np.testing.assert_allclose(lanczos(values, GRID, GRID), values, atol=1e-12)


def test_an_impulse_is_the_filter():
    x = (GRID - 20.3) / 1.49
    expected = np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)
    np.testing.assert_allclose(lanczos(np.ones(1), np.array([20.3]), GRID), expected, atol=1e-12)


def test_a_slow_wave_is_kept_and_a_fast_one_is_not():
    times = 0.1 * np.arange(600)
    inside = slice(5, 35)  # away from the ends, where words run out
    for period, least, most in ((12.0, 0.97, 1.03), (1.0, 0.0, 0.03)):
        wave = np.sin(2 * np.pi * times / period) * 0.1 / 1.49  # per step of the grid
        found = lanczos(wave, times, GRID)[inside]
        phase = 2 * np.pi * GRID[inside] / period
        fitted = np.linalg.lstsq(np.c_[np.sin(phase), np.cos(phase)], found)[0]
        assert least <= (np.hypot(*fitted) if period > 3 else np.abs(found).max()) <= most


def test_order_of_times_does_not_matter():
    rng = np.random.default_rng(1)
    times, values = rng.uniform(0, 50, 60), rng.standard_normal((60, 2))
    order = rng.permutation(60)
    np.testing.assert_allclose(
        lanczos(values[order], times[order], GRID), lanczos(values, times, GRID), atol=1e-12
    )


def test_means_look_back_and_never_ahead():
    rng = np.random.default_rng(2)
    times, values = np.sort(rng.uniform(0, 60, 400)), rng.standard_normal((400, 2))
    made = means_until(values, times, GRID, 4.0)
    inside = (times >= GRID[10] - 4.0) & (times < GRID[10])
    np.testing.assert_allclose(made[10], values[inside].mean(axis=0))
    assert not made[0].any()  # nothing was before the first
    # Another future changes nothing of what is told until then (encoding:trap 26).
    later = values + 100 * (times >= GRID[20])[:, None]
    changed = means_until(later, times, GRID, 4.0)
    np.testing.assert_array_equal(changed[:21], made[:21])
    assert (changed[21:] != made[21:]).all()


def test_a_frame_at_the_time_itself_comes_after_it():
    first, last = look_back(np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0]), 1.0)
    assert (first.tolist(), last.tolist()) == ([0, 1], [1, 2])


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: lanczos(np.ones(2), np.arange(2), np.array([0, 1, 3])), "evenly spaced"),
        (lambda: look_back(np.array([1.0, 0.0]), GRID, 1.0), "times must ascend"),
        (lambda: look_back(np.array([0.0, 1.0]), GRID, 0.0), "length 0.0 must be above 0"),
    ],
)
def test_what_cannot_be_is_said(ask, said):
    with pytest.raises(ValueError, match=said):
        ask()
