import pytest
from sklearn.model_selection import LeaveOneGroupOut

from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.protocols import verify
from neurodecode.protocols.cross_group import CrossGroup

SUBJECTS = ("01", "02", "03", "04", "05")
SITES = [site for site in ("NYU", "UM", "NYU", "Pitt", "UM") for _ in range(4)]


def folds_of(protocol, rows, target, seed=0):
    return [
        (fold.name, fold.index("train").tolist(), fold.index("test").tolist())
        for fold in protocol.split(rows, target, seed)
    ]


def test_folds_are_scikit_learns_over_all_rows(rows_of, target):
    rows = rows_of(subjects=SUBJECTS, n_trials=4, site=SITES)
    sites = rows["site"].astype(str)
    expected = {
        (f"site-{sites[test[0]]}", tuple(train), tuple(test))
        for train, test in LeaveOneGroupOut().split(sites, groups=sites)
    }
    found = folds_of(CrossGroup("site"), rows, target)
    assert {(name, tuple(train), tuple(test)) for name, train, test in found} == expected
    assert [name for name, *_ in found] == ["site-NYU", "site-UM", "site-Pitt"]  # as rows come


def test_groups_and_their_subjects_are_kept_apart(rows_of, target):
    rows = rows_of(subjects=SUBJECTS, n_trials=4, group=SITES)
    tested = []
    for fold in CrossGroup().split(rows, target, seed=0):
        assert fold.apart == ("group",)
        verify(fold, rows, ("group",))
        verify(fold, rows, ("subject",))
        tested += fold.index("test").tolist()
    assert sorted(tested) == list(range(len(rows)))


def test_nothing_is_drawn(rows_of, target):
    rows = rows_of(subjects=SUBJECTS, n_trials=4, group=SITES)
    assert folds_of(CrossGroup(), rows, target, 0) == folds_of(CrossGroup(), rows, target, 1)


def test_a_subject_of_two_sites_would_be_on_both_sides(rows_of, target):
    sites = ["NYU"] * 3 + ["UM"] + SITES[4:]
    rows = rows_of(subjects=SUBJECTS, n_trials=4, site=sites)
    with pytest.raises(LeakError, match="cross_group: subject 01 is in the site NYU and in UM, so"):
        folds_of(CrossGroup("site"), rows, target)


def test_rows_of_no_group_are_named(rows_of, target):
    rows = rows_of(subjects=SUBJECTS, n_trials=4, site=SITES[:16] + [None] * 4)
    with pytest.raises(
        ConfigError, match=r"cross_group: 4 rows have no site, the first is of sub.* 05"
    ):
        folds_of(CrossGroup("site"), rows, target)


def test_one_group_is_named(rows_of, target):
    rows = rows_of(subjects=("01", "02"), site="NYU")
    with pytest.raises(
        ConfigError, match=r"cross_group: all rows are of the one site NYU\. Two are"
    ):
        folds_of(CrossGroup("site"), rows, target)
    with pytest.raises(ConfigError, match=r"rows have no column 'sight'\. Did you mean 'site'\?"):
        folds_of(CrossGroup("sight"), rows, target)
