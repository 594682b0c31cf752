"""How many of a recording's channels are independent."""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.recording import Signal
from neurodecode.signal._contract import ROUNDING, as_float

# Of the largest eigenvalue of the correlations. Average references and interpolation in double
# precision leave about 1e-16 there, in single precision 1e-14; the weakest direction of a real
# recording of 64 channels has about 1e-5.
TOLERANCE = 1e-10
CHUNK = 8_192


def measured_rank(signal: Signal) -> int:
    """Rank of the covariance of a recording's channels.

    Eigenvalues of the correlation matrix are counted, so that volts and teslas may stand side by
    side, down to 1e-10 of the largest; a flat channel counts as none.

    Parameters
    ----------
    signal : Signal
        Channels, parcels or the like over time, continuous or in epochs. Of several bands, the
        smallest rank within one of them.

    Returns
    -------
    rank : int
        0 where there are no values.

    Raises
    ------
    DataError
        If the signal has other axes, or values that are not finite.
    """
    if signal.axes[-1] != "time" or signal.axes[:-2] not in ((), ("band",)):
        raise DataError(
            f"measured_rank: {signal!r} has axes {signal.axes}, expected channel and time. "
            "Only the rank of channels over time is asked for."
        )
    data = as_float(signal)
    if data.size == 0:
        return 0
    epochs = data if signal.entries else data[np.newaxis]  # (n_epochs, [n_bands,] n_channels, …)
    bands = [epochs[:, i] for i in range(epochs.shape[1])] if epochs.ndim == 4 else [epochs]
    return min(_rank(band, signal) for band in bands)


def _rank(epochs: np.ndarray, signal: Signal) -> int:
    n_channels, n_samples = epochs.shape[1], len(epochs) * epochs.shape[2]
    mean = epochs.mean(axis=(0, 2))[:, np.newaxis]
    scatter = np.zeros((n_channels, n_channels))
    for epoch in epochs:
        for start in range(0, epoch.shape[1], CHUNK):
            centred = epoch[:, start : start + CHUNK] - mean
            scatter += centred @ centred.T
    if not np.isfinite(scatter).all():
        raise DataError(
            f"measured_rank: {signal!r} has values that are not finite. Drop those channels first."
        )
    scale = np.sqrt(np.diag(scatter))
    # A constant channel leaves the rounding of its mean.
    alive = scale > ROUNDING * np.abs(epochs).max(axis=(0, 2)) * np.sqrt(n_samples)
    if not alive.any():
        return 0
    correlation = (scatter / np.outer(scale, scale).clip(np.finfo(float).tiny))[
        np.ix_(alive, alive)
    ]
    eigenvalues = np.linalg.eigvalsh(correlation)
    return int(np.count_nonzero(eigenvalues > TOLERANCE * eigenvalues[-1]))
