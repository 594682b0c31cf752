"""Windows of one length at every hop through a signal that goes on."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.data._sliding import window_start
from neurodecode.linalg._moments import WindowEstimator
from neurodecode.linalg.streaming import StreamingCovariance
from neurodecode.signal.windows import window_samples
from neurodecode.steps.covariance import Covariance

# Of the estimators that are made of sums over samples, those whose result is not checked for rank.
_HOP_BY_HOP: Mapping[str, WindowEstimator] = {"oas": "oas", "lwf": "lwf"}


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
        self.length, self.n_window = length, round(length * sfreq)
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
        self._first = self.index = 0  # sample at which `_kept` begins; the next window's number

    @property
    def next_stop(self) -> int:
        """Samples from the beginning on that the next window needs."""
        return self._start(self.index) + self.n_window

    def stop(self, index: int) -> float:
        """Seconds from the first sample on at which a window ends."""
        return (self._start(index) + self.n_window) / self._sfreq

    @property
    def n_hop(self) -> int | None:
        """Samples from one window to the next; None where they are no whole number."""
        n_hop = self._hop * self._sfreq
        return round(n_hop) if abs(n_hop - round(n_hop)) < 1e-9 else None

    def push(self, block: np.ndarray) -> list[np.ndarray]:
        """Take samples, time last, and give each window that they complete, as a copy."""
        if self._kept is None:
            self._kept = np.zeros((*block.shape[:-1], 0))
        kept = np.concatenate([self._kept, block], axis=-1)
        n_times = self._first + kept.shape[-1]
        complete = []
        while self.next_stop <= n_times:
            at = self._start(self.index) - self._first
            complete.append(np.array(kept[..., at : at + self.n_window]))
            self.index += 1
        first = min(self._start(self.index), n_times)
        self._kept, self._first = np.array(kept[..., first - self._first :]), first
        return complete

    def state_dict(self) -> dict[str, Any]:
        """Give a copy of what is remembered."""
        kept = None if self._kept is None else self._kept.copy()
        return {"kept": kept, "first": self._first, "index": self.index}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self._kept = None if state["kept"] is None else np.array(state["kept"])
        self._first, self.index = state["first"], state["index"]

    def _start(self, index: int) -> int:
        return window_start(index, self._hop, self._sfreq)


class EventWindows:
    """Windows around events that a stream carries; they lie as `window_samples` lays them.

    Parameters
    ----------
    tmin, tmax : float
        Seconds from the onset, both samples included.
    sfreq : float
        Hz.
    """

    n_hop = None  # windows share no hops

    def __init__(self, tmin: float, tmax: float, sfreq: float):
        first, self.n_window = window_samples(np.zeros(1), tmin, tmax, sfreq)
        self._offset, self._sfreq, self._tmin, self._tmax = int(first[0]), sfreq, tmin, tmax
        self.reset()

    def reset(self) -> None:
        """Forget all samples and events: the next sample is the first of a recording."""
        self._kept: np.ndarray | None = None
        self._first = self.index = 0  # sample at which `_kept` begins; windows given
        self._coming: list[tuple[int, float]] = []  # first samples of windows, and their onsets

    def add(self, onset: float, first_time: float) -> bool:
        """Note an event; says whether its window can still be had.

        Parameters
        ----------
        onset : float
            Seconds.
        first_time : float
            Seconds of the first sample, on the same clock.
        """
        found = window_samples(np.array([onset]), self._tmin, self._tmax, self._sfreq, first_time)[
            0
        ]
        start = int(found[0])
        kept = self._first + (0 if self._kept is None else self._kept.shape[-1])
        if start < self._first or start + self.n_window <= kept:
            return False
        self._coming = sorted([*self._coming, (start, onset)])
        return True

    @property
    def next_stop(self) -> int:
        """Samples from the beginning on that the next window needs; a great many without one."""
        return self._coming[0][0] + self.n_window if self._coming else 2**62

    def push(self, block: np.ndarray) -> list[tuple[np.ndarray, float]]:
        """Take samples, time last; give each window that they complete, and its onset."""
        if self._kept is None:
            self._kept = np.zeros((*block.shape[:-1], 0))
        kept = np.concatenate([self._kept, block], axis=-1)
        n_times = self._first + kept.shape[-1]
        complete = []
        while self.next_stop <= n_times:
            start, onset = self._coming.pop(0)
            at = start - self._first
            complete.append((np.array(kept[..., at : at + self.n_window]), onset))
        # An event may be told a window's length after its onset, and later ones need no more.
        first = max(min([n_times - self.n_window - max(-self._offset, 0),
                         *(start for start, _ in self._coming)]), self._first)  # fmt: skip
        self._kept, self._first = np.array(kept[..., first - self._first :]), first
        return complete

    def state_dict(self) -> dict[str, Any]:
        """Give a copy of what is remembered."""
        kept = None if self._kept is None else self._kept.copy()
        return {"kept": kept, "first": self._first, "coming": list(self._coming)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self._kept = None if state["kept"] is None else np.array(state["kept"])
        self._first, self._coming = state["first"], list(state["coming"])


class CovarianceWindows(Windows):
    """The covariances of windows, from sums of products that are made once a sample.

    Windows that overlap share their hops: a decision costs one hop's products, not a window's.

    Parameters
    ----------
    windows : Windows
        Which ones.
    covariances : StreamingCovariance
    """

    def __init__(self, windows: Windows, covariances: StreamingCovariance):
        self._covariances = covariances
        super().__init__(windows.length, windows._hop, windows._sfreq)

    def reset(self) -> None:
        """Forget all samples: the next one is the first of a recording."""
        super().reset()
        self._covariances.reset()

    def push(self, block: np.ndarray) -> list[np.ndarray]:
        """Take samples and give the covariance of each window that they complete."""
        complete = list(self._covariances.push(block))
        self.index += len(complete)
        return complete

    def state_dict(self) -> dict[str, Any]:
        """Give a copy of what is remembered."""
        return {"index": self.index, "covariances": self._covariances.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.index = state["index"]
        self._covariances.load_state_dict(state["covariances"])


def covariances_of(
    first: Any, windows: Windows, shape: tuple[int, ...]
) -> StreamingCovariance | None:
    """Give what makes the covariances of windows hop by hop, where a first stage asks for those.

    Parameters
    ----------
    first : scikit-learn estimator
        The first stage of a decoder.
    windows : Windows
    shape : tuple of int
        Of a prepared sample.

    Returns
    -------
    covariances : StreamingCovariance or None
        None for any other stage or estimator, for one that learnt how to regularize, for windows
        that lie apart, and for hops of no whole number of samples.
    """
    known = isinstance(first, Covariance) and first.stateless and first.estimator in _HOP_BY_HOP
    if not known or windows.n_hop is None or windows.n_hop > windows.n_window or len(shape) != 1:
        return None
    return StreamingCovariance(
        shape[0], windows.n_window, windows.n_hop, _HOP_BY_HOP[first.estimator]
    )
