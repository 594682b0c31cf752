"""Units whose models the others train, or whose differences are equal, are tested as such."""

import numpy as np
import pytest
from tests_compare import FAIR, GOOD, SUBJECTS, said, stored

from neurodecode.harness.compare import compare_results
from neurodecode.linalg.permutation import sign_flip_test
from neurodecode.linalg.stats import (
    corrected_t_test,
    dz_interval,
    mean_interval,
)
from neurodecode.protocols.cross_subject import CrossSubject
from neurodecode.protocols.within_session import WithinSession


def trains_each_other(folder):
    """Six people, each tested by models of the other five."""
    return stored(said({"good": GOOD, "fair": FAIR}, protocol=CrossSubject()), folder)


def test_people_who_train_each_others_models_are_not_taken_as_independent(tmp_path):
    folder = trains_each_other(tmp_path / "r")
    differences = (np.array(GOOD) - FAIR) / 24
    (one,), _ = compare_results([folder])
    assert list(one.per_unit.values()) == pytest.approx(differences.tolist())
    # Each of the others' models was trained on whom it is compared with: the variance is double,
    # and the spread of six tells 1 - 1 / 5 of it.
    assert one.p == pytest.approx(corrected_t_test(differences, 2.5))
    assert one.test == "two-sided t test over 6 subjects, their variance times 2.5"
    centre, low = differences.mean(), mean_interval(differences)[0]
    assert one.ci_low == pytest.approx(centre - np.sqrt(2.5) * (centre - low))
    assert (one.dz_low, one.dz_high) == pytest.approx(dz_interval(differences, 2.5))
    assert one.flags == ()
    # Trained on their own rows, the same scores are tested by flips.
    own = stored(said({"good": GOOD, "fair": FAIR}), tmp_path / "own")
    (alone,), _ = compare_results([own])
    assert alone.p == sign_flip_test(differences).p
    assert alone.ci_low > one.ci_low


@pytest.mark.parametrize("test", ["sign_flip", "wilcoxon"])
def test_a_test_of_independent_people_that_was_asked_for_is_flagged(test, tmp_path):
    (one,), _ = compare_results([trains_each_other(tmp_path / "r")], test=test)
    assert one.flags == ("subjects train each other's models, taken as independent",)


def test_two_people_who_train_each_other_have_no_interval_and_no_p(tmp_path):
    study = said({"a": GOOD[:2], "b": FAIR[:2]}, SUBJECTS[:2], protocol=CrossSubject())
    (one,), _ = compare_results([stored(study, tmp_path / "r")])
    assert np.isfinite(one.difference) and np.isnan([one.p, one.ci_low, one.dz_low]).all()
    assert one.flags == ("no interval: subjects share too much",)


def test_equal_differences_have_no_interval(tmp_path):
    (one,), _ = compare_results([stored(said({"a": GOOD, "b": GOOD}), tmp_path / "r")])
    assert one.difference == 0 and one.p == 1 and np.isnan([one.ci_low, one.ci_high]).all()
    assert one.flags == ("no interval: all differences are equal",)


def test_folds_that_each_seed_draws_anew_are_no_more_people(tmp_path):
    asked = {"protocol": WithinSession(3), "within": ("fold",), "seeds": (0, 1, 2)}
    study = said({"a": GOOD[:1], "b": FAIR[:1]}, SUBJECTS[:1], **asked)
    (one,), _ = compare_results([stored(study, tmp_path / "r")])
    # Three folds train each other's models, with each of three seeds: means vary 2 × 3 times as
    # much, and the spread of nine tells 1 - 1 / 8 of what one seed's scores vary.
    assert one.n_units == 9
    assert one.test == "two-sided t test over 9 folds, their variance times 6.86"
    assert one.p == pytest.approx(corrected_t_test(np.array([*one.per_unit.values()]), 48 / 7))
