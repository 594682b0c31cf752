import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # whole_harness: what these tests share


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Work beside the experiments, with a cache of the test's own and no recordings."""
    monkeypatch.chdir(Path(__file__).parent)
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NEURODECODE_DATA", "")
