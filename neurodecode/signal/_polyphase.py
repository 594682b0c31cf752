"""Change of sampling rate that never looks ahead, with its memory."""

import functools
from collections.abc import Mapping
from typing import Any

import mne
import numpy as np
import scipy.signal

# Of the slower rate: what passes ends here, what would fold back is gone at its half.
PASSED = 0.4


@functools.lru_cache(maxsize=8)  # odd ratios have tens of thousands of taps: a second's work
def causal_taps(sfreq: float, up: int, down: int) -> np.ndarray:
    """Design the low-pass of a change of rate by `up` / `down`, of minimum phase.

    Parameters
    ----------
    sfreq : float
        Old rate in Hz.
    up, down : int
        Without a common divisor.

    Returns
    -------
    taps : ndarray, shape (n_taps,)
        At `up` times the old rate. At each of its `up` phases they sum to 1, so that an offset
        passes unchanged: mne's design alone lets 0.3 % of it through as a hum.
    """
    slower = sfreq * min(1.0, up / down)
    taps = mne.filter.create_filter(
        None,
        sfreq * up,
        None,
        PASSED * slower,
        # create_filter's annotation is that of its default, "auto".
        h_trans_bandwidth=(0.5 - PASSED) * slower,  # pyright: ignore[reportArgumentType]
        phase="minimum",
        verbose="ERROR",
    )
    taps = np.array(taps)
    for phase in range(up):
        taps[phase::up] /= np.sum(taps[phase::up])
    taps.flags.writeable = False
    return taps


class RunningPolyphase:
    """A change of rate that runs on: the same bits whatever the chunks.

    Output k has the time k / new rate, and is made of the samples that are not later. The first
    sample counts as held for ever before.

    Parameters
    ----------
    taps : ndarray, shape (n_taps,)
        As `causal_taps` gives.
    up, down : int
    """

    def __init__(self, taps: np.ndarray, up: int, down: int):
        self._taps, self._up, self._down = taps, up, down
        # An output is of this many inputs; inputs are kept from a multiple of `down` on, where
        # the phases begin anew.
        self._n_inputs = -(-len(taps) // up)
        self._before = -(-(self._n_inputs + 1) // down) * down
        self.reset()

    def push(self, chunk: np.ndarray) -> np.ndarray:
        """Give the samples of the new rate that are known with these of the old one."""
        chunk = np.asarray(chunk, dtype=np.float64)
        if chunk.shape[-1] == 0:
            return chunk.copy()
        if self._kept is None:
            shape = (*chunk.shape[:-1], self._before)
            self._kept, self._start = np.broadcast_to(chunk[..., :1], shape), -self._before
        inputs = np.concatenate([self._kept, chunk], axis=-1)
        n_pushed = self._start + inputs.shape[-1]
        n_known = -(-n_pushed * self._up // self._down)
        first = self._start // self._down * self._up  # the output at the first input that is kept
        filtered = scipy.signal.upfirdn(self._taps, inputs, self._up, self._down, axis=-1)
        prepared = filtered[..., self._n_given - first : n_known - first]
        self._n_given = n_known
        newest = n_known * self._down // self._up  # of the inputs of the next output
        start = max((newest - self._n_inputs) // self._down * self._down, self._start)
        self._kept, self._start = inputs[..., start - self._start :].copy(), start
        return np.ascontiguousarray(prepared)

    def needs(self, n_times: int) -> int:
        """Count the samples that must be pushed until so many have come out, from a reset on."""
        return (n_times - 1) * self._down // self._up + 1 if n_times > 0 else 0

    def reset(self) -> None:
        """Forget all samples: the next one is the first of a recording."""
        self._kept: np.ndarray | None = None
        self._start = self._n_given = 0

    def state_dict(self) -> dict[str, Any]:
        """Give a copy of the samples that are still needed, and their place."""
        kept = None if self._kept is None else np.array(self._kept)
        return {"kept": kept, "start": self._start, "n_given": self._n_given}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self._kept = None if state["kept"] is None else np.array(state["kept"])
        self._start, self._n_given = int(state["start"]), int(state["n_given"])
