import numpy as np
import pytest
from sklearn.model_selection import KFold, StratifiedKFold

from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.core.rows import Rows
from neurodecode.core.target import Target
from neurodecode.protocols.within_session import WithinSession


def expected(splitter, rows, y):
    """Folds of scikit-learn's splitter within each subject's session, as positions of rows."""
    sessions = [f"{a}/{b}" for a, b in zip(rows["subject"], rows["session"], strict=True)]
    for who in dict.fromkeys(sessions):
        mine = np.flatnonzero(np.array(sessions) == who)
        for i, (train, test) in enumerate(splitter.split(mine, y[mine])):
            yield f"{who}/fold-{i}", mine[train].tolist(), mine[test].tolist()


def given(folds):
    for fold in folds:
        yield fold.name, fold.index("train").tolist(), fold.index("test").tolist()


@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize("n_splits", [2, 5])
def test_folds_are_scikit_learns_stratified_ones(rows_of, target, n_splits, seed):
    rows = rows_of(subjects=("01", "02"), sessions=("1", "2"), runs=("1", "2"))
    splitter = StratifiedKFold(n_splits, shuffle=True, random_state=seed)
    found = given(WithinSession(n_splits).split(rows, target, seed))
    assert list(found) == list(expected(splitter, rows, target.column_values(rows)))


def test_blocked_folds_are_scikit_learns_unshuffled_ones(rows_of, target):
    rows = rows_of(subjects=("01", "02"), runs=("1", "2"))
    found = given(WithinSession(3, blocked=True).split(rows, target, seed=4))
    assert list(found) == list(expected(KFold(3), rows, target.column_values(rows)))


def test_each_row_is_tested_once_by_the_rest_of_its_session(rows_of, target):
    rows = rows_of(subjects=("01", "02"), sessions=("1", "2"), runs=("1", "2"), n_trials=14)
    sessions = rows.codes("subject", "session")
    tested = []
    for fold in WithinSession().split(rows, target, seed=1):
        train, test = fold.index("train"), fold.index("test")
        mine = np.flatnonzero(sessions == sessions[test[0]])
        assert sorted([*train, *test]) == mine.tolist()
        tested += test.tolist()
    assert sorted(tested) == list(range(len(rows)))


def test_folds_do_not_hang_on_the_order_of_the_table(rows_of, target):
    rows = rows_of(runs=("1", "2"))
    mixed = Rows.build(rows.table.sample(frac=1, random_state=0))
    folds = [
        [set(r["uid"][f.index("test")]) for f in WithinSession().split(r, target, seed=0)]
        for r in (rows, mixed)
    ]
    assert folds[0] == folds[1]


def test_the_seed_draws_the_folds(rows_of, target):
    rows = rows_of(runs=("1", "2"))
    once, again, other = (list(given(WithinSession().split(rows, target, s))) for s in (0, 0, 1))
    assert once == again != other


def test_values_have_no_classes_to_stratify(rows_of):
    rows = rows_of(effort=np.linspace(0, 1, 12))
    target = Target("value", column="effort")
    splitter = KFold(3, shuffle=True, random_state=2)
    found = given(WithinSession(3).split(rows, target, seed=2))
    assert list(found) == list(expected(splitter, rows, target.column_values(rows)))


def test_one_fold_is_refused():
    with pytest.raises(ConfigError, match=r"within_session: n_splits is 1; give 2 or more"):
        WithinSession(1)


@pytest.mark.parametrize("blocked", [False, True])
def test_too_few_trials_are_named(rows_of, target, blocked):
    rows = rows_of(n_trials=4)
    with pytest.raises(ConfigError, match=r"01/1 has 4 trials for 5 folds. Give fewer n_splits"):
        next(WithinSession(blocked=blocked).split(rows, target, seed=0))


def test_too_few_trials_of_a_class_are_named(rows_of, target):
    rows = rows_of(n_trials=12)
    few = rows.take(np.sort([*rows.where(label="a"), *rows.where(label="b")[:3]]))
    with pytest.raises(ConfigError, match=r"01/1 has 3 trials of 'b' for 5 folds"):
        next(WithinSession().split(few, target, seed=0))
    assert len(list(WithinSession(3).split(few, target, seed=0))) == 3
    # A class that no row of this session has is no class with too few.
    only_a = few.take(few.where(label="a"))
    assert len(list(WithinSession().split(only_a, target, seed=0))) == 5


def test_a_block_on_both_sides_is_refused_and_named(rows_of, target):
    rows = rows_of(block=[f"b{i}" for i in np.arange(12) // 2])
    with pytest.raises(
        LeakError, match=r"fold 01/1/fold-0 splits \d blocks, the first is block b\d of 01/1/1\. "
    ):
        next(WithinSession(3).split(rows, target, seed=0))


def test_a_leak_that_is_asked_for_is_flagged(rows_of, target):
    rows = rows_of(block=[f"b{i}" for i in np.arange(12) // 2])
    leaky = list(WithinSession(3, split_blocks=True).split(rows, target, seed=0))
    plain = list(WithinSession(3).split(rows_of(), target, seed=0))
    assert list(given(leaky)) == list(given(plain))
    assert {fold.flags for fold in leaky} == {("split_blocks",)}
    assert {fold.flags for fold in plain} == {()}


def test_blocks_that_are_not_split_are_no_leak(rows_of, target):
    rows = rows_of(block=[f"b{i}" for i in np.arange(12) // 4])  # three folds of one block each
    folds = list(WithinSession(3, blocked=True, split_blocks=True).split(rows, target, seed=0))
    assert {fold.flags for fold in folds} == {()}
    # Blocks of one row, and of one name in two runs: two blocks.
    rows = rows_of(runs=("1", "2"), n_trials=6, block=[f"b{i}" for i in [*range(6), *range(6)]])
    assert len(list(WithinSession(3).split(rows, target, seed=0))) == 3


def test_rows_of_unknown_block_are_no_block(rows_of, target):
    rows = rows_of(runs=("1", "2"), n_trials=6, block=[None] * 6 + [f"b{i}" for i in range(6)])
    assert len(list(WithinSession(3).split(rows, target, seed=0))) == 3


def test_folds_stratified_by_several_columns_are_scikit_learns(rows_of, target):
    rows = rows_of(n_trials=60, hand=["left", "right", "right"] * 20)
    combined = np.array([f"{a} {b}" for a, b in zip(rows["label"], rows["hand"], strict=True)])
    splitter = StratifiedKFold(4, shuffle=True, random_state=5)
    found = given(WithinSession(4, stratify=["label", "hand"]).split(rows, target, seed=5))
    assert list(found) == list(expected(splitter, rows, combined))
    shares = [
        np.mean(rows["hand"][test] == "left")
        for _, _, test in given(WithinSession(5, stratify=["hand"]).split(rows, target, seed=0))
    ]
    assert shares == pytest.approx([1 / 3] * 5)


def test_stratifying_by_the_label_is_what_is_done_without_being_asked(rows_of, target):
    rows = rows_of(runs=("1", "2"))
    asked = given(WithinSession(3, stratify=["label"]).split(rows, target, seed=0))
    assert list(asked) == list(given(WithinSession(3).split(rows, target, seed=0)))


def test_values_are_stratified_by_what_is_named(rows_of):
    rows = rows_of(effort=np.linspace(0, 1, 12))
    target = Target("value", column="effort")
    found = given(WithinSession(3, stratify=["label"]).split(rows, target, seed=2))
    splitter = StratifiedKFold(3, shuffle=True, random_state=2)
    assert list(found) == list(expected(splitter, rows, rows["label"].astype(str)))


def test_what_cannot_be_stratified_is_named(rows_of, target):
    with pytest.raises(
        ConfigError, match="blocked folds are stretches of time and cannot be strat"
    ):
        WithinSession(blocked=True, stratify=["label"])
    with pytest.raises(ConfigError, match=r"within_session: stratify is \[\]\. Give a list"):
        WithinSession(stratify=[])
    rows = rows_of(hand=["left"] * 3 + ["right"] * 9)
    with pytest.raises(ConfigError, match=r"01/1 has \d trials of '., left' for 4 folds"):
        next(WithinSession(4, stratify=["label", "hand"]).split(rows, target, seed=0))
    with pytest.raises(ConfigError, match=r"within_session: rows have no column 'hands'. Did you"):
        next(WithinSession(stratify=["hands"]).split(rows, target, seed=0))
