"""`neurodecode cache`, as a person types it, after a real run."""

import json
import os
import shutil
from pathlib import Path

import pytest

from neurodecode.cli import main

SMALL = ["--set", "shuffled.n_draws=0", "--set", "models=[riemann.mdm]", "--engine", "inline"]
SMALL += ["--set", "controls=[baseline.prior]"]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NEURODECODE_DATA", "")


@pytest.fixture(scope="module")
def after_a_run(warm, tmp_path_factory):
    """The cache that a run on the sample EEG leaves, and its results."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("NEURODECODE_CACHE", str(folder / "cache"))
        patch.setenv("NEURODECODE_DATA", "")
        assert main(["run", "quickstart_eeg", *SMALL]) == 0
    return folder


@pytest.fixture
def filled(after_a_run, capsys):
    """A copy of the same, to work in."""
    shutil.copytree(after_a_run, ".", dirs_exist_ok=True)
    shutil.rmtree("cache/running")
    capsys.readouterr()


def run(*arguments: str) -> int:
    try:
        return main(["cache", *arguments])
    except SystemExit as stop:  # argparse leaves this way
        return int(stop.code or 0)


@pytest.fixture
def told(capsys):
    """Run the verb with --json; gives the code and what it printed."""

    def call(*arguments):
        code = run(*arguments, "--json")
        return code, json.loads(capsys.readouterr().out)

    return call


def test_sizes_by_kind_are_those_of_the_disk(filled, told, capsys):
    code, held = told()
    assert code == 0
    assert {kind: one["n"] for kind, one in held["kinds"].items()} == {
        "prepared": 3, "stages": 3, "manifests": 3,
    }  # fmt: skip
    files = [p for p in Path("cache").rglob("*") if p.is_file() and p.parent.name != "running"]
    assert held["bytes"] == sum(p.stat().st_size for p in files)
    assert run() == 0
    shown = capsys.readouterr().out
    assert "prepared         3" in shown and "free on its disk:" in shown


def test_the_list_says_what_each_was_made_from(filled, capsys):
    assert run("list", "--kind", "prepared") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all("eegbci sub-002_ses-1_run-" in line and "filter" in line for line in lines)


def test_why_a_key_is_there(filled, told, capsys):
    _, held = told("list", "--kind", "prepared", "stages")
    for one in held["entries"]:
        assert run("why", one["name"][:12]) == 0
        said = capsys.readouterr().out
        assert "sub-002_ses-1_run-" in said
        if one["kind"] == "prepared":
            assert "S002R" in said and "'l_freq': 8" in said
    assert run("why", "nothing") == 2
    assert "no key begins with 'nothing'" in capsys.readouterr().err


def test_a_dry_run_deletes_nothing_and_says_what_a_clear_frees(filled, told):
    before = sorted(Path("cache").rglob("*"))
    _, would = told("clear", "--all", "--dry-run")
    assert would["dry_run"] and sorted(Path("cache").rglob("*")) == before
    _, did = told("clear", "--all")
    assert did["bytes"] == would["bytes"] > 30e6
    assert told()[1]["bytes"] == 0


def test_what_was_cleared_is_made_again(filled, capsys):
    assert run("clear", "--all") == 0
    assert "freed 31.7 MB: 3 prepared, 3 stages, 3 manifests" in capsys.readouterr().out
    assert main(["run", "quickstart_eeg", *SMALL]) == 0
    assert "6 jobs, 6 finished before" in capsys.readouterr().err


def test_by_card_and_by_age(filled, told):
    assert told("clear", "--card", "haxby2001")[1]["bytes"] == 0
    assert told("clear", "--older-than", "1")[1]["bytes"] == 0
    for path in Path("cache/stages").iterdir():
        os.utime(path, (1e9, 1e9))
    assert list(told("clear", "--older-than", "1")[1]["kinds"]) == ["stages"]
    assert list(told("clear", "--card", "eegbci")[1]["kinds"]) == ["prepared", "manifests"]


def test_downloads_go_only_when_named(told):
    folder = Path("cache/data/own")
    folder.mkdir(parents=True)
    (folder / "a.edf.part").write_bytes(bytes(1000))
    assert told("clear", "--all")[1]["bytes"] == 0
    assert told("clear", "--kind", "downloads")[1]["bytes"] == 1000
    assert not folder.exists()


def test_what_is_in_use_is_kept_and_the_code_says_so(filled, capsys):
    other = Path("cache/running") / str(os.getppid())  # alive, and not this process
    other.parent.mkdir()
    other.touch()
    os.utime(other, (1e9, 1e9))
    assert run("clear", "--all") == 1
    assert "in use by a process at work, and kept: 3 prepared, 3 st" in capsys.readouterr().out
    assert len(list(Path("cache/prepared").iterdir())) == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["clear"], "say what goes: --all, --card NAME"),
        (["why"], "a KEY goes with why"),
        (["list", "abc"], "a KEY goes with why"),
        (["clear", "--older-than", "-1"], "expected a number of days, 0 or more"),
        (["clear", "--older-than", "nan"], "expected a number of days, 0 or more"),
        (["clear", "--kind", "all"], "invalid choice: 'all'"),
        (["burn"], "invalid choice: 'burn'"),
    ],
)
def test_wrong_words_exit_with_2(capsys, arguments, sentence):
    assert run(*arguments) == 2
    assert sentence in capsys.readouterr().err


def test_a_cache_that_is_not_there_is_empty(capsys):
    assert run() == 0
    assert "0.0 MB" in capsys.readouterr().out
    assert run("list") == 0
    assert "nothing of that is in" in capsys.readouterr().out
    assert not Path("cache").exists()
