"""Aligners in the harness: layouts that differ, new subjects, keeping, what plan refuses."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch", reason="torch is an extra")

from tests_harness import run  # noqa: E402

from neurodecode.core.errors import ConfigError  # noqa: E402
from neurodecode.core.parts import Part, TrialSignal  # noqa: E402
from neurodecode.core.rows import Rows  # noqa: E402
from neurodecode.core.space import Space  # noqa: E402
from neurodecode.core.target import Target  # noqa: E402
from neurodecode.core.trials import Trials  # noqa: E402
from neurodecode.harness.fitting import FoldWork  # noqa: E402
from neurodecode.harness.keep import open_model  # noqa: E402
from neurodecode.harness.named_model import NamedModel  # noqa: E402
from neurodecode.harness.plan import make_plan  # noqa: E402
from neurodecode.harness.question import Question, TargetAccess  # noqa: E402
from neurodecode.harness.store import Store  # noqa: E402
from neurodecode.harness.study import Study  # noqa: E402
from neurodecode.models.align.benchetrit import Benchetrit  # noqa: E402
from neurodecode.models.align.nice import Nice  # noqa: E402
from neurodecode.models.baseline.mean_target import MeanTarget  # noqa: E402
from neurodecode.protocols.cross_subject import CrossSubject  # noqa: E402
from neurodecode.protocols.shared_stimuli import SharedStimuli  # noqa: E402
from neurodecode.protocols.within_session import WithinSession  # noqa: E402

N_STIMULI, N_TIMES = 24, 40
SIZES = {"n_virtual": 6, "n_features": 32, "width": 8, "n_out": 12}
SHORT = {"kernel_length": 7, "pool_length": 11, "pool_stride": 3, "n_filters": 4}


def aligner(**training):
    recipe = {"max_epochs": 2, "batch_size": 8, "patience": 2, **training}
    return NamedModel("benchetrit", Benchetrit(preset="tiny", sizes=SIZES, training=recipe))


def nice():
    recipe = {"max_epochs": 2, "batch_size": 8}
    return NamedModel("nice", Nice(preset="tiny", sizes=SHORT, training=recipe))


def study(*models, sizes=(6, 4, 5), places=True, **question):
    """People with sensors of their own who saw the same 24 pictures of 8 concepts."""
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(N_STIMULI, 3))
    table = pd.DataFrame(
        [
            {"subject": str(s), "session": "1", "run": "1", "recording": f"sub-{s}",
             "onset": 2.0 * i, "duration": 1.0, "start": 2.0 * i, "stop": 2.0 * i + 0.8,
             "stimulus": f"picture {i}", "concept": f"concept {i // 3}", "entry": i}
            for s in range(len(sizes)) for i in range(N_STIMULI)
        ]
    )  # fmt: skip
    rows, order = Rows.build_sorted(table)
    parts = []
    for s, n in enumerate(sizes):
        where = rng.normal(size=(n, 3)) + np.array([0, 0, 2])
        space = Space("sensors", tuple(f"S{s}-{i}" for i in range(n)), ("eeg",) * n,
                      where if places else None, unit="V")  # fmt: skip
        X = rng.normal(size=(N_STIMULI, n, N_TIMES)) + (Y @ rng.normal(size=(3, n)))[:, :, None]
        parts.append(Part(X, space, ("channel", "time"), 50.0, 0.0, f"sub-{s}"))
    part = np.repeat(np.arange(len(sizes), dtype=np.int32), N_STIMULI)
    shown = Part(Y, Space("features", ("0", "1", "2")), ("feature",), None, 0.0, "shown")
    entry, whole = table["entry"].to_numpy(), np.full(len(table), -1, dtype=np.int32)
    signals = {
        "eeg": TrialSignal(tuple(parts), part[order], entry[order], whole),
        "clip": TrialSignal((shown,), np.zeros(len(table), np.int32), entry[order], whole),
    }
    asked = {
        "target": Target("vector", signal="clip"), "models": models, "metrics": ("r2",),
        "protocol": CrossSubject(), "n_draws": 0, **question,
    }  # fmt: skip
    return Study(Trials(rows, signals), Question(**asked), np.full(len(rows), None, dtype=object))


def test_a_fold_of_several_layouts_is_run_by_who_takes_many_and_refused_to_others(tmp_path):
    control = NamedModel("mean", MeanTarget(), "control")
    plan, finished, rows = run(study(aligner(), nice(), control), tmp_path / "r")
    assert finished.errors == {}
    reasons = {one.model: one.reason for one in plan.refused}
    assert set(reasons) == {"nice"} and "Bring them to one space" in reasons["nice"]
    # Who trains without the first person has no map of the sensors that the results keep.
    folds = Store(tmp_path / "r").index()["folds"]
    assert [one["elsewhere"] for one in folds] == [True, False, False]
    told = next(row for row in rows if row.model == "benchetrit")
    assert "not converged" in told.flags or "not_converged" in told.flags
    assert np.isfinite(told.mean)


def test_validation_is_by_concept_although_the_protocol_keeps_people_apart(tmp_path, monkeypatch):
    seen = []
    fit = Benchetrit.fit

    def watched(self, X, y, rows=None, val=None):
        assert val is not None
        seen.append((rows, val[2]))
        return fit(self, X, y, rows, val)

    monkeypatch.setattr(Benchetrit, "fit", watched)
    asked = aligner().estimator.set_params(positives="concept")
    _, finished, _ = run(study(NamedModel("benchetrit", asked)), tmp_path / "r")
    assert finished.errors == {} and len(seen) == 3
    for rows, val in seen:
        assert set(rows["concept"]).isdisjoint(val["concept"]) and len(val) > 0


def test_a_new_subject_is_fitted_on_a_few_trials(tmp_path, monkeypatch):
    calls = []
    adapt = Benchetrit.adapt

    def watched(self, X, y=None, rows=None):
        calls.append((set(X.rows["subject"]), self.subjects_, len(X), list(rows.columns)))
        return adapt(self, X, y, rows)

    monkeypatch.setattr(Benchetrit, "adapt", watched)
    asked = study(aligner(), access=TargetAccess(calibration=6))
    plan, finished, _ = run(asked, tmp_path / "r")
    assert finished.errors == {} and len(calls) == len(plan.jobs) == 3
    for subjects, trained, n, columns in calls:
        assert n == 6 and columns == ["stimulus"] and subjects.isdisjoint(trained)


def test_a_new_subject_is_told_the_first_trials_of_pictures_that_are_not_tested():
    protocol = SharedStimuli(n_splits=2, held_out="concept", within="others")
    asked = study(aligner(), protocol=protocol, access=TargetAccess(calibration=6))
    rows = asked.trials.rows
    for planned in make_plan(asked).folds:
        adapt, test = planned.fold.index("adapt"), planned.fold.index("test")
        who = rows["subject"][test][0]
        concepts = set(rows["concept"][test])
        untested = [i for i in rows.where(subject=who) if rows["concept"][i] not in concepts]
        assert adapt.tolist() == untested[:6]  # rows of a recording stand in time
        assert len(test) == 12 and set(rows["subject"][planned.fold.index("train")]).isdisjoint(who)
        assert "calibration 6" in planned.flags and "shared_stimulus" not in planned.flags


def test_more_trials_of_a_new_subject_than_there_are_are_refused():
    protocol = SharedStimuli(n_splits=2, held_out="concept", within="others")
    asked = study(aligner(), protocol=protocol, access=TargetAccess(calibration=13))
    with pytest.raises(ConfigError, match=r"13, and fold 0/concepts-0: session 1 of subject 0 has "
                       "12 trials .* Give fewer"):  # fmt: skip
        make_plan(asked)


def test_calibration_on_pictures_that_are_tested_is_flagged():
    """Nobody else saw them, so that training shares none: the flag is of calibration alone."""
    asked = study(aligner(), sizes=(6, 4))
    stimulus = asked.trials.rows["subject"] + np.array([str(i % 12) for i in range(48)], object)
    rows = asked.trials.rows.with_column("stimulus", stimulus)
    for access, said in ((TargetAccess(), False), (TargetAccess(calibration=6), True)):
        question = replace(asked.question, access=access)
        folds = make_plan(replace(asked, trials=replace(asked.trials, rows=rows),
                                  question=question)).folds  # fmt: skip
        assert ["shared_stimulus" in one.flags for one in folds] == [said, said]


def test_a_kept_aligner_answers_as_it_did(tmp_path):
    asked = study(aligner(), sizes=(6,), protocol=WithinSession(n_splits=2), keep="folds")
    plan, finished, _ = run(asked, tmp_path / "r")
    assert finished.errors == {}
    store, job = Store(tmp_path / "r"), plan.jobs[0]
    kept = open_model(store, job.key)
    test = asked.inputs.take(job.fold.index("test"))
    handed = Trials(Rows(test.rows.table[["subject"]]), test.signals)
    said = kept.stages[-1].predict(kept.apply(handed, test))
    # Of two threads sums are of another order, in single precision.
    np.testing.assert_allclose(said, store.predictions(job.key, ()).pred, rtol=1e-4, atol=1e-5)
    history = pd.read_csv(next((tmp_path / "r" / "models").glob(f"{job.key}/history.csv")))
    assert {"trials_per_second", "waiting"} <= set(history.columns)


def test_sensors_without_a_place_are_named_by_the_plan():
    asked = study(aligner(), NamedModel("mean", MeanTarget()), sizes=(6,), places=False,
                  protocol=WithinSession(n_splits=2))  # fmt: skip
    reason = make_plan(asked).refused[0].reason
    assert "6 of 6 have no position, the first 'S0-0'" in reason


def test_it_is_told_nothing_of_what_was_shown_when_it_answers(tmp_path, monkeypatch):
    columns = []
    inputs = FoldWork.first_input

    def watched(self, job):
        found = inputs(self, job)
        columns.append(tuple(found.rows.columns))
        return found

    monkeypatch.setattr(FoldWork, "first_input", watched)
    _, finished, _ = run(study(aligner()), tmp_path / "r")
    assert finished.errors == {} and set(columns) == {("subject",)}
