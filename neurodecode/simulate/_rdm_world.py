"""A world of regions: layers of a random network, seen by people through channels of their own.

Regions that follow each other have alike geometries, so telling them apart is hard in noise; people
share the geometries and nothing else.
"""

from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import ConfigError


@dataclass(frozen=True)
class RdmWorld:
    """Patterns of subjects, regions and stimuli.

    Parameters
    ----------
    n_subjects, n_regions, n_stimuli, n_channels : int
    n_units : int
        Of each layer.
    noise : float
        S.d. of what a channel adds to each stimulus, in that of what stimuli evoke in it.
    gain : float
        Of the weights between layers, in 1 / sqrt(n_units): the larger, the more a layer bends what
        it is handed.
    seed : int
    """

    n_subjects: int = 10
    n_regions: int = 6
    n_stimuli: int = 40
    n_channels: int = 60
    n_units: int = 100
    noise: float = 1.0
    gain: float = 1.5
    seed: int = 0

    def __post_init__(self):
        sizes = (self.n_subjects, self.n_regions, self.n_stimuli, self.n_channels, self.n_units)
        if min(sizes) < 1 or self.n_stimuli < 3 or self.noise < 0:
            raise ConfigError(
                "RdmWorld: sizes are 1 or more, stimuli 3 or more, noise not below 0."
            )

    def layers(self) -> np.ndarray:
        """Give what regions share over people, shape (n_regions, n_stimuli, n_units)."""
        rng = np.random.default_rng(self.seed)
        now = rng.normal(size=(self.n_stimuli, self.n_units))
        found = []
        for _ in range(self.n_regions):
            weights = rng.normal(size=(self.n_units, self.n_units)) * self.gain
            now = np.tanh(now @ weights / np.sqrt(self.n_units))
            found.append(now)
        return np.stack(found)

    def patterns(self, n_runs: int = 1) -> np.ndarray:
        """Give what is measured, shape (n_runs, n_subjects, n_regions, n_stimuli, n_channels)."""
        layers = self.layers()
        rng = np.random.default_rng([self.seed, 1])
        shape = (self.n_subjects, self.n_regions, self.n_units, self.n_channels)
        seen = layers @ (rng.normal(size=shape) / np.sqrt(self.n_units))
        seen /= seen.std(axis=-2, keepdims=True)
        return seen + self.noise * rng.normal(size=(n_runs, *seen.shape))
