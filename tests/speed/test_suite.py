"""Four Riemannian pipelines over five folds, by the harness and by scikit-learn with pyriemann."""

import time
from statistics import median

import numpy as np
import pandas as pd
import pyriemann
from pyriemann.classification import MDM, FgMDM
from pyriemann.estimation import Covariances
from pyriemann.tangentspace import TangentSpace
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from neurodecode.core.config import Call
from neurodecode.core.names import build
from neurodecode.core.target import Target
from neurodecode.harness.index import write_index, write_study
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import Question
from neurodecode.harness.run import execute
from neurodecode.harness.store import Store
from neurodecode.harness.study import Study
from neurodecode.protocols.cross_run import CrossRun
from neurodecode.report.arrays import as_trials, previous_labels

N_REPEATS, N_RUNS = 5, 5
RATIO = 4.0  # of the times, and more
SHAPE = (288, 22, 1001)  # one session of BNCI2014-001

# Name in the table: our call, and the same in scikit-learn.
PIPELINES = {
    "TS+LR": (
        Call("riemann.tangent_space"),
        lambda: make_pipeline(
            Covariances("oas"), TangentSpace(), LogisticRegression(max_iter=1000)
        ),
    ),
    "TS+SVM": (
        Call("riemann.tangent_space", {"head": "svm"}),
        lambda: make_pipeline(Covariances("oas"), TangentSpace(), SVC(kernel="linear")),
    ),
    "MDM": (Call("riemann.mdm"), lambda: make_pipeline(Covariances("oas"), MDM())),
    "FgMDM": (Call("riemann.fgmdm"), lambda: make_pipeline(Covariances("oas"), FgMDM())),
}


def imagery():
    """Trials of sources whose power depends on the class, through one mixing; labels; runs."""
    n_trials, n_channels, _ = SHAPE
    rng = np.random.default_rng(0)
    y = np.tile([0, 1], n_trials // 2)
    power = np.ones((n_trials, n_channels, 1))
    power[y == 0, :3], power[y == 1, 3:6] = 1.3, 1.3
    mixing = rng.standard_normal((n_channels, n_channels))
    X = mixing @ (power * rng.standard_normal(SHAPE))
    return X, y, np.arange(n_trials) * N_RUNS // n_trials


def bare(X, y, runs):
    """Fit and predict with no harness; labels by pipeline and trial, and the seconds."""
    said = {}
    started = time.process_time()
    with threadpool_limits(1):
        for name, (_, plain) in PIPELINES.items():
            said[name] = np.full(len(y), -1)
            for train, test in LeaveOneGroupOut().split(X, y, runs):
                said[name][test] = clone(plain()).fit(X[train], y[train]).predict(X[test])
    return said, time.process_time() - started


def harness(study, folder):
    """Plan, run and store; labels by pipeline and trial, and the seconds."""
    started = time.process_time()
    store = Store(folder).open()
    plan = make_plan(study)
    write_study(plan, store, "speed", {}, "inline")
    finished = execute(plan, store)
    write_index(plan, store, "speed", finished.errors)
    seconds = time.process_time() - started
    assert finished.errors == {}
    place = {uid: i for i, uid in enumerate(study.trials.rows["uid"])}
    said = {name: np.full(len(place), -1) for name in PIPELINES}
    for job in plan.jobs:
        one = store.predictions(job.key, study.question.target.classes)
        said[job.model.name][[place[uid] for uid in one.uid]] = one.pred
    return said, seconds


def test_four_pipelines(tmp_path, monkeypatch, capsys):
    X, y, runs = imagery()
    rows = pd.DataFrame({"run": runs.astype(str)})
    trials, column = as_trials({"1": X}, {"1": y.astype(str)}, rows)
    models = tuple(NamedModel(name, build(ours, "models")) for name, (ours, _) in PIPELINES.items())
    target = Target("label", column=column, classes=("0", "1"))
    question = Question(target, CrossRun(), models, n_draws=0)
    study = Study(trials, question, previous_labels(trials.rows, column))
    theirs, ours = [], []
    for i in range(N_REPEATS + 1):  # the first warms imports and memory
        monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / f"cache{i}"))
        expected, seconds = bare(X, y, runs)
        theirs.append(seconds)
        said, seconds = harness(study, tmp_path / f"results{i}")
        ours.append(seconds)
        for name in PIPELINES:
            np.testing.assert_array_equal(said[name], expected[name], err_msg=name)
    ratio = median(theirs[1:]) / median(ours[1:])
    with capsys.disabled():
        print(
            f"\n{len(PIPELINES)} pipelines x {N_RUNS} folds, {SHAPE}: scikit-learn with pyriemann "
            f"{pyriemann.__version__} {median(theirs[1:]):.2f} s, harness {median(ours[1:]):.2f} s "
            f"(CPU time), ratio {ratio:.2f}; labels equal"
        )
    assert ratio > RATIO
