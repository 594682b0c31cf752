"""The helper that carries the ten studies, on a study of the ordinary shape."""

from pathlib import Path

import pytest
import whole_harness
from whole_harness import pass_through, typed

HERE = Path(__file__).parent


def test_an_ordinary_study_passes(tmp_path):
    passed = pass_through(HERE / "two_classes.yaml", tmp_path / "out")
    assert passed.row("riemann.mdm")["n_units"] == 1
    assert passed.results.name == "two_classes"


@pytest.mark.slow
def test_a_resumed_run_that_does_other_jobs_is_seen(tmp_path, monkeypatch):
    def runs_otherwise(*arguments: str) -> str:
        other = arguments[0] == "run" and "killed" in arguments[-1]
        return typed(*arguments, *(["--set", "prepare=[]"] if other else []))

    monkeypatch.setattr(whole_harness, "typed", runs_otherwise)
    with pytest.raises(AssertionError, match="are not done after resuming"):
        pass_through(HERE / "two_classes.yaml", tmp_path / "out")


def test_a_command_that_ends_ill_is_told_with_what_it_said():
    with pytest.raises(AssertionError, match="no experiment file"):
        typed("plan", "nowhere.yaml")
