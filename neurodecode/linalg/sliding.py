"""Covariances of all windows that slide over a recording."""

from math import frexp
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg._moments import (
    WindowEstimator,
    estimate,
    far_from_origin,
    fill_below,
    n_rows_below,
)
from neurodecode.linalg._namespace import as_floats, as_numpy, is_tensor, namespace, new_empty
from neurodecode.linalg.covariance import check_finite, covariances

# Bytes of matrices in hand at once. Arrays: what stays in the cache; a tensor may lie on a device
# that is quick with many alone.
BLOCK, TENSOR_BLOCK = 2**21, 2**27


def sliding_covariances(
    x: Any, n_window: int, n_hop: int, estimator: WindowEstimator = "scm"
) -> Any:
    """Estimate the covariance of every window of a recording.

    A product of each hop's samples, summed over windows by doubling: of two hops, of four, of
    eight. Sums of squares are added and never subtracted, so that an artefact is gone with the
    last window that holds it, in single precision too.

    Parameters
    ----------
    x : ndarray or tensor, shape (..., n_channels, n_times)
    n_window, n_hop : int
        Samples of a window, and between the beginnings of two; in any proportion. A last window
        that is not full is left out.
    estimator : {"scm", "cov", "oas", "lwf"}
        See `neurodecode.linalg.covariance.covariances`.

    Returns
    -------
    C : ndarray or tensor, shape (..., n_windows, n_channels, n_channels)
        Equal to `covariances` of the windows. Window i begins at sample ``i * n_hop``.

    Raises
    ------
    ConfigError
        If `n_window` is below 2, `n_hop` below 1, or the estimator no sum over samples.
    DataError
        If the recording is shorter than a window, or has a value that is not finite.

    Notes
    -----
    Sums are about the typical value of some hundred windows. A window whose mean lies far from it,
    as after a step, is computed by itself, since squares about an origin k standard deviations
    away lose k² roundings.
    """
    x = as_floats(x)
    below = n_rows_below(estimator)
    check_windows(n_window, n_hop)
    *leading, n_channels, n_times = x.shape
    if n_times < n_window:
        raise DataError(
            f"a recording of {n_times} samples has no window of {n_window}. Use shorter windows."
        )
    n_windows = (n_times - n_window) // n_hop + 1
    C = new_empty(x, (*leading, n_windows, n_channels, n_channels))
    budget = TENSOR_BLOCK if is_tensor(x) else BLOCK
    # No fewer windows than hops of one: what two blocks share is computed twice.
    step = max(budget // (x.itemsize * (n_channels + below) ** 2), n_window // n_hop, 1)
    for start in range(0, n_windows, step):
        stop = min(start + step, n_windows)
        part = x[..., start * n_hop : (stop - 1) * n_hop + n_window]
        C[..., start:stop, :, :] = _windows(part, n_window, n_hop, estimator, below)
    check_finite(C, x)
    return C


def check_windows(n_window: int, n_hop: int) -> None:
    """Hold windows to having a covariance.

    Raises
    ------
    ConfigError
        If they have fewer than 2 samples, or do not move.
    """
    if n_window < 2 or n_hop < 1:
        raise ConfigError(
            f"windows of {n_window} sample(s) every {n_hop}. Give 2 samples or more, every 1 or "
            "more."
        )


def window_sums(pieces: Any, m: int) -> Any:
    """Sum every `m` successive pieces, by doubling.

    Parameters
    ----------
    pieces : ndarray or tensor, shape (n_pieces, ...)
    m : int

    Returns
    -------
    sums : ndarray or tensor, shape (n_pieces - m + 1, ...)
    """
    n = len(pieces) - m + 1
    total, offset, width = None, 0, 1
    while True:
        if m & 1:
            here = pieces[offset : offset + n]
            total = here if total is None else total + here
            offset += width
        m >>= 1
        if not m:
            return total
        pieces = pieces[:-width] + pieces[width:]
        width *= 2


def _windows(x: Any, n_window: int, n_hop: int, estimator: WindowEstimator, below: int) -> Any:
    """Give the covariances of the windows of a part, shape (..., n_windows, n, n)."""
    *leading, n_channels, n_times = x.shape
    rows = new_empty(x, (*leading, n_channels + below, n_times))
    m, rest = divmod(n_window, n_hop)
    n_hops = (n_times - rest) // n_hop
    y = x - _typical(x, n_hop)[..., None]
    scale = _scale(y)  # a power of two: fourth powers stay numbers, and nothing is rounded
    rows[..., :n_channels, :] = y / scale
    fill_below(rows, n_channels)
    # Hops first: (n_hops, ..., n_rows, n_hop), without a copy.
    hops = rows[..., : n_hops * n_hop].reshape(*leading, n_channels + below, n_hops, n_hop)
    hops = namespace(x).moveaxis(hops, -2, 0)
    if not rest:
        sums = window_sums(_products(hops), m)
    else:
        begins = _products(hops[..., :rest])
        last = _products(rows[None, ..., n_hops * n_hop :])
        sums = new_empty(begins, (n_hops - m + 1, *begins.shape[1:]))
        sums[:-1] = begins[m:]
        sums[-1] = last[0]
        if m:
            sums += window_sums(begins + _products(hops[..., rest:]), m)
    C = estimate(sums, n_channels, n_window, estimator)
    C *= scale**2
    for i, *at in np.argwhere(as_numpy(far_from_origin(sums, n_channels, n_window))):
        window = x[(*at, slice(None), slice(i * n_hop, i * n_hop + n_window))]
        C[(i, *at)] = covariances(window, estimator)
    return namespace(x).moveaxis(C, 0, -3)


def _typical(x: Any, n_hop: int) -> Any:
    """Give the median over hops of each channel's mean: an artefact does not move it."""
    n_hops = max(1, x.shape[-1] // n_hop)
    hops = x[..., : n_hops * n_hop].reshape(*x.shape[:-1], n_hops, -1).mean(-1)
    return hops.median(-1).values if is_tensor(x) else np.median(hops, -1)


def _products(pieces: Any) -> Any:
    return pieces @ pieces.mT


def _scale(y: Any) -> float:
    largest = float(abs(y).max())
    return 2.0 ** frexp(largest)[1] if 0 < largest < float("inf") else 1.0
