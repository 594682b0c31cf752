"""Which label each event of a run has."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

Order = Literal["balanced", "independent"]


def draw_labels(
    rng: np.random.Generator, labels: Sequence[str], n_events: int, order: Order
) -> np.ndarray:
    """Draw labels: each as often as any other, shuffled; or each by itself.

    Returns
    -------
    codes : ndarray of int, shape (n_events,)
        Positions among `labels`. Where they do not go up in the events, chance says which labels
        come once more.
    """
    if order == "independent":
        return rng.integers(len(labels), size=n_events)
    rounds = [rng.permutation(len(labels)) for _ in range(-(-n_events // len(labels)))]
    return rng.permutation(
        np.concatenate([*rounds[:-1], rounds[-1][: n_events % len(labels) or None]])
    )
