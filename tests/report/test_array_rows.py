"""Rows of arrays in memory: whose they are, when they were, and which are volumes."""

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import ConfigError
from neurodecode.core.series import is_series
from neurodecode.report.array_rows import as_volumes, own_tables, rows_of
from neurodecode.report.arrays import as_trials


def series(table, n=6):
    rows, _ = rows_of(pd.DataFrame(table, index=range(n)), "1", n, length=None)
    return is_series(rows["recording"], rows["start"], rows["stop"])


def test_rows_of_several_are_stacked_or_by_subject():
    tables = {"A": pd.DataFrame({"run": [1, 2]}), "B": pd.DataFrame({"run": [1, 2, 3]})}
    n_trials = {one: len(table) for one, table in tables.items()}
    stacked, named = own_tables(pd.concat(tables.values()), n_trials), own_tables(tables, n_trials)
    for subject, table in tables.items():
        pd.testing.assert_frame_equal(stacked[subject], table)
        pd.testing.assert_frame_equal(named[subject], table)
    assert own_tables(None, n_trials) == {"A": None, "B": None}


def test_decoders_take_rows_by_subject():
    data = {"A": np.ones((2, 3)), "B": np.ones((3, 3))}
    target = {"A": ["l", "r"], "B": ["l", "r", "l"]}
    rows = {"B": {"run": ["3", "4", "5"]}, "A": {"run": ["1", "2"]}}
    trials, _ = as_trials(data, target, rows)
    assert trials.rows["run"].tolist() == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ({"A": {"run": [1, 2]}}, "there are none of subject 'B', and data of 'A', 'B'"),
        ({"A": {}, "B": {}, "C": {}}, "there are some of subject 'C'"),
        ({"A": {"run": [1, 2]}, "B": {"run": [1]}}, "1 rows for 2 trials of subject B"),
        ({"A": {"run": [1, 2]}, "B": {"run": [1], "x": [1, 2]}}, "rows of subject B: no table"),
        ({"run": [1, 2, 3]}, "3 rows for 4 trials of 2 subjects"),
    ],
)
def test_rows_that_are_not_one_a_trial_are_named(rows, sentence):
    with pytest.raises(ConfigError, match=sentence):
        own_tables(rows, {"A": 2, "B": 2})


@pytest.mark.parametrize("seconds", [0.7, 1.5])
def test_rows_with_a_duration_and_no_onset_are_a_series_in_each_run(seconds):
    table = {"run": ["a", "a", "a", "b", "b", "b"], "duration": seconds}
    rows, _ = rows_of(pd.DataFrame(table), "1", 6, length=None)
    np.testing.assert_allclose(rows["onset"], seconds * np.array([0, 1, 2, 0, 1, 2]))
    assert series(table)
    assert not series({})


def test_onsets_that_begin_anew_need_a_run():
    table = pd.DataFrame({"onset": [0.0, 2.0, 4.0, 0.0, 2.0, 4.0]})
    with pytest.raises(ConfigError, match=r"begin anew 1 times, .* Give the column run"):
        rows_of(table, "1", 6, length=None)
    assert len(rows_of(table.assign(run=list("aaabbb")), "1", 6, length=None)[0]) == 6


STEADY = np.tile(2.0 * np.arange(6), 2)
RUN = np.repeat(["a", "b"], 6)


@pytest.mark.parametrize(
    ("columns", "are"),
    [
        ({}, True),
        ({"onset": np.tile([0.0, 2.0, 5.0, 9.0, 14.0, 15.0], 2)}, False),  # of no one pace
        ({"duration": 0.0}, False),  # as is said
        ({"stimulus": np.repeat(["film", "other"], 6)}, True),
        ({"stimulus": np.tile(list("uvwxyz"), 2)}, True),  # one film twice, named by volume
        ({"stimulus": list("uvwxyz") + list("vzxuyw")}, False),
        ({"stimulus": list("uvwxyzUVWXYZ")}, False),  # each once
    ],
)
def test_rows_of_one_pace_are_volumes_unless_stimuli_come_in_another_order(columns, are):
    table = pd.DataFrame({"run": RUN, "onset": STEADY, **columns})
    made, note = as_volumes(table)
    assert bool(note) == are
    assert series(made, 12) == are
    if are:
        assert made["duration"].tolist() == [2.0] * 12 and "volumes of 2 s" in note
