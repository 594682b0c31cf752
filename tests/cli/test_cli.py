"""The command line, as a person types it, on the recordings that ship with the checkout."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from neurodecode.cli import VERBS, main
from neurodecode.cli import compare as cli_compare
from neurodecode.cli import table as cli_table
from neurodecode.core.files import shipped_folder
from neurodecode.harness import compare as harness_compare
from neurodecode.harness.experiment import find_experiment, read_experiment
from neurodecode.report import compare as report_compare
from neurodecode.report.results import Results

SAMPLES = shipped_folder("datasets") / "samples"
EEG = ("quickstart_eeg", "--set")
SMALL = ["--set", "shuffled.n_draws=1", "--set", "models=[riemann.mdm]", "--engine", "inline"]


@pytest.fixture(scope="module")
def whole(warm, tmp_path_factory):
    """Results of the small run, made once."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_DATA", "")
        patch.setenv("NEURODECODE_CACHE", str(tmp_path_factory.getbasetemp() / "cli-cache"))
        assert main(["run", "quickstart_eeg", *SMALL, "--out", str(folder)]) == 0
    return folder


@pytest.fixture(autouse=True)
def place(warm, tmp_path, monkeypatch, tmp_path_factory):
    """Work in an empty folder, with samples as the only data; prepared signals are shared."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURODECODE_DATA", "")
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path_factory.getbasetemp() / "cli-cache"))


def run(*arguments: str) -> int:
    try:
        return main(arguments)
    except SystemExit as stop:  # argparse leaves this way
        return int(stop.code or 0)


def test_run_then_table_then_report(capsys):
    assert run("run", "quickstart_eeg", *SMALL) == 0
    printed, said = capsys.readouterr()
    assert "riemann.mdm" in printed
    assert "45 trials, 1 models, 3 controls, 3 folds: 15 jobs, 0 finished before" in said
    assert "results/quickstart_eeg/report.html" in said
    assert run("table", "results/quickstart_eeg", "--format", "json", "--metric", "roc_auc") == 0
    rows = json.loads(capsys.readouterr().out)
    # Fields that programs rely on: design section 12.
    assert set(rows[0]) >= {
        "experiment", "model", "metric", "mean", "ci_low", "ci_high", "chance", "shuffled_mean",
        "shuffled_sd", "p", "n_units", "unit", "n_trials", "flags", "per_unit",
    }  # fmt: skip
    assert [row["model"] for row in rows] == [
        "riemann.mdm", "baseline.prior", "baseline.clock", "baseline.history",
    ]  # fmt: skip
    assert rows[0]["per_unit"] == {"002": rows[0]["mean"]}
    assert run("report", "results/quickstart_eeg", "--out", "page.html") == 0
    assert Path("page.html").stat().st_size < 2_000_000


def test_compare_prints_the_test_in_its_line(capsys):
    two = ("--set", "shuffled.n_draws=0", "--engine", "inline")
    assert run("run", "quickstart_fmri", *two) == 0
    capsys.readouterr()
    assert run("compare", "results/quickstart_fmri") == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.startswith("comparison ")
    assert line.startswith("linear.logistic – linear.svm")
    assert "two-sided paired bootstrap of 96 test trials, 1000 draws" in line
    assert line.endswith("test-set only")
    for form in (["--json"], ["--format", "json"]):
        assert run("compare", "results/quickstart_fmri", "--against", "baseline.prior", *form) == 0
        found = json.loads(capsys.readouterr().out)["comparisons"]
        assert [one["second"] for one in found] == ["baseline.prior"] * 2
        assert all(one["p_adjusted"] < 0.01 for one in found)
    assert run("compare", "results/quickstart_fmri", "--against", "baseline.prio") == 2
    assert "Did you mean 'baseline.prior'?" in capsys.readouterr().err
    assert run("table", "results/quickstart_fmri", "--format", "latex") == 0
    assert r"linear.svm & balanced\_accuracy & 0.7" in capsys.readouterr().out


def test_choices_of_compare_are_those_of_the_harness():
    assert cli_compare.TESTS == harness_compare.TESTS
    assert cli_compare.ALTERNATIVES == harness_compare.ALTERNATIVES
    assert cli_compare.CORRECTIONS == harness_compare.CORRECTIONS
    assert cli_compare.FORMATS == report_compare.FORMATS == cli_table.FORMATS


def test_the_same_run_again_computes_nothing(capsys):
    run("run", "quickstart_fmri", *SMALL, "--set", "models=[linear.svm]")
    capsys.readouterr()
    run("run", "quickstart_fmri", *SMALL, "--set", "models=[linear.svm]")
    assert "60 jobs, 60 finished before" in capsys.readouterr().err


def test_a_changed_band_is_computed_anew_and_key_order_is_not(whole, capsys):
    shutil.copytree(whole, "results")
    text = (shipped_folder("configs") / "experiments/quickstart_eeg.yaml").read_text()
    turned = yaml.safe_load(text)
    Path("quickstart_eeg.yaml").write_text(yaml.safe_dump(turned, sort_keys=True))
    capsys.readouterr()
    run("run", "quickstart_eeg.yaml", *SMALL)
    assert "15 jobs, 15 finished before" in capsys.readouterr().err
    turned["prepare"] = [{"filter": {"l_freq": 8, "h_freq": 31}}]
    Path("quickstart_eeg.yaml").write_text(yaml.safe_dump(turned))
    run("run", "quickstart_eeg.yaml", *SMALL)
    # The controls see no brain, so a band changes nothing of theirs.
    assert "15 jobs, 9 finished before" in capsys.readouterr().err


def test_plan_computes_nothing(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "empty"))
    assert run("plan", "quickstart_eeg", "--json") == 0
    planned = json.loads(capsys.readouterr().out)
    assert planned["n_rows"] == 45
    assert len(planned["to_prepare"]) == 3
    assert {job["state"] for job in planned["jobs"]} == {"new"}
    assert not list((tmp_path / "empty").rglob("*.npy"))
    assert not Path("results").exists()


def test_plan_gives_the_keys_that_run_stores(whole, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "empty"))
    run("plan", "quickstart_eeg", "--json", *SMALL[:4])
    planned = {job["key"] for job in json.loads(capsys.readouterr().out)["jobs"]}
    assert {job["key"] for job in Results(whole / "quickstart_eeg").index["jobs"]} == planned


def test_show_prints_defaults_and_is_an_experiment_itself(capsys):
    assert run("show", "quickstart_eeg") == 0
    shown = capsys.readouterr().out
    assert yaml.safe_load(shown)["models"][0] == {
        "linear.csp_lda": {"log": True, "n_components": 6, "reg": "ledoit_wolf"}
    }
    assert yaml.safe_load(shown)["target_access"] == "none"
    Path("again.yaml").write_text(shown)
    assert run("show", "again.yaml") == 0
    assert yaml.safe_load(capsys.readouterr().out) == yaml.safe_load(shown)


def test_list_names_everything(capsys):
    assert run("list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert "riemann.mdm" in listed["models"]
    assert "eegbci" in listed["cards"]
    assert "quickstart_eeg" in listed["experiments"]
    assert all(summary for names in listed.values() for summary in names.values())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["quickstart_fmi"], "Did you mean 'quickstart_fmri'?"),
        ([*EEG, "models=[riemann.mdn]"], "Did you mean 'riemann.mdm'?"),
        ([*EEG, "prepare=[{filter: {lfreq: 8}}]"], "Did you mean 'l_freq'?"),
        ([*EEG, "metric=[accuracy]"], "metric: unknown key. Did you mean 'metrics'?"),
        ([*EEG, "data.task=leftright"], "Did you mean 'left_right'?"),
        ([*EEG, "seeds=[one]"], "seeds[0]: expected a whole number, got 'one'."),
        ([*EEG, "models=[os.system]"], "--allow-code"),
        (["quickstart_eeg", "--n-jobs", "0"], "n_jobs: 0"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_exits_with_2(capsys, arguments, sentence):
    assert run("run", *arguments) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert not Path("results").exists() or not list(Path("results").rglob("done.json"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["table", "nothing"], "holds no results"),
        (["fly"], "invalid choice: 'fly'"),
        (["check", "nothing"], "nothing is no folder of results, and as a name: "),
    ],
)
def test_other_wrong_words_exit_with_2(capsys, arguments, sentence):
    assert run(*arguments) == 2
    assert sentence in capsys.readouterr().err


def test_missing_data_exit_with_3_and_say_how_to_get_them(capsys):
    assert run("run", "quickstart_eeg", "--set", "data.subjects=['003']") == 3
    assert "003" in capsys.readouterr().err
    assert run("plan", "haxby2001_8way_vt") == 3
    assert "vt_task_bold.nii.gz" in capsys.readouterr().err


def test_a_model_of_ones_own_is_a_row(capsys, monkeypatch):
    Path("mine.py").write_text(
        "from sklearn.neighbors import KNeighborsClassifier\n"
        "class Mine(KNeighborsClassifier): ...\n"
    )
    monkeypatch.syspath_prepend(".")
    mine = ("--set", "models=[linear.svm]", "--model", "mine")
    assert run("run", "quickstart_fmri", *SMALL, *mine) == 0
    assert "mine " in capsys.readouterr().out


@pytest.mark.slow
def test_an_interrupted_run_goes_on_to_the_same_table(whole):
    command = [sys.executable, "-m", "neurodecode", "run", "quickstart_eeg", *SMALL, "--out", "cut"]
    child = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
        # A shell that starts tests in the background has them ignore Ctrl-C, and children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    jobs = Path("cut/quickstart_eeg/jobs")
    while not list(jobs.glob("*/done.json")):
        assert child.poll() is None, child.stderr.read()
    child.send_signal(signal.SIGINT)
    said = child.communicate()[1]
    assert child.returncode == 130, said
    assert "the same command goes on from there" in said
    assert "Traceback" not in said
    assert run("run", "quickstart_eeg", *SMALL, "--out", "cut") == 0
    expected, after = (Results(folder / "quickstart_eeg").rows() for folder in (whole, Path("cut")))
    assert after == expected


def test_a_recording_that_cannot_be_read_is_named_and_the_others_go_on(capsys):
    folder = Path("data/eegbci")
    shutil.copytree(SAMPLES / "eegbci", folder)
    whole = (folder / "S002R08.edf").read_bytes()
    (folder / "S002R08.edf").write_bytes(whole[: len(whole) // 2])
    assert run("run", "quickstart_eeg", *SMALL, "--data", "data") == 1
    assert "S002R08.edf" in capsys.readouterr().err
    assert Results("results/quickstart_eeg").rows()[0].n_trials == 30


@pytest.mark.parametrize("verb", list(VERBS))
def test_help_ends_with_commands_that_work(capsys, verb):
    assert run(verb, "--help") == 0
    assert f"neurodecode {verb}" in capsys.readouterr().out.rpartition("Examples:")[2]


@pytest.mark.parametrize(
    ("name", "folder"),
    [("quickstart_eeg", "quickstart_eeg_simulated"), ("quickstart_meg", "quickstart_meg")],
)
def test_simulated_results_go_where_help_says(capsys, name, folder):
    assert run("run", "--help") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "where the card has files too, results go to NAME_simulated" in told
    assert read_experiment(find_experiment(name), ["data.simulate=small"]).name == folder


def test_a_full_disk_is_a_sentence(capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "somewhere/data.npy")

    monkeypatch.setattr("neurodecode.harness.store.pq.write_table", full)
    assert run("run", "quickstart_fmri", *SMALL, "--set", "models=[linear.svm]") == 1
    said = capsys.readouterr().err
    assert "somewhere/data.npy: No space left on device" in said
    assert "Traceback" not in said
