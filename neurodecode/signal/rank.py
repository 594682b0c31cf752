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
        Axes channel and time.

    Returns
    -------
    rank : int

    Raises
    ------
    DataError
        If the signal has other axes, or values that are not finite.
    """
    if signal.axes != ("channel", "time"):
        raise DataError(
            f"measured_rank: {signal!r} has axes {signal.axes}, expected channel and time. "
            "Only the rank of continuous channels is asked for."
        )
    data = as_float(signal)
    mean = data.mean(axis=1, keepdims=True)
    scatter = np.zeros((len(data), len(data)))  # (n_channels, n_channels)
    for start in range(0, data.shape[1], CHUNK):
        centred = data[:, start : start + CHUNK] - mean
        scatter += centred @ centred.T
    if not np.isfinite(scatter).all():
        raise DataError(
            f"measured_rank: {signal!r} has values that are not finite. Drop those channels first."
        )
    scale = np.sqrt(np.diag(scatter))
    # A constant channel leaves the rounding of its mean.
    alive = scale > ROUNDING * np.abs(data).max(axis=1) * np.sqrt(data.shape[1])
    if not alive.any():
        return 0
    correlation = (scatter / np.outer(scale, scale).clip(np.finfo(float).tiny))[
        np.ix_(alive, alive)
    ]
    eigenvalues = np.linalg.eigvalsh(correlation)
    return int(np.count_nonzero(eigenvalues > TOLERANCE * eigenvalues[-1]))
