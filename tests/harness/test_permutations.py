"""p: permutations of all labels within runs, the same in every fold; or flips of signs."""

import numpy as np
import pytest
from tests_harness import planted, run, study_of

from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.truth import TrainingTruth
from neurodecode.linalg.permutation import permutation_p, sign_flip_test
from neurodecode.models.riemann.mdm import Mdm

MDM = (NamedModel("riemann.mdm", Mdm()),)


def permuted_study(effect=1.0, seed=0, subjects=("1", "2", "3"), n=19, **question):
    return study_of(
        *planted(effect, seed, subjects), models=MDM, n_draws=0, n_permutations=n, **question
    )


def test_a_permutation_is_the_same_in_every_fold_and_stays_within_runs():
    study = permuted_study()
    truth = TrainingTruth(study)
    y = study.y[truth.permuted(3)]
    assert not np.array_equal(y, study.y)
    for recording in set(study.trials.rows["recording"]):
        mine = study.trials.rows["recording"] == recording
        assert sorted(y[mine]) == sorted(study.y[mine])
    for planned in make_plan(study).folds:
        told = truth.of(planned.fold, 0, None, permutation=3)
        np.testing.assert_array_equal(told, y[planned.fold.index("train")])


def test_other_subjects_change_no_permutation():
    one, three = permuted_study(subjects=("1",)), permuted_study()
    np.testing.assert_array_equal(
        TrainingTruth(one).permuted(5), TrainingTruth(three).permuted(5)[:24]
    )


def test_an_effect_has_the_smallest_p_that_there_can_be_and_none_has_not(tmp_path):
    _, _, rows = run(permuted_study(effect=2.0), tmp_path / "effect")
    assert rows[0].p == pytest.approx(1 / 20)
    _, _, rows = run(permuted_study(effect=0.0), tmp_path / "none")
    assert rows[0].p > 1 / 20  # seed 0


def test_p_is_made_of_scores_of_permuted_labels_against_permuted_truth(tmp_path):
    from neurodecode.report.results import Results

    study = permuted_study(effect=0.3)
    _, _, rows = run(study, tmp_path / "r")
    scores = Results(tmp_path / "r").scores()
    permuted = scores[scores["permutation"] >= 0]
    each = permuted.groupby(["permutation", "subject"])["score"].mean().groupby(level=0).mean()
    assert len(each) == 19
    assert rows[0].p == pytest.approx((1 + np.sum(each >= rows[0].mean - 1e-12)) / 20)
    truth = TrainingTruth(study)
    from neurodecode.harness.store import Store

    store = Store(tmp_path / "r")
    job = next(j for j in store.index()["jobs"] if j["permutation"] == 4)
    found = store.predictions(job["key"], ("a", "b"))
    position = {uid: i for i, uid in enumerate(study.trials.rows["uid"])}
    at = [position[uid] for uid in found.uid]
    true = study.y[truth.permuted(4)][at]
    expected = np.mean([np.mean(found.pred[true == c] == c) for c in (0, 1)])
    mine = permuted[(permuted["permutation"] == 4) & (permuted["fold"] == job["fold"])]
    assert mine["score"].tolist() == pytest.approx([expected])


def test_six_subjects_are_tested_by_flips_of_signs_and_nothing_is_fitted_for_it(tmp_path):
    six = tuple("123456")
    study = permuted_study(effect=1.0, subjects=six)
    plan, _, rows = run(study, tmp_path / "r")
    assert all(job.permutation is None for job in plan.jobs)
    above = np.array(list(rows[0].per_unit.values())) - 0.5
    assert rows[0].p == pytest.approx(sign_flip_test(above, "greater").p)


def test_without_a_number_of_permutations_there_is_no_p(study, tmp_path):
    assert {row.p for row in run(study, tmp_path / "r")[2]} == {None}


def test_p_is_never_zero():
    assert permutation_p(1.0, np.zeros(99)) == 0.01
    assert permutation_p(0.0, np.zeros(99)) == 1.0
