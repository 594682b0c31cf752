"""Repeats of a stimulus: how many count, and whether answers or inputs are averaged."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests_harness import run

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import Aggregate, TargetAccess
from neurodecode.harness.repeats import Repeats, first_repeats, mean_inputs
from neurodecode.harness.store import Store
from neurodecode.models.linear.logistic import Logistic
from neurodecode.models.linear.ridge import Ridge
from neurodecode.models.online import accumulated
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.protocols.cross_subject import CrossSubject
from neurodecode.report.results import Results

BY = ("subject", "stimulus")


@pytest.fixture
def shown(study):
    """Each run shows six stimuli twice or thrice, of one label each."""
    rows = study.trials.rows
    stimulus = np.empty(len(rows), dtype=object)
    for code in np.unique(rows.codes("recording", "label")):
        mine = np.flatnonzero(rows.codes("recording", "label") == code)
        stimulus[mine] = [f"{code}-{(0, 0, 1, 1, 1, 2)[i]}" for i in range(len(mine))]
    return replace(study, trials=replace(study.trials, rows=rows.with_column("stimulus", stimulus)))


def asking(study, model=None, metric="roc_auc", **question):
    models = (NamedModel("it", model or Mdm()),)
    question = {"models": models, "metrics": (metric,), "n_draws": 0, **question}
    return replace(study, question=replace(study.question, **question))


def vectors(study):
    """The same trials, of which a vector of the stimulus is to be told."""
    rows = study.trials.rows
    code, rng = rows.codes("stimulus"), np.random.default_rng(0)
    part = Part(rng.normal(size=(code.max() + 1, 4)), Space("features", tuple("abcd")),
                ("feature",), None, 0.0, "v")  # fmt: skip
    zeros = np.zeros(len(rows), dtype=np.int32)
    told = TrialSignal((part,), zeros, code, zeros - 1)
    trials = Trials(rows, {**study.trials.signals, "shown": told})
    return replace(study, trials=trials), Target("vector", signal="shown")


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(0, 20)),
             min_size=1, max_size=30),
    st.integers(1, 4),
)  # fmt: skip
def test_the_first_of_each_group_are_first_in_time(drawn, n):
    table = pd.DataFrame(drawn, columns=["session", "stimulus", "onset"])
    table["run"] = "1"
    rows = Rows(table)
    found = first_repeats(rows, rows.codes("stimulus"), n)
    expected = table.sort_values(["session", "onset"], kind="stable").groupby("stimulus").head(n)
    np.testing.assert_array_equal(np.flatnonzero(found), np.sort(expected.index))
    assert first_repeats(rows, rows.codes("stimulus"), None).all()


def test_run_2_is_before_run_10():
    table = pd.DataFrame({"session": "1", "run": ["10", "2"], "onset": [1.0, 5.0]})
    np.testing.assert_array_equal(first_repeats(Rows(table), np.zeros(2, int), 1), [False, True])


@pytest.mark.parametrize("n", [None, 1, 2])
def test_of_a_linear_model_the_mean_of_answers_is_the_answer_to_the_mean(shown, tmp_path, n):
    study, target = vectors(shown)
    ridge = Ridge(alphas=(10.0,))
    told = {}
    for of in ("answers", "inputs"):
        asked = asking(study, ridge, "two_way", target=target, aggregate=Aggregate(BY, of=of, n=n))
        run(asked, tmp_path / of)
        told[of] = Results(tmp_path / of).scores()
    np.testing.assert_allclose(told["answers"]["score"], told["inputs"]["score"], rtol=1e-12)
    assert told["inputs"]["n_trials"].tolist() == [6] * 6
    # Each row is stored with an answer: that of its group.
    single, mean = (Results(tmp_path / of).predictions() for of in ("answers", "inputs"))
    assert len(single) == len(mean)
    if n == 1:
        return
    groups = mean.groupby([*BY, "fold"], observed=True)
    assert groups.size().max() == 3


def test_what_is_not_linear_answers_the_mean_input(shown, tmp_path):
    asked = asking(shown, aggregate=Aggregate(BY, of="inputs", n=2))
    plan, *_ = run(asked, tmp_path / "r")
    store = Store(tmp_path / "r").open()
    X, y = shown.trials.X, shown.question.target.y(shown.trials)
    for job in plan.jobs:
        fold, rows = job.fold, shown.trials.rows
        model = Mdm().fit(X[fold.index("train")], y[fold.index("train")])
        said = store.predictions(job.key, ("a", "b"))
        test = fold.index("test")
        np.testing.assert_array_equal(said.uid, rows["uid"][test])
        for i, row in enumerate(test):
            mine = test[rows["stimulus"][test] == rows["stimulus"][row]]
            first = mine[np.argsort(rows["onset"][mine])][:2]
            expected = model.predict_proba(X[first].mean(axis=0)[None])[0]
            assert said.scores is not None
            np.testing.assert_allclose(said.scores[i], expected, rtol=1e-9)


def test_what_is_averaged_before_the_model_is_in_its_key_and_what_after_is_not(shown):
    def keys(aggregate):
        return [job.key for job in make_plan(asking(shown, aggregate=aggregate)).jobs]

    none, answers = keys(None), keys(Aggregate(BY))
    assert none == answers == keys(Aggregate(BY, n=2))
    inputs, two, three = (keys(Aggregate(BY, of="inputs", n=n)) for n in (None, 2, 3))
    assert len({*none, *inputs, *two}) == 18
    assert three == inputs  # no stimulus was shown more often


def test_groups_of_fewer_are_counted(shown):
    def notes(n, of):
        return make_plan(asking(shown, aggregate=Aggregate(BY, n=n, of=of))).notes

    for of in ("answers", "inputs"):
        (note,) = notes(3, of)
        assert note.startswith("aggregate: 24 of 36 groups have fewer than 3 rows")
        assert notes(1, of) == ()


def test_trials_are_read_one_at_a_time(tmp_path):
    X = np.random.default_rng(0).normal(size=(64, 40, 500))  # 10 MB
    np.save(tmp_path / "x.npy", X)
    part = Part(tmp_path / "x.npy", Space("sensors", ()), ("channel", "time"), 100.0, 0.0, "x")
    table = pd.DataFrame({"stimulus": [f"{i % 4}" for i in range(64)], "session": "1", "run": "1",
                          "onset": np.arange(64.0)})  # fmt: skip
    trials = Trials.of_entries(Rows(table), "eeg", part, np.arange(64))
    repeats = Repeats.of(trials.rows, Aggregate(("stimulus",), of="inputs", n=10))
    tracemalloc.start()
    found = mean_inputs(trials, repeats)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes / 4  # four means are a sixteenth
    expected = X.reshape(16, 4, 40, 500)[:10].mean(axis=0)
    np.testing.assert_allclose(found.array(), expected, rtol=1e-12, atol=1e-15)
    assert found.rows["stimulus"].tolist() == ["0", "1", "2", "3"]
    assert found.signal().used()[0].sfreq == 100.0


def test_trials_of_one_group_that_differ_in_length_have_no_mean():
    part = Part(np.zeros((2, 50)), Space("sensors", ()), ("channel", "time"), 50.0, 0.0, "x")
    table = pd.DataFrame({"stimulus": "s", "session": "1", "run": "1", "onset": [0.0, 1.0],
                          "recording": "r"})  # fmt: skip
    lengths = np.array([10, 12], dtype=np.int32)
    zeros = np.zeros(2, dtype=np.int32)
    trials = Trials(Rows(table), {"eeg": TrialSignal((part,), zeros, zeros.astype(int), lengths)})
    with pytest.raises(DataError, match=r"shape \(2, 10\) and \(2, 12\) \(r\), which have no mean"):
        mean_inputs(trials, Repeats.of(trials.rows, Aggregate(("stimulus",), of="inputs")))


def lengthened(study):
    """One trial of a stimulus is a sample shorter than the others."""
    long = np.concatenate(list(study.trials.X), axis=1)
    space = study.trials.signal().used()[0].space
    part = Part(long, space, ("channel", "time"), 64.0, 0.0, "long")
    n = len(study.trials)
    lengths = np.full(n, 64, dtype=np.int32)
    lengths[0] = 63
    signal = TrialSignal((part,), np.zeros(n, dtype=np.int32), 64 * np.arange(n), lengths)
    return replace(study, trials=Trials(study.trials.rows, {"data": signal}))


def test_groups_without_a_mean_are_refused_before_anything_is_fitted(shown):
    inputs = Aggregate(("stimulus",), of="inputs")
    rows = shown.trials.rows
    pooled = rows.with_column("stimulus", np.array([f"{one}" for one in rows["label"]]))
    people = replace(shown, trials=replace(shown.trials, rows=pooled))
    with pytest.raises(ConfigError, match=r"of several people .* Add subject to by"):
        make_plan(asking(people, aggregate=inputs, protocol=CrossSubject(n_splits=2)))
    with pytest.raises(ConfigError, match=r"of several lengths .* Give all trials one form"):
        make_plan(asking(lengthened(shown), aggregate=inputs))


@pytest.mark.parametrize(
    "access",
    [TargetAccess(one_by_one=True), TargetAccess(transductive=True),
     TargetAccess(updates="unlabelled")],
    ids=repr,
)  # fmt: skip
def test_means_of_trials_are_of_no_use_where_trials_come_one_by_one(shown, access):
    with pytest.raises(ConfigError, match="of: inputs hands a model means of test trials"):
        asking(shown, aggregate=Aggregate(BY, of="inputs"), access=access)


def test_nor_where_a_model_leans_on_earlier_ones(shown):
    model = accumulated(Mdm(), average=3, dwell=2)
    with pytest.raises(ConfigError, match=r"a decoder that runs along \(it\) answers each in its"):
        make_plan(asking(shown, model, aggregate=Aggregate(BY, of="inputs")))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [({"of": "embeddings"}, "of: 'embeddings'. Give answers or inputs"), ({"n": 0}, "n: 0 rows")],
)
def test_words_that_cannot_be(arguments, sentence):
    with pytest.raises(ConfigError, match=sentence):
        Aggregate(BY, **arguments)


def test_the_first_answers_alone_are_averaged(shown, tmp_path):
    logistic = Logistic()
    run(asking(shown, logistic, aggregate=Aggregate(BY, n=1)), tmp_path / "one")
    run(asking(shown, logistic, aggregate=Aggregate(BY, n=1, of="inputs")), tmp_path / "in")
    one, other = (Results(tmp_path / name).scores()["score"] for name in ("one", "in"))
    np.testing.assert_array_equal(one, other)  # the mean of one trial is that trial
