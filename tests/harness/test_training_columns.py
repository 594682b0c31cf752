"""Columns that a model is told beside the target: with training rows, and never of the tested."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import Pipeline
from tests_harness import CONTROLS, planted, run, study_of

from neurodecode.core.needs import Needs
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.harness.contracts import check_model
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import TargetAccess, Tune
from neurodecode.harness.refusals import why_refused
from neurodecode.protocols.within_session import WithinSession
from neurodecode.steps.bin_means import BinMeans


class Listener(ClassifierMixin, BaseEstimator):
    """Answers at random but keeps what it was told; its stimuli begin with their class."""

    needs = Needs(val=True, training_columns=("stimulus",))
    version: ClassVar[int] = 1
    heard: ClassVar[list] = []

    def __init__(self, bias=0.0):
        self.bias = bias

    def fit(self, X, y, rows, val=None):
        several = [(X, y, rows)] if val is None else [(X, y, rows), val]
        type(self).heard.append(("fit", several))
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[(X.reshape(len(X), -1).sum(axis=1) > self.bias).astype(int)]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


class Adapts(Listener):
    """Is told what was seen of the tested apart from its training."""

    def adapt(self, X, y, rows):
        type(self).heard.append(("adapt", [(X, y, rows)]))
        return self


@pytest.fixture(autouse=True)
def silence():
    Listener.heard.clear()


def study(*models, **question):
    made = study_of(*planted(), models=models, **question)
    rows = made.trials.rows
    label = rows[made.question.target.column]
    named = [f"{one}-{i}" for i, one in enumerate(label)]
    rows = rows.with_column("stimulus", np.array(named, dtype=object))
    return replace(made, trials=Trials(rows, made.trials.signals))


def listener(estimator=None):
    return NamedModel("listener", Listener() if estimator is None else estimator)


def test_they_come_in_the_order_of_what_is_told_and_go_with_it_in_every_null(tmp_path):
    asked = study(listener(), n_draws=2, n_permutations=2)
    plan, finished, _ = run(asked, tmp_path / "r")
    assert finished.errors == {}
    assert len(Listener.heard) == len({job.key for job in plan.jobs})
    shuffled = 0
    for _, several in Listener.heard:
        assert len(several) == 2  # training and validation rows
        for X, y, rows in several:
            assert list(rows.columns) == ["stimulus"] and list(rows.index) == list(range(len(X)))
            assert [one[0] for one in rows["stimulus"]] == ["ab"[code] for code in y]
            # The planted effect is in the first channel of class b, unless labels were permuted.
            shuffled += np.std(X[y == 1, 0]) < 1.5 * np.std(X[y == 0, 0])
    assert shuffled > 0


def test_labelled_rows_of_the_tested_bring_theirs(tmp_path):
    for estimator, n_calls in ((Listener(), 1), (Adapts(), 2)):
        Listener.heard.clear()
        asked = study(listener(estimator), n_draws=0, access=TargetAccess(calibration=2))
        plan, finished, _ = run(asked, tmp_path / type(estimator).__name__)
        assert finished.errors == {}
        assert len(Listener.heard) == n_calls * len(plan.jobs)
        for _, several in Listener.heard:
            for _, y, rows in several:
                assert [one[0] for one in rows["stimulus"]] == ["ab"[code] for code in y]
        fold = plan.jobs[0].fold
        names = asked.trials.rows["stimulus"]
        seen = {one for how, several in Listener.heard[:n_calls] for _, _, r in several
                for one in r["stimulus"]}  # fmt: skip
        assert seen == set(names[fold.index("train", "adapt")])


def test_inner_folds_and_stages_before_it_change_nothing(tmp_path):
    chain = Pipeline([("bins", BinMeans(4)), ("last", Listener())])
    tune = Tune({"listener": {"last__bias": (0.0, 0.1)}}, n_splits=2)
    asked = study(listener(chain), n_draws=0, tune=tune, protocol=WithinSession(n_splits=2))
    _, finished, _ = run(asked, tmp_path / "r")
    assert finished.errors == {}
    for _, several in Listener.heard:
        for X, y, rows in several:
            assert len(X) == len(y) == len(rows)
            assert [one[0] for one in rows["stimulus"]] == ["ab"[code] for code in y]


def test_they_are_in_the_key_of_who_asks_and_of_nobody_else():
    plain = study(listener(), *CONTROLS, n_draws=1)
    rows = plain.trials.rows
    renamed = rows.with_column("stimulus", np.array([f"{s}!" for s in rows["stimulus"]], object))
    other = replace(plain, trials=Trials(renamed, plain.trials.signals))
    keys = [{(job.model.name, job.label): job.key for job in make_plan(one).jobs}
            for one in (plain, other)]  # fmt: skip
    # Rows are named by what they hold, so a stimulus that is renamed in place keeps their names.
    same = {name for (name, label), key in keys[0].items() if keys[1][name, label] == key}
    assert same == {control.name for control in CONTROLS}


def test_the_truth_is_refused_and_so_is_what_names_it_at_prediction():
    there = study(listener())

    class Peeks(Listener):
        needs = Needs(training_columns=(there.question.target.column,))

    class Lacks(Listener):
        needs = Needs(training_columns=("concept",))

    class Names(Listener):
        needs = Needs(targets=("vector",), trials=True, columns=("stimulus",))

    said = why_refused(listener(Peeks()), there)
    assert said is not None and "which is the truth" in said
    said = why_refused(listener(Lacks()), there)
    assert said is not None and "the column 'concept', which these rows lack" in said
    n = len(there.trials)
    vectors = Part(np.zeros((n, 2)), Space("features", ("0", "1")), ("feature",), None, 0.0, "v")
    entries = TrialSignal((vectors,), np.zeros(n, np.int32), np.arange(n), np.full(n, -1, np.int32))
    trials = Trials(there.trials.rows, {**there.trials.signals, "clip": entries})
    question = replace(there.question, target=Target("vector", signal="clip"), metrics=("r2",))
    there = replace(there, trials=trials, question=question)
    said = why_refused(listener(Names()), there)
    assert said is not None and "'stimulus' of the tested, which names what it is to tell" in said


def test_contracts_hand_them_over_and_refuse_them_at_prediction():
    assert [one.problem for one in check_model(Listener()) if one.problem] == []

    class Both(Listener):
        needs = Needs(trials=True, columns=("stimulus",), training_columns=("stimulus",))

        def predict(self, X):
            return self.classes_[np.arange(len(X)) % 1]

    found = {one.promise: one for one in check_model(Both())}
    assert (
        "and of those that are tested" in found["it asks for no truth, and works without"].problem
    )
