"""Samples of a live stream of the Lab Streaming Layer, through mne-lsl."""

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.core.names import require
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.online.sources import Chunk, Stopped
from neurodecode.signal.units import check_magnitude

# Volts in what amplifiers call their unit; LSL also knows powers of ten as text.
_VOLTS = {
    "v": 1.0, "volt": 1.0, "volts": 1.0, "0": 1.0,
    "mv": 1e-3, "millivolt": 1e-3, "millivolts": 1e-3, "-3": 1e-3,
    "uv": 1e-6, "µv": 1e-6, "μv": 1e-6, "microvolt": 1e-6, "microvolts": 1e-6, "-6": 1e-6,
    "nv": 1e-9, "nanovolt": 1e-9, "nanovolts": 1e-9, "-9": 1e-9,
}  # fmt: skip
_ELECTRIC = ("eeg", "eog", "ecog", "seeg", "dbs", "ecg", "emg", "bio")


class Inlet:
    """One stream, open; a context manager.

    Time stamps are those of the sender: a stretch that it has lost or sent twice shows in them.
    They are not smoothed, for smoothing would spread a gap over minutes.

    Parameters
    ----------
    name : str
        Of the stream.
    timeout : float
        Seconds to wait for the stream, and of silence after which it has stopped.
    clock : callable
        Gives the seconds by which silence is measured.

    Attributes
    ----------
    header : Signal
        Its channels and rate; data come in volts, where the stream names a unit.

    Raises
    ------
    MissingDependency
        If mne-lsl is not installed.
    DataMissing
        If there is no such stream.
    DataError
        If it has no rate, no channel names, or an unknown unit.
    """

    def __init__(
        self, name: str, timeout: float = 5.0, *, clock: Callable[[], float] = time.monotonic
    ):
        lsl: Any = require("mne_lsl.lsl", purpose="stream --lsl", extra="lsl")
        self._name, self._timeout, self._clock = name, timeout, clock
        found = lsl.resolve_streams(timeout, name=name)
        if not found:
            there = ", ".join(sorted({one.name for one in lsl.resolve_streams(1.0)}))
            raise DataMissing(
                f"lsl: no stream {name!r} within {timeout:g} s; there are: {there or 'none'}. "
                "Switch the amplifier's stream on, or name another."
            )
        if len(found) > 1:
            raise DataError(
                f"lsl: {len(found)} streams are named {name!r}. Switch all but one off, or give "
                "them names of their own."
            )
        # No recovery: what goes on after an interruption is seen as lost samples, or not at all.
        self._inlet = lsl.StreamInlet(found[0], processing_flags=["clocksync"])
        self._inlet.open_stream(timeout=timeout)
        info = self._inlet.get_sinfo(timeout=timeout)
        self.header, self._factors = _header(info, name)

    def __enter__(self) -> "Inlet":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._inlet.close_stream()

    def chunks(self, chunk: float) -> Iterator[Chunk]:
        """Give samples as they come, at most `chunk` seconds of them at a time.

        Raises
        ------
        Stopped
            If nothing came for the timeout.
        DataError
            If the first second cannot be in the unit that it claims.
        """
        sfreq = float(self.header.sfreq or 0)
        n_chunk = max(round(chunk * sfreq), 1)
        heard, judged = self._clock(), False
        first: list[np.ndarray] = []
        while True:
            samples, stamps = self._inlet.pull_chunk(timeout=chunk, max_samples=n_chunk)
            if len(stamps) == 0:
                silent = self._clock() - heard
                if silent > self._timeout:
                    raise Stopped(
                        f"the stream {self._name!r} has stopped: no sample came for {silent:.1f} "
                        "s. Look at the amplifier and its connection, and start again."
                    )
                continue
            heard = self._clock()
            # A copy: the inlet fills its buffer anew.
            data = np.array(samples, dtype=np.float64).T * self._factors[:, None]
            if not judged:
                first.append(data)
                judged = sum(one.shape[1] for one in first) >= sfreq
                if judged:
                    self._judge(np.concatenate(first, axis=1))
            yield Chunk(data, timestamps=np.array(stamps))

    def _judge(self, data: np.ndarray) -> None:
        if np.isfinite(data).all():  # else the decoder says which channels are not
            header = self.header
            signal = Signal(data, header.space, header.axes, header.sfreq, header.events)
            check_magnitude(signal, f"the stream {self._name!r}")


def _header(info: Any, name: str) -> tuple[Signal, np.ndarray]:
    """Header of a stream, and what each channel is multiplied by to be in volts."""
    names = info.get_channel_names()
    if not names or any(not one for one in names):
        raise DataError(
            f"lsl: the stream {name!r} does not name its {info.n_channels} channels, so nothing "
            "says which of them the decoder knows. Set names in the amplifier's software."
        )
    if not info.sfreq > 0:
        raise DataError(
            f"lsl: the stream {name!r} has no rate (it sends events). Name the amplifier's stream."
        )
    types = [str(one or "eeg").lower() for one in info.get_channel_types() or ["eeg"] * len(names)]
    units = [
        str(one or "").strip().lower() for one in info.get_channel_units() or [""] * len(names)
    ]
    factors = np.ones(len(names))
    for i, (kind, unit) in enumerate(zip(types, units, strict=True)):
        if kind not in _ELECTRIC or unit in ("", "none"):
            continue  # what names no unit is judged by its magnitude
        if unit not in _VOLTS:
            raise DataError(
                f"lsl: channel {names[i]} of the stream {name!r} has the unit {unit!r}. Known are "
                "volts, millivolts, microvolts and nanovolts; correct it in the amplifier's "
                "software."
            )
        factors[i] = _VOLTS[unit]
    space = Space("sensors", names=tuple(names), types=tuple(types), unit="V")
    events = pd.DataFrame()
    header = Signal(None, space, ("channel", "time"), float(info.sfreq), events)
    return header, factors
