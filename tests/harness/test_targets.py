"""Targets other than one label a trial: vectors, every time of a trial, answers of several rows."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from mne.decoding import GeneralizingEstimator, SlidingEstimator
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests_harness import CONTROLS, planted, run, study_of

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import Aggregate
from neurodecode.harness.refusals import why_refused
from neurodecode.harness.store import Store
from neurodecode.models.baseline.mean_target import MeanTarget
from neurodecode.models.linear.logistic import Logistic
from neurodecode.report.results import Results

CLASSES = ("a", "b")


def stored(folder, classes=CLASSES):
    store = Store(folder)
    return [store.predictions(job["key"], classes) for job in store.index()["jobs"]]


@pytest.fixture
def pictures(study):
    """Give the study with a picture of six pixels a trial as its target, two of them alike."""
    rng = np.random.default_rng(0)
    trials = study.trials
    X = trials.X.mean(axis=2)
    Y = np.round(X @ rng.standard_normal((8, 6)) + 0.1 * rng.standard_normal((len(X), 6)), 3)
    Y[1] = Y[0]
    inputs = Part(X, Space("features", tuple("abcdefgh")), ("feature",), None, 0.0, "X")
    shown = Part(Y, Space("features", tuple("012345"), shape=(2, 3)), ("feature",), None, 0.0, "Y")
    at, zeros = np.arange(len(X)), np.zeros(len(X), dtype=np.int32)
    signals = {
        name: TrialSignal((part,), zeros, at, zeros - 1)
        for name, part in (("eeg", inputs), ("picture", shown))
    }
    question = replace(
        study.question, target=Target("vector", signal="picture"), n_draws=2,
        models=(NamedModel("ridge", Ridge()), NamedModel("mean", MeanTarget(), "control")),
        metrics=("r2",),
    )  # fmt: skip
    return replace(study, trials=Trials(trials.rows, signals), question=question)


def test_a_vector_is_learnt_from_the_other_signals(pictures, tmp_path):
    run(pictures, tmp_path / "r")
    X, Y = pictures.trials.array("eeg"), pictures.trials.array("picture")
    for planned, said in zip(
        make_plan(pictures).folds, stored(tmp_path / "r", ())[::4], strict=True
    ):
        train, test = planned.fold.index("train"), planned.fold.index("test")
        np.testing.assert_array_equal(said.pred, Ridge().fit(X[train], Y[train]).predict(X[test]))
    store = Store(tmp_path / "r")
    np.testing.assert_array_equal(store.truth(store.rows()), Y)
    assert len(np.load(tmp_path / "r" / "truth" / "vectors.npy")) == len(Y) - 1  # each once


def test_a_vector_is_reduced_and_brought_back_within_the_fold(pictures, tmp_path):
    question = replace(pictures.question, reduce=PCA(n_components=2))
    run(replace(pictures, question=question), tmp_path / "r")
    X, Y = pictures.trials.array("eeg"), pictures.trials.array("picture")
    for planned, said in zip(
        make_plan(pictures).folds, stored(tmp_path / "r", ())[::4], strict=True
    ):
        train, test = planned.fold.index("train"), planned.fold.index("test")
        pca = PCA(n_components=2).fit(Y[train])
        model = Ridge().fit(X[train], pca.transform(Y[train]))
        expected = pca.inverse_transform(model.predict(X[test]))
        np.testing.assert_array_equal(said.pred, expected)


def test_how_a_vector_is_reduced_is_in_the_key(pictures):
    reduced = [
        replace(pictures, question=replace(pictures.question, reduce=reduce))
        for reduce in (None, PCA(n_components=2), PCA(n_components=3))
    ]
    keys = [{job.key for job in make_plan(one).jobs} for one in reduced]
    assert not (keys[0] & keys[1] or keys[1] & keys[2])


def test_the_signal_of_the_truth_cannot_be_asked_for(pictures):
    class Peek(Ridge):
        needs = Needs(targets=("vector",), trials=True, columns=("picture",))

    assert "the truth" in why_refused(NamedModel("peek", Peek()), pictures)


class Looks(ClassifierMixin, BaseEstimator):
    """Fails if any signal but the input is within reach."""

    version: ClassVar[int] = 1
    needs = Needs(trials=True, targets=("vector",))

    def fit(self, X, y):
        assert set(X.signals) == {"eeg"} and X.rows.columns == ()
        self.mean_ = y.mean(axis=0)
        return self

    def predict(self, X):
        return np.repeat(self.mean_[None], len(X), axis=0)


def test_models_of_trials_are_handed_the_input_signals_alone(pictures, tmp_path):
    question = replace(pictures.question, models=(NamedModel("looks", Looks()),), n_draws=0)
    _, finished, _ = run(replace(pictures, question=question), tmp_path / "r")
    assert finished.errors == {}


ONE = make_pipeline(StandardScaler(), LogisticRegression())
TIMES = slice(None, None, 16)  # four samples of 64


@pytest.fixture
def timed():
    """Give a study of few samples, for one estimator a sample."""
    arrays, labels, rows = planted(effect=1.0)
    arrays = {who: X[:, :, TIMES] for who, X in arrays.items()}

    def make(model, **question):
        study = study_of(
            arrays, labels, rows,
            **{"models": (NamedModel("timed", model), *CONTROLS), "n_draws": 1, **question},
        )  # fmt: skip
        return replace(study, tmin=-0.1)

    return make


@pytest.mark.parametrize(
    ("peer", "axes"),
    [(SlidingEstimator, ("time",)), (GeneralizingEstimator, ("train_time", "time"))],
)
def test_predictions_at_every_time_are_mne_s(timed, tmp_path, peer, axes):
    study = timed(peer(ONE, verbose="error"), metrics=("accuracy", "roc_auc"))
    _, finished, rows = run(study, tmp_path / "r")
    assert finished.errors == {}
    X, y = study.trials.X, study.y
    results = Results(tmp_path / "r")
    scores = results.scores()
    own = scores[(scores["model"] == "timed") & (scores["draw"] < 0)]
    for planned in make_plan(study).folds:
        train, test = planned.fold.index("train"), planned.fold.index("test")
        fitted = peer(ONE, scoring="roc_auc", verbose="error").fit(X[train], y[train])
        mine = own[(own["fold"] == planned.fold.name) & (own["metric"] == "roc_auc")]
        found = mine.sort_values(list(axes))["score"].to_numpy()
        np.testing.assert_allclose(found, fitted.score(X[test], y[test]).ravel(), rtol=1e-12)
    np.testing.assert_allclose(sorted(set(own["time"])), [-0.1, 0.9, 1.9, 2.9])
    equal = own["train_time"].isna() | (own["train_time"] == own["time"])
    mean = own[equal & (own["metric"] == "accuracy")].groupby("subject")["score"].mean().mean()
    assert next(r for r in rows if r.model == "timed").mean == pytest.approx(mean)
    drawn = scores[(scores["model"] == "timed") & (scores["draw"] >= 0)]
    assert (drawn["train_time"].isna() | (drawn["train_time"] == drawn["time"])).all()


def test_the_course_of_a_score_over_time_is_a_table(timed, tmp_path):
    run(timed(SlidingEstimator(ONE, verbose="error")), tmp_path / "r")
    results = Results(tmp_path / "r")
    course = results.time_course()
    assert list(course) == [
        "model", "metric", "train_time", "time", "subject", "score", "chance", "shuffled",
    ]  # fmt: skip
    assert len(course) == 4 * 3 and course["shuffled"].notna().all()
    scores = results.scores()
    one = scores[
        (scores["model"] == "timed") & (scores["draw"] < 0) & (scores["subject"] == "2")
        & np.isclose(scores["time"], 0.9)
    ]["score"].mean()  # fmt: skip
    mine = course[(course["subject"] == "2") & np.isclose(course["time"], 0.9)]["score"]
    assert mine.tolist() == pytest.approx([one])
    with pytest.raises(ConfigError, match="no model predicts over time"):
        run(study_of(*planted(), models=(*CONTROLS[:1], NamedModel("m", Logistic()))),
            tmp_path / "flat")  # fmt: skip
        Results(tmp_path / "flat").time_course()


def test_a_subject_alone_has_an_interval_over_times_too(timed, tmp_path):
    study = timed(SlidingEstimator(ONE, verbose="error"))
    one = study.trials.select(subject="1")
    alone = replace(study, trials=one, previous=study.previous[: len(one)])
    rows = run(alone, tmp_path / "r")[2]
    row = next(r for r in rows if r.model == "timed")
    assert row.ci_low < row.mean < row.ci_high


def test_rows_are_answered_together_by_their_mean_scores(study, tmp_path):
    rows = study.trials.rows
    # Two trials of one label in a run are one stimulus.
    stimulus = np.empty(len(rows), dtype=object)
    for code in np.unique(rows.codes("recording", "label")):
        mine = np.flatnonzero(rows.codes("recording", "label") == code)
        stimulus[mine] = [f"{code}-{i // 2}" for i in range(len(mine))]
    trials = replace(study.trials, rows=rows.with_column("stimulus", stimulus))
    question = replace(
        study.question, aggregate=Aggregate(("subject", "stimulus")), metrics=("roc_auc",),
        models=(NamedModel("logistic", Logistic()),), n_draws=0,
    )  # fmt: skip
    together = replace(study, trials=trials, question=question)
    _, _, table = run(together, tmp_path / "r")
    single = run(replace(together, question=replace(question, aggregate=None)), tmp_path / "s")
    found = Results(tmp_path / "r").scores()
    assert found["n_trials"].tolist() == [6] * 6 and table[0].n_trials == 36
    predictions = Results(tmp_path / "s").predictions()
    per_fold = []
    for _, one in predictions.groupby(["subject", "fold"], sort=True):
        mean = one.groupby("stimulus", observed=True)["score_b"].mean()
        label = one.groupby("stimulus", observed=True)["label"].first()
        positive, negative = mean[label == "b"], mean[label == "a"]
        wins = [float(p > n) for p in positive for n in negative]
        per_fold.append(np.mean(wins))
    np.testing.assert_allclose(sorted(found["score"]), sorted(per_fold))
    # The same jobs: aggregation is in no key.
    keys = [{job.key for job in make_plan(one).jobs} for one in (together, study)]
    assert single[1].n_jobs == 6 and len(keys[0]) == 6


def test_rows_of_several_truths_are_not_answered_together(study, tmp_path):
    question = replace(study.question, aggregate=Aggregate(("subject", "run")))
    with pytest.raises(ConfigError, match="several truths"):
        run(replace(study, question=question), tmp_path / "r")


def test_a_recording_under_two_names_is_named_where_it_is_on_both_sides(study):
    from neurodecode.protocols.cross_subject import CrossSubject

    ids = tuple(dict.fromkeys(study.trials.rows["recording"]))
    copies = ((ids[0], ids[2]),)  # run 1 of subjects 1 and 2
    question = replace(study.question, protocol=CrossSubject())
    plan = make_plan(replace(study, question=question, copies=copies, notes=("told",)))
    flagged = {one.fold.name: "copied_recording" in one.flags for one in plan.folds}
    assert flagged == {"subject-1": True, "subject-2": True, "subject-3": False}
    assert "told" in plan.notes
    within = make_plan(replace(study, copies=copies))
    assert not any("copied_recording" in one.flags for one in within.folds)


def test_ragged_trials_reach_those_who_take_them_as_a_list(study, tmp_path):
    lengths = np.where(np.arange(len(study.trials)) % 2, 64, 48).astype(np.int32)
    rows, X = study.trials.rows, study.trials.X
    long = np.concatenate(list(X), axis=1)  # (8, 72 * 64)
    space = study.trials.signal().parts[0].space
    part = Part(long, space, ("channel", "time"), 64.0, 0.0, "long")
    at = np.arange(len(rows)) * 64
    signal = TrialSignal((part,), np.zeros(len(rows), dtype=np.int32), at, lengths)

    class Lengths(ClassifierMixin, BaseEstimator):
        version: ClassVar[int] = 1
        needs = Needs(axes=("channel", "time"), ragged=True)

        def fit(self, X, y):
            assert isinstance(X, list) and {one.shape for one in X} == {(8, 64), (8, 48)}
            self.classes_ = np.unique(y)
            return self

        def predict(self, X):
            return np.zeros(len(X), dtype=int)

    models = (NamedModel("lengths", Lengths()), NamedModel("logistic", Logistic()))
    question = replace(study.question, models=models, n_draws=0)
    plan, finished, table = run(
        replace(study, trials=Trials(rows, {"eeg": signal}), question=question), tmp_path / "r"
    )
    assert finished.errors == {} and [one.model for one in plan.refused] == ["logistic"]
    assert "differ in length" in plan.refused[0].reason
    assert table[0].mean == 0.5
