"""Number the samples of a stream, and find where it has lost or repeated some."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.online.decision import Gap


class Counting:
    """The number of each sample, by the stream's own count or its time stamps.

    Parameters
    ----------
    sfreq : float
        Hz, as the stream is meant to run.
    tmin : float
        Seconds of sample 0.
    jitter : float
        Seconds by which the step from one time stamp to the next may be off, at least half a
        sample.
    """

    def __init__(self, sfreq: float, tmin: float = 0.0, jitter: float = 0.0):
        self._sfreq, self._tmin = sfreq, tmin
        self._allowed = max(jitter * sfreq, 0.5)  # samples
        self.reset()

    def reset(self) -> None:
        """Begin anew: the next sample is the first of a recording."""
        self._next = 0  # number of the next sample, if nothing is lost
        self._stamp: float | None = None  # of the last one
        self._begun = False

    def time(self, sample: int) -> float:
        """Seconds of a sample."""
        return self._tmin + sample / self._sfreq

    def number(
        self, n_times: int, first: int | None, timestamps: np.ndarray | None
    ) -> list[tuple[int, int, Gap | None]]:
        """Part a chunk where samples do not follow each other.

        Parameters
        ----------
        n_times : int
            Samples of the chunk, at least 1.
        first : int or None
            Number of its first sample, where the stream counts.
        timestamps : ndarray, shape (n_times,), or None
            Seconds of each sample, where the stream has a clock.

        Returns
        -------
        pieces : list of (int, int, Gap or None)
            Position in the chunk and number of the first sample of each piece, and the gap before
            it.

        Raises
        ------
        ConfigError
            If both are given.
        DataError
            If time stamps are not one number a sample.
        """
        if first is not None and timestamps is not None:
            raise ConfigError("push: first and timestamps are both given. Give one of them.")
        steps = np.ones(n_times, dtype=np.int64)  # from the number of the sample before
        if timestamps is not None:
            steps = self._steps(n_times, timestamps)
        elif first is not None and not self._begun:
            self._next = int(first)
        elif first is not None:
            steps[0] = int(first) - (self._next - 1)
        self._begun = True
        numbers = self._next - 1 + np.cumsum(steps)
        self._next = int(numbers[-1]) + 1
        pieces: list[tuple[int, int, Gap | None]] = []
        for at in np.union1d([0], np.flatnonzero(steps != 1)).tolist():
            number, step = int(numbers[at]), int(steps[at])
            gap = None
            if step > 1:
                gap = Gap(number, self.time(number), "lost", step - 1, self._sfreq)
            elif step < 1:
                gap = Gap(number, self.time(number), "repeated", 1 - step, self._sfreq)
            pieces.append((at, number, gap))
        return pieces

    def _steps(self, n_times: int, timestamps: np.ndarray) -> np.ndarray:
        stamps = np.asarray(timestamps, dtype=np.float64)
        if stamps.shape != (n_times,) or not np.isfinite(stamps).all():
            raise DataError(
                f"push: timestamps of shape {stamps.shape} for {n_times} samples, or some of them "
                "are no numbers. Give one a sample, in seconds."
            )
        before = stamps[0] - 1 / self._sfreq if self._stamp is None else self._stamp
        self._stamp = float(stamps[-1])
        off = np.diff(stamps, prepend=before) * self._sfreq - 1
        return 1 + np.where(np.abs(off) > self._allowed, np.round(off), 0).astype(np.int64)

    def state_dict(self) -> dict[str, Any]:
        """Give what is remembered."""
        return {"next": self._next, "stamp": self._stamp, "begun": self._begun}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self._next, self._stamp, self._begun = state["next"], state["stamp"], state["begun"]
