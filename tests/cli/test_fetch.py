"""`neurodecode fetch`, as a person types it, with a server of this machine."""

import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from neurodecode.cli import main

MANY = {f"S{s}R{r}.edf": f"{s}{r}".encode() * 60_000 for s in ("01", "02") for r in ("1", "2")}
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NEURODECODE_DATA", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # nobody is there
    return tmp_path


@pytest.fixture
def own(publisher, tmp_path):
    """A card whose four files are published."""
    publisher.files |= MANY
    return str(publisher.card(tmp_path))


def run(*arguments: str) -> int:
    try:
        return main(["fetch", *arguments])
    except SystemExit as stop:  # argparse leaves this way
        return int(stop.code or 0)


class Person(io.StringIO):
    """Somebody at a terminal, with an answer."""

    def isatty(self):
        return True


def test_terms_and_size_are_said_before_anything_comes(own, publisher, capsys):
    assert run(own) == 2
    said = capsys.readouterr().err
    assert "licence: CC0-1.0" in said
    assert f"4 files, 0.7 MB, from 127.0.0.1:{publisher.port}" in said
    assert "In scripts, say --yes" in said
    assert publisher.asked == [] and not Path("cache/data").exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("Yes\n", 0), ("n\n", 2), ("", 2)])
def test_a_person_is_asked(own, publisher, capsys, monkeypatch, answer, code):
    monkeypatch.setattr(sys, "stdin", Person(answer))
    assert run(own) == code
    printed, said = capsys.readouterr()
    assert "Fetch them? [y/N]" in said
    assert len(publisher.gets()) == (4 if code == 0 else 0)
    assert ("4 files are whole in cache/data/own" in printed.replace(f"{Path.cwd()}/", "")) == (
        code == 0
    )


def test_a_line_a_file_on_stderr_and_the_sum_on_stdout(own, capsys):
    assert run(own, "--yes", "--subjects", "02", "--data", "here") == 0
    printed, said = capsys.readouterr()
    assert "1/2 S02R1.edf 0.2 MB\n2/2 S02R2.edf 0.2 MB\n" in said
    assert printed.startswith("2 files are whole in here/own, 2 fetched in ")
    assert sorted(p.name for p in Path("here/own").iterdir()) == ["S02R1.edf", "S02R2.edf"]


def test_the_same_again_asks_nobody_and_nothing(own, publisher, capsys):
    run(own, "--yes")
    publisher.asked.clear()
    capsys.readouterr()
    assert run(own) == 0  # nothing is to be agreed to
    assert capsys.readouterr() == (f"4 files are whole in {Path.cwd()}/cache/data/own\n", "")
    assert publisher.asked == []


def test_what_did_not_come_is_named_and_the_code_says_so(own, publisher, capsys):
    del publisher.files["S01R2.edf"]
    assert run(own, "--yes") == 1
    printed, said = capsys.readouterr()
    assert "failed: S01R2.edf: 127.0.0.1" in said and "says 404" in said
    assert "3 files are whole" in printed


def test_a_data_root_that_comes_first_is_named(own, publisher, capsys, monkeypatch):
    Path("mine/own").mkdir(parents=True)
    Path("mine/own/S01R1.edf").write_bytes(b"mine")
    monkeypatch.setenv("NEURODECODE_DATA", "mine")
    assert run(own, "--yes") == 0
    assert "note: mine/own comes first among the data roots and is used" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["eegbcy"], 2, "Did you mean 'eegbci'?"),
        (["eegbci", "--subjects", "1"], 2, "Did you mean '001'?"),
        (["eegbci", "--runs", "15"], 2, "no file is of run 15."),
        (["haxby2001"], 3, "names no server with the digests of its files. Get slice_bold"),
        ([], 2, "the following arguments are required: CARD"),
        (["none.yaml"], 2, "there is no card file none.yaml"),
    ],
)
def test_what_cannot_be_fetched_is_one_sentence(capsys, arguments, code, sentence):
    assert run(*arguments) == code
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said


def test_missing_data_name_the_command_that_gets_them(capsys, monkeypatch):
    monkeypatch.setattr("neurodecode.data.roots.shipped_folder", lambda name: Path("nowhere"))
    assert main(["run", "quickstart_eeg"]) == 3
    said = capsys.readouterr().err
    assert "Fetch it: neurodecode fetch eegbci (from https://physionet.org/" in said
    assert "licence: ODC-By-1.0" in said


def test_a_stopped_fetch_leaves_whole_files_and_a_part_and_goes_on(own, publisher, capsys):
    stalled = threading.Event()
    publisher.stall = ("S02R1.edf", 131_072, stalled)
    command = [sys.executable, "-m", "neurodecode", "fetch", own, "--yes"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        # A shell that starts tests in the background has them ignore Ctrl-C, and children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert stalled.wait(60)
    folder = Path("cache/data/own")
    while not [p for p in folder.glob("*S02R1.edf*") if p.stat().st_size >= 65_536]:
        assert child.poll() is None, child.stderr.read()
    child.send_signal(signal.SIGINT)
    said = child.communicate()[1]
    assert child.returncode == 130, said
    assert "the same command goes on from there" in said and "Traceback" not in said
    found = {p.name: p.read_bytes() for p in folder.iterdir()}
    part = found.pop("S02R1.edf.part")
    assert found == {name: MANY[name] for name in ("S01R1.edf", "S01R2.edf")}
    assert part and MANY["S02R1.edf"].startswith(part)
    publisher.stall = None
    assert run(own, "--yes") == 0
    assert f"S02R1.edf bytes={len(part)}-" in publisher.gets()
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == MANY


def test_archives_are_unpacked_once_and_not_fetched_again(publisher, tmp_path, capsys):
    import zipfile

    with zipfile.ZipFile(tmp_path / "x.zip", "w") as out:
        for name in ("S01R1.edf", "S01R2.edf"):
            out.writestr(name, MANY[name])
    publisher.files["p/S01.zip"] = (tmp_path / "x.zip").read_bytes()
    own = publisher.card(tmp_path, more=", archives: ['*.zip']")
    own.write_text(own.read_text().replace('"S{subject}R', '"p/S{subject}/S{subject}R'))
    assert run(str(own), "--yes") == 0
    folder = Path("cache/data/own/p")
    assert sorted(p.name for p in folder.iterdir()) == [".S01.zip.unpacked.json", "S01"]
    assert (folder / "S01/S01R2.edf").read_bytes() == MANY["S01R2.edf"]
    publisher.asked.clear()
    assert run(str(own), "--yes") == 0 and publisher.asked == []
    (folder / "S01/S01R2.edf").unlink()  # no longer whole: said, and what is there stays
    capsys.readouterr()
    assert run(str(own), "--yes") == 1
    assert "S01 is there already" in capsys.readouterr().err
    assert (folder / "S01/S01R1.edf").is_file()


def test_an_archive_that_climbs_out_makes_nothing(publisher, tmp_path, capsys):
    import zipfile

    with zipfile.ZipFile(tmp_path / "x.zip", "w") as out:
        out.writestr("../../../victim", "bad")
    publisher.files["S01.zip"] = (tmp_path / "x.zip").read_bytes()
    own = publisher.card(tmp_path, more=", archives: ['*.zip']")
    assert run(str(own), "--yes") == 1
    assert "would lie outside the folder" in capsys.readouterr().err
    assert not list(tmp_path.rglob("victim"))
    assert [p.name for p in Path("cache/data/own").iterdir()] == ["S01.zip"]
