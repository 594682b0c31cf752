"""People at rest: what they have in common, and what moves their covariance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import ConfigError


@dataclass(frozen=True)
class Site:
    """Where people were scanned.

    Parameters
    ----------
    share : float
        Of all people, relative to the other sites' shares.
    prevalence : float
        Probability of the diagnosis among them, 0 to 1.
    n_times : int
        Volumes of a recording.
    t_r : float
        Seconds.
    """

    share: float = 1.0
    prevalence: float = 0.5
    n_times: int = 195
    t_r: float = 2.0

    def __post_init__(self):
        if not (self.share > 0 and self.t_r > 0 and self.n_times > 1):
            raise ConfigError("share and t_r must be above zero, n_times above 1.")
        if not 0 <= self.prevalence <= 1:
            raise ConfigError(f"prevalence: {self.prevalence} is no probability, 0 to 1.")


@dataclass(frozen=True)
class Person:
    """Who somebody is.

    Parameters
    ----------
    site_name : str
    site : Site
    ill : bool
        Whether they have the diagnosis.
    age, motion : float
        Age, and the logarithm of motion, in s.d. from the mean of people without it.
    female : bool
    """

    site_name: str
    site: Site
    ill: bool
    age: float
    female: bool
    motion: float


@dataclass(frozen=True, eq=False)
class Common:
    """What people have in common.

    Parameters
    ----------
    root, whitener : ndarray, shape (n_regions, n_regions)
        Symmetric square root of the covariance, and its inverse.
    directions : mapping of str to ndarray, shape (n_regions, n_regions)
        Symmetric, of Frobenius norm 1, orthogonal to each other.
    edges : ndarray of int, shape (n_edges, 2)
        In which the diagnosis shows.
    """

    root: np.ndarray
    whitener: np.ndarray
    directions: Mapping[str, np.ndarray]
    edges: np.ndarray


def draw_common(rng: np.random.Generator, n: int, n_edges: int, sites: Sequence[str]) -> Common:
    """Draw a few networks that regions take part in, and directions in which people differ."""
    n_networks = max(2, n // 8)
    loadings = np.where(rng.random((n, n_networks)) < 0.3, rng.normal(0, 0.8, (n, n_networks)), 0)
    covariance = loadings @ loadings.T + np.eye(n)
    scale = np.sqrt(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    root = (vectors * np.sqrt(values)) @ vectors.T
    whitener = (vectors / np.sqrt(values)) @ vectors.T
    edges = np.sort(rng.permutation(n)[: 2 * n_edges].reshape(-1, 2), axis=1)
    planted = np.zeros((n, n))
    sign = rng.choice([-1.0, 1.0], size=n_edges)
    planted[edges[:, 0], edges[:, 1]] = planted[edges[:, 1], edges[:, 0]] = sign
    directions = {"label": whitener @ planted @ whitener}
    for name in ("age", "age squared", "sex", "motion", *(f"site {one}" for one in sites)):
        drawn = rng.standard_normal((n, n))
        directions[name] = drawn + drawn.T
    orthogonal: dict[str, np.ndarray] = {}
    for name, one in directions.items():
        for other in orthogonal.values():  # an effect is no other's, to first order
            one = one - np.sum(one * other) * other
        orthogonal[name] = one / np.linalg.norm(one)
    return Common(root, whitener, orthogonal, edges)
