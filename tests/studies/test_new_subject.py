"""A new person by a few trials: what the others' network is worth, and how long."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is an extra")

from new_subject import LAYER, ORACLE, RIDGE, SCRATCH, SHUFFLED, UNSEEN, curve


@pytest.mark.slow
def test_a_network_of_others_is_worth_more_than_one_from_nothing_and_ridge_overtakes_it(tmp_path):
    """Where waves tell. Seeds 0 to 2 stand in README.md; s.d. of a null of 50 pictures is .04."""
    found = curve(0, tmp_path, (50, 400))
    score = {(name, k): one["two_way"] for name, ks in found.items() for k, one in ks.items()}
    assert score[UNSEEN, "0"] > 0.7
    for k in ("50", "400"):
        assert score[LAYER, k] > score[SCRATCH, k] + 0.04
        assert abs(score[SHUFFLED, k] - 0.5) < 0.13
    assert score[LAYER, "50"] > score[SCRATCH, "50"] + 0.2
    assert score[RIDGE, "400"] > score[LAYER, "400"] + 0.05  # ridge has what a wave is made of
    assert score[ORACLE, "0"] == max(score.values())
    assert np.all([one["converged"] for one in found[SCRATCH].values()])
