"""Preparations sample by sample, while a recording goes on: what a stream promises."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError, NeurodecodeError
from neurodecode.core.recording import Signal

# What does online what a preparation of the whole recording does offline, where something does.
_INSTEAD = {
    "Detrend": "A causal high-pass takes drifts out: filter: {l_freq: 0.5, method: iir, phase: "
    "causal}.",
    "Zscore": "A causal high-pass brings the mean to 0, and the step scale is fitted to training "
    "trials.",
    "Ica": "Leave the artefact's channels out by drop, or use models that learn spatial filters.",
    "Regress": "Leave the artefact's channels out by drop, or use models that learn spatial "
    "filters.",
    "Mne": "Of its methods there are filter, notch, pick, drop, reference and resample here, which "
    "can be causal.",
}


class Stream(Protocol):
    """A preparation at work: chunks go in as they come, and prepared chunks come out.

    What comes out, put together, is what the preparation gives of the whole recording, wherever
    the borders of chunks are.
    """

    def push(self, chunk: np.ndarray) -> np.ndarray:
        """Prepare the next samples, shape (n_channels, n_times) with any `n_times`, 0 included."""
        ...

    def needs(self, n_times: int) -> int:
        """Count the samples that must be pushed until so many have come out, from a reset on."""
        ...

    def reset(self) -> None:
        """Forget all samples: the next one is the first of a recording."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Give a copy of all that is remembered."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        ...


def stream_of(preparation: Any, header: Signal) -> Stream:
    """Put a preparation to work on a signal that is still being recorded.

    Parameters
    ----------
    preparation : Preparation
    header : Signal
        What it is handed: channels, rate; its length may be unknown.

    Raises
    ------
    ConfigError
        If it needs samples that are still to come; it says what to use instead.
    DataError
        If the signal is none that it takes.
    """
    stream = getattr(preparation, "stream", None)
    if stream is not None:
        return stream(of_unknown_length(header))
    kind = type(preparation).__name__
    raise ConfigError(
        f"{_written(kind)}: it looks at the whole recording, and of a stream the rest is still to "
        f"come. {_INSTEAD.get(kind, 'Leave it out.')}"
    )


def streams_of(preparations: Sequence[Any], header: Signal) -> tuple[list[Stream], Signal]:
    """Put preparations to work, one after the other, and give the header of what comes out.

    Raises
    ------
    ConfigError
        With all preparations that cannot stream, each with what to use instead.
    DataError
        If the signal is none that they take.
    """
    header = of_unknown_length(header)
    streams: list[Stream] = []
    problems: list[str] = []
    for preparation in preparations:
        try:
            streams.append(stream_of(preparation, header))
            header = preparation.preview(header)
        except ConfigError as error:
            problems += error.problems
        except NeurodecodeError:
            if not problems:  # else one of those before it would have changed the header
                raise
    if problems:
        raise ConfigError(problems)
    return streams, header


def of_unknown_length(header: Signal) -> Signal:
    """Give a header without what only a finished recording has: length, events, tracks."""
    return replace(header, data=None, n_times=None, events=pd.DataFrame(), tracks={}, tables={})


class EachSample:
    """A preparation that sees one sample at a time: it remembers nothing.

    Parameters
    ----------
    prepare : Preparation
    header : Signal
        What it is handed.
    """

    def __init__(self, prepare: Callable[[Signal], Signal], header: Signal):
        self._prepare = prepare
        self._header = of_unknown_length(header)

    def push(self, chunk: np.ndarray) -> np.ndarray:
        """Prepare samples."""
        prepared = self._prepare(replace(self._header, data=chunk)).data
        assert prepared is not None  # data came in
        return prepared

    def needs(self, n_times: int) -> int:
        """Count the samples that must be pushed: as many as come out."""
        return n_times

    def reset(self) -> None:
        """Nothing is remembered."""

    def state_dict(self) -> dict[str, Any]:
        """Nothing is remembered."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing is remembered."""


class Weights(EachSample):
    """A preparation that weights channels, its weights found once.

    They are what it makes of the identity: one sample for each channel, which is 1 there.

    Parameters
    ----------
    prepare : Preparation
        Linear in each sample.
    header : Signal
        What it is handed, axes channel and time.
    """

    def __init__(self, prepare: Callable[[Signal], Signal], header: Signal):
        super().__init__(prepare, header)
        self._weights = super().push(np.eye(len(header.space)))

    def push(self, chunk: np.ndarray) -> np.ndarray:
        """Prepare samples."""
        return self._weights @ chunk


def _written(kind: str) -> str:
    """Name a class as files do: ``FilterBank`` is ``filter_bank``."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in kind).lstrip("_")
