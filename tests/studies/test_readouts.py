"""Bars of the world of places and objects: which readout tells which voxels."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is an extra")

from readouts import FACTORIZED, GAUSSIAN, REGIONS, RIDGE, SEEDS, SEMANTIC, of_seed, scores, world

NAMES = (RIDGE, FACTORIZED, GAUSSIAN, REGIONS, SEMANTIC)


def test_every_row_is_scored_on_new_pictures():
    """Two passes over 40 pictures; the full sizes are the card's."""
    seen = world(0, n_pictures=60, n_test=20, n_each=2)
    assert (seen.X.shape, seen.y.shape) == ((40, 36, 16), (40, 10))
    assert (seen.X_test.shape, seen.planted.shape) == ((20, 36, 16), (20, 4))
    assert not set(map(bytes, seen.X)) & set(map(bytes, seen.X_test))
    of_ridge = scores(seen, RIDGE, 0)
    assert set(of_ridge) == {"early", "category"}
    found = scores(seen, REGIONS, 0, training={"max_epochs": 2})
    assert 0 < found["attention"] < 1
    # 36 places of 16 channels are brought to 32; 10 voxels, 5 queries.
    assert found["n_parameters"] == 19_084 - 290 * 33


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a seed that was run once lies for all tests."""
    return tmp_path_factory.mktemp("readouts")


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_readouts_hold_the_bars(seed, folder):
    """Specification 5.9 B; README.md says what was found. A seed takes two minutes of a core."""
    found = of_seed(seed, folder, NAMES)
    assert found[GAUSSIAN]["early"] >= 0.97
    assert found[GAUSSIAN]["early"] > found[RIDGE]["early"]
    assert found[REGIONS]["category"] >= 0.95
    assert found[REGIONS]["category"] >= found[RIDGE]["category"] + 0.4
    assert found[REGIONS]["attention"] >= 0.6
    # Neither a static field nor one query for many fields serves the others.
    assert found[GAUSSIAN]["category"] < 0.5
    assert found[REGIONS]["early"] < found[GAUSSIAN]["early"] - 0.1
    assert min(found[SEMANTIC]["early"], found[SEMANTIC]["category"]) >= 0.95
    assert np.all([found[name]["converged"] for name in NAMES[1:]])
