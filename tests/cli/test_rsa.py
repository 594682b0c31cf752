"""Experiments with ``rsa`` on the command line: shown, planned, run, printed, reported, resumed."""

import json
from pathlib import Path

import pytest
import yaml

from neurodecode.cli import main
from neurodecode.report.results import Results

ASKED = """\
title: Regions beside what was shown
data: {card: objects81, task: alexnet, simulate: small}
rsa:
  conditions: stimulus
  comparison: [corr]
  resample: [conditions]
  n_permutations: 30
  n_bootstraps: 20
models:
  alexnet: {features: alexnet}
  word2vec: {features: word2vec, distance: euclidean}
  both: {weighted: {alexnet: {features: alexnet}, word2vec: {features: word2vec}}}
  best: {selected: {alexnet: {features: alexnet}, word2vec: {features: word2vec}}}
"""
FOLDER = Path("results/ask_simulated")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    Path("ask.yaml").write_text(ASKED)


def said(capsys, *words):
    assert main(list(words)) == 0
    return capsys.readouterr().out


def test_it_is_planned_run_printed_reported_and_run_again(capsys):
    plan = json.loads(said(capsys, "plan", "ask.yaml", "--json"))
    assert [(job["conditions"], job["state"]) for job in plan["jobs"]] == [(81, "new")]
    out = said(capsys, "run", "ask.yaml")
    assert "corr" in out
    assert (FOLDER / "report.html").is_file()
    rows = json.loads(said(capsys, "table", str(FOLDER), "--format", "json"))
    assert {row["model"] for row in rows} == {"alexnet", "word2vec", "both", "best"}
    assert len(rows) == 4
    assert next(sum(row["weights"].values()) for row in rows if row["model"] == "best") == 1
    assert all("simulated" in row["flags"] for row in rows)
    assert max(row["mean"] for row in rows) > 0.1
    assert main(["compare", str(FOLDER)]) == 2
    assert "Results.differences()" in capsys.readouterr().err
    assert "done" in said(capsys, "plan", "ask.yaml")
    jobs = {path.name: path.stat().st_mtime_ns for path in (FOLDER / "jobs").iterdir()}
    said(
        capsys,
        "run",
        "ask.yaml",
        "--set",
        "rsa.comparison=[rho-a]",
        "--set",
        "rsa.geo_topological=[0, 0.8]",
    )
    assert jobs == {path.name: path.stat().st_mtime_ns for path in (FOLDER / "jobs").iterdir()}
    assert {row.metric for row in Results(FOLDER).rows()} == {"rho-a"}
    assert all("geo_topological_0_to_0.8" in row.flags for row in Results(FOLDER).rows())


def test_what_is_shown_asks_the_same(capsys):
    shown = said(capsys, "show", "ask.yaml")
    Path("again.yaml").write_text(shown)
    again = yaml.safe_load(said(capsys, "show", "again.yaml"))
    assert again == yaml.safe_load(shown)
    assert again["rsa"]["correction"] == "max"  # defaults are written out


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("comparison", "comparisn"), "rsa.comparisn: unknown key. Did you mean 'comparison'?"),
        (("[corr]", "[pearson]"), "pearson"),
        (("task: alexnet", "task: alex"), "has no task 'alex'. Did you mean 'alexnet'?"),
        (("{features: alexnet}", "{feature: alexnet}"), "unknown key. Did you mean 'features'?"),
        (("{features: alexnet}", "{}"), "expected one of features, column, data"),
        (("{features: alexnet}", "{features: vgg}"), "there are no 'vgg'"),
        (("{features: alexnet}", "{column: colour}"), "conditions have no 'colour'"),
        (("resample:", "regions: area\n  resample:"), "trials have no column 'area'"),
        (("models:", "metrics: [r]\nmodels:"), "metrics: of models that are fitted"),
        (("models:", "n_permutations: 9\nmodels:"), "Say rsa.n_permutations."),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change, sentence, capsys):
    Path("ask.yaml").write_text(ASKED.replace(*change))
    assert main(["run", "ask.yaml"]) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_no_model_is_added_to_it(capsys):
    assert main(["run", "ask.yaml", "--model", "linear.svm"]) == 2
    assert "models of an experiment with rsa are RDMs" in capsys.readouterr().err


def test_an_experiment_of_fitted_models_takes_no_rsa(capsys):
    name = "sherlock_rois_encode"
    assert main(["plan", name, "--set", "rsa.comparison=[corr]"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "--set rsa.comparison=[corr]:" in said and "has no rsa: its models are fitted" in said
    assert "unknown key" not in said
