import sys
from pathlib import Path

import mne
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # honesty_studies: what these tests share
mne.set_log_level("ERROR")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
