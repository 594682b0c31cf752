"""Windows of one length at every hop through a signal that goes on."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.data._sliding import window_start


class Windows:
    """The samples that coming windows need; windows lie as `window_starts` lays them.

    Parameters
    ----------
    length, hop : float
        Seconds.
    sfreq : float
        Hz.

    Raises
    ------
    ConfigError
        If a window or a hop has no sample.
    """

    def __init__(self, length: float, hop: float, sfreq: float):
        self.n_window = round(length * sfreq)
        if self.n_window < 1 or hop * sfreq < 1:
            raise ConfigError(
                f"windows: length {length:g} s and hop {hop:g} s are less than a sample at "
                f"{sfreq:g} Hz. Give longer ones."
            )
        self._hop, self._sfreq = hop, sfreq
        self.reset()

    def reset(self) -> None:
        """Forget all samples: the next one is the first of a recording."""
        self._kept: np.ndarray | None = None
        self._first = self._index = 0  # sample at which `_kept` begins; the next window's number

    @property
    def next_stop(self) -> int:
        """Samples from the beginning on that the next window needs."""
        return self._start() + self.n_window

    def push(self, block: np.ndarray) -> list[np.ndarray]:
        """Take samples, time last, and give each window that they complete, as a copy."""
        if self._kept is None:
            self._kept = np.zeros((*block.shape[:-1], 0))
        kept = np.concatenate([self._kept, block], axis=-1)
        n_times = self._first + kept.shape[-1]
        complete = []
        while self.next_stop <= n_times:
            at = self._start() - self._first
            complete.append(np.array(kept[..., at : at + self.n_window]))
            self._index += 1
        first = min(self._start(), n_times)
        self._kept, self._first = np.array(kept[..., first - self._first :]), first
        return complete

    def state_dict(self) -> dict[str, Any]:
        """Give a copy of what is remembered."""
        kept = None if self._kept is None else self._kept.copy()
        return {"kept": kept, "first": self._first, "index": self._index}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self._kept = None if state["kept"] is None else np.array(state["kept"])
        self._first, self._index = state["first"], state["index"]

    def _start(self) -> int:
        return window_start(self._index, self._hop, self._sfreq)
