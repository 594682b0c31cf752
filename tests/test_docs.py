"""What the pages say is true: their code runs, their tables are those of the tree."""

import importlib.util
import re
from dataclasses import fields, replace
from math import nan
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from neurodecode.core.nodes import dump
from neurodecode.harness.experiment import read_any, read_experiment
from neurodecode.harness.rsa.options import RsaOptions
from neurodecode.harness.rsa.spec import RsaModelSpec
from neurodecode.harness.spec import DataSpec, Experiment
from neurodecode.harness.table_row import TableRow

ROOT = Path(__file__).parent.parent
_spec = importlib.util.spec_from_file_location("tables", ROOT / "docs/tables.py")
tables = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tables)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NEURODECODE_DATA", raising=False)  # what a newcomer has
    monkeypatch.chdir(tmp_path)


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def test_the_code_of_the_readme_runs(capsys):
    names = {}
    for block in blocks("README.md", "python"):
        exec(compile(block, "README.md", "exec"), names)
    assert "riemann.tangent_space" in capsys.readouterr().out
    assert Path("out/report.html").is_file()
    assert len(names["results"].predictions()) == 2 * 180 + 3 * 180  # two models, three controls
    assert names["compared"].table().set_index("model").loc["shape", "p"] < 0.01


def test_the_first_screen_is_ten_lines():
    assert len(blocks("README.md", "python")[0].strip().splitlines()) <= 10


def test_the_best_of_a_table_has_a_score_and_the_least_loss():
    good = TableRow(
        "asked", "good", "log_loss", 0.4, 0.3, 0.5, 0.7, None, None, None, 4, "subject", 40, ()
    )
    bad, refused = replace(good, model="bad", mean=0.9), replace(good, mean=nan, note="not run: no")
    rows = [refused, bad, good, replace(good, mean=0.1, role="ceiling")]
    results = SimpleNamespace(title="T", index={"metrics": ["log_loss"]}, rows=lambda: rows)
    line = tables._study_line("asked.yaml", "little", results)
    assert line[4:6] == ("`good`", "0.400 [0.300, 0.500]") and line[-1] == "0.100"


@pytest.mark.parametrize("page", tables.PAGES)
def test_tables_are_those_of_the_tree(page):
    text = (ROOT / page).read_text()
    made = {name: make() for name, make in tables.TABLES.items()}
    assert tables.filled(text, made) == text, "run: python docs/tables.py"


def test_every_table_of_a_page_is_filled():
    for page in tables.PAGES:
        text = (ROOT / page).read_text()
        assert "-->\n<!-- end -->" not in text, "run: python docs/tables.py --scores"


def test_links_of_the_pages_lead_somewhere():
    for page in ("README.md", "CONTRIBUTING.md", "datasets/README.md", "docs/EXPERIMENTS.md"):
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (ROOT / page).read_text()):
            assert (ROOT / page).parent.joinpath(link).exists(), f"{page}: {link}"


def test_every_key_of_an_experiment_is_told():
    text = (ROOT / "docs/EXPERIMENTS.md").read_text()
    for field in (
        *fields(Experiment),
        *fields(DataSpec),
        *fields(RsaOptions),
        *fields(RsaModelSpec),
    ):
        assert f"`{field.name}`" in text


def test_the_experiments_of_the_page_are_right(tmp_path):
    whole, *pieces = (yaml.safe_load(one) for one in blocks("docs/EXPERIMENTS.md", "yaml"))
    for i, piece in enumerate(one for one in ({}, *pieces) if "rsa" not in one):
        Path(f"{i}.yaml").write_text(dump(whole | piece))
        question = read_experiment(Path(f"{i}.yaml")).question
        assert len(question.models) == len((whole | piece)["models"]) + 3
    (of_rdms,) = (one for one in pieces if "rsa" in one)
    Path("rdms.yaml").write_text(dump(of_rdms))
    assert read_any(Path("rdms.yaml")).plain()["rsa"]["regions"] == "types"


@pytest.mark.slow
@pytest.mark.parametrize("name", tables.QUICKSTARTS)
def test_scores_of_the_readme_are_those_of_a_run(name, tmp_path):
    text = (ROOT / "README.md").read_text()
    told = re.search(rf"<!-- table: {name} -->\n(.*?)\n<!-- end", text, re.DOTALL)[1]
    assert tables.neurodecode(["run", name, "--out", str(tmp_path)]) == 0
    head, _, *lines = [line for line in told.splitlines() if line.startswith("|")]  # notes follow
    score = head.split("|").index(" score ")
    for row, line in zip(tables.leading(tables.Results(tmp_path / name)), lines, strict=True):
        assert line.startswith(f"| {row.model} |")
        if row.note:
            assert line.split("|")[score] == " not computed "
            continue
        # Another processor's BLAS may tip a trial: of 7 of a class in one of three runs, .024.
        assert abs(float(line.split("|")[score]) - row.mean) < 0.03
