"""One signal in several frequency bands, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.signal._contract import as_float
from neurodecode.signal._running import Initial
from neurodecode.signal._streams import Stream
from neurodecode.signal.filters import Filter


@dataclass(frozen=True)
class FilterBank:
    """Filter into several bands, which become an axis before the channels.

    Each band is what `Filter` makes of the signal, to the bit. The space stays that of the
    channels; the bands and their order stand in the notes of the signal.

    Parameters
    ----------
    bands : tuple of (float or None, float or None)
        Corners ``[l_freq, h_freq]`` of each band in Hz; one of the two may be None.
    method, phase, order, initial
        As in `Filter`, for all bands.

    References
    ----------
    Ang et al. (2008), doi 10.1109/IJCNN.2008.4634130: the filter bank in front of CSP.
    """

    bands: tuple[tuple[float | None, ...], ...]
    method: Literal["fir", "iir"] = "fir"
    phase: Literal["zero", "causal"] = "zero"
    order: int = 4
    initial: Initial = "steady"
    version: ClassVar[int] = 1

    def __post_init__(self):
        example = "Give a list of [l_freq, h_freq] in Hz, such as [[8, 12], [18, 26]]."
        bands = self.bands
        if isinstance(bands, str | int | float) or len(bands) == 0:
            raise ConfigError(f"filter_bank: bands is {bands!r}. {example}")
        for band in bands:
            if isinstance(band, str | int | float) or band is None or len(band) != 2:
                raise ConfigError(f"filter_bank: bands has {band!r}, no pair of corners. {example}")
        object.__setattr__(self, "bands", tuple(tuple(band) for band in bands))
        for i, band in enumerate(self.bands):
            if band in self.bands[:i]:
                raise ConfigError(
                    f"filter_bank: the band {_named(band)} is there twice. Name it once."
                )
        self._filters()

    def __call__(self, signal: Signal) -> Signal:
        """Filter into each band.

        Returns
        -------
        signal : Signal
            Axes band, channel and time; data (n_bands, n_channels, n_times) in double precision.

        Raises
        ------
        ConfigError
            If a corner is at or above half the sampling rate.
        DataError
            If the signal is not continuous, has bands already, or is shorter than a filter.
        """
        header = self.preview(replace(signal, data=None))
        data = as_float(signal)
        banded = np.empty((len(self.bands), *data.shape))
        for i, prepare in enumerate(self._filters()):
            banded[i] = prepare(signal).data
        return replace(header, data=banded)

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result: one more axis, and a note that names the bands."""
        for prepare in self._filters():
            _renamed(prepare.preview, header)
        if len(header.axes) != 2:
            raise DataError(
                f"filter_bank: the axes are {header.axes}, and bands are made of channels over "
                "time alone. Name all bands in one filter_bank."
            )
        note = f"{len(self.bands)} bands: {', '.join(_named(band) for band in self.bands)}."
        return replace(header, axes=("band", *header.axes), notes=(*header.notes, note))

    def reach(self, sfreq: float) -> float:
        """Seconds: the reach of the band that looks furthest."""
        return max(_renamed(prepare.reach, sfreq) for prepare in self._filters())

    def ahead(self, sfreq: float) -> float:
        """Seconds: those of the band that looks furthest ahead."""
        return max(_renamed(prepare.ahead, sfreq) for prepare in self._filters())

    def stream(self, header: Signal) -> Stream:
        """Run on in all bands as samples come.

        Raises
        ------
        ConfigError
            If it looks ahead.
        """
        self.preview(header)
        return _Bands([_renamed(prepare.stream, header) for prepare in self._filters()])

    def _filters(self) -> list[Filter]:
        def one(band: tuple[float | None, ...]) -> Filter:
            low, high = band
            return Filter(low, high, self.method, self.phase, self.order, self.initial)

        return [_renamed(one, band) for band in self.bands]


class _Bands:
    """The streams of all bands, side by side."""

    def __init__(self, bands: Sequence[Stream]):
        self._bands = bands

    def push(self, chunk: np.ndarray) -> np.ndarray:
        return np.stack([band.push(chunk) for band in self._bands])

    def needs(self, n_times: int) -> int:
        return n_times

    def reset(self) -> None:
        for band in self._bands:
            band.reset()

    def state_dict(self) -> dict[str, Any]:
        return {str(i): band.state_dict() for i, band in enumerate(self._bands)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for i, band in enumerate(self._bands):
            band.load_state_dict(state[str(i)])


def _renamed(function, argument):
    """Let what a filter says be said of the filter bank."""
    try:
        return function(argument)
    except (ConfigError, DataError) as error:
        raise type(error)(f"filter_bank: {str(error).removeprefix('filter: ')}") from error


def _named(band: tuple[float | None, ...]) -> str:
    low, high = band
    if low is None:
        return f"to {high:g} Hz"
    return f"from {low:g} Hz" if high is None else f"{low:g} to {high:g} Hz"
