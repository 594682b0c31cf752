"""A vector a picture, told from EEG, and the picture found among those held out."""

from pathlib import Path

import planted
import pytest
from whole_harness import pass_through, typed

import neurodecode as nd

HERE = Path(__file__).parent
MODEL = "scale + linear.ridge"


@pytest.fixture
def data(tmp_path):
    planted.seen_pictures(tmp_path / "data" / "seen_pictures")
    return "--data", str(tmp_path / "data")


def test_pictures_that_were_held_out_are_found(data, tmp_path):
    passed = pass_through(HERE / "which_picture.yaml", tmp_path / "out", *data)
    said = passed.results.predictions(MODEL)
    assert said["stimulus"].nunique() == 12
    assert passed.row(MODEL, "top_1")["chance"] == pytest.approx(1 / 12)
    assert passed.row(MODEL, "top_5")["chance"] == pytest.approx(5 / 12)
    assert passed.row(MODEL, "median_rank")["chance"] == pytest.approx(6.5)
    assert 0.3 < passed.row(MODEL, "top_1")["mean"] < 1
    assert passed.row(MODEL, "top_5")["mean"] > passed.row(MODEL, "top_1")["mean"]
    # All pictures are as like the mean of training as each other is: by mid-rank that is chance.
    for metric in ("top_1", "top_5", "median_rank", "two_way"):
        row = passed.row("baseline.mean_target", metric)
        assert row["mean"] == pytest.approx(row["chance"])


def test_pictures_on_both_sides_are_flagged(data, tmp_path):
    files = ("--engine", "inline", "--out", str(tmp_path))
    typed(
        "run", str(HERE / "which_picture.yaml"), *data, *files, "--set", "protocol={cross_run: {}}"
    )
    rows = nd.load_results(tmp_path / "which_picture").rows()
    assert "shared_stimulus" in rows[0].flags
