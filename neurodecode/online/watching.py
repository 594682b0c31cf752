"""Stop a stream whose values are none: not finite, or a channel that stands still."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.recording import Signal
from neurodecode.signal.channels import Drop, Pick, find_channels
from neurodecode.signal.interpolate import Interpolate

SHOWN = 8


def judged_channels(preparations: Sequence[Any], header: Signal) -> np.ndarray:
    """Positions of the channels that are used as they come.

    Those that the first preparations leave out, or make of their neighbours, may hold anything.
    """
    index, here = np.arange(len(header.space)), header
    replaced: set[str] = set()
    for preparation in preparations:
        if isinstance(preparation, Interpolate):
            replaced |= set(preparation.channels)
        elif isinstance(preparation, Pick):
            index = index[find_channels(here.space, preparation.channels, "pick")]
        elif isinstance(preparation, Drop):
            gone = find_channels(here.space, preparation.channels, "drop")
            index = np.delete(index, gone)
        else:
            break
        if isinstance(preparation, Interpolate) and preparation.positions:
            break  # channels that were never recorded have no position among these
        here = preparation.preview(here)
    names = header.space.names
    return np.array([i for i in index if not names or names[i] not in replaced], dtype=np.intp)


class Watching:
    """Judge the samples of a stream as they come.

    Parameters
    ----------
    names : sequence of str
        Of all channels.
    judged : ndarray of int
        Positions of those that are used.
    longest : int
        Samples that a channel may stand still: fewer than these.
    sfreq : float
        Hz.
    """

    def __init__(self, names: Sequence[str], judged: np.ndarray, longest: int, sfreq: float):
        self._names, self._judged = names, judged
        self._longest, self._sfreq = max(longest, 2), sfreq
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self._last = np.full(len(self._judged), np.nan)  # equal to nothing
        self._still = np.zeros(len(self._judged), dtype=np.int64)  # samples of the same value

    def finite(self, chunk: np.ndarray) -> None:
        """Hold a chunk to finite numbers.

        Raises
        ------
        DataError
            With the channels that hold others.
        """
        n_bad = (~np.isfinite(chunk[self._judged])).sum(axis=1)
        if n_bad.any():
            bad = [f"{self._name(i)} ({n_bad[i]} of {chunk.shape[1]})" for i in n_bad.nonzero()[0]]
            raise DataError(
                f"push: values that are not finite (NaN or infinite) in {_listed(bad)}. Nothing of "
                "this chunk was used. Leave the channel out of the experiment by drop and train "
                "again, or reset() the decoder and go on when the channel is back."
            )

    def moving(self, chunk: np.ndarray, first: int) -> None:
        """Hold channels to moving within a window; `first` is the number of the first sample.

        Raises
        ------
        DataError
            With the channels that stand still.
        """
        if chunk.shape[1] == 0:
            return
        values = chunk[self._judged]
        same = np.diff(values, axis=1, prepend=self._last[:, None]) == 0
        at = np.arange(values.shape[1])
        # Position of the latest sample that was another than the one before it.
        moved = np.maximum.accumulate(np.where(same, -self._still[:, None], at), axis=1)
        still = at - moved + 1
        flat = (still >= self._longest).any(axis=1)
        if flat.any():
            names = _listed([self._name(i) for i in flat.nonzero()[0]])
            when = first + int((still >= self._longest).any(axis=0).argmax())
            raise DataError(
                f"push: {names} flat, of one value over the {self._longest} samples "
                f"({self._longest / self._sfreq:g} s) of a window up to sample {when}. Look at the "
                "electrode; then reset() the decoder and go on, or leave the channel out of the "
                "experiment by drop and train again."
            )
        self._last, self._still = values[:, -1].copy(), still[:, -1].copy()

    def state_dict(self) -> dict[str, Any]:
        """Give a copy of what is remembered."""
        return {"last": self._last.copy(), "still": self._still.copy()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self._last, self._still = np.array(state["last"]), np.array(state["still"])

    def _name(self, i: int) -> str:
        channel = int(self._judged[i])
        return self._names[channel] if self._names else f"channel {channel}"


def _listed(names: list[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
