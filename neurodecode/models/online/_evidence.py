"""Evidence as it comes: the state of a decoder that accumulates, one recording long."""

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from neurodecode.core.decisions import candidates
from neurodecode.core.errors import DataError
from neurodecode.core.timeline import AT_ONCE

FLOOR = 1e-6  # a probability below counts as this: one sure window is no veto over the others


def averaged(probabilities: np.ndarray, n: int) -> np.ndarray:
    """Give the moving average of log-probabilities, as probabilities again.

    Parameters
    ----------
    probabilities : ndarray, shape (n_decisions, n_classes)
        Of one stretch, in the order of time.
    n : int
        Decisions that are averaged, the last one among them; at the beginning there are fewer.

    Returns
    -------
    averaged : ndarray, shape (n_decisions, n_classes)
        Rows sum to 1.
    """
    told = _log(probabilities)
    total = np.zeros_like(told)
    for lag in range(min(n, len(told)) - 1, -1, -1):  # the oldest first, as `Evidence` adds them
        total[lag:] += told[: len(told) - lag]
    counts = np.minimum(np.arange(1, len(told) + 1), n)
    return _normalised(total / counts[:, None])


class Evidence:
    """What a decoder that accumulates remembers of a recording.

    Parameters
    ----------
    classes : ndarray of int, shape (n_classes,)
        Code of each column of the probabilities.
    average, threshold, dwell, refractory, idle
        As in `neurodecode.models.online.accumulate.Accumulate`.
    hop : float
        Seconds between decisions; half as long again is a gap, and begins anew. NaN: none is.
    """

    def __init__(
        self,
        classes: np.ndarray,
        *,
        average: int,
        threshold: float,
        dwell: int,
        refractory: float,
        idle: int,
        hop: float,
    ):
        self.classes, self.average, self.threshold = classes, average, threshold
        self.dwell, self.refractory, self.idle, self.hop = dwell, refractory, idle, hop
        self.reset()

    def reset(self) -> None:
        """Forget everything, as at the beginning of a recording."""
        self._told: deque[np.ndarray] = deque(maxlen=self.average)
        self._time = -np.inf
        self._begin()

    def _begin(self) -> None:
        self._told.clear()
        self._candidate, self._n_in_row, self._holds = self.idle, 0, False
        self._paused_until = -np.inf

    def push(self, probabilities: np.ndarray, time: float) -> tuple[int, np.ndarray]:
        """Take the next decision's probabilities, and decide.

        Parameters
        ----------
        probabilities : ndarray, shape (n_classes,)
        time : float
            When the decision is made, in seconds.

        Returns
        -------
        decision : int
            Class code.
        averaged : ndarray, shape (n_classes,)
            What it was decided by.

        Raises
        ------
        DataError
            If time does not move on.
        """
        if time <= self._time:
            raise DataError(
                f"a decision at {time:g} s comes after one at {self._time:g} s. Give decisions in "
                "the order of time, and reset() where a recording begins."
            )
        if time - self._time > 1.5 * self.hop:
            self._begin()
        self._time = time
        self._told.append(_log(np.asarray(probabilities, dtype=np.float64)[None])[0])
        total = np.zeros(len(self.classes))
        for one in self._told:
            total += one
        mean = _normalised((total / len(self._told))[None])
        candidate = int(candidates(mean, self.threshold, self.classes, self.idle)[0])
        if candidate != self._candidate:
            self._candidate, self._n_in_row, self._holds = candidate, 0, False
        self._n_in_row += 1
        ready = self._n_in_row >= self.dwell and time >= self._paused_until - AT_ONCE
        if candidate != self.idle and not self._holds and ready:
            self._holds, self._paused_until = True, time + self.refractory
        return candidate if self._holds else self.idle, mean[0]

    def state_dict(self) -> dict[str, Any]:
        """Give what is remembered as plain data."""
        return {
            "told": [one.tolist() for one in self._told],
            "time": self._time,
            "candidate": self._candidate,
            "n_in_row": self._n_in_row,
            "holds": self._holds,
            "paused_until": self._paused_until,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Remember what `state_dict` gave."""
        told: Sequence[Sequence[float]] = state["told"]
        self._told = deque((np.array(one) for one in told), maxlen=self.average)
        self._time, self._candidate = state["time"], state["candidate"]
        self._n_in_row, self._holds = state["n_in_row"], state["holds"]
        self._paused_until = state["paused_until"]


def _log(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities, FLOOR))


def _normalised(logarithms: np.ndarray) -> np.ndarray:
    values = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    return values / values.sum(axis=1, keepdims=True)
