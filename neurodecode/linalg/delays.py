"""Features of earlier samples beside those of each sample: a finite impulse response."""

from collections.abc import Sequence

import numpy as np


def delayed(
    X: np.ndarray,
    delays: Sequence[int],
    stretch: np.ndarray | None = None,
    *,
    before: float | np.ndarray = 0.0,
) -> np.ndarray:
    """Put the features of several samples side by side, those of one delay after the other.

    Parameters
    ----------
    X : ndarray, shape (n_times, n_features)
        In the order of time.
    delays : sequence of int
        Samples from what is copied to where it is put; negative ones look ahead.
    stretch : ndarray, shape (n_times,), or None
        Equal within what is unbroken, such as a run: nothing is copied out of it. None: all is one.
    before : float or ndarray, shape (n_features,)
        What stands where a stretch has not begun, or has ended: of scaled features 0, their mean.

    Returns
    -------
    Z : ndarray, shape (n_times, n_delays * n_features)
        Column ``d * n_features + j`` is feature ``j`` of ``delays[d]`` samples ago: the layout of
        the voxelwise-tutorials' ``Delayer``, which knows no runs.
    """
    X = np.asarray(X)
    stretch = np.zeros(len(X), dtype=np.intp) if stretch is None else np.asarray(stretch)
    Z = np.empty((len(X), len(delays), X.shape[1]), dtype=X.dtype)
    Z[:] = before
    now = np.arange(len(X))
    for d, delay in enumerate(delays):
        then = now - delay
        there = (then >= 0) & (then < len(X))
        there[there] = stretch[then[there]] == stretch[now[there]]
        Z[there, d] = X[then[there]]
    return Z.reshape(len(X), -1)
