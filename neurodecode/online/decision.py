"""What comes out of a stream: decisions, gaps, and how long decisions took."""

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from neurodecode.online.retrieving import Retrieved


@dataclass(frozen=True, eq=False)
class Decision:
    """What a decoder says of one window.

    Parameters
    ----------
    sample : int
        Number of the last sample that was needed, counted as the stream counts; from 0 where it
        does not.
    time : float
        Seconds from the stream's sample 0 to that sample.
    scores : ndarray, shape (n_classes,), or None
        Probabilities where the decoder has them, else margins, or none.
    label : str
        Name of the predicted class.
    event : str
        Empty: this is no event of the stream itself.
    retrieved : Retrieved or None
        Of models that tell vectors, what it is nearest to; `label` is then the nearest.
    """

    sample: int
    time: float
    scores: np.ndarray | None
    label: str
    event: str = ""
    retrieved: "Retrieved | None" = None


@dataclass(frozen=True)
class Gap:
    """A stretch that a stream has lost, or given twice; the decoder has begun anew behind it.

    Parameters
    ----------
    sample : int
        Number of the first sample behind it.
    time : float
        Seconds from the stream's sample 0 to that sample.
    kind : {"lost", "repeated"}
    n_times : int
        Samples that are missing, or were given again.
    sfreq : float
        Hz, of the stream.
    """

    sample: int
    time: float
    kind: Literal["lost", "repeated"]
    n_times: int
    sfreq: float

    @property
    def event(self) -> str:
        """Say what happened."""
        return f"{self.n_times} samples {self.kind} ({self.n_times / self.sfreq:.3f} s)"

    @property
    def label(self) -> str:
        """Empty: nothing was decided."""
        return ""

    @property
    def scores(self) -> None:
        """None: nothing was decided."""
        return


@dataclass(frozen=True)
class Latency:
    """Seconds of work for one decision, from its last sample on, beside the time there is.

    Parameters
    ----------
    p50, p95, p99 : float
        Percentiles; NaN before the first decision.
    hop : float
        Seconds from one decision to the next: more work than this falls behind.
    n_decisions : int
    """

    p50: float
    p95: float
    p99: float
    hop: float
    n_decisions: int

    def __str__(self) -> str:
        p50, p95, p99 = (f"{1e3 * one:.2f}" for one in (self.p50, self.p95, self.p99))
        return f"p50 {p50}, p95 {p95}, p99 {p99} ms a decision; a hop is {1e3 * self.hop:g} ms"


class LatencyLog:
    """The latest durations, in bounded memory."""

    KEPT = 10_000

    def __init__(self, hop: float):
        self._hop, self._n = hop, 0
        self._latest: deque[float] = deque(maxlen=self.KEPT)

    def add(self, seconds: float) -> None:
        """Note one decision."""
        self._n += 1
        self._latest.append(seconds)

    def summary(self) -> Latency:
        """Give the percentiles of the latest 10,000 decisions."""
        if not self._latest:
            return Latency(np.nan, np.nan, np.nan, self._hop, 0)
        p50, p95, p99 = np.percentile(list(self._latest), [50, 95, 99]).tolist()
        return Latency(p50, p95, p99, self._hop, self._n)
