"""Noise ceilings of real recordings, beside the figures of the data's README."""

import os
from pathlib import Path

import numpy as np
import pytest
import yaml

from neurodecode.cli import main
from neurodecode.metrics.ceiling import as_r, for_mean_of, spearman_brown
from neurodecode.metrics.ceilings import anova_nc, split_half
from neurodecode.metrics.regression import correlations
from neurodecode.report.results import Results


def file_of(card: str, name: str) -> Path:
    for root in filter(None, os.environ.get("NEURODECODE_DATA", "").split(os.pathsep)):
        if (Path(root) / card / name).is_file():
            return Path(root) / card / name
    return pytest.skip(f"{card} is not in NEURODECODE_DATA")


@pytest.fixture(scope="module")
def v4():
    """Counts of V4 cells, (n_repeats, n_pictures, n_cells), 6 to 10 repeats; NaN where missing."""
    with np.load(file_of("v4_natural", "responses_210325.npz")) as stored:
        counts = stored["counts_per_repeat_255_is_missing"]
    return np.where(counts == 255, np.nan, counts.astype(float)).transpose(1, 0, 2)


# README 4.9, 20 split halves: reliability .604, by Spearman-Brown .743, ceiling of r .859.
def test_halves_of_each_pictures_repeats_have_the_readmes_reliability(v4):
    rng = np.random.default_rng(0)
    r = []
    for _ in range(20):
        halves = np.empty((2, *v4.shape[1:]))
        for i, mine in enumerate(v4.transpose(1, 0, 2)):
            known = rng.permutation(np.flatnonzero(np.isfinite(mine[:, 0])))
            half = len(known) // 2
            halves[:, i] = mine[known[:half]].mean(axis=0), mine[known[half:]].mean(axis=0)
        r.append(correlations(*halves))
    of_half = np.mean(r, axis=0)
    assert of_half.mean() == pytest.approx(0.604, abs=0.002)
    assert spearman_brown(of_half, 2).mean() == pytest.approx(0.743, abs=0.002)
    assert np.sqrt(spearman_brown(of_half, 2)).mean() == pytest.approx(0.859, abs=0.002)


@pytest.mark.parametrize("function", [anova_nc, lambda repeats: split_half(repeats, 20)])
def test_each_function_finds_them(v4, function):
    found = function(v4)
    assert found.n_repeats == pytest.approx(7.491, abs=0.001)  # harmonic mean of 6 to 10
    assert for_mean_of(found, found.n_repeats / 2).value.mean() == pytest.approx(0.604, abs=0.004)
    assert found.value.mean() == pytest.approx(0.743, abs=0.004)
    assert as_r(found).value.mean() == pytest.approx(0.859, abs=0.002)


@pytest.mark.slow
def test_ridge_reaches_as_much_of_the_ceiling_of_single_showings_as_of_their_means(
    tmp_path, monkeypatch
):
    file_of("v4_natural", "responses_210325.npz")
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    asked = {
        "data": {"card": "v4_natural", "task": "responses", "variant": "repeats"},
        "direction": "encode",
        "features": {"edges": "gabor"},
        "protocol": {"shared_stimuli": {"n_splits": 5}},
        "models": [["scale", {"linear.ridge": {"alphas": [10000.0]}}]],
        "metrics": ["r", "r2"],
        "shuffled": {"n_draws": 0},
    }
    rows = {}
    for name, more in (("single", {}), ("mean", {"aggregate": {"by": ["subject", "stimulus"]}})):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(asked | more))
        path = tmp_path / f"{name}.yaml"
        assert main(["run", str(path), "--out", str(tmp_path), "--engine", "inline"]) == 0
        for row in Results(tmp_path / name).rows():
            if row.role == "model":
                rows[name, row.metric] = row
    mean, single = rows["mean", "r"], rows["single", "r"]
    # README 4.9: r .518 ± .015 of means, R² .278; ceiling .859, and .601 of it.
    assert mean.mean == pytest.approx(0.518, abs=0.015)
    assert mean.ceiling == pytest.approx(0.859, abs=0.003)
    assert mean.of_ceiling == pytest.approx(0.601, abs=0.015)
    assert mean.n_above == mean.n_targets == 50
    # Single showings have a ceiling of .548, and a model the same fraction of it.
    assert single.ceiling < 0.56
    assert single.of_ceiling == pytest.approx(mean.of_ceiling, abs=0.01)
    assert rows["single", "r2"].of_ceiling == pytest.approx(rows["mean", "r2"].of_ceiling, abs=0.02)
