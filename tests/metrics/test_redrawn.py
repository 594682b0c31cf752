"""Scores of drawn rows, all draws together, are those of each draw by itself."""

import numpy as np
import pytest

from neurodecode.core.errors import DataError
from neurodecode.metrics import redrawn
from neurodecode.metrics.regression import r, r2

CASES = {
    "voxels": lambda true, pred: (true, pred),
    "far from zero": lambda true, pred: (true + 1e5, pred + 1e5),
    "large": lambda true, pred: (1e100 * true, 1e100 * pred),
    "small": lambda true, pred: (1e-12 * true, 1e-12 * pred),
    "one target": lambda true, pred: (true[:, 0], pred[:, 0]),
    "counts": lambda true, pred: (np.maximum(np.round(true), 0), pred),
    "mostly constant": lambda true, pred: (np.where(np.arange(12)[:, None] < 10, 3.1, true), pred),
    "constant target": lambda true, pred: (true * [1, 0, 1, 1] + 0.1, pred),
    "constant answers": lambda true, pred: (true, pred * [1, 1, 0, 0] + 0.1),
    "no answer": lambda true, pred: (true, 0 * pred + 0.3),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("metric", "together"), [(r, redrawn.r_redrawn), (r2, redrawn.r2_redrawn)])
def test_all_draws_together_are_each_draw_by_itself(metric, together, case, monkeypatch):
    rng = np.random.default_rng(0)
    true = rng.standard_normal((12, 4))
    true, pred = CASES[case](true, true + rng.standard_normal((12, 4)))
    times = np.stack([np.bincount(rng.integers(12, size=12), minlength=12) for _ in range(50)])
    times[0], times[1] = 0, np.eye(12)[3]  # nothing, and one row
    times[2] = 4 * np.eye(12)[5]  # one row four times

    def alone(index):
        try:
            return metric(true[index], pred[index])
        except DataError:
            return np.nan

    expected = [alone(np.repeat(np.arange(12), one)) if one.any() else np.nan for one in times]
    np.testing.assert_allclose(together(true, pred, times), expected, rtol=1e-8, atol=1e-10)
    monkeypatch.setattr(redrawn, "_BYTES", 1)  # target by target
    np.testing.assert_allclose(together(true, pred, times), expected, rtol=1e-8, atol=1e-10)
