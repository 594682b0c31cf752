"""What goes on learning says of a stream what the stored predictions of its fold say."""

import io
import json
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neurodecode.cli import main
from neurodecode.core.files import shipped_folder
from neurodecode.report.results import Results

FILE = shipped_folder("datasets") / "samples" / "eegbci" / "S002R12.edf"
CLASSES = ("rest", "left", "right")
EXPERIMENT = """
data: {card: eegbci, task: left_right, subjects: ["002"], runs: ["08", "12"]}
prepare:
  - pick: {channels: [FC3, C3, Cz, C4, CP4, FC4]}
  - filter: {l_freq: 8, h_freq: 30, method: iir, phase: causal}
windows: {length: 1.0, hop: 2.0, otherwise: rest}
target: {label: label, classes: [rest, left, right]}
protocol: {pseudo_online: {mode: runs, train: ["08"], test: ["12"]}}
target_access: {updates: %s}
models:
  - [covariance, recentre: {recursive: true}, riemann.adaptive_mdm: {rate: 0.1, estimator: given}]
  - [euclidean_alignment: {recursive: true}, riemann.mdm]
decide: {average: 2, dwell: 2}
controls: []
shuffled: {n_draws: 0}
keep: folds
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NEURODECODE_DATA", raising=False)


def said(*arguments):
    with redirect_stdout(io.StringIO()) as out:
        assert main([*map(str, arguments)]) == 0
    return out.getvalue()


def ran(updates):
    Path("own.yaml").write_text(EXPERIMENT % updates)
    said("run", "own.yaml", "--engine", "inline")
    return Results(Path("results/own"))


def streamed(model):
    fold = json.loads(Path("results/own/jobs.json").read_text())["folds"][0]["name"]
    out = said(
        "stream",
        "results/own",
        "--json",
        "--replay",
        FILE,
        "--chunk",
        1,
        "--model",
        model,
        "--fold",
        fold,
    )
    return pd.DataFrame([json.loads(line) for line in out.splitlines()[:-1]])


def test_a_stream_is_what_was_stored():
    results = ran("unlabelled")
    for row in results.rows():
        assert "updates unlabelled" in row.flags
        stored = results.predictions(row.model).sort_values("start")
        table = streamed(row.model)
        assert table["label"].tolist() == stored["pred"].tolist()
        scores = pd.DataFrame(table["scores"].tolist())[list(CLASSES)].to_numpy()
        expected = stored[[f"score_{one}" for one in CLASSES]]
        np.testing.assert_allclose(scores, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_of_a_stream_without_labels_what_does_not_wait_for_them_is_learnt(capsys):
    results = ran("delayed_labels")
    assert ["updates unlabelled" in row.flags for row in results.rows()] == [False, True]
    model = results.rows()[1].model
    stored = results.predictions(model).sort_values("start")
    assert streamed(model)["label"].tolist() == stored["pred"].tolist()
    capsys.readouterr()
    said("predict", "results/own", FILE, "--model", model)  # of trials, not of a stream in time
    assert "answers as it was fitted" in capsys.readouterr().err
