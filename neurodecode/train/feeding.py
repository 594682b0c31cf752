"""Batches as a training takes them, and how long it waited for them."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from neurodecode.train.source import Batch, Source

WORTH_A_THREAD = 0.03  # share of the time that is waited for data


class Feed:
    """Batches of a source in a given order, on the device.

    Parameters
    ----------
    source : Source
    device : {"cpu", "cuda"}
    ahead : bool
        Whether the next batch is read by a thread while this one is learnt from. It changes no
        number: what is read depends on the order alone.

    Attributes
    ----------
    waited : float
        Seconds in which who iterates had nothing to do.
    """

    def __init__(self, source: Source, device: str, *, ahead: bool):
        self._source, self.device, self._ahead = source, device, ahead
        self.waited = 0.0

    def batches(self, order: Sequence[np.ndarray]) -> Iterator[Batch]:
        """Give a batch of the trials of each index."""
        if not self._ahead:
            for index in order:
                started = time.perf_counter()
                batch = self._read(index)
                self.waited += time.perf_counter() - started
                yield batch
            return
        with ThreadPoolExecutor(1, "batches") as reader:
            coming = [reader.submit(self._read, index) for index in order[:1]]
            for after in [*order[1:], None]:
                started = time.perf_counter()
                batch = coming.pop().result()
                self.waited += time.perf_counter() - started
                if after is not None:
                    coming.append(reader.submit(self._read, after))
                yield batch

    def _read(self, index: np.ndarray) -> Batch:
        return on(self._source.read(index), self.device)


def on(batch: Batch, device: str) -> Batch:
    """Bring a batch to the device, without waiting until it is there."""
    if device == "cpu":
        return batch
    return {
        name: tensor.pin_memory().to(device, non_blocking=True) for name, tensor in batch.items()
    }
