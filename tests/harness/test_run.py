import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests_harness import exactly, planted, run, study_of

from neurodecode.core.errors import ConfigError, DataError, LeakError
from neurodecode.core.needs import Needs
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.store import INDEX_FORMAT, Store
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.models.riemann.tangent_space import TangentSpace
from neurodecode.protocols.within_session import WithinSession
from neurodecode.steps.covariance import Covariance


def test_the_planted_effect_is_found_and_the_nulls_are_at_chance(study, tmp_path):
    _, finished, rows = run(study, tmp_path / "r")
    table = {row.model: row for row in rows}
    assert finished.n_failed == 0
    # 72 trials: three standard errors of a guesser are 3 * sqrt(.25 / 72) = .18.
    assert table["riemann.tangent_space"].mean > 0.5 + 0.18
    assert abs(table["riemann.tangent_space"].shuffled_mean - 0.5) < 0.18
    assert table["baseline.prior"].mean == 0.5
    assert table["riemann.mdm"].n_units == 3
    assert table["riemann.mdm"].n_trials == 72


def test_predictions_equal_those_of_plain_scikit_learn(study, tmp_path):
    plan, _, _ = run(study, tmp_path / "r")
    y = study.y
    for job in plan.jobs:
        if job.draw is not None or job.model.role == "control":
            continue
        train, test = job.fold.index("train"), job.fold.index("test")
        alone = {"riemann.mdm": Mdm(), "riemann.tangent_space": TangentSpace()}[job.model.name]
        alone.fit(study.trials.take(train).X, y[train])
        stored = Store(tmp_path / "r").predictions(job.key, ("a", "b"))
        np.testing.assert_array_equal(stored.pred, alone.predict(study.trials.take(test).X))
        np.testing.assert_array_equal(stored.scores, alone.predict_proba(study.trials.take(test).X))


def test_engines_give_the_same_table_bit_for_bit(study, tmp_path):
    tables = [
        run(study, tmp_path / name, engine=engine, n_jobs=n_jobs)[2]
        for name, engine, n_jobs in [("a", "inline", 1), ("b", "joblib", 1), ("c", "joblib", 2)]
    ]
    assert exactly(tables[0]) == exactly(tables[1]) == exactly(tables[2])


def test_a_second_run_computes_nothing(study, tmp_path):
    first = run(study, tmp_path / "r")
    second = run(study, tmp_path / "r")
    assert second[1].n_found == second[1].n_jobs == first[1].n_jobs
    assert exactly(second[2]) == exactly(first[2])


KILLED = """
import sys, time
sys.path[:0] = [{here!r}]
from tests_harness import planted, study_of, run
from neurodecode.harness.store import INDEX_FORMAT, Store
inner = Store.save_job
def slow(*arguments, **named):
    inner(*arguments, **named)
    print("saved", flush=True)
    time.sleep(0.05)
Store.save_job = slow
run(study_of(*planted()), {folder!r})
"""


def test_a_killed_run_goes_on_to_the_same_table(study, tmp_path):
    code = KILLED.format(here=str(Path(__file__).parent), folder=str(tmp_path / "r"))
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    for _ in range(7):
        assert child.stdout.readline() == "saved\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    _, finished, rows = run(study, tmp_path / "r")
    assert 7 <= finished.n_found < finished.n_jobs
    assert exactly(rows) == exactly(run(study, tmp_path / "whole")[2])
    assert not list((tmp_path / "r" / "jobs").glob(".*.tmp"))


def test_workers_end_with_their_parent_and_write_nothing_after(tmp_path):
    code = KILLED.format(here=str(Path(__file__).parent), folder=str(tmp_path / "r")).replace(
        "run(study_of(*planted()), ", "run(study_of(*planted()), engine='joblib', n_jobs=2, folder="
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
    jobs = tmp_path / "r" / "jobs"
    while not (jobs.is_dir() and any(jobs.glob("*/done.json"))):
        assert child.poll() is None
        time.sleep(0.02)  # until the first job of the other process is stored
    children = subprocess.check_output(
        ["ps", "-o", "pid=", "--ppid", str(child.pid)], text=True
    ).split()
    child.send_signal(signal.SIGKILL)
    child.wait()
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in children):
        assert time.monotonic() < deadline, "a worker outlived its parent by 5 s"
        time.sleep(0.05)  # until they are gone
    stored = sorted(jobs.iterdir())
    time.sleep(0.3)  # long enough for six more jobs of a worker that had lived on
    assert sorted(jobs.iterdir()) == stored


class Failing(ClassifierMixin, BaseEstimator):
    needs = Needs()
    version = 1

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        raise RuntimeError("no luck")


def test_a_job_that_fails_is_a_row_and_the_others_finish(asked, tmp_path):
    study = asked(models=(NamedModel("bad", Failing()), NamedModel("good", Mdm())), n_draws=0)
    _, finished, rows = run(study, tmp_path / "r")
    table = {row.model: row for row in rows}
    assert finished.n_failed == 6
    assert table["bad"].note == "failed: RuntimeError: no luck"
    assert table["good"].mean > 0.5
    again = run(study, tmp_path / "r")[1]
    assert again.n_found == 6


class Peeking(ClassifierMixin, BaseEstimator):
    """Looks for the truth of the test rows in all that it is handed."""

    def __init__(self, columns=(), signals=0):
        self.columns = columns
        self.signals = signals

    version = 1

    @property
    def needs(self):
        return Needs(trials=True, signals=self.signals, columns=self.columns)

    def fit(self, trials, y):
        self.classes_ = np.unique(y)
        self.seen_ = trials
        return self

    def predict(self, trials):
        truth = np.array(["a", "b"])
        for found in walk([self.seen_, trials]):
            values = np.asarray(found)
            if values.dtype.kind in "OUS" and np.isin(values.astype(str), truth).any():
                raise AssertionError("the truth was within reach")
            if values.shape == (len(trials),) and values.dtype.kind in "iu" and np.ptp(values) == 1:
                raise AssertionError("codes were within reach")
        return np.zeros(len(trials), dtype=int)


def walk(found):
    """All arrays, tables and text that can be reached from an object."""
    seen, queue = set(), list(found)
    while queue:
        one = queue.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray | str):
            yield one
        elif isinstance(one, pd.DataFrame):
            queue += [one[c].to_numpy() for c in one.columns] + [one.index.to_numpy()]
        elif isinstance(one, dict):
            queue += list(one.values())
        elif isinstance(one, list | tuple):
            queue += list(one)
        elif hasattr(one, "__dict__"):
            queue += list(vars(one).values())


@pytest.mark.parametrize("signals", [0, 1])
def test_a_model_that_looks_for_the_truth_finds_nothing(asked, tmp_path, signals):
    peeking = NamedModel("peeking", Peeking(("onset", "position"), signals))
    _, finished, rows = run(asked(models=(peeking,), n_draws=0), tmp_path / "r")
    assert finished.errors == {}
    assert rows[0].mean == 0.5


def test_the_peeking_model_would_find_what_is_there():
    with pytest.raises(AssertionError, match="within reach"):
        peeking = Peeking()
        peeking.seen_ = {"y": np.array(["a", "b"], dtype=object)}
        peeking.predict([0, 1])


@pytest.mark.parametrize("column", ["label", "previous"])
def test_a_model_that_asks_for_the_truth_is_refused(asked, tmp_path, column):
    study = asked(
        models=(NamedModel("asking", Peeking((column,))), NamedModel("good", Mdm())), n_draws=0
    )
    plan, _, rows = run(study, tmp_path / "r")
    assert plan.refused[0].model == "asking"
    assert {row.model: row for row in rows}["asking"].note.startswith("not run: it asks to see")


def test_when_no_model_can_be_run_the_reasons_are_the_error(asked):
    with pytest.raises(ConfigError, match="asking cannot be run: it asks to see 'label'"):
        make_plan(asked(models=(NamedModel("asking", Peeking(("label",))),)))


def test_rank_deficient_covariances_are_named_before_the_first_fit():
    arrays, labels, rows = planted()
    arrays["2"] -= arrays["2"].mean(axis=1, keepdims=True)
    plain, shrinking = NamedModel("scm", Mdm(estimator="scm")), NamedModel("oas", Mdm())
    with pytest.raises(ConfigError, match=r"sub-2_.*rank 7 for 8 channels"):
        make_plan(study_of(arrays, labels, rows, models=(plain,)))
    assert not make_plan(study_of(arrays, labels, rows, models=(shrinking,))).refused
    both = make_plan(study_of(arrays, labels, rows, models=(plain, shrinking)))
    assert [one.model for one in both.refused] == ["scm"]
    assert "(condition number above 1e+15)" in both.refused[0].reason
    assert "Use regularize: auto" in both.refused[0].reason
    remedied = NamedModel("auto", Mdm(estimator="scm", regularize="auto"))
    assert not make_plan(study_of(arrays, labels, rows, models=(remedied,))).refused


def test_a_step_that_gives_what_the_next_cannot_take_is_named_before_the_first_fit(asked):
    bare = NamedModel("bare", make_pipeline(Covariance(), LogisticRegression()))
    (refused,) = make_plan(asked(models=(bare, NamedModel("good", Mdm())))).refused
    assert refused.model == "bare" and "Covariance gives channel × channel" in refused.reason


def test_one_class_in_a_training_fold_is_an_error(tmp_path):
    arrays, labels, rows = planted(subjects=("1",))
    labels["1"][rows["run"] == "1"] = "a"
    with pytest.raises(DataError, match="too few training trials of a class"):
        make_plan(study_of(arrays, labels, rows))


class Lying(WithinSession):
    @property
    def apart(self):
        return ("subject", "session", "run")


def test_a_protocol_that_lies_is_refused(asked):
    with pytest.raises(LeakError, match="run"):
        make_plan(asked(protocol=Lying(n_splits=3)))


def test_flattened_inputs_are_said(asked):
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    plan = make_plan(asked(models=(NamedModel("plain", pipeline),)))
    assert plan.notes == ("plain takes rows of numbers: trials of channel × time are flattened.",)


def test_nothing_is_written_where_nothing_can_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="results cannot be written there"):
        Store(tmp_path / "file" / "r").open()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_results_of_another_version_are_told_and_made_again(study, tmp_path):
    run(study, tmp_path / "r")
    path = tmp_path / "r" / "jobs.json"
    path.write_text(path.read_text().replace(f'"format": {INDEX_FORMAT}', '"format": 1'))
    with pytest.raises(ConfigError, match="written by another version"):
        Store(tmp_path / "r").index()
    _, finished, _ = run(study, tmp_path / "r")
    assert finished.n_found == finished.n_jobs
