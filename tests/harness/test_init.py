"""Models that start from a fitted one, which may have seen nothing of what is tested."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tests_harness import planted, run, study_of

from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.core.needs import Needs
from neurodecode.core.target import Target
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.pretrained import open_pretrained
from neurodecode.harness.question import Init, TargetAccess
from neurodecode.harness.store import Store
from neurodecode.models.linear.logistic import Logistic
from neurodecode.models.linear.ppca import Ppca
from neurodecode.models.linear.probe import Probe
from neurodecode.protocols.cross_run import CrossRun
from neurodecode.protocols.cross_subject import CrossSubject
from neurodecode.protocols.within_session import WithinSession
from neurodecode.steps.bin_means import BinMeans
from neurodecode.steps.scale import Scale

BASIS = NamedModel("basis", make_pipeline(BinMeans(8), Ppca(4)))
PROBE = NamedModel("probe", Probe())
OTHERS = ("4", "5", "6")
ALONE = {
    "target": Target("none"), "protocol": CrossSubject(), "models": (BASIS,), "n_draws": 0,
    "metrics": ("mean_log_likelihood",),
}  # fmt: skip


def pretrain(folder, subjects=OTHERS, seed=1, keep="final", **question):
    study = study_of(*planted(seed=seed, subjects=subjects), **{**ALONE, "keep": keep, **question})
    _, finished, rows = run(study, folder)
    assert finished.errors == {}
    return rows


def started(folder, data=None, **question):
    asked = {"models": (PROBE,), "protocol": CrossSubject(), "n_draws": 1, **question}
    study = study_of(*(data or planted()), **asked)
    return replace(study, pretrained=open_pretrained(Init(str(folder)), folder.parent))


def test_a_model_that_is_told_nothing_is_scored_by_what_it_says_of_other_subjects(tmp_path):
    (row,) = pretrain(tmp_path / "p")
    arrays = planted(seed=1, subjects=OTHERS)[0]
    said = []
    for subject in OTHERS:
        others = np.concatenate([X for who, X in arrays.items() if who != subject])
        X = BinMeans(8).fit_transform(others)
        Z = BinMeans(8).fit_transform(arrays[subject])
        said.append(Ppca(4).fit(X).score_samples(Z).mean())
    assert row.mean == pytest.approx(np.mean(said), rel=1e-12)
    assert np.isnan(row.chance) and row.shuffled_mean is None and row.note == ""


def test_what_has_no_score_samples_is_not_run_where_nothing_is_told(study):
    asked = study_of(*planted(), **ALONE)
    question = replace(asked.question, models=(*asked.question.models, NamedModel("a", Logistic())))
    (refused,) = make_plan(replace(asked, question=question)).refused
    assert refused.reason == (
        "nothing is told, and it has no score_samples that says how trials fit it."
    )
    with pytest.raises(ConfigError, match=r"n_draws, n_permutations: nothing is told"):
        replace(question, n_draws=3)


def test_a_probe_starts_from_the_model_of_all_rows_of_others(tmp_path):
    pretrain(tmp_path / "p")
    study = started(tmp_path / "p")
    plan, finished, _ = run(study, tmp_path / "r")
    assert finished.errors == {}
    X = np.concatenate(list(planted(seed=1, subjects=OTHERS)[0].values()))
    flat = BinMeans(8).fit_transform(X).reshape(len(X), -1)
    basis = PCA(4, svd_solver="full").fit(flat)

    class Trunk:
        def transform(self, X):
            return basis.transform(BinMeans(8).fit_transform(X).reshape(len(X), -1))

    for job in plan.jobs:
        if job.draw is None:
            train, test = job.fold.index("train"), job.fold.index("test")
            peer = Probe().fit(study.trials.X[train], study.y[train], init=None)
            features = Trunk().transform(study.trials.X[train])
            peer.estimator_.fit(features, study.y[train])
            expected = peer.estimator_.predict_proba(Trunk().transform(study.trials.X[test]))
            said = Store(tmp_path / "r").predictions(job.key, ("a", "b"))
            np.testing.assert_array_equal(said.scores, expected)


def test_folds_of_the_same_name_are_taken_and_final_ones_else(tmp_path):
    pretrain(tmp_path / "p", subjects=("1", "2", "3"), seed=0, keep="folds")
    pretrained = open_pretrained(Init(str(tmp_path / "p")), tmp_path)
    index = Store(tmp_path / "p").index()
    of_fold = {job["fold"]: job["key"] for job in index["jobs"]}
    jobs = make_plan(started(tmp_path / "p")).jobs
    assert {job.fold.name: job.start.key for job in jobs} == of_fold
    assert pretrained.keys["final"] == index["finals"]["basis"]
    # Of another protocol there is no such fold; the final model has seen all that is tested.
    with pytest.raises(LeakError, match=r"trained on 12 rows that fold 1/1/run-1 tests"):
        make_plan(started(tmp_path / "p", protocol=CrossRun()))


def test_what_was_trained_on_those_who_are_tested_is_refused_naming_the_rows(tmp_path):
    pretrain(tmp_path / "p", subjects=("3", "4"), seed=9)
    # The arrays of subject 3 are another draw here: other samples, and no card says who that is.
    make_plan(started(tmp_path / "p"))
    pretrain(tmp_path / "q", subjects=("1", "2", "3"), seed=0)
    with pytest.raises(LeakError) as said:
        make_plan(started(tmp_path / "q"))
    assert "basis of" in str(said.value) and "was trained on 24 rows that fold subject-1" in str(
        said.value
    )
    assert "subject 1 (sub-1_ses-1_run-1 from" in str(said.value)


def carded(study, card, contents=None):
    return replace(study, sources={"card": card}, contents=contents or {})


def test_people_of_one_card_are_known_by_name_and_recordings_of_others_by_content(tmp_path):
    def pretrained_on(folder, card, contents=None):
        study = study_of(*planted(seed=7), **{**ALONE, "keep": "final"})
        run(carded(study, card, contents), folder)

    pretrained_on(tmp_path / "same", "eegbci")
    with pytest.raises(LeakError, match="of subject 1"):
        make_plan(carded(started(tmp_path / "same"), "eegbci"))
    pretrained_on(tmp_path / "other", "physionet")
    make_plan(carded(started(tmp_path / "other"), "eegbci"))
    files = {f"sub-{i}_ses-1_run-{j}": f"file {i}{j}" for i in "123" for j in "12"}
    pretrained_on(tmp_path / "copy", "physionet", files)
    mine = {f"sub-{i}_ses-1_run-{j}": f"file {4 - int(i)}{j}" for i in "123" for j in "12"}
    with pytest.raises(LeakError, match="was trained on 24 rows that fold subject-1"):
        make_plan(carded(started(tmp_path / "copy"), "eegbci", mine))


def test_a_chain_of_starts_is_followed(tmp_path):
    class_ = ("1", "2", "3")
    pretrain(tmp_path / "p", subjects=class_, seed=0)
    second = started(
        tmp_path / "p", planted(seed=3, subjects=OTHERS), keep="final", n_draws=0,
        protocol=CrossSubject(),
    )  # fmt: skip
    run(second, tmp_path / "second")
    with pytest.raises(LeakError, match="trained on 24 rows that fold subject-1"):
        make_plan(started(tmp_path / "second"))


def test_windows_that_overlap_are_a_leak_where_nothing_is_kept_apart(tmp_path):
    pretrain(tmp_path / "p", subjects=("1", "2", "3"), seed=0, protocol=CrossRun())
    with pytest.raises(LeakError, match=r"rows that fold 1/1/fold-0 tests"):
        make_plan(started(tmp_path / "p", protocol=WithinSession(n_splits=2)))


def test_five_shots_of_the_tested_join_the_training(tmp_path):
    pretrain(tmp_path / "p")
    study = started(tmp_path / "p", access=TargetAccess(calibration=5))
    plan, finished, rows = run(study, tmp_path / "r")
    assert finished.errors == {}
    assert rows[0].flags == ("calibration 5",)
    assert all(len(one.fold.index("adapt")) == 10 for one in plan.folds)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (make_pipeline(Scale(), Probe()), "has Scale() before what starts from basis, which was"),
        (make_pipeline(BinMeans(4), Probe()), "has BinMeans(width=4) before what starts from"),
    ],
)
def test_stages_before_a_start_are_those_of_its_training(tmp_path, model, said):
    pretrain(tmp_path / "p")
    with pytest.raises(ConfigError) as error:
        make_plan(started(tmp_path / "p", models=(NamedModel("late", model),)))
    assert said in str(error.value)


def test_equal_stages_before_a_start_are_not_run_twice(tmp_path):
    pretrain(tmp_path / "p")
    late = NamedModel("late", make_pipeline(BinMeans(8), Probe()))
    _, finished, rows = run(started(tmp_path / "p", models=(late, PROBE)), tmp_path / "r")
    assert finished.errors == {}
    assert rows[0].per_unit == rows[1].per_unit


def test_what_stands_in_the_key(tmp_path):
    pretrain(tmp_path / "p")
    pretrain(tmp_path / "q", seed=2)
    plain = study_of(*planted(), models=(PROBE,), protocol=CrossSubject(), n_draws=1)
    keys = [{job.key for job in make_plan(one).jobs}
            for one in (plain, started(tmp_path / "p"), started(tmp_path / "q"))]  # fmt: skip
    assert not (keys[0] & keys[1] or keys[1] & keys[2])
    both = (PROBE, NamedModel("logistic", Logistic()))
    plans = (replace(plain.question, models=both), started(tmp_path / "p", models=both).question)
    of_others = [
        {job.key for job in make_plan(replace(one, question=asked)).jobs
         if job.model.name == "logistic"}
        for one, asked in zip((plain, started(tmp_path / "p")), plans, strict=True)
    ]  # fmt: skip
    assert of_others[0] == of_others[1]  # what asks for no start does not hang on it


@pytest.mark.parametrize(
    ("init", "said"),
    [
        (Init("nowhere"), r"there are no results 'nowhere'.* Run that experiment first"),
        (Init("p", "basiss"), r"has no model 'basiss'\. Did you mean 'basis'"),
        (Init("none"), r"has kept no basis of fold subject-1, and none of all rows"),
    ],
)
def test_what_cannot_be_started_from_is_named(tmp_path, init, said):
    pretrain(tmp_path / "p")
    pretrain(tmp_path / "none", keep="none")
    study = study_of(*planted(), models=(PROBE,), protocol=CrossSubject(), n_draws=0)
    with pytest.raises(ConfigError, match=said):
        make_plan(replace(study, pretrained=open_pretrained(init, tmp_path)))


def test_an_init_that_nobody_asks_for_is_a_mistake(tmp_path):
    pretrain(tmp_path / "p")
    with pytest.raises(ConfigError, match="none of the models starts from a fitted one"):
        make_plan(started(tmp_path / "p", models=(NamedModel("a", Logistic()),)))


def test_trials_of_other_channels_are_refused(tmp_path):
    pretrain(tmp_path / "p")
    pretrained = open_pretrained(Init("p"), tmp_path)
    with pytest.raises(ConfigError, match=r"whose names is channel 0, .* Prepare both alike"):
        pretrained.check_input({**pretrained.input, "names": ["Cz"]}, None)
    other = replace(pretrained, prepare=[{"filter": {"l_freq": 8}}])
    with pytest.raises(
        ConfigError, match=r"were prepared by .*'l_freq': 8.* here they are by \[\]"
    ):
        other.check_input(pretrained.input, [])


class Semi(ClassifierMixin, BaseEstimator):
    """Remembers what it was told."""

    version: ClassVar[int] = 1
    needs = Needs(unlabelled=True)

    def fit(self, X, y):
        self.n_unknown_ = int(np.sum(y < 0))
        known = y >= 0
        flat = X[known].reshape(known.sum(), -1)
        self.last_ = LogisticRegression().fit(flat, y[known])
        self.classes_ = self.last_.classes_
        self.flags_ = (f"unknown {self.n_unknown_}",)
        return self

    def predict(self, X):
        return self.last_.predict(X.reshape(len(X), -1))


def with_rest(protocol, *models, **question):
    """Give a study of which every third trial is of neither class."""
    study = study_of(*planted(), protocol=protocol, models=models, n_draws=1, **question)
    rows = study.trials.rows
    label = np.where(np.arange(len(rows)) % 3 == 0, "rest", rows["label"])
    return replace(study, trials=replace(study.trials, rows=rows.with_column("label", label)))


@pytest.mark.parametrize(
    ("protocol", "n_unknown"),
    [(CrossSubject(), 16), (CrossRun(), 4), (WithinSession(n_splits=2), 8)],
)
def test_rows_of_unknown_target_reach_who_asks(tmp_path, protocol, n_unknown):
    # 24 trials a subject, a third of them rest: those of others, of the other run, of the session.
    semi, plain = NamedModel("semi", Semi()), NamedModel("plain", Logistic())
    plan, finished, rows = run(with_rest(protocol, semi, plain), tmp_path / "r")
    assert finished.errors == {}
    assert f"unknown {n_unknown}" in rows[0].flags
    for one in plan.folds:
        assert len(one.fold.index("unlabelled")) == n_unknown
    alone = make_plan(with_rest(protocol, plain)).jobs
    mine = [job.key for job in plan.jobs if job.model.name == "plain"]
    assert mine == [job.key for job in alone]  # who does not ask does not hang on them


def test_a_step_may_learn_from_rest_and_what_follows_not(tmp_path):
    from neurodecode.steps.pca import Pca

    model = make_pipeline(Pca(3, unlabelled=True), LogisticRegression())
    study = with_rest(CrossSubject(), NamedModel("basis", model))
    plan, finished, _ = run(study, tmp_path / "r")
    assert finished.errors == {}
    job = next(job for job in plan.jobs if job.draw is None)
    X, y = study.trials.X, study.y
    train, more, test = (job.fold.index(role) for role in ("train", "unlabelled", "test"))
    pca = Pca(3).fit(np.concatenate([X[train], X[more]]))
    last = LogisticRegression().fit(pca.transform(X[train]), y[train])
    said = Store(tmp_path / "r").predictions(job.key, ("a", "b"))
    np.testing.assert_array_equal(said.scores, last.predict_proba(pca.transform(X[test])))


def test_kept_rows_tell_who_was_seen(tmp_path):
    pretrain(tmp_path / "p")
    store = Store(tmp_path / "p")
    (key,) = store.index()["finals"].values()
    seen = store.trained(key)
    assert isinstance(seen, pd.DataFrame)
    assert set(seen["subject"]) == set(OTHERS) and len(seen) == 72
