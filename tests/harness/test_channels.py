"""Recordings of different channels, brought to one list or named."""

from pathlib import Path

import mne
import numpy as np
import pytest

from neurodecode.core.errors import ConfigError
from neurodecode.data.readers._sensors import known_montage
from neurodecode.harness.experiment import read_experiment
from neurodecode.harness.opening import open_study
from neurodecode.harness.plan import make_plan

CARD = """
name: mine
modality: eeg
reader: {files: {path: "S{subject}_R{run}_raw.fif"}}
tasks:
  sides:
    rows: {label: [left, right]}
    target: {label: label, classes: [left, right]}
    windows: {tmin: 0.0, tmax: 0.5}
"""
EXPERIMENT = """
data: {card: mine.yaml, task: sides}
protocol: {cross_subject: {}}
models: [linear.logistic]
"""


@pytest.fixture
def two_montages(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    montage = mne.channels.make_standard_montage(known_montage("standard_1020"))
    lists = {"1": ["Fz", "C3", "Cz", "C4", "Pz"], "2": ["Pz", "Cz", "C3", "Fz", "Oz"]}
    for subject, names in lists.items():
        info = mne.create_info(names, 128.0, "eeg")
        raw = mne.io.RawArray(2e-5 * rng.standard_normal((5, 2560)), info, verbose="error")
        raw.set_montage(montage, verbose="error")
        raw.set_annotations(mne.Annotations(np.arange(1, 17), 0.5, ["left", "right"] * 8))
        raw.save(f"S{subject}_R1_raw.fif", verbose="error")
    Path("mine.yaml").write_text(CARD)
    Path("e.yaml").write_text(EXPERIMENT)

    def study(*overrides, compute=True):
        resolved = read_experiment(Path("e.yaml"), overrides)
        return open_study(resolved, tmp_path, compute=compute)

    return study


def names(study):
    return {part.space.names for part in study.trials.signal().used()}


def test_channels_that_differ_are_named_before_anything_is_computed(two_montages):
    with pytest.raises(ConfigError, match=r"extra: \['Oz'\], lacking: \['C4'\]"):
        make_plan(two_montages(compute=False))


def test_common_channels_are_those_of_all_in_the_order_of_the_first(two_montages):
    for compute in (False, True):
        study = two_montages("channels=common", compute=compute)
        assert names(study) == {("Fz", "C3", "Cz", "Pz")}
    assert make_plan(study).jobs
    raw = mne.io.read_raw_fif("S2_R1_raw.fif", verbose="error")
    expected = raw.get_data(["Fz", "C3", "Cz", "Pz"])[:, 128:193]
    mine = study.trials.select(subject="2")
    np.testing.assert_array_equal(mine.X[0], expected)


def test_channels_that_are_lacking_are_interpolated_and_told(two_montages):
    study = two_montages("channels=interpolate")
    assert names(study) == {("Fz", "C3", "Cz", "C4", "Pz", "Oz")}
    assert "sub-1_ses-1_run-1: 1 of 6 channels interpolated: Oz." in study.notes
    assert "sub-2_ses-1_run-1: 1 of 6 channels interpolated: C4." in study.notes
    assert make_plan(study).notes[: len(study.notes)] == study.notes
