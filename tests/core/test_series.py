"""Rows that follow each other in time, and where they break."""

import numpy as np
import pytest

from neurodecode.core.series import follows, is_series, step_of, stretches

VOLUMES = 2.0 * np.arange(8)
RUNS = np.repeat(["a", "b"], 4)


def test_a_volume_follows_the_one_before_it_in_its_run():
    start = np.tile(VOLUMES[:4], 2)
    assert follows(RUNS, start, start + 2).tolist() == [False, True, True, True] * 2
    shuffled = np.array([5, 0, 3, 6, 1, 7, 2, 4])
    found = follows(RUNS[shuffled], start[shuffled], start[shuffled] + 2)
    assert found.tolist() == [i not in (0, 4) for i in shuffled]


@pytest.mark.parametrize(
    ("length", "expected"),
    [(2.0, True), (2.6, True), (1.9, False), (0.5, False), (np.nan, False)],
    ids=["volumes", "windows that overlap", "a pause", "trials", "no duration"],
)
def test_rows_are_a_series_where_most_begin_as_another_ends(length, expected):
    assert is_series(np.full(8, "a"), VOLUMES, VOLUMES + length) is expected


def test_rows_of_unknown_onset_or_a_row_a_run_are_no_series():
    assert not is_series(np.full(8, "a"), np.full(8, np.nan), np.full(8, np.nan))
    assert not is_series(np.arange(8), np.zeros(8), np.ones(8))


def test_a_run_ends_a_stretch_and_so_does_a_row_that_is_lacking():
    start = np.array([0.0, 2.0, 4.0, 8.0, 10.0, 0.0, 2.0])
    recording = np.array(list("aaaaabb"))
    assert step_of(recording, start) == 2.0
    assert stretches(recording, start, 2.0).tolist() == [0, 0, 0, 1, 1, 2, 2]
