"""`nd.evaluate` with `direction="encode"`: features and responses in, scores of voxels out."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, cross_val_predict

import neurodecode as nd
from neurodecode.harness.experiment import read_experiment
from neurodecode.harness.opening import open_study
from tests.harness.tests_harness import run

FEW = {"direction": "encode", "controls": (), "n_draws": 1, "verbose": False}
N_STIMULI, N_REPEATS, N_FEATURES, N_VOXELS = 30, 2, 4, 6


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))


def pictures(seed=0, n_voxels=N_VOXELS, noise=1.0):
    """Features, responses and rows of 30 stimuli, each shown in both of two runs."""
    rng = np.random.default_rng(seed)
    shown = np.concatenate([rng.permutation(N_STIMULI) for _ in range(N_REPEATS)])
    X = np.random.default_rng(9).standard_normal((N_STIMULI, N_FEATURES))[shown]
    Y = X @ rng.standard_normal((N_FEATURES, n_voxels))
    Y += noise * rng.standard_normal(Y.shape)
    rows = pd.DataFrame(
        {
            "run": np.repeat(["1", "2"], N_STIMULI),
            "stimulus": [f"picture {i}" for i in shown],
        }
    )
    return X, Y, rows


def volumes(n_runs=3, n=60, t_r=1.5, seed=0):
    """Features and responses of runs of volumes, which follow each other."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_runs * n, 3))
    Y = X @ rng.standard_normal((3, 4)) + rng.standard_normal((n_runs * n, 4))
    runs = np.repeat([str(i) for i in range(n_runs)], n)
    return X, Y, {"run": runs, "onset": np.tile(t_r * np.arange(n), n_runs)}


def folds_of(results):
    return [fold["name"] for fold in results.index["folds"]]


def test_a_card_and_the_same_arrays_have_the_same_table_to_the_last_digit(tmp_path):
    """Scores, intervals, ceilings, nulls and p; two people of 30 and 41 voxels see a film."""
    file = tmp_path / "film.yaml"
    file.write_text("""
data: {card: simulated_encoding_fmri, task: film, simulate: small}
direction: encode
features: features
models:
  - encode.fir_ridge: {cv: runs}
  - [scale, encode.ridge: {cv: runs}]
controls: [baseline.mean_target]
metrics: [r, r2]
shuffled: {n_draws: 2}
""")
    study = open_study(read_experiment(file), None, compute=True)
    models = tuple(one for one in study.question.models if one.name != "baseline.oracle")
    study = replace(study, question=replace(study.question, models=models), sources={})
    *_, of_card = run(study, tmp_path / "card")
    own = {one: study.trials.select(subject=one) for one in ("01", "02")}
    of_arrays = nd.evaluate(
        {one: trials.array("features") for one, trials in own.items()},
        {one: trials.array("fmri") for one, trials in own.items()},
        [{"encode.fir_ridge": {"cv": "runs"}}, ["scale", {"encode.ridge": {"cv": "runs"}}]],
        rows={
            one: trials.rows.table[["run", "onset", "duration", "stimulus", "split"]]
            for one, trials in own.items()
        },
        direction="encode",
        n_draws=2,
        verbose=False,
    )
    assert len(of_card) == 3 * 2
    assert of_card[0].ceiling_by == "explainable_variance" and of_card[0].p is not None
    assert [repr(replace(row, experiment="")) for row in of_arrays.rows()] == [
        repr(replace(row, experiment="")) for row in of_card
    ]
    in_card = nd.load_results(tmp_path / "card").targets()
    in_memory = of_arrays.targets()
    assert len(in_memory) == 30 + 41
    pd.testing.assert_frame_equal(
        in_memory.drop(columns="name"), in_card[in_memory.columns].drop(columns="name")
    )
    # Trials of the card know their table and their voxels themselves.
    of_trials = nd.evaluate(
        study.trials, None, [["scale", {"encode.ridge": {"cv": "runs"}}]],
        direction="encode", controls=(), n_draws=2, verbose=False,
    )  # fmt: skip
    assert [row.mean for row in of_trials.rows()] == [of_card[1].mean, of_card[4].mean]


def test_stimuli_that_repeat_are_on_one_side_and_give_a_ceiling():
    X, Y, rows = pictures()
    results = nd.evaluate(X, Y, [Ridge()], rows=rows, **FEW)
    assert folds_of(results) == [f"1/stimuli-{i}" for i in range(5)]
    told = results.predictions()
    assert told.groupby("stimulus")["fold"].nunique().max() == 1
    voxels = results.targets()
    assert voxels["name"].tolist() == [f"voxel {i}" for i in range(N_VOXELS)]
    assert (voxels["score"] > 0.5).all()
    table = results.table()
    assert table["metric"].tolist() == ["r", "r2"]
    assert table["ceiling_by"].tolist() == ["anova_nc"] * 2
    assert results.report().is_file()


def test_ridge_of_scikit_learn_says_what_it_says_alone():
    X, Y, rows = pictures()
    results = nd.evaluate(X, Y, [Ridge()], rows={"run": rows["run"]}, metrics="r2", **FEW)
    assert folds_of(results) == ["1/1/run-1", "1/1/run-2"]
    runs = GroupKFold(2)
    said = cross_val_predict(Ridge(), X, Y, cv=runs, groups=rows["run"])
    scores = [
        1 - ((Y - said)[mine] ** 2).sum(0) / ((Y[mine] - Y[mine].mean(0)) ** 2).sum(0)
        for mine in (rows["run"] == "1", rows["run"] == "2")
    ]
    found = results.targets()["score"]
    np.testing.assert_allclose(found, np.mean(scores, axis=0), rtol=1e-9)
