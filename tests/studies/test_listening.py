"""Continuous EEG to a continuous envelope, in windows that slide through the recordings."""

from pathlib import Path

import numpy as np
import planted
from whole_harness import pass_through

HERE = Path(__file__).parent


def test_an_envelope_is_told_from_eeg(tmp_path):
    planted.listening(tmp_path / "data" / "listening")
    data = ("--data", str(tmp_path / "data"))
    passed = pass_through(HERE / "listening.yaml", tmp_path / "out", *data)
    found = passed.row("linear.lagged_ridge")
    print(passed.results.text())
    print(passed.plan["folds"][0]["purged"])
    said = passed.results.predictions("linear.lagged_ridge")
    assert np.stack(said["pred"].to_list()).shape[1:] == (1, 5 * 64)
