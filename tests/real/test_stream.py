"""A run of a person, replayed to a model of two other runs, is told as the batch tells it."""

import os
from pathlib import Path

import numpy as np
import pytest

from neurodecode.cli import main
from neurodecode.harness.apply import predict_files
from neurodecode.harness.serve import continuous, servable
from neurodecode.online.sources import replayed

EXPERIMENT = """
data: {card: eegbci, task: left_right, subjects: ["001"], runs: ["04", "08"]}
prepare:
  - notch: {freqs: [60], method: iir, phase: causal}
  - filter: {l_freq: 8, h_freq: 30, method: iir, phase: causal}
  - resample: {sfreq: 128, phase: causal}
windows: {length: 2.0, hop: 0.5, otherwise: rest}
target: {label: label, classes: [rest, left, right]}
protocol: {cross_run: {}}
models: [riemann.tangent_space, riemann.mdm]
controls: []
shuffled: {n_draws: 0}
keep: final
"""


@pytest.fixture(scope="module")
def file():
    roots = os.environ.get("NEURODECODE_DATA", "").split(os.pathsep)
    for root in filter(None, roots):
        found = Path(root) / "eegbci" / "S001R12.edf"
        if found.exists():
            return found
    pytest.skip("eegbci/S001R12.edf is not in NEURODECODE_DATA")


@pytest.mark.slow  # 64 channels, two runs: half a minute
def test_run_12_replayed_is_what_the_batch_says(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "own.yaml").write_text(EXPERIMENT)
    assert main(["run", "own.yaml", "--engine", "inline"]) == 0
    for model in ("riemann.tangent_space", "riemann.mdm"):
        batch = predict_files(Path("results/own"), [file], model).table
        found = servable(Path("results/own"), model)
        signal = continuous(found.recording(file))
        decoder = found.decoder(signal, str(file)).decoder
        decisions = [
            one
            for chunk in replayed(signal, 0.04)  # 6 samples, which hops of 80 are no multiple of
            for one in decoder.push(chunk.data, first=chunk.first)
        ]
        assert len(decisions) == len(batch) > 200
        scores = np.array([one.scores for one in decisions])
        columns = [f"score_{name}" for name in decoder.classes]
        np.testing.assert_allclose(scores, batch[columns], rtol=1e-10, atol=1e-10)
        assert [one.label for one in decisions] == batch["pred"].tolist()
