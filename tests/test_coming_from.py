"""The page for those who come from elsewhere: its code runs, and both sides agree."""

import re
from pathlib import Path

import mne
import pytest
import yaml
from moabb.evaluations.protocols import CrossSubjectMode

from neurodecode.core.names import catalogue
from neurodecode.harness.experiment import read_experiment

mne.set_log_level("ERROR")
ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/COMING_FROM.md").read_text()
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
EXPERIMENT = """
data: {card: eegbci, task: left_right}
protocol: {cross_subject: {}}
models: [riemann.mdm]
"""


@pytest.fixture
def in_a_clone(tmp_path, monkeypatch):
    """A folder with the samples in it, as a clone has them, and homes of its own."""
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NEURODECODE_DATA", raising=False)
    for name in ("_MNE_FAKE_HOME_DIR", "MNE_DATA", "MNE_RESULTS"):
        monkeypatch.setenv(name, str(tmp_path))
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("library", SECTIONS)
def test_both_sides_agree(library, in_a_clone):
    for name, card in re.findall(r"```yaml\n# (\S+)\n(.*?)```", SECTIONS[library], re.DOTALL):
        Path(name).write_text(card)
    (code,) = re.findall(r"```python\n(.*?)```", SECTIONS[library], re.DOTALL)
    names = {}
    exec(compile(code, f"COMING_FROM.md, {library}", "exec"), names)
    # MOABB's file keeps scores in single precision.
    assert names["ours"] == pytest.approx(
        names["theirs"], abs=1e-7 if library == "MOABB" else 1e-12
    )
    assert 0 < names["ours"] < 1


def test_the_seven_modes_are_moabbs(tmp_path):
    told = dict(re.findall(r"^\| `(TRAIN\w*)` \| `(.*?)` \|$", PAGE, re.MULTILINE))
    assert list(told) == [mode.name for mode in CrossSubjectMode] and len(told) == 7
    for mode in CrossSubjectMode:
        path = tmp_path / "ask.yaml"
        path.write_text(f"{EXPERIMENT}target_access: {told[mode.name]}\n")
        access = read_experiment(path).question.access
        size = 1.0 if access.transductive else access.calibration or access.unlabelled or 0.0
        assert size == mode.calibration_size
        assert (access.calibration is not None) == mode.calibration_labeled
        assert access.one_by_one == mode.trialwise


def test_preparations_that_are_named_are_there():
    for group in re.findall(r"prepare: \[(.*?)\]`", PAGE):
        for name in re.findall(r"(?:^|, )(\w+): [{…]", re.sub(r"\{.*?\}+", "{", group)):
            assert name in catalogue("signal"), name


def test_cards_of_the_page_are_yaml():
    for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        assert {"name", "modality", "reader", "tasks"} <= set(yaml.safe_load(block))
