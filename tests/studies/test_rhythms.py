"""Tasks of unequal length with rest between: as they are, in bands, and in windows that slide."""

from pathlib import Path

import planted
import pytest
from whole_harness import pass_through

HERE = Path(__file__).parent


@pytest.fixture
def data(tmp_path):
    planted.rhythms(tmp_path / "data" / "rhythms")
    return "--data", str(tmp_path / "data")


def test_windows_of_unequal_length(data, tmp_path):
    passed = pass_through(HERE / "unequal_lengths.yaml", tmp_path / "out", *data)
    print(passed.results.text())
    told = passed.row("covariance + tangent_space + linear.logistic")
    assert told["mean"] > 0.8
    durations = passed.results.trials()["duration"]
    assert durations.nunique() > 50  # of 64 tasks
    # A rhythm has no mean: the other way to one length tells nothing here.
    assert 0.3 < passed.row("mean_over_time + linear.lda")["mean"] < 0.7


def test_several_bands(data, tmp_path):
    passed = pass_through(HERE / "several_bands.yaml", tmp_path / "out", *data)
    print(passed.results.text())
    assert passed.row("stack_bands + covariance + tangent_space + linear.logistic")["mean"] > 0.8


def test_windows_that_slide_through_tasks_and_rest(data, tmp_path):
    passed = pass_through(HERE / "idle_between.yaml", tmp_path / "out", *data)
    print(passed.results.text())
    found = passed.row("stack_bands + covariance + tangent_space + linear.logistic")
    assert found["chance"] == pytest.approx(1 / 3)
    assert found["mean"] > 0.5
    said = passed.results.predictions()
    assert set(said["label"]) == {"idle", "left", "right"}
