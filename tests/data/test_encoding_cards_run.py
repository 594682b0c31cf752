"""Shipped encoding experiments from small files in the layouts of their cards to a table."""

from typing import Any

import numpy as np
import pytest
import yaml
from encoding_layouts import write_allen, write_brain_treebank

from neurodecode.cli import main
from neurodecode.harness.experiment import find_experiment
from neurodecode.report.results import Results


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a shipped experiment on files below ``data/CARD``, some of it asked otherwise."""
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def ran(name, **otherwise):
        asked: Any = yaml.safe_load(find_experiment(name).read_text(encoding="utf-8"))
        path = tmp_path / "asked.yaml"
        path.write_text(yaml.safe_dump({**asked, "shuffled": {"n_draws": 0}, **otherwise}))
        assert main(["run", str(path), "--data", str(tmp_path / "data"), "--engine", "inline"]) == 0
        return Results(tmp_path / "results/asked")

    return ran


def test_a_contact_that_follows_loudness_is_told_and_has_its_region(tmp_path, run):
    start = 0.3 + 1.1 * np.arange(160)
    write_brain_treebank(tmp_path / "data/brain_treebank", n_seconds=178, start=start)
    protocol = {"shared_stimuli": {"n_splits": 3, "held_out": "concept"}}
    results = run("brain_treebank_encode", protocol=protocol)
    targets = results.targets("r", "scale + encode.ridge")
    # Only these two have both neighbours on their shaft.
    assert set(targets["name"]) == {"LA2", "LA3"}
    assert set(targets["region"]) == {"ctx-lh-superiortemporal"}
    answers = targets[(targets["time"] > 0.15) & (targets["time"] < 0.25)]
    best = answers.groupby("name")["score"].max()
    assert best["LA2"] > 0.9, "windows of 200 ms of a step, in noise of 1/20 of its size"
    first = targets[targets["time"] == targets["time"].min()]
    assert first["score"].abs().max() < 0.3, "before the word; .08 is what chance varies by"


def test_a_cell_that_answers_brightness_is_told(tmp_path, run):
    write_allen(tmp_path / "data/allen_observatory", n_scenes=8, n_showings=9)
    asked = {
        "protocol": {"shared_stimuli": {"n_splits": 4}},
        "features": {"p": {"pixels": {"size": 2}}},
    }
    results = run("allen_observatory_encode", **asked)
    targets = results.targets("r", "scale + encode.ridge").set_index("name")
    print(targets)
    assert set(targets["region"]) == {"VISp"}
