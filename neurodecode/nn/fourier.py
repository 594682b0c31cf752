"""Positions as sums of waves: what lets a linear map be any smooth function of a place."""

import math

import torch

from neurodecode.core.errors import ConfigError

MARGIN = 0.2  # around the unit square, so that its opposite edges are not taken for one
PERIOD = 1 + 2 * MARGIN


def n_frequencies(n_features: int) -> int:
    """Frequencies an axis in a code of so many features: half of them is a square.

    Raises
    ------
    ConfigError
        If half of the features is not the square of a whole number.
    """
    n = math.isqrt(n_features // 2)
    if n < 1 or 2 * n * n != n_features:
        raise ConfigError(
            f"a Fourier code of {n_features} features does not exist: half of them is a square. "
            f"Give {2 * max(n, 1) ** 2} or {2 * (n + 1) ** 2}."
        )
    return n


def fourier_code(positions: torch.Tensor, n_features: int) -> torch.Tensor:
    """Give the waves of all pairs of frequencies at each position.

    Parameters
    ----------
    positions : Tensor, shape (..., 2)
        In the unit square; see `neurodecode.nn.positions.unit_square`.
    n_features : int
        2 n² for the frequencies 0 to n - 1 of either axis.

    Returns
    -------
    code : Tensor, shape (..., n_features)
        The cosines of ``2 pi (k x + l y) / 1.4``, then their sines; the norm is the same
        everywhere, ``sqrt(n_features / 2)``. At least single precision.

    References
    ----------
    Défossez et al. 2023, doi 10.1038/s42256-023-00714-5, "spatial attention".
    """
    n = n_frequencies(n_features)
    # In half precision the phases of the highest frequencies, some hundred radians, are noise.
    dtype = torch.promote_types(positions.dtype, torch.float32)
    waves = torch.arange(n, device=positions.device, dtype=dtype) * (2 * math.pi / PERIOD)
    shifted = positions.to(dtype) + MARGIN
    along_x = shifted[..., 0, None, None] * waves[:, None]  # (..., n, 1)
    along_y = shifted[..., 1, None, None] * waves  # (..., 1, n)
    phase = (along_x + along_y).flatten(-2)  # (..., n²)
    return torch.cat([phase.cos(), phase.sin()], dim=-1)
