"""Causal filters along time with their memory, so that they run on as samples come."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import scipy.signal

Initial = Literal["steady", "zero"]
INITIAL = ("steady", "zero")


class _Running:
    """What filters with a memory share: it is made of the first sample, and is one array.

    Parameters
    ----------
    initial : {"steady", "zero"}
        ``steady``: as if the first sample had been held for ever. ``zero``: as if there had been
        zeros.
    """

    def __init__(self, initial: Initial = "steady"):
        self._initial = initial
        self._first: np.ndarray | None = None  # (n_channels,), or with more leading axes
        self._memory: np.ndarray | None = None

    def push(self, chunk: np.ndarray) -> np.ndarray:
        """Filter the next samples along the last axis."""
        chunk = np.asarray(chunk, dtype=np.float64)
        if chunk.shape[-1] == 0:
            return chunk.copy()
        if self._first is None:
            held = self._initial == "steady"
            self._first = chunk[..., 0].copy() if held else np.zeros(chunk.shape[:-1])
            self._memory = self._begin(self._first)
        return self._filter(chunk)

    def _begin(self, first: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _filter(self, chunk: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def needs(self, n_times: int) -> int:
        """Count the samples that must be pushed: as many as come out."""
        return n_times

    def reset(self) -> None:
        """Forget all samples: the next one is the first of a recording."""
        self._first = self._memory = None

    def state_dict(self) -> dict[str, Any]:
        """Give a copy of the memory."""
        return {"first": _copy(self._first), "memory": _copy(self._memory)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a memory."""
        self._first, self._memory = _copy(state["first"]), _copy(state["memory"])


class RunningSections(_Running):
    """Second-order sections: `scipy.signal.sosfilt` to the bit, whatever the chunks.

    Parameters
    ----------
    sections : ndarray, shape (n_sections, 6)
    initial : {"steady", "zero"}
        ``steady`` is `scipy.signal.sosfilt_zi` times the first sample.
    """

    def __init__(self, sections: np.ndarray, initial: Initial = "steady"):
        super().__init__(initial)
        self._sections = sections

    def _begin(self, first: np.ndarray) -> np.ndarray:
        steady = scipy.signal.sosfilt_zi(self._sections)  # (n_sections, 2)
        axes = (slice(None), *[None] * first.ndim, slice(None))
        return steady[axes] * first[..., None]

    def _filter(self, chunk: np.ndarray) -> np.ndarray:
        filtered, self._memory = scipy.signal.sosfilt(
            self._sections, chunk, axis=-1, zi=self._memory
        )
        return filtered


class RunningTaps(_Running):
    """A finite response, sample by sample: the same bits whatever the chunks.

    Parameters
    ----------
    taps : ndarray, shape (n_taps,)
    initial : {"steady", "zero"}
    """

    def __init__(self, taps: np.ndarray, initial: Initial = "steady"):
        super().__init__(initial)
        self._taps, self._gain = taps, float(np.sum(taps))

    def _begin(self, first: np.ndarray) -> np.ndarray:
        return np.zeros((*first.shape, len(self._taps) - 1))

    def _filter(self, chunk: np.ndarray) -> np.ndarray:
        assert self._first is not None  # `push` has seen a sample
        offset = self._first[..., None]
        # With a second coefficient scipy runs sample by sample; with one it convolves, and the
        # last bits follow the length of the chunk.
        filtered, self._memory = scipy.signal.lfilter(
            self._taps, [1.0, 0.0], chunk - offset, axis=-1, zi=self._memory
        )
        return filtered + offset * self._gain


def convolved(data: np.ndarray, taps: np.ndarray, initial: Initial) -> np.ndarray:
    """Give what `RunningTaps` gives of a whole recording, to rounding, by fast convolution."""
    held = initial == "steady"
    offset = data[..., :1] if held else np.zeros((*data.shape[:-1], 1))
    shaped = taps.reshape((1,) * (data.ndim - 1) + (-1,))
    # Not mne's own convolution: it mirrors the start, where it then looks ahead.
    filtered = scipy.signal.oaconvolve(data - offset, shaped, axes=-1)[..., : data.shape[-1]]
    return filtered + offset * float(np.sum(taps))


def _copy(array: np.ndarray | None) -> np.ndarray | None:
    return None if array is None else np.array(array)
