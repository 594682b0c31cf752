"""Twelve changes, one at a time: never an old number where it would differ, none made again."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import SGDClassifier
from tests_harness import planted, run, study_of

from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.state import job_states
from neurodecode.harness.store import Store
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.protocols.within_session import WithinSession


def keys(study, subject="", model=""):
    """Keys of the plan's jobs, of one subject's folds or one model's where named."""
    return [
        job.key
        for job in make_plan(study).jobs
        if job.fold.name.startswith(subject) and job.model.name.startswith(model)
    ]


def data(**changes):
    arrays, labels, rows = planted()
    for name, change in changes.items():
        change({"arrays": arrays, "labels": labels, "rows": rows}[name])
    return study_of(arrays, labels, rows)


def test_the_metric_is_in_no_key(study, asked):
    assert keys(study) == keys(asked(metrics=("accuracy", "roc_auc")))


def test_the_order_of_models_and_their_names_are_in_no_key(study, asked):
    models = study.question.models
    renamed = (replace(models[0], name="other"), *models[1:])
    assert set(keys(study)) == set(keys(asked(models=tuple(reversed(models)))))
    assert keys(study) == keys(asked(models=renamed))


def test_other_subjects_are_in_no_key(study):
    arrays, labels, rows = planted()
    one = study_of({"1": arrays["1"]}, {"1": labels["1"]}, rows[:24])
    assert keys(one) == keys(study, subject="1")


def test_the_order_of_the_trials_is_in_no_key(study):
    arrays, labels, rows = planted()
    rows["onset"] = np.tile(np.arange(24.0) * 4, 3)
    order = np.random.default_rng(0).permutation(24)
    whole = np.concatenate([order, 24 + order, 48 + order])
    straight = study_of(arrays, labels, rows)
    mixed = study_of(
        {s: X[order] for s, X in arrays.items()},
        {s: y[order] for s, y in labels.items()},
        rows.iloc[whole].reset_index(drop=True),
    )
    np.testing.assert_array_equal(straight.trials.X, mixed.trials.X)
    assert keys(straight) == keys(mixed)


def test_one_sample_of_data_changes_its_subject_alone(study):
    def change(arrays):
        arrays["2"][3, 4, 5] += 1e-9

    changed = data(arrays=change)
    for name in ("riemann.mdm", "riemann.tangent_space"):
        assert not set(keys(study, "2", name)) & set(keys(changed, "2", name))
        assert keys(study, "1", name) == keys(changed, "1", name)
    assert keys(study, "2", "baseline") == keys(changed, "2", "baseline")  # they see no brain


def test_a_label_changes_the_folds_that_train_on_it(study):
    def change(labels):
        labels["2"][0] = "a" if labels["2"][0] == "b" else "b"

    changed = data(labels=change)
    trained = [
        job.key
        for job in make_plan(study).jobs
        if job.fold.name == "2/1/run-2" and job.draw is None
    ]
    again = [
        job.key
        for job in make_plan(changed).jobs
        if job.fold.name == "2/1/run-2" and job.draw is None
    ]
    assert not set(trained) & set(again)
    assert keys(study, "3") == keys(changed, "3")


def test_a_label_that_is_only_tested_changes_the_score_and_fits_nothing_again(study, tmp_path):
    def change(labels):
        labels["2"][0] = "a" if labels["2"][0] == "b" else "b"

    before = {row.model: row for row in run(study, tmp_path / "r")[2]}
    plan, finished, rows = run(data(labels=change), tmp_path / "r")
    fitted_again = finished.n_jobs - finished.n_found
    assert 0 < fitted_again < finished.n_jobs
    tested = [
        j
        for j in plan.jobs
        if j.fold.name == "2/1/run-1" and j.model.name == "riemann.mdm" and j.draw is None
    ]
    assert job_states(plan, Store(tmp_path / "r"))[plan.jobs.index(tested[0])] == "done"
    after = {row.model: row for row in rows}
    assert after["riemann.mdm"].per_unit["2"] != before["riemann.mdm"].per_unit["2"]
    assert after["riemann.mdm"].per_unit["1"] == before["riemann.mdm"].per_unit["1"]


def test_folds_and_their_seed_are_in_the_key(asked):
    shuffled = WithinSession(n_splits=3)
    one = keys(asked(protocol=shuffled))
    assert not set(one) & set(keys(asked(protocol=shuffled, seeds=(1,))))
    assert not set(one) & set(keys(asked(protocol=WithinSession(n_splits=4))))
    assert set(one) < set(keys(asked(protocol=shuffled, seeds=(0, 1))))


def test_a_seed_that_changes_nothing_makes_nothing_again(study, asked):
    other = asked(seeds=(1,), n_draws=0)
    assert keys(asked(n_draws=0)) == keys(other)


def test_a_seed_that_a_model_uses_is_in_its_key(asked):
    models = (NamedModel("sgd", SGDClassifier()),)
    assert not set(keys(asked(models=models))) & set(keys(asked(models=models, seeds=(1,))))


def test_a_default_and_a_version_are_in_the_key(study, asked, monkeypatch):
    explicit = asked(models=(NamedModel("riemann.mdm", Mdm(metric="riemann")),))
    other = asked(models=(NamedModel("riemann.mdm", Mdm(metric="logeuclid")),))
    assert keys(explicit) == keys(study, model="riemann.mdm")
    assert not set(keys(other)) & set(keys(explicit))


def test_more_draws_keep_the_first_ones(asked):
    assert set(keys(asked(n_draws=2))) < set(keys(asked(n_draws=3)))


def test_what_changed_is_named(study, asked, tmp_path):
    run(study, tmp_path / "r")
    other = asked(models=(NamedModel("riemann.mdm", Mdm(metric="logeuclid")),))
    states = job_states(make_plan(other), Store(tmp_path / "r"))
    assert set(states) == {"changed: model"}
    assert set(job_states(make_plan(study), Store(tmp_path / "r"))) == {"done"}
    assert set(job_states(make_plan(study), Store(tmp_path / "none"))) == {"new"}


@pytest.mark.parametrize("n_draws", [0, 2])
def test_removing_a_model_leaves_its_jobs_unread(asked, tmp_path, n_draws):
    run(asked(n_draws=n_draws), tmp_path / "r")
    one = asked(models=(NamedModel("riemann.mdm", Mdm()),), n_draws=n_draws)
    _, finished, rows = run(one, tmp_path / "r")
    assert finished.n_found == finished.n_jobs
    assert [row.model for row in rows] == ["riemann.mdm"]
