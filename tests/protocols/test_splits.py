"""Folds are those of scikit-learn's splitters; each row is tested once; claims are kept."""

import numpy as np
import pytest
from sklearn.model_selection import KFold, LeaveOneGroupOut, StratifiedKFold

from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.protocols import verify
from neurodecode.protocols.cross_run import CrossRun
from neurodecode.protocols.cross_session import CrossSession
from neurodecode.protocols.cross_subject import CrossSubject
from neurodecode.protocols.within_session import WithinSession

ALL = [
    WithinSession(4),
    WithinSession(4, blocked=True),
    CrossRun(),
    CrossSession(),
    CrossSubject(),
    CrossSubject(n_splits=2),
]


def sides(folds):
    return [(fold.index("train").tolist(), fold.index("test").tolist()) for fold in folds]


@pytest.mark.parametrize("protocol", ALL, ids=repr)
def test_each_row_is_tested_once_and_claims_are_kept(protocol, make_rows, target):
    rows = make_rows(n_subjects=3, n_sessions=2)
    folds = list(protocol.split(rows, target, 0))
    tested = np.concatenate([fold.index("test") for fold in folds])
    assert sorted(tested) == list(range(len(rows)))
    assert len({fold.name for fold in folds}) == len(folds)
    for fold in folds:
        verify(fold, rows, protocol.apart)
        assert not set(fold.index("train")) & set(fold.index("test"))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("blocked", [False, True])
def test_within_session_splits_as_scikit_learn_does(blocked, seed, make_rows, target):
    rows = make_rows(n_subjects=2)
    plain = KFold(4) if blocked else StratifiedKFold(4, shuffle=True, random_state=seed)
    expected = []
    for subject in ("S0", "S1"):
        mine = np.flatnonzero(rows["subject"] == subject)
        for train, test in plain.split(mine, rows["label"][mine].astype(str)):
            expected.append((mine[train].tolist(), mine[test].tolist()))
    found = sides(WithinSession(4, blocked=blocked).split(rows, target, seed))
    assert found == expected


def test_a_run_is_left_out_within_its_session(make_rows, target):
    rows = make_rows(n_subjects=1, n_sessions=2)
    found = sides(CrossRun().split(rows, target, 0))
    expected = []
    for session in ("0", "1"):
        mine = np.flatnonzero(rows["session"] == session)
        for train, test in LeaveOneGroupOut().split(mine, groups=rows["run"][mine].astype(str)):
            expected.append((mine[train].tolist(), mine[test].tolist()))
    assert found == expected


@pytest.mark.parametrize(
    ("protocol", "column"), [(CrossSession(), "session"), (CrossSubject(), "subject")], ids=repr
)
def test_one_is_left_out(protocol, column, make_rows, target):
    rows = make_rows(n_subjects=1 if column == "session" else 3, n_sessions=3)
    expected = [
        (train.tolist(), test.tolist())
        for train, test in LeaveOneGroupOut().split(rows, groups=rows[column].astype(str))
    ]
    assert sides(protocol.split(rows, target, 0)) == expected


def test_groups_of_subjects_are_drawn_with_the_seed(make_rows, target):
    rows = make_rows(n_subjects=6, n_runs=1)
    protocol = CrossSubject(n_splits=3)
    one, same, other = (sides(protocol.split(rows, target, seed)) for seed in (0, 0, 1))
    assert one == same != other
    assert [len(set(rows["subject"][test])) for _, test in one] == [2, 2, 2]


@pytest.mark.parametrize("protocol", [CrossRun(), CrossSession(), CrossSubject()], ids=repr)
def test_nothing_else_is_drawn(protocol, make_rows, target):
    rows = make_rows(n_subjects=3, n_sessions=2)
    assert sides(protocol.split(rows, target, 0)) == sides(protocol.split(rows, target, 1))


@pytest.mark.parametrize(
    ("protocol", "size", "sentence"),
    [
        (CrossRun(), {"n_runs": 1}, "S0/0 has the one run 0. Two are needed"),
        (CrossSession(), {}, "subject S0 has the one session 0. Two are needed"),
        (CrossSubject(), {"n_subjects": 1}, r"1 subject\(s\) \(S0\) for 2 folds"),
        (CrossSubject(3), {}, r"2 subject\(s\) \(S0, S1\) for 3 folds"),
        (WithinSession(13), {}, "S0/0 has 12 trials of 'a' for 13 folds"),
        (WithinSession(25, blocked=True), {}, "S0/0 has 24 trials for 25 folds"),
    ],
    ids=repr,
)
def test_what_cannot_be_split_is_said(protocol, size, sentence, make_rows, target):
    with pytest.raises(ConfigError, match=sentence):
        list(protocol.split(make_rows(**size), target, 0))


@pytest.mark.parametrize("make", [lambda: WithinSession(1), lambda: CrossSubject(1)])
def test_one_fold_is_none(make):
    with pytest.raises(ConfigError, match="n_splits is 1; give 2 or more"):
        make()


def test_blocks_are_split_only_where_that_is_asked_and_flagged(make_rows, target):
    rows = make_rows(n_subjects=1, n_runs=2, block_of=4)
    with pytest.raises(LeakError, match=r"fold S0/0/fold-0 splits \d+ blocks.*near copies"):
        list(WithinSession(4).split(rows, target, 0))
    folds = list(WithinSession(4, split_blocks=True).split(rows, target, 0))
    assert {fold.flags for fold in folds} == {("split_blocks",)}
    whole = list(WithinSession(4, blocked=True).split(rows, target, 0))
    assert {fold.flags for fold in whole} == {()}
