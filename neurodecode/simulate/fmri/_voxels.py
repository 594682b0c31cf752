"""Where a person's voxels are."""

from collections.abc import Mapping, Sequence

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.space import Space

_APART = 8.0  # mm, s.d. of how people lie in the scanner


def voxel_space(
    rng: np.random.Generator, n: int, shape: Sequence[int], voxel_size: float, where: str
) -> Space:
    """Choose the voxels nearest to a place near the middle of an image; no two people share them.

    Parameters
    ----------
    rng : Generator
        Of the person.
    n : int
        Voxels.
    shape : sequence of int
        Voxels of the image along its three axes.
    voxel_size : float
        Millimetres.
    where : str
        Who and what, for messages.

    Returns
    -------
    space : Space
        Voxels in the order of ``numpy.argwhere(mask)``, with an affine of the person's own.

    Raises
    ------
    ConfigError
        If the image has not as many voxels.
    """
    if len(shape) != 3 or not 0 < n <= np.prod(shape):
        raise ConfigError(
            f"{where}: {n} voxels in an image of shape {tuple(shape)}. Give a shape of three axes "
            "that holds them, as in shape: [16, 16, 10]."
        )
    every = np.indices(shape).reshape(3, -1).T
    middle = (np.array(shape) - 1) / 2 + rng.normal(0, 0.5, 3)
    nearest = np.argsort(np.linalg.norm(every - middle, axis=1), kind="stable")[:n]
    affine = np.diag([voxel_size, voxel_size, voxel_size, 1.0])
    affine[:3, 3] = -voxel_size * (np.array(shape) - 1) / 2 + rng.normal(0, _APART, 3)
    return Space("voxels", affine=affine, shape=tuple(shape), ijk=every[np.sort(nearest)])


def positions(space: Space) -> np.ndarray | None:
    """Places of voxels in millimetres, shape (n_voxels, 3); None of what is no image."""
    if space.ijk is None or space.affine is None:
        return None
    return space.ijk @ space.affine[:3, :3].T + space.affine[:3, 3]


def n_voxels_of(n_voxels: int | Mapping[str, int], subject: str) -> int:
    """Give how many voxels a person has, where that is one number or one for each."""
    return n_voxels[subject] if isinstance(n_voxels, Mapping) else n_voxels


def check_n_voxels(n_voxels: int | Mapping[str, int], subjects: Sequence[str]) -> None:
    """Raise a ConfigError if a person has no number of voxels."""
    absent = [one for one in subjects if isinstance(n_voxels, Mapping) and one not in n_voxels]
    if absent:
        raise ConfigError(f"n_voxels: subject {absent[0]!r} has none. Give one for each.")
