"""The shuffled null permutes training labels within run or block, and nothing else."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.core.errors import ConfigError
from neurodecode.core.fold import ROLES
from neurodecode.core.rows import Rows
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.harness.plan import make_plan
from neurodecode.harness.truth import TrainingTruth, permuted_order, permuted_rows, shuffle_units


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4), st.integers(1, 9))
def test_labels_stay_in_their_run(seed, n_runs, n_per_run):
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(n_runs), n_per_run))
    y = rng.integers(3, size=len(groups))
    found = y[permuted_order(y, np.arange(len(y)), groups, [seed])]
    for group in range(n_runs):
        assert Counter(found[groups == group]) == Counter(y[groups == group])


def test_a_block_keeps_one_label():
    groups = np.repeat([0, 1], 12)
    units = np.repeat(np.arange(8), 3)
    y = np.repeat([0, 1, 1, 0, 1, 0, 0, 1], 3)
    drawn = [y[permuted_order(y, units, groups, [i])] for i in range(50)]
    for found in drawn:
        assert all(len(set(found[units == unit])) == 1 for unit in range(8))
        assert [found[groups == g].sum() for g in (0, 1)] == [6, 6]
    assert len({tuple(found) for found in drawn}) > 10


def test_every_order_is_as_likely():
    y = np.array([0, 0, 1, 1])
    draws = [tuple(y[permuted_order(y, np.arange(4), np.zeros(4), [i])]) for i in range(1200)]
    counts = Counter(draws)
    assert len(counts) == 6
    # Each of six orders comes 200 times, s.d. 13.
    assert all(abs(n - 200) < 4 * 13 for n in counts.values())


def test_a_draw_is_the_fold_s_own(study):
    truth = TrainingTruth(study)
    first, second = (planned.fold for planned in make_plan(study).folds[:2])
    one = truth.of(first, 0, 3)
    np.testing.assert_array_equal(TrainingTruth(study).of(first, 0, 3), one)
    truth.of(second, 0, 3)
    np.testing.assert_array_equal(truth.of(first, 0, 3), one)
    assert not np.array_equal(truth.of(first, 0, 4), one)
    assert not np.array_equal(truth.of(first, 1, 3), one)
    np.testing.assert_array_equal(truth.of(first, 0, None), study.y[first.index("train")])


def test_draws_within_a_subject_leave_its_runs(study):
    """What a run shows besides is told by a draw within runs, and not by one within the person."""
    rows, target = study.trials.rows, study.question.target
    fold = make_plan(study).folds[0].fold
    fold = replace(fold, role=np.full_like(fold.role, ROLES.index("train")))
    kind = np.array(target.classes, dtype=object)[rows.codes("recording") % 2]  # a run has one
    study = replace(
        study, trials=Trials(rows.with_column(target.column, kind), study.trials.signals)
    )
    true, subject = (values[fold.index("train")] for values in (study.y, rows["subject"]))
    np.testing.assert_array_equal(TrainingTruth(study).of(fold, 0, 3), true)
    over = replace(study, question=replace(study.question, shuffled_within="subject"))
    drawn = TrainingTruth(over).of(fold, 0, 3)
    assert not np.array_equal(drawn, true)
    for one in np.unique(subject):
        assert sorted(drawn[subject == one]) == sorted(true[subject == one])


def test_a_course_is_not_dealt_to_other_runs(study):
    with pytest.raises(ConfigError, match="within: subject would deal pieces of one run's series"):
        replace(study.question, target=Target("series", signal="sound"), shuffled_within="subject")


@pytest.mark.parametrize("draw", [None, 0])
def test_test_rows_are_not_told(study, draw):
    fold = make_plan(study).folds[0].fold
    assert len(TrainingTruth(study).of(fold, 0, draw)) == len(fold.index("train"))


def test_people_with_one_label_each_are_permuted_within_their_site(study):
    table = study.trials.rows.table.iloc[::3].reset_index(drop=True)
    table["recording"] = [f"sub-{i}" for i in range(len(table))]
    table["group"] = np.where(np.arange(len(table)) < 10, "x", "y")
    units, groups = shuffle_units(Rows(table))
    y = np.arange(len(table)) % 2
    drawn = y[permuted_order(y, units, groups, [0])]
    assert not np.array_equal(drawn, y)
    for site in ("x", "y"):
        mine = (table["group"] == site).to_numpy()
        assert sorted(drawn[mine]) == sorted(y[mine])
    _, everyone = shuffle_units(Rows(table.drop(columns="group")))
    assert len(set(everyone)) == 1


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 20])
def test_what_follows_in_time_is_moved_on_together_and_far(n):
    y, groups = np.arange(2 * n), np.repeat([0, 1], n)
    moves = set()
    for i in range(200):
        drawn = y[permuted_order(y, y, groups, [i], rotate=True)]
        for mine in (drawn[:n], drawn[n:] - n):
            move = int(-mine[0] % n)
            np.testing.assert_array_equal(mine, np.roll(np.arange(n), move))
            moves.add(min(move, n - move))
    assert moves == set(range(int(np.ceil(n / 4)), n // 2 + 1)) | ({0} if n == 1 else set())


def test_every_move_is_as_likely_where_a_test_needs_all():
    n, uids = 5, np.array([f"{i:016x}" for i in range(5)], dtype=object)
    zeros, known = np.zeros(n, dtype=int), np.ones(n, dtype=bool)
    counts = Counter(
        int(permuted_rows(np.arange(n), known, np.arange(n), zeros, uids, i, rotate=True)[0])
        for i in range(1000)
    )
    assert len(counts) == n
    # Each of five moves comes 200 times, s.d. 12.6.
    assert all(abs(found - 200) < 4 * 12.6 for found in counts.values())
