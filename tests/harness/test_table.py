"""The table: means in their order, intervals, flags, and what is said where a score is missing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from tests_harness import CONTROLS, exactly, planted, run, study_of

from neurodecode.core.files import read_json, write_json
from neurodecode.core.needs import Needs
from neurodecode.harness import table
from neurodecode.harness.index import write_index, write_study
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.paired_bootstrap import N_BOOTSTRAP, bootstrap_scores
from neurodecode.harness.plan import make_plan
from neurodecode.harness.run import execute
from neurodecode.harness.score import NO_DRAW, Group
from neurodecode.harness.scorer import Scorer
from neurodecode.harness.store import Store
from neurodecode.harness.table import score_results, table_rows, unit_means
from neurodecode.linalg.stats import student_interval
from neurodecode.metrics.classification import accuracy
from neurodecode.models.riemann.mdm import Mdm


def test_means_are_over_folds_then_sessions_then_units():
    scores = pd.DataFrame(
        {
            "subject": ["A", "A", "A", "B"],
            "session": ["1", "1", "2", "1"],
            "fold": ["f1", "f2", "f3", "f4"],
            "score": [0.0, 1.0, 0.8, 0.6],
        }
    )
    per_subject = unit_means(scores, "subject", "score")
    assert per_subject.to_dict() == pytest.approx({"A": (0.5 + 0.8) / 2, "B": 0.6})
    assert unit_means(scores, "study", "score").tolist() == pytest.approx([0.6])


def by_model(rows):
    return {row.model: row for row in rows}


def test_interval_and_null_are_those_of_the_scores(tmp_path):
    _, _, rows = run(study_of(*planted(effect=0.3)), tmp_path / "r")
    scores = pd.read_parquet(tmp_path / "r" / "scores.parquet")
    mine = scores[scores["model"] == "riemann.mdm"]
    itself = mine[mine["draw"] == NO_DRAW].groupby("subject")["score"].mean()
    row = by_model(rows)["riemann.mdm"]
    assert row.per_unit == pytest.approx(itself.to_dict())
    assert row.mean == pytest.approx(itself.mean())
    assert len(set(itself)) > 1
    low, high = np.clip(student_interval(itself.to_numpy()), 0, 1)
    assert (row.ci_low, row.ci_high) == pytest.approx((low, high))
    draws = mine[mine["draw"] != NO_DRAW].groupby(["draw", "subject"])["score"].mean()
    null = draws.groupby(level=0).mean()
    assert row.shuffled_mean == pytest.approx(null.mean())
    assert row.shuffled_sd == pytest.approx(null.std(ddof=1))
    assert row.chance == 0.5


def in_order(n_runs=2, n=12, alternate=True):
    """Three subjects whose signal says nothing; labels alternate, or are drawn."""
    arrays, labels, rows = planted(effect=0.0)
    if alternate:
        labels = {subject: np.tile(["a", "b"], n_runs * n // 2) for subject in labels}
    return arrays, labels, rows


def test_a_model_is_flagged_unless_it_beats_what_sees_no_brain(tmp_path):
    alternating = by_model(run(study_of(*in_order()), tmp_path / "a")[2])
    assert alternating["baseline.history"].mean > 0.9
    assert {"history", "clock"} <= set(alternating["riemann.mdm"].flags)
    # Six subjects: of three whose order is drawn, the clock may be lucky in one.
    strong = by_model(run(study_of(*planted(3.0, subjects=tuple("123456"))), tmp_path / "b")[2])
    assert strong["riemann.mdm"].mean > 0.9
    assert not {"history", "clock"} & set(strong["riemann.mdm"].flags)
    assert not any(row.flags for name, row in strong.items() if name.startswith("baseline."))


def test_one_subject_has_an_interval_of_its_test_set_alone(tmp_path):
    rows = by_model(run(study_of(*planted(0.3, subjects=("1",))), tmp_path / "r")[2])
    row = rows["riemann.mdm"]
    assert "test-set only" in row.flags
    assert row.ci_low < row.mean < row.ci_high
    assert row.n_units == 1


@pytest.mark.parametrize("subjects", ["1", "123"])
def test_scores_that_are_all_equal_have_no_interval(subjects, tmp_path):
    """Each trial of each subject is told right: how such a score varies does not show."""
    rows = by_model(run(study_of(*planted(9.0, subjects=tuple(subjects))), tmp_path / "r")[2])
    row = rows["riemann.mdm"]
    assert row.mean == 1 and np.isnan([row.ci_low, row.ci_high]).all()
    assert "no_interval" in row.flags


class Says(ClassifierMixin, BaseEstimator):
    """Reads its answer from the signal and learns nothing, as correlation with known rates does."""

    needs = Needs()
    version = 1

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return (X[:, 0, 0] > 0).astype(int)


class Cautious(LinearDiscriminantAnalysis):
    """Answers one class always; what it learns shows in its probabilities alone."""

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_a_model_that_learns_nothing_from_labels_has_no_null(asked, tmp_path):
    models = (NamedModel("untrained", Says()), NamedModel("trained", Mdm()))
    models += (NamedModel("cautious", Cautious()),)
    rows = by_model(run(asked(models=models), tmp_path / "r")[2])
    assert rows["untrained"].shuffled_mean == rows["untrained"].mean
    assert [name for name, row in rows.items() if "no_null" in row.flags] == ["untrained"]


class Failing(LinearDiscriminantAnalysis):
    def fit(self, X, y):
        raise ValueError("no thanks")


def test_what_failed_and_what_was_refused_stay_in_the_table(asked, tmp_path):
    models = (NamedModel("good", Mdm()), NamedModel("bad", Failing()))
    rows = by_model(run(asked(models=models + CONTROLS), tmp_path / "r")[2])
    assert rows["bad"].note == "failed: ValueError: no thanks"
    assert np.isnan(rows["bad"].mean)
    assert rows["good"].note == ""


def test_a_row_without_a_score_says_of_its_data_what_the_others_say(asked, tmp_path):
    simulated = asked(models=(NamedModel("good", Mdm()), NamedModel("bad", Failing()), *CONTROLS))
    simulated = replace(simulated, sources={"simulated": "with a planted effect"})
    rows = run(simulated, tmp_path / "r")[2]
    assert [row.model for row in rows if row.note] == ["bad"]
    assert all("simulated" in row.flags for row in rows)


def test_a_table_of_half_a_run_says_so_and_is_made_anew_by_the_next(study, tmp_path):
    store = Store(tmp_path / "r").open()
    plan = make_plan(study)
    half = replace(plan, jobs=plan.jobs[: len(plan.jobs) // 2])
    execute(half, store)
    write_study(plan, store, "test", {}, "inline")
    flags = by_model(table_rows(store))["riemann.mdm"].flags
    assert any(flag.startswith("jobs not run yet") for flag in flags)
    finished = execute(plan, store)
    whole = table_rows(store)  # by itself: the stored table is of fewer jobs
    assert not any("not run yet" in flag for row in whole for flag in row.flags)
    write_index(plan, store, "test", finished.errors)
    assert str(whole) == str(score_results(store))  # NaN is not equal to itself


def test_a_table_that_was_computed_otherwise_is_made_anew(study, tmp_path, monkeypatch):
    _, _, rows = run(study, tmp_path / "r")
    path = tmp_path / "r" / "table.json"
    old = read_json(path)
    old["rows"][0]["mean"] = 0.123
    write_json(path, old)
    assert table_rows(Store(tmp_path / "r"))[0].mean == 0.123
    monkeypatch.setattr(table, "TABLE_FORMAT", table.TABLE_FORMAT + 1)
    assert exactly(table_rows(Store(tmp_path / "r"))) == exactly(rows)


def test_a_table_of_another_question_is_not_shown(study, asked, tmp_path):
    store = Store(tmp_path / "r").open()
    run(study, tmp_path / "r")
    before = read_json(tmp_path / "r" / "table.json")
    other = make_plan(asked(metrics=("roc_auc",)))
    write_study(other, store, "test", {}, "inline")  # and then the run is stopped
    assert {row.metric for row in table_rows(store)} == {"roc_auc"}
    assert read_json(tmp_path / "r" / "table.json") != before


def test_blocks_are_drawn_together(tmp_path):
    """Where blocks are all right or all wrong, the trials of one tell what one trial would."""
    arrays, labels, rows = planted(subjects=("1",))
    block = np.arange(24) // 3
    wrong = block % 2
    arrays["1"][:, 0, 0] = (labels["1"] == "b") ^ wrong
    widths = []
    for name, columns in (("trials", rows), ("blocks", rows.assign(block=block))):
        models = (NamedModel("says", Says()),)
        study = study_of(arrays, labels, columns, models=models, n_draws=0, metrics=("accuracy",))
        (row,) = run(study, tmp_path / name)[2]
        assert row.mean == 0.5
        widths.append(row.ci_high - row.ci_low)
    # Two runs of four blocks: s.d. of a mean of 8 against one of 24, √3 as wide.
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(3), rel=0.15)


def test_draws_average_sessions_as_the_table_does_however_many_folds_they_have():
    def group(session, fold, right, rows):
        n = len(rows)
        true = np.arange(n) % 2
        pred = true if right else 1 - true
        return Group(
            "m", 0, fold, "1", session, NO_DRAW, NO_DRAW, np.asarray(rows), true, pred, None, "",
            np.array([0.5, 0.5]),
        )  # fmt: skip

    three = [group("a", f"a{i}", True, range(8 * i, 8 * i + 8)) for i in range(3)]
    one = group("b", "b0", False, range(24, 32))
    scorer = Scorer("label", 2, None)
    drawn, names = bootstrap_scores([*three, one], np.arange(32), accuracy, scorer)
    assert len(drawn) == N_BOOTSTRAP and names.tolist() == list(range(32))
    # Every fold of session a is right and the one of b wrong: .5, unless a draw misses one whole.
    assert np.mean(drawn == 0.5) > 0.99
