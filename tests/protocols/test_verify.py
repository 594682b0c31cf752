"""Folds are held to their claim, whatever made them."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.core.errors import DataError, LeakError
from neurodecode.core.fold import ROLES, Fold
from neurodecode.core.names import catalogue, find
from neurodecode.core.rows import Rows
from neurodecode.protocols import (
    check_training,
    claims_of,
    inner_groups,
    overlapping,
    purge,
    shares_within,
    verify,
)


def fold_of(n_rows, **index):
    return Fold.of("made", n_rows, **index)


@pytest.fixture
def rows(rows_of):
    made = rows_of(subjects=("01", "02"), sessions=("1", "2"), runs=("1", "2"), n_trials=6)
    table = made.table
    table["split"] = np.where(np.arange(len(table)) % 3 == 0, "test", "train")
    table["group"] = "site of " + table["subject"].astype(str)
    table["stimulus"] = [f"p{i % 6}" for i in range(len(table))]
    return Rows.build(table)


@pytest.mark.parametrize("name", catalogue("protocols"))
def test_every_protocol_keeps_its_claim(rows, target, name):
    protocol = find(name, "protocols")()
    folds = list(protocol.split(rows, target, seed=0))
    assert len(folds) > 1
    assert len({fold.name for fold in folds}) == len(folds)
    for fold in folds:
        for claim in claims_of(protocol):
            verify(fold, rows, claim)
        assert fold.apart == protocol.apart


def test_rows_that_share_a_partner_are_of_one_inner_group(rows):
    first = rows.take(np.flatnonzero(rows["subject"] == "01"))
    shown = np.array([f"p{i}" for i in range(len(first))], dtype=object)
    alone = first.with_column("shown", shown)
    runs = alone.codes("session", "run")
    np.testing.assert_array_equal(inner_groups(alone, ("session", "run"), ("shown",)), runs)
    assert inner_groups(alone, (), ("shown",)) is None
    same = shown.copy()
    same[[0, 6]] = "both"  # of the first two runs
    same[[7, 12]] = "again"  # of the second and third, so that a chain joins the first three
    joined = inner_groups(first.with_column("shown", same), ("session", "run"), ("shown",))
    assert len(set(joined[:18])) == 1 and len(set(joined[18:])) == 1 and joined[0] != joined[18]
    pairs = inner_groups(first.with_column("shown", same), (), ("shown",))
    assert pairs[0] == pairs[6] and len(set(pairs)) == len(first) - 2


@pytest.mark.parametrize("column", ["subject", "session", "run", "recording"])
@pytest.mark.parametrize("side", ["train", "val"])
def test_a_fold_that_shares_what_it_keeps_apart_is_refused(rows, column, side):
    values = rows[column]
    test = np.flatnonzero(values == values[0])
    moved, test = test[:1], test[1:]
    fold = fold_of(len(rows), train=np.flatnonzero(values != values[0]), test=test)
    verify(fold, rows, (column,))
    fold.role[moved] = ROLES.index(side)
    said = rf"fold made: {column} {values[0]} is on both sides \(1 training and {len(test)} test "
    with pytest.raises(LeakError, match=said + rf"rows\), and .* keeps {column} apart"):
        verify(fold, rows, (column,))


def test_columns_are_kept_apart_together(rows):
    # Run 1 of session 1 and run 1 of session 2 are two runs.
    one = rows.where(subject="01", session="1", run="1")
    other = rows.where(subject="01", session="2", run="1")
    fold = fold_of(len(rows), train=one, test=other)
    verify(fold, rows, ("subject", "session", "run"))
    verify(fold, rows, ("session",))
    with pytest.raises(LeakError, match="subject 01, run 1 is on both sides"):
        verify(fold, rows, ("subject", "run"))


def test_a_fold_of_other_rows_is_refused(rows):
    fold = fold_of(5, train=[0], test=[1])
    with pytest.raises(LeakError, match="fold made: 5 roles for 48 rows"):
        verify(fold, rows, ())


def test_an_unknown_role_is_refused(rows):
    fold = fold_of(len(rows), train=[0], test=[1])
    fold.role[2] = len(ROLES)
    with pytest.raises(LeakError, match="role 6 is unknown"):
        verify(fold, rows, ())


@pytest.mark.parametrize(
    ("index", "lacking"), [({"test": [0]}, "training"), ({"val": [0]}, "test")]
)
def test_a_fold_without_a_side_is_refused(rows, index, lacking):
    with pytest.raises(LeakError, match=f"fold made: it has no {lacking} row"):
        verify(fold_of(len(rows), **index), rows, ())


@st.composite
def windows(draw):
    """Rows of up to three recordings with windows of whole seconds, and a fold of any roles."""
    n = draw(st.integers(1, 25))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    start = rng.integers(0, draw(st.integers(1, 60)), size=n).astype(float)
    table = pd.DataFrame(
        {
            "recording": rng.choice(["r1", "r2", "r3"], size=n),
            "start": start,
            "stop": start + rng.integers(0, 8, size=n),  # some are a moment
        }
    )
    return Rows(table), Fold("made", rng.integers(len(ROLES), size=n).astype(np.uint8))


def near(fold, rows, reach):
    """Look at each pair of a training and a test row."""
    recording, start, stop = rows["recording"], rows["start"], rows["stop"]
    return [
        i
        for i in fold.index("train", "val")
        if any(
            recording[i] == recording[j]
            and start[i] < stop[j] + reach
            and start[j] < stop[i] + reach
            for j in fold.index("test")
        )
    ]


@given(windows())
def test_overlapping_is_what_every_pair_says(made):
    rows, fold = made
    assert overlapping(fold, rows).tolist() == near(fold, rows, 0)


@given(windows(), st.sampled_from([0, 1, 2.5, 10, math.inf]))
def test_shares_within_is_what_every_pair_says(made, reach):
    rows, fold = made
    assert shares_within(fold, rows, reach) == (len(near(fold, rows, reach)) > 0)


@given(windows())
def test_a_purged_fold_overlaps_no_more_and_loses_nothing_else(made):
    rows, fold = made
    lost = near(fold, rows, 0)
    purged = purge(replace(fold, purged=2), rows, "purge")
    assert len(overlapping(purged, rows)) == 0
    assert purged.purged == 2 + len(lost)
    changed = np.flatnonzero(purged.role != fold.role)
    assert changed.tolist() == lost
    assert not purged.role[lost].any()  # unused


def windows_of_one_run(*bounds):
    start, stop = np.transpose(bounds).astype(float)
    return Rows(pd.DataFrame({"recording": "01/1/1", "start": start, "stop": stop}))


def test_windows_that_touch_do_not_overlap():
    rows = windows_of_one_run((0, 1), (1, 2), (1.5, 3))
    assert overlapping(fold_of(3, train=[0, 2], test=[1]), rows).tolist() == [2]


def test_a_long_test_window_before_others_is_not_forgotten():
    # The test window that begins last before the training window ends long before it.
    rows = windows_of_one_run((0, 100), (10, 11), (50, 51))
    assert overlapping(fold_of(3, train=[2], test=[0, 1]), rows).tolist() == [2]


def test_overlap_is_refused_or_allowed_as_asked():
    rows = windows_of_one_run((0, 1), (2, 3), (2.5, 4))
    fold = fold_of(3, train=[0, 1], test=[2])
    with pytest.raises(
        LeakError, match=r"fold made: 1 training windows .* the first in 01/1/1 from 2 to 3 s"
    ):
        purge(fold, rows, "refuse")
    assert purge(fold, rows, "allowed") is fold
    apart = fold_of(3, train=[0], test=[2])
    assert purge(apart, rows, "refuse") is apart


def test_infinite_reach_stays_within_a_recording():
    rows = Rows(pd.DataFrame({"recording": ["r1", "r2"], "start": [0.0, 0.0], "stop": [1.0, 1.0]}))
    assert not shares_within(fold_of(2, train=[0], test=[1]), rows, math.inf)
    rows = windows_of_one_run((0, 1), (1e6, 1e6 + 1))
    assert shares_within(fold_of(2, train=[0], test=[1]), rows, math.inf)


def test_too_few_training_trials_of_a_class_are_named(target):
    y = np.array([0, 0, 0, 1, 1, 1])
    fold = fold_of(6, train=[0, 1], val=[3], test=[2, 4])
    check_training(fold, y, target, min_trials=1)
    with pytest.raises(
        DataError, match=r"fold made: .* of a class \('b' 1; 2 are needed\)\. Use fewer folds"
    ):
        check_training(fold, y, target, min_trials=2)
    with pytest.raises(DataError, match=r"\('a' 2, 'b' 1; 3 are needed\)"):
        check_training(fold, y, target, min_trials=3)


def test_validation_trials_train_and_others_do_not(target):
    y = np.array([0, 0, 1, 1])
    check_training(fold_of(4, train=[0, 2], val=[1, 3]), y, target, min_trials=2)
    with pytest.raises(DataError, match=r"'a' 1, 'b' 0; 2 are needed"):
        check_training(fold_of(4, train=[0], adapt=[1], test=[2]), y, target, min_trials=2)
