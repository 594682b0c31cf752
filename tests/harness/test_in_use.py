"""What no decoder in use can have is refused at plan; what goes on learning does so in time."""

import json
import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline
from tests_harness import run

from neurodecode.cli import main
from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.core.recording import Recording, Signal
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.data.cut import cut
from neurodecode.data.prepared import prepare
from neurodecode.data.tasks import TargetSpec, Task, WindowsSpec
from neurodecode.harness.experiment import find_experiment, read_experiment
from neurodecode.harness.in_use import inner_groups_of, needed_gap
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import Question, TargetAccess, Tune
from neurodecode.harness.replay import replay
from neurodecode.harness.store import Store
from neurodecode.harness.study import Study
from neurodecode.harness.task import Tuning
from neurodecode.harness.tune import inner_folds
from neurodecode.models.riemann.adaptive_mdm import AdaptiveMdm
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.protocols.pseudo_online import PseudoOnline
from neurodecode.protocols.reference_shuffled import ReferenceShuffled
from neurodecode.protocols.reference_zero_phase import ReferenceZeroPhase
from neurodecode.report.results import Results
from neurodecode.signal.filters import Filter
from neurodecode.signal.resample import Resample
from neurodecode.signal.zscore import Zscore
from neurodecode.steps.covariance import Covariance
from neurodecode.steps.recentre import Recentre

SFREQ, LENGTH, HOP, TRIAL, REST, N_TRIALS = 32.0, 1.0, 0.25, 2.0, 2.0, 8
CAUSAL = Filter(2, 10, method="iir", phase="causal")
TARGET = TargetSpec(label="label", classes=("idle", "a", "b"))
MODELS = (NamedModel("mdm", Mdm()),)


def recording(run_, seed=0):
    """Three channels of noise, the first louder in a, the second in b; rest between."""
    rng = np.random.default_rng([seed, int(run_)])
    labels = rng.permutation(np.resize(["a", "b"], N_TRIALS))
    onset = REST + np.arange(N_TRIALS) * (TRIAL + REST)
    data = rng.standard_normal((3, round((onset[-1] + TRIAL + REST) * SFREQ)))
    for label, at in zip(labels, onset, strict=True):
        span = slice(round(at * SFREQ), round((at + TRIAL) * SFREQ))
        data[0 if label == "a" else 1, span] *= 3
    events = pd.DataFrame({"onset": onset, "duration": TRIAL, "label": labels})
    space = Space("sensors", names=("C3", "Cz", "C4"), types=("eeg",) * 3, unit="V")
    signal = Signal(1e-5 * data, space, ("channel", "time"), SFREQ, events)
    header = replace(signal, data=None)
    key = {"seed": seed, "run": run_}
    return Recording("1", "1", run_, "eeg", (), key, lambda: signal, lambda: header)


def study_of(protocol, cache, *, preparations=(CAUSAL,), runs=("1", "2", "3"), **question):
    windows = WindowsSpec(length=LENGTH, hop=HOP, otherwise="idle")
    prepared = prepare([recording(one) for one in runs], preparations, cache)
    done = cut(prepared, Task(rows={"label": ("a", "b")}, target=TARGET), windows)
    asked = {"target": Target("label", column="label", classes=TARGET.classes), "models": MODELS}
    return Study(
        done.trials, Question(**{**asked, "protocol": protocol, "n_draws": 0, **question}),
        done.previous, looking_ahead=("filter",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("preparation", "said"),
    [
        (Filter(4, 10), r"looks 0\.\d+ s into the future \(filter\).*phase: causal"),
        (Filter(4, 10, method="iir"), "into the future"),
        (Resample(16), r"looks 0\.\d+ s into the future.*resample: \{phase: causal\}"),
        (Zscore(), "looks at the whole recording"),
    ],
)
def test_a_preparation_that_looks_ahead_is_refused_with_the_remedy(preparation, said, tmp_path):
    study = study_of(PseudoOnline(), tmp_path, preparations=(preparation,))
    with pytest.raises(LeakError, match=said):
        make_plan(study)
    reference = study_of(ReferenceZeroPhase(), tmp_path, preparations=(preparation,))
    assert all("looks_ahead" in one.flags for one in make_plan(reference).folds)
    offline = replace(study, question=replace(study.question, protocol=ReferenceShuffled()))
    flags = {flag for one in make_plan(offline).folds for flag in one.flags}
    assert {"looks_ahead", "shuffled_windows", "overlap", "split_blocks"} <= flags


def test_the_gap_is_as_long_as_window_and_filter_and_adaptation(tmp_path):
    blocked = PseudoOnline(mode="blocked", n_splits=4)
    study = study_of(blocked, tmp_path)
    reach = CAUSAL.reach(SFREQ)
    assert needed_gap(study) == pytest.approx(LENGTH + reach)
    plan = make_plan(study)
    rows = study.trials.rows
    for planned in plan.folds:
        train, test = planned.fold.index("train"), planned.fold.index("test")
        assert planned.fold.purged > 0 and "shared_preparation" not in planned.flags
        for run_ in set(rows["run"][test]):
            mine, theirs = train[rows["run"][train] == run_], test[rows["run"][test] == run_]
            after = rows["start"][mine][:, np.newaxis] - rows["stop"][theirs]
            before = rows["start"][theirs] - rows["stop"][mine][:, np.newaxis]
            assert np.maximum(after, before).min(initial=np.inf) >= LENGTH + reach - 1e-6
    adaptive = AdaptiveMdm(rate=0.1)
    half_life = np.log(0.5) / np.log(0.9) * HOP
    asked = {"models": (NamedModel("adaptive", adaptive),)}
    access = TargetAccess(updates="unlabelled")
    assert needed_gap(study_of(blocked, tmp_path, access=access, **asked)) == pytest.approx(
        LENGTH + reach + half_life
    )
    assert needed_gap(study_of(blocked, tmp_path, **asked)) == pytest.approx(LENGTH + reach)


def test_what_would_break_the_gap_is_refused(tmp_path):
    blocked = PseudoOnline(mode="blocked", n_splits=4)
    with pytest.raises(LeakError, match=r"a gap of 0.1 s is less than the .* windows are 1 s long"):
        make_plan(study_of(replace(blocked, gap=0.1), tmp_path))
    with pytest.raises(LeakError, match="overlap a test window or lie within"):
        make_plan(study_of(blocked, tmp_path, overlap="allowed"))
    with pytest.raises(LeakError, match="transductive shows windows before their time"):
        make_plan(study_of(blocked, tmp_path, access=TargetAccess(transductive=True)))
    with pytest.raises(LeakError, match=r"every training row overlaps .* or lies within"):
        make_plan(study_of(replace(blocked, gap=1e3), tmp_path, runs=("1",)))
    assert make_plan(study_of(replace(blocked, gap=4.0), tmp_path)).folds
    seen = study_of(PseudoOnline(), tmp_path, access=TargetAccess(calibration=0.3))
    for planned in make_plan(seen).folds:  # rows seen before keep away too
        rows, fold = seen.trials.rows, planned.fold
        adapt, test = fold.index("adapt"), fold.index("test")
        assert rows["start"][test].min() - rows["stop"][adapt].max() >= needed_gap(seen) - 1e-6


@pytest.mark.parametrize("runs", [("1", "2"), ("1", "2", "3")])
def test_inner_folds_keep_runs_apart_or_whole_trials_with_the_gap(runs, tmp_path):
    tune = Tune({"mdm": {"metric": ("riemann", "euclid")}}, n_splits=3)
    study = study_of(PseudoOnline(), tmp_path, runs=runs, tune=tune)
    fold = make_plan(study).folds[-1].fold
    rows = study.trials.rows.take(fold.index("train"))
    y = study.y[fold.index("train")]
    groups, gap = inner_groups_of(study.question, rows, ()), needed_gap(study)
    tuning = Tuning({"metric": ("riemann",)}, 3, "accuracy", groups, gap)
    inner = list(inner_folds(rows, y, tuning, "label", 0))
    assert len(inner) == (3 if len(runs) == 2 else 2)
    trial = rows.codes("recording", "trial_index")
    for one in inner:
        train, test = one.index("train"), one.index("test")
        assert not set(trial[train]) & set(trial[test])
        if len(runs) == 3:
            assert not set(rows["run"][train]) & set(rows["run"][test])
            continue
        assert one.purged > 0
        middle = rows["start"][test].min(), rows["stop"][test].max()
        inside = (rows["stop"][train] > middle[0] - gap + 1e-5) & (
            rows["start"][train] < middle[1] + gap - 1e-5
        )
        assert not inside.any()
    _, finished, _ = run(study, tmp_path / "r")
    assert finished.n_failed == 0


class Watched(ClassifierMixin, BaseEstimator):
    """Answers the first class, and writes down what it is told, when."""

    supervised = True
    version: ClassVar[int] = 1
    seen: ClassVar[list] = []

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def update(self, X, y=None):
        self.seen.append(("update", X.tobytes(), None if y is None else int(y[0])))
        return self

    def predict(self, X):
        self.seen.append(("predict", X.tobytes(), None))
        return np.full(len(X), self.classes_[0])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.no_validation = True
        return tags


@pytest.mark.parametrize("updates", ["", "unlabelled", "delayed_labels"])
def test_a_model_learns_only_of_what_has_been(updates, tmp_path):
    models = (NamedModel("watched", Watched()),)
    protocol = PseudoOnline(mode="runs", train=("1",), test=("2",))
    access = TargetAccess(updates=updates)
    study = study_of(protocol, tmp_path / "c", models=models, access=access)
    Watched.seen.clear()
    _, finished, table = run(study, tmp_path / "r")
    assert finished.n_failed == 0
    assert [one for one in table[0].flags if one.startswith("updates")] == (
        [f"updates {updates}"] if updates else []
    )
    test = make_plan(study).folds[0].fold.index("test")
    X, rows, y = study.trials.take(test).X, study.trials.rows.take(test), study.y[test]
    place = {x.tobytes(): i for i, x in enumerate(X)}
    if not updates:
        assert not [one for one in Watched.seen if one[0] == "update"]
        return
    now, told = -1, set()
    for what, x, label in Watched.seen:
        i = place[x]
        if what == "predict":
            assert i == now + 1  # in the order of time
            if updates == "unlabelled":
                assert told == set(range(i + 1))  # each window, once, before it is answered
            else:  # all those whose trial ended by the end of this window, and no other
                over = rows["trial_stop"][:i] <= rows["stop"][i] + 1e-9
                assert told == set(np.flatnonzero(over))
            now = i
            continue
        assert i not in told
        told.add(i)
        assert label == (int(y[i]) if updates == "delayed_labels" else None)
    assert now == len(test) - 1
    if updates == "delayed_labels":  # of what came after the last trial nobody was told
        assert 0 < len(told) < len(test) and np.isinf(rows["trial_stop"][-1])


def test_labels_that_come_late_change_what_is_answered_and_its_key(tmp_path):
    models = (NamedModel("adaptive", AdaptiveMdm(rate=0.2)), NamedModel("mdm", Mdm()))
    keys, answers = {}, {}
    for adapt in ("", "unlabelled", "delayed_labels"):
        study = study_of(
            PseudoOnline(), tmp_path / "c", models=models, n_draws=1, runs=("1", "2"),
            access=TargetAccess(updates=adapt),
        )  # fmt: skip
        folder = tmp_path / f"r{adapt}"
        plan, finished, _ = run(study, folder)
        assert finished.n_failed == 0
        keys[adapt] = {job.label: job.key for job in plan.jobs}
        store, own = Store(folder), [job for job in plan.jobs if job.draw is None]
        answers[adapt] = {
            job.model.name: store.predictions(job.key, TARGET.classes).scores for job in own
        }
    for label, key in keys[""].items():
        several = {keys[adapt][label] for adapt in keys}
        assert len(several) == (3 if label.startswith("adaptive") else 1), key
    still, blind, told = (answers[adapt]["adaptive"] for adapt in answers)
    np.testing.assert_allclose(still, answers[""]["mdm"], atol=1e-9)
    assert np.abs(blind - still).max() > 0.01 and np.abs(told - blind).max() > 0.01
    np.testing.assert_array_equal(told[0], still[0])  # no label was known before the first window


def test_a_recursive_mean_follows_where_decoders_go_on_learning(tmp_path):
    def ran(updates):
        pipe = make_pipeline(Covariance(), Recentre(recursive=True), Mdm(estimator="given"))
        study = study_of(
            PseudoOnline(mode="runs", train=("1",), test=("2",)), tmp_path / "c",
            models=(NamedModel("follows", pipe),), runs=("1", "2"),
            access=TargetAccess(updates=updates),
        )  # fmt: skip
        plan, finished, table = run(study, tmp_path / f"r{updates}")
        assert finished.errors == {}
        # It learns no labels, so none are handed to it and none are told of.
        assert "updates unlabelled" in table[0].flags
        return plan.jobs[0].key

    with pytest.raises(ConfigError, match="may learn nothing of them"):
        ran("")
    assert ran("unlabelled") == ran("delayed_labels")


EXPERIMENT = """
data: {card: eegbci, task: left_right, subjects: ["001"], runs: ["04", "08"], simulate: small}
prepare: [{filter: {l_freq: 8, h_freq: 30}}]
windows: {tmin: 0.5, tmax: 2.5}
protocol: {cross_run: {}}
models: [riemann.mdm]
controls: [baseline.prior, baseline.clock]
shuffled: {n_draws: 0}
online:
  task: idle
  prepare: [{filter: {l_freq: 8, h_freq: 30, method: iir, phase: causal}}]
"""


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path("both.yaml")
    path.write_text(EXPERIMENT)
    return path


def test_an_online_block_is_a_second_evaluation_beside_the_first(experiment, capsys):
    assert main(["plan", str(experiment), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["folds"]) == 2 and len(told["online"]["folds"]) == 1
    assert main(["run", str(experiment), "--engine", "inline"]) == 0
    assert "pseudo-online" in capsys.readouterr().out
    folder = Path("results/both_simulated")
    results = Results(folder)
    table = results.table()
    assert set(table["evaluation"]) == {"offline", "pseudo_online"}
    # Windows overlap: who reads 490 of them as trials believes in more than there is.
    n_offline, n_online = (len(one.trials()) for one in (results, results.online))
    assert f"1 subject, {n_offline} trials" in results.text()
    assert re.search(r"1 subject, [1-9]\d* windows", results.text())
    assert results.online is not None and results.online.folder == folder / "online"
    assert len(results.rows()) + len(results.online.rows()) == len(table)
    assert main(["table", str(folder), "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["evaluation"] for row in rows] == table["evaluation"].tolist()
    page = (folder / "report.html").read_text()
    assert f", {n_online} windows." in page and f", {n_offline} trials." in page
    assert "over the tasks that were tested, each with all its windows" in page
    assert "pseudo-online" in page and "knows only when in the run each window lies" in page
    again = read_experiment(folder / "resolved.yaml")
    assert again.plain() == yaml.safe_load((folder / "resolved.yaml").read_text())
    alone = read_experiment(folder / "online/resolved.yaml")
    assert alone.question.protocol == again.online.question.protocol
    experiment.write_text(EXPERIMENT.partition("online:")[0])
    assert main(["run", str(experiment), "--engine", "inline"]) == 0
    assert Results(folder).online is None  # what stands there belongs to another question


def test_the_block_says_what_it_does_not_take_from_the_experiment(experiment):
    plain = read_experiment(experiment).plain()
    assert plain["online"]["task"] == "idle" and plain["online"]["windows"]["length"] == 2.0
    assert list(plain["online"]["protocol"]) == ["pseudo_online", "overlap"]
    assert plain["online"]["metrics"] == plain["metrics"]
    assert plain["online"]["target"]["classes"] == ["idle", "left", "right"]


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("{task: idel}", r"online\.task: eegbci has no task 'idel'.*idle"),
        ("{}", r"online\.windows: .* Give length and hop"),
        ("{task: idle, protocol: {cross_run: {}}}", "cross_run is no protocol of decoders in use"),
        ("{task: idle, metrics: [nope]}", r"online\.metrics: no metric is called 'nope'"),
        ("{task: idle, prepare: [{filtre: {}}]}", r"online\.prepare\[0\]"),
        ("{task: idle, windos: 3}", "windos"),
    ],
)
def test_a_block_is_read_strictly(experiment, block, said):
    experiment.write_text(EXPERIMENT.partition("online:")[0] + f"online: {block}")
    with pytest.raises(ConfigError, match=said):
        read_experiment(experiment)


def test_the_shipped_experiment_reproduces_the_recipe_of_the_readme():
    resolved = read_experiment(find_experiment("eegbci_pseudo_online"))
    assert resolved.online.question.protocol == PseudoOnline(
        mode="runs", train=("04", "08"), test=("12",)
    )


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("{task: idle}", r"online: prepare: it looks \S+ s into the future \(filter\)"),
        ("{task: idle, prepare: [{resample: {sfreq: 80}}]}", r"online: .* future \(resample\)"),
        (
            "{task: idle, prepare: [], protocol: {pseudo_online: {gap: 1}}}",
            "online: protocol: a gap of 1 s is less than the 2 s that are needed",
        ),
        (
            "{task: idle, prepare: [], target_access: {updates: unlabelled}}",
            "online: target_access: updates: unlabelled, and none of the models goes on learning",
        ),
        (
            "{prepare: [], windows: {length: 900, hop: 1, otherwise: idle}}",
            "online: no trial is left.* recording shorter than a window: 2",
        ),
    ],
)
@pytest.mark.parametrize("verb", ["plan", "run"])
def test_what_cannot_be_online_is_told_before_anything_is_computed(
    experiment, capsys, verb, block, said
):
    experiment.write_text(EXPERIMENT.partition("online:")[0] + f"online: {block}")
    assert main([verb, str(experiment)]) == 2
    assert re.search(said, capsys.readouterr().err)
    assert not Path("results").exists()


def test_what_is_learnt_while_tested_is_forgotten(tmp_path, monkeypatch):
    seen = []

    def watched(work, job, fitted):
        before = pickle.dumps(fitted.stages)
        said = replay(work, job, fitted)
        seen.append(pickle.dumps(fitted.stages) == before)
        return said

    monkeypatch.setattr("neurodecode.harness.fold.replay", watched)
    models = (NamedModel("adaptive", AdaptiveMdm(rate=0.2)),)
    access = TargetAccess(updates="unlabelled")
    run(study_of(PseudoOnline(), tmp_path / "c", models=models, access=access), tmp_path / "r")
    assert seen and all(seen)  # equal fits are shared with other models, and kept
