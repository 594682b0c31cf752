"""What of the tested may be seen before testing: nothing unless asked, and never a test label."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tests_harness import exactly, run

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import TargetAccess, Tune
from neurodecode.harness.refusals import why_refused
from neurodecode.harness.store import Store

SEEN = []


class Watching(ClassifierMixin, BaseEstimator):
    """Notes what it is handed, and says the class that training had most of."""

    version: ClassVar[int] = 1

    def fit(self, X, y):
        SEEN.append(("fit", len(X), np.asarray(y).tolist()))
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        SEEN.append(("predict", len(X)))
        return np.full(len(X), self.classes_[0])


class Centre(TransformerMixin, BaseEstimator):
    """Subtracts the mean of what it was last shown."""

    version: ClassVar[int] = 1

    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self

    def adapt(self, X, y=None):
        SEEN.append(("adapt", len(X), None if y is None else np.asarray(y).tolist()))
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        return X - self.mean_


@pytest.fixture(autouse=True)
def fresh():
    SEEN.clear()


@pytest.fixture
def watched(asked):
    def make(access, estimator=None, **changes):
        model = NamedModel("watching", estimator or Watching())
        return asked(models=(model,), access=access, n_draws=0, **changes)

    return make


def folds(study):
    return [planned.fold for planned in make_plan(study).folds]


def test_calibration_takes_the_first_trials_of_each_class_in_time(watched):
    study = watched(TargetAccess(calibration=2))
    for fold in folds(study):
        adapt, test = fold.index("adapt"), fold.index("test")
        rows, y = study.trials.rows, study.y
        assert [np.sum(y[adapt] == code) for code in (0, 1)] == [2, 2] and len(test) == 8
        for code in (0, 1):
            first, later = adapt[y[adapt] == code], test[y[test] == code]
            assert rows["onset"][first].max() < rows["onset"][later].min()
        assert fold.adapt_labelled and fold.access == "calibration 2"


@pytest.mark.parametrize("access", [TargetAccess(calibration=0.25), TargetAccess(unlabelled=0.25)])
def test_a_fraction_is_the_first_part_of_the_session(watched, access):
    study = watched(access)
    onset = study.trials.rows["onset"]
    for fold in folds(study):
        adapt, test = fold.index("adapt"), fold.index("test")
        assert (len(adapt), len(test)) == (3, 9)
        assert onset[adapt].max() < onset[test].min()
        assert fold.adapt_labelled == (access.calibration is not None)


def test_labelled_rows_join_the_training_of_a_model_that_does_not_adapt(watched, tmp_path):
    study = watched(TargetAccess(calibration=2))
    run(study, tmp_path / "r")
    fits = [seen for seen in SEEN if seen[0] == "fit"]
    assert {n for _, n, _ in fits} == {12 + 4}
    for (_, _, told), fold in zip(fits, folds(study), strict=True):
        expected = np.concatenate([study.y[fold.index("train")], study.y[fold.index("adapt")]])
        assert told == expected.tolist()
    # All tested rows together; then the first and the last of them alone.
    assert {n for kind, n, *_ in SEEN if kind == "predict"} == {8, 1}


def test_unlabelled_rows_reach_stages_that_adapt_and_nobody_else(watched, tmp_path):
    model = make_pipeline(Centre(), LogisticRegression())
    study = watched(TargetAccess(unlabelled=0.25), model)
    arrays = {s: X.mean(axis=2) for s, X in _arrays(study).items()}
    study = _flat(study, arrays)
    _, _, rows = run(study, tmp_path / "r")
    assert [seen for seen in SEEN if seen[0] == "adapt"] == [("adapt", 3, None)] * 6
    assert rows[0].flags and "unlabelled 0.25" in rows[0].flags
    by_hand = []
    for fold in folds(study):
        X, y = study.trials.X, study.y
        train, adapt, test = (fold.index(r) for r in ("train", "adapt", "test"))
        fitted = LogisticRegression().fit(X[train] - X[train].mean(axis=0), y[train])
        by_hand.append(fitted.predict_proba(X[test] - X[adapt].mean(axis=0)))
    store = Store(tmp_path / "r")
    stored = [store.predictions(j["key"], ("a", "b")).scores for j in store.index()["jobs"]]
    np.testing.assert_array_equal(np.concatenate(stored), np.concatenate(by_hand))


def test_transductive_shows_the_test_rows_without_labels_and_says_so(watched, tmp_path):
    model = make_pipeline(Centre(), LogisticRegression())
    study = watched(TargetAccess(transductive=True), model)
    study = _flat(study, {s: X.mean(axis=2) for s, X in _arrays(study).items()})
    _, _, rows = run(study, tmp_path / "r")
    assert [seen for seen in SEEN if seen[0] == "adapt"] == [("adapt", 12, None)] * 6
    assert "transductive" in rows[0].flags


def test_who_must_see_all_test_rows_is_refused_where_they_are_not_shown(watched):
    class Insists(Centre):
        needs = Needs(transductive=True)

    model = make_pipeline(Insists(), LogisticRegression())
    for access in (TargetAccess(), TargetAccess(unlabelled=0.2)):
        study = watched(access, model)
        said = why_refused(study.question.models[0], study)
        assert said is not None
        assert f"target_access is {access.name}. Say target_access: transductive" in said
    shown = watched(TargetAccess(transductive=True), model)
    assert why_refused(shown.question.models[0], shown) is None
    tune = Tune({"watching": {"logisticregression__C": (1.0, 2.0)}})
    study = watched(TargetAccess(transductive=True), model, tune=tune)
    said = why_refused(study.question.models[0], study)
    assert said is not None and "inner folds show none of theirs" in said


def test_one_by_one_hands_over_one_trial_at_a_time(watched, tmp_path):
    run(watched(TargetAccess(one_by_one=True)), tmp_path / "r")
    assert {n for kind, n, *_ in SEEN if kind == "predict"} == {1}


def test_one_by_one_changes_no_prediction_of_a_model_that_leans_on_no_batch(asked, tmp_path):
    together, alone = (
        run(asked(access=TargetAccess(one_by_one=one)), tmp_path / str(one))[2]
        for one in (False, True)
    )
    assert exactly(together) == exactly(alone)


def test_access_is_in_the_key(asked):
    def keys(access):
        return {job.key for job in make_plan(asked(access=access, n_draws=0)).jobs}

    several = [
        TargetAccess(), TargetAccess(transductive=True), TargetAccess(one_by_one=True),
        TargetAccess(unlabelled=0.25), TargetAccess(calibration=0.25),
    ]  # fmt: skip
    found = [keys(one) for one in several]
    for i, one in enumerate(found):
        assert all(not one & other for other in found[i + 1 :])


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"unlabelled": 1.5}, "no part of a session"),
        ({"calibration": 0}, "Give the number of trials a class"),
        ({"calibration": 1.0}, "between 0 and 1"),
        ({"calibration": 2, "transductive": True}, "expected one of"),
        ({"transductive": True, "one_by_one": True}, "remove one_by_one"),
        ({"transductive": True, "updates": "unlabelled"}, "remove updates"),
        ({"updates": "labels"}, "Give unlabelled or delayed_labels, or leave it out"),
    ],
)
def test_what_cannot_be_meant_is_refused(named, said):
    with pytest.raises(ConfigError, match=said):
        TargetAccess(**named)


def test_access_that_leaves_nothing_to_test_is_refused(watched):
    with pytest.raises(ConfigError, match=r"calibration 6 takes all 12 test rows"):
        folds(watched(TargetAccess(calibration=6)))
    with pytest.raises(ConfigError, match="has no row for unlabelled rows"):
        folds(watched(TargetAccess(unlabelled="rows")))
    with pytest.raises(ConfigError, match="has 6 trials of one of its classes that may be shown"):
        folds(watched(TargetAccess(calibration=7)))


def test_unlabelled_rows_are_those_of_the_tested_session_without_a_class(watched):
    study = watched(TargetAccess(unlabelled="rows"))
    target = replace(study.question.target, classes=("a", "c"))
    rows = study.trials.rows
    label = np.where(rows["onset"] < 4, "rest", np.where(rows["label"] == "b", "c", "a"))
    trials = replace(study.trials, rows=rows.with_column("label", label))
    question = replace(study.question, target=target)
    for fold in folds(replace(study, trials=trials, question=question)):
        adapt = fold.index("adapt")
        who = rows["subject"][fold.index("test")][0]
        assert set(label[adapt]) == {"rest"} and set(rows["subject"][adapt]) == {who}
        assert not fold.adapt_labelled


def _arrays(study):
    X, subject = study.trials.X, study.trials.rows["subject"]
    return {who: X[subject == who] for who in dict.fromkeys(subject)}


def _flat(study, arrays):
    """The same rows, with one number a channel as features."""
    from neurodecode.core.parts import Part
    from neurodecode.core.space import Space
    from neurodecode.core.trials import Trials

    X = np.concatenate(list(arrays.values()))
    space = Space("features", tuple(str(i) for i in range(X.shape[1])))
    part = Part(X, space, ("feature",), None, 0.0, "flat")
    trials = Trials.of_entries(study.trials.rows, "data", part, np.arange(len(X)))
    return replace(study, trials=trials)
