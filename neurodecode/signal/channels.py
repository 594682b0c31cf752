"""Choose channels, order them, leave some out, rescale them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.signal._contract import as_float
from neurodecode.signal._streams import EachSample, Stream


@dataclass(frozen=True)
class Pick:
    """Keep the named channels, in the order given, or all channels of a type.

    Parameters
    ----------
    channels : tuple of str
        Names, or sensor types such as ``eeg``. A type stands for its channels in the recording's
        order; a name that is also a type is a name.
    """

    channels: tuple[str, ...]
    version: ClassVar[int] = 1

    def __post_init__(self):
        object.__setattr__(self, "channels", listed(self.channels, "pick"))

    def __call__(self, signal: Signal) -> Signal:
        """Take the channels.

        Raises
        ------
        DataError
            If the recording lacks one, or one is asked for twice.
        """
        return _take_data(signal, self._index(signal))

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result: fewer channels, at most their rank."""
        return _take(header, self._index(header))

    def reach(self, sfreq: float) -> float:
        """Seconds: none, each sample is taken by itself."""
        return 0.0

    def ahead(self, sfreq: float) -> float:
        """Seconds: none, no sample waits for a later one."""
        return 0.0

    def stream(self, header: Signal) -> Stream:
        """Run on as samples come: each is taken by itself."""
        self.preview(header)
        return EachSample(self, header)

    def _index(self, signal: Signal) -> np.ndarray:
        index = find_channels(signal.space, self.channels, "pick")
        if len(set(index)) < len(index):
            twice = next(signal.space.names[i] for i in index if index.count(i) > 1)
            raise DataError(f"pick: channel {twice!r} is asked for twice. Name it once.")
        return np.array(index, dtype=np.intp)


@dataclass(frozen=True)
class Drop:
    """Leave the named channels out, or all channels of a type.

    Parameters
    ----------
    channels : tuple of str
        Names, or sensor types such as ``eog``.
    """

    channels: tuple[str, ...]
    version: ClassVar[int] = 1

    def __post_init__(self):
        object.__setattr__(self, "channels", listed(self.channels, "drop"))

    def __call__(self, signal: Signal) -> Signal:
        """Take the channels that are left.

        Raises
        ------
        DataError
            If the recording lacks a named channel, or none would be left.
        """
        return _take_data(signal, self._index(signal))

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result: fewer channels, at most their rank."""
        return _take(header, self._index(header))

    def reach(self, sfreq: float) -> float:
        """Seconds: none, each sample is taken by itself."""
        return 0.0

    def ahead(self, sfreq: float) -> float:
        """Seconds: none, no sample waits for a later one."""
        return 0.0

    def stream(self, header: Signal) -> Stream:
        """Run on as samples come: each is taken by itself."""
        self.preview(header)
        return EachSample(self, header)

    def _index(self, signal: Signal) -> np.ndarray:
        gone = find_channels(signal.space, self.channels, "drop")
        left = np.setdiff1d(np.arange(len(signal.space)), gone)
        if len(left) == 0:
            raise DataError(f"drop: leaves none of the {len(signal.space)} channels. Drop fewer.")
        return left


@dataclass(frozen=True)
class Scale:
    """Multiply every value by one factor.

    Parameters
    ----------
    factor : float
        Not 0. The unit that the space names stays as it is: a wrong unit is put right in the card,
        this is for models that want other magnitudes.
    """

    factor: float
    version: ClassVar[int] = 1

    def __post_init__(self):
        if not math.isfinite(self.factor) or self.factor == 0:
            raise ConfigError(f"scale: factor is {self.factor}. Give a finite number other than 0.")

    def __call__(self, signal: Signal) -> Signal:
        """Multiply."""
        return replace(signal, data=as_float(signal) * self.factor)

    def preview(self, header: Signal) -> Signal:
        """Give the header of the result, which is the header."""
        return header

    def reach(self, sfreq: float) -> float:
        """Seconds: none, each sample is scaled by itself."""
        return 0.0

    def ahead(self, sfreq: float) -> float:
        """Seconds: none, no sample waits for a later one."""
        return 0.0

    def stream(self, header: Signal) -> Stream:
        """Run on as samples come: each is scaled by itself."""
        self.preview(header)
        return EachSample(self, header)


def listed(channels: Sequence[str], name: str) -> tuple[str, ...]:
    """Give channels as a tuple; a lone word or an empty list is an error."""
    if isinstance(channels, str) or len(channels) == 0:
        raise ConfigError(
            f"{name}: channels is {channels!r}. Give a list of names or types, such as [Cz, C3]."
        )
    return tuple(channels)


def find_channels(
    space: Space, channels: tuple[str, ...], name: str, advice: str = ""
) -> list[int]:
    """Find named channels, and all channels of named types.

    Parameters
    ----------
    space : Space
    channels : tuple of str
    name : str
        The preparation that asks, for its message.
    advice : str
        What its message ends with, where a channel is missing.

    Returns
    -------
    index : list of int

    Raises
    ------
    DataError
        If the space names no channels, or lacks one.
    """
    if not space.names:
        raise DataError(f"{name}: {space!r} names no channels. Use a mask for voxels.")
    index: list[int] = []
    missing: list[str] = []
    for channel in channels:
        if channel in space.names:
            index.append(space.names.index(channel))
        elif channel in space.types:
            index.extend(i for i, kind in enumerate(space.types) if kind == channel)
        else:
            missing.append(channel)
    if missing:
        known = (*space.names, *space.types)
        hints = ", ".join(f"{one!r}{_hint(one, known)}" for one in missing)
        raise DataError(
            f"{name}: the recording has no channel and no type {hints}. "
            f"It has {len(space)} channels: {_few(space.names)}.{advice and ' ' + advice}"
        )
    return index


def _hint(word: str, known: tuple[str, ...]) -> str:
    by_case = {one.casefold(): one for one in known}
    if word.casefold() in by_case:
        return f" (did you mean {by_case[word.casefold()]!r}?)"
    text = nearest(word, set(known)).strip()
    return f" ({text[0].lower()}{text[1:]})" if text.startswith("Did") else ""


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:8]) + (" …" if len(names) > 8 else "")


def _take_data(signal: Signal, index: np.ndarray) -> Signal:
    data = np.take(as_float(signal), index, axis=signal.feature_axis)
    return replace(_take(replace(signal, data=None), index), data=data)


def _take(header: Signal, index: np.ndarray) -> Signal:
    rank = None if header.rank is None else min(header.rank, len(index))
    return replace(header, space=header.space.take(index), rank=rank)
