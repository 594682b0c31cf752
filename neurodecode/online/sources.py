"""Where samples come from: a recording that is played again."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodecode.core.errors import ConfigError, NeurodecodeError
from neurodecode.core.recording import Signal

Speed = Literal["realtime", "max"]


@dataclass(frozen=True, eq=False)
class Chunk:
    """Samples that came together.

    Parameters
    ----------
    data : ndarray, shape (n_channels, n_times)
        SI units.
    first : int or None
        Number of the first one, where the source counts.
    timestamps : ndarray, shape (n_times,), or None
        Seconds of each, where the source has a clock.
    """

    data: np.ndarray
    first: int | None = None
    timestamps: np.ndarray | None = None


def replayed(
    signal: Signal,
    chunk: float,
    speed: Speed = "max",
    *,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Chunk]:
    """Give a recording chunk by chunk, as if it were being recorded.

    Parameters
    ----------
    signal : Signal
        Continuous.
    chunk : float
        Seconds of each.
    speed : {"realtime", "max"}
        ``realtime``: each chunk comes when its last sample would have been recorded.
    clock, sleep : callable
        Seconds now, and waiting for some.

    Raises
    ------
    ConfigError
        If a chunk has no sample.
    """
    assert signal.data is not None and signal.sfreq is not None  # the caller read a recording
    if not 0.5 < chunk * signal.sfreq < np.inf:
        raise ConfigError(
            f"chunk: {chunk:g} s is no length, or less than a sample at {signal.sfreq:g} Hz. Give "
            f"{1 / signal.sfreq:g} s or more."
        )
    n_chunk = round(chunk * signal.sfreq)
    started = clock()
    for first in range(0, signal.data.shape[-1], n_chunk):
        data = signal.data[..., first : first + n_chunk]
        if speed == "realtime":
            due = started + (first + data.shape[-1]) / signal.sfreq
            sleep(max(due - clock(), 0.0))
        yield Chunk(data, first=first)


class Stopped(NeurodecodeError):
    """A live stream has stopped by itself."""

    exit_code = 1
