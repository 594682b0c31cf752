"""What every preparation promises, and what several of them ask of a signal."""

from collections.abc import Iterable
from typing import ClassVar, Protocol

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal

# A channel whose s.d. is below this share of its largest value varies by rounding alone.
ROUNDING = 1e-12


class Preparation(Protocol):
    """A map from the signal of one recording to a signal; knows nothing of labels or folds.

    A class whose numbers come from another library than mne, numpy and scipy names it in
    ``libraries``, so that the cache knows signals of another version apart.
    """

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

    def ahead(self, sfreq: float) -> float:
        """Seconds into the future of an output of the furthest input it depends on.

        None (0) of what can run while the recording goes on; at most the reach.
        """
        ...


def need_continuous(signal: Signal, name: str, instead: str) -> float:
    """Give the rate of a continuous signal, in Hz.

    Raises
    ------
    DataError
        If the signal consists of entries (volumes, blocks, epochs) or has no rate.
    """
    _refuse_epochs(signal, name)
    if not signal.continuous or signal.sfreq is None:
        raise DataError(
            f"{name}: {signal!r} has entries along axis 0 (axes {signal.axes}), and {name} needs "
            f"continuous channels sampled at a rate. {instead}"
        )
    return signal.sfreq


def need_channels_over_time(signal: Signal, name: str) -> float:
    """Give the rate of continuous sensors without bands, in Hz: what mne's Raw can hold.

    Raises
    ------
    DataError
        If the signal has other axes, or does not say what its channels are.
    """
    sfreq = need_continuous(signal, name, "For volumes there are detrend and zscore.")
    if signal.axes != ("channel", "time"):
        raise DataError(
            f"{name}: the axes are {signal.axes}, and {name} needs channel and time alone. "
            "Put it before filter_bank."
        )
    if not signal.space.types:
        raise DataError(
            f"{name}: {signal.space!r} does not say what its channels are. Give channel types in "
            "the card."
        )
    return sfreq


def need_volumes(signal: Signal, name: str, instead: str) -> float:
    """Give the rate of a run of volumes, or of one series a voxel or region, in Hz.

    Raises
    ------
    DataError
        If the signal is epochs, has bands, or its volumes have gaps.
    """
    _refuse_epochs(signal, name)
    if len(signal.axes) > 2:
        raise DataError(
            f"{name}: the axes are {signal.axes}, and {name} needs one series a voxel or region. "
            "Put it before filter_bank."
        )
    if signal.sfreq is None:
        raise DataError(
            f"{name}: {signal!r} has entries without a rate, and {name} needs all volumes of a "
            f"run, one after the other. {instead}"
        )
    return signal.sfreq


def _refuse_epochs(signal: Signal, name: str) -> None:
    if signal.entries:
        raise DataError(
            f"{name}: {signal!r} is already cut into epochs of {_seconds(signal)}, too short for "
            f"{name}: what lay before and after each of them is gone. Do it to the continuous "
            "recording, before it is cut into epochs."
        )


def _seconds(signal: Signal) -> str:
    if signal.n_times is None or signal.sfreq is None:
        return "unknown length"
    return f"{signal.n_times / signal.sfreq:g} s"


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


def check_choice(where: str, value: object, choices: Iterable[str | None]) -> None:
    """Hold an argument to its choices.

    Raises
    ------
    ConfigError
        With all of them.
    """
    known = tuple(choices)
    if value not in known:
        listed = ", ".join("null" if one is None else one for one in known)
        raise ConfigError(f"{where} is {value!r}. It is one of {listed}.")
