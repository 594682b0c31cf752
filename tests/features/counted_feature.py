"""A feature and stimuli of the tests' own: what is read, opened and extracted is counted."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.stimuli import Stimuli
from neurodecode.features._contract import Feature

SEEN = Counter()


@dataclass(frozen=True)
class Means(Feature):
    """Mean and twice the mean of a picture, times a factor."""

    version: ClassVar[int] = 1
    batch_size: ClassVar[int] = 4

    factor: float = 1.0

    def open(self, device="auto"):
        SEEN["opened"] += 1

        def extract(pictures):
            SEEN["extracted"] += len(pictures)
            means = np.array([one.mean() for one in pictures], dtype=np.float32)
            return self.factor * np.stack([means, 2 * means], axis=1)

        return extract


def flat_pictures(n=10, values=None, read=None):
    """Stimuli ``p0`` … of one grey value each."""
    values = np.arange(n) if values is None else values

    def make(stimulus):
        SEEN["read"] += 1
        return np.full((2, 3), values[int(stimulus[1:])], dtype=np.uint8)

    ids = pd.Index([f"p{i}" for i in range(len(values))], name="stimulus")
    made_from = [np.asarray(values).tolist()]
    return Stimuli(pd.DataFrame(index=ids), read or make, made_from=lambda _: str(made_from))
