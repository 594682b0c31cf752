"""How far covariances are from having no inverse, and the space in which they have one."""

from dataclasses import dataclass

import numpy as np

# Of the largest eigenvalue. Average references, interpolation and ICA leave 1e-16 of it in double
# precision, files of single precision 1e-14; a mixing of condition 1e6 takes white data to 1e-12.
TOLERANCE = 1e-13
_ROUNDED = 1e15  # a condition number above it is a quotient of rounding


@dataclass(frozen=True)
class Conditioning:
    """Rank and condition number of a covariance.

    Parameters
    ----------
    rank, n_channels : int
    condition : float or None
        Its largest eigenvalue over its smallest; infinite where that is zero or, by rounding,
        below. None where it is not known.
    """

    rank: int
    n_channels: int
    condition: float | None

    @property
    def deficient(self) -> bool:
        """Whether it has no inverse, but for rounding."""
        return self.rank < self.n_channels

    def __str__(self) -> str:
        said = f"rank {self.rank} for {self.n_channels} channels"
        if self.condition is None:
            return said
        known = f"{self.condition:.0e}" if self.condition < _ROUNDED else f"above {_ROUNDED:.0e}"
        return f"{said} (condition number {known})"


def conditioning(C: np.ndarray, tolerance: float = TOLERANCE) -> list[Conditioning]:
    """Tell the ranks and condition numbers of covariances.

    Parameters
    ----------
    C : ndarray, shape (n_matrices, n_channels, n_channels)
    tolerance : float
        Eigenvalues below `tolerance` times the largest count as zero.

    Returns
    -------
    found : list of Conditioning
    """
    values = np.linalg.eigvalsh(C)
    smallest, largest = values[:, 0], values[:, -1]
    ranks = np.count_nonzero(values > tolerance * largest[:, np.newaxis], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        conditions = np.where(smallest > 0, largest / smallest, np.inf)
    n_channels = C.shape[-1]
    return [
        Conditioning(int(r), n_channels, float(c)) for r, c in zip(ranks, conditions, strict=True)
    ]


def column_space(S: np.ndarray, tolerance: float = TOLERANCE) -> np.ndarray:
    """Give an orthonormal basis of the directions in which channels vary.

    What counts is the share of each channel's own variance, so that volts and teslas may stand
    side by side.

    Parameters
    ----------
    S : ndarray, shape (n_channels, n_channels)
        A covariance that nothing has shrunk.
    tolerance : float
        Eigenvalues of the correlations below `tolerance` times the largest count as zero.

    Returns
    -------
    basis : ndarray, shape (n_channels, rank)
        Orthonormal columns; of full rank, the identity.
    """
    n_channels = len(S)
    variance = np.diagonal(S)
    alive = variance > 0
    scale = np.sqrt(variance[alive])
    values, vectors = np.linalg.eigh(S[np.ix_(alive, alive)] / np.outer(scale, scale))
    varies = values > tolerance * values.max(initial=0)
    if alive.all() and varies.all():
        return np.eye(n_channels)
    basis = np.zeros((n_channels, np.count_nonzero(varies)))
    spanning = vectors[:, varies] * scale[:, np.newaxis]
    basis[alive] = np.linalg.svd(spanning, full_matrices=False)[0]
    return basis
