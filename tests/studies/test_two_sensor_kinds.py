"""MEG of magnetometers and gradiometers, scaled by kind, told at each time."""

from pathlib import Path

import pytest
from whole_harness import pass_through, typed

import neurodecode as nd

HERE = Path(__file__).parent
MODEL = "scale + linear.time_resolved"


@pytest.mark.slow
def test_two_kinds_of_sensors_over_time(tmp_path):
    passed = pass_through(HERE / "two_sensor_kinds.yaml", tmp_path / "out")
    assert passed.results.index["spaces"]["meg"][0]["types"].count("mag") == 10
    assert passed.results.index["spaces"]["meg"][0]["types"].count("grad") == 20
    course = passed.results.time_course().groupby("time")["score"].mean()
    assert len(course) == 26
    # The first waves of a tone come between 60 and 120 ms, and none before it.
    assert course[(course.index > 0.06) & (course.index < 0.13)].max() > 0.75
    assert course[course.index < 0].mean() < 0.6
    assert {"simulated"} <= set(passed.row(MODEL)["flags"])


def test_without_scaling_magnetometers_are_not_heard(tmp_path):
    """A ridge on both kinds as they are is one on gradiometers, in whose unit all is larger."""
    files = ("--engine", "inline", "--out", str(tmp_path))
    as_they_are = "models=[linear.time_resolved: {estimator: sklearn.linear_model.RidgeClassifier}]"
    typed("run", str(HERE / "two_sensor_kinds.yaml"), *files, "--set", as_they_are)
    rows = nd.load_results(tmp_path / "two_sensor_kinds").rows()
    # In T and T/m no sensor is large beside a penalty of 1: ridge answers the mean alone.
    assert rows[0].mean < 0.6
