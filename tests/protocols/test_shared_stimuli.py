import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold

from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.core.fold import ROLES
from neurodecode.core.rows import Rows
from neurodecode.core.target import Target
from neurodecode.harness.access import grant
from neurodecode.harness.question import TargetAccess
from neurodecode.protocols import claims_of, inner_groups, verify, with_unlabelled
from neurodecode.protocols.shared_stimuli import SharedStimuli

STIMULI = [f"p{i}" for i in (0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5)]  # two repeats of each
CONCEPTS = ["cat", "cat", "dog", "dog", "owl", "owl"] * 2
SPLIT = ["train", "test", "train", "train", "train", "test"] * 2  # a cat and an owl are tested


@pytest.fixture
def one(rows_of):
    return rows_of(stimulus=STIMULI, concept=CONCEPTS, split=SPLIT)


@pytest.fixture
def two(rows_of):
    made = rows_of(subjects=("01", "02"), stimulus=STIMULI * 2, concept=CONCEPTS * 2)
    table = made.table
    table["split"] = SPLIT * 2
    table["stimulus"] = table["stimulus"].astype(str)
    # Person 02 alone saw p6, an owl, in the place of p4.
    table.loc[(table["subject"] == "02") & (table["stimulus"] == "p4"), "stimulus"] = "p6"
    return Rows.build(table.drop(columns="uid"))


def folds_of(protocol, rows, target, seed=0):
    found = list(protocol.split(rows, target, seed))
    for fold in found:
        assert fold.apart == protocol.apart
        for claim in claims_of(protocol):
            verify(fold, rows, claim)
    return found


def shown(fold, rows, role, column="stimulus"):
    return set(rows[column][fold.index(role)])


def test_tested_pictures_are_those_of_the_column_and_no_others_are_left_out(one, target):
    (fold,) = folds_of(SharedStimuli(), one, target)
    assert fold.name == "01/split-test"
    assert shown(fold, one, "test") == {"p1", "p5"} and len(fold.index("test")) == 4
    assert shown(fold, one, "train") == {"p0", "p2", "p3", "p4"} and len(fold.index("train")) == 8
    assert fold.left_out == 0


def test_zero_shot_trains_on_no_concept_that_is_tested_and_counts_what_it_leaves_out(one, target):
    (fold,) = folds_of(SharedStimuli(held_out="concept"), one, target)
    assert shown(fold, one, "test") == {"p1", "p5"}
    assert shown(fold, one, "train") == {"p2", "p3"}  # dogs
    assert fold.left_out == 4  # two repeats of the other cat and of the other owl


def test_a_repeat_of_a_tested_picture_is_not_trained_on_whatever_its_column_says(one, target):
    table = one.table
    table.loc[1, "split"] = "train"  # one of two repeats of p1
    rows = Rows.build(table.drop(columns="uid"))
    (fold,) = folds_of(SharedStimuli(), rows, target)
    assert len(fold.index("test")) == 3
    assert shown(fold, rows, "train") == {"p0", "p2", "p3", "p4"}
    assert fold.left_out == 1


def test_other_columns_and_values_say_who_is_tested(one, target):
    table = one.table.assign(part=["a", "b", "c", "a", "b", None] * 2)
    rows = Rows.build(table.drop(columns="uid"))
    (fold,) = folds_of(SharedStimuli(column="part", test=("b", "c")), rows, target)
    assert fold.name == "01/part-b+c"
    assert shown(fold, rows, "test") == {"p1", "p2", "p4"}
    assert shown(fold, rows, "train") == {"p0", "p3"}  # and p5 has no part


@pytest.mark.parametrize("held_out", ["stimulus", "concept"])
@pytest.mark.parametrize("within", ["subject", "all"])
def test_drawn_folds_test_each_once(two, target, held_out, within):
    protocol = SharedStimuli(n_splits=3, held_out=held_out, within=within)
    found = folds_of(protocol, two, target)
    assert len(found) == 3 * (2 if within == "subject" else 1)
    counts = np.sum([fold.role == ROLES.index("test") for fold in found], axis=0)
    np.testing.assert_array_equal(counts, 1)
    assert all(fold.left_out == 0 for fold in found)
    again = folds_of(protocol, two, target)
    other = folds_of(protocol, two, target, seed=3)
    assert [f.role.tolist() for f in found] == [f.role.tolist() for f in again]
    assert [f.role.tolist() for f in found] != [f.role.tolist() for f in other]


def test_one_more_person_changes_no_fold_of_another(two, target):
    protocol = SharedStimuli(n_splits=3)
    mine = np.flatnonzero(two["subject"] == "01")
    alone = folds_of(protocol, two.take(mine), target)
    beside = folds_of(protocol, two, target)[:3]
    assert [f.role.tolist() for f in alone] == [f.role[mine].tolist() for f in beside]


@given(st.data())
def test_drawn_folds_part_what_scikit_learns_groups_part(rows_of, target, data):
    stimuli = data.draw(st.lists(st.sampled_from("abcdefg"), min_size=12, max_size=12))
    n_splits = data.draw(st.integers(2, 3))
    rows = rows_of(stimulus=stimuli)
    if len(set(stimuli)) < n_splits:
        with pytest.raises(ConfigError, match="stimuli for"):
            folds_of(SharedStimuli(n_splits=n_splits), rows, target)
        return
    found = folds_of(SharedStimuli(n_splits=n_splits), rows, target)
    groups = [shown(fold, rows, "test") for fold in found]
    theirs = [
        set(np.array(stimuli)[test])
        for _, test in GroupKFold(n_splits).split(stimuli, groups=stimuli)
    ]
    # Which stimulus is in which fold is drawn; both test each in one fold, and train on the rest.
    assert sorted(x for g in groups for x in g) == sorted(x for g in theirs for x in g)
    for fold in found:
        assert shown(fold, rows, "train") == set(stimuli) - shown(fold, rows, "test")


def test_shared_tests_what_all_people_saw(two, target):
    for fold in folds_of(SharedStimuli(shared=True), two, target):
        assert shown(fold, two, "test") == {"p0", "p1", "p2", "p3", "p5"}
        assert shown(fold, two, "train") == {"p4" if fold.name.startswith("01") else "p6"}
    (fold,) = folds_of(SharedStimuli(shared=True, within="all"), two, target)
    assert fold.name == "shared" and shown(fold, two, "train") == {"p4", "p6"}


def test_a_new_person_is_tested_on_pictures_that_no_other_was_trained_on(two, target):
    found = folds_of(SharedStimuli(within="others", held_out="concept"), two, target)
    assert [fold.name for fold in found] == ["01/split-test", "02/split-test"]
    for fold, tested, trained in zip(found, ("01", "02"), ("02", "01"), strict=True):
        assert shown(fold, two, "test", "subject") == {tested}
        assert shown(fold, two, "train", "subject") == {trained}
        assert shown(fold, two, "train", "concept") == {"dog"}
        # Of the other person's rows the tested four, and four more of their concepts.
        assert fold.left_out == 4
    drawn = folds_of(SharedStimuli(within="others", n_splits=2), two, target)
    assert len(drawn) == 4
    assert drawn[0].left_out > 0  # rows of the other person that show what is tested


def test_both_claims_are_held(two, target):
    protocol = SharedStimuli(within="others")
    assert claims_of(protocol) == (("stimulus",), ("subject",))
    fold = next(protocol.split(two, target, 0))
    role = fold.role.copy()
    mine = two.where(subject="01", stimulus="p0")
    role[mine] = ROLES.index("train")
    broken = type(fold)(fold.name, role)
    verify(broken, two, ("stimulus",))
    with pytest.raises(LeakError, match="subject 01 is on both sides"):
        verify(broken, two, ("subject",))


def test_labels_of_a_new_person_are_of_pictures_that_are_not_tested(two, target):
    protocol = SharedStimuli(within="others", held_out="concept")
    fold = next(protocol.split(two, target, 0))
    pool = protocol.calibration_rows(fold, two)
    y, known = np.zeros(len(two)), np.ones(len(two), dtype=bool)
    granted = grant(fold, two, known, y, TargetAccess(calibration=3), pool)
    assert len(granted.index("adapt")) == 3
    assert shown(granted, two, "adapt", "subject") == {"01"}
    assert shown(granted, two, "adapt", "concept") == {"dog"}
    np.testing.assert_array_equal(granted.index("test"), fold.index("test"))
    with pytest.raises(ConfigError, match="within subject trains on the tested one"):
        SharedStimuli().calibration_rows(fold, two)


def test_rows_of_unknown_target_are_of_other_pictures_and_other_people(two, target):
    protocol = SharedStimuli(within="others")
    fold = next(protocol.split(two, target, 0))
    known = np.ones(len(two), dtype=bool)
    role = fold.role.copy()
    hidden = np.concatenate([two.where(stimulus="p0"), two.where(stimulus="p1", subject="02")])
    known[hidden], role[hidden] = False, 0
    made = with_unlabelled(type(fold)(fold.name, role), two, known, claims_of(protocol))
    assert shown(made, two, "unlabelled") == {"p0"}
    assert shown(made, two, "unlabelled", "subject") == {"02"}


def test_inner_folds_keep_pictures_or_concepts_whole(one, target):
    for held_out, n_groups in (("stimulus", 4), ("concept", 1)):
        protocol = SharedStimuli(held_out=held_out)
        (fold,) = folds_of(protocol, one, target)
        rows = one.take(fold.index("train"))
        groups = inner_groups(rows, protocol.apart)
        assert groups is not None and len(set(groups)) == n_groups
        assert len(set(zip(groups, rows[held_out], strict=True))) == n_groups


def test_rows_without_a_picture_are_on_neither_side(rows_of, target):
    stimuli = [*STIMULI[:10], None, None]
    rows = rows_of(stimulus=stimuli, concept=[*CONCEPTS[:9], None, "owl", "owl"], split=SPLIT)
    (fold,) = folds_of(SharedStimuli(), rows, target)
    assert set(fold.index("train", "test")) == set(range(10))
    (fold,) = folds_of(SharedStimuli(held_out="concept"), rows, target)
    assert 9 not in fold.index("train", "test")  # who knows what it shows


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"column": "split", "n_splits": 3}, "each say which stimuli are tested. Give one"),
        ({"shared": True, "n_splits": 3}, "each say which stimuli are tested. Give one"),
        ({"n_splits": 1}, "n_splits is 1; give 2 or more"),
        ({"n_splits": 2, "test": ("a",)}, "test are values of column"),
        ({"test": "test"}, r"test is 'test'\. Give a list"),
        ({"held_out": "category"}, "held_out is 'category'; give one of stimulus, concept"),
        ({"within": "session"}, "within is 'session'; give one of subject, all, others"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments, sentence):
    with pytest.raises(ConfigError, match=f"shared_stimuli: .*{sentence}"):
        SharedStimuli(**arguments)


@pytest.mark.parametrize(
    ("columns", "arguments", "sentence"),
    [
        ({}, {}, "rows have no column 'stimulus'"),
        ({"stimulus": STIMULI}, {}, "no column split .*n_splits: 5.*shared: true"),
        ({"stimulus": STIMULI, "split": SPLIT}, {"held_out": "concept"}, "no column 'concept'"),
        ({"stimulus": STIMULI, "split": SPLIT}, {"test": ("tset",)}, "no row has the split 'tset'"),
        ({"stimulus": STIMULI, "split": ["test"] * 12}, {}, "nothing is left to train on to te"),
        ({"stimulus": STIMULI}, {"n_splits": 7}, "01 has 6 stimuli for 7 folds"),
        ({"stimulus": STIMULI}, {"shared": True}, "all rows are of 01. Add subjects"),
        ({"stimulus": STIMULI, "split": SPLIT}, {"within": "others"}, "two people or more"),
        (
            {"stimulus": STIMULI, "split": SPLIT, "concept": ["cat"] * 12},
            {"held_out": "concept"},
            "all 8 rows show a tested concept. Use held_out: stimulus",
        ),
        (
            {"stimulus": STIMULI, "split": SPLIT, "concept": [*CONCEPTS[:6], "dog", *CONCEPTS[7:]]},
            {"held_out": "concept"},
            "the stimulus 'p0' is of the concepts cat and dog",
        ),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_split_so_are_refused(rows_of, target, columns, arguments, sentence):
    with pytest.raises(ConfigError, match=f"shared_stimuli.*{sentence}"):
        folds_of(SharedStimuli(**arguments), rows_of(**columns), target)


def test_people_who_saw_nothing_alike_share_nothing(rows_of, target):
    rows = rows_of(subjects=("01", "02"), stimulus=[*STIMULI, *(f"q{i}" for i in range(12))])
    with pytest.raises(ConfigError, match="no stimulus was shown to all 2 people"):
        folds_of(SharedStimuli(shared=True), rows, target)


BRAIN = Target("brain", signal="fmri")


def series_of(stimulus, seconds=2.0):
    """Rows of one run, each two seconds after the one before."""
    onset = 2.0 * np.arange(len(stimulus))
    return Rows.build(
        pd.DataFrame(
            {
                "recording": "sub-01_ses-1_run-1", "subject": "01", "session": "1", "run": "1",
                "onset": onset, "duration": seconds, "start": onset, "stop": onset + seconds,
                "stimulus": stimulus,
            }
        )
    )  # fmt: skip


def test_volumes_of_a_series_are_not_drawn_one_by_one():
    volumes = [f"volume {i}" for i in range(40)]
    with pytest.raises(LeakError, match=r"of 20 tested ones are next to rows that are trained on"):
        folds_of(SharedStimuli(n_splits=2), series_of(volumes), BRAIN)
    films = np.repeat(["a", "b", "c", "d"], 10)
    assert len(folds_of(SharedStimuli(n_splits=2), series_of(films), BRAIN)) == 2
    # Windows that overlap are purged, and trials with a pause between them are no series.
    for seconds in (3.0, 1.0):
        assert len(folds_of(SharedStimuli(n_splits=2), series_of(volumes, seconds), BRAIN)) == 2
