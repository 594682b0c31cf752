import pytest
from sklearn.model_selection import LeaveOneGroupOut

from neurodecode.core.errors import ConfigError
from neurodecode.protocols.cross_session import CrossSession


def test_folds_are_scikit_learns_within_each_subject(rows_of, target):
    rows = rows_of(subjects=("01", "02"), sessions=("a", "b", "c"), runs=("1", "2"), n_trials=4)
    found = [
        (fold.name, fold.index("train").tolist(), fold.index("test").tolist())
        for fold in CrossSession().split(rows, target, seed=0)
    ]
    expected = []
    for subject in ("01", "02"):
        mine = rows.where(subject=subject)
        sessions = rows["session"][mine]
        for train, test in LeaveOneGroupOut().split(mine, groups=sessions):
            name = f"{subject}/session-{sessions[test[0]]}"
            expected.append((name, mine[train].tolist(), mine[test].tolist()))
    assert found == expected


def test_each_row_is_tested_once_and_no_session_is_on_both_sides(rows_of, target):
    rows = rows_of(subjects=("01", "02"), sessions=("1", "2"), n_trials=4)
    sessions = rows.codes(*CrossSession().apart)
    tested = []
    for fold in CrossSession().split(rows, target, seed=0):
        assert fold.apart == ("subject", "session")
        assert not set(sessions[fold.index("train")]) & set(sessions[fold.index("test")])
        tested += fold.index("test").tolist()
    assert sorted(tested) == list(range(len(rows)))


def test_one_session_is_named(rows_of, target):
    rows = rows_of(subjects=("01", "02"), sessions=("1", "2"))
    rows = rows.take(~((rows["subject"] == "02") & (rows["session"] == "1")))
    with pytest.raises(ConfigError, match=r"cross_session: subject 02 has the one session 2\. Two"):
        list(CrossSession().split(rows, target, seed=0))
