"""Notebooks run from top to bottom, and are kept without output."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# The first trains an auto-encoder and a diffusion model; the others take 15 s to 45 s each.
SLOW = ("picture_reconstruction", "imagery_online", "lab_folder_to_table", "picture_retrieval",
        "fmri_patterns", "planted_truth", "encoding_study", "rsa_study")  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.slow if path.stem in SLOW else ()) for path in NOTEBOOKS],
    ids=lambda path: path.stem,
)
def test_it_runs(path, tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # figures are drawn into the notebook
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(path, as_version=4)
    place = tmp_path / "notebooks"  # what it writes stays here; what it reads is the checkout's
    place.mkdir()
    (tmp_path / "datasets").symlink_to(FOLDER.parent / "datasets")
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": place}}).execute()
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", ())]
    assert any("image/png" in one.get("data", {}) for one in outputs)
    assert (place / "out" / "report.html").is_file()
    assert not any(one.output_type == "error" for one in outputs)
    assert not any(one.get("name") == "stderr" for one in outputs)  # no warning of ours


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_output(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_there_is_one():
    assert NOTEBOOKS
