import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests_harness: what these tests share

from tests_harness import planted, study_of


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def study():
    return study_of(*planted())


@pytest.fixture
def asked(study):
    """Give the study with its question changed."""
    return lambda **changes: replace(study, question=replace(study.question, **changes))
