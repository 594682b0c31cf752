"""What every preparation promises, and what several of them ask of a signal."""

from typing import ClassVar, Protocol

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.recording import Signal

# A channel whose s.d. is below this share of its largest value varies by rounding alone.
ROUNDING = 1e-12


class Preparation(Protocol):
    """A map from the signal of one recording to a signal; knows nothing of labels or folds."""

    version: ClassVar[int]

    def __call__(self, signal: Signal) -> Signal:
        """Give the prepared signal; the one handed in is left as it is."""
        ...

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result from the header of the signal, without any data."""
        ...

    def reach(self, sfreq: float) -> float:
        """Seconds between an output and the furthest input it depends on."""
        ...


def need_continuous(signal: Signal, name: str, instead: str) -> float:
    """Give the rate of a continuous signal, in Hz.

    Raises
    ------
    DataError
        If the signal consists of entries (volumes, blocks, trials) or has no rate.
    """
    if not signal.continuous or signal.sfreq is None:
        raise DataError(
            f"{name}: {signal!r} has entries along axis 0 (axes {signal.axes}), and {name} needs "
            f"continuous channels sampled at a rate. {instead}"
        )
    return signal.sfreq


def as_float(signal: Signal) -> np.ndarray:
    """Give the data in double precision, without a copy where they are already.

    Raises
    ------
    DataError
        If the signal is a header.
    """
    if signal.data is None:
        raise DataError(f"{signal!r} is a header without data. Call `preview` for headers.")
    return np.asarray(signal.data, dtype=np.float64)
