"""What is left out together, and what lies between it and the training rows."""

import numpy as np
import pytest

from neurodecode.core.errors import DataError
from neurodecode.linalg.splits import block_splits, group_splits, guard_gap, run_splits

RUNS = np.repeat(["b", "a", "d", "c"], [3, 4, 2, 3])


def held(splits, labels):
    return [list(dict.fromkeys(labels[one.test])) for one in splits]


def test_each_run_is_left_out_by_itself_in_the_order_of_the_recording():
    splits = run_splits(RUNS)
    assert held(splits, RUNS) == [["b"], ["a"], ["d"], ["c"]]
    for train, test in splits:
        assert sorted([*train, *test]) == list(range(12))
        assert not set(RUNS[train]) & set(RUNS[test])


def test_runs_that_follow_each_other_are_left_out_together_where_folds_are_fewer():
    assert held(run_splits(RUNS, 2), RUNS) == [["b", "a"], ["d", "c"]]


def test_runs_that_show_the_same_stay_on_one_side():
    films = np.repeat(["one", "two", "three", "one"], [3, 4, 2, 3])
    assert held(run_splits(RUNS, stimuli=films), RUNS) == [["b", "c"], ["a"], ["d"]]


def test_what_runs_share_is_passed_on():
    shown = np.array(["x", "y", "y", "z", "z", "z", "z", "p", "q", "y", "z", "z"])
    assert held(run_splits(RUNS, stimuli=shown), RUNS) == [["b", "a", "c"], ["d"]]


def test_repeats_are_dealt_together():
    pictures = np.tile(np.arange(10), 3)
    splits = group_splits(pictures, 4)
    assert sorted(np.concatenate([one.test for one in splits])) == list(range(30))
    for train, test in splits:
        assert not set(pictures[train]) & set(pictures[test])
        assert len(set(pictures[test])) in (2, 3)
    others = group_splits(pictures, 4, seed=1)
    assert any(list(a.test) != list(b.test) for a, b in zip(splits, others, strict=True))


def test_a_gap_is_left_on_both_sides_of_a_block():
    first, second, _ = block_splits(30, 3, 4)
    assert list(first.train) == list(range(14, 30))
    assert list(second.test) == list(range(10, 20))
    assert list(second.train) == [*range(6), *range(24, 30)]


def test_no_gap_goes_from_one_run_to_another():
    runs = np.repeat(["1", "2"], 10)
    second = block_splits(20, 4, 3, runs=runs)[1]
    assert list(second.test) == list(range(5, 10))
    assert list(second.train) == [0, 1, *range(10, 20)]


def test_gaps_are_counted_in_samples_where_rows_are_missing():
    at = np.array([0, 1, 2, 3, 10, 11, 12, 13])  # six samples were left out
    first, second = block_splits(at, 2, 6)
    assert list(first.train) == [4, 5, 6, 7]
    assert list(second.train) == [0, 1, 2, 3]
    assert list(block_splits(at, 2, 8)[0].train) == [6, 7]


# Of 20,000 samples the correlation of neighbours has a standard error of .004 at .8.
@pytest.mark.parametrize(("phi", "expected"), [(0.5, 5), (0.8, 14)])
def test_the_gap_is_where_one_twentieth_is_left(phi, expected):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(20_000, 4))
    for i in range(1, len(values)):
        values[i] = phi * values[i - 1] + np.sqrt(1 - phi**2) * values[i]
    assert abs(guard_gap(values) - expected) <= 1
    noise = rng.normal(size=values.shape)
    assert guard_gap([noise, values]) == guard_gap(values)
    assert guard_gap(noise, delays=[1, 2, 6]) == 6
    # What differs between runs alone is no likeness of rows.
    runs = np.arange(len(noise)) // 1000
    assert guard_gap(noise + 100 * runs[:, None], runs, [3]) == 3


def test_what_cannot_be_split_is_refused():
    with pytest.raises(DataError, match=r"4 runs. 5 folds need as many"):
        run_splits(RUNS, 5)
    with pytest.raises(DataError, match=r"is 1 run. Folds need two or more"):
        run_splits(["1"] * 9)
    with pytest.raises(DataError, match=r"is 1 set of runs that share no stimulus"):
        run_splits(RUNS, stimuli=["film"] * 12)
    with pytest.raises(DataError, match=r"2 groups. 3 folds"):
        group_splits([1, 2, 2], 3)
    with pytest.raises(DataError, match=r"gap of 10 samples .* leaves none of 20 rows"):
        block_splits(20, 2, 10)
    with pytest.raises(DataError, match=r"3 rows cannot be cut into 4 blocks"):
        block_splits(3, 4, 0)
    with pytest.raises(DataError, match=r"no column varies"):
        guard_gap(np.ones((9, 2)))
