"""Continuous EEG to a continuous envelope, in windows that slide through the recordings."""

from pathlib import Path

import numpy as np
import pandas as pd
import planted
import pytest
from whole_harness import pass_through, typed

import neurodecode as nd
from neurodecode.cli import main

HERE = Path(__file__).parent


@pytest.fixture
def data(tmp_path):
    planted.listening(tmp_path / "data" / "listening")
    return "--data", str(tmp_path / "data")


def test_an_envelope_is_told_from_eeg(data, tmp_path):
    passed = pass_through(HERE / "listening.yaml", tmp_path / "out", *data)
    assert passed.row("linear.lagged_ridge")["mean"] > 0.5
    assert abs(passed.row("baseline.mean_target")["mean"]) < 0.1
    # Half of each window is the next one's: the one that reaches into the tested stretch is gone.
    assert {fold["purged"] for fold in passed.plan["folds"]} == {1}
    said = passed.results.predictions("linear.lagged_ridge")
    predicted = np.stack(said["pred"].to_list())
    assert predicted.shape[1:] == (1, 5 * 64)
    store = passed.results.store
    rows = store.rows()
    true = store.truth(rows)[pd.Index(rows["uid"]).get_indexer(said["uid"])]
    each = [np.corrcoef(a[0], b[0])[0, 1] for a, b in zip(true, predicted, strict=True)]
    by_fold = pd.Series(each).groupby([said["subject"], said["fold"]]).mean()
    expected = by_fold.groupby(level=0).mean().mean()
    assert passed.row("linear.lagged_ridge")["mean"] == pytest.approx(expected)


def test_no_envelope_is_told_where_none_is_followed(tmp_path):
    planted.listening(tmp_path / "data" / "listening", effect=0.0)
    typed("run", str(HERE / "listening.yaml"), "--data", str(tmp_path / "data"), "--engine",
          "inline", "--out", str(tmp_path / "out"))  # fmt: skip
    rows = nd.load_results(tmp_path / "out" / "listening").rows()
    # 88 windows of some 40 independent samples each: s.d. of the mean near 1 / sqrt(88 * 40).
    assert abs(rows[0].mean) < 4 / np.sqrt(88 * 40)


def test_a_track_that_is_not_there_is_named_with_those_that_are(data, tmp_path, capsys):
    wrong = ["--set", "target={series: envelop}", "--out", str(tmp_path)]
    assert main(["plan", str(HERE / "listening.yaml"), *data, *wrong]) == 2
    assert "has no track or table 'envelop'; there are: envelope" in capsys.readouterr().err


def test_a_model_of_labels_is_refused_in_words(data, tmp_path, capsys):
    added = ["--model", "riemann.mdm", "--out", str(tmp_path)]
    assert main(["plan", str(HERE / "listening.yaml"), *data, *added]) == 0
    assert "riemann.mdm: it learns label, and the target is a series" in capsys.readouterr().out
