"""Tasks of unequal length with rest between: as they are, in bands, and in windows that slide."""

from pathlib import Path

import planted
import pytest
from whole_harness import pass_through

from neurodecode.cli import main

HERE = Path(__file__).parent
BANDS = "stack_bands + covariance + tangent_space + linear.logistic"


@pytest.fixture
def data(tmp_path):
    planted.rhythms(tmp_path / "data" / "rhythms")
    return "--data", str(tmp_path / "data")


@pytest.mark.slow
def test_windows_of_unequal_length(data, tmp_path):
    passed = pass_through(HERE / "unequal_lengths.yaml", tmp_path / "out", *data)
    told = passed.row("covariance + tangent_space + linear.logistic")
    assert 0.8 < told["mean"] < 1
    durations = passed.results.trials()["duration"]
    assert durations.nunique() > 50  # of 64 tasks
    # A rhythm has no mean: the other way to one length tells nothing here.
    assert 0.3 < passed.row("mean_over_time + linear.lda")["mean"] < 0.7


@pytest.mark.slow
def test_several_bands(data, tmp_path):
    passed = pass_through(HERE / "several_bands.yaml", tmp_path / "out", *data)
    assert 0.8 < passed.row(BANDS)["mean"] < 1


@pytest.mark.slow
def test_windows_that_slide_through_tasks_and_rest(data, tmp_path):
    passed = pass_through(HERE / "idle_between.yaml", tmp_path / "out", *data)
    found = passed.row(BANDS)
    assert found["chance"] == pytest.approx(1 / 3)
    assert found["mean"] > 0.45
    said = passed.results.predictions()
    assert set(said["label"]) == {"idle", "left", "right"}


def test_a_model_of_one_length_is_refused_in_words(data, tmp_path, capsys):
    added = ["--model", "linear.lda", "--out", str(tmp_path)]
    assert main(["plan", str(HERE / "unequal_lengths.yaml"), *data, *added]) == 0
    said = capsys.readouterr().out
    assert "not run: linear.lda: fold" in said
    assert "Give windows one length" in said
