import numpy as np
import pytest
from sklearn.model_selection import LeaveOneGroupOut

from neurodecode.core.errors import ConfigError
from neurodecode.protocols.cross_run import CrossRun


def test_folds_are_scikit_learns_within_each_session(rows_of, target):
    rows = rows_of(subjects=("01", "02"), sessions=("1", "2"), runs=("a", "b", "c"), n_trials=4)
    found = [
        (fold.name, fold.index("train").tolist(), fold.index("test").tolist())
        for fold in CrossRun().split(rows, target, seed=0)
    ]
    expected = []
    for subject in ("01", "02"):
        for session in ("1", "2"):
            mine = rows.where(subject=subject, session=session)
            runs = rows["run"][mine]
            for train, test in LeaveOneGroupOut().split(mine, groups=runs):
                name = f"{subject}/{session}/run-{runs[test[0]]}"
                expected.append((name, mine[train].tolist(), mine[test].tolist()))
    assert found == expected


def test_each_row_is_tested_once_and_no_run_is_on_both_sides(rows_of, target):
    rows = rows_of(subjects=("01", "02"), sessions=("1", "2"), runs=("1", "2"), n_trials=4)
    runs = rows.codes(*CrossRun().apart)
    tested = []
    for fold in CrossRun().split(rows, target, seed=0):
        assert fold.apart == ("subject", "session", "run")
        assert not set(runs[fold.index("train")]) & set(runs[fold.index("test")])
        tested += fold.index("test").tolist()
    assert sorted(tested) == list(range(len(rows)))


def test_nothing_is_drawn(rows_of, target):
    rows = rows_of(runs=("1", "2", "3"))
    for one, other in zip(
        CrossRun().split(rows, target, 0), CrossRun().split(rows, target, 1), strict=True
    ):
        np.testing.assert_array_equal(one.role, other.role)


def test_one_run_is_named(rows_of, target):
    rows = rows_of(subjects=("01", "02"), runs=("1", "2"))
    rows = rows.take(~((rows["subject"] == "02") & (rows["run"] == "1")))
    with pytest.raises(ConfigError, match=r"cross_run: 02/1 has the one run 2\. Two are needed"):
        list(CrossRun().split(rows, target, seed=0))
