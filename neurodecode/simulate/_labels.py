"""In which order the labels of a recording come."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from neurodecode.core.errors import ConfigError

Order = Literal["balanced", "independent", "stretches"]
STRETCH = 10  # events; as when a patient reads for a while, then listens


def draw_labels(
    labels: Sequence[str], n_events: int, order: Order, rng: np.random.Generator
) -> np.ndarray:
    """Draw the labels of one recording's events.

    Parameters
    ----------
    labels : sequence of str
    n_events : int
    order : {"balanced", "independent", "stretches"}
        Balanced: each label as often, but for what does not divide, shuffled. Independent: each
        event by itself, so that the events before tell nothing. Stretches: ten events of one
        label after each other, labels taking turns from a drawn start.
    rng : numpy.random.Generator

    Returns
    -------
    labels : ndarray of str, shape (n_events,)

    Raises
    ------
    ConfigError
        If there are fewer than two labels, or two are equal.
    """
    names = np.array(labels)
    if len(names) < 2 or len(set(labels)) < len(names):
        raise ConfigError(f"labels: expected two or more that differ, got {tuple(labels)}.")
    if order == "independent":
        return names[rng.integers(len(names), size=n_events)]
    if order == "stretches":
        first = rng.integers(len(names))
        return names[(first + np.arange(n_events) // STRETCH) % len(names)]
    if order != "balanced":
        raise ConfigError(
            f"order: {order!r} is none of balanced, independent, stretches. Choose one of them."
        )
    codes = np.arange(n_events) % len(names)
    # What does not divide goes to labels that chance chooses, not always to the first.
    return rng.permutation(names)[rng.permutation(codes)]
