"""What the links of a chain from brains to pictures promise, so that each can be replaced.

Pictures are float32, shape (n, height, width, channels) with one channel or three, from 0 to 1.
A condition is what a generator is told of each picture: a vector, shape (n, n_features), or tokens,
shape (n, n_tokens, n_features).
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, Self

import numpy as np

Conditions = Mapping[str, np.ndarray]


class Codec(Protocol):
    """Pictures to a low-level latent and back."""

    def fit(self, pictures: np.ndarray) -> Self:
        """Learn from training pictures, each once; a codec with weights of its own checks them."""
        ...

    def encode(self, pictures: np.ndarray) -> np.ndarray:
        """Give latents, float32, shape (n, …)."""
        ...

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """Give pictures of the size that it was fitted on."""
        ...


class Generator(Protocol):
    """Conditions, and a picture to start from where there is one, to pictures.

    What it draws for a picture depends on that picture's seed alone: the other pictures that come
    with it change nothing.
    """

    def fit(self, pictures: np.ndarray, conditions: Conditions) -> Self:
        """Learn from training pictures, each once, or hold weights of its own to their sizes."""
        ...

    def generate(
        self,
        conditions: Conditions,
        seeds: Sequence[int],
        init: np.ndarray | None = None,
    ) -> np.ndarray:
        """Give a picture for each row of the conditions, of the size that it was fitted on.

        Parameters
        ----------
        conditions : mapping of str to ndarray
            By the names that it was fitted on.
        seeds : sequence of int
            One a picture.
        init : ndarray, shape (n, height, width, channels), optional
            Pictures to start from; how far they are forgotten is the generator's ``strength``.
        """
        ...
