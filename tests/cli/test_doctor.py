"""`neurodecode doctor`: one screen on a sound machine, and a sentence for each thing wrong."""

import json
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from neurodecode.cli import doctor, health, main
from neurodecode.core.files import shipped_folder

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Work in an empty folder, with no data but the samples; torch is asked in one test alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NEURODECODE_DATA", "")
    for name in health._THREADS:
        monkeypatch.delenv(name, raising=False)
    asked = health.gpu
    monkeypatch.setattr(health, "gpu", lambda trouble: {"torch": "", "gpus": []})
    health.gpu.__name__ = "gpu"
    return asked


def trouble_of(look):
    trouble = []
    look(trouble)
    return "\n".join(trouble)


def test_a_sound_machine_is_one_screen_and_code_0(capsys):
    code = main(["doctor"])
    shown = capsys.readouterr().out
    assert code == 0, shown
    assert shown.endswith("nothing wrong was found\n")
    words = [line.partition(" ")[0] for line in shown.splitlines()]
    for word in ("neurodecode", "python", "packages", "cores", "memory", "GPU", "data", "cache"):
        assert word in words
    assert len(words) <= 40
    assert f"numpy {metadata.version('numpy')}" in shown
    assert "40 made-up trials decoded in" in shown
    if (shipped_folder("datasets") / "samples").is_dir():
        assert "samples: eegbci, haxby2001 (slice), p300_muse" in shown


def test_it_changes_nothing(tmp_path):
    main(["doctor"])
    assert list(tmp_path.iterdir()) == []


def test_json_holds_the_same(capsys):
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == [
        "versions", "packages", "machine", "gpu", "data", "cache", "shipped", "self_check",
        "trouble",
    ]  # fmt: skip
    assert found["trouble"] == []
    assert found["self_check"]["score"] >= 0.9
    assert found["packages"]["needed"]["mne"] == metadata.version("mne")
    assert set(found["packages"]["optional"]) >= {"torch", "image"}
    assert found["cache"]["writable"] and found["cache"]["bytes"] == 0


def test_data_roots_tell_their_cards_and_layouts(tmp_path, monkeypatch):
    (tmp_path / "root/haxby2001").mkdir(parents=True)
    (tmp_path / "root/haxby2001/vt_task_bold.nii.gz").touch()
    (tmp_path / "root/eegbci").mkdir()
    monkeypatch.setenv("NEURODECODE_DATA", str(tmp_path / "root"))
    assert health.data([])[0] == {
        "root": str(tmp_path / "root"), "there": True, "cards": {"haxby2001": ["vt"]},
    }  # fmt: skip


def test_more_threads_than_cores(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "100000")
    monkeypatch.setenv("MKL_NUM_THREADS", "many")
    said = trouble_of(health.machine)
    assert "OMP_NUM_THREADS=100000: more threads than the" in said
    assert "MKL_NUM_THREADS=many is no number of threads" in said


def test_a_full_disk(monkeypatch):
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9, 9, 5_000_000)
    )
    said = trouble_of(health.cache)
    assert "5 MB are free on the disk of the cache folder" in said
    assert "neurodecode cache clear" in said and "NEURODECODE_CACHE" in said


def test_a_cache_folder_that_is_a_file(monkeypatch):
    Path("cache").write_text("mine")
    assert "the cache folder cannot be written to" in trouble_of(health.cache)


def test_a_data_root_that_is_not_there(monkeypatch):
    monkeypatch.setenv("NEURODECODE_DATA", "/no/such/folder")
    assert "NEURODECODE_DATA names /no/such/folder, which is no folder" in trouble_of(health.data)


@pytest.mark.parametrize("name", ["datasets.py", "datasets/__init__.py", "mne.py"])
def test_a_file_that_stands_in_for_a_library(monkeypatch, name):
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).touch()
    monkeypatch.syspath_prepend(".")
    for module in ("mne", "datasets"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    said = trouble_of(health.packages)
    library = Path(name).parts[0].removesuffix(".py")
    assert f"{name} would be imported in place of the library {library!r}" in said


def test_the_folder_datasets_of_a_checkout_shadows_nothing(monkeypatch):
    Path("datasets").mkdir()
    monkeypatch.syspath_prepend(".")
    assert health._shadow("datasets") == ""


def test_packages_that_are_absent_or_too_old(monkeypatch):
    needed = ["no-such-package>=2", "numpy>=1000"]
    monkeypatch.setattr(health, "_requirements", lambda: (needed, {"more": ["nor-this>=1"]}))
    trouble = []
    found = health.packages(trouble)
    assert "no-such-package is not installed. Install it with: pip install" in trouble[0]
    assert f"numpy {metadata.version('numpy')} is too old" in trouble[1]
    lines = dict(doctor._packages(found))
    assert lines["[more]"] == 'absent: nor-this (pip install "neurodecode[more]")'


def test_an_installed_package_tells_its_requirements_as_a_checkout_does(monkeypatch, tmp_path):
    """As hatchling writes them into the wheel: extras behind a semicolon."""
    listed = ["numpy>=2.0", "torch>=2.4; extra == 'torch'", 'ruff>=0.12; extra == "dev"']
    monkeypatch.setattr(health, "_PACKAGE", tmp_path / "neurodecode")
    monkeypatch.setattr(health.metadata, "requires", lambda name: listed)
    assert health._requirements() == (["numpy>=2.0"], {"torch": ["torch>=2.4"]})


def test_a_torchaudio_that_was_built_for_another_torch(monkeypatch, place):
    monkeypatch.setattr(health, "_version", lambda name: "2.0" if "torch" in name else "")
    answer = {"errors": {"torch": "", "torchaudio": "OSError: undefined symbol"}, "gpus": ["GPU"]}

    def run(command, **_):
        assert command[-3:-1] == ["torch", "torchaudio"]
        return subprocess.CompletedProcess(command, 0, stdout="noise\n" + json.dumps(answer))

    monkeypatch.setattr(health.subprocess, "run", run)
    trouble = []
    assert place(trouble) == {"torch": "2.0", "gpus": ["GPU"]}
    assert "torchaudio 2.0 is installed and cannot be imported (OSError: undefined" in trouble[0]
    assert "pip uninstall torchaudio" in trouble[0]


def test_a_torch_that_kills_its_process(monkeypatch, place):
    monkeypatch.setattr(health, "_version", lambda name: "2.0" if name == "torch" else "")
    monkeypatch.setattr(health, "_IN_A_PROCESS", "import os; os.abort()")
    assert "torch cannot be imported: its process ended so" in trouble_of(place)


@pytest.mark.slow
def test_the_torch_that_is_installed(place):
    pytest.importorskip("torch")
    trouble = []
    assert place(trouble)["torch"] == metadata.version("torch")
    assert trouble == []


def test_a_card_that_cannot_be_read(monkeypatch, tmp_path):
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets/bad.yaml").write_text("name: [")
    monkeypatch.setattr(health, "shipped_folder", lambda name: tmp_path / name)
    said = trouble_of(health.shipped)
    assert "bad.yaml:1" in said and "cards or experiments are missing" in said


def test_what_cannot_be_looked_at_is_said_and_the_rest_is_shown(monkeypatch, capsys):
    def broken(*_, **__):
        raise OSError("no such library: libblas")

    monkeypatch.setattr("neurodecode.report.evaluate.execute", broken)
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "self_check   COULD NOT BE LOOKED AT" in shown
    assert "wrong: self_check: OSError: no such library: libblas" in shown
    assert "memory" in shown and "Traceback" not in shown


def test_a_machine_that_computes_wrongly(monkeypatch):
    import numpy as np

    rng = np.random.default_rng(1)
    monkeypatch.setattr(np.random, "default_rng", lambda seed: rng)
    monkeypatch.setattr("neurodecode.report.results.Results.rows", lambda self: [Half()])
    assert "scores 0.50, and 0.95 or more is right" in trouble_of(health.self_check)


class Half:
    role = "model"
    mean = 0.5
    note = ""
    metric = "accuracy"
