"""The clock of a signal: when each sample or entry was recorded, and moving it."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal


def sample_times(signal: Signal) -> np.ndarray:
    """Seconds from the recording's start of each sample or entry.

    Parameters
    ----------
    signal : Signal
        A signal or its header. Without `sfreq`, entry i has the onset of event i.

    Returns
    -------
    times : ndarray, shape (n_times,)

    Raises
    ------
    DataError
        If entries without a rate do not come one to an event, or an onset is unknown.
    """
    n_times = signal.n_times
    if n_times is None:
        raise DataError(f"{signal!r}: its length is unknown, so its times are too. Set n_times.")
    if signal.sfreq is not None:
        return signal.tmin + np.arange(n_times) / signal.sfreq
    if len(signal.events) != n_times:
        raise DataError(
            f"{signal!r}: {n_times} entries without a rate need one event each, and there are "
            f"{len(signal.events)}. Give the reader one row of events an entry, or a t_r."
        )
    onsets = signal.events["onset"].to_numpy(dtype=np.float64)
    if not np.isfinite(onsets).all():
        unknown = np.flatnonzero(~np.isfinite(onsets))
        raise DataError(
            f"{signal!r}: the onset of {len(unknown)} entries is unknown (the first is entry "
            f"{unknown[0]}). Give every entry its onset in seconds."
        )
    return onsets


@dataclass(frozen=True)
class Shift:
    """Move the signal's clock back, so that what is recorded late counts as when it was caused.

    With ``seconds: 5`` a volume acquired at 12 s is taken for the answer to what was shown at 7 s:
    the haemodynamic delay. Events stay where they are.

    Parameters
    ----------
    seconds : float
        How far the signal lags behind the events.
    """

    seconds: float
    version: ClassVar[int] = 1

    def __post_init__(self):
        if not math.isfinite(self.seconds):
            raise ConfigError(f"shift: seconds is {self.seconds}. Give a finite delay in seconds.")

    def __call__(self, signal: Signal) -> Signal:
        """Give the same data on the moved clock.

        Raises
        ------
        DataError
            If the entries belong to events one by one: there is no clock to move.
        """
        if signal.sfreq is None:
            raise DataError(
                f"shift: {signal!r} has entries that belong to events one by one, so there is no "
                "clock to move. Shift before block_mean, and give the reader the t_r."
            )
        return replace(signal, tmin=signal.tmin - self.seconds)

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result: `tmin` moves."""
        return self(header)

    def reach(self, sfreq: float) -> float:
        """Seconds: what counts as now was recorded so much later."""
        return abs(self.seconds)

    def ahead(self, sfreq: float) -> float:
        """Seconds: how much later what counts as now was recorded."""
        return max(self.seconds, 0.0)
