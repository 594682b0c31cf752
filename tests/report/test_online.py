"""Decoders that ran over recordings: decided, tuned, and shown beside what they did offline."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Recording, Signal
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.data.cut import cut
from neurodecode.data.prepared import prepare
from neurodecode.data.tasks import TargetSpec, Task, WindowsSpec
from neurodecode.harness.deciding import Decide, deciding
from neurodecode.harness.index import write_index, write_study
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.paired_bootstrap import drawn_with
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import Question, TargetAccess, Tune
from neurodecode.harness.run import execute
from neurodecode.harness.store import Store
from neurodecode.harness.study import Study
from neurodecode.harness.table import score_results
from neurodecode.models.baseline.clock import Clock
from neurodecode.models.riemann.tangent_space import TangentSpace
from neurodecode.protocols.cross_run import CrossRun
from neurodecode.protocols.pseudo_online import PseudoOnline
from neurodecode.report import words
from neurodecode.report.online import event_rows, runs_of
from neurodecode.report.results import Results

SFREQ, REST, TASK, N_TASKS = 32.0, 2.0, 2.0, 6
MODELS = (NamedModel("tangent", TangentSpace()), NamedModel("baseline.clock", Clock(), "control"))
LATER = {"slides": True, "subjects": ("1",), "metrics": ("nmcc",),
         "protocol": PseudoOnline("runs", ("1",), ("2",))}  # fmt: skip
METRICS = ("balanced_accuracy", "false_activations_per_minute", "true_activation_rate")


def recording(subject, run):
    """Three channels of noise, one louder in each task; rest between, of other lengths each."""
    rng = np.random.default_rng([int(subject), int(run)])
    labels = rng.permutation(np.resize(["a", "b"], N_TASKS))
    onset = np.cumsum(REST + rng.uniform(0, 2, N_TASKS)) + TASK * np.arange(N_TASKS)
    data = rng.standard_normal((3, round((onset[-1] + TASK + REST) * SFREQ)))
    for label, at in zip(labels, onset, strict=True):
        data[0 if label == "a" else 1, round(at * SFREQ) : round((at + TASK) * SFREQ)] *= 3
    events = pd.DataFrame({"onset": onset, "duration": TASK, "label": labels})
    space = Space("sensors", names=("C3", "Cz", "C4"), types=("eeg",) * 3, unit="V")
    signal = Signal(1e-5 * data, space, ("channel", "time"), SFREQ, events)
    key = {"subject": subject, "run": run}
    header = replace(signal, data=None)
    return Recording(subject, "1", run, "eeg", (), key, lambda: signal, lambda: header)


def study_of(cache, *, slides, decide=None, subjects=("1", "2"), **asked):
    windows = WindowsSpec(tmin=0.5, tmax=1.5)
    classes = ("idle", "a", "b") if slides else ("a", "b")
    if slides:
        windows = WindowsSpec(length=1.0, hop=0.25, otherwise="idle")
    recordings = [recording(subject, run) for subject in subjects for run in "12"]
    done = cut(
        prepare(recordings, (), cache),
        Task(rows={"label": ("a", "b")}, target=TargetSpec(label="label", classes=classes)),
        windows,
    )
    target = Target("label", column="label", classes=classes)
    given = {"models": MODELS, "metrics": METRICS if slides else METRICS[:1], "n_draws": 0, **asked}
    question = Question(**{"target": target, "protocol": CrossRun(), **given})
    if decide is not None:
        question = deciding(question, decide, "idle")
    return Study(done.trials, question, done.previous, schedule=done.schedule)


def run(study, folder, *, online=False):
    store, plan = Store(folder).open(), make_plan(study)
    write_study(plan, store, "own", {}, "inline", online=online)
    finished = execute(plan, store)
    assert finished.errors == {}
    write_index(plan, store, "own", finished.errors, online=online)
    score_results(store)
    return store


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ran")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(folder / "cache"))
        run(study_of(folder / "cache", slides=False), folder / "out", online=True)
        decide = Decide(average=(1, 3), dwell=2, refractory=0.5, metric="nmcc", n_splits=2)
        alone = Decide(average=3)
        store = run(
            study_of(folder / "cache", slides=True, decide=alone), folder / "out" / "online"
        )
        yield SimpleNamespace(folder=folder, results=Results(folder / "out"), store=store,
                              decide=decide)  # fmt: skip


def test_a_decoder_that_reads_finds_tasks_and_the_clock_does_not(ran):
    rows = {(row.model, row.metric): row for row in ran.results.online.rows()}
    assert rows["tangent", "true_activation_rate"].mean > 0.85
    assert rows["tangent", "balanced_accuracy"].mean > 0.6
    assert rows["baseline.clock", "true_activation_rate"].mean < 0.6
    kept = [ran.store.decides(job["key"]) for job in ran.store.index()["jobs"]]
    assert kept == [{"dwell": 1, "refractory": 0.0}] * len(kept)


def test_tasks_are_stored_once_and_windows_are_drawn_by_them(ran):
    schedule = ran.store.schedule()
    assert schedule.idle == "idle"
    assert len(schedule.tasks) == 4 * N_TASKS
    rows = ran.store.rows()
    names = drawn_with(rows, schedule)
    assert len(set(names)) == 4 * N_TASKS
    for name, mine in rows.groupby(names):
        recording, _, onset = name.partition("|task at ")
        assert set(mine["recording"]) == {recording}
        assert mine["stop"].is_monotonic_increasing
        assert np.all(np.diff(mine["stop"]) < 0.26)  # nothing of another trial in between
        inside = mine[mine["label"] != "idle"]
        assert inside["label"].nunique() == 1
        assert inside["stop"].min() == pytest.approx(float(onset) + 0.25, abs=0.26)
        assert (mine["label"] == "idle").sum() >= 4


def test_inner_folds_choose_how_to_decide(ran, tmp_path):
    study = study_of(ran.folder / "cache", decide=ran.decide, **LATER)
    store = run(study, tmp_path / "tuned")
    for job in store.index()["jobs"]:
        tuned = store.tuned(job["key"])
        assert tuned["metric"] == "nmcc" and set(tuned["chosen"]) == {"average"}
        assert [one["arguments"] for one in tuned["scores"]] == [{"average": 1}, {"average": 3}]
        assert store.decides(job["key"]) == {"dwell": 2, "refractory": 0.5}
    (row,) = [row for row in Results(store.folder).rows() if row.model == "tangent"]
    assert "test-set only" in row.flags  # so the interval is one over draws of trials
    assert row.ci_low < row.mean < row.ci_high
    both = replace(study.question, tune=Tune({"tangent": {"C": (0.1, 1.0)}}, n_splits=2))
    asked = deciding(replace(both, models=MODELS), ran.decide, "idle").tune.grids
    assert asked["tangent"] == {"model__C": (0.1, 1.0), "average": (1, 3)}
    with pytest.raises(ConfigError, match="n_splits is 2, and that of tune is 4"):
        deciding(replace(both, models=MODELS, tune=replace(both.tune, n_splits=4)), ran.decide,
                 "idle")  # fmt: skip


def test_idle_is_found_wherever_it_stands_among_the_classes(ran):
    question = study_of(ran.folder / "cache", slides=True).question
    turned = replace(question, target=replace(question.target, classes=("a", "b", "idle")))
    assert {one.estimator.idle for one in deciding(turned, Decide(), "idle").models} == {2}


@pytest.mark.slow
def test_metrics_in_time_choose_too(ran, tmp_path):
    decide = replace(ran.decide, metric="operating_curve_area", average=1, dwell=(1, 3))
    study = study_of(ran.folder / "cache", decide=decide, **LATER)
    store = run(study, tmp_path / "tuned")
    keys = [job["key"] for job in store.index()["jobs"]]
    chosen = [store.tuned(key)["chosen"]["dwell"] for key in keys]
    assert chosen == [store.decides(key)["dwell"] for key in keys]


def test_what_cannot_decide_is_refused(ran):
    study = study_of(ran.folder / "cache", slides=True)
    with pytest.raises(ConfigError, match="decide: below the threshold idle is decided"):
        deciding(study.question, Decide(), "")
    with pytest.raises(ConfigError, match=r"average: 0 windows\. Give 1 or more"):
        Decide(average=(0, 2))
    access = TargetAccess(one_by_one=True)
    alone = study_of(ran.folder / "cache", slides=True, decide=Decide(), access=access)
    with pytest.raises(ConfigError, match="one_by_one hands it one at a time"):
        make_plan(alone)


def test_the_page_shows_both_side_by_side(ran, read_page):
    page = read_page(ran.results.report(ran.folder / "page.html"))
    assert page.text.count("While it ran") == 1  # in the section of what ran
    (pairs,) = page.alts("balanced accuracy, a thin line a subject")
    offline = {row.model: row for row in ran.results.rows()}
    assert f"tangent: {offline['tangent'].mean:.3f} offline" in pairs
    courses = [alt for alt in page.attributes("alt") if "Shaded: the task" in alt]
    assert len(courses) == 2  # the model, and the clock
    assert all(f"of {4 * N_TASKS} tasks detected" in course for course in courses)
    assert len(page.alts("tangent: ")) == 2  # operating curve and calibration
    table = next(one for one in page.tables if one[0][2] == "tasks detected")
    assert [row[:2] for row in table[1:]] == [
        ["tangent", "1"], ["tangent", "2"], ["baseline.clock", "1"], ["baseline.clock", "2"],
    ]  # fmt: skip
    assert "The clock sees no brain" in page.text
    assert len(page.html) < 2_000_000


def test_events_of_the_page_are_those_of_the_table(ran):
    online = ran.results.online
    rows = {(row.model, row.metric): row for row in online.rows()}
    for one in runs_of(online, ["tangent"]):
        for unit in one.units:
            expected = rows[one.model, "true_activation_rate"].per_unit[unit.name]
            found = unit.detections
            # The table has means of folds, and both runs have as many tasks.
            assert found.n_detected / found.n_tasks == pytest.approx(expected)
    for row in event_rows(runs_of(online, ["tangent"]), "subject"):
        detected, n_tasks = map(int, row["tasks detected"].split(" of "))
        assert n_tasks == 2 * N_TASKS and int(row["missed"]) == n_tasks - detected


def test_offline_results_have_nothing_that_ran(ran):
    assert runs_of(ran.results, ["tangent"]) == []
    assert words.beside_offline(ran.results, None) == {}
    assert set(words.beside_offline(ran.results.online, ran.results)) == {
        "tangent", "baseline.clock",
    }  # fmt: skip
