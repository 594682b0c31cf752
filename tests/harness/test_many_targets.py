"""Vectors to be told stay where features are kept, and change no result by it."""

import gc
import json
import pickle
import subprocess
import sys
import tracemalloc
from pathlib import Path

import many_targets
import numpy as np
import pytest
from many_targets import study_of, table
from sklearn.linear_model import Ridge as PlainRidge
from tests_harness import run

from neurodecode.core.entries import Entries
from neurodecode.harness.index import write_study
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.store import Store
from neurodecode.models.align.ridge import Ridge

N_STIMULI, N_TARGETS = 60, 5_000


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    return table(tmp_path_factory.mktemp("features"), N_STIMULI, N_TARGETS)


def test_planning_and_writing_the_truth_hold_a_fraction_of_it(features, tmp_path):
    small = study_of(np.eye(20, 30))
    write_study(make_plan(small), Store(tmp_path / "warm").open(), "warm", {}, "inline")
    study = study_of(features, n_repeats=10)
    whole = 8 * 10 * N_STIMULI * N_TARGETS  # in float64: 24 MB
    gc.collect()
    tracemalloc.start()
    plan = make_plan(study)
    write_study(plan, Store(tmp_path / "r").open(), "r", {}, "inline")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(study.y, Entries)
    assert peak < whole / 2
    written = np.load(tmp_path / "r" / "truth" / "vectors.npy")
    assert written.dtype == np.float16
    np.testing.assert_array_equal(np.sort(written[:, 0]), np.sort(np.load(features)[:, 0]))


def test_a_fold_hands_ridge_columns_and_others_an_array_of_the_training_rows(features, tmp_path):
    told = []

    class Listening(PlainRidge):
        def fit(self, X, y):
            told.append(y)
            return super().fit(X, y)

    models = NamedModel("align.ridge", Ridge()), NamedModel("plain", Listening())
    study = study_of(features, models=models, n_draws=0)
    plan, finished, _ = run(study, tmp_path / "r")
    assert not finished.errors
    values = np.load(features).astype(np.float64)
    for planned, y in zip(plan.folds, told, strict=True):
        assert type(y) is np.ndarray and y.dtype == np.float64
        np.testing.assert_array_equal(y, np.asarray(study.y)[planned.fold.index("train")])
        assert len(y) == N_STIMULI - N_STIMULI // 3
    assert {one.tobytes() for one in np.asarray(study.y)} == {one.tobytes() for one in values}


def test_results_are_those_of_an_array_in_memory(features, tmp_path):
    stored, held = (
        run(study_of(one, n_repeats=2), tmp_path / name)
        for name, one in (("file", features), ("array", np.load(features).astype(np.float64)))
    )
    for one, other in zip(stored[2], held[2], strict=True):
        assert (one.model, one.metric, one.flags) == (other.model, other.metric, other.flags)
        assert one.mean == pytest.approx(other.mean, abs=1e-12)
        assert one.shuffled_mean == pytest.approx(other.shuffled_mean, abs=1e-12, nan_ok=True)
    ridge = next(row for row in stored[2] if row.model == "align.ridge")
    assert ridge.mean > 0.9
    stores = [Store(tmp_path / name) for name in ("file", "array")]
    for jobs in zip(*(one.index()["jobs"] for one in stores), strict=True):
        said = [one.predictions(job["key"], ()) for one, job in zip(stores, jobs, strict=True)]
        scale = np.abs(said[1].pred).max()
        np.testing.assert_allclose(said[0].pred, said[1].pred, rtol=0, atol=1e-6 * scale)


def test_a_ridge_that_is_kept_holds_its_targets(features):
    y = Entries.of([features])
    X = np.random.default_rng(0).standard_normal((N_STIMULI, 900)).astype(np.float32)
    model = Ridge(repeats="none").fit(X, y)
    assert isinstance(model.targets_, Entries)
    again = pickle.loads(pickle.dumps(model))
    assert type(again.targets_) is np.ndarray and again.targets_.dtype == np.float16
    np.testing.assert_array_equal(again.predict(X[:5]), model.predict(X[:5]))
    of_array = Ridge(repeats="none").fit(X, np.load(features))
    np.testing.assert_array_equal(of_array.predict(X[:5]), model.predict(X[:5]))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells the peak")
def test_an_experiment_on_tokens_takes_less_than_their_array(tmp_path, capsys):
    """2,000 pictures of 64 tokens of 256 numbers, in float64 262 MB, from plan to table.

    Twenty folds: what is scored together are 100 pictures, 13 MB in float64, of which places among
    them make some eight copies; those and blocks of targets are what is held.
    """
    n_stimuli, n_targets = 2000, 64 * 256
    table(tmp_path, n_stimuli, n_targets)
    asked = [many_targets.__file__, str(tmp_path), str(n_stimuli), str(n_targets)]
    done = subprocess.run(
        [sys.executable, *asked], capture_output=True, text=True, check=False, cwd=Path.cwd()
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert not told["errors"]
    assert told["scores"]["align.ridge two_way"] > 0.9
    whole = 8 * n_stimuli * n_targets
    with capsys.disabled():
        print(f"\n{told['taken'] / 1e6:.0f} MB, and one array of all would be {whole / 1e6:.0f}")
    assert told["taken"] < whole
