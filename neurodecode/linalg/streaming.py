"""Covariances of windows of a signal that arrives bit by bit."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg._moments import (
    WindowEstimator,
    estimate,
    far_from_origin,
    fill_below,
    moved,
    n_rows_below,
)
from neurodecode.linalg.lagged import Edge, check_count, check_length, n_columns
from neurodecode.linalg.sliding import check_windows


class StreamingCovariance:
    """Give the covariance of each window as soon as its last sample is there.

    Windows begin every `n_hop` samples, counted from the first sample ever pushed, however the
    signal is cut into chunks. Products of hops wait in a queue of two stacks, one of which holds
    sums from its bottom up: a hop costs three additions at most on average, and nothing is ever
    subtracted, so that no artefact outlives the last window that holds it.

    Parameters
    ----------
    n_channels : int
    n_window, n_hop : int
        Samples of a window, and between the beginnings of two; in any proportion.
    estimator : {"scm", "cov", "oas", "lwf"}
        See `neurodecode.linalg.covariance.covariances`.
    order, lag, edge
        Of a delay embedding of each window; see `neurodecode.linalg.lagged.lagged_covariances`.

    Raises
    ------
    ConfigError
        If an argument is none of those named.
    DataError
        If an embedded window has too few samples.

    Notes
    -----
    It holds ``2 * n_window / n_hop`` matrices and less than a hop of samples, and computes in
    float64. Sums are about an origin that follows the signal once a window; for less than two
    windows after a step of k standard deviations, they lose k² roundings.

    Examples
    --------
    >>> stream = StreamingCovariance(n_channels=2, n_window=4, n_hop=2, estimator="scm")
    >>> stream.push(np.ones((2, 5))).shape, stream.push(np.ones((2, 3))).shape
    ((1, 2, 2), (2, 2, 2))
    """

    def __init__(
        self,
        n_channels: int,
        n_window: int,
        n_hop: int,
        estimator: WindowEstimator = "oas",
        *,
        order: int = 1,
        lag: int = 1,
        edge: Edge = "reference",
    ):
        for name, value in (("n_channels", n_channels), ("order", order), ("lag", lag)):
            check_count(value, name)
        check_windows(n_window, n_hop)
        self.n_channels, self.n_window, self.n_hop = n_channels, n_window, n_hop
        self.estimator: WindowEstimator = estimator
        self.order, self.lag, self.edge = order, lag, edge
        self._n = n_columns(n_window, order, lag, edge)
        self._n_rows = order * n_channels
        if order > 1:
            check_length(self._n, self._n_rows, estimator, f"order {order} of lag {lag}")
        size = self._n_rows + n_rows_below(estimator)
        self._n_blocks, self._n_rest = divmod(self._n, n_hop)
        # An embedded sample is there when the last that its window has beyond it is.
        self._ahead = n_window - self._n
        self._samples = np.zeros((n_channels, n_hop + self._ahead))
        self._rows = np.empty((size, n_hop))
        self._front = np.zeros((self._n_blocks, size, size))
        self._back = np.zeros((self._n_blocks, size, size))
        self.reset()

    def reset(self) -> None:
        """Forget the signal: the next sample is the first."""
        self._n_samples, self._done, self._n_front, self._n_back = 0, 0, 0, 0
        self._origin = np.full((self._n_rows, 1), np.nan)  # until the first product
        self._newest = np.zeros((len(self._rows), len(self._rows)))
        self._begun = np.zeros_like(self._newest)

    def push(self, x: np.ndarray) -> np.ndarray:
        """Take samples and give the covariances of the windows that they complete.

        Parameters
        ----------
        x : ndarray, shape (n_channels, n_new)
            Any number of samples, also none.

        Returns
        -------
        C : ndarray, shape (n_windows, n, n)
            Oldest first; n is ``order * n_channels``.

        Raises
        ------
        DataError
            If there are other channels, or a value is not finite. Nothing is taken then.
        """
        x = np.asarray(x, dtype=np.float64)
        if x.ndim != 2 or len(x) != self.n_channels:
            raise DataError(
                f"a chunk of shape {x.shape}, and {self.n_channels} channels × samples expected."
            )
        # Their squared sum tells; where it is beyond the largest float, values are looked at.
        if not isfinite(np.vdot(x, x)) and not np.isfinite(x).all():
            channel, sample = (int(i[0]) for i in np.nonzero(~np.isfinite(x)))
            raise DataError(
                f"channel {channel} is not finite at sample {sample} of the chunk. Interpolate or "
                "leave out what was lost, and reset after a gap."
            )
        made = list(self._through(x))
        if len(made) == 1:
            return made[0][np.newaxis]
        return np.array(made) if made else np.empty((0, self._n_rows, self._n_rows))

    def state_dict(self) -> dict[str, Any]:
        """Give all that is remembered, as numbers and arrays of its own."""
        return {
            "windows": self._windows(),
            "samples": self._samples[:, : self._n_samples].copy(),
            "done": self._done,
            "origin": self._origin.copy(),
            "begun": self._begun.copy(),
            "front": self._front[: self._n_front].copy(),
            "back": self._back[: self._n_back].copy(),
            "newest": self._newest.copy(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another one stood.

        Parameters
        ----------
        state : mapping
            From `state_dict` of one made alike.

        Raises
        ------
        ConfigError
            If it was made with other arguments.
        """
        if tuple(state["windows"]) != self._windows():
            raise ConfigError(
                f"a state of {tuple(state['windows'])}, and this stream is of {self._windows()}. "
                "Make it with the same arguments."
            )
        self._n_samples, self._done = state["samples"].shape[1], int(state["done"])
        self._n_front, self._n_back = len(state["front"]), len(state["back"])
        self._samples[:, : self._n_samples] = state["samples"]
        self._front[: self._n_front] = state["front"]
        self._back[: self._n_back] = state["back"]
        self._origin = state["origin"].copy()
        self._begun, self._newest = state["begun"].copy(), state["newest"].copy()

    def _windows(self) -> tuple[Any, ...]:
        return (
            self.n_channels, self.n_window, self.n_hop, self.estimator,
            self.order, self.lag, self.edge,
        )  # fmt: skip

    def _through(self, x: np.ndarray) -> Iterator[np.ndarray]:
        taken = 0
        while taken < x.shape[1]:
            wanted = self._n_rest if self._done < self._n_rest else self.n_hop
            lacking = wanted + self._ahead - self._n_samples
            new = x[:, taken : taken + lacking]
            self._samples[:, self._n_samples : self._n_samples + new.shape[1]] = new
            self._n_samples += new.shape[1]
            taken += new.shape[1]
            if new.shape[1] < lacking:
                return
            block = self._product(self._done, wanted)
            self._done = wanted
            if wanted < self.n_hop:
                self._begun = block
            elif self._n_blocks:
                self._queue(self._begun + block if self._n_rest else block)
            # Full blocks of the window, and what the newest one began with.
            full = self._n_front + self._n_back == self._n_blocks
            if full and wanted == (self._n_rest or self.n_hop):
                yield estimate(self._total(), self._n_rows, self._n, self.estimator)
            if wanted == self.n_hop:
                self._done = 0
                self._n_samples -= self.n_hop
                if self._n_samples:  # numpy copies what overlaps first
                    later = self._samples[:, self.n_hop : self.n_hop + self._n_samples]
                    self._samples[:, : self._n_samples] = later

    def _product(self, start: int, stop: int) -> np.ndarray:
        """Give the moments of samples `start` to `stop` of the present hop."""
        if self._origin[0, 0] != self._origin[0, 0]:  # no number yet
            mean = self._samples[:, : self._n_samples].mean(axis=1)
            self._origin[:, 0] = np.tile(mean, self.order)
        rows = self._rows[:, start:stop]
        for j in range(self.order):
            at = slice(j * self.n_channels, (j + 1) * self.n_channels)
            begin = start + j * self.lag
            samples = self._samples[:, begin : begin + stop - start]
            np.subtract(samples, self._origin[at], out=rows[at])
        fill_below(rows, self._n_rows)
        return rows @ rows.T

    def _queue(self, block: np.ndarray) -> None:
        """Put a block in, and the oldest out where the window is full."""
        if self._n_front + self._n_back == self._n_blocks:
            if self._n_front == 0:
                block = self._turn(block)
            self._n_front -= 1
        self._back[self._n_back] = block
        if self._n_back:
            self._newest += block
        else:
            self._newest[:] = block
        self._n_back += 1

    def _turn(self, block: np.ndarray) -> np.ndarray:
        """Make the stack of new blocks that of old ones: sums, from the newest down.

        Gives the block that comes next, about the origin of now.
        """
        blocks = self._back[: self._n_back]
        n, count = self._n_rows, self._n_blocks * self.n_hop
        if far_from_origin(self._newest, n, count):
            offset = self._newest[:n, n] / count
            blocks[:], block = moved(blocks, offset), moved(block, offset)
            self._origin[:, 0] += offset
        self._front[0] = blocks[-1]
        for i in range(1, len(blocks)):
            np.add(self._front[i - 1], blocks[-1 - i], out=self._front[i])
        self._n_front, self._n_back = self._n_back, 0
        return block

    def _total(self) -> np.ndarray:
        """Give the moments of the window that is full now."""
        if not self._n_blocks:
            return self._begun
        # A block came in last, so that the stack of new ones holds one at least.
        total = self._newest + self._front[self._n_front - 1] if self._n_front else self._newest
        return total + self._begun if self._n_rest else total
