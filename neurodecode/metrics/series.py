"""Scores of predicted series, such as the envelope of what was heard."""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.metrics.metric import metric, zero
from neurodecode.metrics.regression import correlations, unit_columns


@metric(direction="up", range=(-1, 1), kinds=("series",), chance=zero)
def r_over_time(true, pred, *, scores=None, rows=None, gallery=None):
    """Pearson correlation over the samples of a window, averaged over windows and targets.

    The mean is of plain correlations. A window whose truth is constant can be told neither well nor
    badly and is left out; an answer that is constant counts 0. Longer windows give scores that
    scatter less, with the same mean but for slow drifts: compare at one length.

    Parameters
    ----------
    true, pred : ndarray, shape (n, n_targets, n_times)

    Returns
    -------
    score : float

    Raises
    ------
    DataError
        If every true window is constant, or the answers are of another shape.
    """
    del scores, rows, gallery
    true, pred = np.asarray(true, dtype=np.float64), np.asarray(pred, dtype=np.float64)
    if true.shape != pred.shape:
        raise DataError(f"predictions of shape {pred.shape} for truth of shape {true.shape}")
    true, pred = (one.reshape(-1, one.shape[-1]).T for one in (true, pred))
    varies = np.any(unit_columns(true) != 0, axis=0)
    if not varies.any():
        raise DataError("the truth is constant in every window")
    return float(np.mean(correlations(true, pred)[varies]))
