"""Principal components of what was shown: pictures, and any vectors that stand for them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import ConfigError

SIDE = 32  # pixels of the side at which larger pictures are looked at


@dataclass(frozen=True, eq=False)
class View:
    """One way to describe stimuli: a mean, and components around it.

    Parameters
    ----------
    mean : ndarray, shape (n,)
    components : ndarray, shape (n_components, n)
    sd : ndarray, shape (n_components,)
        Of each component among stimuli.
    """

    mean: np.ndarray
    components: np.ndarray
    sd: np.ndarray


@dataclass(frozen=True, eq=False)
class Views:
    """Features of stimuli: standardized components of all views, one view after the other."""

    of: Mapping[str, View]

    @staticmethod
    def measured(vectors: Mapping[str, np.ndarray], n_components: Mapping[str, int]) -> "Views":
        """Take the components from a sample.

        Parameters
        ----------
        vectors : mapping of str to ndarray, shape (n_stimuli, n)
            By view.
        n_components : mapping of str to int

        Raises
        ------
        ConfigError
            If more components are asked for than the sample has.
        """
        views = {}
        for name, sample in vectors.items():
            mean = sample.mean(axis=0)
            _, values, components = np.linalg.svd(sample - mean, full_matrices=False)
            n_there = int(np.sum(values > 1e-9 * values[0]))
            if not 0 < n_components[name] <= n_there:
                raise ConfigError(
                    f"n_components: {n_components[name]} of the view {name!r}, which has "
                    f"{n_there}. Give a number from 1 to that."
                )
            kept = slice(n_components[name])
            views[name] = View(mean, components[kept], values[kept] / np.sqrt(len(sample)))
        return Views(views)

    @property
    def n_features(self) -> int:
        """Number of features of all views."""
        return sum(len(view.sd) for view in self.of.values())

    @property
    def spread(self) -> np.ndarray:
        """How much each component varies, as a part of the first of its view; (n_features,)."""
        return np.concatenate([view.sd / view.sd[0] for view in self.of.values()])

    def slice(self, name: str) -> slice:
        """Where a view's features are among all."""
        first = 0
        for other, view in self.of.items():
            if other == name:
                return slice(first, first + len(view.sd))
            first += len(view.sd)
        raise KeyError(name)

    def features(self, vectors: Mapping[str, np.ndarray]) -> np.ndarray:
        """Give features, shape (n_stimuli, n_features), of vectors by view."""
        several = [
            (vectors[name] - view.mean) @ view.components.T / view.sd
            for name, view in self.of.items()
        ]
        return np.hstack(several)

    def vectors(self, name: str, features: np.ndarray) -> np.ndarray:
        """Give the vectors of a view, shape (n_stimuli, n), that have these features."""
        view = self.of[name]
        return view.mean + (features[:, self.slice(name)] * view.sd) @ view.components

    def mixed(self, n_voxels: int, whitened: bool, rng: np.random.Generator) -> np.ndarray:
        """Draw what voxels see that mix all views.

        Parameters
        ----------
        n_voxels : int
        whitened : bool
            Whether all components count alike, or each as much as it varies.
        rng : Generator

        Returns
        -------
        directions : ndarray, shape (n_voxels, n_features)
        """
        drawn = rng.standard_normal((n_voxels, self.n_features))
        return drawn if whitened else drawn * self.spread

    def through_fields(
        self, name: str, shape: tuple[int, ...], n_voxels: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw what voxels see through round receptive fields on pictures.

        Parameters
        ----------
        name : str
            The view of pictures.
        shape : tuple of int
            Of the pictures in that view: height, width, and of coloured ones 3.
        n_voxels : int
        rng : Generator

        Returns
        -------
        directions : ndarray, shape (n_voxels, n_features)
            Gaussians of s.d. .05 to .15 of the picture's side; of colours each weighs its own.
        """
        at = [(np.arange(side) + 0.5) / side for side in shape[:2]]
        centre = rng.uniform(0.1, 0.9, (n_voxels, 2))
        sd = rng.uniform(0.05, 0.15, n_voxels)
        rows, columns = (
            np.exp(-(((at[i][None, :] - centre[:, i, None]) / sd[:, None]) ** 2) / 2)
            for i in range(2)
        )
        fields = rows[:, :, None] * columns[:, None, :]
        if len(shape) == 3:
            fields = fields[..., None] * rng.standard_normal((n_voxels, 1, 1, shape[2]))
        view, directions = self.of[name], np.zeros((n_voxels, self.n_features))
        flat = fields.reshape(n_voxels, view.components.shape[1])
        directions[:, self.slice(name)] = flat @ view.components.T * view.sd
        return directions


def thumbnails(pictures: np.ndarray) -> np.ndarray:
    """Shrink pictures to a side of `SIDE` pixels at most, by means of areas.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (n, size, size) or (n, size, size, 3)

    Returns
    -------
    small : ndarray, shape (n, side, side) or (n, side, side, 3)
        0 to 1.
    """
    size = pictures.shape[1]
    if size <= SIDE:
        return pictures / 255.0
    edges = _edges(size)
    heights = np.diff(np.append(edges, size)).astype(np.float64)
    # uint32: sums of bytes, a quarter of what floats would take of large pictures.
    sums = np.add.reduceat(np.add.reduceat(pictures, edges, 1, np.uint32), edges, 2, np.uint32)
    area = (heights[:, None] * heights)[..., *[None] * (pictures.ndim - 3)]
    return sums / (255.0 * area)


def enlarged(small: np.ndarray, size: int) -> np.ndarray:
    """Bring pictures back to `size`, each pixel of the small ones as an area."""
    if size <= SIDE:
        return small
    counts = np.diff(np.append(_edges(size), size))
    return small.repeat(counts, axis=1).repeat(counts, axis=2)


def _edges(size: int) -> np.ndarray:
    return np.arange(SIDE) * size // SIDE
