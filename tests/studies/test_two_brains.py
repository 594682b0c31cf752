"""Two people whose brains have 300 and 410 voxels: each decoded, and each told from features."""

from pathlib import Path

import numpy as np
import planted
import pytest
from whole_harness import pass_through

HERE = Path(__file__).parent
N_VOXELS = {"01": 300, "02": 410}


@pytest.fixture
def data(tmp_path):
    planted.two_brains(tmp_path / "data" / "two_brains", N_VOXELS)
    return tmp_path / "data"


def test_decoding_within_each(data, tmp_path):
    passed = pass_through(HERE / "two_brains_decode.yaml", tmp_path / "out", "--data", str(data))
    found = passed.row("linear.lda")
    assert set(found["per_unit"]) == set(N_VOXELS)
    assert all(score > 0.45 for score in found["per_unit"].values()), found["per_unit"]


def test_encoding_within_each(data, tmp_path):
    passed = pass_through(HERE / "two_brains_encode.yaml", tmp_path / "out", "--data", str(data))
    found = passed.row("scale + linear.ridge", "r")
    assert set(found["per_unit"]) == set(N_VOXELS)
    said = passed.results.predictions("scale + linear.ridge")
    for subject, n_voxels in N_VOXELS.items():
        mine = said[said["subject"] == subject]
        assert np.stack(mine["pred"].to_list()).shape == (24, n_voxels)
    print(passed.results.text())
