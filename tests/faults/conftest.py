"""Two runs of one person, with a card and an experiment of their own, for the command line."""

from pathlib import Path

import mne
import numpy as np
import pytest

from neurodecode.cli import main

N_CHANNELS, SFREQ, N_PER_RUN = 4, 100.0, 12
CARD = """
name: mine
modality: eeg
reader: {files: {path: "sub-{subject}_run-{run}_raw.fif", session: "1"}}
tasks:
  hand:
    rows: {label: {L: left, R: right}}
    target: {label: label, classes: [left, right]}
    windows: {tmin: 0.0, tmax: 1.0}
"""
EXPERIMENT = """
data: {card: CARD, task: hand}
protocol: {cross_run: {}}
models: [riemann.mdm]
controls: [baseline.prior]
shuffled: {n_draws: 0}
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A folder with ``ask.yaml``, ``mine.yaml``, ``data/mine`` and a cache, to work in."""
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NEURODECODE_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(CARD)
    Path("ask.yaml").write_text(EXPERIMENT.replace("CARD", str(tmp_path / "mine.yaml")))
    Path("data/mine").mkdir(parents=True)
    for run in ("1", "2"):
        _record(run)
    return tmp_path


@pytest.fixture
def record():
    """Write a run anew: its values changed, or with other labels."""
    return _record


@pytest.fixture
def neurodecode():
    """Run a verb on the data of `mine`; gives the exit code."""

    def run(*arguments):
        try:
            return main([*arguments, "--data", "data"])
        except SystemExit as stop:  # argparse leaves this way
            return stop.code

    return run


@pytest.fixture
def run_it(neurodecode):
    """Run ``ask.yaml`` with some keys set; gives the exit code."""

    def run(*overrides, more=()):
        sets = [part for override in overrides for part in ("--set", override)]
        return neurodecode("run", "ask.yaml", "--engine", "inline", *sets, *more)

    return run


@pytest.fixture
def said(capsys):
    """Give what stderr holds since the last call; never a traceback."""

    def text():
        found = capsys.readouterr().err
        assert "Traceback" not in found
        return found

    return text


@pytest.fixture
def done():
    """Give the jobs that are stored."""
    return lambda: list(Path("results").rglob("done.json"))


def _record(run, change=lambda values: values, labels=("L", "R")):
    rng = np.random.default_rng(int(run))
    n_times = int((3 * N_PER_RUN + 5) * SFREQ)
    values = change(2e-5 * rng.standard_normal((N_CHANNELS, n_times)))
    info = mne.create_info(["Fz", "C3", "C4", "Pz"], SFREQ, "eeg")
    raw = mne.io.RawArray(values, info, verbose="error")
    onset = 2 + 3.0 * np.arange(N_PER_RUN)
    told = np.resize(np.array(labels), N_PER_RUN)
    raw.set_annotations(mne.Annotations(onset, np.full(N_PER_RUN, 1.0), told))
    raw.save(f"data/mine/sub-01_run-{run}_raw.fif", overwrite=True, verbose="error")
