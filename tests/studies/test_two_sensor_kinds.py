"""MEG of magnetometers and gradiometers, scaled by kind, told at each time."""

from pathlib import Path

from whole_harness import pass_through

HERE = Path(__file__).parent


def test_two_kinds_of_sensors_over_time(tmp_path):
    passed = pass_through(HERE / "two_sensor_kinds.yaml", tmp_path / "out")
    print(passed.results.text())
    course = passed.results.time_course()
    assert course["time"].nunique() == 26
    print(course.groupby("time")["score"].mean())
