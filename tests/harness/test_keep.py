"""Models that are kept: the same as fitted, opened without running a stranger's code."""

import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests_harness import CONTROLS, MODELS, planted, run, study_of

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.harness.keep import open_model
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import Tune
from neurodecode.harness.store import Store
from neurodecode.models.linear.logistic import Logistic
from neurodecode.protocols.within_session import WithinSession

PIPE = NamedModel("pipe", make_pipeline(StandardScaler(), LogisticRegression()))


def kept(folder, keep, models=(*MODELS, PIPE, *CONTROLS), **question):
    study = study_of(*planted(), models=models, keep=keep, n_draws=1, **question)
    plan, finished, _ = run(study, folder)
    assert finished.errors == {}
    return study, plan, Store(folder)


def said(one, X):
    return one.stages[-1].predict_proba(one.apply(X, None))


def test_a_final_model_is_fitted_on_all_rows(tmp_path):
    study, _, store = kept(tmp_path / "r", "final")
    finals = store.index()["finals"]
    assert set(finals) == {"riemann.mdm", "riemann.tangent_space", "pipe"}  # no controls
    for model in (*MODELS, PIPE):
        found = open_model(store, finals[model.name])
        X = study.trials.X
        X = X.reshape(len(X), -1) if model is PIPE else X
        expected = clone(model.estimator).fit(X, study.y).predict_proba(X)
        np.testing.assert_array_equal(said(found, X), expected)
        assert found.model == model.name


def test_what_a_dead_writer_left_among_the_models_is_cleared_away(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = tmp_path / "r" / "models" / f".key.{gone.pid}.abc.tmp"
    mine = left.with_name(f".key.{os.getpid()}.abc.tmp")
    for folder in (left, mine):
        folder.mkdir(parents=True)
    Store(tmp_path / "r").open()
    assert not left.exists() and mine.exists()


def test_each_fold_s_model_says_what_is_stored_of_it(tmp_path):
    study, plan, store = kept(tmp_path / "r", "folds")
    X = study.trials.X
    for job in (j for j in plan.jobs if j.draw is None and j.model.role == "model"):
        test = job.fold.index("test")
        mine = X[test].reshape(len(test), -1) if job.model.name == "pipe" else X[test]
        stored = store.predictions(job.key, ("a", "b"))
        np.testing.assert_array_equal(said(open_model(store, job.key), mine), stored.scores)


def test_models_are_kept_of_jobs_that_were_done_before_and_no_prediction_changes(tmp_path):
    _, _, store = kept(tmp_path / "r", "none")
    before = {job["key"] for job in store.index()["jobs"]}
    _, plan, _ = kept(tmp_path / "r", "folds")
    assert {job.key for job in plan.jobs} == before
    assert all(store.has_model(j.key) for j in plan.jobs if j.draw is None and j.model in MODELS)
    keys = [job.key for job in plan.finals]
    done = [(store.folder / "models" / key / "done.json").stat().st_mtime_ns for key in keys]
    kept(tmp_path / "r", "folds")
    again = [(store.folder / "models" / key / "done.json").stat().st_mtime_ns for key in keys]
    assert done == again


def test_arguments_of_a_final_model_are_chosen_on_all_rows(tmp_path):
    _, _, store = kept(
        tmp_path / "r", "final", models=(NamedModel("logistic", Logistic()),),
        tune=Tune({"logistic": {"C": (1e-4, 1.0)}}, n_splits=3, metric="accuracy"),
        protocol=WithinSession(n_splits=3),
    )  # fmt: skip
    found = open_model(store, store.index()["finals"]["logistic"])
    assert found.stages[0].C in (1e-4, 1.0)


class Strange(LogisticRegression):
    """A class of no known library."""


def test_a_class_from_outside_is_opened_only_where_it_is_trusted(tmp_path):
    _, _, store = kept(tmp_path / "r", "final", models=(NamedModel("strange", Strange()),))
    key = store.index()["finals"]["strange"]
    with pytest.raises(ConfigError, match=r"Strange, which is code from outside.*--allow-code"):
        open_model(store, key)
    assert open_model(store, key, allow_code=True).model == "strange"


def test_what_was_not_kept_or_is_damaged_is_said(tmp_path):
    _, plan, store = kept(tmp_path / "r", "final")
    with pytest.raises(ConfigError, match="--set keep=final"):
        open_model(store, plan.jobs[0].key)
    key = plan.finals[0].key
    (store.folder / "models" / key / "stages.skops").write_bytes(b"not a zip")
    with pytest.raises(DataError, match=r"damaged.*fitted anew"):
        open_model(store, key)


def test_a_model_that_cannot_be_stored_fails_alone(tmp_path):
    from sklearn.preprocessing import FunctionTransformer

    odd = make_pipeline(FunctionTransformer(lambda X: X.reshape(len(X), -1)), LogisticRegression())
    models = (NamedModel("odd", odd), *MODELS)
    study = study_of(*planted(), models=models, keep="final", n_draws=0)
    _, finished, rows = run(study, tmp_path / "r")
    assert len(finished.errors) == 1 and "cannot be stored" in next(iter(finished.errors.values()))
    assert all(row.note == "" for row in rows)
    plan = make_plan(study)
    assert [Store(tmp_path / "r").has_model(job.key) for job in plan.finals] == [False, True, True]
