import sys
from pathlib import Path

import mne
import pytest

# What these tests share, and what they share with those of the harness.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "harness")]
mne.set_log_level("ERROR")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
