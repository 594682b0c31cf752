from itertools import pairwise

import numpy as np
import pytest
from sklearn.model_selection import LeaveOneGroupOut, StratifiedKFold

from neurodecode.core.errors import ConfigError
from neurodecode.protocols.cross_subject import CrossSubject

SUBJECTS = ("01", "02", "03", "04", "05")


def subjects_of_folds(protocol, rows, target, seed=0):
    folds = protocol.split(rows, target, seed)
    return [set(rows["subject"][fold.index("test")]) for fold in folds]


def test_folds_are_scikit_learns_over_all_rows(rows_of, target):
    rows = rows_of(subjects=SUBJECTS, sessions=("1", "2"), n_trials=2)
    found = [
        (fold.name, fold.index("train").tolist(), fold.index("test").tolist())
        for fold in CrossSubject().split(rows, target, seed=0)
    ]
    splits = LeaveOneGroupOut().split(np.arange(len(rows)), groups=rows["subject"])
    assert found == [
        (f"subject-{name}", train.tolist(), test.tolist())
        for name, (train, test) in zip(SUBJECTS, splits, strict=True)
    ]


@pytest.mark.parametrize("n_splits", [None, 2, 3, 5])
def test_each_row_is_tested_once_and_no_subject_is_on_both_sides(rows_of, target, n_splits):
    rows = rows_of(subjects=SUBJECTS, n_trials=2)
    tested = []
    for fold in CrossSubject(n_splits).split(rows, target, seed=0):
        assert fold.apart == ("subject",)
        train, test = fold.index("train"), fold.index("test")
        assert sorted([*train, *test]) == list(range(len(rows)))
        assert not set(rows["subject"][train]) & set(rows["subject"][test])
        tested += test.tolist()
    assert sorted(tested) == list(range(len(rows)))


def test_groups_are_drawn_with_the_seed_and_differ_by_one_subject_at_most(rows_of, target):
    rows = rows_of(subjects=SUBJECTS, n_trials=2)
    drawn = [subjects_of_folds(CrossSubject(2), rows, target, seed) for seed in (0, 0, 1, 2, 3)]
    assert [sorted(map(len, groups)) for groups in drawn] == [[2, 3]] * 5
    assert drawn[0] == drawn[1]
    assert any(one != other for one, other in pairwise(drawn[1:]))


def test_leaving_one_out_draws_nothing(rows_of, target):
    rows = rows_of(subjects=SUBJECTS, n_trials=2)
    for seed in (0, 1):
        assert subjects_of_folds(CrossSubject(), rows, target, seed) == [{one} for one in SUBJECTS]


def test_too_few_subjects_are_named(rows_of, target):
    with pytest.raises(ConfigError, match=r"cross_subject: 1 subject\(s\) \(01\) for 2 folds\. "):
        next(CrossSubject().split(rows_of(), target, seed=0))
    rows = rows_of(subjects=("01", "02"))
    with pytest.raises(ConfigError, match=r"2 subject\(s\) \(01, 02\) for 3 folds\. Use within_s"):
        next(CrossSubject(3).split(rows, target, seed=0))


def test_one_fold_is_refused():
    with pytest.raises(ConfigError, match=r"cross_subject: n_splits is 1; give 2 or more"):
        CrossSubject(1)


def people(rows_of, n=23, n_trials=1):
    """People of two labels and three sites, the same in all rows of a person."""
    rng = np.random.default_rng(3)
    names = [f"{i:02d}" for i in range(n)]
    of_label, of_site = (
        rng.choice(["asd", "control"], n),
        rng.choice(["A", "B", "C"], n, p=[0.4, 0.4, 0.2]),
    )
    return rows_of(
        subjects=names,
        n_trials=n_trials,
        diagnosis=np.repeat(of_label, n_trials),
        site=np.repeat(of_site, n_trials),
    )


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("columns", [("diagnosis",), ("diagnosis", "site")])
def test_stratified_folds_of_people_are_scikit_learns(rows_of, target, columns, seed):
    rows = people(rows_of, 40)
    combined = np.array(
        [" ".join(values) for values in zip(*map(rows.__getitem__, columns), strict=True)]
    )
    splitter = StratifiedKFold(2, shuffle=True, random_state=seed)
    found = [
        (fold.name, fold.index("train").tolist(), fold.index("test").tolist())
        for fold in CrossSubject(2, stratify=columns).split(rows, target, seed)
    ]
    assert found == [
        (f"subjects-{i}", train.tolist(), test.tolist())
        for i, (train, test) in enumerate(splitter.split(combined, combined))
    ]


def test_stratified_folds_of_people_do_not_hang_on_how_many_rows_each_has(rows_of, target):
    protocol = CrossSubject(3, stratify=["diagnosis"])
    once, often = (people(rows_of, 23, n_trials) for n_trials in (1, 5))
    groups = subjects_of_folds(protocol, once, target)
    assert groups == subjects_of_folds(protocol, often, target)
    assert set.union(*groups) == set(once["subject"])
    n_asd = [len(group & set(once["subject"][once["diagnosis"] == "asd"])) for group in groups]
    assert max(n_asd) - min(n_asd) <= 1


def test_what_cannot_be_stratified_is_named(rows_of, target):
    rows = people(rows_of, 12)
    with pytest.raises(
        ConfigError, match=r"one subject at a time cannot be stratified. Give n_spli"
    ):
        CrossSubject(stratify=["site"])
    with pytest.raises(ConfigError, match=r"cross_subject: stratify is 'site'\. Give a list"):
        CrossSubject(2, stratify="site")
    with pytest.raises(ConfigError, match=r"rows have no column 'sight'. Did you mean 'site'"):
        subjects_of_folds(CrossSubject(2, ["sight"]), rows, target)
    with pytest.raises(
        ConfigError,
        match=r"1 subject\(s\) of diagnosis and site '.*' for 2 folds\. Give fewer n_sp",
    ):
        subjects_of_folds(CrossSubject(2, ["diagnosis", "site"]), rows, target)
    varied = rows_of(subjects=SUBJECTS, n_trials=2)
    with pytest.raises(ConfigError, match=r"subject 01 has rows of label '.' and '.', so it is of"):
        subjects_of_folds(CrossSubject(2, ["label"]), varied, target)
