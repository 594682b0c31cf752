"""Windows that slide and grow: each answer is that of an estimator of its window alone."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge as TheirRidge
from sklearn.pipeline import make_pipeline

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.names import catalogue, find
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.training import TrainingPlace, trained_in, training_place
from neurodecode.core.trials import Trials
from neurodecode.harness.index import write_index, write_study
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import Aggregate, Question
from neurodecode.harness.run import execute
from neurodecode.harness.store import Store
from neurodecode.harness.study import Study
from neurodecode.harness.table import score_results
from neurodecode.models.align.over_time import OverTime
from neurodecode.models.linear.ridge import Ridge
from neurodecode.protocols.shared_stimuli import SharedStimuli
from neurodecode.report.results import Results
from neurodecode.report.time_course import curve_figures
from neurodecode.steps.pca import Pca
from neurodecode.steps.scale import Scale

SFREQ, N_TIMES, BEFORE = 50.0, 40, 10  # from -0.2 s on


def planted(n_stimuli=24, n_repeats=3, seed=0):
    """Trials whose stimulus stands in samples 20 to 29 alone, as vectors of four numbers."""
    rng = np.random.default_rng(seed)
    shown = np.tile(np.arange(n_stimuli), n_repeats)
    vectors = rng.normal(size=(n_stimuli, 4))
    X = rng.normal(size=(len(shown), 6, N_TIMES))
    X[:, :4, 20:30] += vectors[shown][:, :, None]
    return X, vectors, shown


def trials_of(X, shown, *, in_a_recording=True):
    """Give them as windows of one long recording, or as entries of an array."""
    n = len(X)
    who = {"recording": "r", "subject": "1", "session": "1", "run": "1"}
    table = pd.DataFrame({"stimulus": [f"p{i}" for i in shown], "onset": 2.0 * np.arange(n)})
    table = table.assign(**who)
    table["split"] = np.where(shown % 3 == 0, "test", "train")
    table["duration"], table["start"] = 0.5, table["onset"] - BEFORE / SFREQ
    table["stop"] = table["start"] + N_TIMES / SFREQ
    rows = Rows.build(table)
    space = Space("sensors", tuple(f"c{i}" for i in range(X.shape[1])), ("eeg",) * X.shape[1])
    if not in_a_recording:
        part = Part(X, space, ("channel", "time"), SFREQ, 0.0, "x")
        return Trials.of_entries(rows, "eeg", part, np.arange(n))
    part = Part(np.concatenate(list(X), axis=1), space, ("channel", "time"), SFREQ, 0.0, "x")
    zeros = np.zeros(n, dtype=np.int32)
    signal = TrialSignal((part,), zeros, N_TIMES * np.arange(n), zeros + np.int32(N_TIMES))
    return Trials(rows, {"eeg": signal})


@pytest.mark.parametrize("in_a_recording", [True, False])
@pytest.mark.parametrize("growing", [False, True])
@pytest.mark.parametrize("estimator", [None, Ridge(alphas=(5.0,)), TheirRidge(5.0)], ids=repr)
def test_each_answer_is_of_its_window_alone(in_a_recording, growing, estimator):
    X, vectors, shown = planted()
    trials = trials_of(X, shown, in_a_recording=in_a_recording)
    model = OverTime(estimator, length=0.2, hop=0.16, growing=growing).fit(trials, vectors[shown])
    np.testing.assert_array_equal(model.samples_, [9, 17, 25, 33])
    said = model.predict(trials)
    assert said.shape == (len(X), 4, 4) and said.dtype == np.float32
    for i, end in enumerate(model.samples_):
        window = X[..., 0 if growing else end - 9 : end + 1].reshape(len(X), -1)
        alone = (estimator or Ridge()).fit(window, vectors[shown]).predict(window)
        np.testing.assert_allclose(said[..., i], alone, rtol=1e-5, atol=1e-6)


def test_values_are_told_too():
    X, vectors, shown = planted()
    trials = trials_of(X, shown)
    said = OverTime(length=0.2, hop=0.2).fit(trials, vectors[shown, 0]).predict(trials)
    assert said.shape == (len(X), 4)


class Told(Ridge):
    """Remembers what it was handed beside trials, and where it was trained."""

    def fit(self, X, y, rows=None, val=None):
        self.rows_, self.val_, self.place_ = rows, val, training_place().folder
        self.handed_ = X
        return super().fit(X.array(), y)

    def predict(self, X):
        return super().predict(X.array())


Told.needs = replace(
    Ridge.needs, trials=True, val=True, columns=("subject",), training_columns=("stimulus",)
)


def test_what_the_estimator_asks_for_is_handed_on(tmp_path):
    X, vectors, shown = planted()
    trials, y = trials_of(X, shown), vectors[shown]
    model = OverTime(Told(alphas=(1.0,)), length=0.4, hop=0.2)
    assert model.needs.training_columns == ("stimulus",) and model.needs.val
    assert model.needs.columns == ("subject",) and model.needs.targets == Ridge.needs.targets
    table = trials.rows.table
    with trained_in(TrainingPlace(tmp_path)):
        model.fit(trials, y, rows=table, val=(trials.take([0, 1]), y[:2], table.iloc[:2]))
    for i, one in enumerate(model.estimators_):
        assert one.rows_ is table and len(one.val_) == 3
        assert one.val_[0].array().shape == (2, 6, 20)
        assert one.place_ == tmp_path / f"window-{i}"  # no checkpoint of another window's
        part = one.handed_.signal().used()[0]
        assert part.source is trials.signal().used()[0].source and part.sfreq == SFREQ
    assert training_place().folder is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"length": 0.9}, "windows of 0.9 s do not fit into trials of 0.8 s"),
        ({"length": 0.001}, "less than a sample at 50 Hz. Give 0.02 s or more"),
        ({"hop": 0.001}, "less than a sample at 50 Hz"),
        ({"estimator": "align.ridge"}, "estimator is 'align.ridge', which is no estimator"),
    ],
)
def test_windows_that_cannot_be_are_refused(arguments, sentence):
    X, vectors, shown = planted()
    with pytest.raises(ConfigError, match=f"over_time: .*{sentence}"):
        OverTime(**arguments).fit(trials_of(X, shown), vectors[shown])


def test_trials_of_no_rate_or_another_are_refused():
    X, vectors, shown = planted()
    trials = trials_of(X, shown)
    with pytest.raises(DataError, match="the sampling rate of what it is handed is not known"):
        OverTime().fit(X, vectors[shown])
    model = OverTime().fit(trials, vectors[shown])
    with pytest.raises(DataError, match="trials of 30 samples at 50 Hz, and those of training had"):
        model.predict(trials_of(X[..., :30], shown, in_a_recording=False))


def results(folder, model, **question):
    X, vectors, shown = planted()
    trials = trials_of(X, shown)
    part = Part(vectors, Space("features", tuple("abcd")), ("feature",), None, 0.0, "v")
    zeros = np.zeros(len(X), dtype=np.int32)
    told = TrialSignal((part,), zeros, shown, zeros - 1)
    trials = Trials(trials.rows, {**trials.signals, "shown": told})
    asked = Question(Target("vector", signal="shown"), SharedStimuli(), (model,),
                     metrics=("two_way",), n_draws=1, within=("subject",), **question)  # fmt: skip
    study = Study(trials, asked, np.full(len(X), None), tmin=-BEFORE / SFREQ)
    store, plan = Store(folder).open(), make_plan(study)
    write_study(plan, store, "over time", {}, "inline")
    finished = execute(plan, store)
    assert not finished.errors, finished.errors
    write_index(plan, store, "over time", finished.errors)
    score_results(store)
    return plan, store, Results(folder)


@pytest.mark.parametrize("reduce", [None, Pca(n_components=4)], ids=["whole", "reduced"])
def test_vectors_are_told_when_they_are_in_the_signal(tmp_path, monkeypatch, reduce):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    estimator = make_pipeline(Scale(per="channel"), OverTime(length=0.2, hop=0.2))
    model = NamedModel("over time", estimator)
    aggregate = Aggregate(("subject", "stimulus"))
    plan, store, found = results(tmp_path / "r", model, reduce=reduce, aggregate=aggregate)
    said = store.predictions(plan.jobs[0].key, ())
    assert said.pred.shape == (24, 4, 4) and said.pred.dtype == np.float32
    assert said.samples == (9, 19, 29, 39)
    course = found.time_course("two_way").sort_values("time")
    # The end of each window: its last sample, from the event.
    np.testing.assert_allclose(course["time"], (np.array([9, 19, 29, 39]) - BEFORE) / SFREQ)
    scores = course["score"].to_numpy()
    assert scores[2] > 0.95  # the window that holds the response
    assert np.all(np.abs(scores[[0, 1, 3]] - 0.5) < 0.35)
    ((drawn, _, told),) = curve_figures(found.time_course("two_way"), "")
    assert drawn == "over time"
    assert f"the largest at {(29 - BEFORE) / SFREQ:.3f} s" in told


def test_windows_that_grow_keep_what_they_had(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    growing = NamedModel("growing", OverTime(length=0.2, hop=0.2, growing=True))
    _, _, found = results(tmp_path / "r", growing)
    scores = found.time_course("two_way").sort_values("time")["score"].to_numpy()
    assert scores[2] > 0.85 and scores[3] > 0.8  # after the response, it is known still
    assert scores[0] < 0.85


def test_it_is_found_by_name():
    assert "align.over_time" in catalogue("models")
    assert find("align.over_time", "models") is OverTime
