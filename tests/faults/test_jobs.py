"""Jobs that fail, processes that die or meet: the others finish, and nothing computed is lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from neurodecode.cli import main
from neurodecode.core.files import shipped_folder
from neurodecode.harness.store import INDEX_FORMAT
from neurodecode.report.results import Results

pytestmark = pytest.mark.usefixtures("mine")
MODEL = """
import os
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

class {name}(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        {fit}
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return {predict}

"""
RIGHT = "np.zeros(len(X), dtype=int)"
ODD = {
    "Text": ("pass", "['left'] * len(X)", "predict of Text gives 'left'. Classes are the numbers"),
    "Unknown": ("pass", "[7] * len(X)", "predict of Unknown gives 7."),
    "Nan": ("pass", "[np.nan] * len(X)", "predict of Nan gives nan."),
    "Few": ("pass", "[0]", "1 predictions for 12 test rows."),
    "Square": ("pass", "np.zeros((len(X), 2), dtype=int)", "predictions of shape (12, 2)"),
    "Raises": ("raise RuntimeError('no luck')", RIGHT, "RuntimeError: no luck"),
    "Exits": ("raise SystemExit(0)", RIGHT, "SystemExit: 0"),
    "Short": ("pass", RIGHT, "scores of 1 rows for 12 test rows."),
    "Listed": ("pass", RIGHT, "AttributeError: 'list' object has no attribute 'items'"),
}
MORE = {
    "Short": "    def predict_proba(self, X):\n        return np.full((1, 2), 0.5)\n",
    "Listed": "    def patterns(self):\n        return [1.0]\n",
}


def write_models(monkeypatch, name, models):
    """Write models into a module; gives the arguments that ask for them."""
    text = [
        MODEL.format(name=one, fit=fit, predict=predict) + MORE.get(one, "")
        for one, (fit, predict, _) in models.items()
    ]
    Path(f"{name}.py").write_text("\n".join(text))
    monkeypatch.syspath_prepend(str(Path.cwd()))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path.cwd()), source_folder()]))
    return [part for one in models for part in ("--model", f"{name}:{one}")]


def source_folder():
    return str(shipped_folder("datasets").parent)


def command(*arguments):
    return [sys.executable, "-m", "neurodecode", "run", "ask.yaml", "--data", "data", *arguments]


def table(folder):
    return [vars(row) for row in Results(folder).rows()]


def leftovers():
    return list(Path.cwd().rglob(".*.tmp"))


def test_models_that_misbehave_fail_alone(monkeypatch, run_it, said, done):
    asked = write_models(monkeypatch, "odd_models", ODD)
    assert run_it(more=asked) == 1
    text = said()
    rows = {row.model: row for row in Results("results/ask").rows()}
    for name, (_, _, sentence) in ODD.items():
        assert sentence in rows[f"odd_models:{name}"].note
    assert "failed: odd_models:Text, fold 01/1/run-1, seed 0 and 1 more: predict of Text" in text
    assert rows["riemann.mdm"].note == rows["baseline.prior"].note == ""
    assert len(done()) == 2 * 2  # the model of ours and the prior, two folds
    assert "no luck" in Path("results/ask/failures.txt").read_text()


def test_a_model_that_cannot_be_cloned_is_named_before_the_first_fit(
    monkeypatch, run_it, said, done
):
    text = MODEL.format(name="Fixed", fit="pass", predict=RIGHT)
    text += "    def __init__(self, kinds=()):\n        self.kinds = list(kinds)\n"
    Path("fixed_model.py").write_text(text)
    monkeypatch.syspath_prepend(str(Path.cwd()))
    assert run_it(more=("--model", "fixed_model")) == 2
    assert "models: Fixed cannot be cloned, as every fold needs" in said()
    assert done() == []


def test_a_model_that_kills_its_process_dies_alone(monkeypatch, neurodecode, said, done):
    deadly = {"Deadly": ("os._exit(3)", RIGHT, "")}
    asked = write_models(monkeypatch, "deadly_model", deadly)
    assert neurodecode("run", "ask.yaml", "--n-jobs", "2", *asked) == 1
    assert "a worker process died (EXIT(3))" in said()
    rows = {row.model: row for row in Results("results/ask").rows()}
    assert "memory ran out, or compiled code crashed" in rows["deadly_model:Deadly"].note
    assert rows["riemann.mdm"].note == rows["baseline.prior"].note == ""
    assert len(done()) == 2 * 2


@pytest.mark.slow
def test_a_run_of_several_processes_that_is_interrupted_goes_on_to_the_same_table(
    monkeypatch, run_it
):
    slow = {"Slow": ("__import__('time').sleep(0.2)", RIGHT, "")}
    asked = [*write_models(monkeypatch, "slow_model", slow), "--set", "shuffled.n_draws=3"]
    assert run_it(more=[*asked, "--out", "whole"]) == 0
    child = subprocess.Popen(
        command(*asked, "--out", "cut", "--n-jobs", "2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell that starts tests in the background has them ignore Ctrl-C, and children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not list(Path("cut").rglob("done.json")):
        assert child.poll() is None, child.stderr.read()
        time.sleep(0.01)
    os.killpg(child.pid, signal.SIGINT)  # as a terminal sends it: to the workers too
    said = child.communicate()[1]
    assert child.returncode == 130
    assert "the same command goes on from there" in said
    assert "Traceback" not in said
    assert run_it(more=[*asked, "--out", "cut"]) == 0
    assert table("cut/ask") == table("whole/ask")
    assert leftovers() == []


@pytest.mark.slow
def test_two_processes_at_once_on_one_results_folder_give_the_same_table(run_it, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", source_folder())
    assert run_it("shuffled.n_draws=3", more=["--out", "alone"]) == 0
    monkeypatch.setenv("NEURODECODE_CACHE", str(Path.cwd() / "another_cache"))
    several = [
        subprocess.Popen(
            command("--set", "shuffled.n_draws=3", "--engine", "inline", "--out", "shared"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for one in several:
        said = one.communicate()[1]
        assert one.returncode == 0, said
        assert "Traceback" not in said
    assert table("shared/ask") == table("alone/ask")
    assert leftovers() == []


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("jobs.json", "results/ask/jobs.json: damaged: no JSON"),
        ("scores.parquet", "results/ask/scores.parquet"),
        ("rows.parquet", "results/ask/rows.parquet"),
    ],
)
def test_results_that_were_damaged_are_named_and_the_same_run_mends_them(
    file, sentence, run_it, said
):
    assert run_it() == 0
    before = table("results/ask")
    (Path("results/ask") / file).write_bytes(b"{")
    assert main(["table", "results/ask"]) in (1, 2)
    assert sentence in said()
    assert run_it() == 0
    assert "4 jobs, 4 finished before" in said()
    assert table("results/ask") == before


def test_a_table_that_was_damaged_is_made_again(run_it, capsys):
    assert run_it() == 0
    capsys.readouterr()
    assert main(["table", "results/ask"]) == 0
    before = capsys.readouterr().out
    Path("results/ask/table.json").write_text("{")
    assert main(["table", "results/ask"]) == 0
    assert capsys.readouterr().out == before


def test_a_prepared_signal_that_was_damaged_is_named_with_the_remedy(run_it, said, done):
    assert run_it() == 0
    for path in Path("cache/prepared").glob("*/meta.json"):
        path.write_text("{")
    said()
    assert run_it("protocol={within_session: {n_splits: 2}}") == 2
    text = said()
    assert "damaged" in text
    assert "Delete this folder; what it held is made again." in text


def test_what_nobody_foresaw_is_one_line_and_a_traceback_with_debug(run_it, capsys):
    assert run_it() == 0
    Path("results/ask/jobs.json").write_text(f'{{"format": {INDEX_FORMAT}}}')
    capsys.readouterr()
    assert main(["table", "results/ask"]) == 1
    text = capsys.readouterr().err
    assert text.startswith("neurodecode table: KeyError: 'views'.")
    assert text.count("\n") == 1
    assert main(["table", "results/ask", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err
